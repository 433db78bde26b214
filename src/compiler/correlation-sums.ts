/**
 * Sums over sites for each of many weights, G_oi = sum_n y_o(n) x_i(n), whose bits depend neither on the order of the sites in memory nor on the ranks that have them. The lattice is cut into
 * cells of 2^D sites, which no rank and no lane divides; products of a cell, of a few samples, are added in the order of the sites. Such a sum s is then split into its part in
 * multiples of a unit u and that of the rest in a finer one, by adding and subtracting 3/2 of 2^52 u. As |s| <= sum |y_o x_i| is known beforehand to be below C_o X_i, powers of two from the largest
 * |y_o| and |x_i|, units are chosen such that no sum of parts is rounded. For V sites of all samples the finer one is about V^2 2^-105 / 2^D of the largest product.
 */
import type { Domain } from "../autograd/index.ts";
import type { Machine } from "./machine.ts";

/** Products of sites and samples that are added before a sum is split, at least, where there are so many samples. */
const TOGETHER = 32;
/** Lanes of float64, at most. */
const LANES = 8;

/** Blocks of a domain in the first group of samples, cell by cell, even sites before odd ones, and how many make a cell. */
export function cellsOf({ lattice, layout }: Machine, domain: Domain): { readonly blocks: readonly number[]; readonly cell: number } {
  const { width, copyBlocks, position } = layout;
  const [first, last] = layout.range(domain);
  const size = lattice.bipartite ? 2 : 1;
  const cells: [number, number][] = [];
  for (let n = 0; n < lattice.volume; n++) {
    const p = position[n]!;
    const block = Math.floor(p / width);
    // a site in the first lane stands for those in the others
    if (p < 0 || p % width > 0 || block % copyBlocks < first || block % copyBlocks >= last) continue;
    cells.push([lattice.site(lattice.coordinates(n).map((x) => x - (x % size))), block]);
  }
  return { blocks: cells.sort(([a, b], [c, d]) => a - c || b - d).map(([, block]) => block), cell: (size ** lattice.dim * (last - first)) / copyBlocks };
}

/** Samples are summed by their number modulo the lanes that a machine may have, whether or not they fill them: groups of them that are added before a sum is split, as [first, count, distance]. */
export function samplesTogether({ layout: { sampleLanes, scalarBlocks } }: Machine, cell: number): (readonly [number, number, number])[] {
  const classes = Math.min(Math.ceil(LANES / sampleLanes), scalarBlocks);
  const most = Math.max(1, Math.floor(TOGETHER / cell));
  return Array.from({ length: classes }, (_, c) => {
    const count = Math.ceil((scalarBlocks - c) / classes);
    return Array.from({ length: Math.ceil(count / most) }, (_, k) => [c + k * most * classes, Math.min(most, count - k * most), classes] as const);
  }).flat();
}

const word = new Float64Array(1);
const halves = new Int32Array(word.buffer);

/** The next power of two above |x|. */
function above(x: number): number {
  word[0] = x;
  halves[1] = (halves[1]! & 0x7ff00000) + 0x100000;
  halves[0] = 0;
  return word[0];
}

/** The finer unit by the coarser one, then factors of rows and of columns: their products are 3/2 of 2^52 coarser units. `peaks`: largest |y_o| and then |x_i|. */
export function unitsOf({ lattice: { batch, volume, bipartite, dim } }: Machine, rows: number, peaks: Float64Array, to: Float64Array): void {
  const most = batch * volume;
  to[0] = above(bipartite ? most / 2 ** (dim - 1) : most) * 2 ** -52;
  peaks.forEach((x, k) => (to[k + 1] = above(x) * (k < rows ? 3 * above(most) : 1)));
}

/** Adds the two parts of s to those at index `at`. */
export function addParts(s: number, unit: number, finer: number, parts: Float64Array, at: number): void {
  const q = s + unit - unit;
  parts[at]! += q;
  parts[at + 1]! += s - q + unit * finer - unit * finer;
}
