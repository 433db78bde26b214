/** The definition of every op that acts at one site: numbers in, numbers out. */
import { type Attributes, type ValueType, components, spinOf } from "../../autograd/index.ts";
import { argumentOfDeterminant, exponential, polarPart, quaternionPart, sylvester } from "./functions.ts";
import { adjointForm, updateLogDet } from "./update-log-det.ts";
import { type CMatrix, combination, conjugate, dagger, divide, identity, product, trace, transpose } from "./matrix.ts";

/** What a rule may look at besides the numbers. */
export interface SiteContext {
  readonly types: readonly ValueType[];
  readonly type: ValueType;
  readonly attributes: Attributes;
}

/** Components of the result at a site from those of the operands there. */
export type SiteRule = (x: readonly Float64Array[], c: SiteContext) => ArrayLike<number>;

/** A matrix as it is, a vector as one column a spin component, a complex number as a 1 x 1 matrix. */
function matrix(t: ValueType, z: Float64Array): CMatrix {
  if (t.kind === "matrix") return { rows: t.N, columns: t.N, z };
  if (t.kind === "vector") return { rows: t.N, columns: spinOf(t), z };
  return { rows: 1, columns: 1, z };
}

const operand = (x: readonly Float64Array[], c: SiteContext, k: number): CMatrix => matrix(c.types[k]!, x[k]!);
const copy: SiteRule = ([x]) => x!;
const inner = (x: Float64Array, y: Float64Array): number => x.reduce((s, v, i) => s + v * y[i]!, 0);

/** (re, im) times every complex component. */
function complexMultiple(re: number, im: number, x: Float64Array): Float64Array {
  return x.map((v, i) => (i % 2 === 0 ? re * v - im * x[i + 1]! : re * v + im * x[i - 1]!));
}

/** (M - M^+)/2, for N > 1 less a multiple of the unit matrix that takes the trace away. */
function antihermitian(m: CMatrix): CMatrix {
  const a = combination(0.5, m, -0.5, dagger(m));
  if (m.rows === 1) return a;
  const [, im] = trace(a);
  return { ...a, z: a.z.map((v, i) => (i % (2 * m.rows + 2) === 1 ? v - im / m.rows : v)) };
}

/** Functions of one real number. */
const functions: Readonly<Record<string, (x: number) => number>> = {
  relu: (x) => (x > 0 ? x : 0),
  step: (x) => (x > 0 ? 1 : 0),
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  abs: Math.abs,
  atan: Math.atan,
  log1p: Math.log1p,
  tanh: Math.tanh,
  tan: Math.tan,
  sin: Math.sin,
  cos: Math.cos,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  asinh: (x) => Math.asinh(x),
  softplus: (x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
  exponential: Math.exp,
  logarithm: Math.log,
  sqrt: Math.sqrt,
  reciprocal: (x) => 1 / x,
};

export const siteRules: Readonly<Record<string, SiteRule>> = {
  combine: (x, { attributes, type }) => {
    const factors = attributes["coefficients"] as readonly number[];
    return Array.from({ length: components(type) }, (_, i) => x.reduce((s, v, k) => s + factors[k]! * v[i]!, 0));
  },
  scale: ([s, x], { types }) => (types[0]!.kind === "channels" ? x!.map((v, i) => s![i]! * v) : types[0]!.kind === "complex" ? complexMultiple(s![0]!, s![1]!, x!) : x!.map((v) => s![0]! * v)),
  mul: (x, c) => product(operand(x, c, 0), operand(x, c, 1)).z,
  mulVector: (x, c) => product(operand(x, c, 0), operand(x, c, 1)).z,
  outer: (x, c) => product(operand(x, c, 0), dagger(operand(x, c, 1))).z,
  adj: (x, c) => dagger(operand(x, c, 0)).z,
  dot: ([x, y]) => [inner(x!, y!)],
  cdot: (x, c) => {
    const [a, b] = [conjugate(operand(x, c, 0)), operand(x, c, 1)];
    return trace(product(transpose(a), b));
  },
  normalise: ([x]) => x!.map((v) => v / Math.hypot(...x!)),
  trace: (x, c) => trace(operand(x, c, 0)),
  reTrace: (x, c) => trace(operand(x, c, 0)).slice(0, 1),
  ta: (x, c) => antihermitian(operand(x, c, 0)).z,
  quaternionPart: (x, c) => quaternionPart(operand(x, c, 0)).z,
  asMatrix: copy,
  exp: (x, c) => exponential(operand(x, c, 0), x.slice(1).map((_, k) => operand(x, c, k + 1))).z,
  polar: (x, c) => polarPart(operand(x, c, 0)).z,
  lyap: (x, c) => sylvester(operand(x, c, 0), operand(x, c, 1)).z,
  inverse: (x, c) => divide(operand(x, c, 0), identity(operand(x, c, 0).rows)).quotient.z,
  det: (x, c) => divide(operand(x, c, 0), identity(operand(x, c, 0).rows)).determinant,
  argDet: (x, c) => [argumentOfDeterminant(operand(x, c, 0))],
  sumLogs: (x) => [x.reduce((s, v) => s + (v[0]! > 0 ? Math.log(v[0]!) : Number.NaN), 0)],
  updateLogDet: (x, c) => [updateLogDet(operand(x, c, 0), x[1])],
  adjointForm: (x, c) => adjointForm(operand(x, c, 0), Object.fromEntries((c.attributes["forms"] as string).split(" ").map((name, k) => [name, x[k + 1]![0]!]))),
  unary: ([x], { attributes }) => x!.map((v) => functions[attributes["f"] as string]!(v)),
  stack: (x) => x.flatMap((v) => [...v]),
  slice: ([x], { attributes }) => x!.slice(attributes["from"] as number, (attributes["from"] as number) + (attributes["count"] as number)),
  pad: ([x], { attributes }) => Array.from({ length: attributes["count"] as number }, (_, i) => x![i - (attributes["from"] as number)] ?? 0),
  repeatChannels: ([x], { attributes }) => Array.from({ length: attributes["count"] as number }, () => x![0]!),
  sumChannels: ([x]) => [x!.reduce((s, v) => s + v, 0)],
  fill: copy,
  max: ([x, y]) => [x![0]! > y![0]! ? x![0]! : y![0]! > x![0]! ? y![0]! : (x![0]! + y![0]!) / 2],
  atan2: ([y, x]) => [Math.atan2(y![0]!, x![0]!)],
  complex: ([x, y]) => [x![0]!, y![0]!],
  re: ([z]) => [z![0]!],
  im: ([z]) => [z![1]!],
  spin: (x, c) => {
    const [rows, columns, entries] = ["rows", "columns", "entries"].map((k) => c.attributes[k]) as [number, number, readonly number[]];
    return product(operand(x, c, 0), transpose({ rows, columns, z: Float64Array.from(entries) })).z;
  },
  broadcast: copy,
  spread: copy,
  restrict: copy,
  detach: copy,
  alias: copy,
  after: copy,
  keep: ([m, x]) => x!.map((v) => (m![0]! > 0 ? v : 0)),
  where: ([m, x, y]) => (m![0]! > 0 ? x! : y!),
  number: (_x, { attributes }) => [attributes["value"] as number],
  matrix: (_x, { attributes }) => attributes["entries"] as readonly number[],
  unit: (_x, { attributes }) => identity(attributes["N"] as number).z,
};

/** The rule of an op, by name; a composite with a derivative of its own (customOp) has the value of its last operand. */
export function siteRule(name: string): SiteRule | undefined {
  return name.startsWith("custom:") ? (x) => x[x.length - 1]! : siteRules[name];
}
