/**
 * The run file: one schema for what may be written, what is meant when it is not, and what an editor shows (`gaugegrad schema`). Sections are
 * strict, so that a misspelt key is an error and never a default. Times and lengths are in lattice and molecular dynamics units.
 */
import { z } from "zod";
import { integrators } from "../samplers/index.ts";
import { networkSchema } from "./network-schema.ts";
import { count, name, nonNegative, positive, seed, whole } from "./schema-values.ts";

const lattice = z.strictObject({
  extents: z.array(count).min(2).max(4).describe("Lx, Ly, Lz, Lt; two or three numbers for fewer dimensions, the last one is time"),
});

const loop = z.strictObject({
  name: name.optional().describe("plaquette, rectangle, chair, parallelogram, polyakov, polyakov-t, ..."),
  path: name.optional().describe("one closed path from every site, such as +x +y -x -y"),
  weight: z.number(),
});

const action = z.strictObject({
  kind: z.enum(["wilson", "symanzik", "iwasaki", "dbw2", "loops"]).default("wilson"),
  beta: z.number().describe("2N/g0^2; for U(1) the coefficient of 1 - cos theta"),
  loops: z.array(loop).min(1).optional().describe("for kind loops: families by name or single paths, each with its weight"),
});

const fermions = z.strictObject({
  kind: z.enum(["staggered", "rational"]).default("staggered").describe("staggered: as many flavours as one or two fields have without roots; rational: any number (RHMC)"),
  flavours: count.describe("staggered: 4 or 8 in four dimensions; rational: 1 to 7"),
  mass: positive.describe("bare mass in lattice units"),
  boundary: z.array(z.union([z.literal(1), z.literal(-1)])).optional().describe("one sign a direction; default antiperiodic in time"),
  tolerance: positive.default(1e-12).describe("relative residual of the solver"),
  maxIterations: count.default(5000),
  precision: positive.default(1e-12).describe("rational: largest relative error of the approximation"),
});

const start = z.strictObject({
  kind: z.enum(["cold", "hot", "near-unit", "file"]).default("cold"),
  width: positive.default(0.5).describe("near-unit: U = exp(width x), x normal"),
  file: name.optional().describe("file: a configuration of any format that is read"),
});

const guide = z.strictObject({
  action: action.optional().describe("gauge part of S_theta; default that of the target"),
  masses: z.array(positive).optional().describe("masses of the fermions in S_theta, one a field; default those of the target"),
  trainable: z.array(name).min(1).default(["network"]).describe("network, gauge.beta, gauge.weights, fermions.mass, ..."),
});

const integrator = z.enum(Object.keys(integrators) as [keyof typeof integrators, ...(keyof typeof integrators)[]]);
const level = z.strictObject({
  force: name.describe("gauge, fermions, or fermions.0, fermions.1, ... one by one"),
  integrator: integrator.default("omelyan"),
  steps: count,
});

const sampler = z.strictObject({
  integrator: integrator.optional().describe("default omelyan"),
  steps: count.optional().describe("steps of a trajectory; needed unless there are levels"),
  levels: z.array(level).min(1).optional().describe("nested time scales, coarsest first; together they hold every force once"),
  length: positive.default(1).describe("trajectory length tau"),
  seed: seed.default(0),
  stream: z.int().min(0).max(2 ** 32 - 1).default(0).describe("independent chains of one seed differ in their stream"),
  thermalisation: whole.default(0).describe("trajectories before anything is measured or trained"),
  trajectories: whole.default(100).describe("trajectories of production"),
  reunitarise: whole.default(0).describe("links are moved back to the group after every so many trajectories; 0: never"),
});

