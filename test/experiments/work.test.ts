/** The split of the energy error of self-learning HMC into what the links predict and pseudofermion noise (experiments/work.ts). */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type LinkField, SU, chiralCondensate, cold, covariantNetwork, drift, hot, lattice, logDeterminant, nearUnit, pseudofermions, staggered, unitarityDefect } from "gaugegrad";
import { minusDSquaredOn, trace, traceOfProduct } from "../../experiments/dense.ts";
import { idealMap } from "../../experiments/ideal-map.ts";
import { expectedChange, noiseOf, sd, thinned } from "../../experiments/work.ts";
import { drawMomenta } from "../../src/samplers/movable.ts";
import { DirectionalField } from "../../src/autograd/index.ts";
import { randomStream } from "../../src/util/index.ts";

const L = lattice([2, 2, 2, 4], { threads: 1 });
const matrix = minusDSquaredOn(L);
const [m, heavy] = [0.3, 0.4];
const network = covariantNetwork({ layers: [[-0.03, -0.05, 0.04], [0.02, 0.04, -0.05]] });

/** U_s = exp(s P) U_0 at s = 0, ..., length. */
function line(points: number, length: number): LinkField<2>[] {
  const U = nearUnit(L, SU(2), { seed: 4, width: 0.6 });
  const P = new DirectionalField(L, 2, "algebra");
  drawMomenta(P as never, randomStream(9), 0);
  return Array.from({ length: points }, (_, k) => {
    if (k > 0) drift(U, P, length / (points - 1));
    return U.clone();
  });
}

describe("dense matrices", () => {
  test("inverse and traces", () => {
    const U = hot(L, SU(2), { seed: 2 });
    const A = matrix(U).plus(m * m);
    const inverse = A.inverse();
    expect(A.dimension).toBe(L.volume);
    expect(Math.abs(traceOfProduct(A, inverse) / A.dimension - 1)).toBeLessThan(1e-12);
    const unit = A.times(inverse);
    unit.data.forEach((x, k) => expect(Math.abs(x - (k % (4 * (A.n + 1)) === 0 ? 1 : 0))).toBeLessThan(1e-12));
    expect(Math.abs(((2 * m) / L.volume) * trace(inverse) - chiralCondensate(U, { mass: m }).value)).toBeLessThan(1e-10);
  });
});

describe("work", () => {
  test("of the exact action is the change of ln det, to second order in the steps", () => {
    const error = (points: number): number => {
      const path = line(points, 0.5);
      const A = path.map((U) => matrix(U).plus(m * m));
      const exact = logDeterminant(path[0]!, staggered({ mass: m })) - logDeterminant(path.at(-1)!, staggered({ mass: m }));
      return expectedChange(A, A.map((a) => a.inverse())) - exact;
    };
    const [coarse, fine] = [error(5), error(9)];
    expect(Math.abs(fine)).toBeLessThan(0.02);
    expect(coarse / fine).toBeGreaterThan(3.5);
    expect(coarse / fine).toBeLessThan(4.5);
  });

  test("is the mean over pseudofermions of a small step", () => {
    const [U, V] = line(2, 0.02) as [LinkField<2>, LinkField<2>];
    const fermions = pseudofermions(staggered({ mass: m }), { lattice: L, group: SU(2), flavours: 4, tolerance: 1e-13 });
    const guide = fermions.action.with({ mass: heavy, phi: fermions.phi }).after(network);
    const random = randomStream(3);
    // drawn on both ends in turn, as in the symmetric sum
    const works = Array.from({ length: 3000 }, (_, k) => {
      fermions.refresh(k % 2 === 0 ? U : V, k, random);
      return guide.value(V) - guide.value(U) - (fermions.value(V) - fermions.value(U));
    });
    const A = [U, V].map((W) => matrix(W).plus(m * m));
    const B = [U, V].map((W) => matrix(network.apply(W) as LinkField<2>).plus(heavy * heavy).inverse());
    const expected = expectedChange(A, B) - expectedChange(A, A.map((a) => a.inverse()));
    const mean = works.reduce((s, w) => s + w, 0) / works.length;
    const error = sd(works) / Math.sqrt(works.length);
    // the mean is seen: many errors from zero
    expect(Math.abs(expected)).toBeGreaterThan(5 * error);
    expect(Math.abs(mean - expected)).toBeLessThan(4 * error);
  });

  test("vanishes with its noise for k = m_h / m and c = k^2", () => {
    const k = heavy / m;
    const path = line(4, 1);
    const A = path.map((U) => matrix(U).plus(m * m));
    const scaled = path.map((U) => matrix(hopped(U, k)).plus(heavy * heavy).inverse());
    expect(Math.abs(k * k * expectedChange(A, scaled) - expectedChange(A, A.map((a) => a.inverse())))).toBeLessThan(1e-9);
    const { expected, variance } = noiseOf(A[0]!, A[0]!.times(scaled[0]!), k * k);
    expect(Math.abs(expected)).toBeLessThan(1e-9);
    expect(Math.abs(variance)).toBeLessThan(1e-9);
  });
});

