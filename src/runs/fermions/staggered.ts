/** Staggered pseudofermions without roots. */
import { z } from "zod";
import { pseudofermions, staggered as operator } from "../../fermions/index.ts";
import { fermion } from "../registry/part.ts";
import { count, positive } from "../schema-values.ts";
import { boundary, boundaryProblem, solver } from "./options.ts";

export const staggered = fermion({
  name: "staggered",
  options: z.strictObject({
    flavours: count.max(64).describe("4 or 8 in four dimensions"),
    mass: positive.describe("bare mass in lattice units"),
    boundary,
    ...solver,
  }),
  build: ({ mass, boundary: signs, ...options }, context) => pseudofermions(operator({ mass, ...(signs ? { boundary: signs } : {}) }), { ...options, ...context }),
  problem: boundaryProblem,
  describe: ({ flavours, mass }) => `${flavours} staggered flavours, m = ${mass}`,
  starter: "flavours = 4                # without roots: 4 or 8\nmass = 0.3",
});
