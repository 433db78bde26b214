/** Stout smearing with trainable weights. */
import { z } from "zod";
import { type LoopSet, stout as stoutLayer } from "../../../models/index.ts";
import { network } from "../part.ts";
import { loops, weights } from "./options.ts";

export const stout = network({
  name: "stout",
  options: z.strictObject({ rho: weights.default(0), loops }),
  build: ({ rho, loops: set }) => stoutLayer({ rho, ...(set === undefined ? {} : { loops: set as LoopSet }) }),
  cite: ["hep-lat/0311018"],
  starter: "rho = 0.1                   # or a weight for each loop: rho = { plaquette = 0.1, rectangle = 0.0 }",
});
