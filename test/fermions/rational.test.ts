/** Rational approximations against the tables of another code and the best error; rational pseudofermions against differences and exact powers. */
import { describe, expect, test } from "vitest";
import { type LinkField, Field, SU, U1, closedFormLinks, evaluateRational, lattice, pseudofermions, rationalApproximation, staggered } from "gaugegrad";
import { ConfigurationError, PhysicsCheckError, SolverError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const grid = (a: number, b: number, n: number): number[] => Array.from({ length: n + 1 }, (_, i) => a * Math.exp((Math.log(b / a) * i) / n));

describe("approximations", () => {
  // largest absolute errors on [4e-4, 64] of the tables in use elsewhere
  test.each([[0.125, 15, 2.505791796281187e-9], [-0.125, 15, 3.9620045022559225e-9], [-0.25, 10, 1.5595609319518644e-5]])("x^%s with %s poles on [4e-4, 64]", (power, poles, table) => {
    const r = rationalApproximation({ power, interval: [4e-4, 64], poles });
    expect(r.shifts).toHaveLength(poles);
    const errors = grid(4e-4, 64, 4096).map((x) => evaluateRational(r, x) / x ** power - 1);
    const worst = Math.max(...errors.map(Math.abs));
    // best: the relative error has 2n + 2 extrema of equal height and alternating sign
    const extrema: number[] = [];
    errors.forEach((e, i) => {
      const [left, right] = [errors[i - 1] ?? 0, errors[i + 1] ?? 0];
      const edge = i === 0 || i === errors.length - 1;
      if (edge || (Math.abs(e) >= Math.abs(left) && Math.abs(e) > Math.abs(right))) extrema.push(e);
    });
    expect(extrema).toHaveLength(2 * poles + 2);
    extrema.forEach((e, i) => {
      expect(Math.abs(Math.abs(e) / worst - 1)).toBeLessThan(0.01);
      if (i > 0) expect(e * extrema[i - 1]!).toBeLessThan(0);
    });
    expect(Math.abs(worst / r.error - 1)).toBeLessThan(0.01);
    const absolute = Math.max(...grid(4e-4, 64, 4096).map((x) => Math.abs(evaluateRational(r, x) - x ** power)));
    expect(absolute).toBeLessThan(table * 1.0001);
  });

  test.each([-0.25, -0.875, 0.375])("x^%s to a given precision, with positive shifts", (power) => {
    const r = rationalApproximation({ power, interval: [0.05, 16.4], precision: 1e-12 });
    const worst = Math.max(...grid(0.05, 16.4, 3000).map((x) => Math.abs(evaluateRational(r, x) / x ** power - 1)));
    expect(worst).toBeLessThan(1.1e-12);
    r.shifts.forEach((s) => expect(s).toBeGreaterThan(0));
    const fewer = rationalApproximation({ power, interval: [0.05, 16.4], poles: r.shifts.length - 1 });
    expect(fewer.error).toBeGreaterThan(1e-12);
  });

  test("what is refused", () => {
    expect(() => rationalApproximation({ power: 1, interval: [0.1, 1], poles: 4 })).toThrow(ConfigurationError);
    expect(() => rationalApproximation({ power: 0.3, interval: [0.1, 1], poles: 4 })).toThrow(ConfigurationError);
    expect(() => rationalApproximation({ power: 0.5, interval: [1, 0.1], poles: 4 })).toThrow(ConfigurationError);
    expect(() => rationalApproximation({ power: 0.5, interval: [0.1, 1], poles: 0 })).toThrow(ConfigurationError);
  });
});

describe("pseudofermions", () => {
  const settings = [
    { extents: [4, 4], group: U1, flavours: 1 },
    { extents: [4, 4], group: U1, flavours: 3 },
    { extents: [4, 2, 2, 4], group: SU(2), flavours: 2 },
    { extents: [2, 2, 2, 4], group: SU(3), flavours: 3 },
    { extents: [2, 2, 2, 4], group: SU(2), flavours: 7 },
  ] as const;
  test.each(settings)("force and mass derivative from one solve, $extents $group.name Nf=$flavours", ({ extents, group, flavours }) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, group.N as number, 0.7) as LinkField;
    const f = pseudofermions(staggered({ mass: 0.4 }), { lattice: geo, group: group as { N: number; name: string; generators: number }, flavours, tolerance: 1e-14, precision: 1e-8 });
    f.refresh(U, 0, randomStream(4));
    const { dSX } = forceNorms(f.force(U));
    expect(f.action.describe(U).match(/^solve/gm)).toHaveLength(1);
    expect(Math.abs(alongDirection((V) => f.value(V), U, 2e-3) / dSX - 1)).toBeLessThan(1e-7);
    const S = (mass: number): number => f.action.with({ mass, phi: f.phi }).value(U);
    const difference = (h: number): number => (S(0.4 + h) - S(0.4 - h)) / (2 * h);
    expect(Math.abs((4 * difference(1e-3) - difference(2e-3)) / 3 / f.action.parameterGradient(U).gradient.mass - 1)).toBeLessThan(1e-7);
  });

  test.each([1, 3, 6])("Nf = %s: S_f(r(A)^{1/2} xi) = |xi|^2", (flavours) => {
    const geo = lattice([2, 2, 2, 4]);
    const U = closedFormLinks(geo, 2, 0.8);
    const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours });
    const xi = new Field(geo, f.phi.type);
    xi.set(new Float64Array(xi.length).map((_, i) => Math.sin(1 + 0.7 * i)));
    f.drawFrom(U, xi);
    const norm = xi.toArray().reduce((s, x) => s + x * x, 0);
    expect(Math.abs(f.value(U) / norm - 1)).toBeLessThan(1e-11);
  });

  test("four flavours on all sites: two fields of two flavours on even sites, and the unrooted field, have the same weight", () => {
    // S_f = phi^+ A^{-1/2} phi twice is phi^+ A^{-1} phi: A^{-1/2} (A^{-1/2} phi) through values of shifted phi
    const geo = lattice([2, 2, 2, 4]);
    const U = closedFormLinks(geo, 2, 0.8);
    const half = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 2 });
    const whole = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 4 });
    whole.refresh(U, 0, randomStream(2));
    // phi_half = A^{1/4} phi: phi_half^+ A^{-1/2} phi_half = |phi|^2; and A^{-1/2} of phi by the gradient with respect to phi, phi' = 2 A^{-1/2} phi
    half.phi.copyFrom(whole.phi);
    const root = half.action.parameterGradient(U).gradient.phi.toArray().map((x) => x / 2);
    half.phi.set(root);
    const phi = whole.phi.toArray();
    const again = half.action.parameterGradient(U).gradient.phi.toArray();
    // phi^+ A^{-1/2} A^{-1/2} phi
    const value = phi.reduce((s, x, i) => s + (x * again[i]!) / 2, 0);
    expect(Math.abs(value / whole.value(U) - 1)).toBeLessThan(1e-10);
  });

  test("masses and spectra outside the interval are refused", () => {
    const geo = lattice([4, 4]);
    const U = closedFormLinks(geo, 2, 0.8);
    const make = (interval?: [number, number]) => pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 1, precision: 1e-4, ...(interval && { interval }) });
    const f = make();
    expect(() => f.action.with({ mass: 0.1, phi: f.phi })).toThrow(ConfigurationError);
    expect(() => f.action.with({ mass: 3, phi: f.phi })).toThrow(ConfigurationError);
    expect(() => make([0.2, 20])).toThrow(ConfigurationError);
    expect(() => make([0.01, 0.5]).refresh(U, 0, randomStream(1))).toThrow(PhysicsCheckError);
    expect(() => make([0.01, 6]).refresh(U, 0, randomStream(1))).not.toThrow();
  });

  test("flavours, mass and solver", () => {
    const geo = lattice([4, 4]);
    const U = closedFormLinks(geo, 2, 0.8);
    expect(() => pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: SU(2), flavours: 0 })).toThrow(ConfigurationError);
    expect(() => pseudofermions(staggered({ mass: 0 }), { lattice: geo, group: SU(2), flavours: 1 })).toThrow(ConfigurationError);
    expect(() => pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: SU(2), flavours: 3, sites: "even" })).toThrow(ConfigurationError);
    expect(() => pseudofermions(staggered({ mass: 0.05 }), { lattice: geo, group: SU(2), flavours: 1, maxIterations: 2, precision: 1e-4 }).refresh(U, 0, randomStream(1))).toThrow(SolverError);
  });
});
