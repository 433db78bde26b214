/** Parts of a complex site scalar. z = x + i y: z' = x' + i y'. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import type { Complex, Real } from "../tape.ts";
import { complexType, realType, typeText } from "../types.ts";
import { scaleBy } from "./combine.ts";
import { dotOp } from "./dot.ts";
import { jointDomain } from "./domain.ts";

function part(name: "re" | "im", component: 0 | 1): Op {
  return {
    name,
    linear: true,
    infer([z], _attributes, lattice) {
      if (z!.kind !== "complex") throw new CovarianceError(`${name}: got ${typeText(lattice, z!)}, expected a complex site scalar`);
      return realType(z!.domain);
    },
    simplify: (tape, [z]) => {
      const n = tape.node(z!.id);
      return n.op === complexOp ? tape.traced(n.inputs[component]!) : undefined;
    },
    vjp: ({ cotangent }) => {
      const r = cotangent as Real;
      const zero = scaleBy(0, r);
      return [component === 0 ? complex(r, zero) : complex(zero, r)];
    },
    site: (_b, [z]) => [z!(component)],
    cost: () => 0,
  };
}

export const reOp = part("re", 0);
export const imOp = part("im", 1);

export const reSamples: Samples = () => [{ label: "re", inputs: [complexType()], apply: ([z]) => re(z as Complex) }];
export const imSamples: Samples = () => [{ label: "im", inputs: [complexType()], apply: ([z]) => im(z as Complex) }];

export const complexOp: Op = {
  name: "complex",
  linear: true,
  infer([x, y], _attributes, lattice) {
    if (x!.kind !== "real" || y!.kind !== "real") throw new CovarianceError(`complex: got ${typeText(lattice, x!)} and ${typeText(lattice, y!)}, expected two real site scalars`);
    return complexType(jointDomain("complex", x!, y!));
  },
  vjp: ({ cotangent: z, needs }) => [needs[0] ? re(z as Complex) : undefined, needs[1] ? im(z as Complex) : undefined],
  site: (_b, [x, y]) => [x!(0), y!(0)],
  cost: () => 0,
};

export const complexSamples: Samples = () => [{ label: "x + iy", inputs: [realType(), realType()], apply: ([x, y]) => complex(x as Real, y as Real) }];

/** Real part of a complex site scalar. */
export const re = (z: Complex): Real => applyOp("re", reOp, [z]) as Real;
/** Imaginary part of a complex site scalar. */
export const im = (z: Complex): Real => applyOp("im", imOp, [z]) as Real;
/** x + i y. */
export const complex = (x: Real, y: Real): Complex => applyOp("complex", complexOp, [x, y]) as Complex;
/** |z|^2. */
export const abs2 = (z: Complex): Real => applyOp("abs2", dotOp, [z, z]) as Real;
