import { describe, expect, test } from "vitest";
import { type LatticeOptions, lattice, record, sum } from "gaugegrad";
import { BIN_PARTS, BinnedSums, binnedChunk } from "../../src/backend/index.ts";
import { Field, realType } from "../../src/autograd/index.ts";
import { randomStream } from "../../src/util/index.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native backends skipped: ${missing}`);

const uniform = (seed: number): (() => number) => randomStream(seed).sequence(0).next;

/** Values over so many binary orders around 1, of both signs. */
function values(count: number, orders: number, seed: number): Float64Array {
  const next = uniform(seed);
  return Float64Array.from({ length: count }, () => (next() - 0.5) * 2 ** Math.floor((next() - 0.5) * orders));
}

/** The exact sum of doubles, rounded once to a double. */
function exact(x: Float64Array): number {
  const UNIT = 1074n;
  const view = new DataView(new ArrayBuffer(8));
  let total = 0n;
  for (const v of x) {
    view.setFloat64(0, v);
    const bits = view.getBigUint64(0);
    const e = (bits >> 52n) & 2047n;
    const m = (bits & ((1n << 52n) - 1n)) | (e > 0n ? 1n << 52n : 0n);
    const term = m << (e > 0n ? e - 1n : 0n);
    total += bits >> 63n ? -term : term;
  }
  // to a double: leading 60 bits are enough for an error of one in the last place
  const digits = (total < 0n ? -total : total).toString(2).length;
  const cut = BigInt(Math.max(0, digits - 60));
  return Number(total >> cut) * 2 ** Number(cut - UNIT / 2n) * 2 ** -Number(UNIT / 2n);
}

/** The sum of the values taken in chunks of the given sizes, which are dealt to so many parties that add up. */
function binned(x: Float64Array, chunk: () => number, parties: number): number {
  const f = new Float64Array(x.length + BIN_PARTS * (x.length + 1));
  f.set(x);
  const lists: number[][] = Array.from({ length: parties }, () => []);
  for (let [at, k] = [0, 0]; at < x.length; k++) {
    const n = Math.min(chunk(), x.length - at);
    const to = x.length + BIN_PARTS * k;
    binnedChunk(f, at, n, to);
    lists[k % parties]!.push(...f.subarray(to, to + BIN_PARTS));
    at += n;
  }
  const parts = lists.map((list) => ({ list: Float64Array.from(list), sums: new BinnedSums(1) }));
  for (const p of parts) p.sums.top(0, p.list, 0, p.list.length / BIN_PARTS);
  const top = Math.max(...parts.map((p) => p.sums.bins[0]!));
  const total = new BinnedSums(1);
  total.bins[0] = top;
  for (const p of parts) {
    p.sums.bins[0] = top;
    p.sums.gather(0, p.list, 0, p.list.length / BIN_PARTS);
    p.sums.parts.forEach((v, j) => (total.parts[j]! += v));
  }
  return total.total(0);
}

describe("sums of no order", () => {
  for (const orders of [0, 8, 60, 400])
    test(`${orders} binary orders: any order, chunks and parties give the bits of one, which are right`, () => {
      const x = values(5000, orders, 3 + orders);
      const next = uniform(17);
      const first = binned(x, () => 128, 1);
      expect(Math.abs(first - exact(x))).toBeLessThanOrEqual(2 ** -50 * Math.abs(first));
      for (let k = 0; k < 12; k++) {
        const order = Array.from(x.keys(), (i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
        const y = Float64Array.from(order, ([, i]) => x[i]!);
        expect(Object.is(binned(y, () => 1 + Math.floor(128 * next()), 1 + (k % 7)), first)).toBe(true);
      }
    });

  test("cancellation, zeros, halves of a unit, and values that are not finite", () => {
    expect(binned(Float64Array.of(2 ** 80, 1, -(2 ** 80)), () => 1, 2)).toBe(1);
    expect(binned(Float64Array.of(0, -0, 0), () => 2, 1)).toBe(0);
    expect(binned(new Float64Array(0), () => 2, 1)).toBe(0);
    const ties = Float64Array.from({ length: 999 }, (_, k) => (k % 2 === 0 ? 1 : -1) * (2 ** 39 + 2 ** -1) * 2 ** (k % 3));
    expect(binned(ties, () => 128, 1)).toBe(binned(Float64Array.from(ties).reverse(), () => 7, 3));
    expect(binned(Float64Array.of(1, Infinity, 2), () => 1, 2)).toBe(Infinity);
    expect(binned(Float64Array.of(1, NaN, 2 ** 900), () => 1, 3)).toBeNaN();
    expect(binned(Float64Array.of(Infinity, 1, -Infinity), () => 1, 3)).toBeNaN();
    expect(binned(Float64Array.of(5e-324, 5e-324), () => 1, 2)).toBeCloseTo(0, 300);
  });

  test("every backend, number of lanes and of threads has the same bits", () => {
    for (const extents of [[4, 4, 4, 6], [3, 5, 3], [2, 6]]) {
      const x = values(extents.reduce((v, L) => v * L, 1), 70, 11);
      const backends: LatticeOptions[] = [{ backend: "js" }, { backend: "wasm" }, ...(missing ? [] : ([1, 2, 4] as const).map((lanes) => ({ backend: "native" as const, lanes })))];
      const results = backends.flatMap((options) =>
        [1, 2].map((threads) => {
          const geo = lattice(extents, { ...options, threads });
          const field = new Field(geo, realType()).set(x);
          return record((r) => sum(r), field).run(field) as number;
        }),
      );
      for (const r of results) expect(Object.is(r, results[0])).toBe(true);
    }
  });
});
