/**
 * Order of the sites in memory. Fields are arrays of blocks of W sites, component by component inside a block:
 * address = (block * components + component) * W + lane. On lattices with even extents all even sites come before all odd ones, so a
 * kernel on one parity runs over a contiguous half of the blocks.
 *
 * W > 1: the lattice is cut into W equal sub-lattices, c_mu of them along direction mu, and the lanes of a block are the sites at one
 * position of all sub-lattices. A displacement then moves whole blocks, and where it leaves the sub-lattice it permutes the lanes:
 * lane q = (q_mu) reads from lane (q_mu + k_mu mod c_mu). Sub-lattices of bipartite lattices have even extents, so the lanes of a block share
 * their parity; lattices that cannot be cut W times get fewer lanes.
 *
 * A batch of B samples is so many copies of the blocks of one. Where B is a multiple of the lanes that the machine has, and that many samples are not too large
 * for the cache together, the lanes of a block are the same site of as many samples, and the blocks of one sub-lattice after the other are a copy each: no
 * displacement permutes lanes.
 */

import type { Halo } from "./halo.ts";
import type { SiteIndex } from "./part.ts";

/** Sites in a block: a power of two that some machine's vectors hold. */
export type Lanes = 1 | 2 | 4 | 8 | 16;

/** Links of the samples in a block of as many lanes, beyond which permuting lanes costs less than what the samples of a block take of the second-level cache: fields of SU(2) links fill a quarter of 1 MiB. */
const SAMPLE_LINKS = 4096;

/** Where each lexicographic site lies in memory: address in reals = (block * components + component) * width + lane. */
export interface Layout {
  /** Lanes in a block. */
  readonly width: Lanes;
  /** Sub-lattices along each direction, whose sites are the lanes of a block; one where the lanes are samples. */
  readonly cuts: readonly number[];
  readonly blocks: number;
  /** Copies of the blocks of a sample, one after the other, and the blocks in each. */
  readonly copies: number;
  readonly copyBlocks: number;
  /** Blocks of a scalar that every sample has of its own, and the copies that share one of them. */
  readonly scalarBlocks: number;
  readonly copiesPerScalar: number;
  /** Samples of which a block has a lane each: its lanes, or one. */
  readonly sampleLanes: number;
  /** Sites of one sample in a block, or in the blocks at one place of the copies that share a scalar block. */
  readonly siteLanes: Lanes;
  /** Reals before a sample's scalar, and the lanes that hold it from there on. */
  scalarAt(sample: number): number;
  readonly scalarLanes: number;
  /** Memory position block * width + lane of every lexicographic site of every sample; -1 for those on other ranks. */
  readonly position: Int32Array;
  /** First and last+1 block of a domain in each copy. */
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
  let siteLanes = lanes;
  let cuts = cutInto(lattice, siteLanes);
  while (!cuts) cuts = cutInto(lattice, (siteLanes = (siteLanes / 2) as Lanes));
  const { batch } = lattice;
  const sampleLanes = batch > 1 && batch % lanes === 0 && (siteLanes < lanes || lanes * lattice.volume * lattice.extents.length <= SAMPLE_LINKS);
  const width = sampleLanes ? lanes : siteLanes;
  const copyBlocks = lattice.volume / siteLanes;
  const scalarBlocks = sampleLanes ? batch / lanes : batch;
  const copiesPerScalar = sampleLanes ? siteLanes : 1;
  const copies = scalarBlocks * copiesPerScalar;
  const blocks = copies * copyBlocks;
  let places: Places | undefined;
  const shape = { width: siteLanes, cuts };
  const placed = (): Places => (places ??= placesOf(lattice, shape));
  let position: Int32Array | undefined;
  const inMemory = (): Int32Array => (position ??= batch === 1 ? placed().position : ofSamples(placed().position, { batch, width, siteLanes, copyBlocks, sampleLanes }));
  return {
    width,
    cuts: sampleLanes ? cuts.map(() => 1) : cuts,
    blocks,
    copies,
    copyBlocks,
    scalarBlocks,
    copiesPerScalar,
    sampleLanes: sampleLanes ? width : 1,
    siteLanes,
    scalarAt: sampleLanes ? (sample) => sample : (sample) => sample * width,
    scalarLanes: sampleLanes ? 1 : width,
    get position() {
      return inMemory();
    },
    range: (domain) => (domain === "all" ? [0, copyBlocks] : domain === "even" ? [0, copyBlocks / 2] : [copyBlocks / 2, copyBlocks]),
    table(d) {
      const { position: sites, representative } = placed();
      const t = new Int32Array(blocks);
      // the representative is in lane 0, which reads from the lane whose number names the permutation; other lanes are copies of their own where samples fill the lanes
      for (let b = 0; b < copyBlocks; b++) {
        const x = lattice.coordinates(representative[b]!);
        const from = sites[lattice.site(x.map((c, mu) => c + d[mu]!))]!;
        const [block, permutation] = [Math.floor(from / siteLanes), from % siteLanes];
        if (!sampleLanes) {
          for (let copy = 0; copy < copies; copy++) t[copy * copyBlocks + b] = (copy * copyBlocks + block) * width + permutation;
          continue;
        }
        const lane = lanePermutation(cuts, permutation);
        for (let copy = 0; copy < copies; copy++) {
          const q = copy % siteLanes;
          t[copy * copyBlocks + b] = ((copy - q + lane[q]!) * copyBlocks + block) * width;
        }
      }
      return t;
    },
  };
}

/** Positions of the sites of all samples, from those of one. */
function ofSamples(one: Int32Array, { batch, width, siteLanes, copyBlocks, sampleLanes }: { readonly batch: number; readonly width: number; readonly siteLanes: number; readonly copyBlocks: number; readonly sampleLanes: boolean }): Int32Array {
  const all = new Int32Array(batch * one.length);
  for (let b = 0; b < batch; b++)
    one.forEach((p, n) => {
      const group = Math.floor(b / width) * siteLanes + (p % siteLanes);
      all[b * one.length + n] = sampleLanes ? (group * copyBlocks + Math.floor(p / siteLanes)) * width + (b % width) : b * copyBlocks * width + p;
    });
  return all;
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
