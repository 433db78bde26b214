/** Weights on channels of site scalars: against sums written out, on every backend, on batches, and with many weights. */
import { describe, expect, test } from "vitest";
import {
  type Channels, Field, type Real, type Scalar, Tensor, type TracedTensor, channel, channels, channelsType, dot, grad, realType, batchMean, record, restrict, scale, siteConv, siteLinear, sub, sum, tanh, tensorSum, valueAndGrad,
} from "../../src/autograd/index.ts";
import type { EngineOptions } from "../../src/compiler/index.ts";
import { lattice } from "../../src/gauge/index.ts";
import { nativeMissing } from "./backends.ts";

const numbers = (n: number, salt: number): Float64Array => Float64Array.from({ length: n }, (_, k) => Math.sin((k + 1) * (1.3 + salt)));
const weights = (shape: readonly number[], salt: number): Tensor => new Tensor(shape, numbers(shape.reduce((n, L) => n * L, 1), salt));

const missing = nativeMissing();
const cases: readonly (readonly [readonly number[], number, EngineOptions])[] = [
  [[4, 4], 1, { backend: "js" }],
  [[4, 4], 1, { backend: "wasm" }],
  [[3, 5], 1, { backend: "wasm" }],
  [[4, 4], 2, { backend: "wasm" }],
  [[4, 4], 3, { backend: "wasm" }],
  [[4, 2, 4], 1, { backend: "interpret" }],
  ...(missing ? [] : [[[8, 4], 1, { backend: "native", lanes: 4 }] as const]),
];

describe.each(cases)("%j, batch %d, %j", (extents, batch, options) => {
  const geo = lattice(extents, { ...options, batch });
  const V = batch * geo.volume;
  const x = new Field(geo, channelsType(3)).set(numbers(3 * V, 0.2));
  const kernel = extents.map((_, mu) => (mu === 0 ? 3 : 2));
  const [w, b] = [weights([2, 3, ...kernel], 0.7), weights([2], 0.4)];

  test("a convolution with bias is the sum over its taps", () => {
    const y = (record((z: Channels, p: TracedTensor, q: TracedTensor) => siteConv(z, p, q) as never, x as never, w as never, b as never).run(x as never, w as never, b as never) as unknown as Field).toArray();
    const input = x.toArray();
    const taps = kernel.reduce((n, K) => n * K, 1);
    for (const n of [0, 1, geo.volume - 1, V - 1])
      for (let o = 0; o < 2; o++) {
        let s = b.data[o]!;
        for (let k = 0; k < taps; k++) {
          let rest = k;
          const d = [...kernel].reverse().map((K) => { const j = rest % K; rest = (rest - j) / K; return j - Math.floor(K / 2); }).reverse();
          const first = n - (n % geo.volume);
          const m = first + geo.site(geo.coordinates(n - first).map((c, mu) => c + d[mu]!));
          for (let i = 0; i < 3; i++) s += w.data[(o * 3 + i) * taps + k]! * input[3 * m + i]!;
        }
        expect(y[2 * n + o]).toBeCloseTo(s, 12);
      }
  });

  test("gradients by weights, bias and channels against differences", () => {
    const loss = (p: { w: TracedTensor; b: TracedTensor; v: TracedTensor }, z: Channels): Scalar => {
      const y = siteLinear(tanh(siteConv(z, p.w, p.b)), p.v);
      const one = sum(dot(y as never, y as never) as never);
      return geo.batch > 1 ? batchMean(one) : one;
    };
    const p = { w, b, v: weights([2, 2], 0.9) };
    const g = grad(loss as never)(p as never, x as never) as unknown as Record<"w" | "b" | "v", Tensor>;
    const value = record(loss as never, p as never, x as never) as unknown as { run(...a: unknown[]): number };
    for (const name of ["w", "b", "v"] as const)
      for (const k of [0, p[name].size - 1]) {
        const at = (h: number): number => {
          const moved = new Tensor(p[name].shape, p[name].data.slice());
          moved.data[k]! += h;
          return value.run({ ...p, [name]: moved }, x);
        };
        const h = 1e-4;
        const size = g[name].data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        expect(Math.abs(g[name].data[k]! - (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h))).toBeLessThan(1e-8 * size);
        expect(size).toBeGreaterThan(0.1);
      }
  });

  test("stacking and taking channels apart", () => {
    const r = new Field(geo, realType()).set(numbers(V, 3));
    const f = (a: Real, z: Channels): Real => scale(channel(channels(a, z), 3), channel(channels(z, a), 3));
    const y = (record(f as never, r as never, x as never).run(r as never, x as never) as unknown as Field).toArray();
    y.forEach((v, n) => expect(v).toBe(x.toArray()[3 * n + 2]! * r.toArray()[n]!));
  });
});



