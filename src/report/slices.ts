/** Stacks of two-dimensional slices of a site field: everything beyond the first two directions is a position that a reader may move. */
import { GeometryError } from "../errors.ts";
import { heatmapPlot } from "./heatmap.ts";
import { drawable, extent } from "./series.ts";

/** A real number a site, lexicographic with the first direction fastest. */
export interface SliceStack {
  /** Names the stack in addresses: letters, digits, `-`. */
  readonly id: string;
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly extents: readonly number[];
  /** One letter a direction. */
  readonly axes: readonly string[];
  /** Signed quantity: colours symmetric about zero. */
  readonly diverging: boolean;
  readonly caption: string;
}

/** Range of the colours of all slices of a stack, so that they compare. */
export function stackRange({ values, diverging }: Pick<SliceStack, "values" | "diverging">): [number, number] {
  const finite = Array.from(values).filter(drawable);
  const size = finite.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  if (!diverging) return extent(finite);
  return size > 0 ? [-size, size] : [-1, 1];
}

/** The plane of the first two directions at these coordinates of the others. @throws GeometryError for coordinates outside of the lattice. */
export function slicePlot(stack: SliceStack, position: readonly number[], range: readonly [number, number] = stackRange(stack)): string {
  const { extents, axes, values, name, diverging } = stack;
  const [nx, ny = 1, ...rest] = extents;
  if (nx === undefined || position.length !== rest.length || position.some((p, k) => !Number.isInteger(p) || p < 0 || p >= rest[k]!))
    throw new GeometryError(`slicePlot: got the position (${position.join(", ")}) for the extents ${extents.join(" x ")}, expected ${rest.length} coordinates inside`);
  const plane = nx * ny;
  let at = 0;
  for (let k = rest.length - 1; k >= 0; k--) at = at * rest[k]! + position[k]!;
  const where = position.map((p, k) => `${axes[k + 2]} = ${p}`).join(", ");
  const slice = Array.from({ length: plane }, (_, i) => values[at * plane + i]!);
  return heatmapPlot({ values: slice, nx, ny, title: where === "" ? name : `${name}, ${where}`, diverging, xLabel: axes[0], yLabel: axes[1], range });
}

/** Position of the slice through the site of largest size. */
export function largestPosition({ values, extents }: SliceStack): number[] {
  let largest = 0;
  for (let n = 1; n < values.length; n++) if (Math.abs(values[n]!) > Math.abs(values[largest]!)) largest = n;
  return extents.map((L) => {
    const x = largest % L;
    largest = (largest - x) / L;
    return x;
  }).slice(2);
}
