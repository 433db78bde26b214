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

type Name = keyof typeof jobs;
const NAMES = Object.keys(jobs) as Name[];
/** Jobs with the grid of each. */
type Grids = readonly (readonly [Name, readonly number[]])[];
const argumentsOf = (threads: number, grids: Grids): string[] => ["none", String(threads), files, scratch.path(), ...grids.flatMap(([name, grid]) => [jobs[name].command, `${name}@${JSON.stringify(grid)}`])];
interface Said {
  readonly size: number;
  readonly hashes: Readonly<Record<string, string>>;
}
const alone = (threads: number): Said => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...argumentsOf(threads, NAMES.map((name) => [name, [1, 1, 1, 1]]))], { encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return JSON.parse(stdout) as Said;
};
const { hashes } = alone(1);
console.log(`one process: ${JSON.stringify(hashes)}`);
/** The hashes of one process by the names that the jobs have on these grids. */
const expected = (grids: Grids): Readonly<Record<string, string>> => Object.fromEntries(grids.map(([name, grid]) => [`${name}@${JSON.stringify(grid)}`, hashes[`${name}@[1,1,1,1]`]!]));

/** Each job on each grid of four ranks, in three starts with every job and every grid; and the jobs of the other numbers of ranks. */
const [T, ZT, XT] = [[1, 1, 1, 4], [1, 1, 2, 2], [2, 1, 1, 2]];
const FOUR: Readonly<Record<string, Grids>> = {
  threads: [["own", XT], ["stout", T], ["cask", ZT], ["quaternions", XT], ["exact", ZT]],
  "Open MPI": [["own", T], ["stout", ZT], ["cask", XT], ["quaternions", T], ["exact", XT]],
  MPICH: [["own", ZT], ["stout", XT], ["cask", T], ["quaternions", ZT], ["exact", T]],
};
const FEWER: readonly (readonly [size: number, grids: Grids])[] = [[1, [["own", [1, 1, 1, 1]]]], [2, NAMES.map((name) => [name, [1, 1, 1, 2]])]];

test("two threads, and four ranks that are threads", async () => {
  expect(alone(2).hashes).toEqual(hashes);
  const [first] = await jobOnThreads(4, argumentsOf(1, FOUR["threads"]!));
  expect(first).toMatchObject({ size: 4, hashes: expected(FOUR["threads"]!) });
});

describe.skipIf(launchers.length === 0)("on MPI", () => {
  for (const launcher of launchers)
    for (const [size, grids] of [...FEWER, [4, FOUR[launcher.name]!] as const])
      test(`${launcher.name}, ${grids.map(([name, grid]) => `${name} on ${grid.join("x")}`).join(", ")}`, async () => {
        const { code, stdout, stderr } = await launch(launcher, size, [program, ...argumentsOf(1, grids)]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(JSON.parse(stdout)).toMatchObject({ size, hashes: expected(grids) });
      });
});