/** y = w * x, x on all sites or on the odd half, and the gradients of sum |y|^2 by x and w, as arrays. */
function convolved(extents: readonly number[], options: EngineOptions, batch: number, [out, count]: readonly [number, number], half: boolean): Float64Array[] {
  const geo = lattice(extents, { ...options, batch });
  // at some sites the first channels are zero, the last, or all
  const zeros = (channel: number, site: number): boolean => site % 5 === 1 || (site % 5 === 2 && 2 * channel < count) || (site % 5 === 3 && 2 * channel >= count);
  const x = new Field(geo, channelsType(count)).set(numbers(count * batch * geo.volume, 0.1).map((v, k) => (zeros(k % count, Math.floor(k / count)) ? 0 : v)));
  const w = weights([out, count, ...extents.map(() => 3)], 0.6);
  const y = (z: Channels, p: TracedTensor): Channels => siteConv(half ? restrict(z, "odd") : z, p);
  const norm = ({ z, p }: { z: Channels; p: TracedTensor }): Scalar => {
    const s = sum(dot(y(z, p) as never, y(z, p) as never) as never) as Scalar;
    return batch > 1 ? batchMean(s) : s;
  };
  const made = record(y as never, x as never, w as never).run(x as never, w as never) as unknown as Field;
  const g = grad(norm as never)({ z: x, p: w } as never) as unknown as { z: Field; p: Tensor };
  return [made.toArray(), g.z.toArray(), Float64Array.from(g.p.data)];
}

const shapes: readonly (readonly [number, number])[] = [[1, 1], [4, 3], [5, 9], [8, 8], [9, 2]];
const compiledLoops: readonly (readonly [readonly number[], number, EngineOptions, typeof shapes])[] = [
  [[8, 6], 1, { backend: "wasm" }, shapes],
  [[4, 2, 6], 1, { backend: "wasm" }, [[5, 3]]],
  [[4, 4], 4, { backend: "wasm" }, [[5, 3]]],
  [[4, 4], 3, { backend: "wasm" }, [[7, 4]]],
  ...(missing ? [] : [[[8, 8], 1, { backend: "native", lanes: 8 }, [[6, 3]]] as const, [[4, 4], 12, { backend: "native", lanes: 4 }, [[13, 2]]] as const]),
];
test.each(compiledLoops)("compiled loops on %j, batch %d, %j: those of %j rows and columns are the plain loops", (extents, batch, options, sizes) => {
  for (const [out, count] of sizes)
    for (const half of [false, true]) {
      const [plain, fast] = [{ backend: "js" } as const, options].map((o) => convolved(extents, o, batch, [out, count], half));
      expect(plain!.map((a) => a.some((v) => Math.abs(v) > 0.1))).toEqual([true, true, true]);
      expect(fast).toEqual(plain);
    }
});

test("a million weights compile at once and learn", () => {
  const geo = lattice([2, 2]);
  const x = new Field(geo, channelsType(1000)).set(numbers(4000, 0.3));
  const w = new Tensor([1000, 1000]);
  const begin = performance.now();
  const f = valueAndGrad(((p: TracedTensor, z: Channels) => {
    const y = siteLinear(z, p);
    return sum(dot(sub(y, z) as never, sub(y, z) as never) as never);
  }) as never) as unknown as (p: Tensor, z: Field) => { value: number; grad: Tensor };
  const first = f(w, x);
  expect(performance.now() - begin).toBeLessThan(10_000);
  const rate = 0.1 / first.value;
  const next = f(new Tensor(w.shape, w.data.map((v, k) => v - rate * first.grad.data[k]!)), x);
  expect(next.value).toBeLessThan(first.value);
});

test("what does not fit says so", () => {
  const geo = lattice([4, 4]);
  const x = new Field(geo, channelsType(3));
  const run = (f: (z: Channels, w: TracedTensor) => unknown, shape: number[]): unknown => record(f as never, x as never, new Tensor(shape) as never);
  expect(() => run((z, w) => siteLinear(z, w), [2, 4])).toThrow(/got 3 channels for the weights tensor of 2 x 4, expected 4/);
  expect(() => run((z, w) => siteConv(z, w), [2, 3])).toThrow(/expected weights of shape \[out, in, K_x, K_t\]/);
  expect(() => run((_z, w) => tensorSum(w), [2, 3])).not.toThrow();
  expect(() => new Tensor([2, 2], new Float64Array(3))).toThrow(/3 numbers, expected a Float64Array of 4/);
});

test.each<EngineOptions>([{ backend: "wasm" }, ...(missing ? [] : [{ backend: "native" } as const])])("single precision where lanes are samples, %j", (options) => {
  const [x, w] = [numbers(16 * 2 * 3, 0.2), weights([2, 3], 0.7)];
  const [f64, f32] = (["f64", "f32"] as const).map((precision) => {
    const field = new Field(lattice([2, 1], { ...options, batch: 16, precision, threads: 1 }), channelsType(3)).set(x);
    const plan = record((u: Channels, v: TracedTensor) => valueAndGrad((t: TracedTensor) => batchMean(sum(dot(siteLinear(u, t), siteLinear(u, t)))))(v) as never, field as never, w as never);
    const { value, grad: G } = plan.run(field as never, w as never) as unknown as { value: number; grad: Tensor };
    return [value, ...G.data];
  });
  f64!.forEach((v, k) => expect(Math.abs(v - f32![k]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(v))));
});
