/** Trivialising flows from Schwinger-Dyson equations, against the exact solution of two-dimensional U(1) with independent plaquettes. */
import { expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { U1, gaugeAction, hot, lattice } from "../../src/gauge/index.ts";
import { type FlowCoefficients, actionFlow, schwingerDysonFlow, schwingerDysonSystem } from "../../src/flows/index.ts";

const L = lattice([8, 8]);
/** sd(log w) of the flow with these coefficients. */
function spread(coefficients: FlowCoefficients, beta: number, n: number): number {
  const F = actionFlow({ coefficients, steps: 6, scheme: "runge-kutta" });
  const S = gaugeAction.wilson({ beta });
  const w = Array.from({ length: n }, (_, k) => {
    const image = F.image(hot(L, U1, { seed: 77, stream: k }) as LinkField);
    return image.logDet - S.value(image.links);
  });
  const mean = w.reduce((a, b) => a + b, 0) / n;
  return Math.sqrt(w.reduce((s, x) => s + (x - mean) ** 2, 0) / (n - 1));
}

test("the exact coefficients at beta = 1: sd(log w) = 0.467", () => {
  const exact = { plaquette: [-0.25, -0.2424230902, -0.2221665131], bent: [0, -0.0094428749, -0.014369061], crossed: [0, 0.005665725, 0.0086214366], double: [0, 0.0146922942, 0.0246837982] };
  expect(Math.abs(spread(exact, 1, 150) / 0.467 - 1)).toBeLessThan(4 / Math.sqrt(300));
});

test("the equations of Haar-distributed configurations have the solution of order t^0", () => {
  const configurations = Array.from({ length: 200 }, (_, k) => hot(L, U1, { seed: 4, stream: k }) as LinkField);
  const { gram, covariance, identity, operators } = schwingerDysonSystem(configurations, { action: gaugeAction.wilson({ beta: 1 }) });
  expect(operators).toEqual(["plaquette", "bent", "crossed", "double"]);
  // cov(W_0, S) = -V/2 beta and <dW_0 . dW_0> = 2 V: g_0 = -1/4
  expect(Math.abs(covariance[0]! / gram[0]![0]! + 0.25)).toBeLessThan(4 * 0.25 * Math.sqrt(2 / 200));
  // t = 0: the Laplacian of every operator averages to zero
  expect(Math.abs(identity[0]!.laplacian)).toBeLessThan(4 * 4 * Math.sqrt(32 / 200));
});

test("estimated coefficients, beta = 2: far below the expansion in t (7.0), as the exact ones (2.04)", { timeout: 300_000 }, () => {
  const coefficients = schwingerDysonFlow({ lattice: L, group: U1, beta: 2, seed: 3, knots: 5, configurations: 150 });
  expect(spread(coefficients, 2, 400)).toBeLessThan(2.1);
});
