/** Gradient flow as a layer of continuous depth. */
import { z } from "zod";
import { type FlowLayerOptions, flowLayer } from "../../../models/index.ts";
import { network } from "../part.ts";
import { count } from "../../sections/schema-values.ts";
import { loops } from "./options.ts";

const coefficients = z.array(z.number()).min(1).max(1000);

export const flow = network({
  name: "flow",
  title: "gradient flow",
  options: z.strictObject({
    time: z.number().describe("flow time to reach"),
    steps: count.max(1000),
    rho: z.union([coefficients, z.record(z.string(), coefficients)]).optional().describe("coefficients of rho(t); default [1], the Wilson flow"),
    basis: z.enum(["pieces", "legendre"]).default("pieces"),
    loops,
    recompute: z.boolean().default(true),
  }),
  build: (options) => flowLayer(options as FlowLayerOptions),
  cite: ["1006.4518"],
  starter: "time = 0.1\nsteps = 4",
});
