/** What the plots of curves share: marks of one series, legend entries, notes. */
import * as Plot from "#platform/report/plot";
import type { FrameOptions } from "./frame.ts";
import { seriesStyle } from "./palette.ts";
import type { Cleaned, Point } from "./series.ts";
import { plainText } from "./text.ts";

/** Up to here points are drawn as symbols with error bars, beyond as a line with a band. */
export const fewPoints = 60;

/** Names the group of a mark for screen readers; Plot's own `ariaLabel` is a channel, one label per datum. */
export function named(name: string): { render: Plot.RenderFunction } {
  const render = (...[index, scales, values, dimensions, context, next]: Parameters<Plot.RenderFunction>) => {
    const group = next?.(index, scales, values, dimensions, context) ?? null;
    group?.setAttribute("aria-label", plainText(name));
    return group;
  };
  return { render };
}

/** The line of one series with error bars and symbols (few points) or an error band (many). `domain` is that of the y axis. */
export function curveMarks(name: string, points: Point[], index: number, domain: readonly [number, number]): Plot.Markish[] {
  const { stroke, dash, symbol } = seriesStyle(index);
  const few = points.length <= fewPoints;
  const bars = points.filter((p) => !Number.isNaN(p.low)).map((p) => ({ ...p, low: Math.max(p.low, domain[0]), high: Math.min(p.high, domain[1]) }));
  const line = Plot.line(points, { x: "x", y: "y", stroke, strokeWidth: few ? 1.5 : 1.1, ...named(name), ...(dash && few && { strokeDasharray: dash }) });
  const error = few ? Plot.ruleX(bars, { x: "x", y1: "low", y2: "high", stroke, strokeWidth: 1.2, ...named(`${name}: error bars`) })
    : Plot.area(bars, { x1: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.2, ...named(`${name}: error band`) });
  const dots = few ? [Plot.dot(points, { x: "x", y: "y", stroke, fill: stroke, symbol, r: 2.6, ...named(`${name}: points`) })] : [];
  return [...(bars.length > 0 ? [error] : []), line, ...dots];
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
