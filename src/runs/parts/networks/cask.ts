/** Covariant attention with stout kernel, arXiv:2501.16955. */
import { z } from "zod";
import type { LinkField } from "../../../autograd/index.ts";
import { CaskLayer, CaskNetwork, type CaskOptions, type Layer, caskNetwork } from "../../../models/index.ts";
import { type NetworkMap, network } from "../part.ts";
import { count } from "../../sections/schema-values.ts";
import { heads, loops, weights } from "./options.ts";

export const cask = network({
  name: "cask",
  title: "CASK",
  options: z.strictObject({
    blocks: count.max(64).default(1),
    rho: weights.optional(), rhoQ: heads.optional(), rhoK: heads.optional(), rhoV: heads.optional(), relay: z.number().optional(),
    loops,
    length: count.max(64).default(3).describe("largest distance of joined links"),
    variant: z.enum(["symmetric", "code"]).default("symmetric"),
    finalStep: z.boolean().default(true),
    activation: z.enum(["tan", "tanh", "relu", "softmax"]).default("tan"),
    pattern: z.enum(["full", "sparse", "star"]).default("full"),
    recompute: z.boolean().default(false),
  }),
  build: (options) => caskNetwork(options as CaskOptions),
  cite: ["2501.16955", "hep-lat/0311018"],
  starter: "length = 1                  # largest distance of joined links\nrandomWidth = 0.01          # initial weights",
  maps: attention,
});

/** Attention of every block on the links that reach it. */
function attention(layer: Layer<number, unknown>, U: LinkField): NetworkMap[] {
  const blocks = layer instanceof CaskNetwork ? layer.blocks.map((_, block) => layer.attention(U, block)) : layer instanceof CaskLayer ? [layer.attention(U)] : [];
  return blocks.flatMap((byName, block) => Object.entries(byName).map(([name, field]) => ({ block, name, field, caption: joinedText(name) })));
}

/** What `x+2y` means. */
function joinedText(name: string): string {
  const [, axis, side, length, along, head = ""] = /^([a-z])([+-])(\d+)([a-z])(.*)$/.exec(name) ?? [];
  if (axis === undefined) return `Attention ${name}.`;
  return `Weight that the link along ${axis} gives to the link ${length} ${length === "1" ? "step" : "steps"} ${side === "+" ? "above" : "below"} along ${along}${head === "" ? "" : `,${head}`}; gauge invariant.`;
}
