/** Grids that do not fit are refused in one line that names those that do. */
import { expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { gridsOf, selfComm } from "../../src/backend/index.ts";

const comm = (size: number) => ({ ...selfComm, size });

test("a grid multiplies to the ranks, divides the extents and leaves them even", () => {
  expect(gridsOf([4, 4, 4, 8], 4)[0]).toEqual([1, 1, 1, 4]);
  expect(() => lattice([4, 4, 4, 8], { comm: comm(4), grid: [1, 1, 1, 2] })).toThrow(/got \[1, 1, 1, 2\] for the lattice 4x4x4x8 on 4 ranks.*expected a grid that fits, such as \[1, 1, 1, 4\]/);
  expect(() => lattice([4, 4, 4, 6], { comm: comm(2), grid: [1, 1, 1, 2] })).toThrow(/leave even extents.*such as/);
  expect(() => lattice([4, 4, 4, 8], { comm: comm(3) })).toThrow(/no grid of 3 ranks fits: use 2 or 4 or 1 ranks/);
  expect(() => lattice([4, 4, 4, 8], { comm: comm(2), backend: "interpret" })).toThrow(/expected one/);
});
