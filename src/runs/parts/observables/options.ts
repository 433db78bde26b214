/** What several observables share. */
import { z } from "zod";
import type { StaggeredParameters, WilsonOptions } from "../../../fermions/index.ts";
import { hisqOperator } from "../fermions/hisq.ts";
import type { RunConfiguration } from "../../sections/sections.ts";
import { positive } from "../../sections/schema-values.ts";

/** Of an observable without options. */
export const none = z.strictObject({});

/** Mass of the staggered operator. */
export const mass = positive.optional().describe("default measurement.condensateMass, or the mass of the first fermion");

/** Of measurements with many solves. */
export const deflate = z.int().min(0).max(256).optional().describe("lowest eigenvectors that are computed first and kept out of the solves; for light masses and many sources");

/** Names with a prefix, `energy.clover`. */
export const prefixed = (name: string, values: Readonly<Record<string, number>>): Readonly<Record<string, number>> => Object.fromEntries(Object.entries(values).map(([key, x]) => [`${name}.${key}`, x]));

/** Of measurements with Wilson or clover fermions. */
export const spinorOptions = {
  kappa: positive.optional().describe("default that of the first Wilson or clover fermions of the run"),
  csw: z.number().optional().describe("default that of the first Wilson or clover fermions of the run, or 0"),
  solver: z.enum(["cg", "bicgstab"]).optional().describe("of D^{-1}: conjugate gradients on D^+D (default), or BiCGStab on D"),
  deflate,
};

interface SpinorOptions {
  readonly kappa?: number | undefined;
  readonly csw?: number | undefined;
  readonly solver?: "cg" | "bicgstab" | undefined;
  readonly deflate?: number | undefined;
}

const spinorsOf = ({ fermions }: RunConfiguration) => fermions.find((f) => f.kind === "wilson" || f.kind === "clover");

/** Wilson fermions of a measurement: as given, or those of the run. */
export function wilsonOf({ kappa, csw, solver, deflate: modes }: SpinorOptions, run: RunConfiguration): WilsonOptions {
  const own = spinorsOf(run);
  const boundary = own?.boundary;
  return { kappa: kappa ?? (own!["kappa"] as number), clover: csw ?? (own?.["csw"] as number | undefined) ?? 0, ...(boundary ? { boundary } : {}), ...(solver ? { solver } : {}), ...(modes === undefined ? {} : { deflate: modes }) };
}

/** A kappa from somewhere, spinors, and propagators without twist. */
export function wilsonProblem(name: string, { kappa, solver, deflate: modes }: SpinorOptions, run: RunConfiguration): string | undefined {
  const own = spinorsOf(run);
  const D = run.lattice.extents.length;
  if (D !== 2 && D !== 4) return `observables: got ${name} in ${D} dimensions, expected 2 or 4`;
  if (kappa === undefined && !own) return `observables: got ${name} without Wilson fermions in the run, expected its kappa`;
  if (solver === "bicgstab" && modes) return `observables: got ${name} with deflate = ${modes} and the solver bicgstab, expected one of them: deflation belongs to cg`;
  return own?.twist?.some((theta) => theta !== 0) ? `observables: got ${name} with twisted fermions, expected no twist: its propagators have none` : undefined;
}

/** Mass, boundary and operator of a staggered measurement in a run: those of the first fermion. */
export function staggeredOptions(given: { readonly mass?: number | undefined }, { measurement, fermions: [first] }: RunConfiguration): StaggeredParameters {
  return {
    mass: given.mass ?? measurement.condensateMass ?? first!.mass!,
    ...(first?.boundary ? { boundary: first.boundary } : {}),
    ...(first?.twist ? { twist: first.twist } : {}),
    ...(first?.kind === "hisq" ? { operator: hisqOperator({ epsilon: first["epsilon"] as number }) } : {}),
  };
}

/** A mass from somewhere, and even extents. */
export function staggeredProblem(name: string, given: { readonly mass?: number | undefined }, { measurement, fermions: [first], lattice }: RunConfiguration): string | undefined {
  if (given.mass === undefined && measurement.condensateMass === undefined && first?.mass === undefined) return `condensateMass: got nothing without fermions, expected the mass for ${name}`;
  return lattice.extents.some((L) => L % 2 !== 0) ? `observables: got ${name} with the extents ${lattice.extents.join(", ")}, expected even ones` : undefined;
}
