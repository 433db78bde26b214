/**
 * Memory of a program's intermediate fields: one arena in which buffers that live through the same steps lie block by block side by side
 * (fewer streams), and groups whose lifetimes do not overlap share memory.
 */
import type { ValueType } from "../autograd/types.ts";
import { paddedBytes } from "../backend/heap.ts";
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

/** Bytes of a whole field or scalar, and of one block of it. */
export interface Sizes {
  bytes(type: ValueType): number;
  blockBytes(type: ValueType): number;
}

/** Places every buffer that is not the caller's: first fit in order of first use. */
export function placeArena(buffers: readonly Buffer[], sizes: Sizes): Arena {
  const groups = new Map<string, number[]>();
  buffers.forEach((b, k) => {
    if (b.external || b.first < 0) return;
    const key = b.data ? `data${k}` : b.type.kind === "scalar" ? `scalar${k}` : `${b.first}-${b.last}`;
    const group = groups.get(key);
    if (group) group.push(k);
    else groups.set(key, [k]);
  });
  const pieces: Piece[] = [];
  const offsets = new Map<number, number>();
  const strides = new Map<number, number>();
  let total = 0;
  for (const members of [...groups.values()].sort((x, y) => buffers[x[0]!]!.first - buffers[y[0]!]!.first)) {
    const { first, last, data } = buffers[members[0]!]!;
    const size = paddedBytes(members.reduce((s, k) => s + sizes.bytes(buffers[k]!.type), 0));
    const [from, to] = data ? [0, Infinity] : [first, last];
    let at = 0;
    for (const p of pieces.filter((q) => q.first <= to && from <= q.last).sort((x, y) => x.at - y.at)) {
      if (at + size <= p.at) break;
      at = Math.max(at, p.at + p.size);
    }
    pieces.push({ buffers: members, at, size, first: from, last: to });
    total = Math.max(total, at + size);
    const stride = members.reduce((s, k) => s + sizes.blockBytes(buffers[k]!.type), 0);
    for (const k of members) {
      offsets.set(k, at);
      strides.set(k, stride);
      at += sizes.blockBytes(buffers[k]!.type);
    }
  }
  return { bytes: total, pieces, offsets, strides };
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
