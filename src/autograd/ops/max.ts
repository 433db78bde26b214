/**
 * max(x, y) of two real site scalars or two scalars, and the smooth maximum log(e^x + e^y + ..). Rule: x' = c' where x > y, y' = c' where
 * y > x; at the kink x = y each takes half. NaN in either gives NaN.
 */
import { CovarianceError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Op, Samples } from "../op.ts";
import type { Real, Scalar, Traced } from "../tape.ts";
import { realType, scalarType, typeText } from "../types.ts";
import { add, neg, scaleBy, sub } from "./combine.ts";
import { jointDomain } from "./domain.ts";
import { detach } from "./flow.ts";
import { divide, exponential, log, one, sign, times } from "./unary.ts";

type Value = Real | Scalar;

export const maxOp: Op = {
  name: "max",
  infer([x, y], _attributes, lattice) {
    if ((x!.kind !== "real" && x!.kind !== "scalar") || x!.kind !== y!.kind)
      throw new CovarianceError(`max: got ${typeText(lattice, x!)} and ${typeText(lattice, y!)}, expected two real site scalars or two scalars: broadcast the scalar`);
    return x!.kind === "scalar" ? scalarType : realType(jointDomain("max", x!, y!));
  },
  simplify: (_tape, [x, y]) => (x!.id === y!.id ? x : undefined),
  vjp: ({ inputs: [x, y], cotangent, needs }) => {
    const c = cotangent as Value;
    const s = sign(sub(x as Real, y as Real)) as Value;
    const half = (t: Value): Value => scaleBy(0.5, times(add(one(s) as Real, t as Real), c) as Real);
    return [needs[0] ? half(s) : undefined, needs[1] ? half(neg(s as Real)) : undefined];
  },
  site(b, [x, y]) {
    const [p, q, half] = [x!(0), y!(0), b.constant(0.5)];
    return [b.positive(b.sub(p, q), p, b.positive(b.sub(q, p), q, b.fma(half, p, b.mul(half, q))))];
  },
  cost: () => 5,
};

export const maxSamples: Samples = () => [
  ...[realType(), scalarType].flatMap((t) => [
    { label: `of two ${t.kind}s`, inputs: [t, t], apply: ([x, y]: readonly Traced[]) => max(x as Real, y as Real) },
    { label: `minimum of two ${t.kind}s`, inputs: [t, t], apply: ([x, y]: readonly Traced[]) => min(x as Real, y as Real) },
    { label: `logsumexp of three ${t.kind}s`, inputs: [t, t, t], apply: ([x, y, z]: readonly Traced[]) => logsumexp(x as Real, y as Real, scaleBy(3, z as Real)) },
  ]),
  { label: "softmax of three reals", inputs: [realType(), realType(), realType()], apply: ([x, y, z]) => softmax(x as Real, y as Real, scaleBy(3, z as Real))[2]! },
];

/** The larger of two real site scalars, or of two scalars; NaN where one is. At x = y, a kink, each gets half of the derivative. */
export function max<T extends Value>(x: T, y: NoInfer<T>): T {
  return applyOp("max", maxOp, [x, y]) as T;
}

/** The smaller of two real site scalars, or of two scalars; NaN where one is. At x = y, a kink, each gets half of the derivative. */
export function min<T extends Value>(x: T, y: NoInfer<T>): T {
  return neg(max(neg(x as Real), neg(y as Real))) as T;
}

/** The largest value, as a constant: it drops out of every derivative of what it shifts. */
const largest = (xs: readonly Value[]): Real => detach((xs as readonly Real[]).reduce((a, b) => max(a, b)));

/** log(e^x_1 + e^x_2 + ..) of real site scalars or scalars, site by site, without overflow. */
export function logsumexp<T extends Value>(...xs: readonly [T, ...T[]]): T {
  guard("logsumexp", { values: [xs, is.listOf(kind.realOrScalar, 1)] });
  const m = largest(xs);
  const terms = xs.map((x) => exponential(sub(x as Real, m)));
  return add(m, log(terms.length === 1 ? terms[0]! : add(terms[0]!, ...terms.slice(1)))) as Value as T;
}

/** e^x_k / (e^x_1 + e^x_2 + ..) for every k, site by site, without overflow: weights that sum to 1. */
export function softmax<T extends Value>(...xs: readonly [T, ...T[]]): T[] {
  guard("softmax", { values: [xs, is.listOf(kind.realOrScalar, 1)] });
  const m = largest(xs);
  const terms = xs.map((x) => exponential(sub(x as Real, m)));
  const all = terms.length === 1 ? terms[0]! : add(terms[0]!, ...terms.slice(1));
  return terms.map((t) => divide(t, all) as Value as T);
}
