/**
 * The run file: one schema for what may be written, what is meant when it is not, and what an editor shows (`gaugegrad schema`). Sections are
 * strict, so that a misspelt key is an error and never a default. Times and lengths are in lattice and molecular dynamics units.
 */
import { z } from "zod";
import type { Boundary, Twist } from "../fermions/index.ts";
import type { ObservablePart, Part } from "./registry/part.ts";
import type { Registry } from "./registry/registry.ts";
import type { HmcSection } from "./samplers/hmc.ts";
import { count, name, nonNegative, positive, seed, whole } from "./schema-values.ts";

/** Where a part of the user's own comes from. */
export const own = {
  module: name.optional().describe("TypeScript or JavaScript file of a part of your own, from the folder of the run file"),
  name: name.optional().describe("the export of the module; default the default export"),
  moduleSha256: z.string().optional().describe("filled in: contents of the module and of what it imports from its folder"),
};

/** U(1), SU(2), ..., SU(12): larger matrices have no kernels. */
const GROUP = /^(su(\(0*([2-9]|1[0-2])\)|0*([2-9]|1[0-2]))|u(\(1\)|1))$/i;

const lattice = z.strictObject({
  extents: z.array(count.max(65536)).min(2).max(4).describe("Lx, Ly, Lz, Lt; two or three numbers for fewer dimensions, the last one is time"),
});

const start = z.strictObject({
  kind: z.enum(["cold", "hot", "near-unit", "file"]).default("cold"),
  width: positive.default(0.5).describe("near-unit: U = exp(width x), x normal"),
  file: name.optional().describe("file: a configuration of any format that is read"),
});

/** Of every sampler; the options of its kind come in addition. */
const sampler = z.strictObject({
  seed: seed.default(0),
  stream: z.int().min(0).max(2 ** 32 - 1).default(0).describe("independent chains of one seed differ in their stream"),
  thermalisation: whole.max(2 ** 31).default(0).describe("trajectories before anything is measured or trained"),
  trajectories: whole.max(2 ** 31).default(100).describe("trajectories of production"),
  acceptAlways: whole.optional().describe("trajectories at the beginning of the thermalisation that are accepted whatever dH is; default half of it and at most 20 from cold and near-unit starts, 0 from others"),
  failedSolve: z.enum(["stop", "reject"]).default("stop").describe("a solve that does not converge: the run stops, or the trajectory counts as rejected and its links are kept in failed/"),
  reunitarise: whole.default(0).describe("links are moved back to the group after every so many trajectories; 0: never"),
});

/** Of every objective. */
const training = z.strictObject({
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
    .strictObject({ every: count, format: z.enum(["nersc", "ildg", "milc", "bridge", "npy"]).default("ildg"), precision: z.union([z.literal(32), z.literal(64)]).optional() })
    .optional()
    .describe("links of production kept in files"),
});

