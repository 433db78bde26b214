/**
 * Loops of weights on channels as WebAssembly, on blocks of two sites. A list has the blocks of a result and the neighbour of each at every tap; groups of samples have it in common. Neighbours are
 * copied only where their lanes are permuted, and channels before the first and behind the last that is not zero, such as those that a mask leaves out, are not multiplied.
 * Matrix and vectors are multiplied four rows of two blocks at once, the same of two groups or two of one group, so that sums stay in registers over all taps. Rows and columns
 * are data, so that one module serves any number of weights. Products are rounded before they are added, tap by tap and column by column. Sums over sites are those of cells, that is of so many
 * rows of a list in all groups of a call; the two parts of these (correlation-sums.ts) are added up.
 */
import { Code, I32, Module, V128, type ValType } from "../../backend/index.ts";

const [ADD, SUB, MUL, SHL, SHR, AND, OR, LESS, AT_LEAST, ABOVE, IS_ZERO, NOT_NEGATIVE, SELECT, LOAD, STORE] = [0x6a, 0x6b, 0x6c, 0x74, 0x76, 0x71, 0x72, 0x49, 0x4f, 0x4b, 0x45, 0x4e, 0x1b, 0x28, 0x36] as const;
const VECTOR = { load: 0x00, splat: 0x0a, store: 0x0b, shuffle: 0x0d, differs: 0x48, any: 0x53, abs: 0xec, add: 0xf0, sub: 0xf1, mul: 0xf2, max: 0xf5 } as const;
/** Blocks, or columns, that are taken together. */
const BESIDE = 2;
/** Bytes of the neighbours at a tap, of the lanes of a channel, and of a block's first channel and last + 1. */
export const ENTRY = 16;
const CHANNEL = 16;
export const FLAG = 8;
/** Bytes of a pair of blocks, at most. */
export const PAIR = 16;

/** Rows of a matrix are taken by eight, where `wide`, and by four, below these numbers, then three, two and one at a time: five as three and two. */
export function togetherOf(rows: number, wide: boolean): readonly [number, number] {
  const eights = wide && rows % 8 !== 1 ? rows - (rows % 8) : 0;
  const rest = rows - eights;
  return [eights, eights + (rest % 4 === 1 && rest > 1 ? rest - 5 : rest - (rest % 4))];
}

/** (first block, last + 1, x, stride of x, its channels, flags): first channel that is not zero, and the last + 1; (channels, 0) of a block without */
export type Flag = (...args: [number, number, number, number, number, number]) => void;
/** (..., those flags, room for the largest |x| so far of every channel in each lane) */
export type Peaks = (...args: [number, number, number, number, number, number, number]) => void;
/** What both kinds of loops begin with: (list, its length, groups, blocks of a group, taps, x, stride of x, its channels, flags of x, lanes of permutations, room for permuted neighbours */
export type Neighbours = [number, number, number, number, number, number, number, number, number, number, number];
/** ..., y, stride of y, packed weights, rows, those taken by eight, by eight or four, address of zeros, room for the neighbours of two blocks) */
export type Apply = (...args: [...Neighbours, number, number, number, number, number, number, number, number]) => void;
/** ..., y, stride of y, both parts of the sums in each lane, rows, those taken by eight, by eight or four, flags of y, rows of a cell, room for its pairs, address of the units) */
export type Correlate = (...args: [...Neighbours, number, number, number, number, number, number, number, number, number, number]) => void;

/** The loops, on addresses in bytes. */
export interface ContractionLoops {
  readonly flag: Flag;
  readonly peaks: Peaks;
  readonly apply: Apply;
  readonly correlate: Correlate;
  /** Whether rows are taken by eight where there are so many. */
  readonly wide: boolean;
}

const parameters = (n: number): ValType[] => Array.from({ length: n }, () => I32);
/** As many as are taken apart at most. */
type Some = [number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number];
const numbers = (n: number): Some => Array.from({ length: n }, (_, k) => k) as Some;
const zero = (c: Code): Code => c.simd(0x0c, ...Array.from({ length: 16 }, () => 0));
const locals = (c: Code, n: number, type: ValType = I32): Some => Array.from({ length: n }, () => c.local(type)) as Some;
/** local += bytes. */
const advance = (c: Code, local: number, bytes: number): Code => c.get(local).i32(bytes).op(ADD).set(local);
/** `body` while there is one of `step` left between k and the limit; k moves on. */
const stepped = (c: Code, k: number, limit: number, step: number, body: () => void): Code =>
  c.loop(() => void c.get(k).i32(step).op(ADD).get(limit).op(ABOVE), () => {
    body();
    advance(c, k, step);
  });

