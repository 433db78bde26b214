/** Ranks with memory in common: lists of native launches that exchange and add by themselves, with nothing left for JavaScript to send, and what JavaScript sends between lists. The bits are those of the undivided lattice. */
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
    [[1, 1, 1, 2], ["plaquette", "staggered"], {}],
    [[2, 1, 1, 2], ["plaquette"], {}],
    [[1, 1, 1, 2], ["smeared"], { quaternions: true }],
  ])("grid %j: %j %j", async (grid, names, more) => {
    const options = { ...native, ...more };
    const results = await onNearThreads(grid.reduce((p, g) => p * g, 1), names.map((name) => ({ name, extents: EXTENTS, grid, options })));
    const expected = names.map((name) => work[name]!(lattice(EXTENTS, options)));
    for (const ofRank of results) {
      expect(ofRank.map((r) => r.hash)).toEqual(expected);
      expect(ofRank.map((r) => r.exchanges)).toEqual(names.map(() => 0));
    }
  });
});

// what a rank sends of the links of one parity does not fit into its two slots
test.each(["wasm", ...(missing ? [] : ["native" as const])] as const)("%s: faces longer than the slots, with kernels at work on their interior", async (backend) => {
  const [extents, options] = [[16, 16, 8, 8], { backend, threads: 1 }];
  const results = await onNearThreads(2, [{ name: "plaquette", extents, grid: [1, 1, 1, 2], options }]);
  const hash = work["plaquette"]!(lattice(extents, options));
  for (const [r] of results) expect({ hash: r!.hash, sent: r!.exchanges > 0 }).toEqual({ hash, sent: backend === "wasm" });
});

test.each([
  [[1, 1, 1, 2], ["staggered", "smeared"]],
  [[2, 1, 1, 2], ["rectangles", "ownLoops"]],
])("wasm: exchanges between lists, grid %j: %j", async (grid, names) => {
  const results = await onNearThreads(grid.reduce((p, g) => p * g, 1), names.map((name) => ({ name, extents: EXTENTS, grid })));
  for (const ofRank of results) expect(ofRank.map((r) => r.hash)).toEqual(names.map((name) => work[name]!(lattice(EXTENTS, { threads: 1 }))));
});
