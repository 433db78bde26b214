/** Autocorrelation functions: how many trajectories one independent configuration costs. */
import * as Plot from "#platform/report/plot";
import { GeometryError } from "../errors.ts";
import { curveMarks, emptyMessage, legendOf, named, notesOf } from "./curves.ts";
import { frame } from "./frame.ts";
import { seriesStyle } from "./palette.ts";
import type { PlotSize } from "./plots.ts";
import { extent, toPoints } from "./series.ts";
import { numberText } from "./text.ts";

/** A normalised autocorrelation function rho(t), t = 0, 1, ..., with what the Gamma method made of it. */
export interface Autocorrelation {
  readonly name: string;
  readonly rho: ArrayLike<number>;
  readonly error?: ArrayLike<number> | undefined;
  readonly tauInt?: number | undefined;
  readonly tauIntError?: number | undefined;
  /** Summation window W of tau_int; marked by a vertical line. */
  readonly window?: number | undefined;
}

/** Options of {@link autocorrelationPlot}. */
export interface AutocorrelationPlotOptions extends PlotSize {
  readonly series: readonly Autocorrelation[];
  readonly title: string;
  /** Largest separation shown; by default three windows, or all. */
  readonly maxLag?: number | undefined;
  readonly xLabel?: string | undefined;
}

/** Autocorrelation functions with errors, summation windows and tau_int in the legend. */
export function autocorrelationPlot(options: AutocorrelationPlotOptions): string {
  const windows = options.series.flatMap((s) => (s.window === undefined ? [] : [s.window]));
  const maxLag = options.maxLag ?? (windows.length === options.series.length && windows.length > 0 ? 3 * Math.max(...windows, 4) : Infinity);
  const series = options.series.map(({ name, rho, error, tauInt, tauIntError }) => {
    const n = Math.min(rho.length, maxLag + 1);
    const cut = (a: ArrayLike<number>): number[] => Array.from(a).slice(0, n);
    const tau = tauInt === undefined ? "" : `, τ = ${numberText(tauInt, 3)}${tauIntError === undefined ? "" : ` ± ${numberText(tauIntError, 2)}`}`;
    if (error !== undefined && error.length !== rho.length) throw new GeometryError(`autocorrelationPlot: series "${name}" has ${rho.length} rho and ${error.length} error values, expected equal lengths`);
    return { name: name + tau, x: cut(rho).map((_, t) => t), y: cut(rho), error: error && cut(error) };
  });
  const cleaned = series.map((s) => toPoints("autocorrelationPlot", s));
  const shown = cleaned.flatMap((c) => c.points.filter((p) => !Number.isNaN(p.y)));
  const x = extent([0, ...shown.map((p) => p.x)], { pad: 0.02 });
  const y = extent([0, 1, ...shown.flatMap((p) => [p.y, p.low, p.high])], { pad: 0.05 });
  const marks: Plot.Markish[] = [Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.7 })];
  cleaned.forEach(({ points }, i) => {
    const { stroke, dash } = seriesStyle(i);
    const { window } = options.series[i]!;
    if (window !== undefined && window <= x[1]) marks.push(Plot.ruleX([window], { stroke, strokeDasharray: dash ?? "4 2", strokeOpacity: 0.8, ...named(`${options.series[i]!.name}: window`) }));
    marks.push(...curveMarks(series[i]!.name, points, i, y));
  });
  const notes = [...notesOf(series, cleaned), ...(windows.length > 0 ? ["vertical lines: summation windows of τ"] : [])];
  return frame({ ...options, xLabel: options.xLabel ?? "separation t (trajectories)", yLabel: "ρ(t)", x: { domain: x }, y: { domain: y }, marks, message: emptyMessage(shown.length), legend: legendOf(series, []), notes });
}
