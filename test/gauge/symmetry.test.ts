/** Symmetry transformations: group laws, and actions, forces and observables that follow them. */
import { describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import {
  type Isometry, axisSwap, chargeConjugate, closedFormLinks, directionField, energyDensity, gaugeAction, gaugeTransform, gaugeTransformAlgebra, groupOf, hot, lattice, loopAction, plaquettes, polyakovLoops,
  randomGaugeTransformation, reflect, reflection, rotate, rotation, swapAxes, topologicalCharge, transformAlgebra, transformLinks, translate, translation, unitarityDefect,
} from "../../src/gauge/index.ts";
import { HostLinks } from "./host.ts";
import { largestDifference, maxDifference, moved } from "./helpers.ts";

const cases: [string, number[], number][] = [["4D, SU(3)", [4, 4, 2, 3], 3], ["3D, SU(2)", [3, 3, 4], 2], ["2D, U(1)", [4, 4], 1], ["2D, SU(4)", [3, 3], 4]];

describe.each(cases)("%s", (_label, extents, N) => {
  const geo = lattice(extents);
  const U = closedFormLinks(geo, N, 0.8);
  const D = geo.dim;
  // chairs and lines along one axis make the test blind to nothing but the axis itself
  const S = loopAction({ beta: 1.3, loops: [{ name: "plaquette", weight: 0.9 }, { name: "rectangle", weight: 0.1 }, ...(D > 2 ? [{ name: "chair", weight: 0.05 } as const] : []), { name: "polyakov", weight: 0.2 }] });
  const isometries: [string, Isometry][] = [
    ["translation", translation(geo, geo.extents.map((_, mu) => mu + 1))],
    ["reflection of x", reflection(geo, 0)],
    ["reflection of t", reflection(geo, D - 1)],
    ["swap of x and y", axisSwap(geo, 0, 1)],
    ["rotation of x to y", rotation(geo, 0, 1)],
    ["reflection and translation", { ...reflection(geo, 1), displacement: geo.extents.map((_, mu) => 2 * mu - 1) }],
  ];

  test.each(isometries)("%s: the action is invariant, the force follows its links", (_name, isometry) => {
    const V = transformLinks(U, isometry);
    expect(Math.abs(S.value(V) / S.value(U) - 1)).toBeLessThan(1e-13);
    expect(largestDifference(S.force(V), transformAlgebra(S.force(U), U, isometry))).toBeLessThan(1e-13);
    expect(largestDifference(V, U)).toBeGreaterThan(0.1);
    // the algebra map is the derivative of the link map
    const X = directionField(geo, N);
    expect(largestDifference(transformLinks(moved(U, X, 0.3), isometry), moved(V, transformAlgebra(X, U, isometry), 0.3))).toBeLessThan(1e-13);
  });

  test("gauge transformations: action, force, group law", () => {
    const g = randomGaugeTransformation(geo, N, { seed: 8 });
    const V = gaugeTransform(U, g);
    expect(Math.abs(S.value(V) / S.value(U) - 1)).toBeLessThan(1e-13);
    expect(largestDifference(S.force(V), gaugeTransformAlgebra(S.force(U), g))).toBeLessThan(1e-13);
    expect(largestDifference(V, U)).toBeGreaterThan(0.1);
    expect(unitarityDefect(V).determinant).toBeLessThan(1e-13);
    // site by site: a straight line of two links goes from g(n) to g(n + 2 mu)
    const host = new HostLinks(V);
    const original = new HostLinks(U);
    const closed = (h: HostLinks): number => Math.hypot(...h.product(geo.extents.map(() => 1), [1, 2, -1, -2]));
    expect(Math.abs(closed(host) - closed(original))).toBeLessThan(1e-13);
    const other = randomGaugeTransformation(geo, N, { seed: 9 });
    expect(maxDifference(g.toArray(), other.toArray())).toBeGreaterThan(0.1);
  });

  test("charge conjugation: action invariant, force conjugate, Polyakov loops conjugate", () => {
    const V = chargeConjugate(U);
    expect(Math.abs(S.value(V) / S.value(U) - 1)).toBeLessThan(1e-13);
    expect(largestDifference(S.force(V), chargeConjugate(S.force(U)))).toBeLessThan(1e-13);
    const [a, b] = [polyakovLoops(U), polyakovLoops(V)];
    for (const axis of Object.keys(a)) {
      expect(Math.abs(a[axis]![0] - b[axis]![0])).toBeLessThan(1e-14);
      expect(Math.abs(a[axis]![1] + b[axis]![1])).toBeLessThan(1e-14);
    }
  });

  test("orders: reflections and swaps 2, rotations 4, translations invertible", () => {
    const twice = (f: (V: LinkField) => LinkField): LinkField => f(f(U));
    expect(largestDifference(twice((V) => reflect(V, 1)), U)).toBe(0);
    expect(largestDifference(twice((V) => swapAxes(V, 0, 1)), U)).toBe(0);
    expect(largestDifference(twice((V) => rotate(rotate(V, 0, 1), 0, 1)), U)).toBe(0);
    expect(largestDifference(twice((V) => rotate(V, 0, 1)), U)).toBeGreaterThan(0.1);
    expect(largestDifference(translate(translate(U, geo.extents.map((_, mu) => mu + 1)), geo.extents.map((_, mu) => -mu - 1)), U)).toBe(0);
    // rotation = exchange of the axes, then reflection of the first
    expect(largestDifference(rotate(U, 0, 1), reflect(swapAxes(U, 0, 1), 0))).toBe(0);
    expect(largestDifference(twice(chargeConjugate), U)).toBe(0);
  });
});

test("reflections and translations link by link", () => {
  const geo = lattice([4, 3]);
  const U = hot(geo, groupOf(2), { seed: 1 });
  const [V, T, h] = [new HostLinks(reflect(U, 0)), new HostLinks(translate(U, [1, 0])), new HostLinks(U)];
  for (let n = 0; n < geo.volume; n++) {
    const [x, t] = geo.coordinates(n) as [number, number];
    // U'_x(n) = U_x(Rn - x)^+, U'_t(n) = U_t(Rn)
    expect(V.link([x, t], 0)).toEqual(h.product([-x, t], [-1]));
    expect(V.link([x, t], 1)).toEqual(h.link([-x, t], 1));
    expect(T.link([x + 1, t], 1)).toEqual(h.link([x, t], 1));
  }
});

test("planes follow the axes; the topological charge is odd under reflections and swaps, even under rotations and conjugation", () => {
  const geo = lattice([4, 4, 2, 4]);
  const U = closedFormLinks(geo, 3, 0.8);
  const p = plaquettes(U).planes;
  const q = plaquettes(swapAxes(U, 0, 3)).planes;
  for (const [a, b] of [["xy", "yt"], ["xz", "zt"], ["xt", "xt"], ["yz", "yz"]] as const) expect(Math.abs(p[a]! - q[b]!)).toBeLessThan(1e-14);
  const Q = topologicalCharge(U);
  expect(Math.abs(Q)).toBeGreaterThan(1e-3);
  for (const [V, sign] of [[reflect(U, 2), -1], [swapAxes(U, 0, 1), -1], [rotate(U, 1, 3), 1], [chargeConjugate(U), 1], [translate(U, [1, 0, 1, 2]), 1]] as const) {
    expect(Math.abs(topologicalCharge(V) - sign * Q)).toBeLessThan(1e-13);
    expect(Math.abs(energyDensity(V).clover - energyDensity(U).clover)).toBeLessThan(1e-13);
  }
});

test("isometries that do not fit the lattice", () => {
  const U = closedFormLinks(lattice([3, 4]), 2, 0.5);
  expect(() => swapAxes(U, 0, 1)).toThrow(/got extents 3 and 4 for the axes x and t/);
  expect(() => translate(U, [1])).toThrow(/got \[1\] as displacement, expected 2 integers/);
  expect(() => rotate(U, 0, 2)).toThrow(/rotate: got nu = 2, expected a direction from 0 to 1/);
  expect(Math.abs(gaugeAction.symanzik({ beta: 1 }).value(reflect(U, 0)) - gaugeAction.symanzik({ beta: 1 }).value(U))).toBeLessThan(1e-13);
});
