/** Dynamical staggered fermions: Schwinger model against exact reweighting (PHYSICS 3.9), SU(2) and SU(3) on 4^4 (PHYSICS 3.7). */
import { describe, expect, test } from "vitest";
import { type LinkField, SU, U1, chiralCondensate, closedFormLinks, gaugeAction, lattice, logDeterminant, plaquettes, polyakovLoops, pseudofermions, staggered, wilson, wilsonPion } from "gaugegrad";
import { readGauge } from "gaugegrad/io";
import { type Summary, type Target, hmc, runChain, sumOfTargets, summarise } from "../../src/samplers/index.ts";
import { zScore } from "../../src/util/index.ts";
import { missing, reference, referenceNumbers } from "../io/reference.ts";
import { type SchwingerRow, schwinger } from "../fermions/schwinger.ts";
import { type Row as WilsonRow, close, fields, kappa, lowest, rows as table, stored } from "../fermions/wilson-table.ts";

function compare(s: Summary, reference: Readonly<Record<string, readonly [number, number]>>): void {
  console.log(`acceptance ${s.acceptance.mean.toFixed(3)}, <exp(-dH)> ${s.expMinusDH!.mean.toFixed(4)} +- ${s.expMinusDH!.error.toFixed(4)}`);
  expect(Math.abs(zScore(s.expMinusDH!.mean, s.expMinusDH!.error, 1))).toBeLessThan(4);
  for (const [name, [value, error]] of Object.entries(reference)) {
    const got = s.values[name]!;
    console.log(`${name} ${got.mean.toFixed(5)} +- ${got.error.toFixed(5)} (tau_int ${got.tauInt.toFixed(1)}), reference ${value} +- ${error}`);
    expect(Math.abs(zScore(got.mean, got.error, value, error))).toBeLessThan(4);
  }
}

const rows: (SchwingerRow & { readonly mass: number })[] = [
  { L: 4, beta: 2, mass: 0.1, reference: { plaquette: [0.74852, 0.00039], pbp: [0.20414, 0.00028], Q2: [0.09859, 0.00062], polyakov: [0.2544, 0.0023] } },
  { L: 4, beta: 2, mass: 0.3, reference: { plaquette: [0.73112, 0.00034], pbp: [0.4692, 0.00034], Q2: [0.18467, 0.00089], polyakov: [0.1706, 0.002] } },
  { L: 4, beta: 2, mass: 1, reference: { plaquette: [0.70442, 0.00033], pbp: [0.557312, 0.000048], Q2: [0.2807, 0.0013], polyakov: [0.0265, 0.0017] } },
  { L: 8, beta: 2, mass: 0.1, reference: { plaquette: [0.73944, 0.00052], pbp: [0.35707, 0.00097], Q2: [0.6305, 0.0043], polyakov: [0.0646, 0.0025] } },
  { L: 8, beta: 2, mass: 0.3, reference: { plaquette: [0.72392, 0.00025], pbp: [0.53557, 0.00016], Q2: [0.9693, 0.005], polyakov: [0.0168, 0.0014] } },
];

describe.each(rows)("Schwinger model, L = $L, beta = $beta, m = $mass", (row) => {
  test("one field, two tastes", () => {
    compare(schwinger(row, (geo) => [pseudofermions(staggered({ mass: row.mass }), { lattice: geo, group: U1, flavours: 2 }) as Target], { trajectories: 12000, steps: 8, seed: 31 }), row.reference);
  });
});

const wilsonRows: (SchwingerRow & { readonly kappa: number })[] = [
  { L: 4, beta: 2, kappa: 0.2, reference: { plaquette: [0.7086, 0.00046], Q2: [0.2629, 0.0018], polyakov: [0.1162, 0.0025] } },
  { L: 4, beta: 2, kappa: 0.23, reference: { plaquette: [0.72248, 0.0005], Q2: [0.2086, 0.0017], polyakov: [0.2022, 0.0028] } },
  { L: 8, beta: 2, kappa: 0.2, reference: { plaquette: [0.70476, 0.00031], Q2: [1.1752, 0.0094], polyakov: [0.0076, 0.0017] } },
  { L: 8, beta: 2, kappa: 0.23, reference: { plaquette: [0.71229, 0.00033], Q2: [1.076, 0.0085], polyakov: [0.023, 0.0018] } },
];

describe.each(wilsonRows)("Schwinger model, L = $L, beta = $beta, two Wilson flavours, kappa = $kappa", (row) => {
  test("one field", () => {
    compare(schwinger(row, (geo) => [pseudofermions(wilson({ kappa: row.kappa }), { lattice: geo, group: U1, flavours: 2, tolerance: 1e-10 }) as Target], { trajectories: 8000, steps: 8, seed: 51 }), row.reference);
  });
});

