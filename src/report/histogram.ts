/** Overlaid histograms, normalised to densities so that chains of different length compare. */
import * as Plot from "#platform/report/plot";
import { GeometryError } from "../errors.ts";
import { emptyMessage, named } from "./curves.ts";
import { frame } from "./frame.ts";
import { seriesStyle } from "./palette.ts";
import type { PlotSize } from "./plots.ts";
import { drawable, extent } from "./series.ts";

/** Options of {@link histogramPlot}. */
export interface HistogramPlotOptions extends PlotSize {
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  /** Number of bins over the common range; default 30. */
  readonly bins?: number | undefined;
  readonly xLabel: string;
  readonly title?: string | undefined;
}

/** A density over equal bins: the sum of `density` times the bin width is 1 (0 without finite values). */
export interface Histogram {
  readonly edges: number[];
  readonly density: number[];
}

/** Counts the finite values into `bins` equal bins over [low, high] and divides by number and width. */
export function histogram(values: ArrayLike<number>, low: number, high: number, bins: number): Histogram {
  checkBins(bins);
  const width = (high - low) / bins;
  const density = Array.from<number>({ length: bins }).fill(0);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (!(v >= low && v <= high)) continue;
    // The upper edge belongs to the last bin.
    const bin = Math.min(bins - 1, Math.floor((v - low) / width));
    density[bin] = density[bin]! + 1;
    total++;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i * width));
  return { edges, density: density.map((n) => (total === 0 ? 0 : n / (total * width))) };
}

/** Step histograms of several series over one range, each normalised to a density. */
export function histogramPlot(options: HistogramPlotOptions): string {
  const { series, bins = 30 } = options;
  checkBins(bins);
  const finite = series.map((s) => Array.from(s.values).filter(drawable));
  const [low, high] = extent(finite.flat());
  const histograms = finite.map((values) => histogram(values, low, high, bins));
  const tallest = Math.max(0, ...histograms.flatMap((h) => h.density));
  const marks = histograms.flatMap(({ edges, density }, i): Plot.Markish[] => {
    if (finite[i]!.length === 0) return [];
    const { stroke, dash } = seriesStyle(i);
    const steps = [[edges[0]!, 0], ...density.flatMap((d, k) => [[edges[k]!, d], [edges[k + 1]!, d]]), [edges[bins]!, 0]].map(([x, y]) => ({ x, y }));
    const name = series[i]!.name;
    return [
      Plot.area(steps, { x1: "x", y1: 0, y2: "y", fill: stroke, fillOpacity: 0.1, ...named(`${name}: area`) }),
      Plot.line(steps, { x: "x", y: "y", stroke, strokeWidth: 1.5, ...named(name), ...(dash && { strokeDasharray: dash }) }),
    ];
  });
  const notes = series.flatMap(({ name, values }, i) => {
    const missing = values.length - finite[i]!.length;
    return missing > 0 ? [`${name}: ${missing} ${missing === 1 ? "value" : "values"} not finite, not counted`] : [];
  });
  return frame({
    ...options, title: options.title ?? `Distribution of ${options.xLabel}`, yLabel: "density", x: { domain: [low, high] },
    y: { domain: [0, tallest > 0 && Number.isFinite(tallest) ? 1.06 * tallest : 1] }, marks, notes,
    message: emptyMessage(finite.flat().length), legend: series.map(({ name }, i) => ({ name, style: seriesStyle(i) })),
  });
}

function checkBins(bins: number): void {
  if (!Number.isInteger(bins) || bins < 1 || bins > 10_000) throw new GeometryError(`histogram: got ${bins} bins, expected an integer from 1 to 10000`);
}
