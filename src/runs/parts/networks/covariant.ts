/** The gauge covariant network of arXiv:2103.11965. */
import { z } from "zod";
import { covariantNetwork } from "../../../models/index.ts";
import { network } from "../part.ts";
import { count } from "../../sections/schema-values.ts";

const weights = z.strictObject({ plaq: z.number(), poly4: z.number(), polys: z.number() });

export const covariant = network({
  name: "covariant",
  options: z.strictObject({
    layers: z.union([count.max(256), z.array(z.union([z.tuple([z.number(), z.number(), z.number()]), weights])).min(1).max(256)]).default(2).describe("number of layers, or [plaq, poly4, polys] for each"),
  }),
  build: ({ layers }) => covariantNetwork({ layers }),
  cite: ["hep-lat/0311018", "2103.11965"],
  starter: "layers = 2                  # six weights",
});
