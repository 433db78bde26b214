/** Starts: Haar moments, determinants, reproducibility, reunitarisation. */
import { describe, expect, test } from "vitest";
import { SU, U1, cold, closedFormLinks, groupOf, hot, lattice, nearUnit, reunitarise, unitarityDefect } from "../../src/gauge/index.ts";
import { largestDifference, traces } from "./helpers.ts";

describe("hot start", () => {
  test.each([1, 2, 3, 4, 5])("N = %i: in the group, moments of the trace as for the Haar measure", (N) => {
    const U = hot(lattice([8, 8, 8, 8]), groupOf(N), { seed: 11 });
    const defect = unitarityDefect(U);
    expect(defect.unitarity).toBeLessThan(2e-14);
    expect(defect.determinant).toBeLessThan(2e-14);
    const z = U.fields.flatMap((u) => traces(u.toArray(), N));
    // z-score of the mean of f(tr U) against its exact value, with the sample's own variance
    const score = (f: (re: number, im: number) => number, exact: number): number => {
      const values = z.map(([re, im]) => f(re, im));
      const mean = values.reduce((s, x) => s + x, 0) / values.length;
      const variance = values.reduce((s, x) => s + (x - mean) ** 2, 0) / values.length;
      return Math.abs(mean - exact) / Math.sqrt(variance / values.length);
    };
    expect(score((re) => re, 0)).toBeLessThan(4);
    if (N !== 2) expect(score((_re, im) => im, 0)).toBeLessThan(4);
    // int |tr U|^2 = 1; int (tr U)^N = 1 for SU(N) (the determinant is the only singlet), 0 for U(1)
    if (N > 1) expect(score((re, im) => re * re + im * im, 1)).toBeLessThan(4);
    if (N > 1) expect(score((re, im) => Math.hypot(re, im) ** N * Math.cos(N * Math.atan2(im, re)), 1)).toBeLessThan(4);
    // int |tr U|^4 = 2 for SU(N), N >= 3; the Catalan number 2 for SU(2)
    if (N > 1) expect(score((re, im) => (re * re + im * im) ** 2, 2)).toBeLessThan(4);
    if (N === 1) for (const k of [2, 3]) expect(score((re, im) => Math.cos(k * Math.atan2(im, re)), 0)).toBeLessThan(4);
  });

  test("a link's numbers depend on seed, stream, site and direction only", () => {
    const geo = lattice([4, 4, 4]);
    const U = hot(geo, SU(3), { seed: 5 });
    expect(largestDifference(U, hot(geo, SU(3), { seed: 5 }))).toBe(0);
    expect(largestDifference(U, hot(geo, SU(3), { seed: 6 }))).toBeGreaterThan(0.1);
    expect(largestDifference(U, hot(geo, SU(3), { seed: 5, stream: 1 }))).toBeGreaterThan(0.1);
    expect(U.toArray(0).slice(0, 18)).not.toEqual(U.toArray(1).slice(0, 18));
    // the first 64 sites of a larger lattice with the same cross section are the same
    const larger = hot(lattice([4, 4, 8]), SU(3), { seed: 5 });
    expect(larger.toArray(2).slice(0, 64 * 18)).toEqual(U.toArray(2));
  });
});

test("cold links are 1, near-unit links deviate by the width", () => {
  for (const group of [U1, SU(2), SU(3), SU(4)]) {
    const geo = lattice([6, 4, 4]);
    const N = group.N as number;
    expect(traces(cold(geo, group as ReturnType<typeof groupOf>).toArray(1), N).every(([re, im]) => re === N && im === 0)).toBe(true);
    const width = 0.01;
    const U = nearUnit(geo, group as ReturnType<typeof groupOf>, { seed: 3, width });
    expect(unitarityDefect(U).unitarity).toBeLessThan(1e-14);
    expect(unitarityDefect(U).determinant).toBeLessThan(1e-14);
    // Re tr U = N - (width^2/4) sum (x^a)^2 to lowest order (U(1): width^2/2), with G = N^2 - 1 (or 1) components
    const z = U.fields.flatMap((u) => traces(u.toArray(), N));
    const mean = z.reduce((s, [re]) => s + N - re, 0) / z.length;
    const exact = (width ** 2 * group.generators) / (N === 1 ? 2 : 4);
    expect(Math.abs(mean / exact - 1)).toBeLessThan(4 * Math.sqrt(2 / (z.length * group.generators)) + 1e-3);
  }
});

describe("reunitarisation", () => {
  test.each([1, 2, 3, 4, 5])("N = %i: leaves the group alone, brings perturbed links back", (N) => {
    const U = closedFormLinks(lattice([4, 3]), N, 0.8);
    expect(largestDifference(reunitarise(U), U)).toBeLessThan(1e-14);
    const off = U.clone();
    off.set(off.fields.map((u) => u.toArray().map((x, k) => x * 1.01 + 0.003 * Math.sin(k))));
    expect(unitarityDefect(off).unitarity).toBeGreaterThan(1e-2);
    expect(unitarityDefect(off).determinant).toBeGreaterThan(1e-3);
    const back = unitarityDefect(reunitarise(off));
    expect(back.unitarity).toBeLessThan(1e-14);
    expect(back.determinant).toBeLessThan(1e-14);
  });

  test("a singular link is refused with its place", () => {
    const U = cold(lattice([2, 2]), SU(3));
    const data = U.fields.map((u) => u.toArray());
    data[1]!.fill(0, 2 * 18, 3 * 18);
    U.set(data);
    expect(() => reunitarise(U)).toThrow(/singular link in direction t at site \[0, 1\]/);
  });
});
