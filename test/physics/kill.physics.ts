/**
 * Thirty kills of self-learning HMC with training: every second at a chosen moment of a checkpoint write (half written, not synced, not renamed,
 * renamed and not synced) or of a line of metrics, the others at random times. After all of them: the bits of an uninterrupted run.
 */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { randomStream } from "../../src/util/index.ts";
import { checkpointPositions } from "../../src/io/index.ts";
import { guidedRuns, killedAndWhole } from "../cli/guided-runs.ts";
import { Scratch, finalBits, smallRun, start } from "../cli/runs.ts";

const KILLS = 30;
const MOMENTS = ["half", "unsynced", "unrenamed", "renamed", "line"] as const;

test("30 kills, the same final bits", async () => {
  using scratch = new Scratch();
  const file = scratch.file("run.toml", smallRun({ thermalise: 10, train: 400, sample: 6000, checkpoint: 2 }));
  const [whole, broken] = [scratch.path(), scratch.path()];
  const run = (folder: string): string[] => ["slhmc", file, "--dir", folder, "--quiet"];
  expect((await start(run(whole)).ended).code).toBe(0);
  const random = randomStream(2026).sequence(16);
  const position = (): number => (existsSync(broken) ? (checkpointPositions(broken)[0] ?? 0) : 0);
  const log: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill % 2 === 0) {
      const fault = `${MOMENTS[(kill / 2) % MOMENTS.length]!}:${1 + random.int(12)}`;
      const { signal, code, stderr } = await start(run(broken), { fault }).ended;
      expect({ kill, fault, signal, code, stderr, at: position() }).toMatchObject({ signal: "SIGKILL" });
      log.push(`${fault} at ${position()}`);
    } else {
      // a random number of trajectories further, and at a random moment then
      const { child, ended } = start(run(broken));
      const goal = position() + 2 + random.int(60);
      while (position() < goal && child.exitCode === null) await new Promise((again) => setTimeout(again, 2));
      await new Promise((go) => setTimeout(go, random.int(12)));
      child.kill("SIGKILL");
      expect([kill, (await ended).signal]).toEqual([kill, "SIGKILL"]);
      log.push(`random at ${position()}`);
    }
  }
  console.log(log.join("; "));
  expect((await start(run(broken)).ended).code).toBe(0);
  expect(finalBits(broken)).toEqual(finalBits(whole));
  expect(finalBits(whole)).toMatchObject({ position: 6410, done: true });
});

test.each(guidedRuns)("%s: killed and resumed, the same bits", async (name, text) => {
  using scratch = new Scratch();
  await killedAndWhole(scratch, name, text);
});
