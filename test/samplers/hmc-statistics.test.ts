/**
 * HMC and SLHMC against exact results in two dimensions (PHYSICS 3.5) and the quenched table in four (3.8). Every comparison is a
 * z-score with the error of the Gamma method; seeds are fixed.
 */
import { describe, expect, test } from "vitest";
import { type LinkField, add, adj, exp, exponential, mul, number, scale, ta } from "../../src/autograd/index.ts";
import { type Action, action, closedFormLinks, gaugeAction, lattice, staples } from "../../src/gauge/index.ts";
import { layer, real } from "../../src/models/index.ts";
import { type Force, type HmcOptions, type Summary, type Target, hmc, runChain, summarise } from "../../src/samplers/index.ts";
import { PURPOSE, besselI, zScore } from "../../src/util/index.ts";
import { plaquetteOf } from "./helpers.ts";

interface Run {
  extents: number[];
  N: number;
  action: Action;
  trajectories: number;
  steps: number;
  length?: number;
  guide?: Force;
  seed?: number;
  measure?: { [name: string]: (U: LinkField) => number };
}

function simulate({ extents, N, action: S, trajectories, steps, length = 1, guide, seed = 20, measure = {} }: Run): Summary {
  const U = closedFormLinks(lattice(extents), N, 0.5) as LinkField;
  const sampler = hmc({ action: S, ...(guide ? { guide } : {}), integrator: "omelyan", steps, length, seed } as HmcOptions);
  return summarise(runChain({ sampler, U, trajectories, thermalisation: Math.ceil(trajectories / 20), measure: { plaquette: plaquetteOf, ...measure } }));
}

/** Within 4 sigma, and resolved: a chain that hangs has a large error and would agree with anything. */
function expectExact(s: Summary, name: string, exact: number, exactError = 0, resolution = 0.01): void {
  const { mean, error } = s.values[name]!;
  expect(error).toBeGreaterThan(0);
  expect(error / exact, `${name}: relative error`).toBeLessThan(resolution);
  expect(Math.abs(zScore(mean, error, exact, exactError)), `${name}: ${mean} +- ${error}, exact ${exact}`).toBeLessThan(4);
}

/** The volume of phase space is kept: <exp(-dH)> = 1. */
function expectVolumeKept(s: Summary): void {
  const { mean, error } = s.expMinusDH!;
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(0.06);
  expect(Math.abs(zScore(mean, error, 1)), `<exp(-dH)> = ${mean} +- ${error}`).toBeLessThan(4);
}

/** (1/2 pi) sum of the plaquette angles in (-pi, pi]: an integer on the torus. */
function charge(U: LinkField): number {
  const { lattice: geo } = U;
  const angle = [0, 1].map((mu) => {
    const a = U.toArray(mu);
    return Array.from({ length: geo.volume }, (_, n) => Math.atan2(a[2 * n + 1]!, a[2 * n]!));
  });
  let Q = 0;
  for (let n = 0; n < geo.volume; n++) {
    const [x, t] = geo.coordinates(n) as [number, number];
    const p = angle[0]![n]! + angle[1]![geo.site([x + 1, t])]! - angle[0]![geo.site([x, t + 1])]! - angle[1]![n]!;
    Q += p - 2 * Math.PI * Math.round(p / (2 * Math.PI));
  }
  return Q / (2 * Math.PI);
}

