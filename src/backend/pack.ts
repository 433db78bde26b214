/** Blocks of a field into a message, out of one, and from one place of the field to another. Indices and strides count doubles; `reals` is the numbers of one block. */
import type { Move } from "./halo.ts";

/** Numbers above which a run is copied as one piece. */
const PIECE = 256;

/** Where a field lies: index of its first number, doubles from block to block, doubles of one block, sites in a block. */
export interface Span {
  readonly base: number;
  readonly stride: number;
  readonly reals: number;
  readonly width: number;
}

/** Writes what a move takes from the field to `out` at index `at`; returns the index behind it. */
export function pack(f: Float64Array, { base, stride, reals, width }: Span, { runs, lanes }: Move, out: Float64Array, at: number): number {
  for (let r = 0; r < runs.length; r += 3) {
    const begin = base + runs[r]! * stride;
    const count = runs[r + 2]!;
    if (stride === reals && count * reals >= PIECE) {
      out.set(f.subarray(begin, begin + count * reals), at);
      at += count * reals;
      continue;
    }
    for (let b = 0; b < count; b++) {
      const from = begin + b * stride;
      for (let k = 0; k < reals; k++) out[at + k] = f[from + k]!;
      at += reals;
    }
  }
  const components = reals / width;
  for (let p = 0; p < lanes.length; p += 2) {
    const lane = lanes[p]! % width;
    const from = base + ((lanes[p]! - lane) / width) * stride + lane;
    for (let c = 0; c < components; c++) out[at++] = f[from + c * width]!;
  }
  return at;
}

/** Writes what `pack` of the sender wrote to where the move brings it. */
export function unpack(f: Float64Array, { base, stride, reals, width }: Span, { runs, lanes }: Move, message: Float64Array, at: number): number {
  for (let r = 0; r < runs.length; r += 3) {
    const begin = base + runs[r + 1]! * stride;
    const count = runs[r + 2]!;
    if (stride === reals && count * reals >= PIECE) {
      f.set(message.subarray(at, at + count * reals), begin);
      at += count * reals;
      continue;
    }
    for (let b = 0; b < count; b++) {
      const to = begin + b * stride;
      for (let k = 0; k < reals; k++) f[to + k] = message[at + k]!;
      at += reals;
    }
  }
  const components = reals / width;
  for (let p = 1; p < lanes.length; p += 2) {
    const lane = lanes[p]! % width;
    const to = base + ((lanes[p]! - lane) / width) * stride + lane;
    for (let c = 0; c < components; c++) f[to + c * width] = message[at++]!;
  }
  return at;
}
