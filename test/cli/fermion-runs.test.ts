/** Every kind of fermions from its starter file: a run with its summary, <exp(-dH)> = 1, dH ~ step^2; settings of fields; heatbath. */
import { afterAll, describe, expect, test } from "vitest";
import type { Field } from "gaugegrad";
import { type RunConfiguration, builtIn, parseRun, resolveRun, starters } from "../../src/runs/index.ts";
import { levelsOf } from "../../src/runs/parts/samplers/levels.ts";
import { buildSystem } from "../../src/runs/system/system.ts";
import { hmc } from "../../src/samplers/index.ts";
import { gammaMethod } from "../../src/util/index.ts";
import { cli } from "./helpers.ts";
import { Scratch } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** Overlap fermions are led by others: test/runs/overlap.test.ts. */
const kinds = builtIn.list("fermion").map((p) => p.name).filter((name) => name !== "overlap");
const starterOf = (kind: string): string => starters.find((s) => s.command === "hmc" && parseRun(s.text, s.name).fermions[0]?.kind === kind)!.text;
const systemOf = (text: string) => {
  const configuration = parseRun(text, "test");
  return { configuration, system: buildSystem(resolveRun("hmc", { configuration, registry: builtIn, base: "." } as never), {}) };
};
/** On a lattice that takes moments; forces as exact as energies, so that dH is the integrator's. */
const small = (kind: string): string => starterOf(kind).replace("[4, 4, 4, 4]", "[2, 2, 2, 4]").replace(/^forceTolerance.*\n/m, "");

