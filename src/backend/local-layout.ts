/**
 * The layout of one rank's box of a divided lattice: the blocks of its own sites, as of a lattice of that size, and behind them ghost blocks with sites of
 * other boxes. A table leads a block whose displaced sites leave the box to a ghost block; kernels do not know the difference. All boxes are alike: a
 * ghost block is known by its place relative to the box, so a rank computes what its neighbours need from their lists being its own.
 *
 * In directions that are not divided a displacement wraps around and permutes lanes as ever. In divided ones no lanes are permuted: every lane of a
 * ghost block has its own source, on another rank or, where that direction is cut into lanes, in this box.
 *
 * Samples of a batch have the same box, and copies of its blocks one after the other. A ghost block of all of them is so many blocks, behind those of all samples.
 */
import type { GhostReads, Halo, Move } from "./halo.ts";
import { type Lanes, type Layout, type Places, cutInto, digits, placesOf } from "./layout.ts";
import { type Part, type SiteIndex, rankAt } from "./part.ts";

/** The layout of one rank: its own blocks, then ghost blocks. */
export interface LocalLayout extends Layout {
  readonly halo: Halo;
}

class Boxes implements LocalLayout, Halo {
  readonly width: Lanes;
  readonly cuts: readonly number[];
  readonly blocks: number;
  readonly copies: number;
  readonly copyBlocks: number;
  readonly scalarBlocks: number;
  readonly copiesPerScalar = 1;
  readonly sampleLanes = 1;
  readonly siteLanes: Lanes;
  readonly scalarLanes: number;
  readonly part: Part;
  readonly volume: number;
  readonly standard: number;
  readonly position: Int32Array;
  readonly #lattice: SiteIndex;
  readonly #box: SiteIndex;
  readonly #places: Places;
  /** Extents of a lane's sub-lattice. */
  readonly #sub: readonly number[];
  /** First site of every lane's sub-lattice. */
  readonly #offsets: readonly (readonly number[])[];
  readonly #ghosts: number[][] = [];
  readonly #numbers = new Map<number, number>();
  readonly #tables = new Map<string, Int32Array>();

