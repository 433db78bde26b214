/** Layouts: every site has its place, tables and permutations together are the displacement, parities stay apart. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Lanes, lanePermutation, makeLayout } from "../../src/backend/layout.ts";
import { makeLattice } from "../../src/compiler/index.ts";

const geometry = fc.record({
  extents: fc.array(fc.constantFrom<number[]>(1, 2, 3, 4, 6, 8), { minLength: 1, maxLength: 4 }).filter((e) => e.reduce((v, L) => v * L, 1) <= 1024),
  lanes: fc.constantFrom(1 as Lanes, 2 as Lanes, 4 as Lanes, 8 as Lanes),
  seed: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }),
});

test("positions are a permutation, tables a displacement", () => {
  fc.assert(
    fc.property(geometry, ({ extents, lanes, seed }) => {
      const lattice = makeLattice(extents, { backend: "js" });
      const layout = makeLayout(lattice, lanes);
      const { width, blocks, position, cuts } = layout;
      expect(blocks * width).toBe(lattice.volume);
      expect([...position].sort((a, b) => a - b)).toEqual([...position.keys()]);
      const permutations = Array.from({ length: width }, (_, k) => lanePermutation(cuts, k));
      const table = layout.table(seed.slice(0, lattice.dim));
      for (let n = 0; n < lattice.volume; n++) {
        const [block, lane] = [Math.floor(position[n]! / width), position[n]! % width];
        const there = position[lattice.site(lattice.coordinates(n).map((x, mu) => x + seed[mu]!))]!;
        const entry = table[block]!;
        expect(Math.floor(entry / width) * width + permutations[entry % width]![lane]!).toBe(there);
        if (lattice.bipartite) expect(block < blocks / 2 ? 0 : 1).toBe(lattice.parity(n));
      }
    }),
    { numRuns: 60 },
  );
});

describe("as many lanes as the lattice can be cut into", () => {
  const cases: [number[], Lanes, number][] = [
    [[4, 4, 4, 4], 8, 8],
    [[4, 4], 8, 4],
    [[2, 2, 2, 2], 8, 1],
    [[3, 5], 8, 1],
    [[3, 4], 8, 4],
    [[3, 3, 3, 32], 8, 8],
    [[6, 6, 6, 4], 8, 2],
  ];
  for (const [extents, lanes, width] of cases)
    test(`${extents.join("x")}: ${width} of ${lanes}`, () => expect(makeLayout(makeLattice(extents, { backend: "js" }), lanes).width).toBe(width));
});
