/** Heatbath kernels: the scripted-uniform numbers of PHYSICS 3.4, invariance under overrelaxation, and the distributions they draw from. */
import { describe, expect, test } from "vitest";
import { LinkKernels, type Uniforms, colourPairs, sampleVonMises } from "../../src/samplers/link-kernels.ts";

const scripted = (values: readonly number[]): Uniforms => {
  let k = 0;
  return () => values[k++]!;
};

function unit(N: number, factor = 1): Float64Array {
  const m = new Float64Array(2 * N * N);
  for (let i = 0; i < N; i++) m[2 * (i * N + i)] = factor;
  return m;
}

/** A fixed complex matrix without structure. */
function complexMatrix(N: number, salt: number): Float64Array {
  return Float64Array.from({ length: 2 * N * N }, (_, k) => Math.sin(1.7 * k + salt) + 0.3 * Math.cos(5.1 * k * salt));
}

function reTraceProduct(U: Float64Array, V: Float64Array, N: number): number {
  let s = 0;
  for (let i = 0; i < N; i++) for (let k = 0; k < N; k++) s += U[2 * (i * N + k)]! * V[2 * (k * N + i)]! - U[2 * (i * N + k) + 1]! * V[2 * (k * N + i) + 1]!;
  return s;
}

function unitarityDefect(U: Float64Array, N: number): number {
  let worst = 0;
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      let [re, im] = [i === j ? -1 : 0, 0];
      for (let k = 0; k < N; k++) {
        const [a, b, c, d] = [U[2 * (i * N + k)]!, U[2 * (i * N + k) + 1]!, U[2 * (j * N + k)]!, U[2 * (j * N + k) + 1]!];
        re += a * c + b * d;
        im += b * c - a * d;
      }
      worst = Math.max(worst, Math.hypot(re, im));
    }
  return worst;
}

/** A plain 32-bit congruential generator: independent of the library's. */
function generator(seed: number): Uniforms {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return (s + 0.5) / 4294967296;
  };
}

const six = [0.5, 0.5, 0.25, 0.1, 0.3, 0.7];

describe("scripted uniforms, PHYSICS 3.4", () => {
  test("SU(2), V = 4 x unit matrix, beta 5.7", () => {
    const U = unit(2);
    new LinkKernels(2).heatbath(U, 0, unit(2, 4), 5.7 / 2, scripted(six));
    const column = [U[0]!, U[1]!, U[4]!, U[5]!];
    [0.9695988078701779, 0.09788005049179731, -0.21329474804941667, -0.06930366474429073].forEach((x, k) => expect(Math.abs(column[k]! - x)).toBeLessThan(1e-15));
  });

  test("SU(3), U = 1, V = 6 x unit matrix, beta 5.7", () => {
    const U = unit(3);
    new LinkKernels(3).heatbath(U, 0, unit(3, 6), 5.7 / 3, scripted([...six, ...six, ...six]));
    const columnMajor = [
      0.9522160678762013, 0.07573839600316354, -0.195264147828694, -0.09800196860792648, -0.1939813795646242, -0.04676544186858285,
      0.14952463554381268, -0.07448519357158077, 0.9481459368016331, 0.04782180172265996, -0.2602031425606464, -0.055866105217835055,
      0.22701960576550922, -0.09002607039863832, 0.21105007598625825, -0.08036012664531898, 0.9357143452986088, -0.11745716121544551,
    ];
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        for (let c = 0; c < 2; c++) expect(Math.abs(U[2 * (3 * i + j) + c]! - columnMajor[2 * (3 * j + i) + c]!)).toBeLessThan(1e-15);
  });

  test("order of the colour pairs", () => {
    expect(colourPairs(3)).toEqual([[0, 1], [1, 2], [0, 2]]);
    expect(colourPairs(4)).toHaveLength(6);
  });
});

describe("overrelaxation", () => {
  for (const N of [1, 2, 3, 4])
    test(`N = ${N}: keeps Re tr(U V) and the group, moves the link, is its own inverse for N <= 2`, () => {
      const V = complexMatrix(N, 0.4);
      const U = unit(N);
      const kernels = new LinkKernels(N);
      kernels.heatbath(U, 0, V, 0.1, generator(3));
      const before = U.slice();
      kernels.overrelax(U, 0, V);
      expect(Math.abs(reTraceProduct(U, V, N) - reTraceProduct(before, V, N))).toBeLessThan(1e-13 * N);
      expect(unitarityDefect(U, N)).toBeLessThan(1e-14);
      expect(Math.max(...U.map((x, k) => Math.abs(x - before[k]!)))).toBeGreaterThan(0.01);
      if (N > 2) return;
      kernels.overrelax(U, 0, V);
      U.forEach((x, k) => expect(Math.abs(x - before[k]!)).toBeLessThan(1e-14));
    });

  test("a vanishing staple sum leaves the link", () => {
    for (const N of [1, 2, 3]) {
      const U = unit(N);
      new LinkKernels(N).overrelax(U, 0, new Float64Array(2 * N * N));
      expect([...U]).toEqual([...unit(N)]);
    }
  });
});

