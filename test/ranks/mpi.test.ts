/** Ranks as processes on Open MPI and MPICH: the bits of one process, whichever way the messages go. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { nativeMissing } from "../compiler/backends.ts";
import { Scratch } from "../cli/runs.ts";
import { type LauncherHere, launch, launchers } from "./launchers.ts";
import { onNodes } from "./nodes.ts";
import { work } from "./work.mjs";

const program = fileURLToPath(new URL("./process.mjs", import.meta.url));
const NAMES = ["plaquette", "symanzik"];
const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** What ranks say on this grid, and how many share memory. */
async function expectBits(launcher: LauncherHere, grid: readonly number[], near: number, more: Readonly<Record<string, string>> = {}, backend: "auto" | "native" = "auto"): Promise<void> {
  const size = grid.reduce((a, b) => a * b);
  // a rank of one thread works on the interior of kernels while messages are under way
  const { code, stdout, stderr } = await launch(launcher, size, [program, JSON.stringify(grid), backend === "auto" ? "2" : "1", backend, ...NAMES], more);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ size, near, hashes: Object.fromEntries(NAMES.map((name) => [name, work[name]!(lattice([4, 4, 4, 8], { threads: 1, backend }))])) });
}

describe.skipIf(launchers.length === 0)("ranks on MPI", () => {
  // other grids and whole runs: npm run test:ranks -- same-hash
  for (const launcher of launchers) {
    test(`${launcher.name}, through shared memory`, () => expectBits(launcher, [1, 1, 1, 2], 2));
    test.skipIf(nativeMissing())(`${launcher.name}, by compiled code`, () => expectBits(launcher, [1, 1, 1, 2], 2, {}, "native"));
    test(`${launcher.name}, through the library`, () => expectBits(launcher, [1, 1, 1, 2], 1, { GAUGEGRAD_MPI_SHARED: "off" }));
    test(`${launcher.name}, two ranks on each of two nodes: either way`, () => {
      const folder = scratch.path();
      mkdirSync(folder);
      return expectBits(onNodes(launcher, folder, 2), [1, 1, 2, 2], 2);
    });
  }
});
