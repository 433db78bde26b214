/** Staggered pseudofermions without roots. */
import { z } from "zod";
import { staggered as operator } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { positive } from "../../sections/schema-values.ts";
import { boundaries, boundaryProblem, fieldsOf, form, given, solver } from "./options.ts";

export const staggered = fermion({
  name: "staggered",
  options: z.strictObject({
    flavours: positive.max(64).describe("4 or 8 in four dimensions; any number of exact determinants"),
    mass: positive.describe("bare mass in lattice units"),
    over: positive.optional().describe("mass preconditioning: a heavier mass whose determinant divides; give a field of that mass as well"),
    ...form,
    ...boundaries,
    ...solver,
  }),
  build: ({ mass, over, ...options }, context) => fieldsOf(operator({ mass, ...given(options) }), over === undefined ? undefined : operator({ mass: over, ...given(options) }), options, context),
  problem: (options, run) => {
    const one = 2 ** Math.ceil(run.lattice.extents.length / 2);
    if (!options.exact && options.flavours !== one && options.flavours !== 2 * one) return `flavours: got ${options.flavours}, expected ${one} or ${2 * one}: kind "rational" or exact = true take other numbers`;
    return boundaryProblem(options, run);
  },
  describe: ({ flavours, mass }) => `${flavours} staggered flavours, m = ${mass}`,
  starter: "flavours = 4                # without roots: 4 or 8\nmass = 0.3",
});
