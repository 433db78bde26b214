/** Monte Carlo of spins: local differences, exact averages, self-learning with good and with bad effective weights, regression, training. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import {
  LinearModel, type SpinChain, type SpinSample, type SpinWeight, acceptanceEstimates, deepened, doubleExchange, exactSamples, fitLinear, localMetropolis, meanSquare, neel, randomSpins, selfLearning, shellCorrelations,
  spinTransformer, startTraining, staggeredMagnetisation, trainStep, trainSteps, trainWhileSampling, withLinearCouplings,
} from "gaugegrad/spins";
import { gammaMethod, zScore } from "gaugegrad/util";
import { adamW, gaussNewton } from "gaugegrad/training";
import { noise } from "./fields.ts";

const four = lattice([4, 4]);
const spins = randomSpins(four, { seed: 1 }).toArray();
const model = doubleExchange(four, { J: 1, T: 0.2 });

describe("local chains", () => {
  const weights: readonly SpinWeight[] = [model, new LinearModel(four, 0.2, [0.3, -0.2, 0.1], 1), spinTransformer(four, { T: 0.2, shells: 3, reach: 3 }).randomised({ seed: 3, width: 0.3 })];
  test.each(weights.map((w) => [w.name, w] as const))("%s: differences are those of ln W", (_name, weight) => {
    const chain = weight.chain(spins);
    expect(chain.logWeight).toBe(weight.logWeight(spins));
    for (let k = 0; k < 12; k++) {
      const v = noise(3, k);
      const spin = v.map((x) => x / Math.hypot(...v));
      const site = (5 * k) % 16;
      const next = Float64Array.from(chain.spins);
      next.set(spin, 3 * site);
      const difference = chain.propose(site, spin);
      expect(Math.abs(difference - (weight.logWeight(next) - weight.logWeight(chain.spins)))).toBeLessThan(1e-10);
      if (k % 3 === 0) continue;
      chain.accept();
      expect([...chain.spins]).toEqual([...next]);
      expect(Math.abs(chain.logWeight - weight.logWeight(next))).toBeLessThan(1e-10);
    }
  });
});

test("self-learning samples the target whatever the effective weight: independent spins have known moments", () => {
  // J = 0: W is constant. <C_1> = 0 and <C_1^2> = (pairs) / 3
  const free = doubleExchange(four, { J: 0, T: 0.2 });
  const chain = selfLearning(spins, { target: free, effective: new LinearModel(four, 0.2, [0.03, -0.02]), updates: 16, seed: 5 });
  const [C, square]: [number[], number[]] = [[], []];
  let accepted = 0;
  for (let k = 0; k < 4000; k++) {
    const s = chain.step();
    accepted += s.accepted ? 1 : 0;
    const c = shellCorrelations(four, s.spins, 1)[0]!;
    C.push(c);
    square.push(c * c);
  }
  const [mean, second] = [gammaMethod(C), gammaMethod(square)];
  expect(accepted).toBeGreaterThan(800);
  expect(accepted).toBeLessThan(3800);
  expect(Math.abs(zScore(mean.mean, mean.error, 0))).toBeLessThan(4);
  expect(Math.abs(zScore(second.mean, second.error, 32 / 3))).toBeLessThan(4);
  // the effective weight itself has another mean
  const own = localMetropolis(new LinearModel(four, 0.2, [0.03, -0.02]), spins, { seed: 6 });
  const biased = gammaMethod(Array.from({ length: 4000 }, () => shellCorrelations(four, own.step().spins, 1)[0]!));
  expect(Math.abs(zScore(biased.mean, biased.error, 0))).toBeGreaterThan(10);
});

/** Exact samples at 4 x 4, T = 0.2. */
const exact = localMetropolis(model, neel(four).toArray(), { seed: 11 });
for (let k = 0; k < 50; k++) exact.step();
const samples: SpinSample[] = [];
const order: number[] = [];
for (let k = 0; k < 900; k++) {
  const s = exact.step();
  samples.push(s);
  order.push(staggeredMagnetisation(four, s.spins));
}

test("regression finds the couplings of a linear weight, and improves with every shell on the exact one", () => {
  const known = new LinearModel(four, 0.2, [0.04, -0.03, 0.02], -7);
  const { model: found, mse } = fitLinear(four, 0.2, 3, samples.map((s) => ({ spins: s.spins, logWeight: known.logWeight(s.spins) })));
  known.couplings.forEach((J, n) => expect(Math.abs(found.couplings[n]! - J)).toBeLessThan(1e-11));
  expect(Math.abs(found.E0 + 7)).toBeLessThan(1e-9);
  expect(mse).toBeLessThan(1e-18);
  const errors = [1, 2, 3, 4, 5].map((shells) => fitLinear(four, 0.2, shells, samples).mse);
  errors.slice(1).forEach((x, k) => expect(x).toBeLessThan(errors[k]! + 1e-12));
  expect(fitLinear(four, 0.2, 5, samples).mse).toBeCloseTo(meanSquare(fitLinear(four, 0.2, 5, samples).model, samples), 12);
  expect(() => fitLinear(four, 0.2, 3, samples.slice(0, 4))).toThrow(/got 4 samples/);
});

function averages(chain: SpinChain, steps: number): { order: number[]; logWeight: number[]; acceptance: number[] } {
  for (let k = 0; k < 50; k++) chain.step();
  const list = Array.from({ length: steps }, () => chain.step());
  return { order: list.map((s) => staggeredMagnetisation(four, s.spins)), logWeight: list.map((s) => s.logWeight), acceptance: list.map((s) => s.probability) };
}