const training = z.strictObject({
  objective: z.enum(["squared", "centred", "forceMatching", "acceptance"]).default("centred"),
  offset: z.enum(["mean", "trainable"]).default("mean").describe("centred: E_0 is a mean, or a parameter"),
  optimiser: z.enum(["adam", "adamW", "sgd", "gaussNewton"]).default("adam"),
  rate: positive.default(1e-3),
  schedule: z.enum(["constant", "cosine", "step"]).default("constant"),
  finalRate: nonNegative.default(0).describe("cosine: rate at the end"),
  factor: positive.default(0.5).describe("step: what the rate is multiplied with"),
  every: count.default(100).describe("step: after so many optimiser steps"),
  warmUp: whole.default(0).describe("optimiser steps in which the rate rises linearly"),
  momentum: nonNegative.default(0).describe("sgd"),
  weightDecay: nonNegative.default(0.01).describe("adamW"),
  clip: positive.optional().describe("largest norm of the gradient"),
  offsetRate: positive.default(0.05).describe("weight of the newest batch in the running mean of S_theta - S"),
  trajectories: count.default(100).describe("online: trajectories of the prior HMC"),
  batch: count.optional().describe("samples of a step; default 1 online, all of them offline"),
  replay: count.optional().describe("online: configurations that batches are drawn from; default one batch"),
  configurations: z.array(name).min(1).optional().describe("offline: stored configurations in the order of their chain"),
  epochs: count.default(100).describe("offline"),
  heldOut: z.number().min(0).lt(1).default(0).describe("offline: fraction of the configurations that is only looked at"),
  patience: count.optional().describe("offline: epochs without a lower loss before training stops"),
});

const flow = z.strictObject({
  time: positive.describe("flow time to reach"),
  step: positive.default(0.02),
  every: positive.default(0.1).describe("flow time between two measurements"),
  action: z.enum(["wilson", "symanzik"]).default("wilson"),
});

const observables = z.enum(["planes", "rectangle", "polyakov", "linkTrace", "energy", "charge", "condensate", "pion", "forces"]);

const measurement = z.strictObject({
  every: count.default(1).describe("trajectories between two measurements"),
  observables: z.array(observables).default(["polyakov"]).describe("the mean plaquette is always there"),
  wilsonLoops: z.array(z.array(count).length(2)).default([]).describe("pairs T, R"),
  condensateMass: positive.optional().describe("default the mass of the first fermion"),
  sources: z.int().min(2).default(2).describe("condensate: noise sources"),
  flow: flow.optional(),
});

const output = z.strictObject({
  checkpoint: count.default(10).describe("trajectories between two checkpoints"),
  configurations: z
    .strictObject({ every: count, format: z.enum(["nersc", "ildg", "milc", "bridge", "npy"]).default("ildg"), precision: z.union([z.literal(32), z.literal(64)]).optional() })
    .optional()
    .describe("links of production kept in files"),
});

const checks = z.strictObject({
  every: whole.default(100).describe("trajectories between two checks: one trajectory is repeated bit for bit and integrated back; 0: never"),
  reversibility: positive.default(1e-7).describe("largest |U - U_0| after integrating forward and back"),
  unitarity: positive.default(1e-10).describe("largest |U U^+ - 1| and |det U - 1|"),
});

/** A run file with everything it may contain. */
export const runSchema = z.strictObject({
  title: z.string().optional(),
  lattice,
  group: z.string().regex(/^(su\(?\d+\)?|u\(?1\)?)$/i, "expected U(1), SU(2), SU(3), ...").default("SU(3)"),
  start: start.prefault({}),
  action,
  fermions: z.array(fermions).default([]),
  network: networkSchema.optional(),
  guide: guide.prefault({}),
  sampler: sampler.prefault({}),
  training: training.optional(),
  measurement: measurement.prefault({}),
  output: output.prefault({}),
  checks: checks.prefault({}),
});

/** A resolved run: every default filled in. */
export type RunConfiguration = z.output<typeof runSchema>;
export type ActionSection = RunConfiguration["action"];
export type FermionSection = RunConfiguration["fermions"][number];
export type TrainingSection = NonNullable<RunConfiguration["training"]>;

/** The schema as JSON Schema (draft 2020-12), for editors. `[fermions]` may be one table or several `[[fermions]]`. */
export function runJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(runSchema, { io: "input" }) as { properties: Record<string, Record<string, unknown>> };
  const several = schema.properties["fermions"]!;
  schema.properties["fermions"] = { anyOf: [several["items"], several] };
  return { title: "gaugegrad run file", ...schema };
}
