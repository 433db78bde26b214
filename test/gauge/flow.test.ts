/** Gradient flow: order, covariance, in place, derivatives through the steps; flow scales of an exactly solvable field. */
import { describe, expect, test } from "vitest";
import { type Algebras, DirectionalField, type LinkField, type Links, type Scalar, scale } from "../../src/autograd/index.ts";
import {
  action, actionFlow, closedFormLinks, directionField, flowScales, flowStep, gaugeAction, gaugeTransform, generator, gradientFlow, lattice, loopStaple, namedLoops, nearUnit, plaquetteSum, plaquettes,
  randomGaugeTransformation, groupOf, scalesOf, staples, symanzikFlow, unitarityDefect,
} from "../../src/gauge/index.ts";
import { largestDifference, moved } from "./helpers.ts";

const flowed = (U: LinkField, action: "wilson" | "symanzik", step: number, steps: number): LinkField => {
  const V = U.clone();
  gradientFlow({ action, step }).advance(V, steps);
  return V;
};

describe("the flow", () => {
  test.each([["wilson", [3, 4], 1], ["symanzik", [3, 4], 1], ["wilson", [2, 3, 4], 2], ["symanzik", [3, 2, 3, 4], 3], ["wilson", [3, 4], 4]] as ["wilson" | "symanzik", number[], number][])(
    "%s on %j, N = %i: third order, in the group, gauge covariant, smooths",
    (name, extents, N) => {
      const geo = lattice(extents);
      const U = closedFormLinks(geo, N, 0.6);
      const t = 0.4;
      // errors against a fine integration fall by 8 at every halving
      const exact = flowed(U, name, t / 64, 64);
      const error = [4, 8, 16].map((n) => largestDifference(flowed(U, name, t / n, n), exact));
      expect(Math.log2(error[0]! / error[1]!)).toBeGreaterThan(2.6);
      expect(Math.log2(error[1]! / error[2]!)).toBeGreaterThan(2.6);
      expect(Math.log2(error[1]! / error[2]!)).toBeLessThan(3.5);
      expect(unitarityDefect(exact).unitarity).toBeLessThan(1e-13);
      expect(unitarityDefect(exact).determinant).toBeLessThan(1e-13);
      expect(plaquettes(exact).mean).toBeGreaterThan(plaquettes(U).mean + 1e-3);
      const g = randomGaugeTransformation(geo, N, { seed: 9 });
      expect(largestDifference(gaugeTransform(exact, g), flowed(gaugeTransform(U, g), name, t / 64, 64))).toBeLessThan(1e-12);
      // backwards: the inverse up to O(step^3)
      expect(largestDifference(flowed(exact, name, -t / 64, 64), U)).toBeLessThan(1e-4);
    },
  );

  test.each([["wilson", 1], ["wilson", 2], ["symanzik", 3]] as const)("that of an action is the %s flow where it is that action, N = %i", (name, N) => {
    const U = closedFormLinks(lattice([4, 3, 4]), N as number, 0.7);
    for (const beta of [1, 5.5]) {
      const V = U.clone();
      gradientFlow({ action: actionFlow(gaugeAction[name]({ beta }), { beta }), step: 0.05 }).advance(V, 3);
      expect(largestDifference(V, flowed(U, name, 0.05, 3))).toBeLessThan(1e-13);
    }
    expect(() => actionFlow(gaugeAction.wilson({ beta: 1 }), { beta: 0 })).toThrow(/a finite number that is not 0/);
  });

  test("dV/dt = TA(C V^+) V: minus (2N/beta) times the force; the Symanzik flow likewise", () => {
    const U = closedFormLinks(lattice([4, 3, 4]), 3, 0.8);
    for (const [name, S] of [["wilson", gaugeAction.wilson({ beta: 6 })], ["symanzik", gaugeAction.symanzik({ beta: 6 })]] as const) {
      const eps = 1e-4;
      const V = flowed(U, name, eps, 1);
      const F = S.force(U);
      // exp(-eps F) U agrees with the step up to eps^2
      expect(largestDifference(V, moved(U, F, -eps))).toBeLessThan(50 * eps * eps);
      expect(largestDifference(V, U)).toBeGreaterThan(0.1 * eps);
    }
  });

  test("any right-hand side; errors", () => {
    const U = closedFormLinks(lattice([3, 4]), 2, 0.6);
    const V = U.clone();
    gradientFlow({ action: (W) => generator(W, (mu) => loopStaple(W, namedLoops(W.lattice, "plaquette"), mu)), step: 0.02 }).advance(V, 3);
    expect(largestDifference(V, flowed(U, "wilson", 0.02, 3))).toBeLessThan(1e-14);
    expect(() => gradientFlow({ step: Number.NaN })).toThrow(/got the step NaN/);
    expect(() => gradientFlow({ action: "iwasaki" as "wilson" })).toThrow(/got the action iwasaki/);
    expect(() => gradientFlow().advance(U, 1.5)).toThrow(/got 1.5 steps/);
  });

  test("derivatives through flow steps with trainable step size and weights", () => {
    const geo = lattice([3, 4, 2]);
    const U = nearUnit(geo, groupOf(3), { seed: 2, width: 0.5 });
    const weighted = (rho: readonly Scalar[]) => (V: Links): Algebras => generator(V, (mu) => scale(rho[0]!, staples(V, mu)));
    const S = action({
      name: "plaquettes of flowed links",
      inputs: { eps: 0.03, rho: [0.7] },
      evaluate: (V, { eps, rho }) => plaquetteSum(flowStep(flowStep(V, eps, weighted(rho)), 0.02, symanzikFlow)),
    });
    const X = directionField(geo, 3);
    const F = S.force(U);
    const along = F.fields.reduce((s, f, mu) => s + 2 * X.toArray(mu).reduce((d, x, k) => d + x * f.toArray()[k]!, 0), 0);
    const difference = (f: (h: number) => number, h: number): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
    expect(Math.abs(along / difference((s) => S.value(moved(U, X, s)), 3e-3) - 1)).toBeLessThan(1e-8);
    const { gradient } = S.parameterGradient(U);
    expect(Math.abs(gradient.eps / difference((s) => S.with({ eps: 0.03 + s, rho: [0.7] }).value(U), 1e-3) - 1)).toBeLessThan(1e-8);
    expect(Math.abs(gradient.rho[0]! / difference((s) => S.with({ eps: 0.03, rho: [0.7 + s] }).value(U), 1e-2) - 1)).toBeLessThan(1e-8);
  });
});

