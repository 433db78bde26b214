/** Determinants on lattices that store SU(2) as quaternions: the numbers of matrices. Blocks of a dense matrix and their cotangents are no quaternions. */
import { describe, expect, test } from "vitest";
import { type LinkField, closedFormLinks, determinantAction, domainWall, lattice, overlap, staggered, wilson } from "gaugegrad";

const actions = [
  ["staggered", determinantAction(staggered({ mass: 0.3 }), { flavours: 4 })],
  ["Wilson with clover", determinantAction(wilson({ kappa: 0.12, clover: 1.3 }), { flavours: 2 })],
  ["Wilson with a twist", determinantAction(wilson({ kappa: 0.12, twist: [0.3, 0, 0, 0.2] }), { flavours: 2 })],
  ["domain wall", determinantAction(domainWall({ mass: 0.1, height: 1.6, Ls: 2 }), { flavours: 2 })],
  ["overlap", determinantAction(overlap({ mass: 0.2 }), { flavours: 2 })],
  ["overlap with Shamir's kernel", determinantAction(overlap({ mass: 0.2, kernel: "shamir", height: 1.2 }), { flavours: 2 })],
] as const;

describe.each(actions)("%s", (_name, S) => {
  test.each(["js", "wasm"] as const)("value and force, %s", (backend) => {
    const on = (quaternions: boolean): readonly [number, ...Float64Array[]] => {
      const U = closedFormLinks(lattice([2, 2, 2, 2], { backend, quaternions }), 2, 0.8) as LinkField<2>;
      const F = S.force(U as never);
      return [S.value(U as never), ...U.lattice.extents.map((_, mu) => F.toArray(mu))];
    };
    const [[value, ...force], [expected, ...forces]] = [on(true), on(false)];
    expect(Math.abs(value - expected)).toBeLessThan(1e-11 * Math.abs(expected));
    const largest = Math.max(...forces.flatMap((f) => [...f]).map(Math.abs));
    expect(largest).toBeGreaterThan(1e-4);
    force.forEach((f, mu) => f.forEach((x, k) => expect(Math.abs(x - forces[mu]![k]!)).toBeLessThan(1e-10 * largest)));
  });
});
