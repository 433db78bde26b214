/**
 * Loops of weights on channels as WebAssembly: for every tap the neighbours' channels of some blocks are brought together, then matrix and vectors are multiplied two sites at a time,
 * four rows of the matrix at once. Rows and columns are data, so that one module serves any number of weights. Products are rounded before they are added.
 */
import { Code, I32, Module, V128, type ValType } from "../backend/index.ts";

const [ADD, SUB, MUL, SHL, SHR, AND, OR, REM, LESS, AT_LEAST, IS_ZERO, LOAD] = [0x6a, 0x6b, 0x6c, 0x74, 0x76, 0x71, 0x72, 0x70, 0x49, 0x4f, 0x45, 0x28] as const;
const VECTOR = { load: 0x00, splat: 0x0a, store: 0x0b, add: 0xf0, mul: 0xf2 } as const;
/** Rows of a matrix that are summed together. */
const ROWS = 4;

/** (block, count, table or 0, x, stride of x, bytes of its channels in a block, first block of its half, last + 1, blocks of a sample, lanes of permutations, to) */
export type Gather = (...args: [number, number, number, number, number, number, number, number, number, number, number]) => void;
/** (count, from, bytes of a block there, y, stride of y, weights, rows, columns, bytes between rows, between columns, 1 to begin at zero) */
export type Apply = (...args: [number, number, number, number, number, number, number, number, number, number, number]) => void;
/** (count, from, bytes of a block there, y, stride of y, sums of two lanes, rows, columns) */
export type Correlate = (...args: [number, number, number, number, number, number, number, number]) => void;

/** The three loops, on addresses in bytes. */
export interface ContractionLoops {
  readonly gather: Gather;
  readonly apply: Apply;
  readonly correlate: Correlate;
}

const parameters = (n: number): ValType[] => Array.from({ length: n }, () => I32);
const zero = (c: Code): Code => c.simd(0x0c, ...Array.from({ length: 16 }, () => 0));

/** Channels of the neighbours of some blocks, one block after the other; zero where x has none. */
function gatherCode(width: number): Code {
  const c = new Code(11);
  const [b, count, table, x, stride, bytes, low, high, copyBlocks, lanes, to] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
  const [end, entry, from, k, outside, permutation] = Array.from({ length: 6 }, () => c.local(I32)) as [number, number, number, number, number, number];
  const along = (step: number, body: () => void): void => {
    c.i32(0).set(k);
    c.loop(() => void c.get(k).get(bytes).op(AT_LEAST), () => {
      body();
      c.get(k).i32(step).op(ADD).set(k);
    });
  };
  c.get(b).get(count).op(ADD).set(end);
  c.loop(() => void c.get(b).get(end).op(AT_LEAST), () => {
    c.get(b).i32(width).op(MUL).set(entry);
    c.get(table).when(() => {
      c.get(table).memory(LOAD, 2, 0).set(entry);
      c.get(table).i32(4).op(ADD).set(table);
    });
    c.get(entry).i32(width - 1).op(AND).set(permutation);
    c.get(entry).i32(Math.log2(width)).op(SHR).set(entry);
    c.get(entry).get(copyBlocks).op(REM).get(low).op(LESS).get(entry).get(copyBlocks).op(REM).get(high).op(AT_LEAST).op(OR).set(outside);
    c.get(x).get(entry).get(stride).op(MUL).op(ADD).set(from);
    c.get(outside).when(() => along(16, () => zero(c.get(to).get(k).op(ADD)).simdMemory(VECTOR.store, 3, 0)));
    c.get(outside).get(permutation).op(OR).op(IS_ZERO).when(() => along(16, () => c.get(to).get(k).op(ADD).get(from).get(k).op(ADD).simdMemory(VECTOR.load, 3, 0).simdMemory(VECTOR.store, 3, 0)));
    c.get(outside).op(IS_ZERO).get(permutation).i32(0).op(0x47).op(AND).when(() =>
      along(8 * width, () => {
        for (let l = 0; l < width; l++) {
          c.get(to).get(k).op(ADD).get(from).get(k).op(ADD);
          c.get(lanes).get(permutation).i32(2 + Math.log2(width)).op(SHL).op(ADD).memory(LOAD, 2, 4 * l);
          c.op(ADD).memory(0x2b, 3, 0).memory(0x39, 3, 8 * l);
        }
      }),
    );
    c.get(to).get(bytes).op(ADD).set(to);
    c.get(b).i32(1).op(ADD).set(b);
  });
  return c;
}

/** `body(rows)` for four rows at a time, then for one; m counts them. */
function byRows(c: Code, m: number, rows: number, body: (rows: number) => void): void {
  for (const together of [ROWS, 1])
    c.loop(() => void c.get(m).i32(together).op(ADD).get(rows).op(0x4b), () => {
      body(together);
      c.get(m).i32(together).op(ADD).set(m);
    });
}

