/** Overlap fermions in the Metropolis step, led by domain walls of both kernels, Wilson and staggered fermions, loops and a network: one distribution, that of reweighting; resumed with the same bits. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type LinkField, U1, determinantAction, gaugeAction, hot, lattice, overlap, plaquettes } from "gaugegrad";
import { type RunDefinition, bibliography, builtIn, defineRun, parseRun, produce, readRun, resolveRun, starters } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";
import { hmc } from "../../src/samplers/index.ts";
import { gammaMethod } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-overlap-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));

const guided = (fermions: readonly object[], more: object = {}): RunDefinition =>
  ({
    command: "slhmc", group: "U(1)", lattice: { extents: [4, 4] }, start: { kind: "hot" }, action: { beta: 2 }, fermions: [{ kind: "overlap", mass: 0.2, kernel: "shamir", exact: true }], checks: { every: 100 },
    guide: { fermions }, sampler: { seed: 5, thermalisation: 30, trajectories: 240, levels: [{ force: "fermions", integrator: "omelyan", steps: 3 }, { force: "gauge", integrator: "omelyan", steps: 2 }] }, ...more,
  }) as RunDefinition;

async function run(definition: RunDefinition, at = folder(), signal?: AbortSignal, each: () => void = () => undefined): Promise<string> {
  for await (const event of produce({ run: defineRun(definition), folder: at, ...(signal ? { signal } : {}) })) if (event.kind === "trajectory") each();
  return at;
}

/** The plaquette of the overlap target from quenched fields and their determinants. */
function reweighted(): { mean: number; error: number } {
  const U = hot(lattice([4, 4]), U1, { seed: 8 }) as LinkField;
  const S = determinantAction(overlap({ mass: 0.2, kernel: "shamir" }), { flavours: 2 });
  const chain = hmc({ action: gaugeAction.wilson({ beta: 2 }), integrator: "omelyan", steps: 6, length: 1.3, seed: 9 });
  const samples = Array.from({ length: 2600 }, () => {
    for (let k = 0; k < 2; k++) chain.step(U);
    return { S: S.value(U), P: plaquettes(U).mean };
  }).slice(100);
  const least = Math.min(...samples.map((s) => s.S));
  const w = samples.map((s) => Math.exp(least - s.S));
  const total = w.reduce((s, x) => s + x, 0);
  const mean = samples.reduce((s, x, k) => s + (w[k]! * x.P) / total, 0);
  return { mean, error: gammaMethod(samples.map((x, k) => ((w[k]! * samples.length) / total) * (x.P - mean))).error };
}

describe("one target under every guide", () => {
  const loops = { action: { kind: "loops", beta: 1, loops: [{ name: "plaquette", weight: 2.2 }] } };
  const single = { sampler: { seed: 6, thermalisation: 30, trajectories: 240, steps: 6 } };
  const guides: readonly (readonly [string, RunDefinition, number])[] = [
    ["domain walls of the same kernel", guided([{ kind: "domain-wall", mass: 0.2, Ls: 8, height: 1, exact: true }]), 0.95],
    ["Moebius", guided([{ kind: "domain-wall", mass: 0.2, Ls: 6, height: 1, b: 1.5, c: 0.5, exact: true }]), 0.95],
    ["domain walls of the other kernel", guided([{ kind: "domain-wall", mass: 0.2, Ls: 6, height: 1, b: 1, c: 1, exact: true }]), 0.5],
    ["Wilson", guided([{ kind: "wilson", flavours: 2, kappa: 0.24, exact: true }]), 0.5],
    ["staggered", guided([{ kind: "staggered", flavours: 2, mass: 0.25, exact: true }]), 0.5],
    ["loops alone", guided([], { guide: { fermions: [], ...loops }, ...single }), 0.3],
    ["a network", guided([{ kind: "domain-wall", mass: 0.2, Ls: 4, height: 1, exact: true }], { network: { kind: "stout", rho: 0.02 }, ...single }), 0.6],
  ];
  const found: { mean: number; error: number }[] = [];
  test.each(guides)("%s", async (_name, definition, least) => {
    const { plaquette, acceptance, expMinusDH } = readRun(await run(definition)).summary() as never as Record<string, { mean: number; error: number }>;
    expect(acceptance!.mean).toBeGreaterThan(least);
    expect(Math.abs(expMinusDH!.mean - 1)).toBeLessThan(4 * expMinusDH!.error);
    found.push(plaquette!);
  });

  test("their plaquettes are that of reweighting", () => {
    const reference = reweighted();
    expect(found).toHaveLength(guides.length);
    for (const x of found) expect(Math.abs(x.mean - reference.mean) / Math.hypot(x.error, reference.error)).toBeLessThan(4.5);
  });
});