describe("flow scales", () => {
  // a transverse wave of small amplitude decays with k^2 = 4 sin^2(pi/8): E = E0 exp(-2 k^2 t), up to the square of the amplitude
  const geo = lattice([8, 3]);
  const k2 = 4 * Math.sin(Math.PI / 8) ** 2;
  const U = new DirectionalField(geo, 1, "links").set(
    [0, 1].map((mu) => {
      const u = new Float64Array(2 * geo.volume);
      for (let n = 0; n < geo.volume; n++) {
        const theta = mu === 1 ? 1e-4 * Math.cos((2 * Math.PI * geo.coordinates(n)[0]!) / 8) : 0;
        u.set([Math.cos(theta), Math.sin(theta)], 2 * n);
      }
      return u;
    }),
  );
  const root = (f: (t: number) => number): number => {
    let [a, b] = [1e-6, 0.6];
    for (let i = 0; i < 80; i++) if (f((a + b) / 2) < 0) a = (a + b) / 2;
    else b = (a + b) / 2;
    return a;
  };

  test.each(["clover", "plaquette"] as const)("a decaying wave, E by %s", (energy) => {
    const { history } = flowScales(U, { step: 0.01, maximumTime: 0.01, energy });
    const E0 = history[0]!.energy;
    const reference = 0.05 * E0;
    const got = flowScales(U, { step: 0.01, maximumTime: 2, energy, reference });
    const y = (t: number): number => t * t * E0 * Math.exp(-2 * k2 * t);
    const w = (t: number): number => 2 * y(t) * (1 - k2 * t);
    expect(Math.abs(got.t0! - root((t) => y(t) - reference))).toBeLessThan(1e-6);
    expect(Math.abs(got.w0! - Math.sqrt(root((t) => w(t) - reference)))).toBeLessThan(1e-6);
    // stops two steps behind the later crossing
    expect(got.history.length * 0.01).toBeLessThan(Math.max(got.t0!, got.w0! ** 2) + 0.06);
  });

  test("not reached: undefined; the field is left alone", () => {
    const before = U.clone();
    const got = flowScales(U, { maximumTime: 0.05 });
    expect([got.t0, got.w0]).toEqual([undefined, undefined]);
    expect(got.history.map((h) => Math.round(h.t * 100))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(largestDifference(U, before)).toBe(0);
    expect(() => flowScales(U, { step: -0.01 })).toThrow(/got the step -0.01/);
    expect(scalesOf([])).toEqual({ t0: undefined, w0: undefined });
  });
});
