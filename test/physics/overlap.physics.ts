/** Overlap fermions at the size of 4^4 and at statistics: figures of sections 2 and 5 of the physics notes on fermions. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LinkField, DirectionalField, closedFormLinks, exactOverlap, lattice, plaquettes, topologicalCharge } from "gaugegrad";
import { type RunDefinition, defineRun, produce, readRun } from "gaugegrad/runs";

const height = 1.6;
const close = (x: ArrayLike<number>, y: readonly number[], relative: number): void => y.forEach((v, k) => expect(Math.abs(x[k]! / v - 1), `${x[k]} and ${v}`).toBeLessThan(relative));
const K2 = (): LinkField => closedFormLinks(lattice([4, 4, 4, 4]), 2, 0.8) as LinkField;

describe.each([
  ["wilson", [-0.385014953815, 0.385628909507, 0.48676980636, -0.487283381897], 6.01847769051, [-162.101097382, -142.409628691], [0.982753899739, 0.487974277249, 0.310483006366, 0.528422352696], 0.237823774232],
  ["shamir", [-0.166474247639, 0.1666111194, -0.2144459053, 0.214707278615], 1.18764554434, [-52.3857258059, -46.5061541388], [0.230284081483, 0.151286223846, 0.106830467054, 0.166023471678], 0.066453237152],
] as const)("SU(2), K(2, 0.8) on 4^4, kernel %s", (kernel, lowest, largest, lnDet, pion, condensate) => {
  test("spectrum, determinants, pion, condensate", () => {
    const D = exactOverlap(K2(), { height, kernel });
    close(D.eigenvalues, lowest, 1e-9);
    expect(Math.abs(D.eigenvalues.at(-1)!)).toBeCloseTo(largest, 9);
    expect(D.signature).toBe(0);
    close([D.logDet(0.1), D.logDet(0.3)], lnDet, 1e-10);
    close(D.pion(0.1), pion, 1e-9);
    expect(D.condensate(0.1)).toBeCloseTo(condensate, 10);
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

test.each([[4, -64.8023533349], [8, -52.8936472329], [16, -52.397935723], [32, -52.3857659477]])("domain walls of extent %i on K(2, 0.8): ln det", (Ls, lnDet) => {
  close([exactOverlap(K2(), { height, kernel: "shamir", Ls }).logDet(0.1)], [lnDet], 1e-10);
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