/** y_m += sum_g w_mg x_g at every block. */
function applyCode(width: number): Code {
  const c = new Code(11);
  const [count, from, bytes, y, stride, weights, made, given, alongMade, alongGiven, begin] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
  const [m, g, at, row, to] = Array.from({ length: 5 }, () => c.local(I32)) as [number, number, number, number, number];
  const w = Array.from({ length: ROWS }, () => c.local(I32));
  const sums = Array.from({ length: ROWS }, () => c.local(V128));
  const x = c.local(V128);
  c.loop(() => void c.get(count).op(IS_ZERO), () => {
    c.i32(0).set(m).get(weights).set(row).get(y).set(to);
    byRows(c, m, made, (rows) => {
      for (let pair = 0; pair < width / 2; pair++) {
        for (let r = 0; r < rows; r++) {
          c.get(row).get(alongMade).i32(r).op(MUL).op(ADD).set(w[r]!);
          zero(c).set(sums[r]!);
        }
        c.get(begin).op(IS_ZERO).when(() => {
          for (let r = 0; r < rows; r++) c.get(to).simdMemory(VECTOR.load, 3, 8 * width * r + 16 * pair).set(sums[r]!);
        });
        c.i32(0).set(g).get(from).set(at);
        c.loop(() => void c.get(g).get(given).op(AT_LEAST), () => {
          c.get(at).simdMemory(VECTOR.load, 3, 16 * pair).set(x);
          for (let r = 0; r < rows; r++) {
            c.get(sums[r]!).get(w[r]!).simdMemory(VECTOR.splat, 3, 0).get(x).simd(VECTOR.mul).simd(VECTOR.add).set(sums[r]!);
            c.get(w[r]!).get(alongGiven).op(ADD).set(w[r]!);
          }
          c.get(at).i32(8 * width).op(ADD).set(at);
          c.get(g).i32(1).op(ADD).set(g);
        });
        for (let r = 0; r < rows; r++) c.get(to).get(sums[r]!).simdMemory(VECTOR.store, 3, 8 * width * r + 16 * pair);
      }
      c.get(row).get(alongMade).i32(rows).op(MUL).op(ADD).set(row);
      c.get(to).i32(8 * width * rows).op(ADD).set(to);
    });
    c.get(from).get(bytes).op(ADD).set(from);
    c.get(y).get(stride).op(ADD).set(y);
    c.get(count).i32(1).op(SUB).set(count);
  });
  return c;
}

/** G_oi += sum over blocks of y_o x_i, in two lanes. */
function correlateCode(width: number): Code {
  const c = new Code(8);
  const [count, from, bytes, y, stride, into, out, channels] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [m, i, b, at, own, column, row] = Array.from({ length: 7 }, () => c.local(I32)) as [number, number, number, number, number, number, number];
  const sums = Array.from({ length: ROWS }, () => c.local(V128));
  const x = c.local(V128);
  c.i32(0).set(m).get(into).set(row);
  byRows(c, m, out, (rows) => {
    c.i32(0).set(i);
    c.loop(() => void c.get(i).get(channels).op(AT_LEAST), () => {
      /** Address of sum (m + r, i). */
      const place = (r: number): Code => c.get(row).get(channels).i32(16 * r).op(MUL).op(ADD).get(i).i32(4).op(SHL).op(ADD);
      for (let r = 0; r < rows; r++) place(r).simdMemory(VECTOR.load, 3, 0).set(sums[r]!);
      c.get(i).i32(8 * width).op(MUL).set(column);
      c.get(from).get(column).op(ADD).set(at);
      c.get(y).get(m).i32(8 * width).op(MUL).op(ADD).set(own);
      c.get(count).set(b);
      c.loop(() => void c.get(b).op(IS_ZERO), () => {
        for (let pair = 0; pair < width / 2; pair++) {
          c.get(at).simdMemory(VECTOR.load, 3, 16 * pair).set(x);
          for (let r = 0; r < rows; r++) c.get(sums[r]!).get(own).simdMemory(VECTOR.load, 3, 8 * width * r + 16 * pair).get(x).simd(VECTOR.mul).simd(VECTOR.add).set(sums[r]!);
        }
        c.get(at).get(bytes).op(ADD).set(at);
        c.get(own).get(stride).op(ADD).set(own);
        c.get(b).i32(1).op(SUB).set(b);
      });
      for (let r = 0; r < rows; r++) place(r).get(sums[r]!).simdMemory(VECTOR.store, 3, 0);
      c.get(i).i32(1).op(ADD).set(i);
    });
    c.get(row).get(channels).i32(16 * rows).op(MUL).op(ADD).set(row);
  });
  return c;
}

/** The module for blocks of so many sites, at least two; `shared`: whether threads share its memory. Exports gather, apply and correlate. */
export function contractionModule(width: number, shared: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module();
  module.function(parameters(11), [], gatherCode(width), "gather");
  module.function(parameters(11), [], applyCode(width), "apply");
  module.function(parameters(8), [], correlateCode(width), "correlate");
  return module.finish(shared);
}
