/** Single ranks that are killed, and other numbers of ranks that go on: the bits of the run that was left alone. The long version is test/physics/kill-ranks.physics.ts. */
import { expect, test } from "vitest";
import { killedRun } from "./killed-run.ts";
import { launchers } from "./launchers.ts";

test.skipIf(launchers.length === 0)("3 kills on 4, 1, 2 ranks, one in the middle of a write: the same bits", async () => {
  const log = await killedRun({ launchers, kills: 3, inWrite: 2, seed: 7, trajectories: 25 });
  expect(log).toHaveLength(3);
  console.log(log.join("; "));
});