test("a map to unitary links keeps Tr(-D^2), which bounds the noise of S_theta - S from below", () => {
  const four = lattice([4, 4, 4, 4], { threads: 1 });
  const U = nearUnit(four, SU(2), { seed: 1, width: 0.5 });
  const D2 = minusDSquaredOn(four);
  const H = D2(network.apply(U) as LinkField<2>).plus(heavy * heavy);
  expect(Math.abs(trace(H) / H.dimension - heavy * heavy - 2)).toBeLessThan(1e-12);
  const A = D2(U).plus(m * m);
  const noise = noiseOf(A, A.times(H.inverse()), 1).variance;
  const least = (trace(A) - trace(H)) ** 2 / traceOfProduct(H, H);
  expect(least).toBeGreaterThan(0.1);
  expect(noise).toBeGreaterThan(least);
});

test("noise at fixed links is the variance over pseudofermions", () => {
  const U = nearUnit(L, SU(2), { seed: 6, width: 0.6 });
  const fermions = pseudofermions(staggered({ mass: m }), { lattice: L, group: SU(2), flavours: 4, tolerance: 1e-13 });
  const guide = fermions.action.with({ mass: heavy, phi: fermions.phi }).after(network);
  const random = randomStream(8);
  const values = Array.from({ length: 4000 }, (_, k) => {
    fermions.refresh(U, k, random);
    return guide.value(U) - fermions.value(U);
  });
  const A = matrix(U).plus(m * m);
  const { expected, variance } = noiseOf(A, A.times(matrix(network.apply(U) as LinkField<2>).plus(heavy * heavy).inverse()), 1);
  const mean = values.reduce((s, x) => s + x, 0) / values.length;
  expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(variance / values.length));
  expect(Math.abs(sd(values) ** 2 / variance - 1)).toBeLessThan(4 * Math.sqrt(3 / values.length));
});

const layers = covariantNetwork({ layers: [[0.08, 0.05, -0.1], [0.05, -0.1, 0.1]] });

test("the best links: stationary, unitary, below the network", () => {
  const U = nearUnit(L, SU(2), { seed: 6, width: 0.6 });
  const A = matrix(U).plus(m * m);
  const free = (V: LinkField<2>): number => noiseOf(A, A.times(matrix(V).plus(heavy * heavy).inverse()), 1).free;
  const options = { mass: m, guideMass: heavy, normalised: false, minusDSquared: matrix } as const;
  const best = idealMap(U, { ...options, steps: 60 });
  expect(Math.abs(free(best.V) / best.free - 1)).toBeLessThan(1e-10);
  expect(best.free).toBeLessThan(free(U));
  expect(best.free).toBeLessThan(free(network.apply(U) as LinkField<2>));
  expect(unitarityDefect(best.V).unitarity).toBeLessThan(1e-12);
  // no direction leads further down
  const P: AlgebraField<2> = new DirectionalField(L, 2, "algebra");
  for (const trajectory of [1, 2, 3]) {
    drawMomenta(P as never, randomStream(5), trajectory);
    const at = (h: number): number => {
      const V = best.V.clone();
      drift(V, P, h);
      return free(V);
    };
    expect(Math.abs(at(0.01) - at(-0.01)) / 0.02).toBeLessThan(1e-3 * (at(0.1) + at(-0.1) - 2 * at(0)) / 0.01);
    expect(at(0.01)).toBeGreaterThan(best.free);
  }
  // the same minimum from elsewhere
  const start = layers.apply(U) as LinkField<2>;
  expect(free(start)).toBeGreaterThan(1.5 * best.free);
  expect(Math.abs(idealMap(U, { ...options, steps: 100, start }).free / best.free - 1)).toBeLessThan(1e-3);
  expect(idealMap(U, { ...options, normalised: true, steps: 60 }).free).toBeLessThan(best.free);
});

test("thinned paths keep both ends", () => {
  expect(thinned([0, 1, 2, 3, 4, 5, 6, 7], 3)).toEqual([0, 2, 5, 7]);
  expect(thinned([0, 1, 2], 1)).toEqual([0, 1, 2]);
});

/** k U. */
function hopped(U: LinkField<2>, k: number): LinkField<2> {
  const V = cold(U.lattice, SU(2)) as LinkField<2>;
  return V.set(U.fields.map((f) => f.toArray().map((x) => k * x))) as LinkField<2>;
}
