/**
 * Sums whose bits do not depend on the order of the terms (binned sums: Demmel and Nguyen, ARITH 2013; Ahrens, Demmel and Nguyen, ACM TOMS 46, 22). The real
 * axis is cut into bins of 40 binary digits at fixed places. Every value is split, without rounding, over the bin of the largest one and the two below it;
 * what is left is below 2^-80 of the largest and dropped. The parts are multiples of their bin's unit and add without rounding, so any order,
 * any cut into chunks and any number of threads or ranks gives the same total, which is rounded at the end alone.
 *
 * A kernel leaves four numbers a chunk of at most 128 values: the bin t of its largest (biased, from 3 on) and the three sums; bin `SPECIAL` marks values that are
 * not finite or above 2^960, and holds their plain sum. Adding and subtracting 1.5 * 2^(unit + 52) rounds to a multiple of a unit; as that addend does not
 * depend on the sum so far, neither does the rounding.
 */
import { Code, F64, I32, type Module, V128 } from "./assembler.ts";

/** Numbers that a kernel leaves for a chunk: bin, and three sums. */
export const BIN_PARTS = 4;
/** The bin of values that are not finite or too large for the grid. */
export const SPECIAL = 1e9;
/** Digits of a bin. */
const DIGITS = 40;
const LOWEST = 3;
const LIMIT = 2 ** 960;
/** Chunks of 128 values after which sums are carried: they stay below 2^53 units. */
const CARRY = 32;

/** 1.5 * 2^(e + 52) for bins of unit 2^e, by bin; the unit is 2^-52 / 1.5 of it. */
const ROUND = Float64Array.from({ length: 52 }, (_, t) => (t === 0 ? 0 : 1.5 * 2 ** (DIGITS * t - 5 - 1023)));
const unitOf = (t: number): number => ROUND[t]! / 1.5 / 2 ** 52;

const word = new Float64Array(1);
const halves = new Int32Array(word.buffer);

/** The bin of the largest of some values, at least the lowest one. */
function binOf(largest: number): number {
  word[0] = largest;
  return Math.max(LOWEST, Math.floor(((halves[1]! >>> 20) + 57) / DIGITS));
}

/** Sums n values at index `at` into four numbers at index `to`: what the JavaScript kernels call, and what the others do. */
export function binnedChunk(f: Float64Array, at: number, n: number, to: number): void {
  let largest = 0;
  let plain = 0;
  for (let k = at; k < at + n; k++) {
    const x = Math.abs(f[k]!);
    if (!(x <= largest)) largest = x;
    plain += f[k]!;
  }
  if (!(largest < LIMIT) || Number.isNaN(plain)) {
    f[to] = SPECIAL;
    f[to + 1] = plain;
    f[to + 2] = f[to + 3] = 0;
    return;
  }
  const t = binOf(largest);
  const [c0, c1, c2] = [ROUND[t]!, ROUND[t - 1]!, ROUND[t - 2]!];
  let [s0, s1, s2] = [0, 0, 0];
  for (let k = at; k < at + n; k++) {
    let x = f[k]!;
    let q = x + c0 - c0;
    s0 += q;
    x -= q;
    q = x + c1 - c1;
    s1 += q;
    x -= q;
    s2 += x + c2 - c2;
  }
  f[to] = t;
  f[to + 1] = s0;
  f[to + 2] = s1;
  f[to + 3] = s2;
}

