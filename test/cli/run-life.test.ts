/** The life of a run: what it starts from, what it says about it, when it cannot be trusted, and where its links go. */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { SU, hot, lattice, linkTrace, nearUnit, plaquettes, unitarityDefect } from "../../src/gauge/index.ts";
import { latestCheckpoint, readGauge, writeGauge } from "../../src/io/index.ts";
import type { CheckpointState, EventRecord, MetricsRecord } from "../../src/runs/records.ts";
import { cli } from "./helpers.ts";
import { Scratch, smallRun } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const events = (folder: string): EventRecord[] => readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as EventRecord);
const metrics = (folder: string): MetricsRecord[] => readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as MetricsRecord);
const stateOf = (folder: string): CheckpointState => latestCheckpoint(folder)!.state as CheckpointState;
const extents = [2, 4, 2, 4];
const field = (seed: number): LinkField => nearUnit(lattice(extents, { threads: 1 }), SU(3), { seed, width: 0.4 }) as LinkField;
const hmcFile = (file: string, more = "", sampler = "trajectories = 2", name = "run.toml"): string =>
  scratch.file(name, `[lattice]\nextents = [${extents}]\n[start]\nkind = "file"\nfile = "${file}"\n[action]\nbeta = 5.7\n[sampler]\nsteps = 6\n${sampler}\n${more}`);

/** U with the links negated where `negative` says so. */
function signed(U: LinkField, negative: (mu: number, x: readonly number[]) => boolean): LinkField {
  const V = U.clone() as LinkField;
  return V.set(V.fields.map((f, mu) => f.toArray().map((u, k) => (negative(mu, U.lattice.coordinates(Math.floor(k / 18))) ? -u : u))));
}

/** Adds `size` to every component of every link. */
const shifted = (U: LinkField, size: number): LinkField => U.clone().set(U.fields.map((f) => f.toArray().map((u) => u + size))) as LinkField;

describe("links that enter a run", () => {
  test.each([["single precision", "nersc", 32], ["doubles of single precision", "npy", 64]] as const)("%s: projected once, said, and kept in the events", async (_, format, precision) => {
    const U = field(1);
    if (precision === 64) U.set(U.fields.map((f) => Float64Array.from(Float32Array.from(f.toArray()))));
    const name = `single.${format}`;
    writeGauge(join(scratch.folder, name), U, format, { precision });
    for (const sampler of ["trajectories = 2", "trajectories = 2\nreunitarise = 1"]) {
      const folder = scratch.path();
      const r = await cli(["hmc", hmcFile(name, "", sampler), "--dir", folder]);
      expect(r.code).toBe(0);
      expect(r.stderr).toMatch(new RegExp(`${name}: the links are off SU\\(3\\) by \\d\\.\\d+e-[78].*projected onto the group once \\(mean plaquette ${plaquettes(U).mean.toPrecision(7)}`));
      expect(events(folder).filter((e) => e.kind === "warning" && e.text!.includes("projected onto the group once"))).toHaveLength(1);
    }
    const none = scratch.path();
    expect((await cli(["hmc", hmcFile(name, "", "trajectories = 0"), "--dir", none])).code).toBe(0);
    const V = field(1).set(stateOf(none).links as Float64Array[]);
    const { unitarity, determinant } = unitarityDefect(V as LinkField);
    expect(Math.max(unitarity, determinant)).toBeLessThan(1e-13);
  });

  const foldings: [string, (mu: number, x: readonly number[]) => boolean, RegExp][] = [
    ["the antiperiodic sign", (mu, x) => mu === 3 && x[3] === extents[3]! - 1, /antiperiodic sign of the last time slice is folded into the links/],
    ["Kogut-Susskind phases", (mu, x) => x.slice(0, mu).reduce((s, n) => s + n, 0) % 2 === 1, /Kogut-Susskind phases \(order x, y, z, t\) are folded/],
  ];
  test.each(foldings)("%s: said by runs and trainings, taken out, in events and report", async (_, negative, message) => {
    const U = field(2);
    writeGauge(join(scratch.folder, "folded.ildg"), signed(U, negative), "ildg");
    const folder = scratch.path();
    const r = await cli(["hmc", hmcFile("folded.ildg", "", "trajectories = 0"), "--dir", folder]);
    expect(r.code).toBe(0);
    expect(r.stderr).toMatch(message);
    expect(r.stderr).toMatch(/taken out/);
    expect(events(folder).find((e) => e.kind === "warning")!.text).toMatch(message);
    expect(stateOf(folder).links).toEqual(U.fields.map((f) => f.toArray()));
    const checked = await cli(["hmc", hmcFile("folded.ildg", "[checks]\nevery = 1"), "--dir", scratch.path()]);
    expect([checked.code, /reunitarise/.test(checked.stderr)]).toEqual([0, false]);
    expect((await cli(["report", folder])).code).toBe(0);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(message);
    const training = scratch.path();
    const t = await cli(["train", scratch.file("train.toml", `[lattice]\nextents = [${extents}]\n[action]\nbeta = 5.7\n[network]\nkind = "covariant"\nlayers = 1\n[guide.action]\nbeta = 5.0\n[training]\nconfigurations = ["folded.ildg", "folded.ildg"]\nepochs = 1\n`), "--dir", training]);
    expect([t.code, message.test(t.stderr)]).toEqual([0, true]);
    expect(t.stderr).toMatch(/folded\.ildg and 1 more: /);
    expect(events(training).filter((e) => e.kind === "warning")).toHaveLength(1);
  });

  test.each([
    ["damage", (U: LinkField) => shifted(U, 1e-3), /off the group by/],
    ["signs in no known pattern", (U: LinkField) => signed(U, (mu, x) => mu === 1 && x[0] === 1 && x[3] === 2), /links have determinant -1/],
    ["an open boundary", (U: LinkField) => U.clone().set(U.fields.map((f, mu) => f.toArray().map((u, k) => (mu === 3 && U.lattice.coordinates(Math.floor(k / 18))[3] === 3 ? 0 : u)))) as LinkField, /open boundary/],
  ])("%s is no rounding: refused with what was found, never answered by reunitarise", async (_, spoil, message) => {
    writeGauge(join(scratch.folder, "bad.ildg"), spoil(field(3)), "ildg");
    const folder = scratch.path();
    const r = await cli(["hmc", hmcFile("bad.ildg"), "--dir", folder]);
    expect(r.code).toBe(5);
    expect(r.stderr).toMatch(message);
    expect(r.stderr).not.toMatch(/reunitarise/);
    expect(events(folder).at(-1)).toMatchObject({ kind: "failure", text: expect.stringMatching(message) });
    // the folder can be used once the file is right
    writeGauge(join(scratch.folder, "bad.ildg"), field(3), "ildg");
    expect((await cli(["hmc", hmcFile("bad.ildg"), "--dir", folder])).code).toBe(0);
  });
});

