/** What the plots of curves share: marks of one series, legend entries, notes. */
import type { FrameOptions } from "./frame.ts";
import { type Mark, area, dots, line, segments } from "./marks.ts";
import { seriesStyle } from "./palette.ts";
import type { Cleaned, Point } from "./series.ts";

/** Up to here points are drawn as symbols with error bars, beyond as a line with a band. */
export const fewPoints = 60;

/** The line of one series with error bars and symbols (few points) or an error band (many). `domain` is that of the y axis. */
export function curveMarks(name: string, points: Point[], index: number, domain: readonly [number, number]): Mark[] {
  const { stroke, dash, symbol } = seriesStyle(index);
  const few = points.length <= fewPoints;
  const bars = points.filter((p) => !Number.isNaN(p.low)).map((p) => ({ ...p, low: Math.max(p.low, domain[0]), high: Math.min(p.high, domain[1]) }));
  const error = few ? segments(`${name}: error bars`, bars.map((p) => [p.x, p.low, p.x, p.high]), { stroke, "stroke-width": 1.2 })
    : area(`${name}: error band`, bars, { fill: stroke, "fill-opacity": 0.2 });
  return [
    ...(bars.length > 0 ? [error] : []),
    line(name, points, { stroke, "stroke-width": few ? 1.5 : 1.1, "stroke-dasharray": few ? dash : undefined }),
    ...(few ? [dots(`${name}: points`, points, symbol, 2.6, { stroke, fill: stroke, "stroke-width": 1.5 })] : []),
  ];
}

/** What a plot says in place of data. */
export function emptyMessage(shown: number): string | undefined {
  return shown === 0 ? "no finite values to show" : undefined;
}

/** Legend entries: the series as {@link curveMarks} draws them, then the references dashed in the colour of the text. */
export function legendOf(series: readonly { name: string; x: ArrayLike<number> }[], references: readonly { name: string }[]): NonNullable<FrameOptions["legend"]> {
  const dashed = { stroke: "currentColor", dash: "5 3" };
  return [...series.map(({ name, x }, i) => ({ name, style: { ...seriesStyle(i), ...(x.length > fewPoints && { dash: undefined }) } })), ...references.map((r) => ({ name: r.name, style: dashed }))];
}

/** Small print on values that are left out, so that nothing vanishes silently. */
export function notesOf(series: readonly { name: string }[], cleaned: readonly Cleaned[]): string[] {
  return cleaned.flatMap(({ notFinite, notPositive }, i) => [
    ...(notFinite > 0 ? [`${series[i]!.name}: ${notFinite} ${notFinite === 1 ? "value" : "values"} not finite, not shown`] : []),
    ...(notPositive > 0 ? [`${series[i]!.name}: ${notPositive} ${notPositive === 1 ? "value" : "values"} not positive, not shown on the logarithmic axis`] : []),
  ]);
}