/** `body(rows)` for the rows of a matrix; m counts them. */
function byRows(c: Code, m: number, fours: number, rows: number, body: (rows: number) => void): void {
  c.i32(0).set(m);
  for (const [together, limit] of [[4, fours], [3, rows], [2, rows], [1, rows]] as const) stepped(c, m, limit, together, () => body(together));
}

function flagCode(): Code {
  const c = new Code(6);
  const [b, end, x, stride, count, flags] = numbers(6);
  const [at, lo, hi, found] = locals(c, 4);
  const look = (channel: number): Code => zero(c.get(at).get(channel).i32(4).op(SHL).op(ADD).simdMemory(VECTOR.load, 3, 0)).simd(VECTOR.differs).simd(VECTOR.any).set(found);
  c.loop(() => void c.get(b).get(end).op(AT_LEAST), () => {
    c.get(x).get(b).get(stride).op(MUL).op(ADD).set(at).i32(0).set(lo).i32(0).set(found);
    c.loop(() => void c.get(lo).get(count).op(AT_LEAST).get(found).op(OR), () => {
      look(lo);
      advance(c, lo, 1);
    });
    c.get(lo).get(found).op(SUB).set(lo).get(count).get(found).op(MUL).set(hi).i32(0).set(found);
    c.loop(() => void c.get(hi).op(IS_ZERO).get(found).op(OR), () => {
      advance(c, hi, -1);
      look(hi);
    });
    c.get(flags).get(b).i32(3).op(SHL).op(ADD).get(lo).memory(STORE, 2, 0);
    c.get(flags).get(b).i32(3).op(SHL).op(ADD).get(hi).get(found).op(ADD).memory(STORE, 2, 4);
    advance(c, b, 1);
  });
  return c;
}

/** The largest |x| of every channel, in two lanes. */
function peaksCode(): Code {
  const c = new Code(7);
  const [b, end, x, stride, count, flags, peaks] = numbers(7);
  const [k, at, to] = locals(c, 3);
  stepped(c, b, end, 1, () => {
    c.get(flags).get(b).i32(3).op(SHL).op(ADD).memory(LOAD, 2, 4).when(() => {
      c.get(x).get(b).get(stride).op(MUL).op(ADD).set(at).get(peaks).set(to).i32(0).set(k);
      stepped(c, k, count, 1, () => {
        c.get(to).get(to).simdMemory(VECTOR.load, 3, 0).get(at).simdMemory(VECTOR.load, 3, 0).simd(VECTOR.abs).simd(VECTOR.max).simdMemory(VECTOR.store, 3, 0);
        for (const p of [at, to]) advance(c, p, CHANNEL);
      });
    });
  });
  return c;
}

/** What finding a neighbour needs: blocks before the group, x, its stride, channels and flags, room for permuted lanes. */
interface Operand {
  readonly before: number;
  readonly x: number;
  readonly stride: number;
  readonly channels: number;
  readonly flags: number;
  readonly near: number;
}

/** Finds the neighbour behind an entry, that is its block in the group times two, plus one where lanes are exchanged, or -1 where there is none: address, first channel and last + 1 that are not zero. */
function neighbour(c: Code, { before, x, stride, channels, flags, near }: Operand, from: number, lo: number, hi: number): (entry: () => Code) => void {
  const [entry, k, end] = locals(c, 3);
  const v = c.local(V128);
  return (given) => {
    c.get(channels).set(lo).i32(0).set(hi);
    given().set(entry);
    c.get(entry).i32(0).op(NOT_NEGATIVE).when(() => {
      c.get(entry).i32(1).op(SHR).get(before).op(ADD).set(k);
      c.get(x).get(k).get(stride).op(MUL).op(ADD).set(from);
      c.get(flags).get(k).i32(3).op(SHL).op(ADD).set(k);
      c.get(k).memory(LOAD, 2, 0).set(lo).get(k).memory(LOAD, 2, 4).set(hi);
      c.get(entry).i32(1).op(AND).when(() => {
        c.get(channels).i32(4).op(SHL).set(end).i32(0).set(k);
        c.loop(() => void c.get(k).get(end).op(AT_LEAST), () => {
          c.get(from).get(k).op(ADD).simdMemory(VECTOR.load, 3, 0).set(v);
          c.get(near).get(k).op(ADD).get(v).get(v).simd(VECTOR.shuffle, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7).simdMemory(VECTOR.store, 3, 0);
          advance(c, k, CHANNEL);
        });
        c.get(near).set(from);
      });
    });
  };
}

