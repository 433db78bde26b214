import { expect, test } from "vitest";
import { acceptanceError, autocorrelation, besselI, crc32, erfc, gammaMethod, gammaMethodOf, gammaMethodReplicas, chiSquareProbability, jackknife, mean, randomStream, table, withError, zScore } from "../../src/util/index.ts";

/** x_k = a x_{k-1} + noise: tau_int = (1 + a) / (2 (1 - a)). */
function autoregressive(a: number, n: number, seed: number): Float64Array {
  const s = randomStream(seed).sequence(9);
  const x = new Float64Array(n);
  let y = s.normal() / Math.sqrt(1 - a * a);
  for (let k = 0; k < n; k++) x[k] = y = a * y + s.normal();
  return x;
}

test("the Gamma method finds tau_int and a fair error", () => {
  const [a, n] = [0.8, 20_000];
  const exact = (1 + a) / (2 * (1 - a));
  const pulls: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const e = gammaMethod(autoregressive(a, n, seed));
    expect(Math.abs(e.tauInt - exact)).toBeLessThan(5 * e.tauIntError);
    pulls.push(e.mean / e.error);
  }
  const spread = Math.sqrt(pulls.reduce((s, p) => s + p * p, 0) / pulls.length);
  expect(spread).toBeGreaterThan(0.55);
  expect(spread).toBeLessThan(1.55);
});

test("uncorrelated data: tau_int 0.5, naive error; constant data: error 0", () => {
  const x = autoregressive(0, 50_000, 3);
  const e = gammaMethod(x);
  expect(Math.abs(e.tauInt - 0.5)).toBeLessThan(0.02);
  expect(e.error * Math.sqrt(x.length)).toBeCloseTo(1, 1);
  expect(jackknife(x.slice(0, 200)).error).toBeCloseTo(Math.sqrt(variance(x.slice(0, 200)) / 200), 12);
  // values that alternate: the summed correlation falls below zero, the error does not
  const alternating = gammaMethod(Array.from({ length: 24 }, (_, k) => (k % 2 === 0 ? 1 : -1) + 0.01 * k));
  expect(alternating.error).toBeGreaterThan(0);
  expect(alternating.error).toBeLessThan(0.25);
  expect(gammaMethod([2, 2, 2, 2, 2])).toMatchObject({ mean: 2, error: 0, tauInt: 0.5 });
  expect(() => gammaMethod([1, 2])).toThrow(/expected at least 4/);
});

test("the Gamma method of 16 numbers, in fractions", () => {
  // n = 16, mean 47/32; the window is 2, Gamma(0) + 2 Gamma(1) + 2 Gamma(2) = C = 1932659/2688000, and the truncated sum is short of its mean by (2 W + 1)/n = 5/16
  const e = gammaMethod([12, 7, 19, 24, 21, 11, 4, 9, 16, 22, 28, 20, 13, 6, 8, 15].map((v) => v / 10));
  expect(e.mean).toBeCloseTo(47 / 32, 14);
  expect(e.window).toBe(2);
  expect(e.error ** 2).toBeCloseTo(((1932659 / 2688000) * (21 / 16)) / 16, 13);
  expect(e.tauInt).toBeCloseTo(0.9993479564821709, 13);
});

function variance(x: Float64Array): number {
  const m = mean(x);
  return x.reduce((s, v) => s + (v - m) ** 2, 0) / (x.length - 1);
}

test("derived quantities: the error of a ratio with itself vanishes", () => {
  const x = autoregressive(0.5, 5000, 4).map((v) => v + 10);
  const ratio = gammaMethodOf(([p, q]) => p! / q!, [x, x.map((v) => 2 * v)]);
  expect(ratio.mean).toBeCloseTo(0.5, 14);
  // the slopes are differences over one standard error h: relative truncation (h / mean)^2 of about 3e-6 of the naive error 8e-4
  expect(ratio.error).toBeLessThan(1e-8);
});

test("special functions", () => {
  expect(erfc(0)).toBe(1);
  expect(erfc(1)).toBeCloseTo(0.15729920705028513, 15);
  expect(erfc(2) / 0.004677734981047266).toBeCloseTo(1, 12);
  expect(erfc(3) / 2.209049699858544e-5).toBeCloseTo(1, 12);
  expect(erfc(-1)).toBeCloseTo(1.842700792949715, 14);
  // two-dimensional plaquettes: U(1) I1/I0, SU(2) I2/I1
  expect(besselI(1, 1) / besselI(0, 1)).toBeCloseTo(0.446389965896535, 14);
  expect(besselI(2, 2.2) / besselI(1, 2.2)).toBeCloseTo(0.46447902527042, 14);
});

test("hash, text and small helpers", () => {
  const bytes = new TextEncoder().encode("123456789");
  expect(crc32(bytes)).toBe(0xcbf43926);
  expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  expect(withError(0.702654321, 0.000104)).toBe("0.70265(10)");
  expect(withError(12.3456, 1.26)).toBe("12.3(1.3)");
  expect(table(["a", "b"], [["x", "1.5"]])).toBe("a    b\n-  ---\nx  1.5");
  expect(zScore(1, 0.3, 0, 0.4)).toBeCloseTo(2, 14);
  expect(acceptanceError(0.5, 100)).toBeCloseTo(0.05, 14);
  expect(autocorrelation([1, -1, 1, -1, 1, -1], 1)[1]).toBeCloseTo(-1, 12);
});

test("chi^2 probabilities are those of tables, for even and odd degrees of freedom", () => {
  for (const [x, k, p] of [[3.841459, 1, 0.05], [5.991465, 2, 0.05], [7.814728, 3, 0.05], [9.487729, 4, 0.05], [23.20925, 10, 0.01], [24.72497, 11, 0.01]] as const) expect(chiSquareProbability(x, k) / p).toBeCloseTo(1, 5);
  expect([chiSquareProbability(0, 3), chiSquareProbability(Infinity, 2)]).toEqual([1, 0]);
});

test("replicas of one AR(1) process: the error is that of all values together, and Q is uniform", () => {
  const [a, n, R] = [0.6, 400, 4];
  const series = (seed: number): Float64Array => {
    const random = randomStream(seed).sequence(1);
    let x = 0;
    return Float64Array.from({ length: n + 50 }, () => (x = a * x + Math.sqrt(12 * (1 - a * a)) * (random.next() - 0.5))).subarray(50);
  };
  const found = Array.from({ length: 100 }, (_, k) => gammaMethodReplicas(Array.from({ length: R }, (_c, r) => series(1000 + k * R + r))));
  // variance 1, tau_int = (1 + a) / (2 (1 - a))
  const exact = Math.sqrt((1 + a) / (1 - a) / (n * R));
  expect(found.reduce((s, e) => s + e.error / exact / found.length, 0)).toBeCloseTo(1, 1);
  expect(found.reduce((s, e) => s + e.mean ** 2 / exact ** 2 / found.length, 0)).toBeGreaterThan(0.6);
  expect(found.reduce((s, e) => s + e.mean ** 2 / exact ** 2 / found.length, 0)).toBeLessThan(1.5);
  const q = found.reduce((s, e) => s + e.probability / found.length, 0);
  expect(Math.abs(q - 0.5)).toBeLessThan(0.12);
  expect(found.every((e) => e.independent > 200 && e.independent < 1000)).toBe(true);
});