const gauge = (sampler: string, more = ""): string => `group = "SU(2)"\n[lattice]\nextents = [4, 4, 4, 4]\n[action]\nbeta = 2.2\n[sampler]\n${sampler}\n[checks]\nevery = 0\n${more}`;

describe("a production that cannot be trusted", () => {
  test("a chain that never moves: warnings while it runs, in the summary, in the report; exit code 4", async () => {
    const folder = scratch.path();
    const r = await cli(["hmc", scratch.file("stuck.toml", gauge("steps = 1\nlength = 2.5\ntrajectories = 24")), "--dir", folder]);
    expect(r.code).toBe(4);
    expect(r.stderr).toMatch(/none of the last 20 trajectories was accepted/);
    expect(r.stdout).toMatch(/warning: no trajectory of 24 was accepted/);
    expect(r.stdout).toMatch(/warning: no error bar of the plaquette/);
    await cli(["report", folder]);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/Warning: no trajectory of 24 was accepted/);
    const again = await cli(["hmc", scratch.file("stuck.toml", gauge("steps = 1\nlength = 2.5\ntrajectories = 24")), "--dir", folder, "--json", "--quiet"]);
    expect(again.stderr).toMatch(/^gaugegrad: hmc: no trajectory of 24 was accepted: [^\n]+ \(and 2 more in the summary\)\n$/);
    expect([again.code, (JSON.parse(again.stdout) as { alarms: string[] }).alarms.length]).toEqual([4, 3]);
  });

  test("cold starts accept their first trajectories, production does not, and <exp(-dH)> is in the summary", async () => {
    const folder = scratch.path();
    const r = await cli(["hmc", scratch.file("cold.toml", gauge("steps = 6\nlength = 1.5\nthermalisation = 20\ntrajectories = 40")), "--dir", folder, "--json"]);
    expect(r.code).toBe(0);
    const { estimates, alarms } = JSON.parse(r.stdout) as { estimates: Record<string, { mean: number; error: number }>; alarms: string[] };
    expect(alarms).toEqual([]);
    // equilibrium by the heatbath: 0.5695(7) on 8^4
    expect(Math.abs(estimates["plaquette"]!.mean - 0.5695)).toBeLessThan(0.02);
    expect(Math.abs(estimates["exp(-dH)"]!.mean - 1)).toBeLessThan(5 * estimates["exp(-dH)"]!.error);
    const first = metrics(folder).flatMap((l) => (l.kind === "trajectory" ? [l] : []));
    expect(first.map((l) => l.forced === true)).toEqual(first.map((_, k) => k < 10));
    expect(first.slice(0, 10).every((l) => l.accepted)).toBe(true);
    const tooMany = await cli(["hmc", scratch.file("many.toml", gauge("steps = 5\nthermalisation = 2\nacceptAlways = 3")), "--dry-run"]);
    expect([tooMany.code, /many\.toml: sampler\.acceptAlways: got 3, expected at most/.test(tooMany.stderr)]).toEqual([3, true]);
  });

  test("a failing solve may count as a rejected trajectory, with the links kept", async () => {
    const folder = scratch.path();
    const text = smallRun({ thermalise: 0, train: 2, sample: 3 }).replace("mass = 0.3", "mass = 0.3\nmaxIterations = 2").replace("steps = 4", 'steps = 4\nfailedSolve = "reject"').replace(', "forces"', "");
    const r = await cli(["hmc", scratch.file("failing.toml", text), "--dir", folder]);
    expect([r.code, r.stdout]).toEqual([0, expect.anything()]);
    expect(r.stderr).toMatch(/trajectory 0: .*: counted as rejected, its links are in failed\//);
    expect(readdirSync(join(folder, "failed"))).toEqual(["00000000.npy", "00000001.npy", "00000002.npy"]);
    expect(metrics(folder).flatMap((l) => (l.kind === "trajectory" ? [l.accepted, typeof l.failed] : []))).toEqual([false, "string", false, "string", false, "string"]);
    const { U } = readGauge(join(folder, "failed", "00000000.npy"), { threads: 1, lattice: [4, 4], group: "u1" });
    expect(U.fields.map((f) => f.toArray())).toEqual(stateOf(folder).links);
  });
});

