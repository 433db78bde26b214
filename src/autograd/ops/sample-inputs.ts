/**
 * Inputs on which every op is tested, each beside its op: a list of its own, which only tests read, as no page needs it. The op test compares it with that of all
 * ops, so an op cannot exist without its gradient check.
 */
import type { Samples } from "../op.ts";
import { adjSamples } from "./adj.ts";
import { adjointFormSamples } from "./adjoint-form.ts";
import { atan2Samples } from "./arg.ts";
import { padSamples, repeatSamples, sliceSamples, stackSamples, sumChannelsSamples } from "./channels.ts";
import { combineSamples } from "./combine.ts";
import { complexSamples, imSamples, reSamples } from "./complex.ts";
import { matrixSamples } from "./constants.ts";
import { detSamples } from "./det.ts";
import { extendSamples, mergeSamples, restrictSamples } from "./domain.ts";
import { cdotSamples, dotSamples } from "./dot.ts";
import { expSamples } from "./exp.ts";
import { aliasSamples } from "./flow.ts";
import { inverseSamples } from "./inverse.ts";
import { logDetSamples } from "./log-det.ts";
import { maxSamples } from "./max.ts";
import { mulSamples, mulVectorSamples } from "./mul.ts";
import { normaliseSamples } from "./normalise.ts";
import { outerSamples } from "./outer.ts";
import { argDetSamples, lyapSamples, polarSamples } from "./polar.ts";
import { quaternionPartSamples } from "./quaternion.ts";
import { loopSamples, reverseSamples } from "./repeat.ts";
import { batchSumSamples, spreadSamples } from "./samples.ts";
import { scaleSamples } from "./scale.ts";
import { shiftSamples } from "./shift.ts";
import { solveSamples } from "./solve.ts";
import { spinSamples } from "./spin.ts";
import { sumLogsSamples } from "./sum-logs.ts";
import { broadcastSamples, sumSamples } from "./sum.ts";
import { taSamples } from "./ta.ts";
import { contractSamples, correlateSamples, fillSamples, tensorSumSamples } from "./tensors.ts";
import { reTraceSamples, traceSamples } from "./trace.ts";
import { unarySamples } from "./unary.ts";
import { updateLogDetSamples } from "./update-log-det.ts";
import { keepSamples, whereSamples } from "./where.ts";

/** No data to differentiate by, or a value that nothing else can be told of: what uses them has samples. */
const none: Samples = () => [];

/** Samples by the name of the op. */
export const sampleInputs: Readonly<Record<string, Samples>> = {
  number: none, constant: none, unit: none, detach: none, after: none, traceGradient: none, overlapLogDet: none, overlapGradient: none, asMatrix: none,
  adj: adjSamples, adjointForm: adjointFormSamples, atan2: atan2Samples, pad: padSamples, repeatChannels: repeatSamples, slice: sliceSamples, stack: stackSamples,
  sumChannels: sumChannelsSamples, combine: combineSamples, complex: complexSamples, im: imSamples, re: reSamples, matrix: matrixSamples, det: detSamples,
  extend: extendSamples, merge: mergeSamples, restrict: restrictSamples, cdot: cdotSamples, dot: dotSamples, exp: expSamples, alias: aliasSamples,
  inverse: inverseSamples, logDet: logDetSamples, max: maxSamples, mul: mulSamples, mulVector: mulVectorSamples, normalise: normaliseSamples, outer: outerSamples,
  argDet: argDetSamples, lyap: lyapSamples, polar: polarSamples, quaternionPart: quaternionPartSamples, repeat: loopSamples, "repeat backwards": reverseSamples,
  batchSum: batchSumSamples, spread: spreadSamples, scale: scaleSamples, shift: shiftSamples, solve: solveSamples, spin: spinSamples, sumLogs: sumLogsSamples,
  broadcast: broadcastSamples, sum: sumSamples, ta: taSamples, siteConv: contractSamples, siteCorrelation: correlateSamples, fill: fillSamples,
  tensorSum: tensorSumSamples, reTrace: reTraceSamples, trace: traceSamples, unary: unarySamples, updateLogDet: updateLogDetSamples, keep: keepSamples,
  where: whereSamples,
};
