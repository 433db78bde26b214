/** How the generator makes a statement of each kind: operands that go together, moved where they have to be, and values that are tame. */
import { type ChannelsType, type ComplexType, type MatrixType, type RealType, type ScalarType, type SpinType, type ValueType, type VectorType, allOps, spinOf } from "../../src/autograd/index.ts";
import { divide as quotient, identity, norm } from "../../src/compiler/interpret/matrix.ts";
import { argumentOfDeterminant, polarPart } from "../../src/compiler/interpret/functions.ts";
import type { Builder, Value } from "./builder.ts";

export interface Kind {
  /** Ops of the list that it puts into a program. */
  readonly covers: readonly string[];
  readonly weight: number;
  /** Adds statements; nothing where no operands fit. */
  readonly grow: (b: Builder) => unknown;
}

const real = (b: Builder): Value<RealType> | undefined => b.kind<RealType>("real");
const realOrScalar = (b: Builder): Value<RealType | ScalarType> | undefined => b.kind<RealType | ScalarType>("real", "scalar", "real");
const parity = (b: Builder): "even" | "odd" => b.choose(["even", "odd"] as const);

/** Functions of one number, from the op's own samples, and where they are smooth. */
const functionNames = [...new Set(allOps.find((op) => op.name === "unary")!.samples(undefined as never, 1).flatMap((s) => /^(\w+) of a (?:real|scalar)$/.exec(s.label)?.[1] ?? []))];
const smooth: Readonly<Record<string, (x: number) => boolean>> = {
  logarithm: (x) => x > 0.2,
  sqrt: (x) => x > 0.2,
  reciprocal: (x) => Math.abs(x) > 0.3,
  tan: (x) => Math.abs(x) < 1.1,
  exponential: (x) => x < 3,
  log1p: (x) => x > -0.7,
  relu: (x) => Math.abs(x) > 1e-3,
  abs: (x) => Math.abs(x) > 1e-3,
  sign: (x) => Math.abs(x) > 1e-3,
  step: (x) => Math.abs(x) > 1e-3,
};

/** A number to add to x so that f is smooth there, as a parameter. */
function offset(b: Builder, x: Value, good: (x: number) => boolean): { plus?: string } | undefined {
  const at = b.living(x).map((v) => v[0]!);
  const [low, high] = [Math.min(...at), Math.max(...at)];
  const tries = [undefined, b.real(-1, 1), b.real(-1, 1), (0.37 - low + 0.4 * b.int(0, 9) / 10).toPrecision(4), (-high - 0.41).toPrecision(4)];
  for (const plus of tries) if (at.every((v) => good(v + Number(plus ?? 0)))) return plus === undefined ? {} : { plus };
  return undefined;
}

function unary(b: Builder): unknown {
  const x = realOrScalar(b);
  if (!x) return undefined;
  const f = b.choose(functionNames);
  const params = offset(b, x, smooth[f] ?? (() => true));
  return params && b.emit("unary", [x], { f, ...params });
}

function combine(b: Builder): unknown {
  const x = b.choose(b.values);
  const terms: Value[] = [x];
  for (let k = b.int(0, 3); k > 0; k--) {
    const y = b.maybe(15) ? x : b.aligned(b.like(x.type), x.type);
    if (y) terms.push(y);
  }
  return b.emit("combine", terms, { c: terms.map(() => b.choose(["1", "1", "-1", "0.5", "-0.7", "1.3"])).join(",") });
}

function multiply(b: Builder): unknown {
  const x = b.kind<MatrixType>("matrix");
  const y = b.kind<MatrixType>("matrix");
  const z = x && y && b.startingAt(y, x.type.end);
  return z && b.emit("mul", [x, z]);
}

function multiplyVector(b: Builder): unknown {
  const x = b.kind<MatrixType>("matrix");
  const v = b.kind<VectorType>("vector");
  if (!x || !v) return undefined;
  const d = b.lattice.wrap(x.type.end.map((s, mu) => s - v.type.at[mu]!));
  const w = d.some((s) => s !== 0) ? b.emit("shift", [v], { d: d.join(",") }) : v;
  return w && b.emit("mul", [x, w]);
}

