/**
 * Loops of weights on channels as WebAssembly. The neighbours of some blocks are listed, copied only where their lanes are permuted; blocks that are zero, such as those that a mask leaves out, are
 * not multiplied. Matrix and vectors are then multiplied two sites at a time, four rows (or the last five) of two blocks at once, so that sums stay in registers over all taps. Rows and columns
 * are data, so that one module serves any number of weights. Products are rounded before they are added, tap by tap and column by column.
 */
import { Code, I32, Module, V128, type ValType } from "../backend/index.ts";

const [ADD, SUB, MUL, SHL, SHR, AND, OR, REM, LESS, AT_LEAST, ABOVE, EQUAL, DIFFERS, IS_ZERO, LOAD, STORE] = [0x6a, 0x6b, 0x6c, 0x74, 0x76, 0x71, 0x72, 0x70, 0x49, 0x4f, 0x4b, 0x46, 0x47, 0x45, 0x28, 0x36] as const;
const VECTOR = { load: 0x00, splat: 0x0a, store: 0x0b, differs: 0x48, any: 0x53, add: 0xf0, mul: 0xf2 } as const;
/** Blocks, or columns, that are taken together. */
const BESIDE = 2;
/** Bytes of an address in a list. */
const ENTRY = 8;

/** Rows of a matrix are taken by four as long as there are so many below this, then five, then one at a time. */
export const inFours = (rows: number): number => (rows % 4 === 1 && rows > 1 ? rows - 5 : rows - (rows % 4));

/** (first block, last + 1, x, stride of x, bytes of its channels in a block, flags): 1 for blocks with a number that is not zero */
export type Flag = (...args: [number, number, number, number, number, number]) => void;
/**
 * (block, count, table or 0, x, stride of x, bytes of its channels in a block, first block of its half, last + 1, blocks of a sample, lanes of permutations, room for a permuted neighbour, its step,
 * flags of x, address of zeros, list, its step): addresses of the neighbours
 */
export type Gather = (...args: [number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number]) => void;
/** (count, list of all taps of a block after the other, taps, y, stride of y, packed weights, rows, those taken by four, columns, address of zeros) */
export type Apply = (...args: [number, number, number, number, number, number, number, number, number, number]) => void;
/** (count, list of one tap, flags of y, y, stride of y, sums of two lanes, rows, those taken by four, columns, address of zeros, room for pairs) */
export type Correlate = (...args: [number, number, number, number, number, number, number, number, number, number, number]) => void;

/** The loops, on addresses in bytes. */
export interface ContractionLoops {
  readonly flag: Flag;
  readonly gather: Gather;
  readonly apply: Apply;
  readonly correlate: Correlate;
}

const parameters = (n: number): ValType[] => Array.from({ length: n }, () => I32);
const zero = (c: Code): Code => c.simd(0x0c, ...Array.from({ length: 16 }, () => 0));
const locals = (c: Code, n: number, type: ValType = I32): number[] => Array.from({ length: n }, () => c.local(type));
/** local += bytes. */
const advance = (c: Code, local: number, bytes: number): Code => c.get(local).i32(bytes).op(ADD).set(local);

/** `body` with k = 0, step, 2 step ... below the limit. */
function counted(c: Code, k: number, limit: number, step: number, body: () => void): void {
  c.i32(0).set(k);
  c.loop(() => void c.get(k).get(limit).op(AT_LEAST), () => {
    body();
    advance(c, k, step);
  });
}

/** `body(rows)` for the rows of a matrix; m counts them. */
function byRows(c: Code, m: number, fours: number, rows: number, body: (rows: number) => void): void {
  c.i32(0).set(m);
  for (const [together, limit] of [[4, fours], [5, rows], [1, rows]] as const)
    c.loop(() => void c.get(m).i32(together).op(ADD).get(limit).op(ABOVE), () => {
      body(together);
      advance(c, m, together);
    });
}

function flagCode(): Code {
  const c = new Code(6);
  const [b, end, x, stride, bytes, flags] = [0, 1, 2, 3, 4, 5] as const;
  const [at, k, found] = locals(c, 3) as [number, number, number];
  c.loop(() => void c.get(b).get(end).op(AT_LEAST), () => {
    c.get(x).get(b).get(stride).op(MUL).op(ADD).set(at).i32(0).set(k).i32(0).set(found);
    c.loop(() => void c.get(k).get(bytes).op(AT_LEAST).get(found).op(OR), () => {
      zero(c.get(at).get(k).op(ADD).simdMemory(VECTOR.load, 3, 0)).simd(VECTOR.differs).simd(VECTOR.any).set(found);
      advance(c, k, 16);
    });
    c.get(flags).get(b).i32(2).op(SHL).op(ADD).get(found).memory(STORE, 2, 0);
    advance(c, b, 1);
  });
  return c;
}

