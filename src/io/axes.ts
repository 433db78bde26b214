/**
 * Arrays of links whose axes stand in some order: [mu, t, z, y, x, row, column], [t, z, y, x, mu, row, column], Julia's reversed ones, ... The order is
 * named, never guessed from numbers. The matrices of an array must be contiguous, row by row or column by column.
 */
import { FileFormatError } from "../errors.ts";
import { type LinkSink, MAX_N, type OpenOptions, checkExtents, extentsText, volumeOf } from "./gauge-data.ts";
import { type ByteSource, quoted } from "./source.ts";

export type Axis = "mu" | "x" | "y" | "z" | "t" | "row" | "column";

/** Space and time axes of a lattice, in the order of the directions. */
const sitesOf = (D: number): Axis[] => (D === 2 ? ["x", "t"] : D === 3 ? ["x", "y", "t"] : ["x", "y", "z", "t"]);

/** Names of orders, slowest axis first as NumPy and HDF5 count them. mu counts x, y, z, t. */
const NAMED: Readonly<Record<string, (D: number) => Axis[]>> = {
  "mu-last": (D) => [...sitesOf(D).reverse(), "mu", "row", "column"],
  "mu-first": (D) => ["mu", ...sitesOf(D).reverse(), "row", "column"],
  "mu-last-xyzt": (D) => [...sitesOf(D), "mu", "row", "column"],
  "mu-first-xyzt": (D) => ["mu", ...sitesOf(D), "row", "column"],
};

/** What --order takes, for messages and help. */
export const ORDER_HELP = `${Object.keys(NAMED).join(", ")}, or all axes from the slowest to the fastest: mu,t,z,y,x,row,column is mu-first`;

/** The axes that a name or a list means for an array of `rank` axes; undefined for a name of another rank. @throws FileFormatError for what is no order. */
function axesOf(order: string, rank: number, name: string): readonly Axis[] {
  if (Object.hasOwn(NAMED, order)) return NAMED[order]!(Math.max(2, rank - 3));
  const axes = order.split(",").map((a) => (a.trim() === "col" ? "column" : a.trim())) as Axis[];
  const D = axes.filter((a) => "xyzt".includes(a)).length;
  const allowed = new Set<string>([...sitesOf(D), "mu", "row", "column"]);
  const good = D >= 2 && D <= 4 && axes.every((a) => allowed.has(a)) && new Set(axes).size === axes.length && axes.includes("row") && axes.includes("column") && axes.length >= D + 2;
  if (!good) throw new FileFormatError(`${name}: order: got ${quoted(order, 80)}, expected ${ORDER_HELP}`);
  return axes;
}

/** Where each matrix of an array belongs. */
export interface ArrayLayout {
  readonly extents: readonly number[];
  readonly N: number;
  /** Axes from the slowest to the fastest in memory, without those of the matrices; their lengths. */
  readonly outer: readonly Axis[];
  readonly lengths: readonly number[];
  /** Matrices are stored column by column. */
  readonly transposed: boolean;
}

/** The layout of an array of this shape under an order of its axes, or why it has none. */
function layoutOf(axes: readonly Axis[], shape: readonly number[], fortran: boolean): ArrayLayout | string {
  if (axes.length !== shape.length) return `it has ${shape.length} axes, the order names ${axes.length}`;
  const length = (a: Axis): number => shape[axes.indexOf(a)]!;
  const sites = sitesOf(axes.filter((a) => "xyzt".includes(a)).length);
  const N = length("row");
  if (N !== length("column") || N < 1 || N > MAX_N) return `rows and columns have the lengths ${length("row")} and ${length("column")}`;
  if (axes.includes("mu") && length("mu") !== sites.length) return `mu has the length ${length("mu")} in ${sites.length} dimensions`;
  const memory = fortran ? [...axes].reverse() : [...axes];
  const last = memory.slice(-2).join();
  if (last !== "row,column" && last !== "column,row") return "the elements of a matrix do not follow each other in memory";
  const outer = memory.slice(0, -2);
  return { extents: sites.map(length), N, outer, lengths: outer.map(length), transposed: last === "column,row" };
}

/**
 * The layout of an array: as stated, or `fallback` when nothing else that is usual fits too, or the only usual one that gives the extents.
 * @param fallback order of arrays that state none; absent: it must be stated.
 * @throws FileFormatError when the shape does not fit, or fits several readings.
 */