function agree(a: readonly number[], b: readonly number[]): void {
  const [x, y] = [gammaMethod(a), gammaMethod(b)];
  expect(Math.abs(zScore(x.mean, x.error, y.mean, y.error))).toBeLessThan(4);
}

test("linear self-learning gives the averages of exact Metropolis", () => {
  const effective = fitLinear(four, 0.2, 3, samples).model;
  const run = averages(selfLearning(neel(four).toArray(), { target: model, effective, updates: 32, seed: 12 }), 2000);
  agree(run.order, order);
  agree(run.logWeight, samples.map((s) => s.logWeight));
  expect(gammaMethod(run.acceptance).mean).toBeGreaterThan(0.5);
});

test("attention trained by Levenberg-Marquardt and by AdamW is closer to ln W than the regression it starts from; the chain with it is exact", () => {
  const base = withLinearCouplings(spinTransformer(four, { T: 0.2, shells: 3, reach: 3, layers: 1 }).randomised({ seed: 2, width: 0.05 }), samples);
  const some = samples.filter((_, k) => k % 4 === 0);
  const linear = meanSquare(fitLinear(four, 0.2, 3, some).model, some);
  const optimiser = gaussNewton();
  const trained = trainSteps(startTraining(base, { optimiser }), some, { optimiser }, 12).model;
  expect(meanSquare(trained, some)).toBeLessThan(0.5 * linear);
  const slow = adamW({ rate: 5e-3, weightDecay: 0 });
  let t = startTraining(base, { optimiser: slow });
  for (let k = 0; k < 40; k++) t = trainStep(t, some, { optimiser: slow });
  expect(meanSquare(t.model, some)).toBeLessThan(linear);

  const run = averages(selfLearning(neel(four).toArray(), { target: model, effective: trained, updates: 24, seed: 13 }), 1000);
  agree(run.order, order);
  agree(run.logWeight, samples.map((s) => s.logWeight));
  expect(gammaMethod(run.acceptance).mean).toBeGreaterThan(0.8);
});

test("training on the whole set in one go is training step by step", () => {
  const optimiser = gaussNewton();
  const some = samples.slice(0, 60);
  const start = startTraining(withLinearCouplings(spinTransformer(four, { T: 0.2, shells: 2, reach: 1 }).randomised({ seed: 2, width: 0.05 }), samples), { optimiser });
  let t = start;
  for (let k = 0; k < 4; k++) t = trainStep(t, some, { optimiser });
  const once = trainSteps(start, some, { optimiser }, 4);
  expect([...once.model.theta]).toEqual([...t.model.theta]);
  expect(once.step).toBe(4);
  expect(() => trainSteps(start, [], { optimiser }, 1)).toThrow(/got no samples/);
});

test("exact configurations through a linear proposal have the averages of Metropolis, and come back with the same seed", () => {
  const made = exactSamples(model, { count: 500, seed: 21, thermalise: 40 });
  expect(made.acceptance).toBeGreaterThan(0.7);
  agree(made.samples.map((s) => staggeredMagnetisation(four, s.spins)), order);
  made.samples.slice(0, 5).forEach((s) => expect(Math.abs(s.logWeight - model.logWeight(s.spins))).toBeLessThan(1e-12));
  const again = exactSamples(model, { count: 3, seed: 21, thermalise: 40 });
  again.samples.forEach((s, k) => expect([...s.spins]).toEqual([...made.samples[k]!.spins]));
  expect(() => exactSamples(model, { count: 0, seed: 1 })).toThrow(/count = 0/);
});

test("a block more changes ln W little", () => {
  // wide weights would align all spins, and an aligned block may be silent
  const one = spinTransformer(four, { T: 0.2, shells: 3, reach: 3, layers: 1 }).randomised({ seed: 2, width: 0.05 });
  const two = deepened(one.with(one.theta.map((x) => x + 0.01)), spinTransformer(four, { T: 0.2, shells: 3, reach: 3, layers: 2 }), { seed: 4, width: 0.1 });
  const before = one.with(one.theta.map((x) => x + 0.01)).logWeight(spins);
  expect(two.logWeight(spins)).not.toBe(before);
  expect(Math.abs(two.logWeight(spins) - before)).toBeLessThan(0.02 * Math.abs(before) + 0.02);
});

test("online training changes the effective weight while the chain runs, and replays with the same bits", () => {
  const run = (): { theta: number[]; logWeight: number } => {
    const optimiser = adamW({ rate: 1e-2 });
    const effective = withLinearCouplings(spinTransformer(four, { T: 0.2, shells: 2, reach: 2 }).randomised({ seed: 2, width: 0.05 }), samples);
    const online = trainWhileSampling(spins, { target: model, effective, optimiser, memory: 16, batch: 8, updates: 8, every: 2, seed: 3 });
    let last = online.step();
    for (let k = 0; k < 9; k++) last = online.step();
    expect(last.training.step).toBe(5);
    expect([...last.training.model.theta]).not.toEqual([...effective.theta]);
    expect(Math.abs(last.logWeight - model.logWeight(last.spins))).toBeLessThan(1e-12);
    return { theta: [...last.training.model.theta], logWeight: last.logWeight };
  };
  expect(run()).toEqual(run());
});

test("acceptance estimates", () => {
  expect(acceptanceEstimates(2.29).published).toBeCloseTo(0.22, 2);
  expect(acceptanceEstimates(2.29).gaussian).toBeCloseTo(0.285, 2);
  expect(acceptanceEstimates(0)).toEqual({ published: 1, gaussian: 1 });
});
