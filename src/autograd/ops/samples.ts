/**
 * Scalars of a batch. sum_b s_b over the samples, one number for all of them, and its transpose, the shared number s as that of every sample.
 * A number that is shared and meets one that is not is spread by the tape. On a lattice with one sample both are the number itself.
 */
import { CovarianceError } from "../../errors.ts";
import { guard } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Op, Samples } from "../op.ts";
import type { Scalar, Traced } from "../tape.ts";
import { type ValueType, isShared, scalarType, sharedScalarType, typeText } from "../types.ts";
import { scaleBy } from "./combine.ts";
import { numberOp } from "./constants.ts";

export const spreadOp: Op = {
  name: "spread",
  role: { is: "spread" },
  linear: true,
  infer: () => scalarType,
  simplify(tape, [s]) {
    if (!isShared(s!.type)) return s;
    const n = tape.node(s!.id);
    // a number known while recording stays known
    return n.op === numberOp ? tape.apply(numberOp, [], { ...n.attributes, each: true }) : undefined;
  },
  vjp: ({ cotangent }) => [batchSum(cotangent as Scalar)],
  site: (_b, [s]) => [s!(0)],
  cost: () => 0,
};

export const spreadSamples: Samples = () => [{ label: "scalar", inputs: [scalarType], apply: ([s]) => spread(s as Scalar) }];

export const batchSumOp: Op = {
  name: "batchSum",
  role: { is: "samples" },
  linear: true,
  infer([s], _attributes, lattice) {
    if (s!.kind !== "scalar") throw new CovarianceError(`batchSum: got ${typeText(lattice, s!)}, expected a scalar: take sum or mean of a real site scalar first`);
    return sharedScalarType(lattice);
  },
  simplify({ lattice }, [s]) {
    if (s!.type.kind !== "scalar") return undefined;
    if (isShared(s!.type)) return scaleBy(lattice.batch, s!);
    return lattice.batch === 1 ? s : undefined;
  },
  vjp: ({ cotangent }) => [spread(cotangent as Scalar)],
  cost: () => 0,
};

export const batchSumSamples: Samples = () => [{ label: "scalar", inputs: [scalarType], apply: ([s]) => batchSum(s as Scalar) }];

/** A shared scalar as the scalar of every sample. */
export const spread = (s: Scalar): Scalar => applyOp("spread", spreadOp, [s]) as Scalar;

/** Sum over the samples of a batch, in their order: one number for all of them. On a lattice with one sample the number itself. */
export function batchSum(s: Scalar): Scalar {
  return applyOp("batchSum", batchSumOp, [s]) as Scalar;
}

/** Mean over the samples of a batch, one number for all of them: what a loss on a batch is. On a lattice with one sample the number itself. */
export function batchMean(s: Scalar): Scalar {
  guard("batchMean", { s: [s, kind.scalar] });
  return isShared(s.type) ? s : scaleBy(1 / s.lattice.batch, batchSum(s));
}

/** A scalar as one of the given type: spread where it is shared, summed over the samples where it has to be; anything else as it is. */
export function asScalarOf(x: Traced, type: ValueType): Traced {
  if (x.type.kind !== "scalar" || type.kind !== "scalar" || isShared(x.type) === isShared(type)) return x;
  return isShared(type) ? batchSum(x as Scalar) : spread(x as Scalar);
}
