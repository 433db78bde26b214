/**
 * atan2(y, x), the angle of (x, y) in (-pi, pi]. Rule: y' = x c' / (x^2 + y^2), x' = -y c' / (x^2 + y^2). It jumps by 2 pi across the
 * negative x axis, which the derivative does not see, and has none at the origin. With it the functions of a complex site scalar.
 */
import { CovarianceError } from "../../errors.ts";
import { guard } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Op, Samples } from "../op.ts";
import type { Complex, Real, Scalar } from "../tape.ts";
import { complexType, realType, scalarType, typeText } from "../types.ts";
import { conj } from "./adj.ts";
import { add, neg, scaleBy } from "./combine.ts";
import { abs2, complex, im, re } from "./complex.ts";
import { jointDomain } from "./domain.ts";
import { scale } from "./scale.ts";
import * as real from "./unary.ts";

type Value = Real | Scalar;

export const atan2Op: Op = {
  name: "atan2",
  infer([y, x], _attributes, lattice) {
    if ((y!.kind !== "real" && y!.kind !== "scalar") || x!.kind !== y!.kind)
      throw new CovarianceError(`atan2: got ${typeText(lattice, y!)} and ${typeText(lattice, x!)}, expected two real site scalars or two scalars`);
    return y!.kind === "scalar" ? scalarType : realType(jointDomain("atan2", y!, x!));
  },
  vjp: ({ inputs, cotangent, needs }) => {
    const [y, x] = inputs as readonly Real[];
    const c = real.times(real.reciprocal(add(real.square(x!), real.square(y!))), cotangent as Value) as Real;
    return [needs[0] ? real.times(x!, c) : undefined, needs[1] ? neg(real.times(y!, c) as Real) : undefined];
  },
  site: (b, [y, x]) => [b.call("atan2", y!(0), x!(0))],
  cost: () => 30,
};

export const atan2Samples: Samples = () => {
  const z = complexType();
  // away from the origin and from the cut
  const right = (x: Complex): Complex => complex(add(real.square(re(x)), real.exponential(re(x))), im(x));
  return [
    { label: "of reals", inputs: [realType(), realType()], apply: ([y, x]) => atan2(y as Real, real.exponential(x as Real)) },
    { label: "of scalars", inputs: [scalarType, scalarType], apply: ([y, x]) => atan2(y as Scalar, real.exponential(x as Scalar)) },
    { label: "argument of a complex", inputs: [z], apply: ([x]) => arg(right(x as Complex)) },
    { label: "complex logarithm", inputs: [z], apply: ([x]) => log(right(x as Complex)) },
    { label: "complex exponential", inputs: [z], apply: ([x]) => exponential(x as Complex) },
    { label: "complex quotient", inputs: [z, z], apply: ([x, y]) => divide(x as Complex, right(y as Complex)) },
  ];
};

/** Angle of the point (x, y) in (-pi, pi]; jumps across the negative x axis, no derivative at the origin. */
export function atan2<T extends Value>(y: T, x: NoInfer<T>): T {
  return applyOp("atan2", atan2Op, [y, x]) as T;
}

/** Argument of a complex site scalar in (-pi, pi]; jumps across the negative real axis, no derivative at zero. */
export const arg = (z: Complex): Real => atan2(im(z), re(z));

/** e^x of a real or complex site scalar or of a scalar (`exp` is the matrix exponential). */
export function exponential<T extends Value | Complex>(x: T): T {
  guard("exponential", { x: [x, kind.traced] });
  if (x.type.kind !== "complex") return real.exponential(x as Value) as T;
  const [r, phi] = [real.exponential(re(x as Complex)), im(x as Complex)];
  return complex(scale(r, real.cos(phi)), scale(r, real.sin(phi))) as T;
}

/** Natural logarithm: of a positive real site scalar or scalar; of a complex site scalar its principal value log|z| + i arg z, with the cut along the negative real axis. */
export function log<T extends Value | Complex>(x: T): T {
  guard("log", { x: [x, kind.traced] });
  if (x.type.kind !== "complex") return real.log(x as Value) as T;
  return complex(scaleBy(0.5, real.log(abs2(x as Complex))), arg(x as Complex)) as T;
}

/** 1 / x of a real or complex site scalar or of a scalar. */
export function reciprocal<T extends Value | Complex>(x: T): T {
  guard("reciprocal", { x: [x, kind.traced] });
  if (x.type.kind !== "complex") return real.reciprocal(x as Value) as T;
  return scale(real.reciprocal(abs2(x as Complex)), conj(x as Complex)) as T;
}

/** a / b of real or complex site scalars or of scalars, as a times 1 / b. */
export function divide<T extends Value | Complex>(a: T, b: NoInfer<T>): T {
  guard("divide", { a: [a, kind.traced], b: [b, kind.traced] });
  if (a.type.kind !== "complex") return real.divide(a as Value, b as Value) as T;
  return scale(reciprocal(b as unknown as Complex), a as Complex) as T;
}
