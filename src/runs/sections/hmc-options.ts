/** Options of molecular dynamics. */
import { z } from "zod";
import { integrators } from "../../samplers/index.ts";
import { count, name, positive } from "./schema-values.ts";

const integrator = z.enum(Object.keys(integrators) as [keyof typeof integrators, ...(keyof typeof integrators)[]]);
const level = z.strictObject({
  force: name.describe("gauge, matter, fermions, or fermions.0, fermions.1, ... one by one"),
  integrator: integrator.default("omelyan"),
  steps: count,
});

export const hmcOptions = z.strictObject({
  integrator: integrator.optional().describe("default omelyan"),
  steps: count.optional().describe("steps of a trajectory; needed unless there are levels"),
  masses: z.record(name, positive).optional().describe("of kinetic terms of matter by the names of its fields, K = pi^2/(2 m); default 1"),
  levels: z.array(level).min(1).max(16).optional().describe("nested time scales, coarsest first; together they hold every force once"),
  length: positive.default(1).describe("trajectory length tau"),
  forcePrecision: z.enum(["f64", "f32"]).optional().describe("f32: forces in single precision, by native kernels with the native backend; energies stay float64"),
});

/** Options of molecular dynamics as a run file gives them. */
export type HmcSection = z.output<typeof hmcOptions>;
