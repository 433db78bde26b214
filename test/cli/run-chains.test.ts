/** `--chains N`: each chain has the bits of a single run with its stream, whatever stops it; one summary, one report, one test between the chains. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { MetricsRecord } from "../../src/runs/records.ts";
import { summaryOfChains } from "../../src/runs/index.ts";
import { randomStream } from "../../src/util/index.ts";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, lines, linesOf, smallRun, start } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

interface Printed {
  readonly status: string;
  readonly chains: readonly { readonly position: number; readonly estimates: Record<string, { mean: number; error: number }> }[];
  readonly merged: Record<string, { mean: number; error: number; probability: number }>;
  readonly alarms: readonly string[];
}

test("three chains, killed and stopped on the way, have the bits of single runs with the streams 0, 1, 2", { timeout: 400_000 }, async () => {
  const text = smallRun({ thermalise: 2, train: 3, sample: 30, checkpoint: 3 });
  const file = scratch.file("run.toml", text);
  const folder = scratch.path();
  const argv = ["slhmc", file, "--dir", folder, "--chains", "3", "--quiet", "--json"];
  const killed = start(argv);
  await lines(join(folder, "chain-0", "metrics.jsonl"), 5);
  killed.child.kill("SIGKILL");
  await killed.ended;
  // a process that has not yet begun dies of the signal: the first chain has to say that it goes on
  const events = join(folder, "chain-0", "events.jsonl");
  const before = linesOf(events);
  const stopped = start(argv);
  await lines(events, before + 1);
  stopped.child.kill("SIGTERM");
  expect(await stopped.ended).toMatchObject({ code: 75, stderr: "" });
  const whole = await start(argv).ended;
  expect([whole.code, whole.stderr]).toEqual([0, ""]);
  const printed = JSON.parse(whole.stdout) as Printed;
  expect([printed.status, printed.chains.map((c) => c.position), printed.alarms]).toEqual(["done", [35, 35, 35], []]);
  for (const stream of [0, 1, 2]) {
    const single = scratch.path();
    expect((await cli(["slhmc", scratch.file("single.toml", text.replace("seed = 11", `seed = 11\nstream = ${stream}`)), "--dir", single, "--threads", "1", "--quiet"])).code).toBe(0);
    expect([stream, finalBits(join(folder, `chain-${stream}`))]).toEqual([stream, finalBits(single)]);
  }
  const { plaquette } = printed.merged;
  const own = printed.chains.map((c) => c.estimates["plaquette"]!.mean);
  expect(plaquette!.mean).toBeCloseTo(own.reduce((s, x) => s + x / 3, 0), 12);
  expect(plaquette!.probability).toBeGreaterThan(1e-4);
  expect((await cli(["report", folder])).code).toBe(0);
  const html = readFileSync(join(folder, "report.html"), "utf8");
  for (const part of ["all chains", "chain 2", "Q is the probability"]) expect(html).toContain(part);
  // more chains are added, fewer are refused, and so is a single run in the folder
  expect(await cli(["slhmc", file, "--dir", folder, "--chains", "2"])).toMatchObject({ code: 3, stderr: expect.stringContaining("got --chains 2 for a folder of 3 chains") });
  expect((await cli(["slhmc", file, "--dir", folder])).code).toBe(5);
  expect(readdirSync(folder).sort()).toEqual(["chain-0", "chain-1", "chain-2", "chains.json", "report.html"]);
});

test("one after the other in one thread; what fails in a chain names it", async () => {
  const folder = scratch.path();
  const file = scratch.file("two.toml", smallRun({ thermalise: 1, train: 2, sample: 2 }));
  expect((await cli(["slhmc", file, "--dir", folder, "--chains", "2", "--quiet"])).code).toBe(0);
  expect([0, 1].map((k) => existsSync(join(folder, `chain-${k}`, "model.gaugegrad")))).toEqual([true, true]);
  const bad = scratch.file("bad.toml", smallRun().replace("mass = 0.3", "mass = 0.3\nmaxIterations = 1"));
  expect(await cli(["slhmc", bad, "--dir", scratch.path(), "--chains", "2", "--quiet"])).toMatchObject({ code: 4, stderr: expect.stringMatching(/^gaugegrad: chain [01]: trajectory 0: [^\n]+\n$/) });
  expect((await cli(["slhmc", file, "--dir", scratch.path(), "--chains", "0"])).code).toBe(2);
  expect((await cli(["slhmc", file, "--dir", scratch.path(), "--chains", "2000"])).code).toBe(3);
});

test("chains of different distributions are told apart, chains of one are not", () => {
  const records = (seed: number, shift: number): MetricsRecord[] => {
    const random = randomStream(seed).sequence(1);
    return Array.from({ length: 200 }, (_, trajectory) => ({ kind: "trajectory", phase: "sample", trajectory, accepted: random.next() < 0.8, dH: 0.1 * (random.next() - 0.5), action: 1, kinetic: 1, plaquette: shift + random.next() }));
  };
  const of = (shifts: readonly number[]): ReturnType<typeof summaryOfChains> => summaryOfChains(shifts.map((shift, k) => ({ records: records(k, shift), parameters: null })));
  const same = of([0, 0, 0, 0]);
  expect(same.alarms).toEqual([]);
  // uniform numbers: variance 1/12
  expect(Math.abs(same.merged["plaquette"]!.mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 800));
  expect(same.merged["plaquette"]!.error / Math.sqrt(1 / 12 / 800)).toBeGreaterThan(0.7);
  expect(same.merged["plaquette"]!.error / Math.sqrt(1 / 12 / 800)).toBeLessThan(1.4);
  expect(of([0, 0, 0.3, 0]).alarms).toEqual([expect.stringMatching(/^the chains disagree on plaquette: probability /)]);
});
