/** Layers one after the other. */
import { z } from "zod";
import { type AnyLayer, type Plain, chain as chainLayers } from "../../../models/index.ts";
import { network } from "../part.ts";
import { name } from "../../sections/schema-values.ts";

export const chain = network({
  name: "chain",
  options: z.strictObject({ layers: z.array(z.looseObject({ network: name })).min(1).max(256).describe("layers in the order of their action, each { network = NAME, options }") }),
  build: ({ layers }, context) => chainLayers(...layers.map((l) => context.network(l as Plain) as AnyLayer)),
  starter: 'layers = [{ network = "stout", rho = 0.1 }, { network = "stout", rho = 0.0 }]',
});
