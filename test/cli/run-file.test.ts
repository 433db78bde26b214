/** Run files: what is said about mistakes, starters, schema, what a dry run prints, bibliography, completion. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { afterAll, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { spinStarter } from "../../src/runs/spins/starter.ts";
import { flowStarters } from "../../src/runs/flows/starters.ts";
import { starters } from "../../src/runs/file/starters.ts";
import { cli } from "./helpers.ts";
import { Scratch, smallRun } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const base = `group = "SU(2)"\n[lattice]\nextents = [4, 4, 4, 4]\n[action]\nbeta = 2.7\n`;
const steps = "[sampler]\nsteps = 4\n";
const fermions = "[fermions]\nflavours = 4\nmass = 0.3\n";

test.each([
  ["[sampler]\nstesp = 3", /sampler\.stesp: got an unknown key, expected one of [^:]*: did you mean steps\?/],
  ["[outptu]\nx = 1", /outptu: .*did you mean output\?/],
  ["[fermions]\nflavors = 4\nmass = 0.3", /fermions\.flavours: got nothing, expected a number; fermions\.flavors: .*did you mean flavours\?/],
  ["[[fermions]]\nflavours = 4\nmass = 0.3\n[[fermions]]\nflavours = 4\nmas = 1", /fermions\[1\]\.mass: got nothing/],
  ["[network]\nkind = 'cask'\nlenght = 3", /network\.lenght: got an unknown key, expected one of kind, blocks, .*did you mean length\?/],
  ["[network]\nkind = 'casc'", /network\.kind: got the text "casc", expected "ape", "cask", "chain", "convolution", "covariant", .*"stout", "model": did you mean "cask"\?/],
  ["[network]\nkind = 'stout'\nloops = { a = { loop = 'x', lnks = 'all' } }", /network\.loops\.a\.lnks: .*did you mean links\?/],
  ["[sampler]\nsteps = 'ten'", /sampler\.steps: got the text "ten", expected a number/],
  ["[sampler]\nsteps = 1.5", /sampler\.steps: got 1\.5, expected an integer/],
  ["[sampler]\nsteps = 0", /sampler\.steps: got 0, expected a number of at least 1/],
  ["[sampler]\nintegrator = 'omelian'\nsteps = 1", /sampler\.integrator: got the text "omelian", expected .*: did you mean "omelyan"\?/],
  ["[sampler", /line 6, column \d+: .*, expected TOML/],
  ["", /sampler\.steps: got nothing, expected the steps of a trajectory, or levels/],
  [`${steps}integrator = 'omf4'\nlevels = [{ force = 'gauge', steps = 2 }]`, /levels together with steps or integrator/],
  [`${fermions}[sampler]\nlevels = [{ force = 'gauge', steps = 2 }]`, /sampler\.levels: got the forces gauge, expected each of gauge, fermions\.0 once/],
  [`${steps}[output]\nconfigurations = { every = 1, format = 'milc', precision = 64 }`, /output\.configurations\.precision: got 64 for milc, expected 32/],
  [`${steps}[measurement]\nobservables = ['condensate']`, /measurement\.condensateMass/],
  [`${steps}[measurement]\nflow = { time = 1, step = 0.03, every = 0.1 }`, /measurement\.flow\.every: got 0\.1, expected a multiple of the step 0\.03/],
  [`${steps}[start]\nkind = 'file'`, /start\.file: got nothing/],
])("a run file with %j is refused with what is wrong", async (extra, message) => {
  const r = await cli(["hmc", scratch.file("wrong.toml", base + extra), "--dry-run"]);
  expect(r).toMatchObject({ code: 3, stdout: "" });
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
  expect(r.stderr).toMatch(message);
});

test.each([
  ["slhmc", steps + fermions, /network: got nothing, expected a network or a guide/],
  ["slhmc", `${steps}${fermions}[training]\n`, /guide\.trainable: got network without a network/],
  ["slhmc", `${steps}${fermions}[guide]\nmasses = [0.4, 0.5]\n[network]\nkind = 'covariant'`, /guide\.masses: got 2, expected 1/],
  ["slhmc", `${steps}${fermions}[network]\nkind = 'covariant'\nweights = [1]`, /network\.weights: got 1, expected 6 \(0\.rho\.plaq/],
  ["train", `${steps}${fermions}[network]\nkind = 'covariant'`, /training: got nothing/],
  ["train", `${steps}${fermions}[network]\nkind = 'covariant'\n[training]\nobjective = 'acceptance'\nconfigurations = ['x']`, /training\.objective: got acceptance on stored configurations/],
])("%s of a run file with %j is refused", async (command, extra, message) => {
  const r = await cli([command, scratch.file("wrong.toml", base + extra), "--dry-run"]);
  expect(r.code).toBe(3);
  expect(r.stderr).toMatch(message);
});

test("a missing file, no folder: one line and the right exit code", async () => {
  expect(await cli(["hmc", join(scratch.folder, "nothing.toml"), "--dir", scratch.path()])).toMatchObject({ code: 5, stderr: expect.stringMatching(/nothing\.toml: cannot be opened \(ENOENT.*gaugegrad init/) });
  expect(await cli(["hmc", scratch.file("good.toml", base + steps)])).toMatchObject({ code: 2, stderr: expect.stringContaining("--dir") });
});

test("init lists its kinds, and names the nearest one", async () => {
  const list = await cli(["init", "--list", "--json"]);
  expect(JSON.parse(list.stdout)).toEqual([...starters, ...flowStarters, spinStarter].map(({ name, command, summary }) => ({ name, command, summary })));
  expect((await cli(["init", "--list"])).stdout).toContain("su2-slhmc");
  expect(await cli(["init", "su2-slhm"])).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean su2-slhmc?") });
  expect((await cli(["init"])).code).toBe(2);
});

/** The starter with few trajectories. */
const shortened = (text: string): string => text.replaceAll(/^(thermalisation|trajectories) = \d+/gm, (_, key: string) => `${key} = ${key === "thermalisation" ? 0 : 2}`).replace("training = { trajectories = 300", "training = { trajectories = 2").replace("[8, 8, 8, 8]", "[4, 4, 4, 4]");