const checks = z.strictObject({
  every: whole.default(100).describe("trajectories between two checks: one trajectory is repeated bit for bit and integrated back; 0: never"),
  solve: positive.default(1e-3).describe("largest error of an energy from the solves of the Metropolis step"),
  reversibility: positive.default(1e-7).describe("largest |U - U_0| after integrating forward and back"),
  unitarity: positive.default(1e-10).describe("largest |U U^+ - 1| and |det U - 1|"),
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
type ObservableEntry = string | PartSection;

/** What a part is when its kind is not given. */
export const DEFAULT_KIND = { action: "wilson", fermions: "staggered", sampler: "hmc", objective: "centred" } as const;

/** Weights of any network; without them those of its options. */
const initial = {
  weights: z.array(z.number()).min(1).optional().describe("initial weights, all of them, in the order that gaugegrad model show prints"),
  randomWidth: positive.optional().describe("initial weights uniform in (-randomWidth, randomWidth)"),
  randomSeed: seed.default(0),
};

/** One of the parts of a family, told apart by `key`. A part from a module has that beside its options. */
function anyOf(parts: readonly Part[], key: string, shared: z.core.$ZodLooseShape, fallback?: string, more: readonly z.ZodObject[] = []): z.ZodType {
  const sections = parts.map((p) => {
    const kind = z.literal(p.name);
    return p.options.safeExtend({ [key]: p.name === fallback ? kind.default(p.name) : kind, ...shared, ...(p.fromModule ? own : {}) });
  });
  return z.discriminatedUnion(key, [...sections, ...more] as unknown as [z.ZodObject]);
}

/** A run file with every default filled in. */
export interface RunConfiguration {
  readonly title?: string | undefined;
  readonly lattice: z.output<typeof lattice>;
  readonly group: string;
  readonly start: z.output<typeof start>;
  readonly action: ActionSection;
  readonly fermions: readonly FermionSection[];
  readonly network?: NetworkSection | undefined;
  readonly guide: { readonly action?: ActionSection | undefined; readonly masses?: readonly number[] | undefined; readonly fields?: readonly number[] | undefined; readonly fermions?: readonly FermionSection[] | undefined; readonly trainable: readonly string[] };
  readonly transform?: TransformSection | undefined;
  readonly sampler: SamplerSection;
  readonly training?: TrainingSection | undefined;
  readonly measurement: z.output<typeof measurement> & { readonly observables: readonly ObservableEntry[] };
  readonly output: z.output<typeof output>;
  readonly checks: z.output<typeof checks>;
}

/** A section as it may be given: the kind by name, or the part itself. */
export type PartInput = Part | { readonly kind?: string | Part; readonly [option: string]: unknown };

/** The sections of a run file as they may be given: everything with a default may be left out. */
export interface RunInput {
  readonly title?: string;
  readonly lattice: z.input<typeof lattice>;
  readonly group?: string;
  readonly start?: z.input<typeof start>;
  readonly action: PartInput;
  readonly fermions?: readonly PartInput[];
  readonly network?: PartInput;
  readonly guide?: { readonly action?: PartInput; readonly masses?: readonly number[]; readonly fields?: readonly number[]; readonly fermions?: readonly PartInput[]; readonly trainable?: readonly string[] };
  readonly transform?: PartInput;
  readonly sampler: { readonly kind?: string | Part; readonly [option: string]: unknown } & z.input<typeof sampler>;
  readonly training?: z.input<typeof training> & { readonly objective?: string | Part; readonly [option: string]: unknown };
  readonly measurement?: z.input<typeof measurement> & { readonly observables?: readonly (string | PartInput)[] };
  readonly output?: z.input<typeof output>;
  readonly checks?: z.input<typeof checks>;
}

function schemaOf(registry: Registry): z.ZodType<RunConfiguration> {
  const action = anyOf(registry.list("gaugeAction"), "kind", {}, DEFAULT_KIND.action) as z.ZodType<ActionSection>;
  const fermions = anyOf(registry.list("fermion"), "kind", {}, DEFAULT_KIND.fermions) as z.ZodType<FermionSection>;
  const leading = anyOf(registry.list("fermion"), "kind", { shares: whole.optional().describe("number of the target's pseudofermion field that this action sees") }, DEFAULT_KIND.fermions) as z.ZodType<FermionSection>;
  const model = z.strictObject({ kind: z.literal("model"), file: name.describe("model file of a training: network and weights"), ...own });
  const network = anyOf(registry.list("network"), "kind", initial, undefined, [model]) as z.ZodType<NetworkSection>;
  const names = registry.list("observable").map((o) => o.name) as [string, ...string[]];
  const observables = z.array(z.union([z.enum(names), anyOf(registry.list("observable"), "kind", {})])) as z.ZodType<ObservableEntry[]>;
  const guide = z.strictObject({
    action: action.optional().describe("gauge part of S_theta; default that of the target"),
    masses: z.array(positive).optional().describe("masses (kappas of Wilson fermions) in S_theta, one a field; default those of the target"),
    fields: z.array(whole).max(64).optional().describe("numbers of the target's fermions, from 0, that S_theta has too; default all, with guide.fermions none"),
    fermions: z.array(leading).max(64).optional().describe("further fermions of S_theta, exact ones or such that share a field of the target; an empty list: none at all"),
    trainable: z.array(name).min(1).default(["network"]).describe("network, gauge.beta, gauge.weights, fermions.mass, ..."),
  });
  return z.strictObject({
    title: z.string().optional(),
    lattice,
    group: z.string().regex(GROUP, "expected U(1), or SU(2) to SU(12)").default("SU(3)"),
    start: start.prefault({}),
    action,
    fermions: z.array(fermions).max(64).default([]),
    network: network.optional(),
    guide: guide.prefault({}),
    transform: (anyOf(registry.list("transform"), "kind", {}) as z.ZodType<TransformSection>).optional().describe("field transformation U = F(V): the sampler moves V, everything is measured on U"),
    sampler: anyOf(registry.list("sampler"), "kind", sampler.shape, DEFAULT_KIND.sampler).prefault({ kind: DEFAULT_KIND.sampler }) as z.ZodType<SamplerSection>,
    training: (anyOf(registry.list("loss"), "objective", training.shape, DEFAULT_KIND.objective) as z.ZodType<TrainingSection>).optional(),
    measurement: measurement.extend({ observables: observables.default(["polyakov"]).describe("the mean plaquette is always there") }).prefault({}),
    output: output.prefault({}),
    checks: checks.prefault({}),
  });
}

const schemas = new WeakMap<Registry, z.ZodType<RunConfiguration>>();

/** A run file with everything it may contain. */
export function runSchema(registry: Registry): z.ZodType<RunConfiguration> {
  let schema = schemas.get(registry);
  if (!schema) schemas.set(registry, (schema = schemaOf(registry)));
  return schema;
}

/** Keys of a section that are not options of its part. */
const SECTION_KEYS: ReadonlySet<string> = new Set(["kind", "objective", "shares", ...Object.keys(own), ...Object.keys(initial), ...Object.keys(sampler.shape), ...Object.keys(training.shape)]);

/** Options of a section's part alone. */
export function optionsOf(part: Part, section: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([key]) => !SECTION_KEYS.has(key) || Object.hasOwn(part.options.shape, key)));
}