interface Row {
  readonly N: number;
  readonly beta: number;
  readonly flavours: number;
  readonly mass: number;
  readonly boundary?: readonly (1 | -1)[];
  readonly trajectories: number;
  readonly reference: Readonly<Record<"plaquette" | "polyakov" | "pbp", readonly [number, number]>>;
}

const fourD: Row[] = [
  { N: 2, beta: 2.7, flavours: 4, mass: 0.3, trajectories: 3000, reference: { plaquette: [0.702462, 0.000069], polyakov: [0.4092, 0.003], pbp: [0.42449, 0.00024] } },
  { N: 2, beta: 2.7, flavours: 4, mass: 0.4, trajectories: 2000, reference: { plaquette: [0.70075, 0.00027], polyakov: [0.38, 0.014], pbp: [0.53033, 0.00078] } },
  { N: 2, beta: 2.7, flavours: 4, mass: 0.3, boundary: [1, 1, 1, 1], trajectories: 2000, reference: { plaquette: [0.70246, 0.00024], polyakov: [0.409, 0.012], pbp: [0.42619, 0.00089] } },
  { N: 2, beta: 2.7, flavours: 8, mass: 0.3, trajectories: 2000, reference: { plaquette: [0.7148, 0.00024], polyakov: [0.473, 0.006], pbp: [0.4086, 0.00031] } },
  { N: 2, beta: 2.7, flavours: 2, mass: 0.3, trajectories: 1500, reference: { plaquette: [0.69435, 0.00025], polyakov: [0.333, 0.016], pbp: [0.4418, 0.0016] } },
  { N: 3, beta: 5.7, flavours: 4, mass: 0.5, trajectories: 1500, reference: { plaquette: [0.57873, 0.00018], polyakov: [0.1943, 0.005], pbp: [1.1142, 0.0011] } },
];

describe.each(fourD)("SU($N), 4^4, beta $beta, Nf $flavours, m $mass", ({ N, beta, flavours, mass, boundary, trajectories, reference }) => {
  test("plaquette, mean |P|, condensate", () => {
    const geo = lattice([4, 4, 4, 4]);
    const U = closedFormLinks(geo, N, 0.3) as LinkField;
    const fermions = pseudofermions(staggered({ mass, ...(boundary && { boundary }) }), { lattice: geo, group: SU(N), flavours, tolerance: 1e-10, precision: 1e-10 });
    const sampler = hmc({ action: sumOfTargets(gaugeAction.wilson({ beta }) as Target, fermions), integrator: "omelyan", steps: 6, length: 1, seed: 41 });
    // the condensate costs more than a trajectory, and noise does not change its mean
    let sweep = 0;
    const condensate = (V: LinkField): number => chiralCondensate(V, { mass, ...(boundary && { boundary }), method: { sources: 4, seed: 5, stream: sweep++ } }).value;
    const chain = runChain({ sampler, U, trajectories, thermalisation: 150, measure: { plaquette: (V) => plaquettes(V).mean, polyakov: (V) => Math.hypot(...polyakovLoops(V)["t"]!), pbp: condensate } });
    compare(summarise(chain), reference);
  });
});

test.skipIf(missing)("Wilson determinant of a stored SU(3) configuration on 4^4, kappa = 0.141139", () => {
  const { U } = readGauge(reference("configs/qcdmeasurements_jl/testconf.txt"));
  expect(Math.abs(logDeterminant(U, wilson({ kappa: 0.141139 })) / 27.716305867609574 - 1)).toBeLessThan(1e-10);
});

describe.skipIf(missing)("SU(3), 8^3 x 4: dense matrices of dimension 3072", () => {
  const name = "analysistoolbox/nersc.l8t4b3360";
  test.each([-1, 1] as const)("condensate and ln det, boundary sign %s in time", (sign) => {
    const { U } = readGauge(reference(`configs/${name}`));
    const boundary = [1, 1, 1, sign] as const;
    const stored = referenceNumbers()[name]!.staggered![`bc${sign < 0 ? "-1" : "+1"}`];
    for (const mass of [0.1, 0.5]) {
      expect(Math.abs(chiralCondensate(U, { mass, boundary }).value / stored[`pbp_m${mass}`]! - 1)).toBeLessThan(1e-11);
      expect(Math.abs(logDeterminant(U, staggered({ mass, boundary })) / stored[`logdet_m${mass}`]! - 1)).toBeLessThan(1e-11);
    }
  });
});

test.each<WilsonRow>(table.filter(([field, , , , , , low]) => field !== "K3s" && low.length > 0))("%s, kappa = 0.13, c_SW = %f: lowest eigenvalues of gamma_5 D, pion", (field, clover, _norm2, _D, _chiral, _component, low, PP) => {
  const U = fields[field]!();
  if (!U) return void console.log(`left out: there is no ${stored}`);
  lowest(U, clover, low.length).forEach((x, k) => close(x, low[k]!, 1e-9));
  wilsonPion(U, { kappa, clover }).PP.forEach((x, t) => close(x / PP[t]!, 1, 1e-9));
});
