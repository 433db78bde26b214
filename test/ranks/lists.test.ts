/** Lists of native launches that exchange and add by themselves, on ranks with memory in common: the bits of the undivided lattice, and nothing left for JavaScript to send. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { nativeMissing } from "../compiler/backends.ts";
import { onNearThreads } from "./threads.ts";
import { work } from "./work.mjs";

const EXTENTS = [4, 4, 4, 8];
const native = { backend: "native", threads: 1 } as const;
const missing = nativeMissing();

describe.skipIf(missing)("native", () => {
  test.each([
    [[1, 1, 1, 2], ["plaquette", "staggered"]],
    [[2, 1, 1, 2], ["plaquette"]],
  ])("grid %j: %j", async (grid, names) => {
    const results = await onNearThreads(grid.reduce((p, g) => p * g, 1), names.map((name) => ({ name, extents: EXTENTS, grid, options: native })));
    const expected = names.map((name) => work[name]!(lattice(EXTENTS, native)));
    for (const ofRank of results) {
      expect(ofRank.map((r) => r.hash)).toEqual(expected);
      expect(ofRank.map((r) => r.exchanges)).toEqual(names.map(() => 0));
    }
  });

  test("faces longer than the slots, with kernels at work on their interior", async () => {
    const extents = [16, 16, 8, 8];
    const results = await onNearThreads(2, [{ name: "plaquette", extents, grid: [1, 1, 1, 2], options: native }]);
    const hash = work["plaquette"]!(lattice(extents, native));
    expect(results.map(([r]) => r)).toEqual([{ hash, exchanges: 0, sums: expect.any(Number) }, { hash, exchanges: 0, sums: expect.any(Number) }]);
  });
});
