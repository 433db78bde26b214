/**
 * Order of the sites in memory. Fields are arrays of blocks of W sites, component by component inside a block:
 * address = (block * components + component) * W + lane. On lattices with even extents all even sites come before all odd ones, so a
 * kernel on one parity runs over a contiguous half of the blocks.
 *
 * W > 1: the lattice is cut into W equal sub-lattices, c_mu of them along direction mu, and the lanes of a block are the sites at one
 * position of all sub-lattices. A displacement then moves whole blocks, and where it leaves the sub-lattice it permutes the lanes:
 * lane q = (q_mu) reads from lane (q_mu + k_mu mod c_mu). Sub-lattices of bipartite lattices have even extents, so the lanes of a block share
 * their parity; lattices that cannot be cut W times get fewer lanes.
 */

import type { Halo } from "./halo.ts";
import type { SiteIndex } from "./part.ts";

/** Sites in a block: a power of two that some machine's vectors hold. */
export type Lanes = 1 | 2 | 4 | 8;

/** Where each lexicographic site lies in memory: address in reals = (block * components + component) * width + lane. */
export interface Layout {
  /** Lanes in a block. */
  readonly width: Lanes;
  /** Sub-lattices along each direction. */
  readonly cuts: readonly number[];
  readonly blocks: number;
  /** Memory position block * width + lane of every lexicographic site; -1 for those on other ranks. */
  readonly position: Int32Array;
  /** First and last+1 block of a domain. */
  range(domain: "all" | "even" | "odd"): readonly [number, number];
  /** Ghost blocks behind the others, on a divided lattice. */
  readonly halo?: Halo;
  /** For every block, the block of n + d times width, plus the number of the permutation of its lanes (0: none). */
  table(displacement: readonly number[]): Int32Array;
}

/**
 * Cuts the longest sub-lattice in two (the slowest direction of equals) until there are `lanes`, directions that are split between ranks last; undefined when
 * that is not possible.
 */
export function cutInto(lattice: SiteIndex, lanes: number, split?: readonly boolean[]): number[] | undefined {
  const unit = lattice.bipartite ? 4 : 2;
  const extents = [...lattice.extents];
  for (let w = 1; w < lanes; w *= 2) {
    let cut = -1;
    extents.forEach((L, mu) => {
      if (L % unit !== 0) return;
      const later = cut >= 0 && split !== undefined && split[mu] !== split[cut];
      if (cut < 0 || (later ? !split[mu] : L >= extents[cut]!)) cut = mu;
    });
    if (cut < 0) return undefined;
    extents[cut]! /= 2;
  }
  return lattice.extents.map((L, mu) => L / extents[mu]!);
}

/** Sub-lattice (q_mu) of a lane, the first direction fastest. */
export function digits(lane: number, cuts: readonly number[]): number[] {
  return cuts.map((c) => {
    const q = lane % c;
    lane = (lane - q) / c;
    return q;
  });
}

/** Lane that each lane reads from under permutation k, for lanes cut like this. */
export function lanePermutation(cuts: readonly number[], k: number): number[] {
  const width = cuts.reduce((w, c) => w * c, 1);
  const shift = digits(k, cuts);
  return Array.from({ length: width }, (_, lane) => {
    const q = digits(lane, cuts);
    let from = 0;
    for (let mu = cuts.length - 1; mu >= 0; mu--) from = from * cuts[mu]! + ((q[mu]! + shift[mu]!) % cuts[mu]!);
    return from;
  });
}

/**
 * Lays out a lattice for blocks of `lanes` sites, or of as many as it can be cut into. Sites get their places when somebody asks for one: the
 * size of a field is known before, so that a field too large is refused before that work.
 */
export function makeLayout(lattice: SiteIndex, lanes: Lanes): Layout {
  let width = lanes;
  let cuts = cutInto(lattice, width);
  while (!cuts) cuts = cutInto(lattice, (width = (width / 2) as Lanes));
  const shape = { width, cuts };
  const blocks = lattice.volume / width;
  let places: Places | undefined;
  const placed = (): Places => (places ??= placesOf(lattice, shape));
  return {
    width,
    cuts,
    blocks,
    get position() {
      return placed().position;
    },
    range: (domain) => (domain === "all" ? [0, blocks] : domain === "even" ? [0, blocks / 2] : [blocks / 2, blocks]),
    table(d) {
      const { position, representative } = placed();
      // the representative is in lane 0, which reads from the lane whose number names the permutation
      const t = new Int32Array(blocks);
      for (let b = 0; b < blocks; b++) {
        const x = lattice.coordinates(representative[b]!);
        t[b] = position[lattice.site(x.map((c, mu) => c + d[mu]!))]!;
      }
      return t;
    },
  };
}

export interface Places {
  readonly position: Int32Array;
  /** The site in lane 0 of every block. */
  readonly representative: Int32Array;
}

export function placesOf(lattice: SiteIndex, { width, cuts }: Pick<Layout, "width" | "cuts">): Places {
  const sub = lattice.extents.map((L, mu) => L / cuts[mu]!);
  const V = lattice.volume;
  const position = new Int32Array(V);
  const representative = new Int32Array(V / width);
  const offsets = Array.from({ length: width }, (_, lane) => digits(lane, cuts).map((q, mu) => q * sub[mu]!));
  let block = 0;
  for (const parity of lattice.bipartite ? [0, 1] : [-1]) {
    for (let n = 0; n < V; n++) {
      if (parity >= 0 && lattice.parity(n) !== parity) continue;
      const x = lattice.coordinates(n);
      if (x.some((c, mu) => c >= sub[mu]!)) continue;
      representative[block] = n;
      offsets.forEach((o, lane) => (position[lattice.site(x.map((c, mu) => c + o[mu]!))] = block * width + lane));
      block++;
    }
  }
  return { position, representative };
}
