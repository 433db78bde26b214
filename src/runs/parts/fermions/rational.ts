/** Staggered pseudofermions for any number of flavours by rational approximation. */
import { z } from "zod";
import { staggered } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { boundaries, boundaryProblem, fieldsOf, given, rationalOptions, solver } from "./options.ts";

export const rational = fermion({
  name: "rational",
  title: "rational staggered",
  options: z.strictObject({
    flavours: count.max(64).describe("1 to 7"),
    mass: positive.describe("bare mass in lattice units"),
    sites: z.enum(["even", "all"]).optional().describe("sites of the field; default even for fewer than 4 flavours"),
    ...boundaries,
    ...solver,
    ...rationalOptions,
  }),
  build: ({ mass, sites, ...options }, context) => fieldsOf(staggered({ mass, ...given(options) }), undefined, options, context, sites ? { sites } : {}),
  problem: boundaryProblem,
  describe: ({ flavours, mass }) => `${flavours} rational staggered flavours, m = ${mass}`,
  cite: ["hep-lat/0409133"],
  starter: "flavours = 2                # 1 to 7\nmass = 0.3",
});
