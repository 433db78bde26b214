/** The sections of a run file that are the same whatever parts it names, and what a run file is when it has been read. Parts know a run by this file. */
import { z } from "zod";
import type { Boundary, Twist } from "../../fermions/index.ts";
import { flowAction } from "./flow-action.ts";
import type { HmcSection } from "./hmc-options.ts";
import { count, name, nonNegative, positive, seed, whole } from "./schema-values.ts";

/** Where a part of the user's own comes from. */
export const own = {
  module: name.optional().describe("TypeScript or JavaScript file of a part of your own, from the folder of the run file"),
  name: name.optional().describe("the export of the module; default the default export"),
  moduleSha256: z.string().optional().describe("filled in: contents of the module and of what it imports from its folder"),
};

const lattice = z.strictObject({
  extents: z.array(count.max(65536)).min(2).max(4).describe("Lx, Ly, Lz, Lt; two or three numbers for fewer dimensions, the last one is time"),
  quaternions: z.boolean().optional().describe("links of SU(2) as quaternions, half of memory and arithmetic; equal up to rounding, so that a run keeps what it began with. Default false"),
});

/** Of arrays without names for their axes. */
const arrays = {
  order: name.optional().describe("npy and HDF5: order of the axes, mu-last (t, z, y, x, mu, row, column), mu-first, mu-last-xyzt, mu-first-xyzt, or all axes with commas, slowest first"),
  dataset: z.union([name, z.array(name).min(1)]).optional().describe("HDF5: name of the dataset of links, or one a direction"),
};

const start = z.strictObject({
  kind: z.enum(["cold", "hot", "near-unit", "file"]).default("cold"),
  width: positive.default(0.5).describe("near-unit: U = exp(width x), x normal"),
  file: name.optional().describe("file: a configuration of any format that is read, or the folder of a run"),
  format: name.optional().describe("file: its format; default by its content"),
  ...arrays,
  ...own,
});

/** Of every sampler; the options of its kind come in addition. */
const sampler = z.strictObject({
  seed: seed.default(0),
  stream: z.int().min(0).max(2 ** 32 - 1).default(0).describe("independent chains of one seed differ in their stream"),
  thermalisation: whole.max(2 ** 31).default(0).describe("trajectories before anything is measured or trained"),
  trajectories: whole.max(2 ** 31).default(100).describe("trajectories of production"),
  acceptAlways: whole.optional().describe("trajectories at the beginning of the thermalisation that are accepted whatever dH is; default half of it and at most 20 from cold and near-unit starts (slmc: from hot ones too), 0 from others"),
  failedSolve: z.enum(["stop", "reject"]).default("stop").describe("a solve that does not converge: the run stops, or the trajectory counts as rejected and its links are kept in failed/"),
  reunitarise: whole.default(0).describe("links are moved back to the group after every so many trajectories; 0: never"),
});

/** Parameters of a training that are treated apart. */
const group = z.strictObject({
  parameters: z.union([name, z.array(name).min(1)]).describe("names of parameters or branches, as gaugegrad model show prints them; * stands for any one key or index"),
  rate: positive.optional().describe("learning rate, with the schedule of the training"),
  weightDecay: nonNegative.optional().describe("adamW"),
  frozen: z.boolean().optional().describe("true: they stay as they are"),
});

/** Of every objective. */
const training = z.strictObject({
  optimiser: z.enum(["adam", "adamW", "sgd", "gaussNewton", "lbfgs", "regression"]).default("adam").describe("lbfgs: offline, all configurations in every step, rates by its line search; regression: normal equations of parameters that S_theta is linear in, such as gauge.weights, with objective squared"),
  rate: positive.default(1e-3),
  schedule: z.enum(["constant", "cosine", "step"]).default("constant"),
  finalRate: nonNegative.default(0).describe("cosine: rate at the end"),
  factor: positive.default(0.5).describe("step: what the rate is multiplied with"),
  every: count.default(100).describe("step: after so many optimiser steps"),
  warmUp: whole.default(0).describe("optimiser steps in which the rate rises linearly"),
  momentum: nonNegative.default(0).describe("sgd"),
  weightDecay: nonNegative.default(0.01).describe("adamW"),
  damping: nonNegative.optional().describe("gaussNewton: Levenberg-Marquardt damping of the first step; default 1e-3"),
  maxStep: positive.optional().describe("gaussNewton: largest change of a parameter in a step; default any"),
  memory: count.max(1000).optional().describe("lbfgs: pairs of changes that are kept; default 10"),
  clip: positive.optional().describe("largest norm of the gradient"),
  groups: z.array(group).min(1).max(1000).optional().describe("adam, adamW, sgd: parameters with a rate or decay of their own, or frozen"),
  accumulate: count.optional().describe("adam, adamW, sgd: batches of a step, which goes along the mean of their gradients; default 1"),
  average: z.number().min(0).lt(1).optional().describe("decay of an exponential average of the parameters over the steps, which is then what the training gives; default none"),
  offsetRate: positive.max(1).default(0.05).describe("weight of the newest batch in the running mean of S_theta - S"),
  trajectories: count.default(100).describe("online: trajectories of the prior HMC"),
  batch: count.optional().describe("samples of a step; default 1 online, all of them offline"),
  towards: nonNegative.optional().describe("hmc with a transform: S(F(V)) - log det is to be like the action at this beta, below that of the target; default 0, a trivialising map"),
  shards: count.max(1024).optional().describe("train: so many chains of the prior HMC (streams 0, 1, ...), each with batch and replay of its own, or shares of the stored configurations, dealt to the ranks: the weights do not depend on how many these are"),
  replay: count.optional().describe("online: configurations that batches are drawn from; default one batch"),
  configurations: z.array(name).min(1).optional().describe("offline: stored configurations in the order of their chain"),
  run: name.optional().describe("offline: the folder of a run of the same target that keeps every configuration (output.configurations.every = 1): its accepted trajectories, with the pseudofermions that were drawn for them"),
  samples: count.optional().describe("run: so many trajectories, the first ones; default all"),
  ...arrays,
  epochs: count.default(100).describe("offline"),
  heldOut: z.number().min(0).lt(1).default(0).describe("offline: fraction of the configurations that is only looked at"),
  patience: count.optional().describe("offline: epochs without a lower loss before training stops"),
});