/** I_n(x) by its integral, spectrally accurate. */
function bessel(n: number, x: number): number {
  const M = 200;
  let s = 0;
  for (let k = 0; k < M; k++) s += Math.exp(x * Math.cos((2 * Math.PI * k) / M)) * Math.cos((2 * Math.PI * n * k) / M);
  return s / M;
}

/** z-score of a mean of independent draws. */
function zScore(draws: readonly number[], exact: number): number {
  const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
  const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / (draws.length - 1);
  return (mean - exact) / Math.sqrt(variance / draws.length);
}

describe("distributions, both sides of the switch between the samplers", () => {
  const draws = 40000;
  for (const kappa of [0.3, 0.99, 1.01, 5, 60])
    test(`von Mises, kappa ${kappa}`, () => {
      const u = generator(11);
      const angles = Array.from({ length: draws }, () => sampleVonMises(kappa, u));
      expect(Math.abs(zScore(angles.map(Math.cos), bessel(1, kappa) / bessel(0, kappa)))).toBeLessThan(4);
      expect(Math.abs(zScore(angles.map((x) => Math.cos(2 * x)), bessel(2, kappa) / bessel(0, kappa)))).toBeLessThan(4);
      expect(Math.abs(zScore(angles.map(Math.sin), 0))).toBeLessThan(4);
    });

  for (const kappa of [0.9e8, 1.1e8, 1e16, 1e300])
    test(`von Mises, kappa ${kappa}: normal of variance 1 / kappa`, () => {
      const u = generator(12);
      const scaled = Array.from({ length: draws }, () => Math.sqrt(kappa) * sampleVonMises(kappa, u));
      expect(Math.abs(zScore(scaled, 0))).toBeLessThan(4);
      expect(Math.abs(zScore(scaled.map((x) => x * x), 1))).toBeLessThan(4);
      expect(Math.abs(zScore(scaled.map((x) => x ** 4), 3))).toBeLessThan(4);
    });

  for (const alpha of [0, 0.2, 1.49, 1.51, 10, 80])
    test(`SU(2), alpha ${alpha}: <x0> = I_2/I_1, <x0^2>, isotropic vector part`, () => {
      const u = generator(5);
      const kernels = new LinkKernels(2);
      const [x0s, x1s, x3s]: number[][] = [[], [], []];
      for (let k = 0; k < draws; k++) {
        const U = unit(2);
        // V = unit: k = 1, alpha = 2 coupling
        kernels.heatbath(U, 0, unit(2), alpha / 2, u);
        x0s!.push(U[0]!);
        x1s!.push(U[3]!);
        x3s!.push(U[1]!);
      }
      const mean = alpha === 0 ? 0 : bessel(2, alpha) / bessel(1, alpha);
      // d<x0>/dalpha = <x0^2> - <x0>^2 = 1 - 3 u/alpha - u^2
      const second = alpha === 0 ? 0.25 : 1 - (3 * mean) / alpha;
      expect(Math.abs(zScore(x0s!, mean))).toBeLessThan(4);
      expect(Math.abs(zScore(x0s!.map((x) => x * x), second))).toBeLessThan(4);
      expect(Math.abs(zScore(x3s!.map((x) => x * x), (1 - second) / 3))).toBeLessThan(4);
      expect(Math.abs(zScore(x1s!, 0))).toBeLessThan(4);
    });

  test("SU(3) subgroup updates are stationary: <Re tr(U V)/3> of one link against the one-link integral", () => {
    // beta/N Re tr U with V = 1: d ln Z / d coupling, Z = sum_k det I_{j-i+k}(2 coupling / 2) (2.0 x coupling / 2 = coupling)
    const coupling = 1.1;
    const Z = (c: number): number => {
      let z = 0;
      for (let k = -8; k <= 8; k++) {
        const I = (n: number): number => bessel(n + k, c);
        z += I(0) * (I(0) * I(0) - I(1) * I(-1)) - I(1) * (I(-1) * I(0) - I(1) * I(-2)) + I(2) * (I(-1) * I(-1) - I(0) * I(-2));
      }
      return z;
    };
    const h = 1e-3;
    const exact = (Math.log(Z(coupling + h)) - Math.log(Z(coupling - h))) / (2 * h);
    const u = generator(17);
    const kernels = new LinkKernels(3);
    const U = unit(3);
    const V = unit(3);
    const means: number[] = [];
    for (let block = 0; block < 400; block++) {
      let s = 0;
      for (let k = 0; k < 50; k++) {
        kernels.heatbath(U, 0, V, coupling, u);
        s += reTraceProduct(U, V, 3);
      }
      if (block > 0) means.push(s / 50);
    }
    expect(Math.abs(zScore(means, exact))).toBeLessThan(4);
    expect(unitarityDefect(U, 3)).toBeLessThan(1e-11);
  });
});

test.each([1, 2, 3])("N = %i: staples that are not finite are an error, not a draw without end", (N) => {
  const u = generator(1);
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const V = unit(N);
    V[0] = x;
    expect(() => new LinkKernels(N).heatbath(unit(N), 0, V, 1, u)).toThrow(/^heatbath: got staples of the weight (NaN|Infinity), expected a finite number/);
  }
});
