/** Ten and more random kills of single ranks with changing numbers of ranks, one in the middle of a write, on every launcher: the bits of the run that was left alone. */
import { expect, test } from "vitest";
import { killedRun } from "../ranks/killed-run.ts";
import { launchers } from "../ranks/launchers.ts";

for (const launcher of launchers)
  test(`${launcher.name}: 11 kills, the same bits`, async () => {
    const log = await killedRun({ launchers: [launcher], kills: 11, inWrite: 5, seed: 2026, trajectories: 120 });
    console.log(log.join("; "));
    expect(log).toHaveLength(11);
  });
