/** Coupling flows in two dimensions: ln Z and plaquettes against their exact values after short trainings, and how much samples are worth. */
import { expect, test } from "vitest";
import { SU, U1, type Group, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { exactLogZ2d, independenceStep, independenceSummary, spectralFlow, u1Flow, weightSummary } from "../../src/flows/index.ts";
import { adam, schedules } from "../../src/training/index.ts";
import { PURPOSE, randomStream } from "../../src/util/index.ts";

const CASES = [
  { group: U1, extents: [8, 8], beta: 2, iterations: 800, batch: 64, rate: 5e-3, most: 1.4, ess: 0.2, accepted: 0.3 },
  { group: SU(3), extents: [4, 4], beta: 2, iterations: 100, batch: 32, rate: 2e-2, most: 0.5, ess: 0.7, accepted: 0.7 },
] as const;

test.each(CASES)("$group.name, beta = $beta on $extents", { timeout: 1_200_000 }, ({ group, extents, beta, iterations, batch, rate, most, ess: least, accepted }) => {
  const { N } = group;
  const volume = extents[0] * extents[1];
  const options = { lattice: lattice(extents), action: gaugeAction.wilson({ beta }), seed: 3 };
  const model = N === 1 ? u1Flow(options) : spectralFlow({ ...options, group: group as Group });
  const optimiser = adam({ rate: schedules.cosine({ initial: rate, final: rate / 100, steps: iterations }) });
  let theta = model.start(1);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < iterations; k++) {
    const { gradient } = model.gradient(theta, Array.from({ length: batch }, (_, b) => batch * k + b));
    ({ parameters: theta, state: memory } = optimiser.step(theta, { gradient: () => gradient }, memory));
  }
  const samples = model.samples(theta, Array.from({ length: 8192 }, (_, k) => k));
  const { sd, ess, logZ } = weightSummary(samples.map((s) => s.logWeight));
  const random = randomStream(4);
  let chain: Parameters<typeof independenceStep>[0];
  const { values, acceptance } = independenceSummary(samples.map((s, k) => {
    const next = independenceStep(chain, s, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: next.state.values };
  }));
  const d = 1e-4;
  const plaquette = 1 + (exactLogZ2d({ beta: beta + d, N, volume }) - exactLogZ2d({ beta: beta - d, N, volume })) / (2 * d * volume);
  console.info(`${group.name} flow: sd ${sd.toFixed(3)}, ESS ${ess.toFixed(3)}, ln Z ${logZ.value.toFixed(4)}(${logZ.error.toFixed(4)}), acceptance ${acceptance.mean.toFixed(3)}, plaquette ${values["plaquette"]!.mean.toFixed(4)}(${values["plaquette"]!.error.toFixed(4)}), exact ${plaquette.toFixed(4)}`);
  expect(sd).toBeLessThan(most);
  expect(ess).toBeGreaterThan(least);
  expect(Math.abs(logZ.value - exactLogZ2d({ beta, N, volume }))).toBeLessThan(4 * logZ.error);
  expect(acceptance.mean).toBeGreaterThan(accepted);
  expect(Math.abs(values["plaquette"]!.mean - plaquette)).toBeLessThan(4 * values["plaquette"]!.error);
});