/** What is to be measured, with the options of each. */
export function observablesOf({ measurement: { observables } }: RunConfiguration, registry: Registry): { readonly part: ObservablePart; readonly options: Record<string, unknown> }[] {
  return observables.map((o) => {
    const part = registry.get("observable", typeof o === "string" ? o : o.kind);
    return { part, options: typeof o === "string" ? part.options.parse({}) : optionsOf(part, o) };
  });
}

/** The schema as JSON Schema (draft 2020-12). `[fermions]` may be one table or several `[[fermions]]`. */
export function runJsonSchema(registry: Registry): Record<string, unknown> {
  const schema = z.toJSONSchema(runSchema(registry), { io: "input" }) as { properties: Record<string, Record<string, unknown>>; required: string[] };
  const several = schema.properties["fermions"]!;
  schema.properties["fermions"] = { anyOf: [several["items"], several] };
  return { title: "gaugegrad run file", ...schema };
}

/** The same for editors: every section that names a part may name a module instead. */
export function editorSchema(registry: Registry): Record<string, unknown> {
  const modules = z.toJSONSchema(z.looseObject({ ...own, module: own.module.unwrap() }), { io: "input" });
  const extended = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(extended);
    if (typeof x !== "object" || x === null) return x;
    const node = Object.fromEntries(Object.entries(x).map(([key, value]) => [key, extended(value)]));
    return Array.isArray(node["oneOf"]) ? { ...node, oneOf: [...(node["oneOf"] as unknown[]), { type: modules.type, properties: modules.properties, required: modules.required }] } : node;
  };
  return extended(runJsonSchema(registry)) as Record<string, unknown>;
}
