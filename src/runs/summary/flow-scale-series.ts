/**
 * t0 and w0 of an ensemble from the energies along the flow of every measurement: the scales are functions f of the means, and their errors those of the series
 * f(m) + sum_i df/dE_i (E_i - m_i), with its autocorrelations (hep-lat/0306017).
 */
import { scalesOf } from "../../gauge/index.ts";
import type { MeasurementRecord } from "../records.ts";

/** Relative step of the differences. */
const STEP = 1e-5;

/** Series with the mean and the fluctuations of t0 and w0; without a scale that the flow has not reached. */
export function flowScaleSeries(measured: readonly MeasurementRecord[]): readonly (readonly [name: string, values: readonly number[]])[] {
  const all = Object.keys(measured[0]?.values ?? {}).flatMap((name) => (/^(?:[\w-]+\.)?flowE\(/.test(name) ? [name] : []));
  return [...new Set(all.map((name) => name.slice(0, name.indexOf("flowE("))))].flatMap((prefix) => scalesBehind(prefix, all.filter((name) => name.startsWith(`${prefix}flowE(`)), measured));
}

function scalesBehind(prefix: string, names: readonly string[], measured: readonly MeasurementRecord[]): (readonly [name: string, values: readonly number[]])[] {
  const rows = measured.filter((r) => names.every((name) => r.values[name] !== undefined)).map((r) => names.map((name) => r.values[name]!));
  const times = names.map((name) => Number(name.slice(prefix.length + "flowE(".length, -1)));
  if (names.length < 5 || rows.length === 0) return [];
  const mean = times.map((_, i) => rows.reduce((s, row) => s + row[i]! / rows.length, 0));
  const scale = (which: "t0" | "w0", energies: readonly number[]): number | undefined => scalesOf(times.map((t, i) => ({ t, energy: energies[i]! })))[which];
  return (["t0", "w0"] as const).flatMap((which) => {
    const at = scale(which, mean);
    if (at === undefined) return [];
    const slopes = mean.map((m, i) => {
      const h = STEP * Math.max(Math.abs(m), 1e-12);
      const [up, down] = [1, -1].map((s) => scale(which, mean.map((x, k) => (k === i ? x + s * h : x))));
      return up === undefined || down === undefined ? 0 : (up - down) / (2 * h);
    });
    return [[`${prefix}${which}`, rows.map((row) => at + row.reduce((s, e, i) => s + slopes[i]! * (e - mean[i]!), 0))] as const];
  });
}
