/** Online and offline training: the minima of both losses on the benchmark system, resuming with the same bits, early stopping, batches. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Assessment, GeometryError, type LinkField, type Loss, type OfflineResult, type OnlineStep, type Optimiser, type TrainingSample, type TrainingState, adam, assess, covariantNetwork, finishTraining, gaussNewton, lbfgs, losses, schedules, sgd, stout, trainOffline, trainOnline,
} from "gaugegrad";
import { restoreSample, storeSample } from "../../src/training/index.ts";
import { decode, encode } from "../../src/util/index.ts";
import { benchmark, collect, expectClose } from "../models/helpers.ts";

describe("offline on 80 configurations of the target HMC (PHYSICS 2.4.4, SU(2) 4^4, m_h = 0.4)", () => {
  const system = benchmark([4, 4, 4, 4], 11);
  const one = system.guided(stout({ rho: 0 }));
  let samples: readonly TrainingSample<2>[];
  let none: Assessment;
  let L: OfflineResult<2, unknown>;
  let centred: OfflineResult<2, unknown>;
  const fit = (loss: Loss): OfflineResult<2, unknown> => finishTraining(trainOffline<2, unknown>({ action: one as never, loss, optimiser: gaussNewton(), samples, epochs: 15, patience: 1 }))!;
  beforeAll(() => {
    samples = collect(system, 60, 80, 2);
    none = assess(one, samples);
    L = fit(losses.squared());
    centred = fit(losses.centred());
  });

  // widths: four standard errors of 80 configurations, sd(d)/(|dS/drho| sqrt n) with |dS/drho| = 400, and sd(d)/(sd(dS/drho) sqrt n) with 60
  test("one plaquette weight: L has its minimum near rho = -0.029, L_c near -0.0085, E_0 near -8.8", () => {
    expect(Math.abs(none.squared - 68)).toBeLessThan(8);
    expect(Math.abs(L.action.parameters[0]! + 0.0292)).toBeLessThan(0.002);
    expect(L.training.squared).toBeLessThan(2.2);
    expect(Math.abs(centred.action.parameters[0]! + 0.00845)).toBeLessThan(0.007);
    expect(centred.training.centred).toBeLessThan(none.centred);
    expect(centred.training.centred).toBeLessThan(L.training.centred);
    expect(centred.training.squared).toBeGreaterThan(15);
    // the trainable offset has the same minimum, at E_0 = mean
    const trainable = fit(losses.centred({ offset: "trainable" }));
    expectClose(trainable.action.parameters[0]!, centred.action.parameters[0]!, 1e-2);
    expectClose(trainable.training.centred, centred.training.centred, 1e-4);
    expectClose(trainable.own[0]!, trainable.training.mean, 1e-6);
    expect(Math.abs(trainable.own[0]! + 8.84)).toBeLessThan(3);
  });

  test("L-BFGS finds the minimum of Gauss-Newton, and goes on from a stored state with the same bits", () => {
    const options = { action: one as never, loss: losses.squared(), optimiser: lbfgs(), samples: samples.slice(0, 16) };
    const saved: TrainingState[] = [];
    const whole = finishTraining(trainOffline<2, unknown>({ ...options, epochs: 6 }), (e) => void saved.push(decode(encode(e.state())) as TrainingState))!;
    const rest = finishTraining(trainOffline<2, unknown>({ ...options, epochs: 6, state: saved[1]! }))!;
    expect(rest.action.parameters).toEqual(whole.action.parameters);
    const best = finishTraining(trainOffline<2, unknown>({ ...options, optimiser: gaussNewton(), epochs: 10 }))!;
    expectClose(whole.action.parameters[0]!, best.action.parameters[0]!, 1e-4);
  });

  test("what limits the acceptance: minimising L widens the change along a trajectory, minimising L_c or that change itself narrows it", () => {
    const [start, published, variance, direct] = [none, L.training, centred.training, fit(losses.acceptance()).training].map((a) => a.trajectory!);
    expect(published!.sd).toBeGreaterThan(start!.sd);
    expect(variance!.sd).toBeLessThan(start!.sd);
    expect(direct!.sd).toBeLessThan(start!.sd);
    expect(Math.hypot(direct!.mean, direct!.sd)).toBeLessThanOrEqual(Math.hypot(variance!.mean, variance!.sd) * (1 + 1e-9));
    expect(published!.acceptance).toBeLessThan(start!.acceptance);
    expect(variance!.acceptance).toBeGreaterThan(start!.acceptance);
  });

  test("Adam in batches with a schedule reaches the same minimum of L; early stopping keeps the best of the held-out set", () => {
    const optimiser = adam({ rate: schedules.cosine({ initial: 2e-3, steps: 200 }) });
    const seen: number[] = [];
    const r = finishTraining(trainOffline({ action: one, loss: losses.squared(), optimiser, samples, heldOut: 0.25, batch: 15, epochs: 50, patience: 12 }), (e) => void seen.push(e.heldOut!))!;
    expect(Math.abs(r.action.parameters[0]! + 0.0292)).toBeLessThan(0.0025);
    expect(r.epochs).toBe(seen.length);
    expectClose(r.heldOut!.squared, Math.min(...seen), 1e-12);
    expect(r.stoppedEarly).toBe(seen.length - 1 - seen.indexOf(Math.min(...seen)) >= 12);
  });
});

const small = [2, 2, 2, 4];

describe("resuming", () => {
  /** State, links and counter as a checkpoint holds them. */
  interface Saved {
    readonly state: TrainingState;
    readonly links: readonly Float64Array[];
    readonly trajectory: number;
  }

  function run(loss: Loss, trajectories: number, saveAt?: number, from?: Saved, more: { readonly accumulate?: number; readonly average?: number; readonly optimiser?: Optimiser } = {}): { steps: OnlineStep<2, unknown>[]; U: LinkField<2>; saved: Saved | undefined } {
    const system = benchmark(small, 5, 6);
    if (from) {
      system.U.set(from.links);
      system.sampler.trajectory = from.trajectory;
    }
    let saved: Saved | undefined;
    const steps: OnlineStep<2, unknown>[] = [];
    const options = { sampler: system.sampler, target: system.target, U: system.U, action: system.guided(covariantNetwork()), loss, optimiser: adam({ rate: 1e-3, clip: 50 }), trajectories, replay: { capacity: 6, batch: 3, seed: 9 }, ...more };
    finishTraining(trainOnline({ ...options, ...(from ? { state: from.state } : {}) }), (step) => {
      steps.push(step as never);
      if (step.result.trajectory === saveAt) saved = decode(encode({ state: step.state(), links: system.U.fields.map((f) => f.toArray()), trajectory: system.sampler.trajectory })) as Saved;
    });
    return { steps, U: system.U, saved };
  }

  test.each([["centred", losses.centred()], ["centred with a trainable offset", losses.centred({ offset: "trainable" })], ["acceptance", losses.acceptance()], ["force matching", losses.forceMatching()]])("online, %s: the same bits as without a break", (_, loss) => {
    const whole = run(loss, 14, 7);
    expect(whole.saved!.state.counters.rounds).toBe(8);
    const rest = run(loss, 14, undefined, whole.saved);
    const after = whole.steps.filter((s) => (s.result as { trajectory?: number }).trajectory! > 7);
    expect(rest.steps.map((s) => [s.step, s.value, s.squared, s.offset, ...s.action.parameters])).toEqual(after.map((s) => [s.step, s.value, s.squared, s.offset, ...s.action.parameters]));
    expect(after.length).toBeGreaterThan(2);
    rest.U.fields.forEach((f, mu) => expect(f.toArray()).toEqual(whole.U.toArray(mu)));
  });

  test("several batches a step, groups and an average: the same bits as without a break; the average is that of the weights, the frozen ones stay", () => {
    const names = covariantNetwork(); void names;
    const more = { accumulate: 3, average: 0.6, optimiser: adam({ rate: 1e-3, groups: [{ parameters: "network.0", rate: 1e-2 }, { parameters: "network.1.rho", frozen: true }] }) };
    const whole = run(losses.centred(), 14, 6, undefined, more);
    // in the middle of a step
    expect(whole.saved!.state.accumulated!.batches).toBe(1);
    const rest = run(losses.centred(), 14, undefined, whole.saved, more);
    const after = whole.steps.slice(7);
    expect(rest.steps.map((s) => [s.step, s.rate, s.value, s.offset, ...s.action.parameters])).toEqual(after.map((s) => [s.step, s.rate, s.value, s.offset, ...s.action.parameters]));
    expect(whole.steps.map((s) => [s.step, s.rate])).toEqual(Array.from({ length: 14 }, (_, k) => [Math.floor(k / 3), k % 3 === 2 ? 1e-3 : 0]));
    expect(() => run(losses.centred(), 14, undefined, whole.saved, { ...more, average: 0.5 })).toThrow(/average of decay 0.6, expected one of decay 0.5/);
    expect(() => run(losses.centred(), 14, undefined, whole.saved, { ...more, accumulate: 1 })).toThrow(/1 batches for the next step, expected fewer than accumulate = 1/);
    expect(() => run(losses.centred(), 2, undefined, undefined, { accumulate: 2, optimiser: gaussNewton() })).toThrow(/accumulate = 2 with gaussNewton/);
    expect(() => run(losses.centred(), 2, undefined, undefined, { optimiser: lbfgs() })).toThrow(/optimiser lbfgs, expected adam, adamW, sgd or gaussNewton/);
  });

  test("the gradient of several batches is that of all their samples; averages weigh the weights of the steps", () => {
    const system = benchmark(small, 5, 6);
    const samples = collect(system, 5, 12, 1);
    const options = { action: system.guided(covariantNetwork()), loss: losses.squared(), optimiser: sgd({ rate: 1e-6 }), samples, seed: 3 };
    const raw: Float64Array[] = [];
    const averages: Float64Array[] = [];
    finishTraining(trainOffline({ ...options, epochs: 3, batch: 4, accumulate: 3, average: 0.7 }), (e) => void (raw.push(e.state().parameters), averages.push(e.action.parameters)));
    const whole: Float64Array[] = [];
    finishTraining(trainOffline({ ...options, epochs: 3 }), (e) => void whole.push(e.action.parameters));
    whole.forEach((theta, e) => theta.forEach((x, k) => expectClose(raw[e]![k]!, x, 1e-10)));
    expect(whole).toHaveLength(3);
    averages.forEach((a, k) => a.forEach((x, i) => {
      const weights = raw.slice(0, k + 1).map((_, j) => 0.7 ** (k - j));
      expectClose(x, raw.slice(0, k + 1).reduce((s, r, j) => s + weights[j]! * r[i]!, 0) / weights.reduce((s, w) => s + w, 0), 1e-12);
    }));
    expect(() => finishTraining(trainOffline({ ...options, epochs: 1, batch: 4, optimiser: lbfgs() }))).toThrow(/batches of 4 of 12 samples with lbfgs/);
  });

  test("offline: batches, best epoch and optimiser go on with the same bits", () => {
    const system = benchmark(small, 5, 6);
    const samples = collect(system, 5, 12, 1);
    const options = { action: system.guided(covariantNetwork()), loss: losses.centred(), optimiser: sgd({ rate: 1e-6, momentum: 0.9 }), samples, heldOut: 0.25, batch: 4, seed: 3 };
    let saved: TrainingState | undefined;
    const whole = finishTraining(trainOffline({ ...options, epochs: 9 }), (e) => void (e.epoch === 3 && (saved = decode(encode(e.state())) as TrainingState)))!;
    const rest = finishTraining(trainOffline({ ...options, epochs: 9, state: saved! }))!;
    expect(rest.action.parameters).toEqual(whole.action.parameters);
    expect(rest.heldOut).toEqual(whole.heldOut);
    expect([...whole.action.parameters]).not.toEqual([0, 0, 0, 0, 0, 0]);
    expect(() => finishTraining(trainOffline({ ...options, epochs: 9, state: saved!, optimiser: adam() }))).toThrow(/got a state of the optimiser sgd, expected adam/);
    expect(() => finishTraining(trainOffline({ ...options, epochs: 9, state: saved!, action: system.guided(stout({ rho: 0 })) }))).toThrow(/got the state of the parameters network.0.rho.plaq/);
  });
});