const stout = layer({
  name: "stout",
  params: { rho: real(0.1) },
  forward: (U, { rho }) => U.map((mu) => mul(exp(ta(scale(rho, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)),
});

describe("HMC, two dimensions, exact", () => {
  test("U(1) 8x8, beta 2: plaquette, its width, charge", () => {
    const s = simulate({ extents: [8, 8], N: 1, action: gaugeAction.wilson({ beta: 2 }), trajectories: 3000, steps: 5, measure: { Q2: (U) => charge(U) ** 2, variance: (U) => 64 * (plaquetteOf(U) - 0.697774658010838) ** 2 } });
    expectExact(s, "plaquette", 0.697774658010838);
    expectExact(s, "variance", 0.164223198376539, 0, 0.05);
    expectExact(s, "Q2", 1.23929891072326, 0, 0.1);
    expectVolumeKept(s);
    expect(s.acceptance.mean).toBeGreaterThan(0.8);
  });

  test("SU(2) 4x4, beta 2.2", () => {
    const s = simulate({ extents: [4, 4], N: 2, action: gaugeAction.wilson({ beta: 2.2 }), trajectories: 3000, steps: 4 });
    expectExact(s, "plaquette", 0.464480549736122);
    expectVolumeKept(s);
  });

  test("SU(3) 4x4, beta 6", () => {
    const s = simulate({ extents: [4, 4], N: 3, action: gaugeAction.wilson({ beta: 6 }), trajectories: 2000, steps: 5 });
    expectExact(s, "plaquette", 0.422532056631069);
    expectVolumeKept(s);
  });
});

describe("HMC, four dimensions", () => {
  test("SU(2) 4^4, beta 2.3: quenched plaquette", () => {
    const s = simulate({ extents: [4, 4, 4, 4], N: 2, action: gaugeAction.wilson({ beta: 2.3 }), trajectories: 400, steps: 6 });
    expectExact(s, "plaquette", 0.609452, 0.000073);
    expectVolumeKept(s);
  });
});

describe("SLHMC: any guide samples the target, two-dimensional U(1) at beta 2", () => {
  const target = { extents: [8, 8], N: 1, action: gaugeAction.wilson({ beta: 2 }), trajectories: 3000, steps: 8, length: 0.7 };
  const exact = 0.697774658010838;
  const guides: [string, Force, number][] = [
    ["at the wrong beta 1.7", gaugeAction.wilson({ beta: 1.7 }), 0.7],
    ["of smeared links", gaugeAction.wilson({ beta: 2.5 }).after(stout.with({ rho: 0.04 })), 0.7],
  ];
  test("HMC at this step size accepts nearly everything", () => {
    const reference = simulate(target);
    expectExact(reference, "plaquette", exact);
    expect(reference.acceptance.mean).toBeGreaterThan(0.95);
  });
  for (const [name, guide, most] of guides)
    test(`guide ${name}`, () => {
      const s = simulate({ ...target, guide });
      expectExact(s, "plaquette", exact);
      expectVolumeKept(s);
      // the run is long enough to tell the target from the distribution of a guide at beta 1.7
      const { mean, error } = s.values["plaquette"]!;
      expect(zScore(mean, error, besselI(1, 1.7) / besselI(0, 1.7))).toBeGreaterThan(8);
      expect(s.acceptance.mean).toBeLessThan(most);
      expect(s.acceptance.mean).toBeGreaterThan(0.3);
    });

});

describe("auxiliary fields", () => {
  test("a scalar phi drawn afresh each trajectory: integrating it out raises beta from 0.8 to 1", () => {
    // S(U, phi) = b s + (phi^2/2) exp(2 d s), s = sum(1 - cos theta_P): the integral over phi is exp(-(b + d) s)
    const [b, d] = [0.8, 0.2];
    const wilson = gaugeAction.wilson({ beta: 1 });
    const S = action({
      name: "with phi",
      inputs: { half: 0 as number },
      evaluate: (U, { half }) => {
        const s = wilson.evaluate(U, { beta: number(U[0]!.tape, 1) });
        return add(scale(b, s), scale(half, exponential(scale(2 * d, s))));
      },
    });
    let current = S;
    const target: Target = {
      name: S.name,
      value: (U) => current.value(U),
      force: (U, into) => current.force(U, into),
      refresh: (U, trajectory, random) => {
        const xi = random.sequence(PURPOSE.pseudofermion, trajectory).normal();
        current = S.with({ half: (xi * xi * Math.exp(-2 * d * wilson.value(U))) / 2 });
      },
    };
    const s = simulate({ extents: [4, 4], N: 1, action: target, trajectories: 4000, steps: 6 });
    expectExact(s, "plaquette", 0.446393912029989);
    expectVolumeKept(s);
    const { mean, error } = s.values["plaquette"]!;
    expect(zScore(mean, error, besselI(1, b) / besselI(0, b))).toBeGreaterThan(8);
  });
});
