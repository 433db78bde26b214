/** The section [network]: a kind with the options of its layer function (checked once more by the registry that builds it), and where the weights come from. */
import { z } from "zod";
import { count, name, positive, seed } from "./schema-values.ts";

const weights = z.union([z.number(), z.record(z.string(), z.number())]);
const heads = z.union([weights, z.array(weights).min(1)]);
const directions = z.union([z.enum(["all", "spatial", "temporal"]), z.array(z.int().min(0).max(3)).min(1)]);
const loop = z.union([name, z.strictObject({ loop: name, links: directions.optional(), through: directions.optional() })]);
const loops = z.union([loop, z.record(z.string(), loop)]).optional();
const hypercubic = { alpha1: z.number().optional(), alpha2: z.number().optional(), alpha3: z.number().optional() };

/** Weights of any network; without them those of its options. */
const initial = {
  weights: z.array(z.number()).min(1).optional().describe("initial weights, all of them, in the order that gaugegrad model show prints"),
  randomWidth: positive.optional().describe("initial weights uniform in (-randomWidth, randomWidth)"),
  randomSeed: seed.default(0),
};

export const networkSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("covariant"),
    layers: z.union([count, z.array(z.array(z.number()).length(3)).min(1)]).default(2).describe("number of layers, or [plaq, poly4, polys] for each"),
    ...initial,
  }),
  z.strictObject({ kind: z.literal("stout"), rho: weights.default(0), loops, ...initial }),
  z.strictObject({
    kind: z.literal("cask"),
    blocks: count.default(1),
    rho: weights.optional(), rhoQ: heads.optional(), rhoK: heads.optional(), rhoV: heads.optional(), relay: z.number().optional(),
    loops,
    length: count.default(3).describe("largest distance of joined links"),
    variant: z.enum(["symmetric", "code"]).default("symmetric"),
    finalStep: z.boolean().default(true),
    activation: z.enum(["tan", "tanh", "relu", "softmax"]).default("tan"),
    pattern: z.enum(["full", "sparse", "star"]).default("full"),
    recompute: z.boolean().default(false),
    ...initial,
  }),
  z.strictObject({
    kind: z.literal("ape"),
    alpha: z.number().optional(), w1: z.number().optional(), w2: weights.optional(), loops,
    projection: z.enum(["SU", "U"]).default("SU"),
    spatial: z.boolean().default(false),
    ...initial,
  }),
  z.strictObject({ kind: z.literal("hyp"), ...hypercubic, ...initial }),
  z.strictObject({ kind: z.literal("nhyp"), ...hypercubic, ...initial }),
  z.strictObject({ kind: z.literal("hex"), ...hypercubic, ...initial }),
  z.strictObject({
    kind: z.literal("flow"),
    time: z.number(), steps: count,
    rho: z.union([z.array(z.number()).min(1), z.record(z.string(), z.array(z.number()).min(1))]).optional(),
    basis: z.enum(["pieces", "legendre"]).default("pieces"),
    loops,
    recompute: z.boolean().default(true),
    ...initial,
  }),
  z.strictObject({
    kind: z.literal("convolution"),
    channels: z.array(count).min(1).default([4]), reach: count.default(1), polyakov: z.boolean().default(false),
    gate: z.enum(["relu", "sigmoid", "tanh", "none"]).default("relu"),
    skip: z.boolean().default(false),
    seed: seed.default(0).describe("of the weights inside; the head is zero"),
    ...initial,
  }),
  z.strictObject({ kind: z.literal("chain"), layers: z.array(z.looseObject({ network: name })).min(1).describe("layers in the order of their action, each { network = NAME, options }"), ...initial }),
  z.strictObject({ kind: z.literal("model"), file: name.describe("model file of a training: network and weights") }),
]);

export type NetworkSection = z.output<typeof networkSchema>;
