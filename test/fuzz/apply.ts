/** What the statements of a random program mean, in the library's own functions. */
import {
  type Channels, type Complex, type SolveOptions, type TracedTensor, type Matrix, type MatrixType, type Real, type Scalar, type SiteType, type Spin, type SpinMatrix, type Tape, type Traced, type Vector,
  abs2, add, adj, adjointForm, alias, allOps, argDet, atan2, batchSum, broadcast, cdot, channel, channels, repeatChannels, siteConv, siteLinear, sliceChannels, sumChannels, tensorSum, complex, conj, constantMatrix, constantReal, customOp, det, detach, dexp, divide, dot, exp, exponential, extend, im, inverse, log, logDet, lyap, mask, max, mean, merge, min, mul, normalise, number,
  outer, overlapLogDet, polar, pow, projectSU, quaternionPart, re, reTrace, reciprocal, restrict, scale, scaleBy, shift, solve, spinMul, spinOf, square, sub, sum, sumLogs, ta, trace, unit, updateLogDet, where,
} from "../../src/autograd/index.ts";
import { after } from "../../src/autograd/ops/flow.ts";
import { kinds } from "./kinds/index.ts";
import { type Statement, noise } from "./program.ts";

type Params = Readonly<Record<string, string>>;
/** What a statement means. */
export type Apply = (args: readonly Traced[], params: Params, tape: Tape) => Traced;

const numbers = (text: string | undefined): number[] => (text ?? "").split(",").map(Number);
const unary = allOps.find((op) => op.name === "unary")!;

/** x + c, for a real site scalar or a scalar. */
function moved(x: Traced, plus: string | undefined): Traced {
  if (plus === undefined) return x;
  const c = number(x.tape, Number(plus));
  return x.type.kind === "scalar" ? add(x, c as Traced) : add(x as Real, broadcast(c, (x as Real).type.domain));
}

/** A fixed matrix on spin components. */
function spinMatrix(rows: number, columns: number, salt: number): SpinMatrix {
  const z = noise(2 * rows * columns, salt, 5);
  // some entries are 0, 1 and -i: these have code of their own
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_c, c) => ((r + c + salt) % 3 === 0 ? [[0, 0], [1, 0], [0, -1]][(r + salt) % 3] : [z[2 * (r * columns + c)]!, z[2 * (r * columns + c) + 1]!]) as [number, number]));
}

const adjointOf = (G: SpinMatrix): SpinMatrix => G[0]!.map((_, c) => G.map((row) => [row[c]![0], -row[c]![1]] as const));

/** x y with a derivative rule written by hand. */
const product = customOp("product", (x: Real, y: Real) => scale(x, y), ([x, y], _out, c) => [scale(y as Real, c as Real), scale(x as Real, c as Real)]);

/** One linear map on vectors of a solver's operator, and its adjoint. */
interface Step {
  readonly forward: (v: Vector) => Vector;
  readonly back: (v: Vector) => Vector;
}

/**
 * `c + w B^+ B` for B a chain of steps separated by `/`: `mul:1` and `adj:1` (matrix argument 1), `shift:1,-2`, `scale:2`, `spin:7`, `half:odd`, and
 * `solve:0.8[...]`, the inverse of another operator of this kind.
 */
function operator(text: string, args: readonly Traced[], c: number, w: number): (v: Vector) => Vector {
  const steps = split(text).map((s) => step(s, args));
  return (v) => {
    const y = steps.reduce((x, s) => s.forward(x), v);
    return add(scaleBy(c, v), scaleBy(w, [...steps].reverse().reduce((x, s) => s.back(x), y)));
  };
}

/** Parts between the slashes that are not inside brackets. */
export function split(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let k = 0; k <= text.length; k++) {
    if (text[k] === "[") depth++;
    if (text[k] === "]") depth--;
    if (k === text.length || (text[k] === "/" && depth === 0)) {
      if (k > from) parts.push(text.slice(from, k));
      from = k + 1;
    }
  }
  return parts;
}

