/** The plots of a report that live on two numeric axes. Each returns an SVG string, the same for the same input. */
import * as Plot from "#platform/report/plot";
import { GeometryError } from "../errors.ts";
import { curveMarks, emptyMessage, fewPoints, legendOf, named, notesOf } from "./curves.ts";
import { frame } from "./frame.ts";
import { seriesStyle } from "./palette.ts";
import { type Cleaned, drawable, extent, thin, thinCloud, toPoints } from "./series.ts";
import { numberText } from "./text.ts";

/** A curve or a set of measured points; `error` is one standard deviation per point. */
export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly error?: ArrayLike<number> | undefined;
}

/** A known value to compare with, drawn as a horizontal dashed line with its error band. */
export interface Reference {
  readonly name: string;
  readonly value: number;
  readonly error?: number | undefined;
}

/** Size of the drawing in units of the viewBox; on the page it scales to its container. */
export interface PlotSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** Options of {@link linePlot}. */
export interface LinePlotOptions extends PlotSize {
  readonly series: readonly Series[];
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly logY?: boolean | undefined;
  readonly references?: readonly Reference[] | undefined;
}

/** Lines with error bars (few points) or error bands (many). Values that cannot be shown leave a gap and a note. */
export function linePlot(options: LinePlotOptions): string {
  return curves("linePlot", options, options.series.map((s) => toPoints("linePlot", s, options.logY)));
}

/** One Monte Carlo history: `values[i]` belongs to trajectory `start + i * step`. */
export interface Chain {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly start?: number | undefined;
  readonly step?: number | undefined;
}

/** Options of {@link historyPlot}. */
export interface HistoryPlotOptions extends PlotSize {
  readonly chains: readonly Chain[];
  readonly title: string;
  readonly yLabel: string;
  /** Default `trajectory`. */
  readonly xLabel?: string | undefined;
  readonly references?: readonly Reference[] | undefined;
  /** Trajectories left out of the averages; shaded from the start of the axis. */
  readonly discard?: number | undefined;
}

/** Monte Carlo histories of several chains over each other, with the part that is discarded shaded. */
export function historyPlot(options: HistoryPlotOptions): string {
  const series = options.chains.map(({ name, values, start = 0, step = 1 }) => ({ name, x: Array.from(values, (_, i) => start + i * step), y: values }));
  const cleaned = series.map((s) => toPoints("historyPlot", s));
  return curves("historyPlot", { ...options, series, xLabel: options.xLabel ?? "trajectory" }, cleaned, options.discard);
}

function curves(plot: string, options: LinePlotOptions, cleaned: Cleaned[], discard?: number): string {
  const { series, logY = false, references = [] } = options;
  for (const { name, value, error = 0 } of references)
    if (!drawable(value) || !(error >= 0)) throw new GeometryError(`${plot}: reference "${name}" is ${value} with error ${error}, expected a finite value and an error >= 0`);
  const shown = cleaned.flatMap((c) => c.points.filter((p) => !Number.isNaN(p.y)));
  const x = extent(shown.map((p) => p.x), { pad: shown.length <= fewPoints ? 0.03 : 0 });
  const y = extent([...shown.flatMap((p) => [p.y, p.low, p.high]), ...references.flatMap((r) => [r.value - (r.error ?? 0), r.value + (r.error ?? 0)])], { log: logY, pad: 0.05 });
  const width = options.width ?? 480;
  const marks: Plot.Markish[] = [];
  if (discard !== undefined && discard > x[0] && shown.length > 0) marks.push(Plot.rect([0], { x1: x[0], x2: Math.min(discard, x[1]), y1: y[0], y2: y[1], fill: "currentColor", fillOpacity: 0.08, ...named("discarded") }));
  marks.push(...references.filter((r) => (r.error ?? 0) > 0).map((r) => referenceBand(r, x, y)));
  cleaned.forEach(({ points }, i) => marks.push(...curveMarks(series[i]!.name, thin(points, width), i, y)));
  // On top: a noisy history would hide the line it is compared with.
  marks.push(...references.map((r) => Plot.ruleY([r.value], { stroke: "currentColor", strokeDasharray: "5 3", strokeWidth: 1, ...named(r.name) })));
  return frame({
    ...options, x: { domain: x }, y: { domain: y, log: logY }, marks, message: emptyMessage(shown.length),
    legend: legendOf(series, references),
    notes: [...notesOf(series, cleaned), ...(discard !== undefined && discard > x[0] && shown.length > 0 ? [`shaded: up to ${numberText(discard)} discarded`] : [])],
  });
}

function referenceBand({ name, value, error = 0 }: Reference, x: readonly [number, number], y: readonly [number, number]): Plot.Markish {
  return Plot.rect([0], { x1: x[0], x2: x[1], y1: Math.max(value - error, y[0]), y2: Math.min(value + error, y[1]), fill: "currentColor", fillOpacity: 0.14, ...named(`${name}: band`) });
}

/** A cloud of points with optional errors in both directions. */
export interface Cloud extends Series {
  readonly xError?: ArrayLike<number> | undefined;
}

/** Options of {@link scatterPlot}. */
export interface ScatterPlotOptions extends PlotSize {
  readonly series: readonly Cloud[];
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Draw the line y = x, for instance to compare an effective action with its target. */
  readonly identity?: boolean | undefined;
}

/** Points without lines. */
export function scatterPlot(options: ScatterPlotOptions): string {
  const cleaned = options.series.map((s) => toPoints("scatterPlot", s));
  const shown = cleaned.flatMap((c) => c.points.filter((p) => !Number.isNaN(p.y)));
  const x = extent(shown.flatMap((p) => [p.x, p.left, p.right]), { pad: 0.04 });
  const y = extent(shown.flatMap((p) => [p.y, p.low, p.high]), { pad: 0.05 });
  const marks: Plot.Markish[] = [];
  const [from, to] = [Math.max(x[0], y[0]), Math.min(x[1], y[1])];
  if (options.identity === true && from < to) marks.push(Plot.line([[from, from], [to, to]], { stroke: "currentColor", strokeDasharray: "5 3", ...named("y = x") }));
  cleaned.forEach(({ points }, i) => {
    const { stroke, symbol } = seriesStyle(i);
    const name = options.series[i]!.name;
    const kept = thinCloud(points.filter((p) => !Number.isNaN(p.y)), x, y, 400);
    const many = kept.length > 300;
    marks.push(
      Plot.ruleX(kept.filter((p) => !Number.isNaN(p.low)), { x: "x", y1: "low", y2: "high", stroke, ...named(`${name}: error bars`) }),
      Plot.ruleY(kept.filter((p) => !Number.isNaN(p.left)), { y: "y", x1: "left", x2: "right", stroke, ...named(`${name}: error bars in x`) }),
      Plot.dot(kept, { x: "x", y: "y", stroke, fill: stroke, fillOpacity: 0.5, symbol, r: many ? 1.3 : 2.6, strokeWidth: many ? 0 : 1, ...named(name) }),
    );
  });
  const identity = options.identity === true ? [{ name: "y = x", value: 0 }] : [];
  return frame({ ...options, x: { domain: x }, y: { domain: y }, marks, message: emptyMessage(shown.length), legend: legendOf(options.series, identity), notes: notesOf(options.series, cleaned) });
}
