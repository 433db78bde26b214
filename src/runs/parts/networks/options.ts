/** Options that several networks share. */
import { z } from "zod";
import { name } from "../../sections/schema-values.ts";

/** One number, or a number for each named loop. */
export const weights = z.union([z.number(), z.record(z.string(), z.number())]);
/** Weights, or a list of weights, one a head. */
export const heads = z.union([weights, z.array(weights).min(1).max(64)]);
const directions = z.union([z.enum(["all", "spatial", "temporal"]), z.array(z.int().min(0).max(3)).min(1)]);
const loop = z.union([name, z.strictObject({ loop: name, links: directions.optional(), through: directions.optional() })]);
/** A loop (name, path, or a table), or a loop for each weight. */
export const loops = z.union([loop, z.record(z.string(), loop)]).optional();
