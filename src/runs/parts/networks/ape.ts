/** APE smearing with trainable weights. */
import { z } from "zod";
import { type ApeOptions, ape as apeLayer } from "../../../models/index.ts";
import { network } from "../part.ts";
import { loops, weights } from "./options.ts";

export const ape = network({
  name: "ape",
  title: "APE",
  options: z.strictObject({
    alpha: z.number().optional(), w1: z.number().optional(), w2: weights.optional(), loops,
    projection: z.enum(["SU", "U"]).default("SU"),
    spatial: z.boolean().default(false),
  }),
  build: (options) => apeLayer(options as ApeOptions),
  starter: "alpha = 0.5",
});