/**
 * Results and neighbours of two blocks: (y, y of the second), then for every tap (address, that of the second, first channel, last + 1). (rows of the table, blocks before the groups, taps, x, its stride,
 * channels, flags, rooms for permuted lanes, address of zeros, y, its stride, list)
 */
function gatherCode(): Code {
  const c = new Code(14);
  const [row, otherRow, before, otherBefore, taps, x, stride, channels, flags, near, nothing, y, yStride, list] = numbers(14);
  const [k, bytes, otherNear, from, lo, hi, otherFrom, otherLo, otherHi] = locals(c, 9);
  const first = neighbour(c, { before, x, stride, channels, flags, near }, from, lo, hi);
  const second = neighbour(c, { before: otherBefore, x, stride, channels, flags, near: otherNear }, otherFrom, otherLo, otherHi);
  c.get(channels).i32(4).op(SHL).set(bytes).get(near).get(bytes).get(taps).op(MUL).op(ADD).set(otherNear);
  c.get(list).get(y).get(row).memory(LOAD, 2, 0).get(before).op(ADD).get(yStride).op(MUL).op(ADD).memory(STORE, 2, 0);
  c.get(list).get(y).get(otherRow).memory(LOAD, 2, 0).get(otherBefore).op(ADD).get(yStride).op(MUL).op(ADD).memory(STORE, 2, 4);
  stepped(c, k, taps, 1, () => {
    for (const p of [row, otherRow]) advance(c, p, 4);
    advance(c, list, ENTRY);
    c.get(nothing).set(from).get(nothing).set(otherFrom);
    first(() => c.get(row).memory(LOAD, 2, 0));
    second(() => c.get(otherRow).memory(LOAD, 2, 0));
    c.get(list).get(from).memory(STORE, 2, 0).get(list).get(otherFrom).memory(STORE, 2, 4);
    c.get(list).get(lo).get(otherLo).get(lo).get(otherLo).op(LESS).op(SELECT).memory(STORE, 2, 8);
    c.get(list).get(hi).get(otherHi).get(hi).get(otherHi).op(ABOVE).op(SELECT).memory(STORE, 2, 12);
    for (const p of [near, otherNear]) c.get(p).get(bytes).op(ADD).set(p);
  });
  return c;
}

/** y_m = sum over taps and columns of w_mg x_g of two blocks. (list, taps, weights, rows, those taken by four, columns) */
function productCode(): Code {
  const c = new Code(6);
  const [list, taps, weights, made, fours, given] = numbers(6);
  const [m, k, g, hi, w, entry] = locals(c, 6);
  const at = locals(c, BESIDE);
  const sums = Array.from({ length: BESIDE }, () => locals(c, 4, V128));
  const x = locals(c, BESIDE, V128);
  const factor = c.local(V128);
  const each = (body: (p: number) => void): void => numbers(BESIDE).forEach(body);
  byRows(c, m, fours, made, (rows) => {
    each((p) => {
      for (let r = 0; r < rows; r++) zero(c).set(sums[p]![r]!);
    });
    c.get(list).set(entry).i32(0).set(k);
    stepped(c, k, taps, 1, () => {
      advance(c, entry, ENTRY);
      c.get(entry).memory(LOAD, 2, 8).set(g).get(entry).memory(LOAD, 2, 12).set(hi);
      each((p) => c.get(entry).memory(LOAD, 2, 4 * p).get(g).i32(4).op(SHL).op(ADD).set(at[p]!));
      c.get(g).i32(8 * rows).op(MUL).get(weights).op(ADD).set(w);
      c.loop(() => void c.get(g).get(hi).op(AT_LEAST), () => {
        each((p) => {
          c.get(at[p]!).simdMemory(VECTOR.load, 3, 0).set(x[p]!);
          advance(c, at[p]!, CHANNEL);
        });
        for (let r = 0; r < rows; r++) {
          c.get(w).simdMemory(VECTOR.splat, 3, 8 * r).set(factor);
          each((p) => c.get(sums[p]![r]!).get(factor).get(x[p]!).simd(VECTOR.mul).simd(VECTOR.add).set(sums[p]![r]!));
        }
        advance(c, w, 8 * rows);
        advance(c, g, 1);
      });
      c.get(given).i32(8 * rows).op(MUL).get(weights).op(ADD).set(weights);
    });
    each((p) => {
      c.get(list).memory(LOAD, 2, 4 * p).get(m).i32(4).op(SHL).op(ADD).set(at[p]!);
      for (let r = 0; r < rows; r++) c.get(at[p]!).get(sums[p]![r]!).simdMemory(VECTOR.store, 3, CHANNEL * r);
    });
  });
  return c;
}

