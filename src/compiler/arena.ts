/**
 * Memory of a program's intermediate fields: one arena in which buffers that live through the same steps lie block by block side by side
 * (fewer streams), and groups whose lifetimes do not overlap share memory.
 */
import type { ValueType } from "../autograd/index.ts";
import { paddedBytes } from "../backend/index.ts";
import type { Buffer } from "./ir.ts";

/** A group of buffers: its place, and the steps through which it is taken. */
export interface Piece {
  readonly buffers: readonly number[];
  readonly at: number;
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

export interface Arena {
  readonly bytes: number;
  readonly pieces: readonly Piece[];
  /** Offset of each placed buffer, and the bytes from one of its blocks to the next. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly strides: ReadonlyMap<number, number>;
}

/** Bytes of a whole field or scalar, with so many ghost blocks, and of one block of it. */
export interface Sizes {
  bytes(type: ValueType, ghosts?: number): number;
  blockBytes(type: ValueType): number;
}

/**
 * Places every buffer that is not the caller's: constants first, which stay, then scalars, in slots that pass from one to the next of the same size,
 * then fields, first fit in order of first use.
 */
export function placeArena(buffers: readonly Buffer[], sizes: Sizes): Arena {
  const groups = new Map<string, number[]>();
  const scalars: number[] = [];
  buffers.forEach((b, k) => {
    if (b.external || b.first < 0) return;
    if (!b.data && b.type.kind === "scalar") {
      scalars.push(k);
      return;
    }
    // numbers of a tensor stand side by side
    const key = b.type.kind === "tensor" ? `tensor${k}` : b.data ? `data${k}` : `${b.first}-${b.last}-${b.blocks}`;
    const group = groups.get(key);
    if (group) group.push(k);
    else groups.set(key, [k]);
  });
  const pieces: Piece[] = [];
  const offsets = new Map<number, number>();
  const strides = new Map<number, number>();
  let total = 0;
  const place = (members: readonly number[], at: number, size: number, first: number, last: number): Piece => {
    const stride = members.reduce((s, k) => s + sizes.blockBytes(buffers[k]!.type), 0);
    let offset = at;
    for (const k of members) {
      offsets.set(k, offset);
      strides.set(k, stride);
      offset += sizes.blockBytes(buffers[k]!.type);
    }
    const piece = { buffers: members, at, size, first, last };
    pieces.push(piece);
    total = Math.max(total, at + size);
    return piece;
  };
  const sizeOf = (members: readonly number[]): number => {
    // fields that lie side by side have the same number of blocks
    const ghosts = members.reduce((g, k) => Math.max(g, buffers[k]!.ghosts ?? 0), 0);
    return paddedBytes(members.reduce((s, k) => s + (buffers[k]!.blocks === undefined ? sizes.bytes(buffers[k]!.type, ghosts) : buffers[k]!.blocks! * sizes.blockBytes(buffers[k]!.type)), 0));
  };
  for (const members of groups.values()) if (buffers[members[0]!]!.data) place(members, total, sizeOf(members), 0, Infinity);
  const byFirst = (x: number, y: number): number => buffers[x]!.first - buffers[y]!.first;
  // those that all samples of a batch share are smaller than those of which every sample has its own
  for (const ofOneSize of bySize(scalars.sort(byFirst), (k) => sizeOf([k])))
    placeScalars(ofOneSize, buffers, (k, free) => place([k], free ?? total, sizeOf([k]), buffers[k]!.first, buffers[k]!.last).at);
  const base = total;
  // pieces that are still taken, by address
  let taken: Piece[] = [];
  for (const members of [...groups.values()].filter((m) => !buffers[m[0]!]!.data).sort((x, y) => byFirst(x[0]!, y[0]!))) {
    const { first, last } = buffers[members[0]!]!;
    const size = sizeOf(members);
    taken = taken.filter((p) => p.last >= first);
    let at = base;
    let k = 0;
    for (; k < taken.length && at + size > taken[k]!.at; k++) at = taken[k]!.at + taken[k]!.size;
    taken.splice(k, 0, place(members, at, size, first, last));
  }
  return { bytes: total, pieces, offsets, strides };
}

/** A list in parts whose members have one size, in order. */
function bySize(list: readonly number[], size: (k: number) => number): number[][] {
  const parts = new Map<number, number[]>();
  for (const k of list) {
    const part = parts.get(size(k));
    if (part) part.push(k);
    else parts.set(size(k), [k]);
  }
  return [...parts.values()];
}

/** Gives each scalar, in order of first use, the place of one that is no longer used, or a new one. */
function placeScalars(scalars: readonly number[], buffers: readonly Buffer[], put: (scalar: number, free: number | undefined) => number): void {
  const free: number[] = [];
  const ending = new Map<number, number[]>();
  let step = -1;
  for (const k of scalars) {
    const { first, last } = buffers[k]!;
    for (; step < first; step++) {
      for (const at of ending.get(step) ?? []) free.push(at);
      ending.delete(step);
    }
    const at = put(k, free.pop());
    const list = ending.get(last);
    if (list) list.push(at);
    else ending.set(last, [at]);
  }
}

/** Pairs of groups that share memory while both are alive; empty for a good arena. */
export function overlaps({ pieces, bytes }: Arena): string[] {
  const found: string[] = [];
  pieces.forEach((p, k) => {
    if (p.at < 0 || p.at + p.size > bytes) found.push(`buffers ${p.buffers.join(",")} lie outside the arena of ${bytes} bytes`);
    for (const q of pieces.slice(0, k))
      if (p.first <= q.last && q.first <= p.last && p.at < q.at + q.size && q.at < p.at + p.size)
        found.push(`buffers ${q.buffers.join(",")} and ${p.buffers.join(",")} share memory in steps ${Math.max(p.first, q.first)} to ${Math.min(p.last, q.last)}`);
  });
  return found;
}
