/** Dynamical fermions sample the right weight: the Schwinger model on 4 x 4 against exact determinants on independent configurations. */
import { describe, expect, test } from "vitest";
import { U1, pseudofermions, staggered, wilson } from "gaugegrad";
import type { Target } from "../../src/samplers/index.ts";
import { zScore } from "../../src/util/index.ts";
import { type SchwingerRow, schwinger } from "./schwinger.ts";

const mass = 0.3;
const row = { L: 4, beta: 2, mass, reference: { plaquette: [0.73112, 0.00034], pbp: [0.4692, 0.00034], Q2: [0.18467, 0.00089], polyakov: [0.1706, 0.002] } } satisfies SchwingerRow;
const tolerance = 1e-9;

describe.each([
  { name: "one field, two tastes", trajectories: 1600, fermions: (lattice) => [pseudofermions(staggered({ mass }), { lattice, group: U1, flavours: 2, tolerance }) as Target] },
  { name: "rational, power -1/2 on all sites", trajectories: 800, fermions: (lattice) => [pseudofermions(staggered({ mass }), { lattice, group: U1, flavours: 2, sites: "all", tolerance, precision: 1e-7 }) as Target] },
  { name: "rational, one flavour twice", trajectories: 500, fermions: (lattice) => [0, 1].map((index) => pseudofermions(staggered({ mass }), { lattice, group: U1, flavours: 1, tolerance, precision: 1e-7, index }) as Target) },
] satisfies { name: string; trajectories: number; fermions: Parameters<typeof schwinger>[1] }[])("$name", ({ fermions, trajectories }) => {
  test("plaquette, condensate, charge, Polyakov loop, <exp(-dH)>", () => {
    const s = schwinger(row, fermions, { trajectories, steps: 5, seed: 21 });
    expect(s.acceptance.mean).toBeGreaterThan(0.8);
    expect(Math.abs(zScore(s.expMinusDH!.mean, s.expMinusDH!.error, 1))).toBeLessThan(4);
    // resolved: a chain that hangs would agree with anything
    expect(s.values["plaquette"]!.error).toBeLessThan(0.01);
    expect(s.values["pbp"]!.error).toBeLessThan(0.01);
    for (const [name, [value, error]] of Object.entries(row.reference)) {
      const got = s.values[name]!;
      expect(Math.abs(zScore(got.mean, got.error, value, error))).toBeLessThan(4);
    }
  });
});

test("two Wilson flavours, kappa = 0.23: plaquette, charge, Polyakov loop, <exp(-dH)>", () => {
  const row: SchwingerRow = { L: 4, beta: 2, reference: { plaquette: [0.72248, 0.0005], Q2: [0.2086, 0.0017], polyakov: [0.2022, 0.0028] } };
  const s = schwinger(row, (geo) => [pseudofermions(wilson({ kappa: 0.23 }), { lattice: geo, group: U1, flavours: 2, tolerance }) as Target], { trajectories: 1200, steps: 5, seed: 22 });
  expect(s.acceptance.mean).toBeGreaterThan(0.8);
  expect(Math.abs(zScore(s.expMinusDH!.mean, s.expMinusDH!.error, 1))).toBeLessThan(4);
  expect(s.values["plaquette"]!.error).toBeLessThan(0.01);
  expect(s.values["Q2"]!.error).toBeLessThan(0.05);
  for (const [name, [value, error]] of Object.entries(row.reference)) expect(Math.abs(zScore(s.values[name]!.mean, s.values[name]!.error, value, error))).toBeLessThan(4);
});
