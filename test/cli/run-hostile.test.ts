/** Counts and files that would hang or end a process: each is one line, the documented exit code, and at once. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { latestCheckpoint } from "../../src/io/index.ts";
import { writeContainer } from "../../src/util/index.ts";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, lines, mkfifo, smallRun, start } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const network = (text: string): string => smallRun().replace('kind = "covariant"\nlayers = 1', text).replace('trainable = ["network", "gauge.beta"]', "");

test.each([
  ["layers", 'kind = "covariant"\nlayers = 1000000000', /network\.layers: got 1000000000, expected a number of at most 256/],
  ["blocks", 'kind = "cask"\nblocks = 1000000000', /network\.blocks: .*at most 64/],
  ["length", 'kind = "cask"\nlength = 1000000000', /network\.length: .*at most 64/],
  ["flow steps", 'kind = "flow"\ntime = 1.0\nsteps = 1000000000', /network\.steps: .*at most 1000/],
  ["channels", 'kind = "convolution"\nchannels = [1000000000]', /network\.channels\[0\]: .*at most 1024/],
  ["reach", 'kind = "convolution"\nreach = 1000000000', /network\.reach: .*at most 64/],
  ["layers of a chain", 'kind = "chain"\nlayers = [{ network = "covariant", layers = 1000000000 }]', /layers = 1000000000, expected/],
])("%s of a network are bounded", async (_, text, message) => {
  const began = performance.now();
  const r = await cli(["slhmc", scratch.file("network.toml", network(text)), "--dir", scratch.path()]);
  expect([r.code, r.stdout]).toEqual([3, ""]);
  expect(r.stderr).toMatch(message);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("so are those of a network in a model file with the right hash", async () => {
  const file = join(scratch.folder, "large.gaugegrad");
  writeContainer(file, { name: "model", version: 1 }, { network: "covariant", declaration: { layers: 1e9 }, group: 1, dimension: 2, names: ["a"], values: Float64Array.of(1), others: {}, training: null });
  const began = performance.now();
  const r = await cli(["slhmc", scratch.file("model.toml", network('kind = "model"\nfile = "large.gaugegrad"').replace(/\[training\][^[]*/, "")), "--dir", scratch.path()]);
  expect([r.code, r.stdout]).toEqual([3, ""]);
  expect(r.stderr).toMatch(/large\.gaugegrad: network covariant: got layers = 1000000000, expected at most 256/);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("run files, model files, start files and modules that are pipes, devices or folders are refused, not waited for", async () => {
  const fifo = scratch.path();
  mkfifo(fifo);
  const folder = scratch.path();
  mkdirSync(folder);
  for (const what of [fifo, folder, "/dev/zero"]) {
    const began = performance.now();
    const quoted = JSON.stringify(what);
    const model = scratch.file("model.toml", network(`kind = "model"\nfile = ${quoted}`).replace(/\[training\][^[]*/, ""));
    const from = scratch.file("from.toml", smallRun().replace('kind = "hot"', `kind = "file"\nfile = ${quoted}`));
    for (const argv of [["hmc", what, "--dir", scratch.path()], ["slhmc", model, "--dir", scratch.path()], ["slhmc", from, "--dir", scratch.path()], ["model", "show", what], ["check", what]]) {
      const r = await cli(argv);
      expect([argv[0], r.code]).toEqual([argv[0], 5]);
      expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
    }
    expect(performance.now() - began).toBeLessThan(20_000);
  }
});

test("names from files steer no terminal", async () => {
  const escape = "\u001B]0;owned\u0007";
  const r = await cli(["hmc", scratch.file("escape.toml", smallRun().replace('kind = "hot"', `kind = "file"\nfile = ${JSON.stringify(`x${escape}`)}`)), "--dir", scratch.path()]);
  expect(r.code).toBe(5);
  // oxlint-disable-next-line no-control-regex
  expect(r.stderr).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f]*$/);
});

test("more threads than the machine can serve are capped, with one line", () => {
  const file = scratch.file("threads.toml", smallRun({ train: 3, sample: 1 }));
  const main = join(import.meta.dirname, "../../dist/cli/main.js");
  const r = spawnSync(process.execPath, [main, "slhmc", file, "--dir", scratch.path(), "--threads", "1000", "--quiet"], { encoding: "utf8", timeout: 60_000 });
  expect(r.status).toBe(0);
  const most = Math.max(4, 2 * availableParallelism());
  expect(r.stderr).toBe(`gaugegrad: threads: got 1000, expected at most ${most}, twice the processors of this machine: ${most} are used\n`);
});

/** Trajectories that take seconds. */
const slow = `group = "SU(2)"\n[lattice]\nextents = [8, 8, 8, 8]\n[start]\nkind = "hot"\n[action]\nbeta = 2.2\n[sampler]\nsteps = 20000\nlength = 1.0\ntrajectories = 3\n[checks]\nevery = 0\n`;

test("a signal is heard within a trajectory; what was done is kept", async () => {
  const file = scratch.file("slow.toml", slow);
  const folder = scratch.path();
  const { child, ended } = start(["hmc", file, "--dir", folder, "--quiet"]);
  await lines(join(folder, "events.jsonl"), 1);
  await new Promise((later) => setTimeout(later, 3000));
  const began = performance.now();
  child.kill("SIGTERM");
  const r = await ended;
  expect([r.code, r.stderr]).toEqual([75, ""]);
  expect(performance.now() - began).toBeLessThan(5000);
  expect(latestCheckpoint(folder)).toMatchObject({ position: 0, damaged: [] });
});

test("a second SIGTERM or SIGINT ends at once, and the run resumes from its last whole checkpoint to the same bits", async () => {
  const file = scratch.file("twice.toml", smallRun({ train: 4, sample: 30, checkpoint: 1000 }));
  const [whole, folder] = [scratch.path(), scratch.path()];
  await start(["slhmc", file, "--dir", whole, "--quiet"]).ended;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // the disk hangs while the first signal's checkpoint is written
    const { child, ended } = start(["slhmc", file, "--dir", folder, "--quiet"], { fault: signal === "SIGTERM" ? "slow:2" : "slow:1" });
    await lines(join(folder, "metrics.jsonl"), 6);
    child.kill(signal);
    await new Promise((later) => setTimeout(later, 1500));
    const began = performance.now();
    child.kill(signal);
    expect([signal, (await ended).signal]).toEqual([signal, signal]);
    expect(performance.now() - began).toBeLessThan(3000);
    expect(latestCheckpoint(folder)).toMatchObject({ position: 0, damaged: [] });
  }
  expect(await start(["slhmc", file, "--dir", folder, "--quiet"]).ended).toMatchObject({ code: 0 });
  expect(finalBits(folder)).toEqual(finalBits(whole));
});