/** The same in C: `n` values at x to four numbers at p. A function, which a bundle that has no use for it leaves out. */
export const binnedSource = (): string => `/* Sum of n values that depends on no order: bin of the largest, and sums of the parts in it and the two bins below. */
static MICRO void binned(const double* x, int64_t n, double* p) {
  typedef double P __attribute__((vector_size(64), aligned(8)));
  typedef int64_t Q __attribute__((vector_size(64)));
  P m = {0};
  Q fits = ~(Q){0};
  int64_t k = 0;
  for (; k + 7 < n; k += 8) {
    const P a = (P)((Q)*(const P*)(x + k) & INT64_MAX);
    fits &= a < 0x1p960;
    m = (P)(((Q)a & (a > m)) | ((Q)m & ~(Q)(a > m)));
  }
  double largest = 0;
  int64_t finite = -1;
  for (int l = 0; l < 8; l++) { finite &= fits[l]; largest = m[l] > largest ? m[l] : largest; }
  for (; k < n; k++) { const double a = __builtin_fabs(x[k]); finite &= -(a < 0x1p960); largest = a > largest ? a : largest; }
  if (!finite) {
    double plain = 0;
    for (k = 0; k < n; k++) plain += x[k];
    p[0] = ${SPECIAL}.0; p[1] = plain; p[2] = p[3] = 0;
    return;
  }
  union { double d; uint64_t u; } w = {.d = largest};
  int64_t t = ((int64_t)(w.u >> 52) + 57) / ${DIGITS};
  if (t < ${LOWEST}) t = ${LOWEST};
  double c[3], s[3] = {0, 0, 0};
  for (int k = 0; k < 3; k++) { w.u = ((uint64_t)(${DIGITS} * (t - k) - 5) << 52) | (1ull << 51); c[k] = w.d; }
  P s0 = {0}, s1 = {0}, s2 = {0};
  for (k = 0; k + 7 < n; k += 8) {
    P v = *(const P*)(x + k), q = (v + c[0]) - c[0];
    s0 += q; v -= q; q = (v + c[1]) - c[1];
    s1 += q; v -= q; s2 += (v + c[2]) - c[2];
  }
  for (int l = 0; l < 8; l++) { s[0] += s0[l]; s[1] += s1[l]; s[2] += s2[l]; }
  for (; k < n; k++) {
    double v = x[k], q = (v + c[0]) - c[0];
    s[0] += q; v -= q; q = (v + c[1]) - c[1];
    s[1] += q; v -= q; s[2] += (v + c[2]) - c[2];
  }
  p[0] = (double)t; p[1] = s[0]; p[2] = s[1]; p[3] = s[2];
}`;

/** The same as a function (address of the values, their number, address of the four numbers) of a WebAssembly module; the word behind an odd number of values is overwritten. */
export function binnedFunction(module: Module): number {
  const c = new Code(3);
  const [at, n, to] = [0, 1, 2];
  const [p, end, t] = [c.local(I32), c.local(I32), c.local(I32)];
  const largest = c.local(F64);
  const [m, x, q] = [c.local(V128), c.local(V128), c.local(V128)];
  const round = [c.local(V128), c.local(V128), c.local(V128)];
  const sums = [c.local(V128), c.local(V128), c.local(V128)];
  const [ADD, SUB, MAX, ABS, SPLAT, LANE] = [0xf0, 0xf1, 0xf5, 0xec, 0x14, 0x21];
  const each = (body: () => void): void => {
    c.get(at).set(p);
    c.loop(
      () => void c.get(p).get(end).op(0x4f),
      () => {
        c.get(p).simdMemory(0x00, 3, 0).set(x);
        body();
        c.get(p).i32(16).op(0x6a).set(p);
      },
    );
  };
  const total = (s: number): Code => c.get(s).simd(LANE, 0).get(s).simd(LANE, 1).op(0xa0);
  c.get(n).i32(1).op(0x71).when(() => void c.get(at).get(n).i32(3).op(0x74).op(0x6a).f64(0).memory(0x39, 3, 0));
  c.get(at).get(n).i32(3).op(0x74).op(0x6a).set(end);
  each(() => void c.get(m).get(x).simd(ABS).simd(MAX).set(m));
  c.get(m).simd(LANE, 0).get(m).simd(LANE, 1).op(0xa5).set(largest);
  c.get(largest).f64(LIMIT).op(0x63).when(() => {
    c.get(largest).op(0xbd).i64(52).op(0x88, 0xa7).i32(57).op(0x6a).i32(DIGITS).op(0x6e).set(t);
    c.get(t).i32(LOWEST).op(0x48).when(() => void c.i32(LOWEST).set(t));
    round.forEach((r, k) => void c.get(t).i32(k).op(0x6b).i32(DIGITS).op(0x6c).i32(5).op(0x6b).op(0xad).i64(52).op(0x86).i64(2 ** 51).op(0x84, 0xbf).simd(SPLAT).set(r));
    each(() =>
      round.forEach((r, k) => {
        c.get(x).get(r).simd(ADD).get(r).simd(SUB).set(q);
        c.get(sums[k]!).get(q).simd(ADD).set(sums[k]!);
        if (k < 2) c.get(x).get(q).simd(SUB).set(x);
      }),
    );
    c.get(to).get(t).op(0xb7).memory(0x39, 3, 0);
  });
  c.get(largest).f64(LIMIT).op(0x63).op(0x45).when(() => {
    each(() => void c.get(sums[0]!).get(x).simd(ADD).set(sums[0]!));
    c.get(to).f64(SPECIAL).memory(0x39, 3, 0);
  });
  sums.forEach((s, k) => {
    c.get(to);
    total(s).memory(0x39, 3, 8 * (k + 1));
  });
  return module.function([I32, I32, I32], [], c);
}

