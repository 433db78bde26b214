/**
 * Functions of a real site scalar or of a scalar, point by point: y = f(x), x' = f'(x) y'. Each entry gives f at a site and
 * f' in ops. relu, step and sign take the value 0 at 0.
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Op, Samples } from "../op.ts";
import type { Site, V } from "../site.ts";
import type { Channels, Real, Scalar, Traced } from "../tape.ts";
import { type ValueType, channelsType, components, realType, scalarType, typeText } from "../types.ts";
import { add, neg, scaleBy, sub } from "./combine.ts";
import { number } from "./constants.ts";
import { repeatChannels } from "./channels.ts";
import { scale } from "./scale.ts";
import { broadcast } from "./sum.ts";

type Value = Real | Scalar;
/** What functions of one number act on, number by number. */
type Values = Value | Channels;

interface UnaryRule {
  readonly at: (b: Site, x: V) => V;
  /** f'(x), given x and y = f(x); undefined where it vanishes everywhere. */
  readonly slope: ((x: Value, y: Value) => Value) | undefined;
  /** Takes a random number to a point where f is smooth. */
  readonly domain?: (x: Value) => Value;
}

/** x y of values of one kind. */
export const times = (x: Value, y: Value): Value => scale(x as Real, y as Real) as Value;
/** The number 1, of the kind of x. */
export const one = (x: Value): Value => {
  const s = number(x.tape, 1);
  if ((x.type as ValueType).kind === "channels") return repeatChannels(broadcast(s, (x as Real).type.domain), (x as unknown as Channels).type.count) as unknown as Value;
  return x.type.kind === "scalar" ? s : (broadcast(s, (x as Real).type.domain) as Value);
};
const positiveValue = (x: Value): Value => add(times(x, x) as Real, scaleBy(0.5, one(x) as Real));

/** log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: the rounding of u cancels in the quotient, which varies slowly (W. Kahan). */
function log1pAt(b: Site, x: V): V {
  const u = b.add(b.constant(1), x);
  const d = b.sub(u, b.constant(1));
  return b.positive(b.abs(d), b.mul(b.call("log", u), b.div(x, d)), x);
}

/** Names of the point-wise functions. */
export type UnaryName = "relu" | "step" | "sign" | "abs" | "atan" | "log1p" | "tanh" | "tan" | "sin" | "cos" | "sigmoid" | "softplus" | "asinh" | "exponential" | "logarithm" | "sqrt" | "reciprocal";

