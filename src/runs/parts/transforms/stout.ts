/** Masked stout sweeps with fixed weights. */
import { z } from "zod";
import { maskedStout } from "../../../flows/index.ts";
import { transform } from "../part.ts";
import { count } from "../../sections/schema-values.ts";
import { maskProblem } from "./options.ts";

export const stoutTransform = transform({
  name: "stout",
  title: "masked stout sweeps",
  options: z.strictObject({
    rho: z.union([z.number(), z.array(z.number()).min(1).max(64)]).default(0.1).describe("weight of the plaquette staples, or one a sweep; one to one for |rho| < 1/(2(D-1))"),
    rectangle: z.number().optional().describe("weight of the rectangle staples; steps are then by four colours"),
    sweeps: count.max(64).default(1).describe("sweeps over all links, where there is one weight"),
  }),
  build: ({ rho, rectangle, sweeps }) => {
    const weights = (Array.isArray(rho) ? rho : Array.from({ length: sweeps }, () => rho)).map((plaquette) => ({ plaquette, ...(rectangle === undefined ? {} : { rectangle }) }));
    return maskedStout({ rho: weights[0]!, sweeps: weights.length }).with({ sweeps: weights });
  },
  problem: ({ rectangle }, run) => maskProblem(run, rectangle === undefined ? 2 : 4),
  cite: ["hep-lat/0311018", "0907.5491"],
  starter: "rho = 0.1                   # weight of the staples, below 1/(2(D-1))\nsweeps = 2",
});
