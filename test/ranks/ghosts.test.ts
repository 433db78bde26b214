/** Ghost blocks in every direction on one process: every program has the bits of a lattice without them. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { work } from "./work.mjs";

describe("ghost blocks on one process", () => {
  for (const [name, hash] of Object.entries(work))
    test(name, () => {
      const plain = hash(lattice([4, 4, 4, 8], { threads: 1 }));
      expect(hash(lattice([4, 4, 4, 8], { threads: 1, ghosts: true }))).toBe(plain);
    });
});
