/**
 * Order of the sites in memory. Fields are arrays of blocks of W sites, component by component inside a block:
 * address = (block * components + component) * W + lane. On lattices with even extents all even sites come before all odd ones, so a
 * kernel on one parity runs over a contiguous half of the blocks.
 *
 * W > 1: the lanes of a block are sites half a lattice apart along one direction (with L/2 even, so they share their parity). A
 * displacement then moves whole blocks, and swaps the lanes where it crosses the cut; lattices that cannot be cut this way
 * fall back to one lane.
 */

/** The part of a lattice that a layout needs. */
export interface SiteIndex {
  readonly extents: readonly number[];
  readonly volume: number;
  readonly bipartite: boolean;
  coordinates(n: number): number[];
  site(x: readonly number[]): number;
  parity(n: number): 0 | 1;
}

export interface Layout {
  /** Lanes in a block. */
  readonly width: number;
  readonly blocks: number;
  /** Memory position block * width + lane of every lexicographic site. */
  readonly position: Int32Array;
  /** First and last+1 block of a domain. */
  range(domain: "all" | "even" | "odd"): readonly [number, number];
  /** For every block the block of n + d times width, plus 1 when the lanes are swapped. */
  table(displacement: readonly number[]): Int32Array;
}

/** Direction that two lanes can be cut along, the slowest one; -1 when there is none. */
function cutDirection(lattice: SiteIndex): number {
  for (let mu = lattice.extents.length - 1; mu >= 0; mu--) if (lattice.extents[mu]! % 4 === 0) return mu;
  if (!lattice.bipartite) for (let mu = lattice.extents.length - 1; mu >= 0; mu--) if (lattice.extents[mu]! % 2 === 0) return mu;
  return -1;
}

/** Lays out a lattice for blocks of `lanes` sites (1 or 2). */
export function makeLayout(lattice: SiteIndex, lanes: 1 | 2): Layout {
  const cut = lanes === 2 ? cutDirection(lattice) : -1;
  const width = cut < 0 ? 1 : 2;
  const half = cut < 0 ? 0 : lattice.extents[cut]! / 2;
  const V = lattice.volume;
  const position = new Int32Array(V).fill(-1);
  const representative = new Int32Array(V / width);
  let block = 0;
  for (const parity of lattice.bipartite ? [0, 1] : [-1]) {
    for (let n = 0; n < V; n++) {
      if (parity >= 0 && lattice.parity(n) !== parity) continue;
      const x = lattice.coordinates(n);
      if (width === 2 && x[cut]! >= half) continue;
      position[n] = block * width;
      representative[block] = n;
      if (width === 2) {
        x[cut]! += half;
        position[lattice.site(x)] = block * width + 1;
      }
      block++;
    }
  }
  const blocks = block;
  return {
    width,
    blocks,
    position,
    range: (domain) => (domain === "all" ? [0, blocks] : domain === "even" ? [0, blocks / 2] : [blocks / 2, blocks]),
    table(d) {
      const t = new Int32Array(blocks);
      for (let b = 0; b < blocks; b++) {
        const x = lattice.coordinates(representative[b]!);
        t[b] = position[lattice.site(x.map((c, mu) => c + d[mu]!))]!;
      }
      return t;
    },
  };
}
