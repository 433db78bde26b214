/** Configurations and checkpoints of a divided lattice: every rank writes and reads its own sites, and the bytes are those of one process. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SU, hot, lattice } from "gaugegrad";
import { latestCheckpoint } from "../../src/io/index.ts";
import { writeContainer } from "../../src/util/index.ts";
import { Scratch } from "../cli/runs.ts";
import { alone, files } from "./files.mjs";
import { onThreads } from "./threads.ts";

const EXTENTS = [4, 4, 4, 4];
const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
function folder(): string {
  const at = scratch.path();
  mkdirSync(at);
  return at;
}
const names = ["formats", "checkpoint", "damaged"] as const;
const expected = names.map((name) => alone(name, EXTENTS, folder()));

test.each([[1, 1, 1, 2], [2, 1, 1, 2]])("grid [%i, %i, %i, %i]: the bytes of one process, whole and damaged; a full disk on one rank", async (...grid) => {
  const size = grid.reduce((p, g) => p * g, 1);
  const results = await onThreads(size, [...names, "full"].map((name) => ({ name, extents: EXTENTS, grid, folder: folder() })));
  for (const ofRank of results) {
    expect(ofRank.slice(0, names.length)).toEqual(expected);
    expect(ofRank.at(-1)!.split("\n")).toEqual([
      `5 rank ${size - 1} of ${size}: /links: cannot be written (ENOSPC: no space left on device), expected a folder with room that may be written to`,
      `5 rank ${size - 1} of ${size}: /checkpoint.00000002: cannot be written (ENOSPC: no space left on device), expected a folder with room that may be written to`,
      "true",
      "checkpoint.00000001,links",
    ]);
  }
});

test("a training with a replay buffer: the checkpoint of one process, which goes on with any number of ranks", async () => {
  const at = folder();
  const [bytes, ...end] = alone("training", EXTENTS, at).split(" ");
  const resumed = (name: string, grid: readonly number[], place: string): Promise<string[][]> => onThreads(grid.reduce((p, g) => p * g, 1), [{ name, extents: EXTENTS, grid, folder: place }]);
  const here = folder();
  for (const [ofRank] of await resumed("training", [1, 1, 1, 2], here)) expect(ofRank).toBe([bytes, ...end].join(" "));
  expect(alone("resumed", EXTENTS, here)).toBe(end.join(" "));
  for (const [ofRank] of await resumed("resumed", [2, 1, 1, 2], at)) expect(ofRank).toBe(end.join(" "));
});

test("one process: what is written has the links that went in, damage is seen, a full disk leaves the old files", () => {
  expect(expected[0]!.split("\n").slice(0, -1).every((line) => line.includes('"checksum":"ok"') || /^(npy|bridge)/.test(line))).toBe(true);
  expect(expected[1]).toMatch(/^[0-9a-f]{12} 3 \[1,\{"text":"é"\}\] .* true 4 checkpoint\.00000002,checkpoint\.00000003$/);
  expect(expected[2]).toMatch(/^1 1 \/checkpoint\.00000002: got the SHA-256: the file is damaged/);
  expect(files.full(lattice(EXTENTS, { threads: 1 }), folder()).split("\n").slice(2)).toEqual(["true", "checkpoint.00000001,links"]);
});

test("checkpoints of the first format are read", () => {
  const at = folder();
  const links = hot(lattice([4, 4]), SU(2), { seed: 3 }).fields.map((f) => f.toArray());
  writeContainer(join(at, "checkpoint.00000004"), { name: "checkpoint", version: 1 }, { links, position: 4 });
  expect(latestCheckpoint(at)!.state).toEqual({ links, position: 4 });
  writeFileSync(join(at, "checkpoint.00000005"), "gaugegrad checkpoint 3 0 ".padEnd(90, "0"));
  expect(latestCheckpoint(at)).toMatchObject({ position: 4, damaged: [expect.stringContaining("checkpoint.00000005")] });
});
