/** A run of which single ranks are killed, with another number of ranks after each kill; what is left is compared with a run on one process. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { checkpointPositions } from "../../src/io/index.ts";
import { randomStream } from "../../src/util/index.ts";
import { Scratch, finalBits, smallRun, start } from "../cli/runs.ts";
import { type LauncherHere, launch } from "./launchers.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");
/** Ranks between two kills. */
const COUNTS = [4, 1, 2, 4, 2];

export interface Kills {
  readonly launchers: readonly LauncherHere[];
  readonly kills: number;
  /** Number of the kill that comes in the middle of writing a checkpoint. */
  readonly inWrite: number;
  readonly seed: number;
  readonly trajectories: number;
}

/** Kills, resumes, and compares. Gives what was done. */
export async function killedRun({ launchers, kills, inWrite, seed, trajectories }: Kills): Promise<string[]> {
  using scratch = new Scratch();
  const file = scratch.file("run.toml", smallRun({ train: 10, sample: trajectories }));
  const [whole, broken] = [scratch.path(), scratch.path()];
  const args = (folder: string): string[] => ["slhmc", file, "--dir", folder, "--threads", "1", "--quiet"];
  expect(await start(args(whole)).ended).toMatchObject({ code: 0, stderr: "" });
  const random = randomStream(seed).sequence(16);
  const position = (): number => (existsSync(broken) ? (checkpointPositions(broken)[0] ?? 0) : 0);
  const log: string[] = [];
  const begin = (n: number, more: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): ReturnType<typeof launch> => launch(launchers[n % launchers.length]!, COUNTS[n % COUNTS.length]!, [main, ...args(broken)], more, flags);
  for (let kill = 0; kill < kills; kill++) {
    const size = COUNTS[kill % COUNTS.length]!;
    const before = position();
    if (kill === inWrite) {
      const { code } = await begin(kill, { GAUGEGRAD_TEST_FAULT: "half:2" }, ["--import", join(root, "test/cli/killing.mjs")]);
      expect(code).not.toBe(0);
      log.push(`${size} ranks: rank 0 in a write, at ${position()}`);
      continue;
    }
    let ended = false;
    const end = begin(kill).finally(() => (ended = true));
    const goal = before + 2 + random.int(4);
    while (position() < goal && !ended) await new Promise((again) => setTimeout(again, 5));
    await new Promise((go) => setTimeout(go, random.int(20)));
    const ranks = processes(broken);
    const victim = ranks[random.int(Math.max(1, ranks.length))];
    expect({ kill, ended, ranks: ranks.length }).toEqual({ kill, ended: false, ranks: size });
    process.kill(victim!, "SIGKILL");
    expect((await end).code).not.toBe(0);
    log.push(`${size} ranks: one of them, at ${position()}`);
  }
  expect(await begin(kills)).toMatchObject({ code: 0, stderr: "" });
  expect(finalBits(broken)).toEqual(finalBits(whole));
  expect(finalBits(whole)).toMatchObject({ done: true });
  return log;
}

/** Ranks that work in this folder. */
function processes(folder: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
      return words[0] === process.execPath && words[1] === main && words.includes(folder) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}