/** Where the neighbours of some blocks are; zeros where x has none. */
function gatherCode(width: number): Code {
  const c = new Code(16);
  const [b, count, table, x, stride, bytes, low, high, copyBlocks, lanes, near, nearStep, flags, nothing, list, listStep] = Array.from({ length: 16 }, (_, k) => k) as [number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number];
  const [end, entry, from, k, permutation] = locals(c, 5) as [number, number, number, number, number];
  c.get(b).get(count).op(ADD).set(end);
  c.loop(() => void c.get(b).get(end).op(AT_LEAST), () => {
    c.get(b).i32(width).op(MUL).set(entry);
    c.get(table).when(() => {
      c.get(table).memory(LOAD, 2, 0).set(entry);
      advance(c, table, 4);
    });
    c.get(entry).i32(width - 1).op(AND).set(permutation);
    c.get(entry).i32(Math.log2(width)).op(SHR).set(entry);
    c.get(nothing).set(from);
    c.get(entry).get(copyBlocks).op(REM).get(low).op(AT_LEAST).get(entry).get(copyBlocks).op(REM).get(high).op(LESS).op(AND).when(() => {
      c.get(flags).get(entry).i32(2).op(SHL).op(ADD).memory(LOAD, 2, 0).when(() => {
        c.get(x).get(entry).get(stride).op(MUL).op(ADD).set(from);
        c.get(permutation).when(() => {
          counted(c, k, bytes, 8 * width, () => {
            for (let l = 0; l < width; l++) {
              c.get(near).get(k).op(ADD).get(from).get(k).op(ADD);
              c.get(lanes).get(permutation).i32(2 + Math.log2(width)).op(SHL).op(ADD).memory(LOAD, 2, 4 * l);
              c.op(ADD).memory(0x2b, 3, 0).memory(0x39, 3, 8 * l);
            }
          });
          c.get(near).set(from);
        });
      });
    });
    c.get(list).get(from).memory(STORE, 2, 0);
    c.get(list).get(listStep).op(ADD).set(list);
    c.get(near).get(nearStep).op(ADD).set(near);
    advance(c, b, 1);
  });
  return c;
}

/** y_m = sum over taps and columns of w_mg x_g at every block. */
function applyCode(width: number): Code {
  const c = new Code(10);
  const [count, list, taps, y, stride, weights, made, fours, given, nothing] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const [m, k, g, row, w] = locals(c, 5) as [number, number, number, number, number];
  const [at, own, entry] = [locals(c, BESIDE), locals(c, BESIDE), locals(c, BESIDE)];
  const sums = Array.from({ length: BESIDE }, () => locals(c, 5, V128));
  const x = locals(c, BESIDE, V128);
  const factor = c.local(V128);
  const listed = (): Code => c.get(taps).i32(Math.log2(ENTRY)).op(SHL);
  for (const beside of [BESIDE, 1]) {
    const each = (body: (p: number) => void): void => Array.from({ length: beside }, (_, p) => p).forEach(body);
    c.loop(() => void c.get(count).i32(beside).op(LESS), () => {
      each((p) => (p === 0 ? c.get(y) : c.get(own[p - 1]!).get(stride).op(ADD)).set(own[p]!));
      c.get(weights).set(row);
      byRows(c, m, fours, made, (rows) => {
        for (let pair = 0; pair < width / 2; pair++) {
          each((p) => {
            for (let r = 0; r < rows; r++) zero(c).set(sums[p]![r]!);
            if (p === 0) c.get(list).set(entry[p]!);
            else listed().get(entry[p - 1]!).op(ADD).set(entry[p]!);
          });
          c.get(row).set(w);
          counted(c, k, taps, 1, () => {
            c.i32(0);
            each((p) => {
              c.get(entry[p]!).memory(LOAD, 2, 0).set(at[p]!);
              advance(c, entry[p]!, ENTRY);
              c.get(at[p]!).get(nothing).op(DIFFERS).op(OR);
            });
            c.set(g);
            c.get(g).op(IS_ZERO).when(() => c.get(given).i32(8 * rows).op(MUL).get(w).op(ADD).set(w));
            c.get(g).when(() =>
              counted(c, g, given, 1, () => {
                each((p) => {
                  c.get(at[p]!).simdMemory(VECTOR.load, 3, 16 * pair).set(x[p]!);
                  advance(c, at[p]!, 8 * width);
                });
                for (let r = 0; r < rows; r++) {
                  c.get(w).simdMemory(VECTOR.splat, 3, 8 * r).set(factor);
                  each((p) => c.get(sums[p]![r]!).get(factor).get(x[p]!).simd(VECTOR.mul).simd(VECTOR.add).set(sums[p]![r]!));
                }
                advance(c, w, 8 * rows);
              }),
            );
          });
          each((p) => {
            for (let r = 0; r < rows; r++) c.get(own[p]!).get(sums[p]![r]!).simdMemory(VECTOR.store, 3, 8 * width * r + 16 * pair);
          });
        }
        c.get(w).set(row);
        each((p) => advance(c, own[p]!, 8 * width * rows));
      });
      listed().i32(beside).op(MUL).get(list).op(ADD).set(list);
      c.get(stride).i32(beside).op(MUL).get(y).op(ADD).set(y);
      c.get(count).i32(beside).op(SUB).set(count);
    });
  }
  return c;
}

