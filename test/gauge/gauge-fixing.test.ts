/** Landau and Coulomb gauge: figures of section 7 of the physics notes on fermions (an independent program), and invariance. */
import { describe, expect, test } from "vitest";
import { type LinkField, closedFormLinks, fixGauge, gaugeFunctional, gaugeTransform, hot, lattice, plaquettes, SU, U1, unitarityDefect } from "gaugegrad";
import { GeometryError, SolverError } from "../../src/errors.ts";

describe("closed-form fields", () => {
  test.each([
    [2, "landau", 1, 0.908392835, 0.941574688498],
    [2, "coulomb", 1.7, 0.908423077, 0.93257347619],
    [3, "landau", 1.5, 0.83550887, 0.8943577181],
    [3, "coulomb", 1.7, 0.835511428, 0.883982165767],
  ] as const)("N = %i, %s, omega = %f", (N, gauge, overrelaxation, before, after) => {
    const U = closedFormLinks(lattice([4, 4, 4, 4]), N as number, 0.8) as LinkField;
    if (N === 2 && gauge === "landau") expect(gaugeFunctional(U, gauge).theta).toBeCloseTo(1.0938, 4);
    const fixed = fixGauge(U, { gauge, overrelaxation });
    expect(fixed.before).toBeCloseTo(before, 8);
    expect(fixed.functional).toBeCloseTo(after, 9);
    expect(fixed.theta).toBeLessThan(1e-14);
    expect(gaugeFunctional(fixed.U, gauge)).toEqual({ functional: fixed.functional, theta: fixed.theta });
    expect(Math.abs(plaquettes(fixed.U).mean - plaquettes(U).mean)).toBeLessThan(1e-13);
    expect(unitarityDefect(fixed.U).unitarity).toBeLessThan(1e-12);
    const same = gaugeTransform(U, fixed.transformation);
    same.fields.forEach((f, mu) => f.toArray().forEach((x, k) => Math.abs(x - fixed.U.toArray(mu)[k]!) > 1e-11 && expect.fail(`${mu} ${k}`)));
  });
});

test("U(1) in two dimensions, with odd extents too", () => {
  const U = hot(lattice([5, 6]), U1, { seed: 3 }) as LinkField;
  const fixed = fixGauge(U, { gauge: "landau" });
  expect(fixed.functional).toBeGreaterThan(fixed.before);
  expect(Math.abs(plaquettes(fixed.U).mean - plaquettes(U).mean)).toBeLessThan(1e-13);
});

test("errors", () => {
  const U = hot(lattice([4, 4]), SU(2), { seed: 1 }) as LinkField;
  expect(() => fixGauge(U, { gauge: "landau", overrelaxation: 2 })).toThrow(GeometryError);
  expect(() => fixGauge(U, { gauge: "landau", maxIterations: 3 })).toThrow(SolverError);
});