function scale(b: Builder): unknown {
  const x = b.choose(b.values);
  if (x.type.kind === "scalar") {
    const s = b.kind("scalar");
    return s && b.emit("scale", [s, x]);
  }
  const s = x.type.kind === "real" || x.type.kind === "spin" || x.type.kind === "channels" ? b.kind("real", "scalar") : b.kind("real", "scalar", "complex");
  return s && b.emit("scale", [s, x]);
}

function inner(op: "dot" | "cdot") {
  return (b: Builder): unknown => {
    const x = op === "dot" ? b.choose(b.values) : b.kind("matrix", "vector", "complex");
    const y = x && b.aligned(b.like(x.type), x.type);
    return y && b.emit(op, b.maybe(50) ? [x, y] : [y, x]);
  };
}

function outer(b: Builder): unknown {
  const v = b.kind<VectorType>("vector");
  const w = v && b.pick<VectorType>(({ type: t }) => t.kind === "vector" && spinOf(t) === spinOf(v.type) && t.boundary.join() === v.type.boundary.join());
  return w && b.emit("outer", [v, w]);
}

function normalise(b: Builder): unknown {
  const s = b.kind<SpinType>("spin");
  return s && b.living(s).every((x) => Math.hypot(...x) > 0.3) && b.emit("normalise", [s]);
}

/** Two numbers of one kind at every site. */
function pair(b: Builder, good: (x: number, y: number) => boolean): [Value, Value] | undefined {
  const x = realOrScalar(b);
  const y = x && b.aligned(b.like(x.type), x.type);
  if (!x || !y) return undefined;
  const both = x.type.kind === "scalar" || (x.type as RealType).domain === "all" || (y.type as RealType).domain === (x.type as RealType).domain;
  return both && b.living(x).every((v, k) => good(v[0]!, b.living(y)[k]![0]!)) ? [x, y] : undefined;
}

const extreme = (op: "max" | "min") => (b: Builder): unknown => {
  const xy = pair(b, (x, y) => Math.abs(x - y) > 1e-3);
  return xy && b.emit(op, xy);
};

/** Is a point away from the origin and from the cut of its angle? */
const angle = (y: number, x: number): boolean => Math.hypot(x, y) > 0.3 && (x > 0 || Math.abs(y) > 0.05);

function power(b: Builder): unknown {
  const x = realOrScalar(b);
  const p = b.choose(["0", "1", "2", "3", "5", "-1", "-3", "0.5", "1.5", "-0.3"]);
  const params = x && offset(b, x, (v) => (/^\d+$/.test(p) || (Math.abs(v) > 0.4 && (v > 0 || /^-\d+$/.test(p)))));
  return params && b.emit("pow", [x!], { p, ...params });
}

function ofComplex(b: Builder): unknown {
  const z = b.kind<ComplexType>("complex");
  const f = b.choose(["log", "exponential", "reciprocal"]);
  return z && b.living(z).every((v) => (f === "exponential" ? v[0]! < 3 : angle(v[1]!, v[0]!))) && b.emit("ofComplex", [z], { f });
}

/** The matrix at every site where it lives. */
const sites = (b: Builder, m: Value<MatrixType>) => b.living(m).map((z) => ({ rows: m.type.N, columns: m.type.N, z }));

/** Largest |M| |M^-1| over the sites. */
function condition(b: Builder, m: Value<MatrixType>): number {
  return Math.max(...sites(b, m).map((x) => norm(x) * norm(quotient(x, identity(x.rows)).quotient)));
}

function exponential(b: Builder): unknown {
  const m = b.closed();
  const a = m && (b.maybe(70) && !m.type.algebra ? b.emit<MatrixType>("ta", [m]) : m);
  if (!a || sites(b, a).some((x) => norm(x) > 4)) return undefined;
  const directions: Value[] = [];
  for (let k = b.choose([0, 0, 0, 1, 2]); k > 0; k--) {
    const x = b.aligned(b.like(a.type), a.type);
    if (x) directions.push(x);
  }
  return b.emit("exp", [a, ...directions]);
}

const polar = (op: string) => (b: Builder): unknown => {
  const m = b.kind<MatrixType>("matrix");
  if (!m || !(condition(b, m) < 40)) return undefined;
  // the argument of the determinant jumps at pi
  if (op !== "polar" && sites(b, m).some((x) => Math.abs(argumentOfDeterminant(polarPart(x))) > 2.9)) return undefined;
  return b.emit(op, [m]);
};

