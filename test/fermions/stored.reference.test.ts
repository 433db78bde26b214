/** Stored configurations and the fixtures of the Rust port of LatticeQCD.jl: operators, propagators, condensates, rational functions. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type LinkField, DirectionalField, Field, SU, add, chiralCondensate, closedFormSource, largestEigenvalue, lattice, logDeterminant, lowestEigenvalues, multiShiftConjugateGradient, pionCorrelator, pointPropagator, pseudofermionAction, pseudofermions, rationalApproximation, record, scale, staggered, staggeredD, staggeredNormal, staggeredType, sub, wilsonD, wilsonDdag, wilsonNormal, wilsonPion, wilsonPropagator, wilsonType,
} from "gaugegrad";
import { fixtureLinks, ildgLinks, metadata, numbers, reference } from "./fixtures.ts";
import { forceNorms, reorder } from "./helpers.ts";

const close = (got: number, expected: number, tolerance: number): void => expect(Math.abs(got / expected - 1)).toBeLessThan(tolerance);
const largest = (a: Float64Array, b: Float64Array): number => a.reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);

describe("stored configurations", () => {
  const files = [
    { file: "gaugefields_jl/conf_00000100_4444nc2.ildg", N: 2 },
    { file: "latticeqcd_jl/HMC_quenched_su3_L4_b5.7.ildg", N: 3 },
    { file: "latticeqcd_jl/HMC_quenched_su4_L4_b5.7.ildg", N: 4 },
    { file: "latticeqcd_jl/HMC_Staggered_m0.5_Nf4_L4_b5.7.ildg", N: 3 },
  ];
  const table = JSON.parse(readFileSync(`${reference}configurations.json`, "utf8")) as Record<string, { staggered: Record<string, Record<string, number>> }>;
  test.each(files)("$file", ({ file, N }) => {
    const geo = lattice([4, 4, 4, 4]);
    const U = ildgLinks(geo, N, file);
    for (const sign of [1, -1] as const) {
      const t = table[file]!.staggered[`bc${sign < 0 ? "-1" : "+1"}`]!;
      const boundary = [1, 1, 1, sign] as const;
      close(lowestEigenvalues(U, { boundary })[0]!, t["lambda_min"]!, 1e-9);
      close(largestEigenvalue(U, { boundary }), t["lambda_max"]!, 1e-11);
      for (const mass of [0.1, 0.5]) {
        close(chiralCondensate(U, { mass, boundary }).value, t[`pbp_m${mass}`]!, 1e-10);
        close(logDeterminant(U, staggered({ mass, boundary })), t[`logdet_m${mass}`]!, 1e-11);
        pionCorrelator(U, { mass, boundary }).forEach((x, k) => close(x, t[`pion_m${mass}_t${k}`]!, 1e-9));
      }
      const f = pseudofermions(staggered({ mass: 0.1, boundary }), { lattice: geo, group: SU(N), flavours: 4 });
      f.phi.copyFrom(closedFormSource(geo, N, boundary));
      close(pseudofermionAction(U, { mass: 0.1, boundary }), t["S_pf_m0.1_stout0"]!, 1e-9);
      const { F2, F2max, dSX } = forceNorms(f.force(U));
      close(F2, t["F2_pf_m0.1_stout0"]!, 1e-9);
      close(F2max, t["F2max_pf_m0.1_stout0"]!, 1e-9);
      close(dSX, t["dS_X_pf_m0.1_stout0"]!, 1e-9);
    }
  });
});

describe("fixtures of the Rust port", () => {
  test.each([["periodic", 1], ["default_antiperiodic", -1]] as const)("operators, %s", (name, sign) => {
    const geo = lattice([2, 2, 2, 2]);
    const task = "fermions_task_d";
    const { mass } = metadata(task) as { mass: number };
    const U = fixtureLinks(geo, task);
    const chi = new Field(geo, staggeredType(geo, 3 as number, { boundary: [1, 1, 1, sign] })).set(numbers(task, "input_julia"));
    const { D, Ddag, K, normal } = record((u, x, m) => ({ D: add(scale(m, x), staggeredD(u, x)), Ddag: sub(scale(m, x), staggeredD(u, x)), K: staggeredD(u, x), normal: staggeredNormal(u, x, m) }), U, chi, mass).fresh(U, chi, mass);
    expect(largest(D.toArray(), numbers(task, `d_${name}_julia`))).toBeLessThan(1e-13);
    expect(largest(Ddag.toArray(), numbers(task, `ddag_${name}_julia`))).toBeLessThan(1e-13);
    expect(largest(K.toArray(), numbers(task, `k_${name}_julia`))).toBeLessThan(1e-13);
    expect(largest(normal.toArray(), numbers(task, `normal_composition_${name}_julia`))).toBeLessThan(1e-13);
  });

  test("shifted solves", () => {
    const geo = lattice([2, 2, 2, 2]);
    const task = "fermions_task_d";
    const { mass, shifts } = metadata(task) as { mass: number; shifts: number[] };
    const U = fixtureLinks(geo, task);
    const b = new Field(geo, staggeredType(geo, 3 as number)).set(numbers(task, "rhs_julia"));
    const { solutions } = multiShiftConjugateGradient((x, { V, m }) => staggeredNormal(V, x, m), b, { inputs: { V: U, m: mass }, shifts });
    solutions.forEach((x, k) => expect(largest(x.toArray(), numbers(task, `shift${k}_julia`))).toBeLessThan(1e-9));
  });

  test("pion, propagator and Z4 condensate of fermion_measurements_phase4", () => {
    const name = "fermion_measurements_phase4";
    const geo = lattice([2, 2, 2, 4]);
    const U = fixtureLinks(geo, name);
    const mass = 0.17;
    expect(largest(pionCorrelator(U, { mass }), numbers(name, "pion_staggered_corrected_julia"))).toBeLessThan(1e-9);
    for (let c = 0; c < 3; c++) expect(largest(pointPropagator(U, c, { mass }), numbers(name, `staggered_propagator_c${c}_s0_julia`))).toBeLessThan(1e-9);
    // Re eta^+ M^{-1} eta with the hermitian part m (m^2 - D^2)^{-1} of M^{-1}; the flavour factor 1/2 of the value is theirs
    const sources = [0, 1, 2].map((k) => numbers(name, `staggered_chiral_source_${k}_julia`));
    const values = sources.map((s) => {
      const part = (domain: "even" | "odd"): number => {
        const phi = new Field(geo, staggeredType(geo, 3 as number, { domain }));
        return pseudofermionAction(U, { mass, phi: phi.set(s) });
      };
      return mass * (part("even") + part("odd"));
    });
    expect(largest(Float64Array.from(values), numbers(name, "staggered_chiral_source_values_julia"))).toBeLessThan(1e-10);
    close((0.5 * (values[0]! + values[1]! + values[2]!)) / (3 * geo.volume), numbers(name, "staggered_chiral_value_julia")[0]!, 1e-12);
  });
});

test("coefficients of the tables", () => {
  const { coefficient_tables } = metadata("fermions_task_e") as { coefficient_tables: Record<string, { power: number; degree: number; alpha0: number; alpha: number[]; beta: number[] }> };
  const { power, degree, alpha0, alpha, beta } = coefficient_tables["refresh"]!;
  const r = rationalApproximation({ power, interval: [4e-4, 64], poles: degree });
  expect(Math.abs(r.constant / alpha0 - 1)).toBeLessThan(1e-6);
  beta.forEach((b, j) => expect(Math.abs(r.shifts[j]! / b - 1)).toBeLessThan(1e-5));
  alpha.forEach((a, j) => expect(Math.abs(r.residues[j]! / a - 1)).toBeLessThan(1e-5));
});

test("action and force of the Rust port's fixture", () => {
  const task = "fermions_task_e";
  const { mass, nf } = metadata(task) as { mass: number; nf: number };
  const geo = lattice([2, 2, 2, 2]);
  const U = fixtureLinks(geo, task);
  const f = pseudofermions(staggered({ mass }), { lattice: geo, group: SU(3 as number), flavours: nf, sites: "all", interval: [4e-4, 64] });
  const xi = new Field(geo, staggeredType(geo, 3 as number)).set(numbers(task, "xi_julia"));
  f.drawFrom(U, xi);
  const phi = numbers(task, "phi_julia");
  f.phi.toArray().forEach((x, i) => expect(Math.abs(x - phi[i]!)).toBeLessThan(1e-8));
  expect(Math.abs(f.value(U) - 0.6034850000000002)).toBeLessThan(1e-8);
});

describe("fixtures of the Rust port", () => {
  test.each([["periodic", 1], ["antiperiodic", -1]] as const)("D, D^+, D^+D, %s", (name, sign) => {
    const task = "fermions_task_a";
    const geo = lattice([2, 2, 2, 2]);
    const U = fixtureLinks(geo, task);
    const psi = new Field(geo, wilsonType(geo, 3 as number, { boundary: [1, 1, 1, sign] }));
    psi.set(reorder(numbers(task, "input_julia"), 16, "file"));
    const { kappa } = metadata(task) as { kappa: number };
    const { d, ddag, normal } = record((u, x, k) => ({ d: wilsonD(u, x, k), ddag: wilsonDdag(u, x, k), normal: wilsonNormal(u, x, k) }), U, psi, kappa).fresh(U, psi, kappa);
    expect(largest(reorder(d.toArray(), 16, "canonical"), numbers(task, `d_${name}_julia`))).toBeLessThan(1e-13);
    expect(largest(reorder(ddag.toArray(), 16, "canonical"), numbers(task, `ddag_${name}_julia`))).toBeLessThan(1e-13);
    expect(largest(reorder(normal.toArray(), 16, "canonical"), numbers(task, `ddagd_${name}_julia`))).toBeLessThan(1e-13);
  });

  test("pion and propagators of fermion_measurements_phase4", () => {
    const name = "fermion_measurements_phase4";
    const geo = lattice([2, 2, 2, 4]);
    const U = fixtureLinks(geo, name);
    expect(largest(wilsonPion(U, { kappa: 0.08 }).PP, numbers(name, "pion_wilson_corrected_julia"))).toBeLessThan(1e-9);
    const column = wilsonPropagator(U, { kappa: 0.08 });
    for (const [c, s] of [[0, 0], [1, 2], [2, 3]] as const) expect(largest(reorder(column(c, s), 32, "canonical"), numbers(name, `wilson_propagator_c${c}_s${s}_julia`))).toBeLessThan(1e-9);
  });

  test("pion of a stored configuration", () => {
    const geo = lattice([4, 4, 4, 4]);
    const text = readFileSync(`${reference}configs/qcdmeasurements_jl/testconf.txt`, "utf8").trim().split(/\s+/).map(Number);
    const U = new DirectionalField(geo, 3, "links").set([0, 1, 2, 3].map((mu) => Float64Array.from({ length: 256 * 18 }, (_, k) => text[(Math.floor(k / 18) * 4 + mu) * 18 + (k % 18)]!))) as LinkField;
    const expected = [15.07580956683473, 1.2490495280682485, 0.491519105822699, 1.29535846871391];
    wilsonPion(U, { kappa: 0.141139 }).PP.forEach((x, t) => expect(Math.abs(x / expected[t]! - 1)).toBeLessThan(1e-9));
  });
});
