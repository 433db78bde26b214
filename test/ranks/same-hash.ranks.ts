/** One hash over links, weights and metrics: on one process, with two threads, on ranks that are threads, and on 1, 2, 4 ranks of Open MPI and MPICH with several grids. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { Scratch } from "../cli/runs.ts";
import { jobs, writeJobs } from "./job-files.ts";
import { launch, launchers } from "./launchers.ts";
import { jobOnThreads } from "./threads.ts";

const program = fileURLToPath(new URL("./job.mjs", import.meta.url));
const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
const files = join(scratch.folder, "files");
writeJobs(files);

const argumentsOf = (grid: readonly number[] | undefined, threads: number): string[] => [
  grid ? JSON.stringify(grid) : "none", String(threads), files, scratch.path(), ...Object.entries(jobs).flatMap(([name, { command }]) => [command, name]),
];
interface Said {
  readonly size: number;
  readonly hashes: Readonly<Record<string, string>>;
}
const alone = (threads: number): Said => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...argumentsOf(undefined, threads)], { encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return JSON.parse(stdout) as Said;
};
const one = alone(1).hashes;
console.log(`one process: ${JSON.stringify(one)}`);

test("two threads, and two ranks that are threads", async () => {
  expect(Object.keys(one)).toEqual(Object.keys(jobs));
  expect(alone(2).hashes).toEqual(one);
  const [first] = await jobOnThreads(2, argumentsOf([1, 1, 1, 2], 1));
  expect(first).toMatchObject({ size: 2, hashes: one });
});

const GRIDS: Readonly<Record<string, readonly (readonly number[])[]>> = { "Open MPI": [[1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 1, 4], [1, 1, 2, 2], [2, 1, 1, 2]], MPICH: [[1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 2, 2]] };

describe.skipIf(launchers.length === 0)("on MPI", () => {
  for (const launcher of launchers)
    for (const grid of GRIDS[launcher.name]!)
      test(`${launcher.name}, grid [${grid.join(", ")}]`, async () => {
        const size = grid.reduce((p, g) => p * g, 1);
        const { code, stdout, stderr } = await launch(launcher, size, [program, ...argumentsOf(grid, 1)]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout)).toMatchObject({ size, hashes: one });
      });
});