const invertible = (op: string) => (b: Builder): unknown => {
  const m = b.kind<MatrixType>("matrix");
  return m && condition(b, m) < 40 && b.emit(op, [m]);
};

function lyap(b: Builder): unknown {
  const h = b.closed();
  const c = h && b.aligned(b.like(h.type), h.type);
  return c && b.emit("lyap", [h, c]);
}

function join(b: Builder): unknown {
  if (!b.lattice.bipartite) return undefined;
  const full = b.maybe(60);
  const one = b.pick((v) => v.type.kind !== "scalar" && (full ? v.type.domain === "all" : v.type.domain !== "all"));
  if (!one || one.type.kind === "scalar") return undefined;
  const e = one.type.domain === "all" ? b.emit("restrict", [one], { domain: "even" }) : one;
  if (!e) return undefined;
  const there = { ...e.type, domain: (e.type as RealType).domain === "even" ? "odd" : "even" } as ValueType;
  // p on even sites joined with another value of its kind on odd ones, often with p itself changed there
  const o = b.aligned(b.maybe(40) && one.type.domain === "all" ? one : b.like(there), there);
  const changed = o && b.maybe(40) ? b.emit("scaleBy", [o], { c: "0.5" }) : o;
  return changed && b.emit("merge", (e.type as RealType).domain === "even" ? [e, changed] : [changed, e]);
}

/** A chain of linear steps that starts at v's site; the operator of a solve is c + w B^+ B. */
function chain(b: Builder, at: readonly number[], v: VectorType, args: Value[], depth: number): string {
  const steps: string[] = [];
  let here = at;
  let matrices = 0;
  for (let k = b.int(1, 3); k > 0; k--) {
    const kind = b.choose(["mul", "mul", "shift", "scale", "spin", "half", "solve"]);
    if (kind === "mul" && matrices < 2) {
      const m = b.kind<MatrixType>("matrix");
      const back = b.maybe(30);
      const placed = m && m.type.domain === "all" ? moved(b, m, here, back) : undefined;
      if (!placed) continue;
      matrices++;
      steps.push(`${back ? "adj" : "mul"}:${args.push(placed)}`);
      here = back ? placed.type.end : placed.type.start;
    } else if (kind === "shift") {
      const d = b.displacement();
      steps.push(`shift:${d}`);
      here = b.lattice.wrap(here.map((x, mu) => x + Number(d.split(",")[mu])));
    } else if (kind === "scale") {
      const s = b.pick((x) => x.type.kind === "scalar" || ((x.type.kind === "real" || x.type.kind === "complex") && x.type.domain === "all"));
      if (s && s.data.every((x) => Math.abs(x) < 3)) steps.push(`scale:${args.push(s)}`);
    } else if (kind === "spin") steps.push(`spin:${b.int(1, 9)}`);
    else if (kind === "half" && v.domain === "all" && b.lattice.bipartite) steps.push(`half:${parity(b)}`);
    else if (kind === "solve" && depth > 0 && b.lattice.volume * b.N <= 24) steps.push(`solve:${b.real(1, 2)}[${chain(b, here, v, args, depth - 1)}]`);
  }
  return steps.length > 0 ? steps.join("/") : `shift:${b.displacement()}`;
}

/** A matrix moved so that it, or its adjoint, ends where a vector sits. */
function moved(b: Builder, m: Value<MatrixType>, at: readonly number[], back: boolean): Value<MatrixType> | undefined {
  const end = back ? m.type.start : m.type.end;
  const d = b.lattice.wrap(at.map((x, mu) => x - end[mu]!));
  return d.every((s) => s === 0) ? m : b.emit<MatrixType>("shift", [m], { d: d.join(",") });
}

function solve(b: Builder): unknown {
  const v = b.pick<VectorType>((x) => x.type.kind === "vector" && x.data.length <= 400);
  if (!v) return undefined;
  const args: Value[] = [];
  const steps = chain(b, v.type.at, v.type, args, 1);
  const shifts = b.choose([["0"], ["0"], ["0.4"], ["0.3", "0"], ["2", "0.7", "1.1"]]);
  return b.emit("solve", [v, ...args], { steps, c: b.real(1, 2), w: "0.3", shift: shifts.join(",") });
}