const table: Readonly<Record<UnaryName, UnaryRule>> = {
  relu: { at: (b, x) => b.max(x, b.constant(0)), slope: (x) => unary("step", x) },
  step: { at: (b, x) => b.positive(x, b.constant(1), b.constant(0)), slope: undefined },
  sign: { at: (b, x) => b.positive(x, b.constant(1), b.positive(b.neg(x), b.constant(-1), b.constant(0))), slope: undefined },
  abs: { at: (b, x) => b.abs(x), slope: (x) => unary("sign", x) },
  atan: { at: (b, x) => b.call("atan2", x, b.constant(1)), slope: (x) => unary("reciprocal", add(one(x) as Real, times(x, x) as Real)) },
  log1p: { at: log1pAt, slope: (x) => unary("reciprocal", add(one(x) as Real, x as Real)), domain: positiveValue },
  tanh: { at: (b, x) => b.call("tanh", x), slope: (x, y) => sub(one(x) as Real, times(y, y) as Real) },
  tan: { at: (b, x) => b.call("tan", x), slope: (x, y) => add(one(x) as Real, times(y, y) as Real), domain: (x) => scaleBy(0.3, x as Real) },
  sin: { at: (b, x) => b.call("sin", x), slope: (x) => unary("cos", x) },
  cos: { at: (b, x) => b.call("cos", x), slope: (x) => neg(unary("sin", x) as Real) },
  sigmoid: {
    at: (b, x) => b.div(b.constant(1), b.add(b.constant(1), b.call("exp", b.neg(x)))),
    slope: (x, y) => times(y, sub(one(x) as Real, y as Real)),
  },
  softplus: {
    // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
    at: (b, x) => b.add(b.max(x, b.constant(0)), log1pAt(b, b.call("exp", b.neg(b.abs(x))))),
    slope: (x) => unary("sigmoid", x),
  },
  asinh: {
    // log(|x| + sqrt(1 + x^2)), whose distance from log 1 is |x| + x^2/(1 + sqrt(1 + x^2))
    at(b, x) {
      const a = b.abs(x);
      const y = log1pAt(b, b.add(a, b.mul(a, b.div(a, b.add(b.constant(1), b.sqrt(b.fma(a, a, b.constant(1))))))));
      return b.positive(x, y, b.neg(y));
    },
    slope: (x) => unary("reciprocal", unary("sqrt", add(one(x) as Real, times(x, x) as Real))),
  },
  exponential: { at: (b, x) => b.call("exp", x), slope: (_x, y) => y },
  logarithm: { at: (b, x) => b.call("log", x), slope: (x) => unary("reciprocal", x), domain: positiveValue },
  sqrt: { at: (b, x) => b.sqrt(x), slope: (_x, y) => scaleBy(0.5, unary("reciprocal", y) as Real), domain: positiveValue },
  reciprocal: { at: (b, x) => b.div(b.constant(1), x), slope: (_x, y) => neg(times(y, y) as Real), domain: positiveValue },
};

export const unaryOp: Op = {
  name: "unary",
  infer([x], attributes, lattice) {
    if (x!.kind === "channels") return x!;
    if (x!.kind !== "real" && x!.kind !== "scalar")
      throw new CovarianceError(`${attributes["f"] as string}: got ${typeText(lattice, x!)}, expected a real site scalar or a scalar: a non-linear function of a matrix entry is not gauge covariant, take reTrace or abs2 first`);
    return x!;
  },
  vjp: ({ inputs: [x], output, cotangent, attributes }) => {
    const slope = table[attributes["f"] as UnaryName].slope;
    return [slope && times(slope(x as Value, output as Value), cotangent as Value)];
  },
  site: (b, [x], attributes, types) => Array.from({ length: components(types[0]!) }, (_, i) => table[attributes["f"] as UnaryName].at(b, x!(i))),
  cost: ([x]) => 20 * components(x!),
};

export const unarySamples: Samples = () => [
  ...(Object.keys(table) as UnaryName[]).flatMap((f) => {
    const prepare = table[f].domain ?? ((x: Value) => x);
    return [realType(), scalarType].map((t) => ({ label: `${f} of a ${t.kind}`, inputs: [t], apply: ([x]: readonly Traced[]) => unary(f, prepare(x as Value)) }));
  }),
  ...[5, -3, 1.5, 0.3].map((p) => ({ label: `power ${p}`, inputs: [realType()], apply: ([x]: readonly Traced[]) => pow(p === 5 ? (x as Real) : positiveValue(x as Real), p) })),
  { label: "tanh of channels", inputs: [channelsType(3)], apply: ([x]) => tanh(x as Channels) },
  { label: "softplus of channels", inputs: [channelsType(2)], apply: ([x]) => softplus(x as Channels) },
  { label: "power of two fields", inputs: [realType(), realType()], apply: ([x, p]) => pow(positiveValue(x as Real), p as Real) },
];

function unary<T extends Values>(f: UnaryName, x: T): T {
  return applyOp(f === "logarithm" ? "log" : f, unaryOp, [x], { f }) as T;
}

