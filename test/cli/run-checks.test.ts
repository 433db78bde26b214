/** Self-checks of a production: each of them fails for something that is wrong, ends the run with exit code 4 and keeps the last good checkpoint. */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PhysicsCheckError } from "../../src/errors.ts";
import { CheckedSampler } from "../../src/runs/production/checked-sampler.ts";
import type { CheckRecord } from "../../src/runs/records.ts";
import { SU, gaugeAction, hot, lattice } from "../../src/gauge/index.ts";
import { latestCheckpoint } from "../../src/io/index.ts";
import { hmc } from "../../src/samplers/index.ts";
import { cli } from "./helpers.ts";
import { Scratch, smallRun } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

test.each([
  ["reversibility", smallRun().replace("every = 7", "every = 7\nreversibility = 1e-18"), /trajectory 0: integrating forward and back changes the links by [\d.e-]+, expected at most 1e-18/],
  ["unitarity", smallRun().replace("every = 7", "every = 7\nunitarity = 1e-18"), /trajectory \d+: the links are off the group by .*sampler\.reunitarise/],
  ["solver", smallRun().replace("mass = 0.3", "mass = 0.3\nmaxIterations = 1"), /trajectory 0: .*1 iteration/],
])("%s: exit code 4, one line, the checkpoint before it stays", async (_, text, message) => {
  const folder = scratch.path();
  const r = await cli(["slhmc", scratch.file("bad.toml", text), "--dir", folder, "--quiet"]);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
  expect(r.stderr).toMatch(message);
  expect(r.code).toBe(4);
  expect(latestCheckpoint(folder)!.damaged).toEqual([]);
  const last = readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n").at(-1)!;
  expect(JSON.parse(last)).toMatchObject({ kind: "failure", text: expect.stringMatching(message) });
  expect(readdirSync(folder)).not.toContain("lock");
});

test("a force that changes from call to call is noticed, and by nothing else", () => {
  const L = lattice([4, 4], { backend: "js" });
  const U = hot(L, SU(2), { seed: 3 });
  const action = gaugeAction.wilson({ beta: 2 });
  const limits = { every: 2, reversibility: 1, unitarity: 1e-10, solve: 1e-3 };
  const records: CheckRecord[] = [];
  const sampler = (wobble: number): CheckedSampler => {
    let calls = 0;
    const guide = action.with({ beta: 2 });
    const force: typeof guide.force = (V, into) => guide.with({ beta: 2 + wobble * calls++ }).force(V, into);
    return new CheckedSampler(hmc({ action, guide: { force }, steps: 4, integrator: "omelyan", length: 1, seed: 1 }), limits, (r) => records.push(r));
  };
  const before = U.clone();
  expect(() => sampler(1e-12).step(U)).toThrow(PhysicsCheckError);
  const good = sampler(0);
  U.copyFrom(before);
  for (let t = 0; t < 4; t++) good.step(U);
  expect(records.map((r) => r.trajectory)).toEqual([0, 2]);
  expect(records.every((r) => r.reversibility < 1e-13 && r.unitarity < 1e-13)).toBe(true);
  // the checks leave no trace in the chain
  const plain = hmc({ action, steps: 4, integrator: "omelyan", length: 1, seed: 1 });
  for (let t = 0; t < 4; t++) plain.step(before);
  expect(before.fields.map((f) => [...f.toArray()])).toEqual(U.fields.map((f) => [...f.toArray()]));
});

test("sampler.reunitarise moves the links back to the group", async () => {
  const folder = scratch.path();
  const text = smallRun({ sample: 30 }).replace("steps = 4", "steps = 4\nreunitarise = 1");
  expect(await cli(["slhmc", scratch.file("r.toml", text), "--dir", folder, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
  const { links } = latestCheckpoint(folder)!.state as { links: Float64Array[] };
  for (const u of links) for (let k = 0; k < u.length; k += 2) expect(Math.abs(Math.hypot(u[k]!, u[k + 1]!) - 1)).toBeLessThan(4e-16);
});

test("lines without a checkpoint are never overwritten, and extents that do not fit are a configuration error", async () => {
  const folder = scratch.path();
  const file = scratch.file("ok.toml", smallRun({ train: 2, sample: 1 }));
  await cli(["slhmc", file, "--dir", folder, "--quiet"]);
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8");
  for (const name of readdirSync(folder).filter((f) => f.startsWith("checkpoint."))) rmSync(join(folder, name));
  expect(await cli(["slhmc", file, "--dir", folder, "--quiet"])).toMatchObject({ code: 5, stderr: expect.stringContaining("no checkpoint") });
  expect(readFileSync(join(folder, "metrics.jsonl"), "utf8")).toBe(lines);
  const odd = scratch.file("odd.toml", smallRun().replace("[4, 4]", "[3, 4]").replace('"condensate", ', ""));
  expect(await cli(["slhmc", odd, "--dir", scratch.path(), "--quiet"])).toMatchObject({ code: 3, stderr: expect.stringContaining("even extents") });
});