test("every kind has a starter, and init prints it", async () => {
  expect(kinds).toEqual(["clover", "domain-wall", "hisq", "rational", "staggered", "wilson"]);
  for (const kind of kinds) expect(starterOf(kind)).toContain(`kind = "${kind}"`);
  expect((await cli(["init", "domain-wall"])).stdout).toMatch(/^# SU\(2\) with domain wall fermions.*\n[^]*height = 1\.4 +# M5/);
});

describe.each(kinds)("%s", (kind) => {
  test("halving the steps of a second-order integrator divides dH by 4; <exp(-dH)> = 1", () => {
    const { configuration, system } = systemOf(small(kind));
    const { U, target } = system;
    const levels = levelsOf(configuration.sampler, system);
    // trajectories with coarse steps thermalise and give <exp(-dH)>
    const coarse = hmc({ action: target, levels: levels.map((l) => ({ ...l, steps: 2 })), length: 1, seed: 1 });
    for (let t = 0; t < 10; t++) coarse.step(U);
    const values = Array.from({ length: 40 }, () => coarse.step(U).expMinusDH);
    const { mean, error } = gammaMethod(values);
    expect(Math.abs(mean - 1) / error).toBeLessThan(4);
    expect(error).toBeLessThan(0.15);
    // the same momenta, fields and start with steps of two sizes
    const start = U.clone();
    const dH = (refinement: number): number =>
      Math.sqrt(
        [0, 1, 2].reduce((s, trajectory) => {
          U.copyFrom(start);
          const sampler = hmc({ action: target, levels: levels.map((l, k) => (k === 0 ? { ...l, steps: 4 * refinement } : { ...l, steps: 2 })), length: 1, seed: 2 });
          sampler.trajectory = trajectory;
          return s + sampler.step(U).dH ** 2;
        }, 0),
      );
    const ratio = dH(2) / dH(4);
    expect(ratio).toBeGreaterThan(3.3);
    expect(ratio).toBeLessThan(4.8);
  });

  test("the run writes <exp(-dH)> with its error into summary and JSON", async () => {
    const text = small(kind).replace(/^thermalisation = .*$/m, "thermalisation = 2").replace(/^trajectories = .*$/m, "trajectories = 24").replace(/^observables = .*$/m, 'observables = ["polyakov"]');
    const r = await cli(["hmc", scratch.file(`${kind}.toml`, text), "--dir", scratch.path(), "--json", "--quiet"]);
    expect([r.code, r.stderr]).toEqual([0, ""]);
    const { estimates } = JSON.parse(r.stdout) as { estimates: Record<string, { mean: number; error: number }> };
    expect(Math.abs(estimates["exp(-dH)"]!.mean - 1)).toBeLessThan(0.5);
    expect(estimates["exp(-dH)"]!.error).toBeGreaterThan(0);
  });
});

const base = `group = "SU(2)"\n[lattice]\nextents = [4, 4]\n[start]\nkind = "near-unit"\n[action]\nbeta = 2.0\n[sampler]\nsteps = 3\ntrajectories = 2\n[checks]\nevery = 0\n`;
test("settings of fields reach the operators: twist, csw, epsilon, Moebius parameters, tolerances, numerators, sites", () => {
  const action = (fermions: string): { value: number; names: string[]; c: RunConfiguration } => {
    const { system, configuration } = systemOf(`${base}${fermions}`);
    const f = system.fermions[0]!;
    const { phi } = f as unknown as { phi: Field };
    phi.set(new Float64Array(phi.length).map((_, k) => Math.sin(1 + k)));
    return { value: f.value(system.U), names: system.fermions.map((x) => x.name), c: configuration };
  };
  const pairs: [string, string][] = [
    ['[fermions]\nkind = "staggered"\nflavours = 2\nmass = 0.3\n', "twist = [0.3, 0.0]\n"],
    ['[fermions]\nkind = "staggered"\nflavours = 4\nmass = 0.1\n', "over = 0.4\n"],
    ['[fermions]\nkind = "hisq"\nflavours = 2\nmass = 0.3\n', "epsilon = -0.1\n"],
    ['[fermions]\nkind = "wilson"\nkappa = 0.2\n', "twist = [0.0, 0.5]\n"],
    ['[fermions]\nkind = "wilson"\nkappa = 0.2\n', "over = 0.15\n"],
    ['[fermions]\nkind = "clover"\nkappa = 0.2\n', "csw = 1.7\n"],
    ['[fermions]\nkind = "domain-wall"\nmass = 0.2\nheight = 1.0\nLs = 4\n', "b = 1.5\nc = 0.5\n"],
    ['[fermions]\nkind = "wilson"\nkappa = 0.15\nflavours = 1\ninterval = [0.05, 8.0]\n', "boundary = [1, 1]\n"],
  ];
  for (const [plain, extra] of pairs) expect(Math.abs(action(plain + extra).value / action(plain).value - 1)).toBeGreaterThan(1e-4);
  expect(action('[[fermions]]\nkind = "wilson"\nkappa = 0.2\nover = 0.1\n[[fermions]]\nkind = "wilson"\nkappa = 0.1\n').names).toEqual(["Wilson Nf=2 kappa=0.2", "Wilson Nf=2 kappa=0.1"]);
});

test.each([
  ['[fermions]\nkind = "wilson"\nkappa = 0.2\nflavours = 1\n', /fermions\[0\]\.interval: got nothing for one flavour/],
  ['[fermions]\nkind = "staggered"\nflavours = 3\nmass = 0.3\n', /fermions\[0\]\.flavours: got 3, expected 2 or 4: kind "rational"/],
  ['[fermions]\nkind = "wilson"\nkappa = 0.2\ntwist = [0.1]\n', /fermions\[0\]\.twist: got 1 angles, expected 2/],
  ['[fermions]\nkind = "hisq"\nflavours = 1\nmass = 0.3\n', /fermions\[0\]\.interval: got nothing for 1 flavours/],
  ['[fermions]\nkind = "domain-wall"\nmass = 1.5\n', /fermions\.mass: got 1\.5/],
])("%j is refused with the key and what it should be", async (fermions, message) => {
  const r = await cli(["hmc", scratch.file("wrong.toml", base + fermions), "--dry-run"]);
  expect(r.code).toBe(3);
  expect(r.stderr).toMatch(message);
});

test("fields on time scales of their own, twisted, with forces of another tolerance, run", async () => {
  const levels = '[[sampler.levels]]\nforce = "fermions.1"\nsteps = 2\n[[sampler.levels]]\nforce = "fermions.0"\nsteps = 1\n[[sampler.levels]]\nforce = "gauge"\nsteps = 1\n';
  const text = base.replace("steps = 3\n", "").replace("[checks]", `${levels}[checks]`);
  const fields = '[[fermions]]\nkind = "wilson"\nkappa = 0.15\n[[fermions]]\nkind = "wilson"\nkappa = 0.2\nover = 0.15\ntwist = [0.2, 0.0]\nforceTolerance = 1e-6\n';
  const r = await cli(["hmc", scratch.file("levels.toml", text + fields), "--dir", scratch.path(), "--json", "--quiet"]);
  expect([r.code, r.stderr]).toEqual([0, ""]);
});

test("a Metropolis solve that is too loose is a failed check; a loose force alone is none", async () => {
  const run = async (tolerances: string) =>
    cli(["hmc", scratch.file("loose.toml", `${base.replace("every = 0", "every = 1")}[fermions]\nflavours = 2\nmass = 0.1\n${tolerances}`), "--dir", scratch.path(), "--json", "--quiet"]);
  expect(await run("tolerance = 0.2\n")).toMatchObject({ code: 4, stderr: expect.stringMatching(/trajectory 0: the solves of the Metropolis step leave an error of \d.*checks\.solve.*smaller tolerance/) });
  expect(await run("tolerance = 1e-6\nforceTolerance = 1e-2\n")).toMatchObject({ code: 0, stderr: "" });
});

test("heatbath: refused with fermions; its summary has no <exp(-dH)>; plaquette of U(1) in two dimensions, anisotropic couplings", async () => {
  const sampler = 'kind = "heatbath"\noverrelaxation = 2\nseed = 3\nthermalisation = 50\ntrajectories = 800\n';
  const text = `group = "U(1)"\n[lattice]\nextents = [8, 8]\n[action]\nkind = "anisotropic"\nbetaSpace = 0.8\nbetaTime = 2.0\n[sampler]\n${sampler}[measurement]\nobservables = []\n`;
  const r = await cli(["hmc", scratch.file("heat.toml", text), "--dir", scratch.path(), "--json", "--quiet"]);
  expect([r.code, r.stderr]).toEqual([0, ""]);
  const { estimates } = JSON.parse(r.stdout) as { estimates: Record<string, { mean: number; error: number }> };
  expect(estimates).not.toHaveProperty("exp(-dH)");
  const { mean, error } = estimates["plaquette"]!;
  expect(Math.abs(mean - 0.697775) / error).toBeLessThan(4);
  expect(error).toBeLessThan(5e-3);
  const wrong = await cli(["hmc", scratch.file("heat-fermions.toml", `${text}[fermions]\nflavours = 2\nmass = 0.3\n`), "--dry-run"]);
  expect(wrong).toMatchObject({ code: 3, stderr: expect.stringMatching(/sampler\.kind: got heatbath for a run with fermions/) });
  const both = await cli(["hmc", scratch.file("both.toml", text.replace("betaSpace", "beta")), "--dry-run"]);
  expect(both).toMatchObject({ code: 3, stderr: expect.stringMatching(/action\.beta: got another set of couplings/) });
});