/** ln of the determinant of an operator of the kind that solves have, or of the overlap operator that has it as its kernel. */
const determinant = (op: "logDet" | "overlapLogDet") => (b: Builder): unknown => {
  const v = b.pick<VectorType>((x) => x.type.kind === "vector" && x.data.length <= 48);
  const m = op === "logDet" ? undefined : b.kind<ScalarType>("scalar");
  if (!v || b.lattice.batch > 1 || (op === "overlapLogDet" && !(m && Math.abs(m.data[0]!) < 0.8))) return undefined;
  const args: Value[] = [];
  const steps = chain(b, v.type.at, v.type, args, 0);
  return b.emit(op, [v, ...args, ...(m ? [m] : [])], { steps, c: b.real(1, 2), w: "0.3", ...(m && { Ls: String(b.int(2, 4)), minus: b.choose(["no", "yes"]) }) });
};

/** ln det of an update exp(ta(C W U^+)) U, |M| < 1. */
function update(b: Builder): unknown {
  const m = b.closed();
  const size = m && Math.max(...sites(b, m).map(norm));
  return size !== undefined && size > 0 && b.emit("updateLogDet", [m!], { f: (0.6 / Math.max(1, size)).toPrecision(3) });
}

/** The same expression once more, on its own name or as it was. */
function again(b: Builder): unknown {
  if (b.statements.length === 0) return undefined;
  const s = b.choose(b.statements);
  const args = s.args.map((name) => b.values.find((v) => v.name === name)!);
  return b.emit(s.op, args, s.params);
}

/** Re tr of the way round a square. */
function plaquette(b: Builder): unknown {
  const links = b.values.filter((v): v is Value<MatrixType> => /^i\d+\.\d+$/.test(v.name) && !(v.type as MatrixType).algebra);
  if (links.length < 2) return undefined;
  const [u, v] = [b.choose(links), b.choose(links)];
  const [right, up] = [b.startingAt(v, u.type.end), b.startingAt(u, v.type.end)];
  const there = right && b.emit<MatrixType>("mul", [u, right]);
  const other = up && b.emit<MatrixType>("mul", [v, up]);
  const back = there && other && b.emit("adj", [other]);
  const round = back && b.emit("mul", [there, back]);
  return round && b.emit(b.choose(["reTrace", "trace", "ta"]), [round]);
}

const on = (op: string, operand: (b: Builder) => Value | undefined, params: (b: Builder) => Record<string, string> = () => ({})) => (b: Builder): unknown => {
  const x = operand(b);
  return x && b.emit(op, [x], params(b));
};
const field = (b: Builder): Value | undefined => b.pick((v) => v.type.kind !== "scalar");
const complexValue = (b: Builder): Value<ComplexType> | undefined => b.kind<ComplexType>("complex");

