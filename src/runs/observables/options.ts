/** What several observables share. */
import { z } from "zod";
import type { StaggeredParameters } from "../../fermions/index.ts";
import { hisqOperator } from "../fermions/hisq.ts";
import type { RunConfiguration } from "../sections.ts";
import { positive } from "../schema-values.ts";

/** Of an observable without options. */
export const none = z.strictObject({});

/** Mass of the staggered operator. */
export const mass = positive.optional().describe("default measurement.condensateMass, or the mass of the first fermion");

/** Names with a prefix, `energy.clover`. */
export const prefixed = (name: string, values: Readonly<Record<string, number>>): Readonly<Record<string, number>> => Object.fromEntries(Object.entries(values).map(([key, x]) => [`${name}.${key}`, x]));

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
