/** gaugegrad report: what stands on the page comes from the folder; foreign, damaged and empty folders. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fieldSections, fieldsOf } from "../../src/report/run/fields.ts";
import { JsonLines } from "../../src/runs/folder/json-lines.ts";
import { RunReader } from "../../src/runs/folder/reader.ts";
import { correlations } from "../../src/report/run/series.ts";
import { runPaths } from "../../src/runs/folder/folder.ts";
import type { CheckpointState, TrajectoryRecord } from "../../src/runs/records.ts";
import type { RunConfiguration } from "../../src/runs/sections/sections.ts";
import { SU, actionDensity, groupOf, hot, lattice, topologicalCharge } from "../../src/gauge/index.ts";
import { caskNetwork } from "../../src/models/index.ts";
import { gammaMethod, randomStream, withError } from "../../src/util/index.ts";
import { type Element, parsePage } from "../report/helpers.ts";
import { cli } from "./helpers.ts";
import { linesOf, makeRun, saveState } from "./run-folder.ts";

const folders: string[] = [];
const made = (...args: Parameters<typeof makeRun>): ReturnType<typeof makeRun> => {
  const run = makeRun(...args);
  folders.push(run.folder);
  return run;
};
afterAll(() => {
  for (const f of folders) rmSync(f, { recursive: true, force: true });
});

const texts = (page: Element, selector: string): string[] => Array.from(page.querySelectorAll(selector), (e) => e.textContent);
const page = (file: string): Element => parsePage(readFileSync(file, "utf8"));

describe("a run", () => {
  const { folder, metrics } = made(80);

  test("one file with every section, numbers from the lines of the run", async () => {
    const { code, stdout, stderr } = await cli(["report", folder, "--flow-time", "0.1"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const file = join(folder, "report.html");
    expect(stdout).toBe(`report: ${file}\n`);
    const html = readFileSync(file, "utf8");
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:\/\/|<script|<img|<link/i);
    const p = parsePage(html);
    expect(texts(p, "h1")).toEqual(["A run <of> a test"]);
    expect(texts(p, "main h2")).toEqual(["State", "Results", "Histories", "Molecular dynamics", "Distributions", "Autocorrelation", "Training", "Last configuration", "Attention", "Checks", "Events", "Configuration"]);
    const rows = Array.from(p.querySelectorAll("main tr"), (r) => texts(r, "th, td"));
    const sampled = metrics.filter((r): r is TrajectoryRecord => r.kind === "trajectory" && r.phase === "sample");
    expect(sampled).toHaveLength(50);
    const plaquette = gammaMethod(sampled.map((r) => r.plaquette!));
    expect(rows).toContainEqual(["plaquette", withError(plaquette.mean, plaquette.error), withError(plaquette.tauInt, plaquette.tauIntError), "50", "1"]);
    const loop = gammaMethod(metrics.flatMap((r) => (r.kind === "measurement" ? [r.values["|polyakov|"]!] : [])));
    expect(rows).toContainEqual(["|Polyakov loop|", withError(loop.mean, loop.error), withError(2 * loop.tauInt, 2 * loop.tauIntError), "25", "2"]);
    expect(rows).toContainEqual(["|U − U₀| after a trajectory forward and back", "2.5×10⁻¹³", "1×10⁻⁷"]);
    expect(rows.filter((r) => r[0] === "network.0.rhoV")).toEqual([["network.0.rhoV", "0.099"]]);
    const captions = texts(p, "figure svg title, figcaption").join("\n");
    expect(captions).toContain("Root mean square over the links");
    expect(captions).toMatch(/Weight that the link along/);
    expect(html).toContain('kind = &quot;cask&quot;');
  });

  test("--out and --json; the state and what is missing", async () => {
    const out = join(folder, "other.html");
    const { code, stdout } = await cli(["report", folder, "--out", out, "--flow-time", "0", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ report: out, state: "interrupted; the same command resumes it", notes: [] });
    expect(texts(page(out), "main h2")).toContain("Attention");
    expect((await cli(["report", folder, "--out", join(folder, "no", "such", "x.html")])).code).toBe(5);
  });

  test("fields are those of the checkpoint, attention has its weights", () => {
    const { state, configuration } = new RunReader(folder).read();
    const fields = fieldsOf(state!, configuration, { flowTime: 0.2 });
    const U = hot(lattice([3, 2, 2, 4]), SU(2), { seed: 5 });
    expect(fields.densities.map((s) => s.id)).toEqual(["action", "charge", "action-flowed", "charge-flowed"]);
    expect(fields.densities[0]!.values).toEqual(actionDensity(U));
    const sum = (x: ArrayLike<number>): number => Array.from(x).reduce((s, v) => s + v, 0);
    expect(Math.abs(sum(fields.densities[1]!.values) - topologicalCharge(U))).toBeLessThan(1e-13);
    expect(sum(fields.densities[2]!.values)).toBeLessThan(0.8 * sum(fields.densities[0]!.values));
    const maps = caskNetwork({ length: 1 }).with([{ rho: 0.01, rhoQ: 0.2, rhoK: 0.3, rhoV: 0.4 }]).attention(U);
    expect(fields.attentionSizes.map((s) => s.name).sort()).toEqual(Object.keys(maps).sort());
    const strongest = fields.attention[0]!;
    const name = strongest.name.replace("Attention ", "");
    expect(strongest.values).toEqual(maps[name]!.toArray());
    for (const s of fields.attentionSizes) expect(s.rms).toBeLessThanOrEqual(fields.attentionSizes.find((x) => x.name === name)!.rms);
  });
});

test.each([
  ["U(1)", 1, [5, 4], ["action", "charge"]],
  ["SU(2)", 2, [5, 4], ["action"]],
  ["SU(3)", 3, [3, 2, 4], ["action"]],
  ["U(1)", 1, [2, 2, 2, 3], ["action"]],
] as const)("densities that %s (N = %i) has on %j", (group, N, extents, ids) => {
  const { run } = made(0, { checkpoint: false });
  const U = hot(lattice(extents), groupOf(N), { seed: 3 });
  const state = { group: N, extents, links: U.fields.map((f) => f.toArray()), position: 4, parameters: null } as unknown as CheckpointState;
  const { network: _, ...configuration } = run.configuration;
  const fields = fieldsOf(state, { ...configuration, group }, { flowTime: 0 });
  expect(fields.densities.map((s) => s.id)).toEqual(ids);
  expect(fields.densities[0]!.values).toEqual(actionDensity(U));
  expect(fields.attention).toEqual([]);
  const [section] = fieldSections(fields, true);
  expect(section!.figures).toHaveLength(ids.length);
  expect(fieldSections(fields, false)).toEqual([]);
  const moved = fieldsOf(state, { ...configuration, group, network: { kind: "model", file: "/nowhere/model.gaugegrad" } as RunConfiguration["network"] & object }, { flowTime: 0 });
  expect(moved.notes).toHaveLength(1);
  expect(moved.notes[0]).toMatch(/attention is not shown: .*\/nowhere\/model\.gaugegrad/);
  expect(fieldSections(moved, true)[0]!.text).toContain("is not shown");
});

test("training on stored configurations: epochs, held-out loss, no production", async () => {
  const { folder } = made(0, { checkpoint: false });
  const paths = runPaths(folder);
  writeFileSync(paths.info, JSON.stringify({ schemaVersion: 1, command: "train", configurationHash: "0", version: "0.1.0" }));
  const epochs = Array.from({ length: 12 }, (_, epoch) => ({ kind: "epoch", epoch, value: 1 / (epoch + 1), squared: 2 / (epoch + 1), heldOut: 1.5 / (epoch + 1), gradientNorm: 0.1, rate: 0.01, parameters: [0.1, 0.2, 0.3, epoch] }));
  writeFileSync(paths.metrics, epochs.map((r) => `${JSON.stringify(r)}\n`).join(""));
  expect((await cli(["report", folder])).code).toBe(0);
  const p = page(join(folder, "report.html"));
  expect(texts(p, "main h2")).toEqual(["State", "Training", "Events", "Configuration"]);
  expect(texts(p, "figure svg text")).toContain("held out");
  expect(texts(p, "section p")[0]).toMatch(/^12 epochs, adam, objective centred; last loss 0\.08333/);
  expect(Array.from(p.querySelectorAll("main tr"), (r) => texts(r, "th, td"))).toContainEqual(["θ4", "11"]);
});

describe("folders that are not whole", () => {
  test.each([
    ["a folder that does not exist", () => join(tmpdir(), "gaugegrad-none"), /is no folder, expected the folder of a run/],
    ["a foreign folder", () => (folders.push(mkdtempSync(join(tmpdir(), "gaugegrad-foreign-"))), folders.at(-1)!), /got no run\.json, expected the folder of a run/],
    ["a run.json that is no JSON", () => { const { folder } = made(5); writeFileSync(runPaths(folder).info, "{"); return folder; }, /run\.json: is no JSON/],
    ["no config.toml", () => { const { folder } = made(5); rmSync(runPaths(folder).configuration); return folder; }, /config\.toml: is missing/],
    ["a config.toml that is no TOML", () => { const { folder } = made(5); writeFileSync(runPaths(folder).configuration, "= ["); return folder; }, /config\.toml: got text that is not TOML/],
  ])("%s: one line, exit code 5", async (_, prepare, message) => {
    const folder = prepare();
    const { code, stdout, stderr } = await cli(["report", folder]);
    expect(code).toBe(5);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(join(folder, "report.html"))).toBe(false);
  });

  test("a last line that was cut and a damaged line in the middle are named and left out", async () => {
    const { folder } = made(80);
    const { metrics } = runPaths(folder);
    const lines = readFileSync(metrics, "utf8").split("\n");
    lines[6] = lines[6]!.slice(0, 20);
    writeFileSync(metrics, lines.join("\n"));
    truncateSync(metrics, readFileSync(metrics).length - 9);
    const { code, stderr } = await cli(["report", folder, "--flow-time", "0"]);
    expect(code).toBe(0);
    expect(stderr).toBe("gaugegrad: metrics.jsonl: line 7 is damaged and left out.\ngaugegrad: metrics.jsonl: the last line is incomplete, as a killed run leaves it; it is left out.\ngaugegrad: metrics.jsonl: 125 lines of the 126 that the checkpoint counts are there, others are missing.\n");
    expect(texts(page(join(folder, "report.html")), "section p").join("\n")).toContain("line 7 is damaged");
  });

  test("a run that has nothing yet", async () => {
    const { folder } = made(0, { checkpoint: false });
    const { code, stderr } = await cli(["report", folder]);
    expect(code).toBe(0);
    expect(stderr).toContain("no checkpoint yet");
    expect(stderr).toContain("nothing is recorded yet");
    const p = page(join(folder, "report.html"));
    expect(texts(p, "main h2")).toEqual(["State", "Events", "Configuration"]);
    expect(texts(p, "section p")[0]).toBe("Nothing is recorded yet: the first trajectory is not complete.");
  });

  test("few trajectories, and values that are not numbers", async () => {
    const { folder } = made(33);
    appendFileSync(runPaths(folder).metrics, `${JSON.stringify({ ...linesOf(33, 34)[0], dH: null, plaquette: null })}\n`);
    expect((await cli(["report", folder, "--flow-time", "0"])).code).toBe(0);
    const rows = Array.from(page(join(folder, "report.html")).querySelectorAll("main tr"), (r) => texts(r, "th, td"));
    expect(rows).toContainEqual(["plaquette", "–", "–", "4", "1"]);
  });

  test("a damaged checkpoint gives way to the one before it, or to none", async () => {
    const { folder, run } = made(40);
    saveState(folder, run, 42, 6);
    const newest = join(folder, "checkpoint.00000042");
    const bytes = readFileSync(newest);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(newest, bytes);
    const first = await cli(["report", folder, "--flow-time", "0"]);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain("A damaged checkpoint was passed over");
    expect(texts(page(join(folder, "report.html")), "section p").join("\n")).toContain("Links after 40 trajectories");
    writeFileSync(join(folder, "checkpoint.00000040"), "nonsense");
    const second = await cli(["report", folder]);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain("No checkpoint can be read");
    expect(texts(page(join(folder, "report.html")), "main h2")).not.toContain("Last configuration");
  });
});

test("JsonLines reads on, waits for line ends, and starts again after a cut", () => {
  const file = join(mkdtempSync(join(tmpdir(), "gaugegrad-lines-")), "x.jsonl");
  const lines = new JsonLines(file, (x): x is number => typeof x === "number");
  expect(lines.update()).toBe(false);
  writeFileSync(file, "1\n2\n3");
  expect(lines.update()).toBe(true);
  expect([lines.records, lines.unfinished]).toEqual([[1, 2], true]);
  appendFileSync(file, "4\n\n\"\u00e9\"\n5");
  lines.update();
  appendFileSync(file, "\n");
  lines.update();
  expect([lines.records, lines.damaged, lines.unfinished]).toEqual([[1, 2, 34, 5], [5], false]);
  expect(lines.update()).toBe(false);
  truncateSync(file, 2);
  expect(lines.update()).toBe(true);
  expect([lines.records, lines.damaged]).toEqual([[1], []]);
});

test("autocorrelation functions with errors: AR(1) has rho(t) = a^t, and the pull is of order one", () => {
  const [a, n] = [0.6, 4000];
  const random = randomStream(11).sequence(1);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const x = [normal() / Math.sqrt(1 - a * a)];
  while (x.length < n) x.push(a * x.at(-1)! + normal());
  const { rho, error } = correlations(x, 20);
  expect([rho[0], error[0]]).toEqual([1, 0]);
  // Bartlett: far out the variance is (1 + a^2) / (1 - a^2) / n
  expect(Math.abs(error[20]! / Math.sqrt((1 + a * a) / (1 - a * a) / n) - 1)).toBeLessThan(0.3);
  const pulls = Array.from({ length: 20 }, (_, k) => (rho[k + 1]! - a ** (k + 1)) / error[k + 1]!);
  expect(Math.max(...pulls.map(Math.abs))).toBeLessThan(4);
  expect(pulls.some((p) => Math.abs(p) > 0.05)).toBe(true);
});
