/** The list of all ops. The op test loops over it and its samples (sample-inputs.ts), so an op cannot exist without its gradient check. */
import type { Op } from "../op.ts";
import { adjOp } from "./adj.ts";
import { adjointFormOp } from "./adjoint-form.ts";
import { atan2Op } from "./arg.ts";
import { padOp, repeatOp, sliceOp, stackOp, sumChannelsOp } from "./channels.ts";
import { combine } from "./combine.ts";
import { complexOp, imOp, reOp } from "./complex.ts";
import { constantOp, matrixOp, numberOp, unitOp } from "./constants.ts";
import { detOp } from "./det.ts";
import { extendOp, mergeOp, restrictOp } from "./domain.ts";
import { cdotOp, dotOp } from "./dot.ts";
import { expOp } from "./exp.ts";
import { afterOp, aliasOp, detachOp } from "./flow.ts";
import { inverseOp } from "./inverse.ts";
import { logDetOp, traceGradientOp } from "./log-det.ts";
import { overlapGradientOp, overlapLogDetOp } from "./overlap-log-det.ts";
import { maxOp } from "./max.ts";
import { mulOp, mulVectorOp } from "./mul.ts";
import { normaliseOp } from "./normalise.ts";
import { outerOp } from "./outer.ts";
import { argDetOp, lyapOp, polarOp } from "./polar.ts";
import { batchSumOp, spreadOp } from "./samples.ts";
import { loopOp, reverseOp } from "./repeat.ts";
import { asMatrixOp, quaternionPartOp } from "./quaternion.ts";
import { scaleOp } from "./scale.ts";
import { shiftOp } from "./shift.ts";
import { solveOp } from "./solve.ts";
import { spinOp } from "./spin.ts";
import { sumLogsOp } from "./sum-logs.ts";
import { broadcastOp, sumOp } from "./sum.ts";
import { taOp } from "./ta.ts";
import { contractOp, correlateOp, fillOp, tensorSumOp } from "./tensors.ts";
import { reTraceOp, traceOp } from "./trace.ts";
import { unaryOp } from "./unary.ts";
import { updateLogDetOp } from "./update-log-det.ts";
import { keepOp, whereOp } from "./where.ts";

/** All ops that a tape can record. */
export const allOps: readonly Op[] = [
  combine, mulOp, mulVectorOp, adjOp, shiftOp, scaleOp, dotOp, cdotOp, outerOp, normaliseOp, traceOp, reTraceOp, taOp, expOp, polarOp, lyapOp,
  argDetOp, unaryOp, complexOp, reOp, imOp, sumOp, broadcastOp, restrictOp, mergeOp, extendOp, solveOp, spinOp, detachOp, aliasOp, afterOp,
  numberOp, constantOp, unitOp, matrixOp, keepOp, whereOp, maxOp,
  atan2Op, inverseOp, detOp, adjointFormOp, updateLogDetOp, sumLogsOp, logDetOp, traceGradientOp, overlapLogDetOp, overlapGradientOp, spreadOp, batchSumOp,
  stackOp, sliceOp, padOp, repeatOp, sumChannelsOp, contractOp, correlateOp, tensorSumOp, fillOp,
  loopOp, reverseOp, quaternionPartOp, asMatrixOp,
];