/** Numbers of one sum in `BinnedSums`: what was carried out of its highest bin, and the three bins. */
export const SUM_PARTS = 4;

/**
 * Several sums over chunks: for each its highest bin, what was carried out of it, and three bins, as multiples of their units. The highest
 * bin is that of the largest value of all, on all ranks, before anything is added: what lies below its three bins never counts. Parts of ranks then
 * simply add, without rounding.
 */
export class BinnedSums {
  /** Highest bin of each sum. */
  readonly bins: Float64Array;
  /** SUM_PARTS numbers a sum. */
  readonly parts: Float64Array;

  constructor(count: number) {
    this.bins = new Float64Array(count);
    this.parts = new Float64Array(SUM_PARTS * count);
  }

  /** First pass over the chunks of sum k, four numbers each at index `at`: their highest bin. */
  top(k: number, f: Float64Array, at: number, chunks: number): void {
    let t = LOWEST;
    for (let c = 0; c < chunks; c++) t = Math.max(t, f[at + BIN_PARTS * c]!);
    this.bins[k] = t;
  }

  /** Second pass: adds the chunks, in the bins below the highest one. */
  gather(k: number, f: Float64Array, at: number, chunks: number): void {
    const { parts } = this;
    const o = SUM_PARTS * k;
    const t = this.bins[k]!;
    parts.fill(0, o, o + SUM_PARTS);
    for (let c = 0; c < chunks; c++) {
      const from = at + BIN_PARTS * c;
      if (t === SPECIAL) {
        // finite chunks do not change what is infinite or no number
        if (f[from] === SPECIAL) parts[o]! += f[from + 1]!;
        continue;
      }
      const down = t - f[from]!;
      for (let j = 0; j + down < 3; j++) parts[o + 1 + j + down]! += f[from + 1 + j]!;
      if (c % CARRY === CARRY - 1) this.#carry(k);
    }
    if (t !== SPECIAL) this.#carry(k);
  }

  /** The second pass of all sums, whose chunks begin at these indices. */
  gatherAll(f: Float64Array, starts: readonly number[], chunks: number): void {
    for (let k = 0; k < starts.length; k++) this.gather(k, f, starts[k]!, chunks);
  }

  /** The total of sum k, rounded from digits that are the same for every order. */
  total(k: number): number {
    const { parts } = this;
    const o = SUM_PARTS * k;
    const t = this.bins[k]!;
    if (t === SPECIAL) return parts[o]!;
    this.#carry(k);
    // digits in [-1/2, 1/2): there is one way to write a total
    for (let j = 2; j >= 0; j--) {
      const above = unitOf(t + 1 - j);
      if (parts[o + 1 + j]! >= above / 2) {
        parts[o + 1 + j]! -= above;
        parts[o + j]! += above;
      }
    }
    return parts[o]! + (parts[o + 1]! + (parts[o + 2]! + parts[o + 3]!));
  }

  #carry(k: number): void {
    const { parts } = this;
    const o = SUM_PARTS * k;
    for (let j = 2; j >= 0; j--) {
      const c = ROUND[this.bins[k]! + 1 - j]!;
      const q = parts[o + 1 + j]! + c - c;
      parts[o + 1 + j]! -= q;
      parts[o + j]! += q;
    }
  }
}