test.each(starters.map((s) => [s.name, s] as const))("the starter %s passes a dry run and runs", async (_, { name, command, text }) => {
  const printed = await cli(["init", name]);
  expect(printed).toEqual({ code: 0, stdout: text, stderr: "" });
  const file = scratch.file(`${name}.toml`, shortened(text));
  const dry = await cli([command, file, "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  // what a dry run prints is the same run
  const again = await cli([command, scratch.file(`${name}-resolved.toml`, dry.stdout), "--dry-run", "--json"]);
  const first = JSON.parse((await cli([command, file, "--dry-run", "--json"])).stdout) as { configurationHash: string; estimate: { checkpointBytes: number; seconds: number } };
  expect((JSON.parse(again.stdout) as typeof first).configurationHash).toBe(first.configurationHash);
  expect(first.estimate.checkpointBytes).toBeGreaterThan(0);
  expect(first.estimate.seconds).toBeGreaterThan(0);
  const run = await cli([command, file, "--dir", scratch.path(), "--json", "--quiet"]);
  expect([run.code, run.stderr]).toEqual([0, ""]);
  const result = JSON.parse(run.stdout) as { phases: Record<string, { trajectories: number }>; checks: { number: number; reversibility: number } };
  expect(Object.keys(result.phases)).toEqual(command === "train" ? ["train"] : /^\[training\]|^training = /m.test(text) ? ["train", "sample"] : ["sample"]);
  expect(result.checks.number).toBe(1);
  expect(result.checks.reversibility).toBeLessThan(1e-10);
});

test("hmc of a run file for self-learning HMC says what it leaves out", async () => {
  const r = await cli(["hmc", scratch.file("s.toml", smallRun()), "--dry-run"]);
  expect(r.code).toBe(0);
  expect(r.stderr).toMatch(/hmc uses no network, training, guide: these sections are left out/);
  expect(r.stdout).not.toContain("[network]");
});

test("training on stored configurations: epochs, early stop, a model that self-learning HMC then uses", async () => {
  const made = scratch.path();
  await cli(["slhmc", scratch.file("first.toml", smallRun({ train: 2, sample: 12 })), "--dir", made, "--quiet"]);
  const stored = ["00000008", "00000012", "00000016"].map((n) => join(made, "configurations", `${n}.npy`));
  const text = smallRun().replace('trainable = ["network", "gauge.beta"]', "").replace(/\[training\][^[]*/, `[training]\nconfigurations = ${JSON.stringify(stored)}\nepochs = 6\nheldOut = 0.34\nrate = 1e-2\n`);
  const folder = scratch.path();
  const r = await cli(["train", scratch.file("offline.toml", text), "--dir", folder, "--json", "--quiet"]);
  expect([r.code, r.stderr]).toEqual([0, ""]);
  expect(JSON.parse(r.stdout)).toMatchObject({ position: 6, loss: { steps: 6 } });
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as { kind: string; epoch: number; heldOut: number });
  expect(lines.map((l) => [l.kind, l.epoch])).toEqual([0, 1, 2, 3, 4, 5].map((epoch) => ["epoch", epoch]));
  expect(lines.every((l) => Number.isFinite(l.heldOut))).toBe(true);
  const model = join(folder, "model.gaugegrad");
  const frozen = smallRun({ sample: 3 }).replace('kind = "covariant"\nlayers = 1', `kind = "model"\nfile = ${JSON.stringify(model)}`).replace('trainable = ["network", "gauge.beta"]', "").replace(/\[training\][^[]*/, "");
  const used = await cli(["slhmc", scratch.file("frozen.toml", frozen), "--dir", scratch.path(), "--json", "--quiet"]);
  expect([used.code, used.stderr]).toEqual([0, ""]);
  const trained = JSON.parse((await cli(["model", "show", model, "--json"])).stdout) as { parameters: Record<string, number> };
  expect((JSON.parse(used.stdout) as { parameters: Record<string, number> }).parameters).toEqual(Object.fromEntries(Object.entries(trained.parameters).map(([k, x]) => [`network.${k}`, x])));
});

test("the JSON Schema describes every section and every kind", async () => {
  const schema = JSON.parse((await cli(["schema"])).stdout) as { $schema: string; required: string[]; additionalProperties: boolean; properties: Record<string, { oneOf?: unknown[] }> };
  expect(schema.$schema).toContain("2020-12");
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["lattice"]);
  for (const { text } of starters) for (const key of Object.keys(parse(text))) expect(schema.properties).toHaveProperty(key);
  expect(schema.properties["network"]!.oneOf).toHaveLength(12);
});

test("cite prints what a run uses, and nothing for what it does not", async () => {
  const of = async (name: string): Promise<string> => (await cli(["cite", scratch.file("cite.toml", starters.find((s) => s.name === name)!.text)])).stdout;
  const cask = await of("su2-cask");
  for (const eprint of ["2103.11965", "2501.16955", "hep-lat/0311018"]) expect(cask).toContain(`eprint = {${eprint}},\n  archivePrefix = {arXiv},`);
  expect(await of("su3-quenched")).toMatch(/^@article\{arXiv:1006\.4518,/);
  expect(await of("u1-2d")).toMatch(/^%/);
});

test("completion scripts name every command and are accepted by their shells", async () => {
  for (const [shell, check] of [["bash", ["-n"]], ["zsh", ["-n"]], ["fish", ["-n"]]] as const) {
    const { code, stdout } = await cli(["completion", shell]);
    expect(code).toBe(0);
    for (const c of commands) expect(stdout).toContain(c.name);
    expect(stdout).toContain("max-seconds");
    expect(stdout).toContain("su2-slhmc");
    const parsed = spawnSync(shell, [...check, scratch.file(`completion.${shell}`, stdout)], { encoding: "utf8" });
    // shells that are not installed cannot be asked
    if (!parsed.error) expect([shell, parsed.status, parsed.stderr]).toEqual([shell, 0, ""]);
  }
  expect((await cli(["completion", "csh"])).code).toBe(2);
});

test("bash completes options and kinds", async () => {
  const { stdout } = await cli(["completion", "bash"]);
  const reply = (words: string): string => spawnSync("bash", ["-c", `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _gaugegrad; echo "\${COMPREPLY[*]}"`], { encoding: "utf8" }).stdout.trim();
  expect(reply("gaugegrad slh")).toBe("slhmc");
  expect(reply("gaugegrad slhmc run.toml --max")).toBe("--max-seconds");
  expect(reply("gaugegrad init su2-s")).toBe("su2-slhmc");
});
