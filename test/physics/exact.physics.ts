/**
 * Determinants instead of pseudofermions at statistics: acceptances, noise of ratio fields, self-learning Monte Carlo, and what guides leave of the overlap
 * determinant. The figures are those of sections 2.1, 4.2, 4.3, 5 and 6 of the physics notes on fermions (an independent program).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type GaugeAction, type LinkField, SU, U1, determinantAction, domainWall, exactOverlap, gaugeAction, geometricCharge, heatbath, hmc, hot, lattice, loopAction, nearUnit, overlap, plaquettes, rootPseudofermions, staggered, wilson,
} from "gaugegrad";
import { type RunDefinition, defineRun, produce, readRun } from "gaugegrad/runs";
import { randomStream, zScore } from "gaugegrad/util";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-exact-physics-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

async function summary(run: object): Promise<Record<string, { readonly mean: number; readonly error: number }>> {
  const folder = join(root, String(folders++));
  for await (const _ of produce({ run: defineRun(run as RunDefinition), folder })) void _;
  return readRun(folder).summary() as never;
}

const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
/** What was found beside what was stated. */
const told = (found: Record<string, { readonly mean: number; readonly error: number }>): void => console.log(["acceptance", "plaquette", "expMinusDH"].flatMap((name) => (found[name] ? [`${name} ${found[name].mean.toFixed(5)} +- ${found[name].error.toFixed(5)}`] : [])).join(", "));
const errorOf = (x: readonly number[]): number => Math.sqrt(mean(x.map((v) => (v - mean(x)) ** 2)) / (x.length - 1));

describe("SU(2), 4^4, beta 2.7, m = 0.3, four flavours by their determinant", () => {
  const exact = (mass: number) => ({ kind: "staggered", flavours: 4, mass, exact: true });
  const loops = (weight: number) => ({ action: { kind: "loops", beta: 1, loops: [{ name: "plaquette", weight }] } });
  const base = { command: "slhmc", group: "SU(2)", lattice: { extents: [4, 4, 4, 4] }, start: { kind: "near-unit", width: 0.5 }, action: { beta: 2.7 }, fermions: [exact(0.3)], measurement: { observables: [] }, checks: { every: 0 } };
  const levels = [{ force: "fermions", integrator: "omelyan", steps: 4 }, { force: "gauge", integrator: "omelyan", steps: 2 }];
  const nested = (seed: number) => ({ seed, thermalisation: 60, trajectories: 500, levels });

  test.each([
    ["the guide m_h = 0.4", { fermions: [exact(0.4)] }, nested(1), 0.899, 0.005],
    ["m_h = 0.4 with beta + 0.0128", { fermions: [exact(0.4)], ...loops(2.7128) }, nested(2), 0.953, 0.003],
    ["links alone, beta + 0.110", { fermions: [], ...loops(2.81) }, { seed: 3, thermalisation: 60, trajectories: 1500, steps: 8 }, 0.643, 0.009],
  ])("%s: acceptance, plaquette 0.7024(2), <exp(-dH)> = 1", async (_name, guide, sampler, acceptance, error) => {
    const found = await summary({ ...base, guide, sampler });
    told(found);
    expect(Math.abs(zScore(found["acceptance"]!.mean, found["acceptance"]!.error, acceptance, error))).toBeLessThan(4);
    expect(Math.abs(zScore(found["plaquette"]!.mean, found["plaquette"]!.error, 0.7024, 0.0002))).toBeLessThan(4);
    expect(Math.abs(zScore(found["expMinusDH"]!.mean, found["expMinusDH"]!.error, 1, 0))).toBeLessThan(4);
  });

  test.each([
    [["plaquette", "rectangle", "chair", "polyakov-space", "polyakov-t"], 0.83],
    [["plaquette", "polyakov-space", "polyakov-t"], 0.79],
  ])("self-learning Monte Carlo with %j: acceptance %f(2)", async (names, acceptance) => {
    const guide = { fermions: [], action: { kind: "loops", beta: 1, loops: names.map((name) => ({ name, weight: name === "plaquette" ? 2.8 : 0 })) }, trainable: ["gauge.weights"] };
    const found = await summary({ ...base, guide, sampler: { kind: "slmc", seed: 4, thermalisation: 50, trajectories: 1500 }, training: { objective: "squared", optimiser: "regression", trajectories: 600 } });
    told(found);
    expect(Math.abs(zScore(found["acceptance"]!.mean, found["acceptance"]!.error, acceptance, 0.02))).toBeLessThan(3);
    expect(Math.abs(zScore(found["plaquette"]!.mean, found["plaquette"]!.error, 0.7024, 0.0002))).toBeLessThan(4);
  });

  test("noise of k fields of the ratio A(0.3)/A(0.4) between successive configurations: Tr K, sd", () => {
    const geo = lattice([4, 4, 4, 4]);
    const group = SU(2 as number);
    const [light, heavy] = [staggered({ mass: 0.3 }), staggered({ mass: 0.4 })];
    const U = nearUnit(geo, group, { seed: 1, width: 0.5 }) as LinkField;
    const target = gaugeAction.wilson({ beta: 2.7 }).plus(determinantAction(light, { flavours: 4 }) as never);
    const chain = hmc<number>({ action: target as never, integrator: "omelyan", steps: 6, length: 1, seed: 5 });
    for (let k = 0; k < 60; k++) chain.step(U);
    const fields = [1, 2, 4].map((roots) => rootPseudofermions(light, { lattice: geo, group, flavours: 4, numerator: heavy, roots }));
    const [trace, square]: number[][][] = [[[], [], []], [[], [], []]];
    for (let pair = 0; pair < 40; pair++) {
      const before = U.clone();
      chain.step(U);
      fields.forEach((f, k) => {
        const draws = Array.from({ length: 12 }, (_, t) => {
          f.refresh(before, 100 * pair + t, randomStream(6));
          return f.value(U) - f.value(before);
        });
        trace![k]!.push(mean(draws));
        square![k]!.push((mean(draws.map((x) => x * x)) - mean(draws) ** 2) * (12 / 11));
      });
    }
    // the table is of 40 pairs too
    [[0.338, 0.81], [0.174, 0.57], [0.093, 0.4]].forEach(([Tr, sd], k) => {
      console.log(`Tr K ${mean(trace![k]!).toFixed(3)} +- ${errorOf(trace![k]!).toFixed(3)} (${Tr}), variance ${mean(square![k]!).toFixed(3)} +- ${errorOf(square![k]!).toFixed(3)} (${(sd! ** 2).toFixed(3)})`);
      expect(Math.abs(mean(trace![k]!) - Tr!) / (Math.SQRT2 * errorOf(trace![k]!))).toBeLessThan(4);
      expect(Math.abs(mean(square![k]!) - sd! ** 2) / (Math.SQRT2 * errorOf(square![k]!))).toBeLessThan(4);
      // resolved
      expect(errorOf(square![k]!) / sd! ** 2).toBeLessThan(0.15);
    });
  });
});

