/** Runs of spins that are killed and resumed end with the bits of one that was left alone. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { Scratch, start } from "../cli/runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const RUN = (steps: number): string => `[model]
lattice = [4, 4]
T = 0.2
[effective]
shells = 3
reach = 1
layers = 2
[training]
samples = 40
test = 10
steps = 10
[sampler]
seed = 4
thermalise = 20
steps = ${steps}
updates = 16
[output]
checkpoint = 3
`;

test.each([["sample", "spins.json", 300, 10], ["train", "model.json", 1, 2]] as const)("spins %s, killed at random", { timeout: 600_000 }, async (command, result, steps, kills) => {
  const file = scratch.file(`${command}.toml`, RUN(steps));
  const [whole, broken] = [scratch.path(), scratch.path()];
  const argv = (folder: string): string[] => ["spins", command, file, "--dir", folder, "--quiet", "--json"];
  const left = await start(argv(whole)).ended;
  expect(left).toMatchObject({ code: 0, stderr: "" });
  for (let k = 0; k < kills; k++) {
    // in the middle of a line, or at any moment of a checkpoint, after a random number of them
    const moment = ["line", "half", "unsynced", "unrenamed", "renamed"][Math.floor(5 * Math.random())]!;
    const fault = `${moment}:${1 + Math.floor(Math.random() * (command === "train" ? 2 : moment === "line" ? 12 : 4))}`;
    const { signal, stderr } = await start(argv(broken), { fault }).ended;
    expect([fault, signal, stderr]).toEqual([fault, "SIGKILL", ""]);
  }
  // a signal, as soon as somebody listens
  const { child, ended } = start(argv(broken));
  while (!existsSync(join(broken, "lock")) || !readFileSync(join(broken, "lock"), "utf8").includes(`"pid":${child.pid}`)) await setTimeout(1);
  child.kill("SIGTERM");
  const stopped = await ended;
  expect(stopped.code).toBe(75);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ command: `spins ${command}`, status: "stopped", reason: "SIGTERM" });
  const done = await start(argv(broken)).ended;
  expect(done).toMatchObject({ code: 0, stderr: "" });
  const numbers = (text: string): unknown => ({ ...(JSON.parse(text) as object), folder: "" });
  expect(numbers(done.stdout)).toEqual(numbers(left.stdout));
  for (const name of [result, "metrics.jsonl", "config.toml"]) expect(readFileSync(join(broken, name), "utf8"), name).toBe(readFileSync(join(whole, name), "utf8"));
});
