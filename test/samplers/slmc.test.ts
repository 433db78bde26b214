/** Self-learning Monte Carlo: reversible proposals, exact averages for any coefficients, regression along the chain. */
import { describe, expect, test } from "vitest";
import { type LinkField, SU, U1, effectiveAction, gaugeAction, heatbath, hot, lattice, linearStart, loopAction, plaquettes, regression, runChain, slmc, stout, summarise, takeSample } from "gaugegrad";
import { LinearRegression, losses } from "../../src/training/index.ts";
import { ConfigurationError } from "../../src/errors.ts";

const mean = (values: { readonly [name: string]: { mean: number; error: number } }) => values["plaquette"]!;
const measure = { plaquette: (U: LinkField) => plaquettes(U).mean };

test("overrelaxation there and back in the reversed order is the identity, in the same order it is not", () => {
  const U = hot(lattice([4, 4, 2]), SU(3), { seed: 2 }) as LinkField;
  const start = U.toArray(0);
  const distance = (V: LinkField): number => Math.max(...V.toArray(0).map((x, k) => Math.abs(x - start[k]!)));
  const there = heatbath({ beta: 5, seed: 1 });
  const V = U.clone();
  there.overrelax(V);
  there.overrelax(V);
  expect(distance(V)).toBeGreaterThan(0.1);
  // SU(2): a reflection is its own inverse
  const W = hot(lattice([4, 4, 2]), SU(2), { seed: 2 }) as LinkField;
  const before = W.toArray(1);
  const palindrome = heatbath({ beta: 0, loops: [{ path: [1, 2, -1, -2], weight: 1 }], overrelaxation: 1, reversible: 1, seed: 1 });
  expect(palindrome.step(W).accepted).toBe(true);
  expect(Math.max(...W.toArray(1).map((x, k) => Math.abs(x - before[k]!)))).toBeGreaterThan(0.1);
});

describe("exact averages, U(1) in two dimensions at beta = 2", () => {
  const geo = lattice([8, 8]);
  test.each([
    ["S_eff = S", 2, 0.9999],
    ["another coupling", 2.2, 0.3],
    ["far away", 1.7, 0.05],
  ])("%s", (_name, beta, least) => {
    const sampler = slmc({ action: gaugeAction.wilson({ beta: 2 }) as never, effective: gaugeAction.wilson({ beta }), overrelaxation: 1, seed: 5, acceptAlways: 20 });
    const s = summarise(runChain({ sampler, U: hot(geo, U1, { seed: 1 }) as LinkField, trajectories: 2500, thermalisation: 100, measure: measure as never }));
    expect(s.acceptance.mean).toBeGreaterThan(least);
    expect(Math.abs(mean(s.values).mean - 0.697774658010838)).toBeLessThan(4 * mean(s.values).error);
    expect(Math.abs(s.expMinusDH!.mean - 1)).toBeLessThan(4 * s.expMinusDH!.error + 1e-12);
  });

  test("the same seed gives the same bits", () => {
    const chain = (): number[] => {
      const U = hot(geo, U1, { seed: 1 }) as LinkField;
      runChain({ sampler: slmc({ action: gaugeAction.wilson({ beta: 2 }) as never, effective: gaugeAction.wilson({ beta: 2.1 }), seed: 5 }), U, trajectories: 5 });
      return [...U.toArray(0)];
    };
    expect(chain()).toEqual(chain());
  });
});

describe("regression", () => {
  const geo = lattice([4, 4, 4]);
  const hidden = loopAction<2>({ beta: 1, loops: [{ name: "plaquette", weight: 2.1 }, { name: "rectangle", weight: 0.13 }, { name: "polyakov-space", weight: -0.02 }, { name: "polyakov-t", weight: 0.03 }] });
  const guess = loopAction<2>({ beta: 1, loops: [{ name: "plaquette", weight: 1 }, { name: "rectangle", weight: 0 }, { name: "polyakov-space", weight: 0 }, { name: "polyakov-t", weight: 0 }] });
  const zero = loopAction<2>({ beta: 0, loops: [{ name: "plaquette", weight: 0 }] });
  const action = effectiveAction({ gauge: guess, fermions: zero, network: stout({ rho: 0.1 }) as never, trainable: ["gauge.weights"] });
  const samples = Array.from({ length: 12 }, (_, seed) => takeSample(hot(geo, SU(2), { seed }) as LinkField<2>, hidden, []));
  const expected = [2.1, 0.13, -0.02, 0.03];

  test("finds the loops that made the action, in one step", () => {
    linearStart(action, samples).parameters.forEach((x, k) => expect(x).toBeCloseTo(expected[k]!, 9));
  });

  test("as an optimiser, one configuration after the other; its state is plain data", () => {
    const optimiser = regression();
    let state = optimiser.start(4);
    let theta: Float64Array = action.parameters;
    samples.forEach((s, k) => {
      const of = (x: Float64Array) => losses.squared().evaluate(action.with(x), [s], [], { value: 0, slope: new Float64Array(4), seen: 0 });
      // a resumed state is a copy
      const copy = { ...state, vectors: Object.fromEntries(Object.entries(state.vectors).map(([key, v]) => [key, v.slice()])) };
      const step = optimiser.step(theta, { gradient: (x) => of(x).gradient, residuals: (x) => of(x).residuals! }, copy);
      expect(step.rate).toBe(k < 5 ? 0 : 1);
      [theta, state] = [step.parameters, step.state];
    });
    theta.forEach((x, k) => expect(x).toBeCloseTo(expected[k]!, 8));
  });

  test("features that do not differ take a ridge, too few configurations are an error", () => {
    const r = new LinearRegression(2);
    expect(() => r.fit()).toThrow(ConfigurationError);
    for (const x of [1, 2, 3, 5, 8]) r.add([x, 2 * x], 3 * x + 7);
    const { parameters, offset, sd } = r.fit();
    expect(parameters[0]! + 2 * parameters[1]!).toBeCloseTo(3, 5);
    expect(offset).toBeCloseTo(-7, 4);
    expect(sd).toBeLessThan(1e-3);
  });
});

test("what cannot propose is refused", () => {
  const target = gaugeAction.wilson({ beta: 2 }) as never;
  expect(() => slmc({ action: target, effective: gaugeAction.wilson({ beta: 2 }).after(stout({ rho: 0.1 }) as never) as never, seed: 1 })).toThrow(/sum of loops/);
  expect(() => heatbath({ beta: 1, reversible: 0, seed: 1 })).toThrow(ConfigurationError);
});
