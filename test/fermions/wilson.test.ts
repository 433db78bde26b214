/** Wilson and clover operators, propagators and pseudofermions against fixtures, fingerprints and correlators of other codes. */
import { describe, expect, test } from "vitest";
import { type LinkField, type VectorType, Field, SU, U1, closedFormLinks, gamma, gamma5, lattice, logDeterminant, pseudofermions, record, wilson, wilsonD, wilsonPion, wilsonType } from "gaugegrad";
import { GeometryError, SolverError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms, oneLink, phases, reorder } from "./helpers.ts";


test("gamma matrices: anticommutators, gamma_5 from their product", () => {
  type M = readonly (readonly (readonly [number, number])[])[];
  const multiply = (a: M, b: M): [number, number][][] => a.map((row) => b[0]!.map((_, c) => row.reduce<[number, number]>(([re, im], [x, y], k) => [re + x * b[k]![c]![0] - y * b[k]![c]![1], im + x * b[k]![c]![1] + y * b[k]![c]![0]], [0, 0])));
  for (const extents of [[4, 4], [4, 4, 4, 4]]) {
    const geo = lattice(extents);
    const g = extents.map((_, mu) => gamma(geo, mu));
    for (let mu = 0; mu < g.length; mu++)
      for (let nu = 0; nu < g.length; nu++) {
        const [p, q] = [multiply(g[mu]!, g[nu]!), multiply(g[nu]!, g[mu]!)];
        p.forEach((row, r) => row.forEach(([re, im], c) => expect([re + q[r]![c]![0], im + q[r]![c]![1]]).toEqual([mu === nu && r === c ? 2 : 0, 0])));
      }
    const five = gamma5(geo);
    if (extents.length === 4) multiply(multiply(g[0]!, g[1]!), multiply(g[2]!, g[3]!)).forEach((row, r) => row.forEach(([re, im], c) => expect([re + 0, im + 0]).toEqual([five[r]![c]![0] + 0, five[r]![c]![1] + 0])));
  }
  expect(() => gamma(lattice([4, 4, 4]), 0)).toThrow(GeometryError);
});

describe("one modified link, kappa = 0.1", () => {
  const rows = [
    {
      name: "Wilson", U: oneLink(), clover: 0,
      PP: [0.54571523373660025, 0.018892421105410458, 0.0040817974287809429, 0.018892421105410454], AP: -0.015629101933822297, pcac: [-0.014319832916159693, 1.9144876989265531],
    },
    {
      name: "clover c_SW = 1.2", U: oneLink(), clover: 1.2,
      PP: [0.54585899959258521, 0.01893615073224211, 0.0040886011626595367, 0.018936150732242106], AP: -0.015634849086767995, pcac: [-0.014321325743861909, 1.9120046765087135],
    },
    {
      name: "cold field", U: closedFormLinks(lattice([4, 4, 4, 4]), 3, 0) as LinkField, clover: 0,
      PP: [0.54647487404684458, 0.019335553983958836, 0.004260459177712642, 0.019335553983958833], AP: -0.015991082544102354, pcac: [-0.014631123317420421, 1.8766853380212005],
    },
  ];
  test.each(rows)("$name: PP, AP, PCAC mass", ({ U, clover, PP, AP, pcac }) => {
    const kappa = 0.1;
    const got = wilsonPion(U, { kappa, clover });
    // the table has the normalisation D / (2 kappa)
    PP.forEach((x, t) => expect(Math.abs((4 * kappa ** 2 * got.PP[t]!) / x - 1)).toBeLessThan(1e-9));
    [0, AP, 0, -AP].forEach((x, t) => expect(Math.abs(4 * kappa ** 2 * got.AP[t]! - x)).toBeLessThan(1e-11));
    [pcac[0]!, 0, pcac[1]!, 0].forEach((x, t) => expect(Math.abs(got.pcacMass[t]! - x)).toBeLessThan(1e-9));
  });

  test.each([[1.2, 1206.24475511036894], [0, 1206.06469373240748]])("fingerprint of D psi, c_SW = %s", (clover, norm) => {
    const U = oneLink();
    const geo = U.lattice;
    const psi = new Field(geo, wilsonType(geo, 3 as number)) as Field<VectorType>;
    psi.set(reorder(Float64Array.from({ length: psi.length }, (_, k) => (k % 2 === 0 ? 0.001 : -0.0002) * (Math.floor(k / 2) + 1)), 256, "file"));
    const D = reorder(record((u, x, k) => wilsonD(u, x, k, clover), U, psi, 0.1).fresh(U, psi, 0.1).toArray(), 256, "canonical");
    expect(Math.abs(D.reduce((s, x) => s + x * x, 0) / norm - 1)).toBeLessThan(1e-13);
    if (clover === 0) return;
    let [re, im, zr, zi] = [0, 0, 0, 0];
    for (let k = 0; k < D.length / 2; k++) {
      re += (k + 1) * D[2 * k]!;
      im += (k + 1) * D[2 * k + 1]!;
      zr = 1.0001 * zr + D[2 * k]!;
      zi = 1.0001 * zi + D[2 * k + 1]!;
    }
    [[re, 2898931.14273599442], [im, -579788.32338098716], [zr, 1454.56224966197533], [zi, -290.912179524734142]].forEach(([x, y]) => expect(Math.abs(x! / y! - 1)).toBeLessThan(1e-13));
  });
});