/** What the loops begin with. */
const NEIGHBOURS = 11;

/** The loop over groups and blocks: the same block of two groups, or two blocks of the last; one that is left is taken twice. */
function applyCode(gather: number, product: number): Code {
  const c = new Code(NEIGHBOURS + 8);
  const [table, count, groups, blocks, taps, x, stride, channels, flags, , near, y, yStride, weights, made, , fours, nothing, room] = numbers(NEIGHBOURS + 8);
  const [g, n, before, otherBefore, row, otherRow, width] = locals(c, 7);
  const blocksOf = (together: number, apart: number): Code =>
    stepped(c, n, count, together, () => {
      c.get(row).get(width).i32(apart).op(MUL).op(ADD).set(otherRow);
      for (const p of [row, otherRow, before, otherBefore, taps, x, stride, channels, flags, near, nothing, y, yStride, room]) c.get(p);
      c.call(gather);
      for (const p of [room, taps, weights, made, fours, channels]) c.get(p);
      c.call(product).get(otherRow).get(width).op(ADD).set(row);
    });
  c.get(taps).i32(1).op(ADD).i32(2).op(SHL).set(width);
  for (const together of [2, 1])
    stepped(c, g, groups, together, () => {
      c.get(g).get(blocks).op(MUL).set(before).get(before).get(blocks).i32(together - 1).op(MUL).op(ADD).set(otherBefore);
      c.get(table).set(row).i32(0).set(n);
      if (together === 1) blocksOf(2, 1);
      blocksOf(1, 0);
    });
  return c;
}