export const kinds: Readonly<Record<string, Kind>> = {
  combine: { covers: ["combine"], weight: 4, grow: combine },
  multiply: { covers: ["mul"], weight: 3, grow: multiply },
  multiplyVector: { covers: ["mulVector"], weight: 3, grow: multiplyVector },
  adjoint: { covers: ["adj"], weight: 2, grow: on("adj", (b) => b.kind("matrix", "complex")) },
  shift: { covers: ["shift"], weight: 3, grow: on("shift", field, (b) => ({ d: b.displacement() })) },
  scale: { covers: ["scale"], weight: 3, grow: scale },
  scaleBy: { covers: ["combine"], weight: 1, grow: on("scaleBy", (b) => b.choose(b.values), (b) => ({ c: b.choose(["-1", "0.5", "-0.3", "0"]) })) },
  dot: { covers: ["dot"], weight: 3, grow: inner("dot") },
  cdot: { covers: ["cdot"], weight: 2, grow: inner("cdot") },
  outer: { covers: ["outer"], weight: 2, grow: outer },
  normalise: { covers: ["normalise"], weight: 2, grow: normalise },
  trace: { covers: ["trace"], weight: 2, grow: on("trace", (b) => b.closed()) },
  reTrace: { covers: ["reTrace"], weight: 2, grow: on("reTrace", (b) => b.closed()) },
  plaquette: { covers: ["mul", "adj", "shift"], weight: 2, grow: plaquette },
  ta: { covers: ["ta"], weight: 2, grow: on("ta", (b) => b.closed()) },
  exp: { covers: ["exp"], weight: 3, grow: exponential },
  polar: { covers: ["polar"], weight: 1, grow: polar("polar") },
  projectSU: { covers: ["polar", "argDet"], weight: 1, grow: polar("projectSU") },
  argDet: { covers: ["argDet"], weight: 1, grow: polar("argDet") },
  lyap: { covers: ["lyap"], weight: 1, grow: lyap },
  unary: { covers: ["unary"], weight: 4, grow: unary },
  max: { covers: ["max"], weight: 1, grow: extreme("max") },
  min: { covers: ["max"], weight: 1, grow: extreme("min") },
  atan2: {
    covers: ["atan2"],
    weight: 1,
    grow: (b) => {
      const yx = pair(b, angle);
      return yx && b.emit("atan2", yx);
    },
  },
  pow: { covers: ["unary", "scale"], weight: 1, grow: power },
  ofComplex: { covers: ["atan2", "unary"], weight: 1, grow: ofComplex },
  inverse: { covers: ["inverse"], weight: 1, grow: invertible("inverse") },
  det: { covers: ["det"], weight: 1, grow: invertible("det") },
  matrix: { covers: ["matrix"], weight: 1, grow: (b) => b.emit("matrix", [b.values[0]!], { N: String(b.N), at: b.displacement(), salt: String(b.int(1, 99)) }) },
  divide: {
    covers: ["unary", "scale"],
    weight: 1,
    grow: (b) => {
      const y = real(b);
      const params = y && offset(b, y, smooth["reciprocal"]!);
      const x = params && b.aligned(b.like(y!.type), y!.type);
      return x && b.emit("divide", [x, y!], params);
    },
  },
  complex: {
    covers: ["complex"],
    weight: 2,
    grow: (b) => {
      const x = real(b);
      const y = x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("complex", [x, y]);
    },
  },
  re: { covers: ["re"], weight: 1, grow: on("re", complexValue) },
  im: { covers: ["im"], weight: 1, grow: on("im", complexValue) },
  abs2: { covers: ["dot"], weight: 1, grow: on("abs2", complexValue) },
  sum: { covers: ["sum"], weight: 3, grow: on("sum", real) },
  channels: {
    covers: ["stack", "slice", "pad"],
    weight: 2,
    grow: (b) => {
      const x = b.choose([b.kind<RealType>("real"), b.kind<RealType>("channels")]);
      const y = x && b.pick((v) => (v.type.kind === "real" || v.type.kind === "channels") && v.type.domain === x.type.domain);
      return y && b.emit("channels", [x, y]);
    },
  },
  slice: {
    covers: ["slice", "pad"],
    weight: 2,
    grow: (b) => {
      const x = b.kind<ChannelsType>("channels");
      if (!x) return undefined;
      const from = b.int(0, x.type.count - 1);
      return b.emit("slice", [x], { from: String(from), count: String(b.int(1, x.type.count - from)), ...(b.maybe(50) && { real: "yes" }) });
    },
  },
  repeatChannels: { covers: ["repeatChannels"], weight: 1, grow: on("repeatChannels", real, (b) => ({ count: String(b.int(1, 3)) })) },
  sumChannels: { covers: ["sumChannels"], weight: 2, grow: on("sumChannels", (b) => b.kind("channels")) },
  channelFunction: { covers: ["unary"], weight: 2, grow: on("unary", (b) => b.kind("channels"), (b) => ({ f: b.choose(["tanh", "sin", "sigmoid", "softplus"]) })) },
  weights: {
    covers: ["siteConv", "siteCorrelation"],
    weight: 3,
    grow: (b) => {
      const x = b.kind<ChannelsType>("channels");
      // second derivatives of weights that samples share are refused
      if (!x || b.lattice.batch > 1) return undefined;
      const out = b.int(1, 3);
      const linear = b.maybe(40);
      const taps = b.lattice.extents.map((L) => b.int(1, Math.min(3, L + 1)));
      const w = b.tensor([out, x.type.count, ...(linear ? [] : taps)]);
      const bias = b.maybe(50) ? [b.tensor([out])] : [];
      if (linear) return b.emit("siteLinear", [x, w, ...bias]);
      return b.emit("siteConv", [x, w, ...bias], { dilation: String(b.int(1, 2)), domain: b.lattice.bipartite ? b.choose(["all", "all", "even", "odd"]) : "all" });
    },
  },
  tensorSum: { covers: ["tensorSum", "fill"], weight: 1, grow: (b) => b.lattice.batch === 1 && b.emit("tensorSum", [b.kind("tensor") ?? b.tensor([2, 3])]) },
  batchSum: { covers: ["batchSum", "spread"], weight: 2, grow: on("batchSum", (b) => b.kind("scalar")) },
  mean: { covers: ["sum"], weight: 2, grow: on("mean", real) },
  broadcast: { covers: ["broadcast"], weight: 2, grow: on("broadcast", (b) => b.kind("scalar"), (b) => ({ domain: b.lattice.bipartite ? b.choose(["all", "even", "odd"]) : "all" })) },
  restrict: { covers: ["restrict"], weight: 3, grow: (b) => b.lattice.bipartite && on("restrict", (c) => c.pick((v) => v.type.kind !== "scalar" && v.type.domain === "all"), (c) => ({ domain: parity(c) }))(b) },
  merge: { covers: ["merge"], weight: 4, grow: join },
  extend: { covers: ["extend"], weight: 2, grow: on("extend", (b) => b.pick((v) => v.type.kind !== "scalar" && v.type.domain !== "all")) },
  solve: { covers: ["solve"], weight: 3, grow: solve },
  // determinants round more than the noise model of the reference knows: not drawn by default until it does
  logDet: { covers: ["logDet", "traceGradient"], weight: 0, grow: determinant("logDet") },
  overlapLogDet: { covers: ["overlapLogDet", "overlapGradient"], weight: 0, grow: determinant("overlapLogDet") },
  adjointForm: { covers: ["adjointForm"], weight: 1, grow: on("adjointForm", (b) => b.closed(), (b) => ({ f: b.real(-1, 1), names: b.choose(["twist", "square", "modulus", "twist square modulus"]) })) },
  updateLogDet: { covers: ["updateLogDet"], weight: 0, grow: update },
  spinMul: { covers: ["spin"], weight: 2, grow: on("spinMul", (b) => b.kind("vector"), (b) => ({ rows: String(b.int(1, 3)), salt: String(b.int(1, 99)) })) },
  detach: { covers: ["detach"], weight: 1, grow: on("detach", (b) => b.choose(b.values)) },
  alias: { covers: ["alias"], weight: 1, grow: on("alias", (b) => b.choose(b.values)) },
  after: { covers: ["after"], weight: 1, grow: (b) => b.emit("after", [b.choose(b.values), b.choose(b.values)]) },
  number: { covers: ["number"], weight: 1, grow: (b) => b.emit("number", [b.values[0]!], { value: b.real(-2, 2) }) },
  constant: { covers: ["constant"], weight: 2, grow: (b) => b.emit("constant", [b.values[0]!], { salt: String(b.int(1, 99)) }) },
  unit: { covers: ["unit"], weight: 1, grow: (b) => b.emit("unit", [b.values[0]!], { N: String(b.N), at: b.displacement() }) },
  where: {
    covers: ["where", "keep"],
    weight: 2,
    grow: (b) => {
      const [c, x] = [real(b), field(b)];
      const params = c && offset(b, c, smooth["step"]!);
      const y = params && x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("where", [c!, x, y], params);
    },
  },
  mask: { covers: ["keep", "constant"], weight: 2, grow: on("mask", field, (b) => ({ salt: String(b.int(1, 99)) })) },
  custom: {
    covers: [],
    weight: 1,
    grow: (b) => {
      const x = real(b);
      const y = x && b.aligned(b.like(x.type), x.type);
      return y && b.emit("custom", [x, y]);
    },
  },
  again: { covers: [], weight: 1, grow: again },
};

/** Kinds as often as they are wanted. */
export const urn: readonly Kind[] = Object.values(kinds).flatMap((k) => Array.from({ length: k.weight }, () => k));