test("ln det in two dimensions, U(1)", () => {
  expect(Math.abs(logDeterminant(phases(), wilson({ kappa: 0.2 })) / 0.489735992175223 - 1)).toBeLessThan(1e-12);
  expect(Math.abs(logDeterminant(phases(), wilson({ kappa: 0.23 })) / 0.873503437203813 - 1)).toBeLessThan(1e-12);
  expect(() => logDeterminant(closedFormLinks(lattice([8, 8, 8, 8]), 1, 0) as LinkField, wilson({ kappa: 0.1 }))).toThrow(GeometryError);
});

describe("pseudofermions", () => {
  const settings = [
    { extents: [4, 4], group: U1, kappa: 0.2, clover: 0 },
    { extents: [2, 4, 2, 4], group: SU(3), kappa: 0.12, clover: 0 },
    { extents: [4, 2, 2, 4], group: SU(2), kappa: 0.12, clover: 1.3 },
  ] as const;
  test.each(settings)("force and kappa derivative from one solve, $extents $group.name c_SW=$clover", ({ extents, group, kappa, clover }) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, group.N as number, 0.7) as LinkField;
    const f = pseudofermions(wilson({ kappa, clover }), { lattice: geo, group: group as { N: number; name: string; generators: number }, flavours: 2, tolerance: 1e-14 });
    f.refresh(U, 0, randomStream(4));
    const { dSX } = forceNorms(f.force(U));
    expect(f.action.describe(U).match(/^solve/gm)).toHaveLength(1);
    expect(Math.abs(alongDirection((V) => f.value(V), U, 2e-3) / dSX - 1)).toBeLessThan(1e-7);
    const S = (k: number): number => f.action.with({ kappa: k, phi: f.phi }).value(U);
    const difference = (h: number): number => (S(kappa + h) - S(kappa - h)) / (2 * h);
    expect(Math.abs((4 * difference(1e-4) - difference(2e-4)) / 3 / f.action.parameterGradient(U).gradient.kappa - 1)).toBeLessThan(1e-6);
  });

  test("refresh: S_f is a chi-squared with the number of complex components", () => {
    const geo = lattice([2, 2, 2, 4]);
    const U = closedFormLinks(geo, 2, 0.7);
    const f = pseudofermions(wilson({ kappa: 0.12 }), { lattice: geo, group: SU(2), flavours: 2 });
    const S = Array.from({ length: 40 }, (_, t) => {
      f.refresh(U, t, randomStream(9));
      return f.value(U);
    });
    const d = 8 * geo.volume;
    const mean = S.reduce((a, b) => a + b, 0) / S.length;
    expect(Math.abs(mean - d) / Math.sqrt(d / S.length)).toBeLessThan(4);
    const variance = S.reduce((a, b) => a + (b - mean) ** 2, 0) / (S.length - 1);
    expect(Math.abs(variance / d - 1) / Math.sqrt(2 / (S.length - 1))).toBeLessThan(4);
  });

  test("errors", () => {
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { lattice: lattice([4, 4, 4]), group: SU(2), flavours: 2 })).toThrow(GeometryError);
    const geo = lattice([4, 4]);
    const f = pseudofermions(wilson({ kappa: 0.24 }), { lattice: geo, group: SU(2), flavours: 2, maxIterations: 2 });
    const U = closedFormLinks(geo, 2, 0.8);
    f.refresh(U, 0, randomStream(1));
    expect(() => f.value(U)).toThrow(SolverError);
  });
});
