/** A spectral flow of SU(3) in two dimensions: ln Z and plaquette against their exact values after a short training. */
import { expect, test } from "vitest";
import { SU, type Group, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { exactLogZ2d, independenceStep, independenceSummary, spectralFlow, weightSummary } from "../../src/flows/index.ts";
import { adam, schedules } from "../../src/training/index.ts";
import { PURPOSE, randomStream } from "../../src/util/index.ts";

test("SU(3), beta = 2 on 4x4", { timeout: 600_000 }, () => {
  const [beta, volume, iterations, batch] = [2, 16, 100, 32];
  const model = spectralFlow({ lattice: lattice([4, 4]), group: SU(3) as Group, action: gaugeAction.wilson({ beta }), seed: 3 });
  const optimiser = adam({ rate: schedules.cosine({ initial: 2e-2, final: 2e-4, steps: iterations }) });
  let theta = model.start(1);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < iterations; k++) {
    const { gradient } = model.gradient(theta, Array.from({ length: batch }, (_, b) => batch * k + b));
    ({ parameters: theta, state: memory } = optimiser.step(theta, { gradient: () => gradient }, memory));
  }
  const samples = model.samples(theta, Array.from({ length: 8192 }, (_, k) => k));
  const { sd, logZ } = weightSummary(samples.map((s) => s.logWeight));
  expect(sd).toBeLessThan(0.5);
  expect(Math.abs(logZ.value - exactLogZ2d({ beta, N: 3, volume }))).toBeLessThan(4 * logZ.error);
  const random = randomStream(4);
  let chain: Parameters<typeof independenceStep>[0];
  const { values, acceptance } = independenceSummary(samples.map((s, k) => {
    const next = independenceStep(chain, s, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: next.state.values };
  }));
  const d = 1e-4;
  const plaquette = 1 + (exactLogZ2d({ beta: beta + d, N: 3, volume }) - exactLogZ2d({ beta: beta - d, N: 3, volume })) / (2 * d * volume);
  expect(acceptance.mean).toBeGreaterThan(0.7);
  expect(Math.abs(values["plaquette"]!.mean - plaquette)).toBeLessThan(4 * values["plaquette"]!.error);
  console.info(`SU(3) spectral flow: sd ${sd.toFixed(3)}, ln Z ${logZ.value.toFixed(4)}(${logZ.error.toFixed(4)}), acceptance ${acceptance.mean.toFixed(3)}, plaquette ${values["plaquette"]!.mean.toFixed(4)}(${values["plaquette"]!.error.toFixed(4)}), exact ${plaquette.toFixed(4)}`);
});
