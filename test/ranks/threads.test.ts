/** Ranks as threads of one process: the bits of the undivided lattice, for every program and grid. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { onThreads } from "./threads.ts";
import { work } from "./work.mjs";

const EXTENTS = [4, 4, 4, 8];
/** Programs by grid: all of them on one, what differs between grids on the others. */
const GRIDS: readonly (readonly [readonly number[], readonly string[]])[] = [
  [[1, 1, 1, 2], Object.keys(work)],
  [[1, 1, 1, 4], ["plaquette", "symanzik", "cask"]],
  [[1, 1, 2, 2], ["plaquette", "own", "staggered"]],
  [[2, 1, 1, 2], ["plaquette", "smeared", "heatbath"]],
];

describe("ranks as threads", () => {
  for (const [grid, names] of GRIDS)
    test(`grid [${grid.join(", ")}]: ${names.join(", ")}`, async () => {
      const size = grid.reduce((p, g) => p * g, 1);
      const expected = names.map((name) => work[name]!(lattice(EXTENTS, { threads: 1 })));
      const results = await onThreads(size, names.map((name) => ({ name, extents: EXTENTS, grid })));
      for (const ofRank of results) expect(Object.fromEntries(names.map((n, k) => [n, ofRank[k]]))).toEqual(Object.fromEntries(names.map((n, k) => [n, expected[k]])));
    });
});