/** G_oi += sum over blocks of y_o x_i, in two lanes. */
function correlateCode(width: number): Code {
  const c = new Code(11);
  const [count, list, flags, y, stride, into, out, fours, channels, nothing, pairs] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
  const [to, at, m, i, e, from, own, row, column, line] = locals(c, 10) as [number, number, number, number, number, number, number, number, number, number];
  const sums = Array.from({ length: BESIDE }, () => locals(c, 5, V128));
  const x = locals(c, BESIDE, V128);
  const factor = c.local(V128);
  // pairs of blocks of which neither is zero
  c.get(pairs).set(to);
  c.loop(() => void c.get(count).op(IS_ZERO), () => {
    c.get(list).memory(LOAD, 2, 0).set(at);
    c.get(at).get(nothing).op(EQUAL).get(flags).memory(LOAD, 2, 0).op(IS_ZERO).op(OR).op(IS_ZERO).when(() => {
      c.get(to).get(at).memory(STORE, 2, 0).get(to).get(y).memory(STORE, 2, ENTRY);
      advance(c, to, 2 * ENTRY);
    });
    advance(c, list, ENTRY);
    advance(c, flags, 4);
    c.get(y).get(stride).op(ADD).set(y);
    c.get(count).i32(1).op(SUB).set(count);
  });
  c.get(into).set(row);
  byRows(c, m, fours, out, (rows) => {
    c.i32(0).set(i).get(m).i32(8 * width).op(MUL).set(line);
    for (const beside of [BESIDE, 1])
      c.loop(() => void c.get(i).i32(beside).op(ADD).get(channels).op(ABOVE), () => {
        /** Address of sum (m + r, i); those beside it follow. */
        const place = (r: number): Code => c.get(channels).i32(16 * r).op(MUL).get(i).i32(4).op(SHL).op(ADD).get(row).op(ADD);
        for (let r = 0; r < rows; r++) for (let p = 0; p < beside; p++) place(r).simdMemory(VECTOR.load, 3, 16 * p).set(sums[p]![r]!);
        c.get(i).i32(8 * width).op(MUL).set(column).get(pairs).set(e);
        c.loop(() => void c.get(e).get(to).op(AT_LEAST), () => {
          c.get(e).memory(LOAD, 2, 0).get(column).op(ADD).set(from).get(e).memory(LOAD, 2, ENTRY).get(line).op(ADD).set(own);
          for (let pair = 0; pair < width / 2; pair++) {
            for (let p = 0; p < beside; p++) c.get(from).simdMemory(VECTOR.load, 3, 8 * width * p + 16 * pair).set(x[p]!);
            for (let r = 0; r < rows; r++) {
              c.get(own).simdMemory(VECTOR.load, 3, 8 * width * r + 16 * pair).set(factor);
              for (let p = 0; p < beside; p++) c.get(sums[p]![r]!).get(factor).get(x[p]!).simd(VECTOR.mul).simd(VECTOR.add).set(sums[p]![r]!);
            }
          }
          advance(c, e, 2 * ENTRY);
        });
        for (let r = 0; r < rows; r++) for (let p = 0; p < beside; p++) place(r).get(sums[p]![r]!).simdMemory(VECTOR.store, 3, 16 * p);
        advance(c, i, beside);
      });
    c.get(channels).i32(16 * rows).op(MUL).get(row).op(ADD).set(row);
  });
  return c;
}

/** The module for blocks of so many sites, at least two; `shared`: whether threads share its memory. Exports flag, gather, apply and correlate. */
export function contractionModule(width: number, shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module();
  module.function(parameters(6), [], flagCode(), "flag");
  module.function(parameters(16), [], gatherCode(width), "gather");
  module.function(parameters(10), [], applyCode(width), "apply");
  module.function(parameters(11), [], correlateCode(width), "correlate");
  return module.finish(shared);
}