const flow = z.strictObject({
  time: positive.describe("flow time to reach"),
  step: positive.default(0.02),
  every: positive.default(0.1).describe("flow time between two measurements"),
  action: flowAction,
});

/** Without the observables. */
const measurement = z.strictObject({
  every: count.default(1).describe("trajectories between two measurements"),
  wilsonLoops: z.array(z.array(count).length(2)).max(10_000).default([]).describe("pairs T, R"),
  condensateMass: positive.optional().describe("default the mass of the first fermion"),
  sources: z.int().min(2).max(10_000).default(2).describe("condensate: noise sources"),
  flow: flow.optional(),
});

const output = z.strictObject({
  checkpoint: count.default(10).describe("trajectories between two checkpoints"),
  configurations: z
    .strictObject({ every: count, start: z.boolean().optional().describe("also the links that production starts from"), format: name.default("ildg"), precision: z.union([z.literal(32), z.literal(64)]).optional(), gauge: z.enum(["landau", "coulomb"]).optional().describe("links in this gauge, as a copy: the chain goes on with its own"), ...own })
    .optional()
    .describe("links of production kept in files"),
});

const checks = z.strictObject({
  every: whole.default(10).describe("trajectories between two checks: one trajectory is repeated bit for bit and integrated back, which takes three more; 0: never"),
  solve: positive.default(1e-3).describe("largest error of an energy from the solves of the Metropolis step"),
  reversibility: positive.default(1e-7).describe("largest |U - U_0| after integrating forward and back"),
  unitarity: positive.default(1e-10).describe("largest |U U^+ - 1| and |det U - 1|"),
});

/** Several processes. Nothing here changes a number. */
const parallel = z.strictObject({
  grid: z.array(count.max(65536)).min(2).max(4).optional().describe("ranks along each direction; default the grid with the smallest surface, slower directions first"),
});

/** A section whose `kind` names a part, with the options of that part. */
export interface PartSection {
  readonly kind: string;
  /** File of a part that is the user's own, as the run file names it. */
  readonly module?: string;
  readonly [option: string]: unknown;
}
export type ActionSection = PartSection & { readonly beta?: number };
export type FermionSection = PartSection & { readonly exact?: boolean; readonly shares?: number; readonly mass?: number; readonly boundary?: Boundary; readonly twist?: Twist };
export type NetworkSection = PartSection & { readonly weights?: readonly number[]; readonly randomWidth?: number; readonly randomSeed?: number };
export type SamplerSection = PartSection & z.output<typeof sampler> & Partial<HmcSection>;
export type TrainingSection = z.output<typeof training> & { readonly objective: string; readonly [option: string]: unknown };
export type TransformSection = PartSection;
export type MatterSection = PartSection;
/** An observable by its name, or with options. */
export type ObservableEntry = string | PartSection;


/** What a part is when its kind is not given. */
export const DEFAULT_KIND = { action: "wilson", fermions: "staggered", sampler: "hmc", objective: "centred" } as const;

/** A run file with every default filled in. */
export interface RunConfiguration {
  readonly title?: string | undefined;
  readonly lattice: z.output<typeof lattice>;
  readonly group: string;
  readonly start: z.output<typeof start>;
  /** Absent in runs of matter without links. */
  readonly action?: ActionSection | undefined;
  readonly fermions: readonly FermionSection[];
  readonly network?: NetworkSection | undefined;
  readonly guide: { readonly action?: ActionSection | undefined; readonly masses?: readonly number[] | undefined; readonly fields?: readonly number[] | undefined; readonly fermions?: readonly FermionSection[] | undefined; readonly trainable: readonly string[] };
  readonly transform?: TransformSection | undefined;
  readonly matter?: MatterSection | undefined;
  readonly sampler: SamplerSection;
  readonly training?: TrainingSection | undefined;
  readonly measurement: z.output<typeof measurement> & { readonly observables: readonly ObservableEntry[] };
  readonly output: z.output<typeof output>;
  readonly checks: z.output<typeof checks>;
  readonly parallel: z.output<typeof parallel>;
}

/** The schemas of the sections. */
export const section = { lattice, start, sampler, training, measurement, output, checks, parallel } as const;
