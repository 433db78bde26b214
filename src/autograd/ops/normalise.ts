/**
 * y = x / |x| of a spin field. Rule: x' = (y' - (y . y') y) / |x|, the part of y' in the tangent plane at y.
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import type { Spin, Traced } from "../tape.ts";
import { type SpinType, spinType, typeText } from "../types.ts";
import { add, scaleBy, sub } from "./combine.ts";
import { dot } from "./dot.ts";
import { scale } from "./scale.ts";
import { shift } from "./shift.ts";
import { reciprocal, sqrt } from "./unary.ts";
import { guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

export const normaliseOp: Op = {
  name: "normalise",
  infer([x], _attributes, lattice) {
    if (x!.kind !== "spin") throw new CovarianceError(`normalise: got ${typeText(lattice, x!)}, expected a spin field`);
    return { ...x!, unit: true };
  },
  vjp: ({ inputs: [x], output, cotangent }) => [scale(reciprocal(sqrt(dot(x as Spin, x as Spin))), tangent(output as Spin, cotangent as Spin))],
  site(b, [x]) {
    const norm = b.sqrt(b.fma(x!(2), x!(2), b.fma(x!(1), x!(1), b.mul(x!(0), x!(0)))));
    const inverse = b.div(b.constant(1), norm);
    return [0, 1, 2].map((i) => b.mul(x!(i), inverse));
  },
  cost: () => 30,
};

export const normaliseSamples: Samples = () => {
  const t: SpinType = spinType();
  const apply = ([a]: readonly Traced[]): Spin => normalise(a as Spin);
  return [
    { label: "spins", inputs: [t], apply },
    { label: "averaged spins", inputs: [t], apply: ([a]) => normalise(add(a as Spin, scaleBy(0.3, shift(a as Spin, 1, -1)))) },
  ];
};

/** The unit vector x / |x| at every site; x must not vanish. */
export function normalise(x: Spin): Spin {
  return applyOp("normalise", normaliseOp, [x]) as Spin;
}

/** v - (s . v) s: the part of v in the tangent plane of the unit spins s. */
export function tangent(s: Spin, v: Spin): Spin {
  guard("tangent", { s: [s, kind.traced], v: [v, kind.traced] });
  return sub(v, scale(dot(s, v), s));
}
