/** What a run has found so far, from its own lines. */
import { type Estimate, acceptanceError, gammaMethod, table, withError } from "../../util/index.ts";
import { demonCouplings } from "./demon-couplings.ts";
import { derivedEstimates } from "./derived.ts";
import { flowScaleSeries } from "./flow-scale-series.ts";
import { alarmsOf, expMinusDH } from "./health.ts";
import type { CheckpointState, MeasurementRecord, MetricsRecord, TrajectoryRecord } from "../records.ts";

/** Fewest values of which an error and an autocorrelation time mean anything. */
const ENOUGH = 8;

export interface RunSummary {
  /** Trajectories by phase. */
  readonly phases: { readonly [phase: string]: { readonly trajectories: number; readonly acceptance: number } };
  /** Of production: acceptance, <exp(-dH)>, plaquette and what was measured; tau_int in trajectories or measurements. */
  readonly estimates: { readonly [name: string]: Estimate };
  /** Largest deviation that the self-checks saw, and their number. */
  readonly checks: { readonly number: number; readonly reversibility: number; readonly unitarity: number };
  /** Losses of the first and the last tenth of the training steps. */
  readonly loss?: { readonly first: number; readonly last: number; readonly steps: number };
  readonly parameters: { readonly [name: string]: number };
  /** Why the production cannot be trusted, one sentence each. */
  readonly alarms: readonly string[];
}

const isTrajectory = (r: MetricsRecord): r is TrajectoryRecord => r.kind === "trajectory";

/** Summary of a run's lines. Estimates are of production, with errors by the Gamma method (hep-lat/0306017), of series with at least 8 values. */
export function summaryOf(records: readonly MetricsRecord[], parameters: CheckpointState["parameters"]): RunSummary {
  const phases: Record<string, { trajectories: number; acceptance: number }> = {};
  for (const phase of ["thermalise", "train", "sample"] as const) {
    const own = records.filter((r) => isTrajectory(r) && r.phase === phase) as readonly TrajectoryRecord[];
    if (own.length > 0) phases[phase] = { trajectories: own.length, acceptance: own.filter((r) => r.accepted).length / own.length };
  }
  const sampled = records.filter((r): r is TrajectoryRecord => isTrajectory(r) && r.phase === "sample");
  const measured = records.filter((r): r is MeasurementRecord => r.kind === "measurement");
  const checks = records.filter((r) => r.kind === "check");
  const losses = records.flatMap((r) => (r.kind === "training" || r.kind === "epoch" ? [r.value] : []));
  return {
    phases,
    estimates: estimatesOf(records),
    checks: { number: checks.length, reversibility: Math.max(0, ...checks.map((r) => r.reversibility)), unitarity: Math.max(0, ...checks.map((r) => r.unitarity)) },
    ...(losses.length > 0 ? { loss: lossOf(losses) } : {}),
    alarms: alarmsOf(sampled, measured),
    parameters: Object.fromEntries((parameters?.names ?? []).map((name, k) => [name, parameters!.values[k]!])),
  };
}

/** The series of a production by name: decisions, exp(-dH), plaquettes of every trajectory, what was measured, and what follows from means of that. */
export function productionSeries(records: readonly MetricsRecord[]): readonly (readonly [name: string, values: readonly number[]])[] {
  const sampled = records.filter((r): r is TrajectoryRecord => isTrajectory(r) && r.phase === "sample");
  const measured = records.filter((r): r is MeasurementRecord => r.kind === "measurement");
  // what is measured may have changed on the way
  const names = [...new Set(measured.flatMap((r) => Object.keys(r.values)))];
  return [
    ["acceptance", sampled.map((r) => Number(r.accepted))],
    ["exp(-dH)", expMinusDH(sampled)],
    ...(sampled.some((r) => r.plaquette !== undefined) ? [["plaquette", sampled.map((r) => r.plaquette ?? Number.NaN)] as const] : []),
    ...names.map((name) => [name, measured.flatMap((r) => r.values[name] ?? [])] as const),
    ...flowScaleSeries(measured),
  ];
}

function estimatesOf(records: readonly MetricsRecord[]): Record<string, Estimate> {
  const series = productionSeries(records);
  const found: Record<string, Estimate> = Object.fromEntries(
    series.flatMap(([name, values]) => {
      if (values.length < ENOUGH) return [];
      const e = gammaMethod(values);
      return [[name, name === "acceptance" ? { ...e, error: acceptanceError(e.mean, e.n, e.tauInt) } : e]];
    }),
  );
  return { ...found, ...demonCouplings(found), ...derivedEstimates(new Map(series), ENOUGH) };
}

function lossOf(losses: readonly number[]): NonNullable<RunSummary["loss"]> {
  const n = Math.max(1, Math.floor(losses.length / 10));
  const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v / x.length, 0);
  return { first: mean(losses.slice(0, n)), last: mean(losses.slice(-n)), steps: losses.length };
}

/** The summary as text for a terminal. */
export function summaryText({ phases, estimates, checks, loss, parameters, alarms }: RunSummary): string {
  const parts = Object.entries(phases).map(([phase, { trajectories, acceptance }]) => `${phase}: ${trajectories} trajectories, acceptance ${acceptance.toFixed(3)}`);
  if (checks.number > 0) parts.push(`checks: ${checks.number} trajectories repeated with the same bits; forward and back |U - U_0| <= ${checks.reversibility.toExponential(1)}; off the group <= ${checks.unitarity.toExponential(1)}`);
  if (loss) parts.push(`loss: ${loss.first.toPrecision(4)} at the beginning, ${loss.last.toPrecision(4)} at the end of ${loss.steps} steps`);
  const learnt = Object.entries(parameters);
  if (learnt.length > 0 && learnt.length <= 24) parts.push("", table(["parameter", "value"], learnt.map(([name, x]) => [name, x.toPrecision(6)])));
  const rows = Object.entries(estimates).map(([name, e]) => [name, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError)]);
  if (rows.length > 0) parts.push("", table(["quantity", "mean", "tau_int"], rows));
  if (alarms.length > 0) parts.push("", ...alarms.map((text) => `warning: ${text}`));
  return parts.join("\n");
}
