/** SU(2), 4^4, beta 2.7, Nf = 4, m = 0.3, m_h = 0.4: fits and acceptances of PHYSICS 2.4.3 and 2.4.4 from an independent program. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Assessment, type Layer, type Loss, type TrainingSample, adam, assess, covariantNetwork, finishTraining, gaussNewton, hmc, losses, runChain, schedules, stout, summarise, trainOffline, trainOnline } from "gaugegrad";
import { zScore } from "../../src/util/index.ts";
import { benchmark, collect } from "../models/helpers.ts";

const extents = [4, 4, 4, 4];
const one = (rho = 0): Layer<number, unknown> => stout({ rho }) as never;
const six = (...layers: [number, number, number][]): Layer<number, unknown> => covariantNetwork(layers.length > 0 ? { layers } : {}) as never;

/** Training and test values of the table pooled; each comes from 120 configurations, so half a variance has a relative error of sqrt(2/240) and more. */
function expectHalfVariance(a: number, reference: number, configurations: number): void {
  const relative = Math.sqrt(2 / configurations + 2 / 240) * 1.3;
  console.log(`half variance ${a.toFixed(3)}, reference ${reference.toFixed(3)} +- ${(relative * 100).toFixed(0)} %`);
  expect(Math.abs(a / reference - 1)).toBeLessThan(4 * relative);
}

describe("offline fits, 360 configurations", () => {
  let samples: readonly TrainingSample<2>[];
  const system = benchmark(extents, 21);
  beforeAll(() => {
    samples = collect(system, 200, 360, 5);
  }, 3_600_000);
  const fit = (network: Layer<number, unknown>, loss: Loss): Assessment & { theta: Float64Array } => {
    const r = finishTraining(trainOffline({ action: system.guided(network), loss, optimiser: gaussNewton(), samples, epochs: 60, patience: 3 }))!;
    console.log(`${network.name}, ${loss.name}: theta ${[...r.action.parameters].map((x) => x.toFixed(4)).join(" ")}, L ${r.training.squared.toFixed(3)}, L_c ${r.training.centred.toFixed(3)}, E_0 ${r.training.mean.toFixed(2)}, change along a trajectory ${r.training.trajectory!.sd.toFixed(3)}, acceptance ${r.training.trajectory!.acceptance.toFixed(3)}`);
    return { ...r.training, theta: r.action.parameters };
  };

  test("without a network", () => {
    const a = assess(system.guided(one()), samples);
    console.log(a);
    expect(Math.abs(zScore(a.mean, a.sd / Math.sqrt(samples.length / 2), -11.65, 0.935 / Math.sqrt(120)))).toBeLessThan(4);
    expectHalfVariance(a.centred, 0.379, samples.length);
    expect(Math.abs(a.trajectory!.acceptance - 0.54)).toBeLessThan(0.06);
  });
  test("one plaquette weight", () => {
    const L = fit(one(), losses.squared());
    expect(Math.abs(L.theta[0]! + 0.0292)).toBeLessThan(0.0015);
    expectHalfVariance(L.squared, 1.135, samples.length);
    const c = fit(one(), losses.centred());
    expect(Math.abs(c.theta[0]! + 0.00845)).toBeLessThan(0.005);
    expectHalfVariance(c.centred, 0.2115, samples.length);
  });
  test("six weights", () => {
    const L = fit(six(), losses.squared());
    expectHalfVariance(L.squared, 0.965, samples.length);
    const c = fit(six(), losses.centred());
    expectHalfVariance(c.centred, 0.1625, samples.length);
    const direct = fit(six(), losses.acceptance());
    expect(direct.trajectory!.sd).toBeLessThan(c.trajectory!.sd);
  });
});

/** Acceptance of self-learning HMC with 10 steps. */
function acceptance(network: Layer<number, unknown>, trajectories: number, seed: number, mass = 0.4): { mean: number; error: number } {
  const { U, target, sampler, guided } = benchmark(extents, seed);
  for (let t = 0; t < 100; t++) sampler.step(U);
  const chain = hmc<2>({ action: target, guide: guided(network, mass), length: 1, integrator: "leapfrogQPQ", steps: 10, seed: seed + 1 });
  const s = summarise(runChain({ sampler: chain, U, trajectories }));
  console.log(`${network.name} ${JSON.stringify(network.parameters)}, m_h ${mass}: acceptance ${s.acceptance.mean.toFixed(3)} +- ${s.acceptance.error.toFixed(3)}, <exp(-dH)> ${s.expMinusDH!.mean.toFixed(3)} +- ${s.expMinusDH!.error.toFixed(3)}`);
  return s.acceptance;
}

describe("acceptance of self-learning HMC with weights of the table", () => {
  test.each([
    ["no network", one(0), 0.4, 0.553],
    ["no network, m_h = 0.5", one(0), 0.5, 0.175],
    ["minimum of L, one weight", one(-0.0292), 0.4, 0.335],
    ["minimum of the variance, one weight", one(-0.00845), 0.4, 0.726],
    ["minimum of L, six weights", six([-0.0463, 0.053, 0.07], [0.0201, -0.0806, -0.0462]), 0.4, 0.381],
    ["minimum of the variance, six weights", six([-0.0268, -0.0737, 0.0552], [0.0184, 0.0516, -0.0444]), 0.4, 0.77],
  ] as const)("%s", (_, network, mass, reference) => {
    const a = acceptance(network, 800, 31, mass);
    expect(Math.abs(zScore(a.mean, a.error, reference, 0.03))).toBeLessThan(4);
  });
});

describe("online training, 600 trajectories, then self-learning HMC", () => {
  const train = (loss: Loss, rate: number): Layer<number, unknown> => {
    const { U, target, sampler, guided } = benchmark(extents, 41);
    for (let t = 0; t < 100; t++) sampler.step(U);
    const optimiser = adam({ rate: schedules.cosine({ initial: rate, final: rate / 20, steps: 600 }) });
    const action = finishTraining(trainOnline({ sampler, target, U, action: guided(six()), loss, optimiser, trajectories: 600, replay: { capacity: 64, batch: 8, seed: 4 } }))!;
    return six().with(action.input("network"));
  };
  test("the published loss lowers the acceptance, the centred loss and the change along trajectories raise it", () => {
    const [published, centred, direct] = [train(losses.squared(), 1e-3), train(losses.centred(), 2e-3), train(losses.acceptance(), 2e-3)].map((network) => acceptance(network, 800, 51));
    expect(published!.mean).toBeLessThan(0.553 - 0.05);
    expect(centred!.mean).toBeGreaterThan(0.553 + 0.1);
    expect(direct!.mean).toBeGreaterThan(0.553 + 0.1);
    expect(Math.abs(zScore(centred!.mean, centred!.error, 0.77, 0.03))).toBeLessThan(4);
  });
});
