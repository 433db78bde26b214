/** Which changes of a run file make another run, and that a folder that was moved goes on. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { EventRecord } from "../../src/runs/records.ts";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, smallRun } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const events = (folder: string): EventRecord[] => readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as EventRecord);
const short = (extra = ""): string => smallRun({ thermalise: 1, train: 3, sample: 3, checkpoint: 1, extra });
const slhmc = (file: string, folder: string, ...more: string[]): ReturnType<typeof cli> => cli(["slhmc", file, "--dir", folder, "--quiet", ...more]);

test.each([
  ["fermions[0].maxIterations", (t: string) => t.replace("mass = 0.3", "mass = 0.3\nmaxIterations = 4999")],
  ["fermions[0].tolerance", (t: string) => t.replace("mass = 0.3", "mass = 0.3\ntolerance = 1e-11")],
  ["checks.every", (t: string) => t.replace("every = 7", "every = 5")],
  ["checks.reversibility", (t: string) => `${t}reversibility = 1e-6\n`],
  ["sampler.reunitarise", (t: string) => t.replace("steps = 4", "steps = 4\nreunitarise = 2")],
  ["output.checkpoint", (t: string) => t.replace("checkpoint = 1", "checkpoint = 2")],
  ["measurement.observables", (t: string) => t.replace('"polyakov", ', "")],
  ["title", (t: string) => `title = "renamed"\n${t}`],
])("%s may change on resume; the change is an event, once", async (key, change) => {
  const folder = scratch.path();
  await slhmc(scratch.file("before.toml", short()), folder, "--max-seconds", "1e-9");
  const file = scratch.file("after.toml", change(short()));
  expect(await slhmc(file, folder)).toMatchObject({ code: 0, stderr: "" });
  expect(await slhmc(file, folder)).toMatchObject({ code: 0, stderr: "" });
  expect(events(folder).map((e) => e.kind)).toEqual(["start", "stop", "change", "resume", "done"]);
  expect(events(folder)[2]!.text).toMatch(new RegExp(`^${key.replaceAll(/[[\].]/g, "\\$&")}: .* before, .* now$`));
  const { configuration } = JSON.parse((await cli(["slhmc", file, "--dry-run", "--json"])).stdout) as { configuration: { title?: string } };
  if (configuration.title !== undefined) expect(readFileSync(join(folder, "config.toml"), "utf8")).toContain('title = "renamed"');
});

test("a title that changes after the end is taken over, and settings that matter stay refused", async () => {
  const folder = scratch.path();
  await slhmc(scratch.file("whole.toml", short()), folder);
  expect((await slhmc(scratch.file("titled.toml", `title = "late"\n${short()}`), folder)).code).toBe(0);
  expect(events(folder).map((e) => e.kind)).toEqual(["start", "done", "change"]);
  for (const [from, to] of [["mass = 0.3", "mass = 0.31"], ["seed = 11", "seed = 12"], ["steps = 4", "steps = 5"], ['kind = "hot"', 'kind = "cold"'], ["[measurement]", "[measurement]\ncondensateMass = 0.5"]] as const)
    expect([to, (await slhmc(scratch.file("other.toml", short().replace(from, to)), folder)).code]).toEqual([to, 3]);
});

test("the advice of a failed solver can be followed: the run goes on from its last checkpoint", async () => {
  const folder = scratch.path();
  const text = (limit: number): string => short().replace("mass = 0.3", `mass = 0.3\nmaxIterations = ${limit}`);
  expect((await slhmc(scratch.file("few.toml", text(1)), folder)).code).toBe(4);
  expect((await slhmc(scratch.file("many.toml", text(5000)), folder)).code).toBe(0);
  const whole = scratch.path();
  await slhmc(scratch.file("whole.toml", text(5000)), whole);
  expect(finalBits(folder)).toEqual(finalBits(whole));
  expect(events(folder).map((e) => e.kind)).toEqual(["start", "failure", "change", "resume", "done"]);
});

test("a run that was moved with its files resumes to the same bits; its start file is not asked for", async () => {
  const donor = scratch.path();
  await slhmc(scratch.file("donor.toml", smallRun({ thermalise: 1, train: 3, sample: 4 })), donor);
  const text = short().replace('kind = "hot"', 'kind = "file"\nfile = "data/start.npy"').replace(/\[training\][^[]*/, "").replace(/kind = "covariant"\nlayers = 1/, 'kind = "model"\nfile = "data/model.gaugegrad"');
  const project = (): string => {
    const at = scratch.path();
    mkdirSync(join(at, "data"), { recursive: true });
    cpSync(join(donor, "configurations", "00000008.npy"), join(at, "data", "start.npy"));
    cpSync(join(donor, "model.gaugegrad"), join(at, "data", "model.gaugegrad"));
    writeFileSync(join(at, "run.toml"), text);
    return at;
  };
  const [whole, first] = [project(), project()];
  expect((await cli(["slhmc", "run.toml", "--dir", "out", "--quiet"], { directory: whole })).code).toBe(0);
  expect((await cli(["slhmc", "run.toml", "--dir", "out", "--quiet", "--max-seconds", "1e-9"], { directory: first })).code).toBe(75);
  const moved = scratch.path();
  renameSync(first, moved);
  rmSync(join(moved, "data"), { recursive: true });
  expect(await cli(["slhmc", join(moved, "run.toml"), "--dir", join(moved, "out"), "--quiet"])).toMatchObject({ code: 0, stderr: "" });
  // nothing was trained, so there is no model to compare
  for (const at of [whole, moved]) writeFileSync(join(at, "out", "model.gaugegrad"), "");
  expect(finalBits(join(moved, "out"))).toEqual(finalBits(join(whole, "out")));
  // the resolved run in the folder is the same run, also from elsewhere
  expect((await slhmc(join(moved, "out", "config.toml"), join(moved, "out"))).code).toBe(0);
  // weights that changed under their name are noticed
  writeFileSync(join(whole, "data", "model.gaugegrad"), "other");
  expect(await cli(["slhmc", "run.toml", "--dir", "out", "--quiet"], { directory: whole })).toMatchObject({ code: 3, stderr: expect.stringContaining("data/model.gaugegrad that has changed") });
});
