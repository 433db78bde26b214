/** Ways to stop a run: each saves, exits with 75, and the same command goes on to the same bits. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, lines, smallRun, start } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

test("signals end the run after its trajectory", async () => {
  const file = scratch.file("run.toml", smallRun({ train: 10, sample: 60, checkpoint: 1000 }));
  const [whole, folder] = [scratch.path(), scratch.path()];
  await start(["slhmc", file, "--dir", whole, "--quiet"]).ended;
  for (const [signal, count] of [["SIGUSR1", 2], ["SIGTERM", 15], ["SIGINT", 40]] as const) {
    const { child, ended } = start(["slhmc", file, "--dir", folder, "--quiet"]);
    await lines(join(folder, "metrics.jsonl"), count);
    child.kill(signal);
    const r = await ended;
    expect([signal, r.code, r.stderr]).toEqual([signal, 75, ""]);
    expect(r.stdout).toMatch(new RegExp(`stopped \\(${signal}\\) at \\d+ of 73: the same command goes on\n$`));
    expect(existsSync(join(folder, "lock"))).toBe(false);
  }
  expect(await start(["slhmc", file, "--dir", folder, "--quiet"]).ended).toMatchObject({ code: 0 });
  expect(finalBits(folder)).toEqual(finalBits(whole));
});

test("a file STOP, which is used up", async () => {
  const file = scratch.file("stop.toml", smallRun({ thermalise: 1, train: 3, sample: 3 }));
  const folder = scratch.path();
  let position = 0;
  const r = await cli(["slhmc", file, "--dir", folder, "--json", "--max-seconds", "1e-9"]);
  expect(r.code).toBe(75);
  expect(JSON.parse(r.stdout)).toMatchObject({ status: "stopped", reason: "--max-seconds 1e-9", position: 0, total: 7 });
  writeFileSync(join(folder, "STOP"), "");
  const stopped = await cli(["slhmc", file, "--dir", folder, "--json"]);
  ({ position } = JSON.parse(stopped.stdout) as { position: number });
  expect([stopped.code, position]).toEqual([75, 0]);
  expect(existsSync(join(folder, "STOP"))).toBe(false);
  expect((await cli(["slhmc", file, "--dir", folder])).code).toBe(0);
});

test("--max-seconds stops before the time is over", async () => {
  const file = scratch.file("long.toml", smallRun({ train: 3, sample: 1_000_000, checkpoint: 1000 }));
  const folder = scratch.path();
  const r = await cli(["slhmc", file, "--dir", folder, "--json", "--max-seconds", "1.5"]);
  expect(r.code).toBe(75);
  const events = readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as { kind: string; position: number; text?: string });
  expect(events.at(-1)).toMatchObject({ kind: "stop", text: "--max-seconds 1.5" });
  expect((JSON.parse(r.stdout) as { position: number }).position).toBe(events.at(-1)!.position);
});

test("progress goes to stderr as plain lines, and nowhere with --quiet", async () => {
  const file = scratch.file("quiet.toml", smallRun({ thermalise: 1, train: 2, sample: 2 }));
  const loud = await cli(["slhmc", file, "--dir", scratch.path()]);
  expect(loud.stderr).toMatch(/slhmc {2}5\/5 {2}100 % .*phase sample {2}acceptance [\d.]+ {2}plaquette/);
  expect(loud.stderr).not.toContain("\u001B");
  const quiet = await cli(["slhmc", file, "--dir", scratch.path(), "--quiet"]);
  expect(quiet).toMatchObject({ code: 0, stderr: "" });
  expect(quiet.stdout).toContain("done, 5 of 5");
});
