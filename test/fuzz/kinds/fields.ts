/** Sums and products of fields, moved until they go together. */
import { type MatrixType, type RealType, type SpinType, type ValueType, type VectorType, spinOf } from "../../../src/autograd/index.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, field, on, parity } from "./kind.ts";

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

/** A statement once more, of the same values under other names: what is equal may be made once, and has to reach both. */
function again(b: Builder): unknown {
  const dear = b.statements.filter(({ op }) => ["solve", "logDet", "overlapLogDet", "repeat", "siteConv", "merge", "sum"].includes(op));
  const list = dear.length > 0 ? dear : b.statements;
  if (list.length === 0) return undefined;
  const s = b.choose(list);
  const args = s.args.map((name) => b.values.find((v) => v.name === name)!).map((v) => (b.maybe(60) ? b.emit("alias", [v]) : v));
  return args.every((v) => v !== undefined) ? b.emit(s.op, args, s.params) : undefined;
}

export const ofFields: Kinds = {
  again: { covers: [], weight: 3, grow: again },
  combine: { covers: ["combine"], weight: 4, batched: 4, grow: combine },
  multiply: { covers: ["mul"], weight: 3, grow: multiply },
  multiplyVector: { covers: ["mulVector"], weight: 3, grow: multiplyVector },
  adjoint: { covers: ["adj"], weight: 2, grow: on("adj", (b) => b.kind("matrix", "complex")) },
  shift: { covers: ["shift"], weight: 3, grow: on("shift", field, (b) => ({ d: b.displacement() })) },
  scale: { covers: ["scale"], weight: 3, batched: 3, grow: scale },
  scaleBy: { covers: ["combine"], weight: 1, grow: on("scaleBy", (b) => b.choose(b.values), (b) => ({ c: b.choose(["-1", "0.5", "-0.3", "0"]) })) },
  dot: { covers: ["dot"], weight: 3, grow: inner("dot") },
  cdot: { covers: ["cdot"], weight: 2, grow: inner("cdot") },
  outer: { covers: ["outer"], weight: 2, grow: outer },
  normalise: { covers: ["normalise"], weight: 2, grow: normalise },
  broadcast: { covers: ["broadcast"], weight: 2, batched: 3, grow: on("broadcast", (b) => b.kind("scalar"), (b) => ({ domain: b.lattice.bipartite ? b.choose(["all", "even", "odd"]) : "all" })) },
  restrict: { covers: ["restrict"], weight: 3, grow: (b) => b.lattice.bipartite && on("restrict", (c) => c.pick((v) => v.type.kind !== "scalar" && v.type.domain === "all"), (c) => ({ domain: parity(c) }))(b) },
  merge: { covers: ["merge"], weight: 4, grow: join },
  extend: { covers: ["extend"], weight: 2, grow: on("extend", (b) => b.pick((v) => v.type.kind !== "scalar" && v.type.domain !== "all")) },
  spinMul: { covers: ["spin"], weight: 2, grow: on("spinMul", (b) => b.kind("vector"), (b) => ({ rows: String(b.int(1, 3)), salt: String(b.int(1, 99)) })) },
  detach: { covers: ["detach"], weight: 1, grow: on("detach", (b) => b.choose(b.values)) },
  alias: { covers: ["alias"], weight: 1, grow: on("alias", (b) => b.choose(b.values)) },
  after: { covers: ["after"], weight: 1, grow: (b) => b.emit("after", [b.choose(b.values), b.choose(b.values)]) },
  number: { covers: ["number"], weight: 1, grow: (b) => b.emit("number", [b.values[0]!], { value: b.real(-2, 2) }) },
  constant: { covers: ["constant"], weight: 2, grow: (b) => b.emit("constant", [b.values[0]!], { salt: String(b.int(1, 99)) }) },
  mask: { covers: ["keep", "constant"], weight: 2, grow: on("mask", field, (b) => ({ salt: String(b.int(1, 99)) })) },
};
