/** Ranks as processes on Open MPI and MPICH: the bits of one process. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { launch, launchers } from "./launchers.ts";
import { work } from "./work.mjs";

const program = fileURLToPath(new URL("./process.mjs", import.meta.url));
const NAMES = ["plaquette", "symanzik"];

describe.skipIf(launchers.length === 0)("ranks on MPI", () => {
  // four ranks, other grids and whole runs: npm run test:ranks -- same-hash
  for (const launcher of launchers)
    test(`${launcher.name}, two threads a rank: ${NAMES.join(", ")}`, async () => {
      const { code, stdout, stderr } = await launch(launcher, 2, [program, "[1,1,1,2]", "2", ...NAMES]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ size: 2, hashes: Object.fromEntries(NAMES.map((name) => [name, work[name]!(lattice([4, 4, 4, 8], { threads: 1 }))])) });
    });
});