describe("online", () => {
  test("one step of plain SGD is (S_theta - S) dS_theta/dtheta on the final configuration with that trajectory's phi", () => {
    const system = benchmark(small, 8, 6);
    const action = system.guided(covariantNetwork());
    const steps = trainOnline({ sampler: system.sampler, target: system.target, U: system.U, action, loss: losses.squared(), optimiser: sgd({ rate: 1e-6 }), trajectories: 2 });
    const first = steps.next().value as OnlineStep<2>;
    // U and phi are those of the trajectory that has just ended
    const d = action.value(system.U) - system.target.value(system.U);
    const { gradient } = action.valueAndGradient(system.U);
    expectClose(first.value, (d * d) / 2, 1e-9);
    first.action.parameters.forEach((x, k) => expectClose(x, -1e-6 * d * gradient[k]!, 1e-9));
    expect(first).not.toHaveProperty("centred");
    const second = steps.next().value as OnlineStep<2>;
    expectClose(second.centred!, (first.action.value(system.U) - system.target.value(system.U) - first.offset) ** 2 / 2, 1e-6);
    expect(steps.next().done).toBe(true);
  });

  test("the published loss falls from several tens to order one", () => {
    const system = benchmark(small, 3, 6);
    for (let t = 0; t < 20; t++) system.sampler.step(system.U);
    const squared: number[] = [];
    finishTraining(trainOnline({ sampler: system.sampler, target: system.target, U: system.U, action: system.guided(stout({ rho: 0 })), loss: losses.squared(), optimiser: adam({ rate: 2e-3 }), trajectories: 80 }), (s) => void squared.push(s.squared));
    const mean = (x: number[]): number => x.reduce((s, v) => s + v / x.length, 0);
    expect(mean(squared.slice(-30))).toBeLessThan(mean(squared.slice(0, 3)) / 5);
  });

  test("a rejected trajectory gives no step of the acceptance loss, but counts", () => {
    const system = benchmark(small, 8, 6);
    let k = 0;
    const sampler = {
      step: (U: LinkField<2>) => {
        system.sampler.step(U);
        return { accepted: k++ % 2 === 1 };
      },
    };
    const states: TrainingState[] = [];
    finishTraining(trainOnline({ sampler, target: system.target, U: system.U, action: system.guided(stout({ rho: 0 })), loss: losses.acceptance(), optimiser: adam(), trajectories: 5 }), (s) => void states.push(s.state()));
    expect(states.map((s) => [s.step, s.counters.rounds, s.counters.accepted])).toEqual([[1, 2, 1], [2, 4, 2]]);
  });

  test("least squares on a replay buffer; counts out of range", () => {
    const system = benchmark(small, 8, 6);
    for (let t = 0; t < 20; t++) system.sampler.step(system.U);
    const options = { sampler: system.sampler, target: system.target, U: system.U, action: system.guided(stout({ rho: 0 })), loss: losses.squared(), optimiser: gaussNewton(), trajectories: 12 };
    const squared: number[] = [];
    finishTraining(trainOnline({ ...options, replay: { capacity: 12, batch: 12, seed: 1 } }), (s) => void squared.push(s.squared));
    expect(squared.at(-1)!).toBeLessThan(squared[0]! / 3);
    expect(() => finishTraining(trainOnline({ ...options, replay: { capacity: 2, batch: 3, seed: 1 } }))).toThrow(/batch = 3 of capacity = 2/);
    expect(() => finishTraining(trainOnline({ ...options, trajectories: 0.5 }))).toThrow(/trajectories = 0.5/);
    const samples = collect(system, 0, 3, 1, true);
    const { fields } = samples[0]!;
    expect(fields.length).toBeGreaterThan(0);
    expect(restoreSample(storeSample(samples[0]!), system.U, fields).fields).toHaveLength(fields.length);
    for (const other of [[], [...fields, ...fields]]) expect(() => restoreSample(storeSample(samples[0]!), system.U, other)).toThrow(GeometryError);
    const { action, loss, optimiser } = options;
    const shared = { action, loss, optimiser };
    expect(() => finishTraining(trainOffline({ ...shared, samples, epochs: 1, loss: losses.forceMatching() }))).toThrow(/without residuals/);
    expect(() => finishTraining(trainOffline({ ...shared, samples: [], epochs: 1 }))).toThrow(/none left to train on/);
    expect(() => finishTraining(trainOffline({ ...shared, samples, heldOut: 1, epochs: 1 }))).toThrow(/heldOut = 1/);
    expect(() => finishTraining(trainOffline({ ...shared, samples, epochs: 1, batch: 0 }))).toThrow(/batch = 0/);
  });
});
