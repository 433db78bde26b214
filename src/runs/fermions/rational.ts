/** Staggered pseudofermions for any number of flavours by rational approximation. */
import { z } from "zod";
import { pseudofermions, staggered } from "../../fermions/index.ts";
import { fermion } from "../registry/part.ts";
import { count, positive } from "../schema-values.ts";
import { boundary, boundaryProblem, solver } from "./options.ts";

export const rational = fermion({
  name: "rational",
  title: "rational staggered",
  options: z.strictObject({
    flavours: count.max(64).describe("1 to 7"),
    mass: positive.describe("bare mass in lattice units"),
    boundary,
    ...solver,
    precision: positive.default(1e-12).describe("largest relative error of the approximation"),
  }),
  build: ({ mass, boundary: signs, ...options }, context) => pseudofermions(staggered({ mass, ...(signs ? { boundary: signs } : {}) }), { ...options, ...context }),
  problem: boundaryProblem,
  describe: ({ flavours, mass }) => `${flavours} rational staggered flavours, m = ${mass}`,
  starter: "flavours = 2                # 1 to 7\nmass = 0.3",
});
