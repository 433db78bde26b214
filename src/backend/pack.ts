/** Blocks of a field into a message, out of one, and from one place of the field to another; messages lie in the same memory. Indices and strides count numbers of fields, which are floats in single precision. */
import type { Move } from "./halo.ts";

/** Numbers above which a run is copied as one piece. */
const PIECE = 256;

/** Memory as the numbers that fields hold. */
export type Reals = Float64Array | Float32Array;

/** Where a field, or fields side by side, lie: index of the first number, numbers from block to block, numbers that are wanted of a block, sites in a block. */
export interface Span {
  base: number;
  stride: number;
  reals: number;
  width: number;
}

/** Copies `n` numbers. */
function piece(f: Reals, from: number, to: number, n: number): void {
  if (n >= PIECE) f.copyWithin(to, from, from + n);
  else for (let k = 0; k < n; k++) f[to + k] = f[from + k]!;
}

/** Copies `count` blocks. */
function blocks(f: Reals, from: number, to: number, count: number, reals: number, fromStride: number, toStride: number): void {
  if (fromStride === reals && toStride === reals) piece(f, from, to, count * reals);
  else for (let b = 0; b < count; b++) piece(f, from + b * fromStride, to + b * toStride, reals);
}

/** Index of a lane's first number. */
function laneAt({ base, stride, width }: Span, position: number): number {
  const lane = position % width;
  return base + ((position - lane) / width) * stride + lane;
}

/** Writes what a move takes from the field to index `at`; returns the index behind it. */
export function pack(f: Reals, span: Span, { runs, lanes }: Move, at: number): number {
  const { base, stride, reals, width } = span;
  for (let r = 0; r < runs.length; r += 3) {
    const count = runs[r + 2]!;
    blocks(f, base + runs[r]! * stride, at, count, reals, stride, reals);
    at += count * reals;
  }
  for (let p = 0; p < lanes.length; p += 2) {
    const from = laneAt(span, lanes[p]!);
    for (let c = 0; c < reals; c += width) f[at++] = f[from + c]!;
  }
  return at;
}

/** Writes what `pack` of the sender wrote to where the move brings it. */
export function unpack(f: Reals, span: Span, { runs, lanes }: Move, at: number): number {
  const { base, stride, reals, width } = span;
  for (let r = 0; r < runs.length; r += 3) {
    const count = runs[r + 2]!;
    blocks(f, at, base + runs[r + 1]! * stride, count, reals, reals, stride);
    at += count * reals;
  }
  for (let p = 1; p < lanes.length; p += 2) {
    const to = laneAt(span, lanes[p]!);
    for (let c = 0; c < reals; c += width) f[to + c] = f[at++]!;
  }
  return at;
}

/** A move within the box: ghost blocks are behind those that they are copied from. */
export function moveWithin(f: Reals, span: Span, { runs, lanes }: Move): void {
  const { base, stride, reals, width } = span;
  for (let r = 0; r < runs.length; r += 3) blocks(f, base + runs[r]! * stride, base + runs[r + 1]! * stride, runs[r + 2]!, reals, stride, stride);
  for (let p = 0; p < lanes.length; p += 2) {
    const [from, to] = [laneAt(span, lanes[p]!), laneAt(span, lanes[p + 1]!)];
    for (let c = 0; c < reals; c += width) f[to + c] = f[from + c]!;
  }
}
