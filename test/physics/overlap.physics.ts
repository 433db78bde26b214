/** Overlap fermions at the size of 4^4 and at statistics: figures of sections 2 and 5 of the physics notes on fermions. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LinkField, DirectionalField, closedFormLinks, determinantAction, exactOverlap, heatbath, hot, lattice, overlap, parseGroup, plaquettes, topologicalCharge } from "gaugegrad";
import { type RunDefinition, defineRun, produce, readRun } from "gaugegrad/runs";
import { gammaMethod } from "gaugegrad/util";

const height = 1.6;
const close = (x: ArrayLike<number>, y: readonly number[], relative: number): void => y.forEach((v, k) => expect(Math.abs(x[k]! / v - 1), `${x[k]} and ${v}`).toBeLessThan(relative));
const K2 = (): LinkField => closedFormLinks(lattice([4, 4, 4, 4]), 2, 0.8) as LinkField;

describe.each([
  ["wilson", [-0.385014953815, 0.385628909507, 0.48676980636, -0.487283381897], 6.01847769051, [-162.101097382, -142.409628691], [0.982753899739, 0.487974277249, 0.310483006366, 0.528422352696], 0.237823774232, [0.008389714637, 0.04306291129, 0.04626027094, 0.09597259959]],
  ["shamir", [-0.166474247639, 0.1666111194, -0.2144459053, 0.214707278615], 1.18764554434, [-52.3857258059, -46.5061541388], [0.230284081483, 0.151286223846, 0.106830467054, 0.166023471678], 0.066453237152, [0.03445129053, 0.1649280442, 0.169419552, 0.3172465326]],
] as const)("SU(2), K(2, 0.8) on 4^4, kernel %s", (kernel, lowest, largest, lnDet, pion, condensate, normal) => {
  test("spectrum, determinants, pion, condensate", () => {
    const D = exactOverlap(K2(), { height, kernel });
    close(D.eigenvalues, lowest, 1e-9);
    expect(Math.abs(D.eigenvalues.at(-1)!)).toBeCloseTo(largest, 9);
    expect(D.signature).toBe(0);
    close([D.logDet(0.1), D.logDet(0.3)], lnDet, 1e-10);
    close(D.pion(0.1), pion, 1e-9);
    expect(D.condensate(0.1)).toBeCloseTo(condensate, 10);
    // in pairs of both chiralities; the kernel of SU(2) is a real symmetric matrix in a suitable basis, which adds no degeneracy
    close(D.normalEigenvalues(), normal.flatMap((x) => [x, x]), 1e-8);
    expect(D.ginspargWilson()).toBeLessThan(1e-11);
  });

  test("constant field strength with Q = 2: signature +4, index -2, two zero modes", () => {
    const geo = lattice([4, 4, 4, 4]);
    const w = (2 * Math.PI) / 16;
    const angle = (mu: number, [x, y, z, t]: readonly number[]): number => [x === 3 ? -4 * w * y! : 0, w * x!, z === 3 ? -4 * w * t! : 0, w * z!][mu]!;
    const U = new DirectionalField(geo, 2, "links").set(
      [0, 1, 2, 3].map((mu) => Float64Array.from({ length: 8 * geo.volume }, (_, k) => {
        const a = angle(mu, geo.coordinates(k >> 3));
        return [Math.cos(a), Math.sin(a), 0, 0, 0, 0, Math.cos(a), -Math.sin(a)][k % 8]!;
      })),
    ) as LinkField;
    expect(plaquettes(U).mean).toBeCloseTo(0.974626510837095, 12);
    expect(topologicalCharge(U)).toBeCloseTo(1.89928240710357, 10);
    const D = exactOverlap(U, { height, kernel });
    expect([D.signature, D.index]).toEqual([4, -2]);
    if (kernel === "wilson") expect(D.normalEigenvalues().filter((x) => Math.abs(x) < 1e-10)).toHaveLength(2);
  });
});

describe("domain walls on K(2, 0.8): ln det, pion, residual mass from all sources and from the origin", () => {
  test.each([
    [{ b: 1, c: 0 }, 4, -64.8023533349, [0.233675371589, 0.148601344947, 0.104898824237], 0.09399902238, 0.1060545918],
    [{ b: 1, c: 0 }, 8, -52.8936472329, [0.230495482597, 0.151091635999, 0.106700547861], 0.004035639492, 0.004639415023],
    [{ b: 1, c: 0 }, 16, -52.397935723, [0.230290450605, 0.151283370011, 0.106829499894], 9.33181166e-5, 9.173561579e-5],
    [{ b: 1, c: 0 }, 32, -52.3857659477, [0.230284102093, 0.151286216662, 0.106830467785], 2.924719994e-7, 2.690089848e-7],
    [{ b: 1.5, c: 0.5 }, 8, -52.3989325071, [0.230316947099, 0.151176800848, 0.106691215164], undefined, undefined],
    [{ b: 1, c: 1 }, 8, -177.825565867, [0.984027729305, 0.487846140769, 0.310371116298], undefined, undefined],
  ] as const)("%j, Ls = %i", (kernel, Ls, lnDet, pion, all, origin) => {
    const D = exactOverlap(K2(), { height, kernel, Ls });
    close([D.logDet(0.1)], [lnDet], 1e-10);
    close(D.pion(0.1), pion, 1e-9);
    if (all !== undefined) close([D.residualMass(0.1), D.residualMass(0.1, "origin")], [all, origin], 1e-8);
  });
});

test("U(1) 8 x 8, beta 4: Shamir Ls 8 leads, sign(H_T) decides: acceptance 0.993(2), plaquette 0.8720(4) of reweighting", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-overlap-physics-"));
  try {
    const run = { command: "slhmc", group: "U(1)", lattice: { extents: [8, 8] }, start: { kind: "hot" }, action: { beta: 4 }, fermions: [{ kind: "overlap", mass: 0.1, kernel: "shamir", exact: true }], guide: { fermions: [{ kind: "domain-wall", mass: 0.1, Ls: 8, height: 1, exact: true }] }, sampler: { seed: 11, thermalisation: 60, trajectories: 1500, levels: [{ force: "fermions", steps: 4 }, { force: "gauge", steps: 2 }] }, measurement: { observables: ["charge"] } } as RunDefinition;
    for await (const _ of produce({ run: defineRun(run), folder })) void _;
    const { plaquette, acceptance, expMinusDH } = readRun(folder).summary() as never as Record<string, { mean: number; error: number }>;
    expect(Math.abs(acceptance!.mean - 0.993) / Math.hypot(acceptance!.error, 0.002)).toBeLessThan(4);
    expect(Math.abs(expMinusDH!.mean - 1) / expMinusDH!.error).toBeLessThan(4);
    expect(Math.abs(plaquette!.mean - 0.872) / Math.hypot(plaquette!.error, 0.0004)).toBeLessThan(4);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("four dimensions: domain walls lead, overlap fermions decide; the plaquette is that of reweighting, trajectories run back", () => {
  test.each([
    ["SU(3)", [2, 2, 2, 2], 5.7, "shamir", { b: 1, c: 0 }, 0.9],
    ["SU(3)", [2, 2, 2, 2], 5.7, "wilson", { b: 1, c: 1 }, 0.6],
    ["SU(2)", [2, 2, 2, 4], 2.3, "shamir", { b: 1.5, c: 0.5 }, 0.8],
  ] as const)("%s on %j, beta = %f, kernel %s, %j", async (name, extents, beta, kernel, wall, least) => {
    const folder = mkdtempSync(join(tmpdir(), "gaugegrad-overlap-physics-"));
    try {
      const four = { mass: 0.2, height, flavours: 2, exact: true };
      const run = { command: "slhmc", group: name, lattice: { extents: [...extents] }, start: { kind: "near-unit", width: 0.5 }, action: { beta }, fermions: [{ kind: "overlap", kernel, ...four }], guide: { fermions: [{ kind: "domain-wall", Ls: 12, ...wall, ...four }] }, sampler: { seed: 12, thermalisation: 20, trajectories: 80, acceptAlways: 5, levels: [{ force: "fermions", steps: 4 }, { force: "gauge", steps: 3 }] }, measurement: { observables: [] }, checks: { every: 10 } } as unknown as RunDefinition;
      for await (const _ of produce({ run: defineRun(run), folder })) void _;
      const reader = readRun(folder);
      const { plaquette, acceptance, expMinusDH } = reader.summary() as never as Record<string, { mean: number; error: number }>;
      expect(acceptance!.mean).toBeGreaterThan(least);
      expect(Math.abs(expMinusDH!.mean - 1) / expMinusDH!.error).toBeLessThan(4);
      const back = reader.read().metrics.flatMap((m) => (m.kind === "check" && "reversibility" in m ? [(m as unknown as { reversibility: number }).reversibility] : []));
      expect(back.length).toBeGreaterThan(6);
      for (const x of back) expect(x).toBeLessThan(1e-9);
      // fields without fermions, weighted with the determinant
      const U = hot(lattice(extents), parseGroup(name) as never, { seed: 3 }) as LinkField;
      const S = determinantAction(overlap({ mass: four.mass, kernel, height }), { flavours: 2 });
      const sweeps = heatbath({ beta, overrelaxation: 2, seed: 4 });
      for (let k = 0; k < 50; k++) sweeps.step(U as never);
      const samples = Array.from({ length: 300 }, () => {
        for (let k = 0; k < 3; k++) sweeps.step(U as never);
        return { S: S.value(U), P: plaquettes(U).mean };
      });
      const least0 = Math.min(...samples.map((s) => s.S));
      const w = samples.map((s) => Math.exp(least0 - s.S));
      const total = w.reduce((s, x) => s + x, 0);
      const mean = samples.reduce((s, x, k) => s + (w[k]! * x.P) / total, 0);
      const { error } = gammaMethod(samples.map((x, k) => ((w[k]! * samples.length) / total) * (x.P - mean)));
      console.log(`${name} ${kernel}: acceptance ${acceptance!.mean.toFixed(3)}, plaquette ${plaquette!.mean.toFixed(4)} +- ${plaquette!.error.toFixed(4)}, reweighted ${mean.toFixed(4)} +- ${error.toFixed(4)}`);
      expect(Math.abs(plaquette!.mean - mean) / Math.hypot(plaquette!.error, error)).toBeLessThan(4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