  constructor(lattice: SiteIndex, lanes: Lanes, part: Part) {
    this.#lattice = lattice;
    this.part = part;
    this.volume = lattice.batch * lattice.volume;
    this.#box = boxIndex(part.extents, lattice.bipartite);
    let width = lanes;
    let cuts = cutInto(this.#box, width, part.split);
    while (!cuts) cuts = cutInto(this.#box, (width = (width / 2) as Lanes), part.split);
    this.width = width;
    this.cuts = cuts;
    this.copies = this.scalarBlocks = lattice.batch;
    this.copyBlocks = this.#box.volume / width;
    this.blocks = this.copies * this.copyBlocks;
    this.siteLanes = width;
    this.scalarLanes = width;
    this.#sub = part.extents.map((L, mu) => L / cuts[mu]!);
    this.#offsets = Array.from({ length: width }, (_, lane) => digits(lane, cuts).map((q, mu) => q * this.#sub[mu]!));
    this.#places = placesOf(this.#box, { width, cuts });
    this.position = new Int32Array(this.volume).fill(-1);
    this.#places.position.forEach((p, n) => {
      const site = lattice.site(this.#box.coordinates(n).map((x, mu) => x + part.origin[mu]!));
      for (let b = 0; b < lattice.batch; b++) this.position[b * lattice.volume + site] = b * this.copyBlocks * width + p;
    });
    for (const d of neighbours(part.split)) this.table(d);
    this.standard = lattice.batch * this.#ghosts.length;
  }

  scalarAt(sample: number): number {
    return sample * this.width;
  }

  get halo(): Halo {
    return this;
  }

  range(domain: "all" | "even" | "odd"): readonly [number, number] {
    return domain === "all" ? [0, this.copyBlocks] : domain === "even" ? [0, this.copyBlocks / 2] : [this.copyBlocks / 2, this.copyBlocks];
  }

  table(d: readonly number[]): Int32Array {
    const { extents } = this.#lattice;
    const short = d.map((x, mu) => {
      const y = ((x % extents[mu]!) + extents[mu]!) % extents[mu]!;
      return y > extents[mu]! / 2 ? y - extents[mu]! : y;
    });
    const key = short.join(",");
    const known = this.#tables.get(key);
    if (known) return known;
    const { copyBlocks, width } = this;
    const made = new Int32Array(this.blocks);
    for (let b = 0; b < copyBlocks; b++) {
      const entry = this.#entry(this.#box.coordinates(this.#places.representative[b]!), short);
      // from the copy of one sample to that of the next, and from its ghost block
      const step = entry < this.blocks * width ? copyBlocks * width : width;
      for (let copy = 0; copy < this.copies; copy++) made[copy * copyBlocks + b] = entry + copy * step;
    }
    this.#tables.set(key, made);
    return made;
  }

  /** Block, as far as it is known by lane 0's site x, at a displacement: times width, plus the permutation of its lanes. */
  #entry(x: readonly number[], d: readonly number[]): number {
    const { split } = this.part;
    let beyond = false;
    let permutation = 0;
    const r = x.map((c, mu) => c + d[mu]!);
    for (let mu = r.length - 1; mu >= 0; mu--) {
      permutation *= this.cuts[mu]!;
      if (split[mu]) {
        if (r[mu]! < 0 || r[mu]! >= this.#sub[mu]!) beyond = true;
        continue;
      }
      const L = this.part.extents[mu]!;
      const y = ((r[mu]! % L) + L) % L;
      const q = Math.floor(y / this.#sub[mu]!);
      permutation += q;
      r[mu] = y - q * this.#sub[mu]!;
    }
    if (!beyond) return Math.floor(this.#places.position[this.#box.site(r)]! / this.width) * this.width + permutation;
    const wrapped = r.map((c, mu) => ((c % this.#lattice.extents[mu]!) + this.#lattice.extents[mu]!) % this.#lattice.extents[mu]!);
    const key = this.#lattice.site(wrapped);
    let g = this.#numbers.get(key);
    if (g === undefined) this.#numbers.set(key, (g = this.#ghosts.push(wrapped) - 1));
    return (this.blocks + g * this.copies) * this.width + permutation;
  }

  reads(d: readonly number[], domain: "all" | "even" | "odd"): GhostReads | undefined {
    const table = this.table(d);
    const [first, last] = this.range(domain);
    const ghosts = new Set<number>();
    const readers: number[] = [];
    for (let b = first; b < last; b++) {
      const block = Math.floor(table[b]! / this.width);
      if (block < this.blocks) continue;
      for (let copy = 0; copy < this.copies; copy++) ghosts.add(block - this.blocks + copy);
      readers.push(b - first);
    }
    return ghosts.size > 0 ? { ghosts, blocks: Int32Array.from(readers) } : undefined;
  }

  moves(ghosts: Iterable<number>): Move[] {
    const { grid, extents, place } = this.part;
    const groups = new Map<number, { offset: number[]; pairs: [number, number][] }>();
    for (const g of [...ghosts].sort((a, b) => a - b))
      for (let lane = 0; lane < this.width; lane++) {
        const s = this.#relative(g, lane);
        const offset = s.map((c, mu) => Math.floor(c / extents[mu]!));
        const key = rankAt(grid, offset);
        const from = (g % this.copies) * this.copyBlocks * this.width + this.#places.position[this.#box.site(s.map((c, mu) => c % extents[mu]!))]!;
        const pair: [number, number] = [from, (this.blocks + g) * this.width + lane];
        const group = groups.get(key);
        if (group) group.pairs.push(pair);
        else groups.set(key, { offset, pairs: [pair] });
      }
    return [...groups]
      .sort(([a], [b]) => a - b)
      .map(([, { offset, pairs }]) => ({
        offset,
        to: rankAt(grid, place.map((c, mu) => c - offset[mu]!)),
        from: rankAt(grid, place.map((c, mu) => c + offset[mu]!)),
        ...packed(pairs, this.width),
        sites: pairs.length,
      }));
  }

  /** Site of a lane of a ghost block relative to the box, modulo the lattice. */
  #relative(ghost: number, lane: number): number[] {
    return this.#ghosts[Math.floor(ghost / this.copies)]!.map((c, mu) => (c + this.#offsets[lane]![mu]!) % this.#lattice.extents[mu]!);
  }

  site(ghost: number, lane: number): number {
    return this.#lattice.site(this.#relative(ghost, lane).map((c, mu) => c + this.part.origin[mu]!));
  }

  owner(n: number): number {
    return rankAt(this.part.grid, this.#lattice.coordinates(n % this.#lattice.volume).map((c, mu) => Math.floor(c / this.part.extents[mu]!)));
  }
}

/** Runs of whole blocks where every lane goes to the same lane, single numbers elsewhere. */
function packed(pairs: readonly (readonly [number, number])[], width: number): Pick<Move, "runs" | "lanes"> {
  const whole = pairs.length % width === 0 && pairs.every(([from, to], k) => from % width === k % width && to % width === k % width && Math.floor(from / width) === Math.floor(pairs[k - (k % width)]![0] / width));
  if (!whole) return { runs: new Int32Array(0), lanes: Int32Array.from(pairs.flat()) };
  const runs: number[] = [];
  for (let k = 0; k < pairs.length; k += width) {
    const [from, to] = pairs[k]!.map((p) => Math.floor(p / width)) as [number, number];
    const n = runs.length;
    if (n > 0 && runs[n - 3]! + runs[n - 1]! === from && runs[n - 2]! + runs[n - 1]! === to) runs[n - 1]!++;
    else runs.push(from, to, 1);
  }
  return { runs: Int32Array.from(runs), lanes: new Int32Array(0) };
}

/** Displacements of at most one step in every divided direction, all but none. */
function neighbours(split: readonly boolean[]): number[][] {
  return split.reduce<number[][]>((all, s) => all.flatMap((d) => (s ? [[...d, 0], [...d, 1], [...d, -1]] : [[...d, 0]])), [[]]).filter((d) => d.some((x) => x !== 0));
}

/** The sites of a box with their own numbers. A box begins at an even site where the lattice has a parity. */
function boxIndex(extents: readonly number[], bipartite: boolean): SiteIndex {
  const volume = extents.reduce((v, L) => v * L, 1);
  const coordinates = (n: number): number[] =>
    extents.map((L) => {
      const x = n % L;
      n = (n - x) / L;
      return x;
    });
  return {
    extents,
    volume,
    batch: 1,
    bipartite,
    coordinates,
    site: (x) => extents.reduceRight((n, L, mu) => n * L + (((x[mu]! % L) + L) % L), 0),
    parity: (n) => (coordinates(n).reduce((s, x) => s + x, 0) & 1) as 0 | 1,
  };
}

/** Lays out one rank's box for blocks of `lanes` sites, or of as many as it can be cut into. */
export function localLayout(lattice: SiteIndex, lanes: Lanes, part: Part): LocalLayout {
  return new Boxes(lattice, lanes, part);
}