test("a run that was stopped and resumed has the bits of one that was not", async () => {
  const short = guided([{ kind: "domain-wall", mass: 0.2, Ls: 8, height: 1, exact: true }], { sampler: { seed: 7, thermalisation: 3, trajectories: 12, steps: 3 }, output: { checkpoint: 4 } });
  const whole = await run(short);
  const stopped = folder();
  const abort = new AbortController();
  let seen = 0;
  await run(short, stopped, abort.signal, () => ++seen === 6 && abort.abort());
  await run(short, stopped);
  const lines = (at: string): unknown[] => readFileSync(join(at, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as Record<string, unknown>).filter((r) => r["kind"] === "trajectory").map(({ seconds: _seconds, ...r }) => r);
  expect(lines(stopped)).toEqual(lines(whole));
});

test("pseudofermions of the overlap operator, shared with domain walls in four dimensions", () => {
  const shared = guided([{ kind: "domain-wall", mass: 0.3, Ls: 4, height: 1, effective: true, shares: 0 }], { lattice: { extents: [2, 4] }, start: { kind: "near-unit", width: 0.2 }, fermions: [{ kind: "overlap", mass: 0.3, kernel: "shamir", lowest: 0.1, tolerance: 1e-9 }], sampler: { steps: 3, seed: 2 } });
  const system = buildSystem(defineRun(shared), {});
  const { U, target } = system;
  const guide = system.guide!.at().whole;
  const chain = hmc({ action: target, guide, integrator: "omelyan", steps: 6, length: 0.5, seed: 4 });
  const results = Array.from({ length: 3 }, () => chain.step(U));
  for (const r of results) expect(Math.abs(r.dH)).toBeLessThan(2);
  expect(() => buildSystem(defineRun({ ...shared, guide: { fermions: [{ kind: "overlap", mass: 0.3 }] } }), {})).toThrow(/guide\.fermions\[0\]: got pseudofermions of the guide's own/);
});

test("the starter: valid as it is, and cited", () => {
  const starter = starters.find((s) => s.name === "overlap-2d")!;
  expect(starter.command).toBe("slhmc");
  const { configuration } = resolveRun("slhmc", { configuration: parseRun(starter.text, "test"), base: ".", registry: builtIn });
  expect(bibliography(configuration, builtIn).entries.map((e) => e.eprint)).toEqual(["2103.11965", "hep-lat/9707022", "hep-lat/9303005"]);
});

test("the starter by the command line: a run, its report and its citations", async () => {
  const text = starters.find((s) => s.name === "overlap-2d")!.text.replace("extents = [8, 8]", "extents = [4, 4]").replace(/^thermalisation = .*$/m, "thermalisation = 1").replace(/^trajectories = .*$/m, "trajectories = 8");
  const [file, at] = [join(root, "overlap.toml"), folder()];
  writeFileSync(file, text);
  const run = await cli(["slhmc", file, "--dir", at, "--json", "--quiet"]);
  expect([run.code, run.stderr]).toEqual([0, ""]);
  expect((JSON.parse(run.stdout) as { estimates: Record<string, { mean: number }> }).estimates["acceptance"]!.mean).toBeGreaterThan(0.7);
  const report = await cli(["report", at, "--out", join(root, "report.html")]);
  expect([report.code, report.stderr]).toEqual([0, ""]);
  expect(readFileSync(join(root, "report.html"), "utf8")).toMatch(/overlap flavours, m = 0\.1, shamir kernel/);
  const cite = await cli(["cite", file]);
  expect(cite.stdout).toContain("hep-lat/9707022");
});
