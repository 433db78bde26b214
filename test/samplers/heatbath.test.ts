/** Heatbath and overrelaxation: local staples against the compiled force, exact plaquettes in two dimensions, the quenched table in four. */
import { describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { type Action, type WeightedLoop, closedFormLinks, gaugeAction, gaugeLoops, lattice } from "../../src/gauge/index.ts";
import { type HeatbathOptions, type Summary, heatbath, hmc, runChain, summarise } from "../../src/samplers/index.ts";
import { LocalAction } from "../../src/samplers/local-action.ts";
import { zScore } from "../../src/util/index.ts";
import { plaquetteOf } from "./helpers.ts";

const links = (extents: number[], N: number): LinkField => closedFormLinks(lattice(extents), N, 0.5) as LinkField;

/** Force of -(beta/N) Re tr(U V): (beta/2N) TA(U V), (beta/N) for U(1). */
function forceOfStaples(U: LinkField, beta: number, loops: readonly WeightedLoop[]): Float64Array[] {
  const { N, lattice: geo } = U;
  const size = 2 * N * N;
  const arrays = U.fields.map((f) => f.toArray());
  const local = new LocalAction(geo, loops);
  const V = new Float64Array(size);
  return arrays.map((u, mu) => {
    const out = new Float64Array(u.length);
    for (let n = 0; n < geo.volume; n++) {
      local.staple(arrays, N, mu, n, V, [new Float64Array(size), new Float64Array(size)]);
      const W = new Float64Array(size);
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++)
          for (let k = 0; k < N; k++) {
            const [p, q] = [n * size + 2 * (i * N + k), 2 * (k * N + j)];
            W[2 * (i * N + j)]! += u[p]! * V[q]! - u[p + 1]! * V[q + 1]!;
            W[2 * (i * N + j) + 1]! += u[p]! * V[q + 1]! + u[p + 1]! * V[q]!;
          }
      let trace = 0;
      for (let i = 0; i < N; i++) trace += W[2 * (i * N + i) + 1]!;
      const c = N === 1 ? beta : beta / (2 * N);
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) {
          const [p, q] = [2 * (i * N + j), 2 * (j * N + i)];
          out[n * size + p] = (c * (W[p]! - W[q]!)) / 2;
          out[n * size + p + 1] = c * ((W[p + 1]! + W[q + 1]!) / 2 - (i === j && N > 1 ? trace / N : 0));
        }
    }
    return out;
  });
}

describe("local staples against the force of the tape", () => {
  const cases: [string, number[], number, Action, readonly WeightedLoop[]][] = [
    ["Wilson, U(1), 4x3", [4, 3], 1, gaugeAction.wilson({ beta: 1.3 }), gaugeLoops(2)],
    ["Wilson, SU(2), 2x3x4", [2, 3, 4], 2, gaugeAction.wilson({ beta: 1.3 }), gaugeLoops(3)],
    ["Wilson, SU(3), 2x3x2x4", [2, 3, 2, 4], 3, gaugeAction.wilson({ beta: 1.3 }), gaugeLoops(4)],
    ["Symanzik, SU(3), 3x4x3x3", [3, 4, 3, 3], 3, gaugeAction.symanzik({ beta: 1.3 }), gaugeLoops(4, -1 / 12)],
    ["DBW2, SU(2), 4x3", [4, 3], 2, gaugeAction.dbw2({ beta: 1.3 }), gaugeLoops(2, -1.4088)],
  ];
  for (const [name, extents, N, S, loops] of cases)
    test(name, () => {
      const U = links(extents, N);
      const F = S.force(U);
      forceOfStaples(U, 1.3, loops).forEach((f, mu) => {
        const g = F.toArray(mu);
        f.forEach((x, i) => expect(Math.abs(x - g[i]!)).toBeLessThan(1e-13));
      });
    });

  test("loops that use a link twice, open paths and unknown steps are refused", () => {
    expect(() => new LocalAction(lattice([2, 4]), gaugeLoops(2, -1 / 12))).toThrow(/uses one link twice/);
    expect(() => new LocalAction(lattice([1, 4]), gaugeLoops(2))).toThrow(/uses one link twice/);
    expect(() => new LocalAction(lattice([4, 4]), [{ path: [1, 2, -1], weight: 1 }])).toThrow(/open path/);
    expect(() => new LocalAction(lattice([4, 4]), [{ path: [1, 3, -1, -3], weight: 1 }])).toThrow(/step 3/);
  });
});

describe("overrelaxation keeps the action", () => {
  for (const [extents, N, S, c1] of [
    [[4, 6], 1, gaugeAction.wilson({ beta: 2 }), 0],
    [[4, 4, 4], 2, gaugeAction.wilson({ beta: 2 }), 0],
    [[4, 4, 4, 4], 3, gaugeAction.wilson({ beta: 6 }), 0],
    [[3, 4], 3, gaugeAction.symanzik({ beta: 6 }), -1 / 12],
    [[4, 4], 4, gaugeAction.wilson({ beta: 8 }), 0],
  ] as [number[], number, Action, number][])
    test(`${extents.join("x")}, N = ${N}, c1 = ${c1.toFixed(3)}`, () => {
      const U = links(extents, N);
      const [before, S0] = [U.clone(), S.value(U)];
      const sampler = heatbath({ beta: 2, c1, seed: 1 });
      for (let k = 0; k < 3; k++) sampler.overrelax(U);
      expect(Math.abs(S.value(U) / S0 - 1)).toBeLessThan(1e-12);
      expect(Math.max(...U.toArray(0).map((x, i) => Math.abs(x - before.toArray(0)[i]!)))).toBeGreaterThan(0.1);
    });
});

