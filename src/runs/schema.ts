/**
 * The run file: one schema for what may be written, what is meant when it is not, and what an editor shows (`gaugegrad schema`). Sections are
 * strict, so that a misspelt key is an error and never a default. Times and lengths are in lattice and molecular dynamics units.
 */
import { z } from "zod";
import type { ObservablePart, Part } from "./parts/part.ts";
import type { Registry } from "./parts/registry.ts";
import { name, positive, seed, whole } from "./sections/schema-values.ts";
import { type ActionSection, DEFAULT_KIND, type FermionSection, type MatterSection, type NetworkSection, type ObservableEntry, type RunConfiguration, type SamplerSection, type TrainingSection, type TransformSection, own, section } from "./sections/sections.ts";

const { lattice, start, sampler, training, measurement, output, checks, parallel } = section;

/** U(1), SU(2), ..., SU(12): larger matrices have no kernels. */
const GROUP = /^(su(\(0*([2-9]|1[0-2])\)|0*([2-9]|1[0-2]))|u(\(1\)|1))$/i;

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

/** A section as it may be given: the kind by name, or the part itself. */
export type PartInput = Part | { readonly kind?: string | Part; readonly [option: string]: unknown };

/** The sections of a run file as they may be given: everything with a default may be left out. */
export interface RunInput {
  readonly title?: string;
  readonly lattice: z.input<typeof lattice>;
  readonly group?: string;
  readonly start?: z.input<typeof start>;
  /** Needed by all runs but those of matter that knows no links. */
  readonly action?: PartInput;
  readonly fermions?: readonly PartInput[];
  readonly network?: PartInput;
  readonly guide?: { readonly action?: PartInput; readonly masses?: readonly number[]; readonly fields?: readonly number[]; readonly fermions?: readonly PartInput[]; readonly trainable?: readonly string[] };
  readonly transform?: PartInput;
  readonly matter?: PartInput;
  readonly sampler: { readonly kind?: string | Part; readonly [option: string]: unknown } & z.input<typeof sampler>;
  readonly training?: z.input<typeof training> & { readonly objective?: string | Part; readonly [option: string]: unknown };
  readonly measurement?: z.input<typeof measurement> & { readonly observables?: readonly (string | PartInput)[] };
  readonly output?: z.input<typeof output>;
  readonly checks?: z.input<typeof checks>;
  readonly parallel?: z.input<typeof parallel>;
}

/** Of observables: the same kind with several options. */
const named = { as: z.string().regex(/^[A-Za-z][\w-]*$/, "expected a word").optional().describe("word before the names of the values, WORD.NAME: for one kind more than once, with other options") };

function schemaOf(registry: Registry): z.ZodType<RunConfiguration> {
  const action = anyOf(registry.list("gaugeAction"), "kind", {}, DEFAULT_KIND.action) as z.ZodType<ActionSection>;
  const fermions = anyOf(registry.list("fermion"), "kind", {}, DEFAULT_KIND.fermions) as z.ZodType<FermionSection>;
  const leading = anyOf(registry.list("fermion"), "kind", { shares: whole.optional().describe("number of the target's pseudofermion field that this action sees") }, DEFAULT_KIND.fermions) as z.ZodType<FermionSection>;
  const model = z.strictObject({ kind: z.literal("model"), file: name.describe("model file of a training: network and weights"), ...own });
  const network = anyOf(registry.list("network"), "kind", initial, undefined, [model]) as z.ZodType<NetworkSection>;
  const names = registry.list("observable").map((o) => o.name) as [string, ...string[]];
  const observables = z.array(z.union([z.enum(names), anyOf(registry.list("observable"), "kind", named)])) as z.ZodType<ObservableEntry[]>;
  const guide = z.strictObject({
    action: action.optional().describe("gauge part of S_theta; default that of the target"),
    masses: z.array(positive).optional().describe("masses (kappas of Wilson fermions) in S_theta, one a field; default those of the target"),
    fields: z.array(whole).max(64).optional().describe("numbers of the target's fermions, from 0, that S_theta has too; default all, with guide.fermions none"),
    fermions: z.array(leading).max(64).optional().describe("further fermions of S_theta, exact ones or such that share a field of the target; an empty list: none at all"),
    trainable: z.array(name).min(1).default(["network"]).describe("network, gauge.beta, gauge.weights, fermions.mass, ..."),
  });
  const formats = registry.list("format");
  const kept = output.shape.configurations.unwrap().extend({ format: z.enum(formats.flatMap((f) => (f.writer ? [f.name] : []))).default("ildg") });
  return z.strictObject({
    title: z.string().optional(),
    lattice,
    group: z.string().regex(GROUP, "expected U(1), or SU(2) to SU(12)").default("SU(3)"),
    start: start.extend({ format: z.enum(formats.map((f) => f.name)).optional().describe(start.shape.format.description!) }).prefault({}),
    action: action.optional().describe("of the links; needed by all runs but those of matter without links"),
    fermions: z.array(fermions).max(64).default([]),
    network: network.optional(),
    guide: guide.prefault({}),
    transform: (anyOf(registry.list("transform"), "kind", {}) as z.ZodType<TransformSection>).optional().describe("field transformation U = F(V): the sampler moves V, everything is measured on U"),
    matter: (anyOf(registry.list("matter"), "kind", {}) as z.ZodType<MatterSection>).optional().describe("fields of matter, moved together with the links; phi^4 theory alone has no links"),
    sampler: anyOf(registry.list("sampler"), "kind", sampler.shape, DEFAULT_KIND.sampler).prefault({ kind: DEFAULT_KIND.sampler }) as z.ZodType<SamplerSection>,
    training: (anyOf(registry.list("loss"), "objective", training.shape, DEFAULT_KIND.objective) as z.ZodType<TrainingSection>).optional(),
    measurement: measurement.extend({ observables: observables.default(["polyakov"]).describe("the mean plaquette is always there") }).prefault({}),
    output: output.extend({ configurations: kept.optional().describe(output.shape.configurations.description!) }).prefault({}),
    checks: checks.prefault({}),
    parallel: parallel.prefault({}),
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
const SECTION_KEYS: ReadonlySet<string> = new Set(["kind", "objective", "shares", ...Object.keys(own), ...Object.keys(initial), ...Object.keys(named), ...Object.keys(sampler.shape), ...Object.keys(training.shape)]);

/** Options of a section's part alone. */
export function optionsOf(part: Part, section: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([key]) => !SECTION_KEYS.has(key) || Object.hasOwn(part.options.shape, key)));
}

/** What is to be measured, with the options of each and what its values are called. */
export function observablesOf({ measurement: { observables } }: RunConfiguration, registry: Registry): { readonly part: ObservablePart; readonly options: Record<string, unknown>; readonly as?: string | undefined }[] {
  return observables.map((o) => {
    const part = registry.get("observable", typeof o === "string" ? o : o.kind);
    return typeof o === "string" ? { part, options: part.options.parse({}) } : { part, options: optionsOf(part, o), as: o["as"] as string | undefined };
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