describe("checkpoints are starting points", () => {
  const base = (sampler: string, more = ""): string => `group = "SU(2)"\n[lattice]\nextents = [4, 2, 2, 4]\n${more}[action]\nbeta = 2.2\n[sampler]\nsteps = 6\n${sampler}\n`;

  test("convert, measure and start.file take the folder of a run, or one checkpoint of it", async () => {
    const out = scratch.path();
    const name = out.split("/").at(-1)!;
    expect((await cli(["hmc", scratch.file("first.toml", base("trajectories = 3")), "--dir", out])).code).toBe(0);
    const { links } = stateOf(out);
    for (const from of [out, join(out, "checkpoint.00000003")]) {
      const to = `${scratch.path()}.nersc`;
      expect(await cli(["convert", from, to])).toMatchObject({ code: 0, stderr: "" });
      expect(readGauge(to, { threads: 1 }).U.fields.map((f) => f.toArray())).toEqual(links);
    }
    const U = hot(lattice([4, 2, 2, 4], { threads: 1 }), SU(2), { seed: 0 }).set(links as Float64Array[]) as LinkField;
    const m = JSON.parse((await cli(["measure", out, "--json"])).stdout) as { format: string; plaquette: number; linkTrace: number };
    expect(m).toMatchObject({ format: "checkpoint", plaquette: plaquettes(U).mean, linkTrace: linkTrace(U) });
    const fork = (seed: number, file: string): string => scratch.file("fork.toml", base(`trajectories = 0\nseed = ${seed}`, `[start]\nkind = "file"\nfile = "${file}"\n`));
    const next = scratch.path();
    expect((await cli(["hmc", fork(9, name), "--dir", next])).code).toBe(0);
    expect(stateOf(next)).toMatchObject({ links, random: { seed: 9 }, position: 0 });
    // another group or lattice, and a run without a checkpoint
    expect(await cli(["hmc", scratch.file("other.toml", readFileSync(fork(9, name), "utf8").replace("SU(2)", "SU(3)")), "--dir", scratch.path()])).toMatchObject({ code: 5, stderr: expect.stringContaining("got links of SU(2), expected SU(3)") });
    const empty = scratch.path();
    mkdirSync(empty);
    writeFileSync(join(empty, "run.json"), "{}");
    expect(await cli(["measure", empty])).toMatchObject({ code: 5, stderr: expect.stringContaining("without a checkpoint") });
  });

  test("a configurations folder that leads out of the run is refused; a damaged run.json is written anew", async () => {
    const out = scratch.path();
    const file = scratch.file("kept.toml", `${base("trajectories = 1")}[output]\nconfigurations = { every = 1, format = "ildg" }\n`);
    mkdirSync(join(scratch.folder, "elsewhere"));
    mkdirSync(out);
    writeFileSync(join(out, "run.json"), "{}");
    symlinkSync(join(scratch.folder, "elsewhere"), join(out, "configurations"));
    expect(await cli(["hmc", file, "--dir", out])).toMatchObject({ code: 5, stderr: expect.stringMatching(/configurations: got a link (to|out of) /) });
    expect(readdirSync(join(scratch.folder, "elsewhere"))).toEqual([]);
    const fresh = scratch.path();
    await cli(["hmc", file, "--dir", fresh]);
    const info = readFileSync(join(fresh, "run.json"), "utf8");
    for (const damage of ["", "{", '{"command":"train"}', "null"]) {
      writeFileSync(join(fresh, "run.json"), damage);
      expect((await cli(["hmc", file, "--dir", fresh])).code).toBe(0);
      expect(readFileSync(join(fresh, "run.json"), "utf8")).toBe(info);
    }
  });
});