describe("determinism", () => {
  const run = (seed: number, steps: number, from = 0): Float64Array => {
    const U = links([4, 4], 3);
    const sampler = heatbath({ beta: 6, overrelaxation: 1, seed });
    for (let k = 0; k < steps; k++) sampler.step(U);
    const resumed = heatbath({ beta: 6, overrelaxation: 1, seed });
    resumed.trajectory = steps;
    for (let k = 0; k < from; k++) resumed.step(U);
    return U.toArray(1);
  };
  test("same seed, same bits, also when resumed; another seed, other numbers", () => {
    expect(run(4, 3)).toEqual(run(4, 3));
    expect(run(4, 2, 1)).toEqual(run(4, 3));
    expect(run(5, 3)).not.toEqual(run(4, 3));
  });
  test("options out of range are refused", () => {
    for (const wrong of [{ beta: Number.NaN }, { overrelaxation: -1 }, { seed: 0.5 }, { c1: 0.1, loops: [] }]) expect(() => heatbath({ beta: 2, seed: 1, ...wrong })).toThrow(/got/);
  });
});

function simulate(extents: number[], N: number, sweeps: number, options: HeatbathOptions): Summary {
  const U = links(extents, N);
  return summarise(runChain({ sampler: heatbath(options), U, trajectories: sweeps, thermalisation: Math.ceil(sweeps / 20), measure: { plaquette: plaquetteOf } }));
}

function expectPlaquette(s: Summary, exact: number, exactError = 0): void {
  const { mean, error } = s.values["plaquette"]!;
  expect(error).toBeGreaterThan(0);
  // a chain that hangs has a large error and would agree with anything
  expect(error / Math.abs(exact)).toBeLessThan(0.01);
  expect(Math.abs(zScore(mean, error, exact, exactError)), `${mean} +- ${error}, exact ${exact}`).toBeLessThan(4);
  expect(s.acceptance.mean).toBe(1);
  expect(s.expMinusDH).toBeUndefined();
}

describe("exact plaquettes in two dimensions", () => {
  // weak and strong coupling, with and without overrelaxation: both branches of every sampler
  for (const [extents, N, beta, overrelaxation, exact] of [
    [[4, 4], 1, 1, 0, 0.446393912029989],
    [[8, 8], 1, 4, 2, 0.863530042512331],
    [[4, 4], 2, 2.2, 0, 0.464480549736122],
    [[8, 8], 2, 8, 1, 0.819249486197285],
    [[4, 4], 3, 6, 0, 0.422532056631069],
    [[4, 4], 3, 10, 2, 0.61822684863513],
  ] as [number[], number, number, number, number][])
    test(`${extents.join("x")}, N = ${N}, beta ${beta}, ${overrelaxation} overrelaxation sweeps`, () => {
      expectPlaquette(simulate(extents, N, 3000, { beta, overrelaxation, seed: 3 }), exact);
    });

  test("negative beta: the mirror image of positive beta for SU(2)", () => {
    expectPlaquette(simulate([4, 4], 2, 3000, { beta: -2.2, seed: 3 }), -0.464480549736122);
  });
});

describe("four dimensions", () => {
  test("SU(2) 4^4, beta 2.3: quenched plaquette", () => {
    expectPlaquette(simulate([4, 4, 4, 4], 2, 300, { beta: 2.3, overrelaxation: 3, seed: 7 }), 0.609452, 0.000073);
  });
  test("SU(3) 2^4, beta 5.7: quenched plaquette", () => {
    expectPlaquette(simulate([2, 2, 2, 2], 3, 1000, { beta: 5.7, overrelaxation: 1, seed: 7 }), 0.59078, 0.00023);
  });
});

describe("heatbath and HMC sample the same distribution", () => {
  test("Symanzik action, SU(2), 4x4 at beta 2", () => {
    const h = simulate([4, 4], 2, 3000, { beta: 2, c1: -1 / 12, seed: 3 }).values["plaquette"]!;
    const sampler = hmc({ action: gaugeAction.symanzik({ beta: 2 }), integrator: "omelyan", steps: 4, length: 1, seed: 9 });
    const { plaquette } = summarise(runChain({ sampler, U: links([4, 4], 2), trajectories: 3000, thermalisation: 100, measure: { plaquette: plaquetteOf } })).values;
    expect(Math.abs(zScore(h.mean, h.error, plaquette!.mean, plaquette!.error))).toBeLessThan(4);
    // the Wilson action at this beta is far away
    expect(zScore(h.mean, h.error, 0.433128003020837)).toBeGreaterThan(8);
  });
});
