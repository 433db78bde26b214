/** Determinants of operators on divided lattices: value, force and gradients have the bits of one process on every grid. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { determinants } from "./determinants.mjs";
import { onThreads } from "./threads.ts";

const extents = [4, 8];
const names = Object.keys(determinants);
const hashOf = (name: string, options: object = {}): string => determinants[name]!(lattice(extents, { threads: 1, ...options }));
const plain = Object.fromEntries(names.map((name) => [name, hashOf(name)]));

test.each(names)("ghost blocks on all sides: %s", (name) => {
  expect(hashOf(name, { ghosts: true })).toBe(plain[name]);
});

describe("ranks as threads", () => {
  test.each([
    [[1, 2], names],
    [[2, 1], ["detColumns", "detOverlap"]],
    [[1, 4], ["detStaggered", "detOwn"]],
    [[2, 2], ["detWilson", "detEvenOdd"]],
  ])("grid %j: %j", async (grid, here) => {
    const results = await onThreads(grid[0]! * grid[1]!, here.map((name) => ({ name, extents, grid })));
    for (const ofRank of results) expect(ofRank).toEqual(here.map((name) => plain[name]));
  });
});
