/** Ghost blocks and what fills them. */
import type { Part } from "./part.ts";

/** Blocks or single numbers that go from one box to the next: to the ghost blocks of one rank from what is at the same place in the other's box. */
export interface Move {
  /** Place of the sender in the grid relative to the receiver; none for what stays in the box. */
  readonly offset: readonly number[];
  /** Where this rank sends to and receives from; its own rank for what stays in the box. */
  readonly to: number;
  readonly from: number;
  /** Whole blocks: [from, to, count] for each run. Empty where lanes go apart. */
  readonly runs: Int32Array;
  /** Positions block * width + lane of source and target, one after the other, where lanes go apart. */
  readonly lanes: Int32Array;
  /** Sites moved. */
  readonly sites: number;
}

/** Reads of ghost blocks. */
export interface GhostReads {
  /** By number. */
  readonly ghosts: ReadonlySet<number>;
  /** Blocks of a sample that read them, counted from the first of the domain. */
  readonly blocks: Int32Array;
}

/** Ghost blocks of a layout. */
export interface Halo {
  readonly part: Part;
  /** Sites of the whole lattice, of all samples. */
  readonly volume: number;
  /** Ghost blocks for which every field has room: neighbours up to one step in every direction. */
  readonly standard: number;
  /** What a loop over a domain reads of ghost blocks at a displacement; undefined when it reads none. */
  reads(displacement: readonly number[], domain: "all" | "even" | "odd"): GhostReads | undefined;
  /** What fills these ghost blocks. */
  moves(ghosts: Iterable<number>): Move[];
  /** Global site of a lane of a ghost block, in its sample. */
  site(ghost: number, lane: number): number;
  /** Rank whose box holds a global site of a sample. */
  owner(n: number): number;
}
