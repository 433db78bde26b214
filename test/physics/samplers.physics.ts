/** Quenched plaquettes in four dimensions by HMC and heatbath (PHYSICS 3.8), and the Iwasaki action by the two against each other. */
import { describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { closedFormLinks, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { type Sampler, type StepResult, type Summary, heatbath, hmc, runChain, summarise } from "../../src/samplers/index.ts";
import { zScore } from "../../src/util/index.ts";
import { plaquetteOf } from "../samplers/helpers.ts";

function simulate<R extends StepResult>(extents: number[], N: number, beta: number, sampler: Sampler<number, R>, trajectories: number): Summary {
  const U = closedFormLinks(lattice(extents), N, 0.5) as LinkField;
  // HMC from the smooth start rejects nearly everything on the larger lattice: heatbath first
  const start = heatbath({ beta, overrelaxation: 1, seed: 10 });
  for (let k = 0; k < 30; k++) start.step(U);
  return summarise(runChain({ sampler, U, trajectories, thermalisation: Math.ceil(trajectories / 20), measure: { plaquette: plaquetteOf } }));
}

function expectPlaquette(s: Summary, reference: number, referenceError: number): void {
  const { mean, error, tauInt } = s.values["plaquette"]!;
  console.log(`plaquette ${mean.toFixed(6)} +- ${error.toFixed(6)} (tau_int ${tauInt.toFixed(2)}), reference ${reference} +- ${referenceError}, acceptance ${s.acceptance.mean.toFixed(3)}`);
  // resolved first: a chain that hangs has a large error and would agree with anything
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(0.001);
  expect(Math.abs(zScore(mean, error, reference, referenceError))).toBeLessThan(4);
  if (s.expMinusDH) expect(Math.abs(zScore(s.expMinusDH.mean, s.expMinusDH.error, 1))).toBeLessThan(4);
}

/** extents, N, beta, plaquette and its error, HMC steps and trajectories, heatbath sweeps. */
const table: [number[], number, number, number, number, number, number, number][] = [
  [[4, 4, 4, 4], 2, 2.3, 0.609452, 0.000073, 6, 6000, 2000],
  [[4, 4, 4, 4], 2, 2.7, 0.687159, 0.000077, 6, 6000, 2000],
  [[4, 4, 4, 4], 3, 5.7, 0.559797, 0.000082, 8, 4000, 1000],
  [[4, 4, 4, 4], 3, 6.0, 0.59681, 0.0001, 8, 4000, 1000],
  [[8, 8, 8, 8], 2, 2.5, 0.652383, 0.000066, 8, 500, 200],
];

for (const [extents, N, beta, reference, error, steps, trajectories, sweeps] of table)
  describe(`SU(${N}), ${extents.join("x")}, beta ${beta}`, () => {
    test("HMC", () => {
      expectPlaquette(simulate(extents, N, beta, hmc({ action: gaugeAction.wilson({ beta }), integrator: "omelyan", steps, length: 1, seed: 11 }), trajectories), reference, error);
    });
    test("heatbath and overrelaxation", () => {
      expectPlaquette(simulate(extents, N, beta, heatbath({ beta, overrelaxation: 3, seed: 12 }), sweeps), reference, error);
    });
  });

test("Iwasaki action, SU(3), 4^4, beta 2.4: HMC and heatbath agree", () => {
  const h = simulate([4, 4, 4, 4], 3, 6, heatbath({ beta: 2.4, c1: -0.331, overrelaxation: 2, seed: 13 }), 400).values["plaquette"]!;
  expectPlaquette(simulate([4, 4, 4, 4], 3, 6, hmc({ action: gaugeAction.iwasaki({ beta: 2.4 }), integrator: "omelyan", steps: 10, length: 1, seed: 14 }), 2000), h.mean, h.error);
});
