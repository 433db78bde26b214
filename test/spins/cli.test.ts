/** `gaugegrad spins` and `gaugegrad check` on spins: files, JSON, errors. */
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli } from "../cli/helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-spins-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const MODEL = "[model]\nlattice = [4, 4]\nT = 0.2\n";

test("train writes a model that sample uses", async () => {
  const run = file("train.toml", `${MODEL}[effective]\nshells = 3\nreach = 2\n[training]\nsamples = 60\ntest = 30\nsteps = 3\n[sampler]\nseed = 4\n`);
  const trained = await cli(["spins", "train", run, "--dir", "out", "--json", "--quiet"], { directory: folder });
  expect(trained.stderr).toBe("");
  expect(trained.code).toBe(0);
  const summary = json(trained.stdout);
  expect(summary).toMatchObject({ schemaVersion: 1, command: "spins train", model: "attention, 1 layer", parameters: 13 });
  expect(summary["testMse"]).toBeGreaterThan(0);
  expect(readdirSync(join(folder, "out")).sort()).toEqual([expect.stringMatching(/^checkpoint\.\d{8}$/), expect.stringMatching(/^checkpoint\.0{7}4$/), "config.toml", "events.jsonl", "metrics.jsonl", "model.json", "run.json", "spins.json"]);
  const lines = readFileSync(join(folder, "out", "metrics.jsonl"), "utf8").trim().split("\n").map(json);
  expect(lines[0]).toMatchObject({ kind: "samples", count: 90 });
  expect(lines.slice(1).map((l) => l["step"])).toEqual([1, 2, 3]);

  const use = file("sample.toml", `${MODEL}[effective]\nfile = "out/model.json"\n[sampler]\nthermalise = 5\nsteps = 20\nupdates = 16\n`);
  const sampled = await cli(["spins", "sample", use, "--json"], { directory: folder });
  expect(sampled.code).toBe(0);
  const result = json(sampled.stdout) as Record<string, { mean: number }>;
  expect(result["acceptance"]!.mean).toBeGreaterThan(0.2);
  expect(result["logWeight"]!.mean).toBeGreaterThan(130);
  expect(result["staggeredMagnetisation"]!.mean).toBeLessThan(1);
  // the same command gives the same numbers
  expect((await cli(["spins", "sample", use, "--json"], { directory: folder })).stdout).toBe(sampled.stdout);

  const other = file("other.toml", `[model]\nlattice = [4, 4]\nT = 0.1\n[effective]\nfile = "out/model.json"\n`);
  const refused = await cli(["spins", "sample", other], { directory: folder });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/was trained for .*"T":0.2.*expected the model of the run/);

  // the run is done: the same command prints its numbers again; another one does not touch it
  expect((await cli(["spins", "train", run, "--dir", "out", "--json"], { directory: folder })).stdout).toBe(trained.stdout);
  expect(await cli(["spins", "sample", use, "--dir", "out"], { directory: folder })).toMatchObject({ code: 3, stderr: expect.stringMatching(/folder of another run \(spins train\)/) });
  writeFileSync(join(folder, "foreign"), "");
  expect(await cli(["spins", "train", run, "--dir", "."], { directory: folder })).toMatchObject({ code: 5, stderr: expect.stringMatching(/that is no run, expected a new or empty folder/) });
  expect(await cli(["report", join(folder, "out")])).toMatchObject({ code: 5, stderr: expect.stringMatching(/got a run of gaugegrad spins train/) });
});

test("linear, online and exact runs", async () => {
  const linear = await cli(["spins", "train", file("linear.toml", `${MODEL}[effective]\nkind = "linear"\nshells = 2\n[training]\nsamples = 40\ntest = 20\n`), "--json"], { directory: folder });
  expect(json(linear.stdout)).toMatchObject({ model: "linear", parameters: 3 });
  const online = await cli(["spins", "train", file("online.toml", `${MODEL}[effective]\nshells = 2\nreach = 1\n[training]\nmethod = "online"\noptimiser = "adamW"\nsamples = 20\ntest = 20\nsteps = 4\nbatch = 4\n[sampler]\nupdates = 8\n`)], { directory: folder });
  expect(online.code).toBe(0);
  expect(online.stdout).toMatch(/attention, 1 layer: 9 parameters/);
  const exact = await cli(["spins", "sample", file("exact.toml", `${MODEL}[effective]\nkind = "exact"\n[sampler]\nthermalise = 2\nsteps = 8\n`)], { directory: folder });
  expect(exact.stdout).toMatch(/logWeight +13\d/);
});

