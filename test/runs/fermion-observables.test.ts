/** Mesons, PCAC and residual masses, eigenvalues as observables of runs, against the functions that measure them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type LinkField, domainWallPion, exactOverlap, lowestEigenvalues, mesonCorrelators, wilsonPion, wilsonPropagator } from "gaugegrad";
import { type RunDefinition, builtIn, defineRun, produce, readRun } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";
import { randomStream } from "../../src/util/index.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-measured-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The values of the last measurement, and the links that it was made on. */
async function measured(definition: RunDefinition): Promise<{ readonly values: Readonly<Record<string, number>>; readonly U: LinkField }> {
  const folder = mkdtempSync(join(root, "run-"));
  const run = defineRun(definition);
  for await (const _ of produce({ run, folder })) void _;
  const { metrics, state } = readRun(folder).read();
  const { U } = buildSystem(run, {}, { start: false });
  state!.links.forEach((data, mu) => U.fields[mu]!.set(data));
  return { values: metrics.filter((m) => m.kind === "measurement").at(-1)!.values, U };
}

const close = (x: number | undefined, y: number): void => expect(Math.abs(x! - y), `${x} and ${y}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(y)));
const base: RunDefinition = { group: "U(1)", lattice: { extents: [4, 6] }, start: { kind: "hot" }, action: { beta: 3 }, sampler: { steps: 3, seed: 2, trajectories: 2 }, checks: { every: 0 } };

test("mesons with momenta, PCAC mass: the first Wilson or clover fermions of the run", async () => {
  const fermions = [{ kind: "clover", kappa: 0.2, csw: 0.8, exact: true }];
  const { values, U } = await measured({ ...base, fermions, measurement: { observables: [{ kind: "mesons", channels: ["P", "S"], momenta: [[0], [1]], solver: "bicgstab" }, { kind: "pcac", deflate: 3 }] } });
  const options = { kappa: 0.2, clover: 0.8 };
  const [P, , P1] = mesonCorrelators(U.lattice, 1, wilsonPropagator(U, options), { channels: ["P", "S"], momenta: [[0], [1]] });
  const { PP, AP, pcacMass } = wilsonPion(U, options);
  for (let t = 0; t < 6; t++) {
    close(values[`meson.P(${t})`], P!.re[t]!);
    close(values[`meson.P[1](${t})`], P1!.re[t]!);
    close(values[`meson.P(${t})`], PP[t]!);
    close(values[`AP(${t})`], AP[t]!);
    close(values[`pcac(${t})`], pcacMass[t]!);
  }
  expect(Object.keys(values)).toHaveLength(4 * 6 + 3 * 6);
});

test("a run by BiCGStab, or with low modes kept out of its solves, is the run by conjugate gradients, to the digits of the solves", async () => {
  const chain = (more: object) => measured({ ...base, lattice: { extents: [4, 4] }, fermions: [{ kind: "clover", kappa: 0.15, csw: 1, ...more }], measurement: { observables: ["linkTrace"] }, checks: { every: 1 } });
  const a = await chain({});
  for (const more of [{ solver: "bicgstab" }, { deflate: 5 }]) {
    const b = await chain(more);
    expect(a.values["linkTrace"]).not.toBe(b.values["linkTrace"]);
    expect(Math.abs(a.values["linkTrace"]! - b.values["linkTrace"]!)).toBeLessThan(1e-8);
  }
  // a guide that sees the target's field deflates the target's modes
  const fermions = [{ kind: "staggered", flavours: 2, mass: 0.3, deflate: 4 }];
  const guided = (deflate?: number) => buildSystem(defineRun({ ...base, fermions, guide: { fermions: [{ kind: "staggered", flavours: 2, mass: 0.35, shares: 0, ...(deflate ? { deflate } : {}) }] } }), {});
  const values = [guided(), guided(4)].map(({ U, target, guide }) => {
    target.refresh!(U, 0, randomStream(3));
    return guide!.at().whole.value(U);
  });
  expect(Math.abs(values[0]! / values[1]! - 1)).toBeLessThan(1e-10);
  expect(() => buildSystem(defineRun({ ...base, fermions: [{ kind: "rational", flavours: 1, mass: 0.3, deflate: 2 }] }), {})).toThrow(/got deflate = 2 with the power/);
  expect(() => buildSystem(defineRun({ ...base, fermions: [{ kind: "staggered", flavours: 2, mass: 0.3, solver: "bicgstab" }] }), {})).toThrow(/D\^\+D is hermitian there/);
});

test("residual mass, staggered eigenvalues", async () => {
  const { values, U } = await measured({ ...base, lattice: { extents: [4, 4] }, fermions: [{ kind: "domain-wall", mass: 0.2, Ls: 4, height: 1, exact: true }], measurement: { observables: ["residual-mass", { kind: "eigenvalues", count: 3 }] } });
  const { PP, midpoint } = domainWallPion(U, { mass: 0.2, Ls: 4, height: 1 });
  const sum = (C: Float64Array): number => C.reduce((s, x) => s + x, 0);
  close(values["residualMass"], sum(midpoint) / sum(PP));
  close(values["midpoint(2)"], midpoint[2]!);
  lowestEigenvalues(U, { count: 3 }).forEach((x, k) => close(values[`lambda(${k})`], x));
  const moebius = await measured({ ...base, lattice: { extents: [4, 4] }, fermions: [{ kind: "domain-wall", mass: 0.2, Ls: 4, height: 1.1, b: 1.5, c: 0.5, exact: true }], measurement: { observables: ["residual-mass"] } });
  close(moebius.values["residualMass"], exactOverlap(moebius.U, { height: 1.1, kernel: { b: 1.5, c: 0.5 }, Ls: 4 }).residualMass(0.2, "origin"));
});

test("what they need is asked for, and the questions of init know them", () => {
  const of = (observables: unknown[], more: object = {}): RunDefinition => ({ ...base, ...more, measurement: { observables } }) as RunDefinition;
  expect(() => defineRun(of(["mesons"]))).toThrow(/got mesons without Wilson fermions in the run, expected its kappa/);
  expect(() => defineRun(of([{ kind: "mesons", kappa: 0.1, momenta: [[1, 0]] }]))).toThrow(/momentum \[1, 0\], expected 1 integers/);
  expect(() => defineRun(of(["pcac"], { fermions: [{ kind: "wilson", kappa: 0.1, twist: [0.1, 0] }] }))).toThrow(/expected no twist/);
  expect(() => defineRun(of([{ kind: "pcac", kappa: 0.1, solver: "bicgstab", deflate: 2 }]))).toThrow(/deflation belongs to cg/);
  expect(() => defineRun(of(["residual-mass"]))).toThrow(/without domain walls in the run/);
  expect(() => defineRun(of([{ kind: "residual-mass", mass: 0.1, Ls: 5 }]))).toThrow(/expected an even number/);
  expect(() => defineRun(of(["eigenvalues"], { lattice: { extents: [3, 4] } }))).toThrow(/expected even ones/);
  for (const name of ["mesons", "pcac", "residual-mass", "eigenvalues"]) expect(builtIn.list("observable").map((o) => o.name)).toContain(name);
});