/** max(x, 0). */
export const relu = <T extends Values>(x: T): T => unary("relu", x);
/** 1 where x > 0, else 0; no derivative. */
export const step = <T extends Values>(x: T): T => unary("step", x);
/** -1, 0 or 1: the sign of x; no derivative. */
export const sign = <T extends Values>(x: T): T => unary("sign", x);
/** |x|; the derivative at the kink x = 0 is 0. */
export const abs = <T extends Values>(x: T): T => unary("abs", x);
/** Arc tangent in (-pi/2, pi/2). */
export const atan = <T extends Values>(x: T): T => unary("atan", x);
/** log(1 + x) for x > -1, accurate where x is small. */
export const log1p = <T extends Values>(x: T): T => unary("log1p", x);
/** Hyperbolic tangent of a real site scalar or scalar. */
export const tanh = <T extends Values>(x: T): T => unary("tanh", x);
/** Tangent of a real site scalar or scalar, in radians; the derivative is 1 + tan^2 x. */
export const tan = <T extends Values>(x: T): T => unary("tan", x);
/** Sine of a real site scalar or scalar, in radians. */
export const sin = <T extends Values>(x: T): T => unary("sin", x);
/** Cosine of a real site scalar or scalar, in radians. */
export const cos = <T extends Values>(x: T): T => unary("cos", x);
/** 1 / (1 + e^-x). */
export const sigmoid = <T extends Values>(x: T): T => unary("sigmoid", x);
/** log(1 + e^x). */
export const softplus = <T extends Values>(x: T): T => unary("softplus", x);
/** Inverse hyperbolic sine, for |x| below 1e154. */
export const asinh = <T extends Values>(x: T): T => unary("asinh", x);
/** e^x of a real site scalar or scalar (`exp` is the matrix exponential). */
export const exponential = <T extends Value>(x: T): T => unary("exponential", x);
/** Natural logarithm of a positive real site scalar or scalar. */
export const log = <T extends Value>(x: T): T => unary("logarithm", x);
/** Square root of a real site scalar or scalar x >= 0; the derivative 1 / (2 sqrt x) is infinite at 0. */
export const sqrt = <T extends Value>(x: T): T => unary("sqrt", x);
/** 1 / x. */
export const reciprocal = <T extends Value>(x: T): T => unary("reciprocal", x);
/** x^2. */
export function square<T extends Value>(x: T): T {
  guard("square", { x: [x, kind.realOrScalar] });
  return times(x, x) as T;
}
/**
 * x^p. Whole p: products of x, for any x (its inverse for p < 0). Half-integer p: powers of sqrt(x), x >= 0. Other numbers, and a traced p:
 * e^(p log x) for x > 0, with a relative error of |p log x| roundoffs; no power function of the platform enters, which differs between engines.
 * @throws RecordingError when p is not finite, or whole and beyond 2^31.
 */
export function pow<T extends Value>(x: T, p: number | NoInfer<T>): T {
  guard("pow", { x: [x, kind.realOrScalar], p: [p, is.either(is.number, kind.realOrScalar)] });
  if (typeof p !== "number") return unary("exponential", times(p, unary("logarithm", x))) as T;
  if (!Number.isFinite(p) || Math.abs(p) > 2 ** 31) throw new RecordingError(`pow: got the exponent ${p}, expected a finite number of at most 2^31`);
  if (Number.isInteger(p)) return (p < 0 ? unary("reciprocal", wholePower(x, -p)) : wholePower(x, p)) as T;
  if (Number.isInteger(2 * p)) return pow(unary("sqrt", x), 2 * p);
  return unary("exponential", scaleBy(p, unary("logarithm", x) as Real)) as Value as T;
}

/** x^n by repeated squares. */
function wholePower(x: Value, n: number): Value {
  if (n === 0) return one(x);
  if (n === 1) return x;
  const half = wholePower(x, Math.floor(n / 2));
  const even = times(half, half);
  return n % 2 === 0 ? even : times(x, even);
}

/** a / b. */
export function divide<T extends Value>(a: T, b: T): T {
  guard("divide", { a: [a, kind.realOrScalar], b: [b, kind.realOrScalar] });
  return times(a, unary("reciprocal", b)) as T;
}
