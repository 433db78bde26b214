/** Ranks as processes on Open MPI and MPICH: the bits of one process. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { launch, launchers } from "./launchers.ts";
import { work } from "./work.mjs";

const program = fileURLToPath(new URL("./process.mjs", import.meta.url));
const CASES = [
  { grid: [1, 1, 1, 2], threads: 2, names: ["plaquette", "symanzik"] },
  { grid: [1, 1, 2, 2], threads: 1, names: ["own", "staggered"] },
] as const;

describe.skipIf(launchers.length === 0)("ranks on MPI", () => {
  for (const launcher of launchers)
    for (const { grid, threads, names } of CASES)
      test(`${launcher.name}, grid [${grid.join(", ")}], ${threads} threads a rank: ${names.join(", ")}`, async () => {
        const size = grid.reduce((p: number, g) => p * g, 1);
        const { code, stdout, stderr } = await launch(launcher, size, [program, JSON.stringify(grid), String(threads), ...names]);
        expect(stderr).toBe("");
        expect(code).toBe(0);
        const said = JSON.parse(stdout) as { size: number; hashes: Record<string, string> };
        expect(said.size).toBe(size);
        for (const name of names) expect(said.hashes[name]).toBe(work[name]!(lattice([4, 4, 4, 8], { threads: 1 })));
      });
});