/** G_oi += sum over a cell of y_o x_i, in two lanes, tap by tap. */
function correlateCode(): Code {
  const c = new Code(NEIGHBOURS + 10);
  const [table, count, groups, blocks, taps, x, stride, channels, flags, , near, y, yStride, sums, out, , fours, ownFlags, cell, pairs, units] = numbers(NEIGHBOURS + 10);
  const [g, n, before, width, k, last, b, row, to, place] = locals(c, 10);
  const [m, i, e, from, own, column, line, into, at, lo, hi] = locals(c, 11);
  const sum = Array.from({ length: BESIDE }, () => locals(c, 4, V128));
  const v = locals(c, BESIDE, V128);
  const [factor, q] = locals(c, 2, V128);
  const find = neighbour(c, { before, x, stride, channels, flags, near: place }, from, lo, hi);
  /** Pairs of blocks of which neither is zero. */
  const pairsAt = (): void => {
    c.get(pairs).set(to).get(near).set(place).i32(0).set(g).i32(0).set(before);
    stepped(c, g, groups, 1, () => {
      c.get(n).set(b);
      stepped(c, b, last, 1, () => {
        c.get(b).get(width).op(MUL).get(table).op(ADD).set(row);
        c.get(row).memory(LOAD, 2, 0).get(before).op(ADD).set(own);
        c.get(ownFlags).get(own).i32(3).op(SHL).op(ADD).memory(LOAD, 2, 4).when(() => {
          find(() => c.get(row).get(k).i32(2).op(SHL).op(ADD).memory(LOAD, 2, 4));
          c.get(hi).when(() => {
            c.get(to).get(from).memory(STORE, 2, 0).get(to).get(y).get(own).get(yStride).op(MUL).op(ADD).memory(STORE, 2, 4);
            advance(c, to, 8);
            c.get(place).get(channels).i32(4).op(SHL).op(ADD).set(place);
          });
        });
      });
      c.get(before).get(blocks).op(ADD).set(before);
    });
  };
  /** The part of s in the unit of `factor` is added to the sum that lies `offset` behind `at`, and what is left stays in s. */
  const part = (s: number, offset: number): void => {
    c.get(s).get(factor).simd(VECTOR.add).get(factor).simd(VECTOR.sub).set(q);
    c.get(at).get(at).simdMemory(VECTOR.load, 3, offset).get(q).simd(VECTOR.add).simdMemory(VECTOR.store, 3, offset);
    c.get(s).get(q).simd(VECTOR.sub).set(s);
  };
  const columns = (rows: number, beside: number): void =>
    void stepped(c, i, channels, beside, () => {
      const each = (body: (r: number, p: number) => void): void => numbers(rows).forEach((r) => numbers(beside).forEach((p) => body(r, p)));
      c.get(i).i32(4).op(SHL).set(column);
      each((r, p) => zero(c).set(sum[p]![r]!));
      c.get(pairs).set(e);
      c.loop(() => void c.get(e).get(to).op(AT_LEAST), () => {
        c.get(e).memory(LOAD, 2, 0).get(column).op(ADD).set(from).get(e).memory(LOAD, 2, 4).get(line).op(ADD).set(at);
        for (let p = 0; p < beside; p++) c.get(from).simdMemory(VECTOR.load, 3, CHANNEL * p).set(v[p]!);
        for (let r = 0; r < rows; r++) {
          c.get(at).simdMemory(VECTOR.load, 3, CHANNEL * r).set(factor);
          for (let p = 0; p < beside; p++) c.get(sum[p]![r]!).get(factor).get(v[p]!).simd(VECTOR.mul).simd(VECTOR.add).set(sum[p]![r]!);
        }
        advance(c, e, 8);
      });
      // units of rows, then of columns
      c.get(line).i32(1).op(SHR).get(units).op(ADD).set(own).get(out).get(i).op(ADD).i32(3).op(SHL).get(units).op(ADD).set(from);
      each((r, p) => {
        c.get(channels).i32(32 * r).op(MUL).get(i).i32(5).op(SHL).op(ADD).get(into).op(ADD).set(at);
        c.get(own).simdMemory(VECTOR.splat, 3, 8 * (r + 1)).get(from).simdMemory(VECTOR.splat, 3, 8 * (p + 1)).simd(VECTOR.mul).set(factor);
        part(sum[p]![r]!, 32 * p);
        c.get(factor).get(units).simdMemory(VECTOR.splat, 3, 0).simd(VECTOR.mul).set(factor);
        part(sum[p]![r]!, 32 * p + 16);
      });
    });
  c.get(taps).i32(1).op(ADD).i32(2).op(SHL).set(width);
  c.loop(() => void c.get(n).get(count).op(AT_LEAST), () => {
    c.get(n).get(cell).op(ADD).set(last).i32(0).set(k);
    stepped(c, k, taps, 1, () => {
      pairsAt();
      c.get(to).get(pairs).op(SUB).when(() => {
        c.get(k).get(out).op(MUL).get(channels).op(MUL).i32(5).op(SHL).get(sums).op(ADD).set(into);
        byRows(c, m, fours, out, (rows) => {
          c.i32(0).set(i).get(m).i32(4).op(SHL).set(line);
          columns(rows, BESIDE);
          columns(rows, 1);
          c.get(channels).i32(32 * rows).op(MUL).get(into).op(ADD).set(into);
        });
      });
    });
    c.get(last).set(n);
  });
  return c;
}

/** The module for blocks of two sites; `shared`: whether threads share its memory. Exports flag, peaks, apply and correlate. */
export function contractionModule(shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module();
  const add = (n: number, code: Code, name?: string): number => module.function(parameters(n), [], code, name);
  const gather = add(14, gatherCode());
  add(6, flagCode(), "flag");
  add(7, peaksCode(), "peaks");
  add(NEIGHBOURS + 8, applyCode(gather, add(6, productCode())), "apply");
  add(NEIGHBOURS + 10, correlateCode(), "correlate");
  return module.finish(shared);
}
