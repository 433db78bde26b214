/** From the lines of a run to series, estimates and autocorrelation functions. */
import { type Estimate, acceptanceError, autocorrelation, gammaMethod, withError } from "../../util/index.ts";
import { type MeasurementRecord, type MetricsRecord, type TrajectoryRecord, builtIn, demonLabel } from "#platform/runs/index";

/** One observable along the production, with the trajectories after which it was measured. */
export interface ObservableSeries {
  /** As in metrics.jsonl. */
  readonly name: string;
  /** As people write it. */
  readonly label: string;
  readonly at: readonly number[];
  readonly values: readonly number[];
  /** Trajectories between two measurements. */
  readonly every: number;
}

/** The lines of one kind. */
export function only<K extends MetricsRecord["kind"]>(metrics: readonly MetricsRecord[], kind: K): Extract<MetricsRecord, { kind: K }>[] {
  return metrics.filter((r): r is Extract<MetricsRecord, { kind: K }> => r.kind === kind);
}

/** JSON has no NaN and writes null. */
export const num = (x: unknown): number => (typeof x === "number" ? x : Number.NaN);

/** Production trajectories. */
export function produced(metrics: readonly MetricsRecord[]): TrajectoryRecord[] {
  return only(metrics, "trajectory").filter((r) => r.phase === "sample");
}

/** Name of an observable in tables and plots. */
export function labelOf(name: string): string {
  if (name.startsWith("wilson(")) return name.replace("wilson", "Wilson loop W");
  const demon = demonLabel(name);
  if (demon !== undefined) return demon;
  for (const part of builtIn.list("observable")) {
    const label = part.label?.(name) ?? (part.name === name ? part.title : undefined);
    if (label !== undefined) return label;
  }
  return name;
}

/** The plaquette of every production trajectory, and everything that was measured. */
export function observables(metrics: readonly MetricsRecord[]): ObservableSeries[] {
  const sampled = produced(metrics);
  const measured = only(metrics, "measurement");
  const plaquette: ObservableSeries = { name: "plaquette", label: "plaquette", at: sampled.map((r) => r.trajectory), values: sampled.map((r) => num(r.plaquette ?? null)), every: 1 };
  return [...(sampled.some((r) => r.plaquette !== undefined) ? [plaquette] : []), ...namesOf(measured).filter((n) => n !== "plaquette").map((name) => seriesOf(measured, name))];
}

function namesOf(measured: readonly MeasurementRecord[]): string[] {
  return [...new Set(measured.flatMap((r) => Object.keys(r.values ?? {})))];
}

function seriesOf(measured: readonly MeasurementRecord[], name: string): ObservableSeries {
  const own = measured.filter((r) => r.values?.[name] !== undefined);
  const at = own.map((r) => r.trajectory);
  return { name, label: labelOf(name), at, values: own.map((r) => num(r.values[name])), every: spacing(at) };
}

/** Smallest distance of neighbours. */
export function spacing(at: readonly number[]): number {
  return at.length < 2 ? 1 : Math.max(1, at.slice(1).reduce((m, x, k) => Math.min(m, x - at[k]!), Infinity));
}

/** Fewest values of which an error means anything. */
const ENOUGH = 8;

/** Mean, error and tau_int; undefined for too few values or for values that are not finite. */
export function estimate(values: readonly number[]): Estimate | undefined {
  return values.length < ENOUGH || !values.every(Number.isFinite) ? undefined : gammaMethod(values);
}

/** Acceptance with the binomial error of correlated decisions. */
export function acceptanceOf(sampled: readonly TrajectoryRecord[]): Estimate | undefined {
  const e = estimate(sampled.map((r) => Number(r.accepted === true)));
  return e && { ...e, error: acceptanceError(e.mean, e.n, e.tauInt) };
}

/** `0.70265(10)`, or a dash. */
export function valueText(e: Estimate | undefined): string {
  return e ? withError(e.mean, e.error).replaceAll("-", "−") : "–";
}

/** tau_int in trajectories with its error, or a dash. */
export function tauText(e: Estimate | undefined, every: number): string {
  return e && e.error > 0 ? withError(every * e.tauInt, every * e.tauIntError) : "–";
}

/**
 * rho(t) up to maxLag with the errors of the Madras-Sokal approximation, hep-lat/0409106 (E.11):
 * delta rho(t)^2 = (1/n) sum_{k=1}^{t+L} [rho(k+t) + rho(|k-t|) - 2 rho(k) rho(t)]^2, L = 100.
 */
export function correlations(values: readonly number[], maxLag: number): { readonly rho: Float64Array; readonly error: Float64Array } {
  const n = values.length;
  const cutoff = 100;
  const all = autocorrelation(values, Math.min(n - 2, 2 * maxLag + cutoff));
  const rho = all.slice(0, maxLag + 1);
  const at = (t: number): number => all[Math.abs(t)] ?? 0;
  const error = rho.map((r, t) => {
    let s = 0;
    for (let k = 1; k <= t + cutoff; k++) s += (at(k + t) + at(k - t) - 2 * at(k) * r) ** 2;
    return t === 0 ? 0 : Math.sqrt(s / n);
  });
  return { rho, error };
}