function step(text: string, args: readonly Traced[]): Step {
  const [, name, value, inside] = /^(\w+):([^[]*)(?:\[(.*)\])?$/.exec(text)!;
  switch (name) {
    case "mul":
    case "adj": {
      const [m, a] = [args[Number(value)] as Matrix, adj(args[Number(value)] as Matrix)];
      return name === "mul" ? { forward: (v) => mul(m, v), back: (v) => mul(a, v) } : { forward: (v) => mul(a, v), back: (v) => mul(m, v) };
    }
    case "shift": {
      const d = numbers(value);
      return { forward: (v) => shift(v as Traced<SiteType>, d) as Vector, back: (v) => shift(v as Traced<SiteType>, d.map((s) => -s)) as Vector };
    }
    case "scale": {
      const s = args[Number(value)]!;
      return { forward: (v) => scale(s as Real, v), back: (v) => scale((s.type.kind === "complex" ? conj(s as Complex) : s) as Real, v) };
    }
    case "spin":
      return {
        forward: (v) => spinMul(v, spinMatrix(spinOf(v.type), spinOf(v.type), Number(value))),
        back: (v) => spinMul(v, adjointOf(spinMatrix(spinOf(v.type), spinOf(v.type), Number(value)))),
      };
    case "half": {
      const half = (v: Vector): Vector => (v.type.domain === "all" ? extend(restrict(v as Traced<SiteType>, value as "even")) : v) as Vector;
      return { forward: half, back: half };
    }
    default: {
      const inverse = (v: Vector): Vector => solve(operator(inside!, args, Number(value), 0.3), v, { tolerance: 1e-14 });
      return { forward: inverse, back: inverse };
    }
  }
}

const statements: Readonly<Record<string, Apply>> = {
  combine: (args, { c }) => {
    const k = numbers(c);
    const terms = args.map((x, i) => (k[i] === 1 || k[i] === -1 ? x : scaleBy(Math.abs(k[i]!), x)));
    return terms.slice(1).reduce((s, t, i) => (k[i + 1]! < 0 ? sub(s, t) : add(s, t)), k[0]! < 0 ? scaleBy(-1, terms[0]!) : terms[0]!);
  },
  mul: ([a, b]) => mul(a as Matrix, b as Matrix),
  adj: ([a]) => (a!.type.kind === "complex" ? conj(a as Complex) : adj(a as Matrix)),
  shift: ([x], { d }) => shift(x as Traced<SiteType>, numbers(d)),
  scale: ([s, x]) => scale(s as Scalar, x!),
  scaleBy: ([x], { c }) => scaleBy(Number(c), x!),
  dot: ([x, y]) => dot(x as Real, y as Real),
  cdot: ([x, y]) => cdot(x as Complex, y as Complex),
  outer: ([v, w]) => outer(v as Vector, w as Vector),
  normalise: ([x]) => normalise(x as Spin),
  trace: ([a]) => trace(a as Matrix),
  reTrace: ([a]) => reTrace(a as Matrix),
  ta: ([a]) => ta(a as Matrix),
  quaternionPart: ([a]) => quaternionPart(a as Matrix),
  exp: ([a, ...xs]) => (xs.length === 0 ? exp(a as Matrix) : dexp(a as Matrix, ...(xs as Matrix[]))),
  polar: ([a]) => polar(a as Matrix),
  projectSU: ([a]) => projectSU(a as Matrix),
  argDet: ([a]) => argDet(polar(a as Matrix)),
  lyap: ([h, c]) => {
    const t = h!.type as MatrixType;
    const one = unit(h!.tape, t.N, t.start);
    const square = mul(adj(h as Matrix), h as Matrix);
    return lyap(add(square, (t.domain === "all" ? one : restrict(one as Traced<SiteType>, t.domain)) as Matrix), c as Matrix);
  },
  unary: ([x], { f, plus }, tape) => tape.apply(unary, [moved(x!, plus)], { f: f! }),
  divide: ([x, y], { plus }) => divide(x as Real, moved(y!, plus) as Real),
  max: ([x, y]) => max(x as Real, y as Real),
  min: ([x, y]) => min(x as Real, y as Real),
  atan2: ([y, x]) => atan2(y as Real, x as Real),
  pow: ([x], { p, plus }) => pow(moved(x!, plus) as Real, Number(p)),
  inverse: ([a]) => inverse(a as Matrix),
  det: ([a]) => det(a as Matrix),
  matrix: (_args, { N, at, salt }, tape) => constantMatrix(tape, Number(N), [...noise(2 * Number(N) ** 2, Number(salt), 6)], { at: numbers(at), gaugeFixed: true }),
  ofComplex: ([z], { f }) => ({ log, exponential, reciprocal })[f as "log"](z as Complex),
  complex: ([x, y]) => complex(x as Real, y as Real),
  re: ([z]) => re(z as Complex),
  im: ([z]) => im(z as Complex),
  abs2: ([z]) => abs2(z as Complex),
  sum: ([r]) => sum(r as Real),
  channels: (xs) => channels(...(xs as Real[])),
  slice: ([x], { from, count, real }) => (real ? channel(x as Channels, Number(from)) : sliceChannels(x as Channels, Number(from), Number(count))),
  repeatChannels: ([x], { count }) => repeatChannels(x as Real, Number(count)),
  sumChannels: ([x]) => sumChannels(x as Channels),
  siteLinear: ([x, w, b]) => siteLinear(x as Channels, w as TracedTensor, b as TracedTensor | undefined),
  siteConv: ([x, w, b], { dilation, domain }) => siteConv(x as Channels, w as TracedTensor, b as TracedTensor | undefined, { dilation: Number(dilation), domain: domain as "even" }),
  tensorSum: ([t]) => tensorSum(t as TracedTensor),
  batchSum: ([s]) => batchSum(s as Scalar),
  mean: ([r]) => mean(r as Real),
  broadcast: ([s], { domain }) => broadcast(s as Scalar, domain as "even"),
  restrict: ([x], { domain }) => restrict(x as Traced<SiteType>, domain as "even"),
  merge: ([e, o]) => merge(e as Traced<SiteType>, o as Traced<SiteType>),
  extend: ([x]) => extend(x!),
  solve: ([b, ...rest], { steps, c, w, shift: s, method }) => {
    const args = [b!, ...rest];
    const shifts = numbers(s);
    const means = method === "bicgstab" ? { method } : method === "deflated" ? { deflation: [b as Vector] } : method === "mixed" ? { mixed: true } : {};
    const terms = shifts.map((sigma) => solve(operator(steps!, args, Number(c), Number(w)), b as Vector, { tolerance: 1e-14, ...means, ...(method === "bicgstab" ? {} : { shift: sigma }) } as SolveOptions));
    return terms.slice(1).reduce((sum, x, k) => add(sum, scaleBy(0.3 + k, x)), terms[0]!);
  },
  logDet: ([v, ...rest], { steps, c, w }) => logDet(operator(steps!, [v!, ...rest], Number(c), Number(w)), (v as Vector).type, v!),
  overlapLogDet: ([v, ...rest], { steps, c, w, Ls, minus }) => {
    const type = (v as Vector).type;
    const signature = Array.from({ length: spinOf(type) }, (_, k) => (minus === "yes" && k % 2 === 1 ? -1 : 1));
    // the kernel is G K with K hermitian and positive, so that H = K
    const G = signature.map((sign, r) => signature.map((_, col) => [r === col ? sign : 0, 0] as const));
    const K = operator(steps!, [v!, ...rest.slice(0, -1)], Number(c), Number(w));
    return overlapLogDet((x) => spinMul(K(x), G), type, rest[rest.length - 1] as Scalar, v!, { signature, Ls: Number(Ls) });
  },
  adjointForm: ([m], { f, names }) => adjointForm(m as Matrix, Object.fromEntries(names!.split(",").map((name, k) => [name, number(m!.tape, Number(f) * (k + 1))]))),
  sumLogs: (xs) => sumLogs(xs.map((x) => add(square(x as Real), broadcast(number(x.tape, 0.5), (x as Real).type.domain)))),
  updateLogDet: ([m, form], { f }) => updateLogDet(scaleBy(Number(f), m as Matrix), form as Channels | undefined),
  spinMul: ([v], { rows, salt }) => spinMul(v as Vector, spinMatrix(Number(rows), spinOf((v as Vector).type), Number(salt))),
  detach: ([x]) => detach(x!),
  alias: ([x]) => alias(x!),
  after: ([x, y]) => after(x!, y!),
  number: (_args, { value }, tape) => number(tape, Number(value)) as Traced,
  constant: (_args, { salt }, tape) => {
    const data = noise(tape.lattice.volume, Number(salt), 3);
    return constantReal(tape, "noise", (n) => data[n]!);
  },
  unit: (_args, { N, at }, tape) => unit(tape, Number(N), numbers(at)),
  where: ([c, a, b], { plus }) => where(moved(c!, plus) as Real, a as Traced<SiteType>, b as Traced<SiteType>),
  mask: ([x], { salt }) => {
    const data = noise(x!.lattice.volume, Number(salt), 4);
    return mask(x as Traced<SiteType>, "part", (at) => data[x!.lattice.site(at)]! > 0);
  },
  custom: ([x, y]) => product(x as Real, y as Real),
};

const all: Readonly<Record<string, Apply>> = Object.assign({}, statements, ...Object.values(kinds).map((k) => k.means));

export function apply(tape: Tape, s: Statement, args: readonly Traced[]): Traced {
  const f = all[s.op];
  if (!f) throw new Error(`got the statement "${s.op}", expected ${Object.keys(all).join(", ")}`);
  return f(args, s.params, tape);
}
