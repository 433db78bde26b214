/** Lattice gauge equivariant convolutions, arXiv:2012.12901. */
import { z } from "zod";
import { convolution as convolutionLayer } from "../../../models/index.ts";
import { network } from "../part.ts";
import { count, seed } from "../../sections/schema-values.ts";

export const convolution = network({
  name: "convolution",
  options: z.strictObject({
    dim: count.max(4).optional().describe("dimension of the lattice; default that of the run"),
    channels: z.array(count.max(1024)).min(1).max(64).default([4]),
    reach: count.max(64).default(1),
    polyakov: z.boolean().default(false),
    gate: z.enum(["relu", "sigmoid", "tanh", "none"]).default("relu"),
    skip: z.boolean().default(false),
    seed: seed.default(0).describe("of the weights inside; the head is zero"),
  }),
  build: ({ dim, ...options }, { lattice }) => convolutionLayer({ ...options, dim: dim ?? lattice.dim }),
  cite: ["2012.12901"],
  starter: "channels = [4]",
});
