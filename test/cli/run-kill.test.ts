/** Runs that are killed and resumed end with the bits of a run that was left alone. The long version is test/physics/kill.physics.ts. */
import { existsSync, readdirSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { Scratch, finalBits, smallRun, start } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

test("kill -9 at every moment of a checkpoint, in the middle of a line, and at random: the same final bits", async () => {
  const file = scratch.file("run.toml", smallRun({ train: 12, sample: 20 }));
  const [whole, broken] = [scratch.path(), scratch.path()];
  expect(await start(["slhmc", file, "--dir", whole, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  const killed = async (fault: string): Promise<void> => {
    const { signal } = await start(["slhmc", file, "--dir", broken, "--quiet"], { fault }).ended;
    expect([fault, signal]).toEqual([fault, "SIGKILL"]);
  };
  for (const fault of ["unrenamed:1", "half:3", "unsynced:2", "renamed:2", "line:5", "half:2"]) await killed(fault);
  // killed writes have left their temporary files, and the lock of a dead process
  expect(readdirSync(broken).filter((f) => f.endsWith(".tmp"))).not.toEqual([]);
  expect(existsSync(`${broken}/lock`)).toBe(true);
  const { child, ended } = start(["slhmc", file, "--dir", broken, "--quiet"]);
  setTimeout(() => child.kill("SIGKILL"), 400);
  await ended;
  expect(await start(["slhmc", file, "--dir", broken, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  expect(finalBits(broken)).toEqual(finalBits(whole));
  expect(finalBits(broken)).toMatchObject({ position: 35, done: true });
  expect(readdirSync(broken).sort()).toEqual(readdirSync(whole).sort());
  expect(readdirSync(`${broken}/configurations`)).toEqual(readdirSync(`${whole}/configurations`));
});
