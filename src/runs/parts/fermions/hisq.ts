/** Highly improved staggered quarks. */
import { z } from "zod";
import { type StaggeredOperator, hisq as operator, staggered } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { boundaries, boundaryProblem, fieldsOf, form, given, rationalOptions, solver } from "./options.ts";

/** Plans belong to an operator: one for every Naik correction. */
const operators = new Map<number, StaggeredOperator>();

/** The operator of a section of this kind. */
export function hisqOperator({ epsilon = 0 }: { readonly epsilon?: number | undefined }): StaggeredOperator {
  let D = operators.get(epsilon);
  if (!D) operators.set(epsilon, (D = operator({ epsilon })));
  return D;
}

export const hisq = fermion({
  name: "hisq",
  title: "HISQ",
  options: z.strictObject({
    flavours: count.max(64).describe("4 or 8 in four dimensions; others with an interval"),
    mass: positive.describe("bare mass in lattice units"),
    epsilon: z.number().default(0).describe("Naik correction of heavy quarks"),
    ...form,
    ...boundaries,
    ...solver,
    ...rationalOptions,
  }),
  build: ({ mass, epsilon, ...options }, context) => fieldsOf(staggered({ mass, operator: hisqOperator({ epsilon }), ...given(options) }), undefined, options, context),
  problem: (options, run) => {
    const one = 2 ** Math.ceil(run.lattice.extents.length / 2);
    if (options.flavours % one !== 0 && !options.interval && !options.exact) return `interval: got nothing for ${options.flavours} flavours, expected [low, high] around the spectrum of m^2 - D^2, or ${one} or ${2 * one} flavours`;
    return boundaryProblem(options, run);
  },
  describe: ({ flavours, mass }) => `${flavours} HISQ flavours, m = ${mass}`,
  cite: ["hep-lat/0610092"],
  starter: "flavours = 4                # without roots: 4 or 8; others need interval = [low, high]\nmass = 0.3\nepsilon = 0.0               # Naik correction of heavy quarks",
});