test.each([
  ["[model]\nT = 0\n", /model\.T: got 0, expected a number above 0/],
  ["[model]\nT = 0.1\nlattice = [2, 4]\n", /model\.lattice\[0\]: got 2, expected a number of at least 3/],
  ["[model]\nT = 0.1\nlattice = [100000, 4]\n", /model\.lattice\[0\]: got 100000, expected a number of at most 64/],
  ["[model]\nT = 0.1\n[effective]\nlayers = 1000000000\n", /effective\.layers: got 1000000000, expected a number of at most 64/],
  ["[model]\nT = 0.1\ntemperature = 1\n", /model\.temperature: got an unknown key, expected one of lattice, J, T, mu/],
  ["[model]\nT = 0.1\n[effective]\nlayer = 2\n", /effective\.layer: .*did you mean layers\?/],
  ["[model]\n", /model\.T/],
  ["[model\n", /line 1/],
  ['[model]\nT = 0.1\n[effective]\nkind = "exact"\n', /nothing to train/],
])("bad run file %#", async (text, message) => {
  const outcome = await cli(["spins", "train", file("bad.toml", text)], { directory: folder });
  expect(outcome.code).toBe(3);
  expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
  expect(outcome.stderr).toMatch(message);
});

test("check takes weights of spins", async () => {
  const source = (body: string): string => `import { doubleExchange } from "gaugegrad/spins";\nimport { lattice } from "gaugegrad";\nconst exact = doubleExchange(lattice([4, 4]), { J: 1, T: 0.2 });\n${body}\n`;
  const good = await cli(["check", file("good.ts", source("export { exact };")), "--json"], { directory: folder });
  expect(good.code).toBe(0);
  expect((JSON.parse(good.stdout) as { passed: boolean; group: string }[])[0]).toMatchObject({ passed: true, group: "O(3)" });
  const bad = await cli(["check", file("bad.ts", source('export const wrong = { name: "wrong", lattice: exact.lattice, logWeight: (s: Float64Array) => exact.logWeight(s) + 0.01 * s[0]!, gradient: (S: never) => exact.gradient(S) };'))], { directory: folder });
  expect(bad.code).toBe(4);
  expect(bad.stdout).toMatch(/invariance: rotation of all spins +fail/);
});

test("exact samples of another run, blocks that are added to a model, a chain from given spins", async () => {
  const training = "[training]\nsamples = 40\ntest = 10\nsteps = 3\n";
  const attention = (layers: number, more = "", train = ""): string => `${MODEL}[effective]\nshells = 3\nreach = 2\nlayers = ${layers}\n${more}${training}${train}[sampler]\nseed = 6\n`;
  const train = async (name: string, text: string) => cli(["spins", "train", file(`${name}.toml`, text), "--dir", name, "--json", "--quiet"], { directory: folder });
  // the whole in one run, and block by block on samples that a third run has drawn
  const whole = json((await train("both", attention(2))).stdout);
  expect((await train("drawn", `${MODEL}[effective]\nkind = "linear"\nshells = 1\n${training}[sampler]\nseed = 6\n`)).code).toBe(0);
  const first = await train("first", attention(1, "", 'run = "drawn"\n'));
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const second = json((await train("second", attention(2, 'file = "first/model.json"\n', 'run = "drawn"\n'))).stdout);
  expect({ ...second, folder: "" }).toEqual({ ...whole, folder: "" });
  const content = (name: string): string => readFileSync(join(folder, name), "utf8");
  expect(content("second/model.json")).toBe(content("both/model.json"));
  // the first exact sample starts a chain: after eight updates at most eight of its spins have moved
  const chain = async (start: string) => cli(["spins", "sample", file("from.toml", `${MODEL}[effective]\nkind = "exact"\n[sampler]\nthermalise = 0\nsteps = 8\nupdates = 1\nstart = "${start}"\n`), "--dir", `from-${start.replaceAll("/", "-")}`, "--json"], { directory: folder });
  expect((await chain("drawn/spins.json")).code).toBe(0);
  const [before, after] = ["drawn/spins.json", "from-drawn-spins.json/spins.json"].map((name) => JSON.parse(content(name)) as number[]);
  expect(before!.filter((x, k) => x !== after![k]).length).toBeLessThanOrEqual(24);
  file("short.json", "[0, 0, 1]");
  file("long.json", JSON.stringify(before!.map((x) => 2 * x)));
  for (const [start, message] of [["short.json", /short\.json: .*got 3 numbers, expected 48/], ["long.json", /long\.json: .*expected unit vectors/], ["none.json", /none\.json/]] as const) expect(await chain(start)).toMatchObject({ code: 5, stderr: expect.stringMatching(message) });
  for (const [text, code, message] of [
    [attention(1, 'file = "first/model.json"\n'), 3, /effective\.layers: got 1 for a model that has 1, expected more/],
    [attention(2, 'gram = 2.0\nfile = "first/model.json"\n'), 3, /effective\.file: got .* of other shells, reach or gram/],
    [attention(1, "", 'run = "drawn"\nwidth = 0.2\n').replace("samples = 40", "samples = 41"), 3, /training\.run: got 50 samples in .*, expected at least 51/],
    [attention(1, "", 'run = "drawn"\n').replace("T = 0.2", "T = 0.3"), 3, /training\.run: got samples of .*"T":0\.2/],
    [attention(1, "", 'run = "from-drawn-spins.json"\n'), 5, /without samples/],
  ] as const) expect(await train("refused", text)).toMatchObject({ code, stderr: expect.stringMatching(message) });
});