describe("sizes are judged before anything is built", () => {
  const plain = (lines: string, action = "beta = 2.2"): string => `group = "SU(2)"\n[lattice]\nextents = [4, 4, 4, 4]\n[action]\n${action}\n${lines}`;
  test.each([
    ["steps", plain("[sampler]\nsteps = 1000000000"), /sampler\.steps: got \d+(\.\d+)?(e\+?\d+)? moves a trajectory, expected at most 1000000/],
    ["levels", plain("[fermions]\nflavours = 4\nmass = 1\n[sampler]\nlevels = [{ force = 'fermions', steps = 100000 }, { force = 'gauge', steps = 100000 }]"), /sampler\.levels: got/],
    ["extents", plain("[sampler]\nsteps = 4").replace("[4, 4, 4, 4]", "[96, 96, 96, 96]"), /lattice\.extents: got 96x96x96x96.*\(\d+ bytes\), expected at most/],
    ["more extents", plain("[sampler]\nsteps = 4").replace("[4, 4, 4, 4]", "[1000000000, 4]"), /lattice\.extents\[0\]: got 1000000000, expected a number of at most 65536/],
    ["the group", plain("[sampler]\nsteps = 4").replace("SU(2)", "SU(99)"), /group: got the text "SU\(99\)", expected U\(1\), or SU\(2\) to SU\(12\)/],
    ["a group that is none", plain("[sampler]\nsteps = 4").replace("SU(2)", "SU(1)"), /group: got the text "SU\(1\)"/],
    ["Wilson loops", plain("[sampler]\nsteps = 4\n[measurement]\nwilsonLoops = [[1, 100000000]]"), /measurement\.wilsonLoops: got \[1, 100000000\]/],
    ["flow", plain("[sampler]\nsteps = 4\n[measurement]\nflow = { time = 1, step = 1e-9, every = 0.5 }"), /measurement\.flow\.step/],
    ["sources", plain("[sampler]\nsteps = 4\n[measurement]\nsources = 100000000"), /measurement\.sources/],
  ])("%s", async (_, text, message) => {
    const file = scratch.file("large.toml", text);
    for (const more of [["--dry-run"], ["--dir", scratch.path()]]) {
      const began = performance.now();
      const r = await cli(["hmc", file, ...more]);
      expect([r.code, r.stdout]).toEqual([3, ""]);
      expect(r.stderr).toMatch(message);
      expect(performance.now() - began).toBeLessThan(5000);
    }
  });

  test("a dry run builds no large lattice, and stored configurations need no sampler", async () => {
    const r = await cli(["hmc", scratch.file("big.toml", plain("[sampler]\nsteps = 4").replace("[4, 4, 4, 4]", "[32, 32, 32, 32]")), "--dry-run", "--json"]);
    expect(r.code).toBe(0);
    const { estimate } = JSON.parse(r.stdout) as { estimate: { fieldBytes: number; seconds: number } };
    expect(estimate.fieldBytes).toBe(16 * 4 * 4 * 32 ** 4);
    expect(estimate.seconds).toBeGreaterThan(1);
    writeGauge(join(scratch.folder, "one.ildg"), field(5), "ildg");
    const text = `[lattice]\nextents = [${extents}]\n[action]\nbeta = 5.7\n[network]\nkind = "covariant"\nlayers = 1\n[guide.action]\nbeta = 5.0\n[training]\nconfigurations = ["one.ildg"]\nepochs = 1\n`;
    const folder = scratch.path();
    expect((await cli(["train", scratch.file("offline.toml", text), "--dry-run"])).code).toBe(0);
    expect((await cli(["train", scratch.file("offline.toml", text), "--dir", folder])).code).toBe(0);
    expect(existsSync(join(folder, "model.gaugegrad"))).toBe(true);
  });
});