export function arrayLayout(source: ByteSource, shape: readonly number[], fortran: boolean, options: OpenOptions, warnings: string[] = [], fallback?: string): ArrayLayout {
  const what = `${source.name}: got an array of the shape (${shape.join(", ")})${fortran ? " in Fortran order" : ""}`;
  const read = (order: string): ArrayLayout | string => layoutOf(axesOf(order, shape.length, source.name), shape, fortran);
  if (options.order !== undefined) {
    const layout = read(options.order);
    if (typeof layout === "string") throw new FileFormatError(`${what}, expected one of the order ${quoted(options.order, 80)}: ${layout}`);
    checkExtents(source, layout.extents);
    return layout;
  }
  const fits = (layout: ArrayLayout | string): layout is ArrayLayout =>
    typeof layout !== "string" && (options.N === undefined || options.N === layout.N) && (options.extents === undefined || options.extents.join() === layout.extents.join());
  // without extents nobody can tell x, y, z, t from t, z, y, x: of those the fallback decides
  const usual = Object.keys(NAMED).filter((order) => options.extents !== undefined || !order.endsWith("xyzt")).filter((order) => fits(read(order)));
  const others = usual.filter((order) => order !== fallback && !(fallback === "mu-last" && order === "mu-last-xyzt"));
  if (fallback !== undefined && others.length === 0) {
    const layout = read(fallback);
    if (typeof layout === "string") throw new FileFormatError(`${what}, expected (Lt, Lz, Ly, Lx, 4, N, N) or the same for two or three dimensions: ${layout}; or state its order (--order ${ORDER_HELP})`);
    checkExtents(source, layout.extents);
    return layout;
  }
  if (options.extents !== undefined && usual.length === 1) {
    const layout = read(usual[0]!) as ArrayLayout;
    checkExtents(source, layout.extents);
    warnings.push(`the order of the axes is not stated: of the usual ones only ${usual[0]} gives the lattice ${extentsText(layout.extents)}`);
    return layout;
  }
  const readings = usual.map((order) => `${order} (${extentsText((read(order) as ArrayLayout).extents)})`);
  if (readings.length === 1) readings.push(`${usual[0]}-xyzt`);
  throw new FileFormatError(`${what}, which fits ${readings.length > 0 ? readings.join(" and ") : "no usual order of axes"}, expected a stated one: give the order (--order ${ORDER_HELP})`);
}

/** True when an array in C order of the shape that `mu-last` gives could be taken for another one. */
export function isAmbiguous(shape: readonly number[]): boolean {
  return typeof layoutOf(NAMED["mu-first"]!(shape.length - 3), shape, false) !== "string";
}

/**
 * Gives `count` matrices, from number `first` of the array on, to `sink`.
 * @param direction of all of them, for arrays without an axis mu.
 */
export function scatterMatrices(layout: ArrayLayout, first: number, count: number, reals: ArrayLike<number>, sink: LinkSink, direction?: number): void {
  const { outer, lengths, N, transposed, extents } = layout;
  const D = extents.length;
  const size = 2 * N * N;
  const names = sitesOf(D);
  const step = outer.map((a) => (a === "mu" ? 0 : volumeOf(extents.slice(0, names.indexOf(a)))));
  const mus = outer.indexOf("mu");
  const at = new Int32Array(outer.length);
  for (let k = outer.length - 1, n = first; k >= 0; k--) {
    at[k] = n % lengths[k]!;
    n = Math.floor(n / lengths[k]!);
  }
  const buckets = Array.from({ length: D }, (_, mu) => (mus >= 0 || mu === direction ? { sites: new Int32Array(count), links: new Float64Array(count * size), used: 0 } : undefined));
  for (let m = 0; m < count; m++) {
    const bucket = buckets[mus >= 0 ? at[mus]! : direction!]!;
    let site = 0;
    for (let k = 0; k < at.length; k++) site += at[k]! * step[k]!;
    bucket.sites[bucket.used] = site;
    const [from, to] = [m * size, bucket.used++ * size];
    if (!transposed) for (let k = 0; k < size; k++) bucket.links[to + k] = reals[from + k]!;
    else
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++)
          for (let c = 0; c < 2; c++) bucket.links[to + 2 * (i * N + j) + c] = reals[from + 2 * (j * N + i) + c]!;
    for (let k = at.length - 1; k >= 0 && ++at[k]! === lengths[k]; k--) at[k] = 0;
  }
  buckets.forEach((b, mu) => {
    if (b && b.used > 0) sink(mu, b.sites.subarray(0, b.used), b.links, 0, size);
  });
}
