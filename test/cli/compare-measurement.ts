/** Compares everything that `measure --json` reports with stored numbers. */
import { expect } from "vitest";
import type { Measurement } from "../../src/runs/measurement.ts";
import { type ReferenceNumbers, deviation } from "../io/reference.ts";

const LOOPS = 1e-12;
const FORCES = 1e-10;
const SOLVES = 1e-8;

/** Fails with the list of all numbers that deviate. Stout numbers are compared for rho = 0.1, staggered ones at the masses that are stored. */
export function compareMeasurement(m: Measurement, ref: ReferenceNumbers): void {
  const { numbers } = ref;
  const wrong: string[] = [];
  let compared = 0;
  const check = (name: string, got: number | null | undefined, expected: number | undefined, tolerance: number): void => {
    if (expected === undefined) return;
    compared++;
    const d = got === null || got === undefined ? Infinity : deviation(got, expected);
    if (!(d <= tolerance)) wrong.push(`${name}: got ${got}, expected ${expected}, deviation ${d.toExponential(2)}`);
  };
  expect(m.lattice).toEqual(ref.dims);
  expect(m.group).toBe(`SU(${ref.N})`);
  check("plaquette", m.plaquette, numbers["plaq"], LOOPS);
  for (const plane of ["xy", "xz", "xt", "yz", "yt", "zt"]) check(plane, m.plaquettePlanes[plane], numbers[`plaq_${plane}`], LOOPS);
  check("rectangle", m.rectangle, numbers["rect"], LOOPS);
  for (const axis of ["x", "y", "z", "t"]) {
    check(`Re P_${axis}`, m.polyakov[axis]![0], numbers[`poly_${axis}_re`], LOOPS);
    check(`Im P_${axis}`, m.polyakov[axis]![1], numbers[`poly_${axis}_im`], LOOPS);
  }
  check("link trace", m.linkTrace, numbers["linktrace"], LOOPS);
  check("S_W", m.action.wilson / m.action.beta, numbers["S_beta1"], LOOPS);
  check("F2", m.action.forceNorm2 / m.action.beta ** 2, numbers["F2"], FORCES);
  for (const s of m.stout ?? []) {
    check(`stout ${s.step} plaquette`, s.plaquette, numbers[`stout${s.step}_plaq`] ?? (s.step === 0 ? numbers["plaq"] : undefined), FORCES);
    check(`stout ${s.step} S_W`, s.wilson / m.action.beta, numbers[`S_stout${s.step}`], FORCES);
    check(`stout ${s.step} F2`, s.forceNorm2 / m.action.beta ** 2, numbers[`F2_stout${s.step}`], FORCES);
  }
  for (const p of m.flow ?? []) {
    const key = `t${p.t.toFixed(2)}`;
    check(`${key} plaquette`, p.plaquette, numbers[`${key}_plaq`], FORCES);
    check(`${key} E_plaq`, p.energyPlaquette, numbers[`${key}_Eplaq`], FORCES);
    check(`${key} E_clover`, p.energyClover, numbers[`${key}_Eclov`], FORCES);
    check(`${key} Q`, p.topologicalCharge, numbers[`${key}_Q`], FORCES);
  }
  const s = m.staggered;
  if (s && ref.staggered) {
    const stored = ref.staggered[s.boundary.at(-1) === -1 ? "bc-1" : "bc+1"];
    check("condensate", s.chiralCondensate, s.chiralCondensate === undefined ? undefined : stored[`pbp_m${s.mass}`], SOLVES);
    for (let t = 0; t < ref.dims[3]!; t++) check(`pion ${t}`, s.pion[t], stored[`pion_m${s.mass}_t${t}`], SOLVES);
    check("S_pf", s.pseudofermionAction, stored[`S_pf_m${s.mass}_stout0`], SOLVES);
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(18);
}
