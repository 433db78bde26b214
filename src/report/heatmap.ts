/** Heat maps of two-dimensional slices: action density, topological charge density, attention weights. */
import type * as Plot from "#platform/report/plot";
import { GeometryError } from "../errors.ts";
import { emptyMessage } from "./curves.ts";
import { type Box, type Draw, type SvgNode, frame } from "./frame.ts";
import { colourLevels } from "./palette.ts";
import type { PlotSize } from "./plots.ts";
import { drawable, extent } from "./series.ts";
import { numberText } from "./text.ts";

/** Options of {@link heatmapPlot}. */
export interface HeatmapPlotOptions extends Omit<PlotSize, "height"> {
  /** `values[x + nx * y]`: x runs fastest, y points up. */
  readonly values: ArrayLike<number>;
  readonly nx: number;
  readonly ny: number;
  readonly title: string;
  /** Blue-white-red, symmetric about zero, for signed quantities; viridis otherwise. */
  readonly diverging?: boolean | undefined;
  readonly xLabel?: string | undefined;
  readonly yLabel?: string | undefined;
  /** Range of the colours; give the same to every slice that is to be compared. */
  readonly range?: readonly [number, number] | undefined;
}

const levels = 64;

/** One coloured square per site, a colour bar with its range, sites without a finite value left empty. */
export function heatmapPlot(options: HeatmapPlotOptions): string {
  const { values, nx, ny, diverging = false } = options;
  if (!(Number.isInteger(nx) && Number.isInteger(ny) && nx > 0 && ny > 0 && nx * ny === values.length))
    throw new GeometryError(`heatmapPlot: got ${values.length} values for ${nx} x ${ny} sites, expected ${nx * ny}`);
  const finite = Array.from(values).filter(drawable);
  const [low, high] = options.range ?? colourRange(finite, diverging);
  if (!(low < high && drawable(low) && drawable(high))) throw new GeometryError(`heatmapPlot: got the colour range ${low} to ${high}, expected a finite lower end below the upper one`);
  const colours = colourLevels(levels, diverging);
  const level = (v: number): number => (drawable(v) ? Math.max(0, Math.min(levels - 1, Math.floor(((v - low) / (high - low)) * levels))) : -1);
  const outside = finite.filter((v) => v < low || v > high).length;
  const missing = values.length - finite.length;
  const cells: Plot.RenderFunction = (_index, scales, _channels, _dimensions, context) => {
    const [sx, sy] = [scales.x as (v: number) => number, scales.y as (v: number) => number];
    const group = context.document.createElementNS("http://www.w3.org/2000/svg", "g");
    group.setAttribute("aria-label", "sites");
    group.setAttribute("shape-rendering", "crispEdges");
    cellPaths(values, nx, ny, level, sx, sy).forEach((d, k) => {
      if (d === "") return;
      const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      path.setAttribute("fill", colours[k]!);
      group.append(path);
    });
    return group;
  };
  return frame({
    title: options.title, xLabel: options.xLabel ?? "x", yLabel: options.yLabel ?? "y", width: options.width, aspect: ny / nx, marginRight: 84,
    x: { domain: [-0.5, nx - 0.5], ticks: siteTicks(nx) }, y: { domain: [-0.5, ny - 0.5], ticks: siteTicks(ny) }, marks: [cells], message: emptyMessage(finite.length),
    notes: [
      ...(missing > 0 ? [`${missing} ${missing === 1 ? "site" : "sites"} without a finite value left empty`] : []),
      ...(outside > 0 ? [`${outside} ${outside === 1 ? "site" : "sites"} outside the range of the colours`] : []),
    ],
    decorate: (draw, svg, box) => colourBar(draw, svg, box, colours, low, high),
  });
}

function colourRange(finite: readonly number[], diverging: boolean): [number, number] {
  if (!diverging) return extent(finite);
  const size = finite.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return size > 0 ? [-size, size] : [-1, 1];
}

/** One path per colour, runs of equal colour in a row joined: a fraction of the size of one rectangle per site. */
function cellPaths(values: ArrayLike<number>, nx: number, ny: number, level: (v: number) => number, sx: (v: number) => number, sy: (v: number) => number): string[] {
  const paths = Array.from({ length: levels }, () => "");
  for (let y = 0; y < ny; y++)
    for (let x = 0; x < nx; ) {
      const k = level(values[x + nx * y]!);
      let end = x + 1;
      while (end < nx && level(values[end + nx * y]!) === k) end++;
      if (k >= 0) paths[k] += `M${rounded(sx(x - 0.5))},${rounded(sy(y + 0.5))}H${rounded(sx(end - 0.5))}V${rounded(sy(y - 0.5))}H${rounded(sx(x - 0.5))}Z`;
      x = end;
    }
  return paths;
}

function rounded(v: number): string {
  return String(Number(v.toFixed(2)));
}

function siteTicks(n: number): number[] {
  let step = 1;
  while (n / step > 8) step *= 2;
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
}

function colourBar(draw: Draw, svg: SvgNode, box: Box, colours: readonly string[], low: number, high: number): void {
  const x = box.left + box.width + 12;
  const bar = draw("g", { "aria-label": `colours from ${numberText(low, 4)} to ${numberText(high, 4)}`, "shape-rendering": "crispEdges" });
  const tall = box.height / colours.length;
  colours.forEach((fill, k) => bar.append(draw("rect", { x, y: box.top + box.height - (k + 1) * tall, width: 10, height: tall, fill })));
  svg.append(bar);
  for (const [at, value] of [[0, high], [0.5, (low + high) / 2], [1, low]] as const)
    svg.append(draw("text", { x: x + 14, y: box.top + at * box.height + (at === 0 ? 8 : at === 1 ? 0 : 4), "text-anchor": "start", "font-size": 10.5 }, numberText(value, 2)));
}
