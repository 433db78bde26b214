/** Signs that a production cannot be trusted: what no exact chain shows, but for one in a thousand or less. */
import { gammaMethod } from "../../util/index.ts";
import type { MeasurementRecord, TrajectoryRecord } from "../records.ts";

/** Trajectories from which on a series says anything. */
const FEW = 20;
/** Errors from 1 at which <exp(-dH)> is far from it, and the least distance that is worth a word. */
const FAR = 5;
const LEAST = 0.05;

/** Longest run of rejections, and the trajectory that begins it. */
export function longestRejection(sampled: readonly TrajectoryRecord[]): { readonly length: number; readonly from: number } {
  let [length, from, own] = [0, 0, 0];
  for (const r of sampled) {
    own = r.accepted ? 0 : own + 1;
    if (own > length) [length, from] = [own, r.trajectory - own + 1];
  }
  return { length, from };
}

/** exp(-dH) of trajectories whose dH is known; nothing for updates without a Metropolis step, as heatbath, whose dH is 0 throughout. */
export function expMinusDH(sampled: readonly TrajectoryRecord[]): readonly number[] {
  if (sampled.every((r) => r.dH === 0)) return [];
  return sampled.filter((r) => r.failed === undefined).map((r) => Math.exp(-r.dH));
}

/** What is wrong with a production, one sentence each; none when nothing is, or when there are too few trajectories to tell. */
export function alarmsOf(sampled: readonly TrajectoryRecord[], measured: readonly MeasurementRecord[]): string[] {
  return [...acceptanceAlarms(sampled), ...energyAlarms(sampled), ...errorAlarms(sampled, measured)];
}

/** No acceptance at all, or a run of rejections that the acceptance of the rest makes less likely than 1 in 1000. */
function acceptanceAlarms(sampled: readonly TrajectoryRecord[]): string[] {
  const n = sampled.length;
  const { length, from } = longestRejection(sampled);
  const advice = "the steps are too long or the start was not thermalised: use smaller steps, a longer thermalisation, or sampler.acceptAlways for its first trajectories";
  if (length === n && n >= FEW / 2) return [`no trajectory of ${n} was accepted: ${advice}`];
  const rest = (sampled.filter((r) => r.accepted).length + 1) / (n - length + 2);
  if (length >= FEW && n * (1 - rest) ** length < 1e-3) return [`no trajectory was accepted from ${from} to ${from + length - 1}: ${advice}`];
  return [];
}

/** Exactness needs <exp(-dH)> = 1. Few values of a wide distribution underestimate its error, so that of normal dH with the same mean, exp(2 <dH>) - 1, is a lower bound, unless hardly anything is accepted. */
function energyAlarms(sampled: readonly TrajectoryRecord[]): string[] {
  const values = expMinusDH(sampled);
  if (values.length < FEW) return [];
  const { mean, error, n } = gammaMethod(values);
  const meanDH = sampled.reduce((s, r) => s + (r.failed === undefined ? r.dH : 0), 0) / n;
  const accepted = sampled.filter((r) => r.accepted).length / sampled.length;
  const bound = accepted < 0.1 ? error : Math.max(error, Math.sqrt(Math.expm1(2 * Math.min(Math.max(meanDH, 0), 300)) / n));
  if (Math.abs(mean - 1) <= Math.max(FAR * bound, LEAST)) return [];
  return [`<exp(-dH)> is ${mean.toPrecision(4)} with an error of ${error.toPrecision(2)}, expected 1: the chain is not in equilibrium, its steps are too long, or the solutions of the Metropolis step are not exact enough`];
}

/** Plaquettes that are all equal, or values that are not finite, have no error bar. */
function errorAlarms(sampled: readonly TrajectoryRecord[], measured: readonly MeasurementRecord[]): string[] {
  const plaquettes = sampled.flatMap((r) => (r.plaquette === undefined ? [] : [r.plaquette]));
  const bad = [...(plaquettes.every(Number.isFinite) ? [] : ["plaquette"]), ...new Set(measured.flatMap((r) => Object.entries(r.values).flatMap(([name, x]) => (Number.isFinite(x) ? [] : [name]))))];
  const out = bad.length > 0 ? [`no error bar of ${bad.join(", ")}: got values that are not finite`] : [];
  if (plaquettes.length >= FEW / 2 && plaquettes.every((x) => x === plaquettes[0])) out.push(`no error bar of the plaquette: its ${plaquettes.length} values are all equal, the links do not move`);
  return out;
}