describe("U(1), 8 x 8, without fermions", () => {
  const geo = lattice([8, 8]);
  function* quenched(beta: number, count: number, seed: number): Generator<LinkField> {
    const U = hot(geo, U1, { seed }) as LinkField;
    const sweeps = heatbath({ beta, overrelaxation: 3, seed });
    for (let k = 0; k < 100; k++) sweeps.step(U as never);
    for (let n = 0; n < count; n++) {
      for (let k = 0; k < 10; k++) sweeps.step(U as never);
      yield U;
    }
  }

  test.each([
    [2, 300, 0.932],
    [4, 300, 0.999],
    [8, 100, 1],
  ])("index = -Q: beta = %f, a fraction of %f of the fields", (beta, count, fraction) => {
    const same = Array.from(quenched(beta, count, 7), (U) => Number(exactOverlap(U).index === -Math.round(geometricCharge(U))));
    console.log(`beta ${beta}: index = -Q on ${mean(same).toFixed(3)} of ${count} fields (${fraction})`);
    expect(Math.abs(mean(same) - fraction)).toBeLessThan(4 * Math.sqrt((fraction * (1 - fraction)) / count) + 1.5 / count);
  });

  describe("sd of S - S_theta with two flavours, reweighted to the overlap determinant, beta = 4, m = 0.1", () => {
    const two = { flavours: 2 };
    const dets: { readonly [name: string]: GaugeAction<number, never> } = Object.fromEntries(
      Object.entries({
        T: overlap({ mass: 0.1, kernel: "shamir" }), W: overlap({ mass: 0.1 }), "Shamir 4": domainWall({ mass: 0.1, Ls: 4 }), "Shamir 8": domainWall({ mass: 0.1, Ls: 8 }), "Shamir 16": domainWall({ mass: 0.1, Ls: 16 }),
        "Moebius 8": domainWall({ mass: 0.1, Ls: 8, b: 1.5, c: 0.5 }), "b = c, 4": domainWall({ mass: 0.1, Ls: 4, b: 1, c: 1 }), "b = c, 8": domainWall({ mass: 0.1, Ls: 8, b: 1, c: 1 }),
        "Wilson 0.25": wilson({ kappa: 0.25 }), "Wilson 0.24": wilson({ kappa: 0.24 }), "staggered 0.1": staggered({ mass: 0.1 }), "staggered 0.2": staggered({ mass: 0.2 }),
      }).map(([name, D]) => [name, determinantAction(D as never, two) as never]),
    );
    const samples: { readonly [name: string]: number }[] = [];
    // rare fields with small eigenvalues of H_T make these spreads: three of a thousand carry half of the variance, so that they are asked for on more of them
    const TAILS = ["T", "Shamir 16", "Moebius 8"];
    beforeAll(() => {
      const rectangle = loopAction({ beta: 1, loops: [{ name: "rectangle", weight: 1 }] });
      let field = 0;
      for (const U of quenched(4, 3000, 9)) {
        const all = field++ % 5 === 0;
        const values = Object.entries(dets).flatMap(([name, S]) => (all || TAILS.includes(name) ? [[name, S.value(U)] as const] : []));
        samples.push({ none: 0, plaquette: plaquettes(U).mean, rectangle: rectangle.value(U as never), ...Object.fromEntries(values) });
      }
    });

    /** Weighted standard deviation after a fit of a constant and of the plaquette too. */
    const left = (target: string, guide: string, keep: (k: number) => boolean): [number, number] => {
      const own = samples.filter((s) => s[target] !== undefined && s[guide] !== undefined).filter((_, k) => keep(k));
      const least = Math.min(...own.map((s) => s[target]!));
      const w = own.map((s) => Math.exp(least - s[target]!));
      const total = w.reduce((s, x) => s + x, 0);
      const average = (f: (s: (typeof own)[number]) => number): number => own.reduce((s, x, k) => s + (w[k]! / total) * f(x), 0);
      const y = (s: (typeof own)[number]): number => s[target]! - s[guide]!;
      const [Y, P] = [average(y), average((s) => s["plaquette"]!)];
      const [yy, yp, pp] = [average((s) => (y(s) - Y) ** 2), average((s) => (y(s) - Y) * (s["plaquette"]! - P)), average((s) => (s["plaquette"]! - P) ** 2)];
      return [Math.sqrt(yy), Math.sqrt(yy - yp ** 2 / pp)];
    };

    test.each([
      ["T", "Shamir 4", 0.124, 0.062], ["T", "Shamir 8", 0.04, 0.035], ["T", "Shamir 16", 0.021, undefined], ["T", "Moebius 8", 0.021, undefined],
      ["T", "staggered 0.1", 0.221, 0.196], ["T", "Wilson 0.25", 0.244, 0.242], ["T", "none", 0.889, 0.851],
      ["W", "b = c, 4", 0.035, undefined], ["W", "b = c, 8", 0.02, undefined], ["W", "Shamir 4", 0.531, 0.419], ["W", "Shamir 8", 0.513, 0.452], ["W", "Shamir 16", 0.504, undefined],
      ["W", "Wilson 0.24", 0.254, 0.213], ["W", "staggered 0.2", 0.293, 0.176], ["W", "none", 0.57, 0.565],
    ] as const)("target sign(H_%s), guide %s", (target, guide, constant, plaquette) => {
      const all = left(target, guide, () => true);
      const parts = Array.from({ length: 16 }, (_, b) => left(target, guide, (k) => k % 16 !== b));
      [constant, plaquette].forEach((expected, i) => {
        if (expected === undefined) return;
        const centre = mean(parts.map((p) => p[i]!));
        const error = Math.sqrt(15 * mean(parts.map((p) => (p[i]! - centre) ** 2)));
        console.log(`sign(H_${target}), ${guide}: sd ${all[i]!.toFixed(4)} +- ${error.toFixed(4)} (${expected})`);
        // the table has 1000 fields
        expect(Math.abs(all[i]! - expected), `${all[i]} +- ${error}, expected ${expected}`).toBeLessThan(4 * Math.hypot(error, error * 0.9, 5e-4));
      });
    });
  });
});
