/** The folder of a run: what is refused, what is survived, and that nothing is lost either way. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { lockFolder } from "../../src/runs/folder/lock.ts";
import { latestCheckpoint } from "../../src/io/index.ts";
import type { CheckpointState, EventRecord } from "../../src/runs/records.ts";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, smallRun, start } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const slhmc = (file: string, folder: string, ...more: string[]): ReturnType<typeof cli> => cli(["slhmc", file, "--dir", folder, ...more]);
const tiny = scratch.file("tiny.toml", smallRun({ thermalise: 1, train: 3, sample: 3, checkpoint: 1 }));
const snapshot = (folder: string): Record<string, string> => Object.fromEntries(readdirSync(folder, { withFileTypes: true }).filter((f) => f.isFile()).map((f) => [f.name, readFileSync(join(folder, f.name)).toString("hex")]));
const events = (folder: string): EventRecord[] => readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as EventRecord);

test("a run leaves the files of the contract; the same command again changes nothing", async () => {
  const folder = scratch.path();
  const first = await slhmc(tiny, folder, "--json");
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({ schemaVersion: 1, command: "slhmc", status: "done", position: 7, total: 7, phases: { thermalise: { trajectories: 1 }, train: { trajectories: 3 }, sample: { trajectories: 3 } } });
  expect(readdirSync(folder).sort()).toEqual(["checkpoint.00000006", "checkpoint.00000007", "config.toml", "configurations", "events.jsonl", "metrics.jsonl", "model.gaugegrad", "observables", "run.json"]);
  expect(events(folder).map((e) => e.kind)).toEqual(["start", "done"]);
  expect(events(folder)[0]).toMatchObject({ version: expect.stringMatching(/^\d/), arithmetic: { engine: expect.any(String), fusedMultiplyAdd: expect.any(Boolean) } });
  const kinds = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => (JSON.parse(l) as { kind: string }).kind);
  expect(kinds).toEqual(["check", "trajectory", ...Array.from({ length: 3 }, () => ["trajectory", "training"]).flat(), ...Array.from({ length: 3 }, () => ["trajectory", "measurement"]).flat()]);
  const before = snapshot(folder);
  expect(await slhmc(tiny, folder, "--json")).toMatchObject({ code: 0, stdout: first.stdout });
  expect(snapshot(folder)).toEqual(before);
  // the resolved run is a run file of the same run
  expect((await slhmc(join(folder, "config.toml"), folder)).code).toBe(0);
});

test("a changed configuration is refused with the keys that differ, another command too", async () => {
  const folder = scratch.path();
  await slhmc(tiny, folder);
  const before = snapshot(folder);
  const changed = scratch.file("changed.toml", smallRun({ thermalise: 1, train: 3, sample: 3, checkpoint: 1, beta: 2.5 }).replace("steps = 4", "steps = 5"));
  const r = await slhmc(changed, folder);
  expect(r.code).toBe(3);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]*action\.beta: 2 before, 2\.5 now; sampler\.steps: 4 before, 5 now[^\n]*--dir\n$/);
  expect(await cli(["train", tiny, "--dir", folder])).toMatchObject({ code: 3, stderr: expect.stringContaining("folder of slhmc") });
  expect(snapshot(folder)).toEqual(before);
});

test("more trajectories are a longer run, on request", async () => {
  const [folder, whole] = [scratch.path(), scratch.path()];
  const longer = scratch.file("longer.toml", smallRun({ thermalise: 1, train: 3, sample: 6, checkpoint: 1 }));
  await slhmc(tiny, folder);
  expect(await slhmc(longer, folder)).toMatchObject({ code: 3, stderr: expect.stringContaining("--extend") });
  expect((await slhmc(longer, folder, "--extend")).code).toBe(0);
  await slhmc(longer, whole);
  expect(finalBits(folder)).toEqual(finalBits(whole));
  expect(await slhmc(tiny, folder, "--extend")).toMatchObject({ code: 3 });
});

test("a folder with something else is refused and left alone", async () => {
  const folder = scratch.path();
  mkdirSync(folder);
  writeFileSync(join(folder, "thesis.tex"), "everything");
  const r = await slhmc(tiny, folder);
  expect(r.code).toBe(5);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]*thesis\.tex[^\n]*no run[^\n]*\n$/);
  expect(readdirSync(folder)).toEqual(["thesis.tex"]);
});

test("a folder that cannot be made or written to is a clear error", async () => {
  const file = scratch.file("file", "");
  for (const folder of [join(file, "out"), "/proc/gaugegrad-run"]) expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stdout: "", stderr: expect.stringMatching(/^gaugegrad: [^\n]*cannot be used \([A-Z]+:[^\n]*\n$/) });
});

test("the previous checkpoint stands in for a damaged one, with a warning and the same final bits", async () => {
  const [folder, whole] = [scratch.path(), scratch.path()];
  await slhmc(tiny, whole);
  await slhmc(tiny, folder);
  truncateSync(join(folder, "checkpoint.00000007"), 400);
  const r = await slhmc(tiny, folder);
  expect(r.code).toBe(0);
  expect(r.stderr).toMatch(/passed over a damaged checkpoint: .*checkpoint\.00000007/);
  expect(finalBits(folder)).toEqual(finalBits(whole));
  expect(events(folder).map((e) => e.kind)).toEqual(["start", "done", "warning", "resume", "done"]);
  for (const name of ["checkpoint.00000006", "checkpoint.00000007"]) truncateSync(join(folder, name), 0);
  expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stderr: expect.stringContaining("2 damaged checkpoints") });
});

test.each(["one position before the end", "finished"])("altered or missing metrics of a run, %s, are noticed, and never overwritten", async (where) => {
  const folder = scratch.path();
  await slhmc(tiny, folder);
  if (where !== "finished") rmSync(join(folder, "checkpoint.00000007"));
  const metrics = join(folder, "metrics.jsonl");
  const good = readFileSync(metrics);
  const bad = Buffer.from(good);
  bad[40]! ^= 1;
  writeFileSync(metrics, bad);
  expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stderr: expect.stringContaining("was altered") });
  expect(readFileSync(metrics).equals(bad)).toBe(true);
  writeFileSync(metrics, good.subarray(0, 100));
  expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stderr: expect.stringContaining("got 100 bytes") });
  rmSync(metrics);
  expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stderr: expect.stringContaining("is missing") });
  writeFileSync(metrics, good);
  expect((await slhmc(tiny, folder)).code).toBe(0);
});

test("folders in the place of the files of a run are named", async () => {
  const folder = scratch.path();
  await slhmc(tiny, folder);
  for (const name of ["metrics.jsonl", "lock"]) {
    rmSync(join(folder, name), { force: true });
    mkdirSync(join(folder, name));
    const { code, stderr } = await slhmc(tiny, folder, "--quiet");
    expect([code, stderr]).toEqual([5, expect.stringMatching(new RegExp(`^gaugegrad: [^\n]*/${name}: [^\n]*expected [^\n]*\n$`))]);
    rmSync(join(folder, name), { recursive: true });
  }
});

test("a full disk while a checkpoint is written: exit code 5, and the run goes on from the one before", async () => {
  const [folder, whole] = [scratch.path(), scratch.path()];
  await slhmc(tiny, whole);
  const r = await start(["slhmc", tiny, "--dir", folder, "--quiet"], { fault: "full:4" }).ended;
  expect(r.code).toBe(5);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]*checkpoint[^\n]*ENOSPC[^\n]*\n$/);
  expect(latestCheckpoint(folder)).toMatchObject({ position: 2, damaged: [] });
  expect(readdirSync(folder).filter((f) => f.endsWith(".tmp") || f === "lock")).toEqual([]);
  expect(events(folder).at(-1)).toMatchObject({ kind: "failure", text: expect.stringContaining("ENOSPC") });
  expect((await slhmc(tiny, folder)).code).toBe(0);
  expect(finalBits(folder)).toEqual(finalBits(whole));
});

test("a second run on the folder is refused while the first lives", async () => {
  const folder = scratch.path();
  const file = scratch.file("long.toml", smallRun({ thermalise: 0, train: 3, sample: 100_000, checkpoint: 1 }));
  const first = start(["slhmc", file, "--dir", folder]);
  while (!existsSync(join(folder, "run.json"))) await new Promise((again) => setTimeout(again, 5));
  const r = await slhmc(file, folder);
  expect(r.code).toBe(5);
  expect(r.stderr).toMatch(new RegExp(`process ${first.child.pid} `));
  first.child.kill("SIGTERM");
  expect(await first.ended).toMatchObject({ code: 75 });
});

test("the lock of a dead process is taken over, also when its number lives on in another process", async () => {
  const other = spawn("sleep", ["60"]);
  const gone = spawn("true");
  await new Promise((closed) => gone.on("close", closed));
  const lock = (pid: number, host = hostname()): string => JSON.stringify({ pid, host, started: "another-boot:1", since: "2020-01-01T00:00:00.000Z" });
  for (const text of [lock(other.pid!), lock(gone.pid!), "", "{"]) {
    const folder = scratch.path();
    mkdirSync(folder);
    writeFileSync(join(folder, "lock"), text);
    expect([text, (await slhmc(tiny, folder)).code]).toEqual([text, 0]);
    expect(readdirSync(folder)).not.toContain("lock");
  }
  // a process of another machine cannot be asked
  const folder = scratch.path();
  mkdirSync(folder);
  writeFileSync(join(folder, "lock"), lock(1, "elsewhere"));
  expect(await slhmc(tiny, folder)).toMatchObject({ code: 5, stderr: expect.stringContaining("elsewhere") });
  other.kill();
  // but Slurm has ended an earlier start of this job
  vi.stubEnv("SLURM_JOB_ID", "7");
  vi.stubEnv("SLURM_RESTART_COUNT", "1");
  const ofJob = (id: string, restart: number): void => writeFileSync(join(folder, "lock"), JSON.stringify({ ...(JSON.parse(lock(1, "elsewhere")) as object), job: { id, restart } }));
  for (const [id, restart] of [["7", 1], ["8", 0]] as const) {
    ofJob(id, restart);
    expect(() => lockFolder(folder)).toThrow(/elsewhere/);
  }
  ofJob("7", 0);
  lockFolder(folder)[Symbol.dispose]();
  vi.unstubAllEnvs();
});

test("another arithmetic is announced", async () => {
  const folder = scratch.path();
  await slhmc(tiny, folder, "--strict");
  rmSync(join(folder, "checkpoint.00000007"));
  const { arithmetic } = latestCheckpoint(folder)!.state as CheckpointState;
  expect(arithmetic.fusedMultiplyAdd).toBe(false);
  const r = await slhmc(tiny, folder, "--strict", "--backend", "js");
  expect(r.code).toBe(0);
  expect(r.stderr).toMatch(/made with .* goes on with js, multiply then add/);
});
