/** s = sum_n r(n) over all sites in a fixed order, and its transpose, the constant field r(n) = s. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Domain } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import type { Real, Scalar } from "../tape.ts";
import { realType, scalarType, typeText } from "../types.ts";
import { scaleBy } from "./combine.ts";
import { factored } from "./factor.ts";
import { guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

export const sumOp: Op = {
  name: "sum",
  role: { is: "barrier" },
  infer([r], _attributes, lattice) {
    if (r!.kind !== "real")
      throw new CovarianceError(`sum: got ${typeText(lattice, r!)}, expected a real site scalar: take reTrace of a closed loop, dot, re or im first`);
    return scalarType;
  },
  simplify(tape, [r]) {
    return factored(tape, r!, (x) => sum(x as Real));
  },
  vjp: ({ inputs: [r], cotangent }) => [broadcast(cotangent as Scalar, (r as Real).type.domain)],
  cost: () => 1,
};

export const sumSamples: Samples = () => [{ label: "real field", inputs: [realType()], apply: ([r]) => sum(r as Real) }];

export const broadcastOp: Op = {
  name: "broadcast",
  role: { is: "broadcast" },
  infer: (_types, attributes) => realType(attributes["domain"] as Domain),
  vjp: ({ cotangent }) => [sum(cotangent as Real)],
  site: (_b, [s]) => [s!(0)],
  cost: () => 0,
};

export const broadcastSamples: Samples = () => [{ label: "scalar", inputs: [scalarType], apply: ([s]) => broadcast(s as Scalar) }];

/** Sum of a real site scalar over its sites; fixed order, so the same bits for any number of threads. */
export function sum(r: Real): Scalar {
  return applyOp("sum", sumOp, [r]) as Scalar;
}

/** Mean over the sites on which r lives. */
export function mean(r: Real): Scalar {
  guard("mean", { r: [r, kind.real] });
  return scaleBy(1 / r.lattice.sites(r.type.domain), sum(r));
}

/** The real field that has the value s at every site. */
export function broadcast(s: Scalar, domain: Domain = "all"): Real {
  guard("broadcast", { s: [s, kind.scalar], domain: [domain, kind.domain] });
  return applyOp("broadcast", broadcastOp, [s], { domain }) as Real;
}
