/**
 * What a run file can name: networks, fermions, gauge actions, observables, samplers, losses. A part is declared once: its name, the schema of its
 * options (validation, documentation and bounds in one), its builder, a starter snippet, its sources and what reports call it. The parts of this
 * package are declared with the same functions as a user's own.
 */
import { z } from "zod";
import { ConfigurationError } from "../../errors.ts";
import type { Field, Lattice, LinkField } from "../../autograd/index.ts";
import type { DiracOperator } from "../../fermions/index.ts";
import type { Action, Configuration, FieldAction, GaugeAction, Group } from "../../gauge/index.ts";
import type { AnyLayer, Layer, Plain } from "../../models/index.ts";
import type { AnyBijection } from "../../flows/index.ts";
import type { GaugeFormat } from "../../io/index.ts";
import type { Reversibility, Sampler, TrajectoryResult } from "../../samplers/index.ts";
import type { Loss } from "../../training/index.ts";
import { fieldOptions, fieldsOfOperator } from "./fermions/of-operator.ts";
import type { MeasurementRecord } from "../records.ts";
import type { RunConfiguration } from "../sections/sections.ts";
import type { FermionField, GuideParts, System } from "../system-types.ts";

/** Families of parts, by the function that declares one. */
export type Family = "network" | "fermion" | "gaugeAction" | "observable" | "sampler" | "loss" | "transform" | "matter" | "format";

/** What the parts of all families say about themselves. `S`: schema of the options. */
export interface Declaration<S extends z.ZodObject> {
  /** As run files name it. */
  readonly name: string;
  /** Options with their bounds and defaults; keys that it does not name are errors. */
  readonly options: S;
  /** As people write it, in reports and lists; default the name. */
  readonly title?: string;
  /** Lines of a run file that choose the part, without `kind`. */
  readonly starter?: string;
  /** arXiv numbers of what it rests on. */
  readonly cite?: readonly string[] | ((options: z.output<S>) => readonly string[]);
  /** What is wrong with these options in this run, as `option: got ..., expected ...`. */
  readonly problem?: (options: z.output<S>, run: RunConfiguration) => string | undefined;
  /** It comes from a module that the run file names. */
  readonly fromModule?: boolean;
  /** Fills in options whose default depends on other options. */
  readonly defaults?: (options: z.output<S>) => z.output<S>;
}

/** Where a part is built. */
export interface PartContext {
  readonly lattice: Lattice;
  readonly group: Group;
}

/** A layer, with its initial weights. */
export interface NetworkDeclaration<S extends z.ZodObject> extends Declaration<S> {
  /** `network` builds others from `{ network: NAME, ...options }`. */
  readonly build: (options: z.output<S>, context: PartContext & { readonly network: (declaration: Plain) => Layer<number, unknown> }) => AnyLayer;
  /** Site fields that reports show of the network with its weights on a configuration. */
  readonly maps?: (layer: Layer<number, unknown>, U: LinkField) => readonly NetworkMap[];
}

/** A gauge invariant site field inside of a network. */
export interface NetworkMap {
  /** Number of the layer that it belongs to, from 0. */
  readonly block: number;
  readonly name: string;
  readonly field: Pick<Field, "toArray">;
  readonly caption: string;
}

/** Fermions: an operator, or what is built. */
export interface FermionDeclaration<S extends z.ZodObject> extends Declaration<S> {
  /**
   * A Dirac operator. Beside the options of the declaration the section then takes flavours, exact, roots, over, sites, tolerance, forceTolerance,
   * maxIterations, interval and precision, as the kinds of this package do, and the operator is tried on random links before the run starts.
   */
  readonly operator?: (options: z.output<S>, context: PartContext) => DiracOperator;
  /** In place of an operator: pseudofermions with action and refresh, or a function of the links alone. `index` tells the pseudofermions of a run apart: they draw different random numbers. */
  readonly build?: (options: z.output<S>, context: PartContext & { readonly index: number }) => FermionField | GaugeAction<number, never>;
  /** `4 staggered flavours, m = 0.3` */
  readonly describe?: (options: z.output<S>) => string;
}

/** An action of the links. */
export interface GaugeActionDeclaration<S extends z.ZodObject> extends Declaration<S> {
  readonly build: (options: z.output<S>, context: PartContext) => Action<number>;
}

/** Where an observable is measured. Noise is a function of seed, stream and trajectory, so that a resumed run measures the same numbers. */
export interface ObservableContext {
  readonly trajectory: number;
  readonly noise: { readonly seed: number; readonly stream: number };
  readonly run: RunConfiguration;
  /** Fields of matter by name, in runs that have some. */
  readonly matter?: Configuration | undefined;
}

/** Numbers measured on a configuration: one by the name of the observable, or several by names. */
export interface ObservableDeclaration<S extends z.ZodObject> extends Declaration<S> {
  /** What it is a function of; default links. */
  readonly of?: "links" | "matter" | "links and matter";
  readonly measure: (U: LinkField, options: z.output<S>, context: ObservableContext) => number | Readonly<Record<string, number>>;
  /** Further keys of the line in metrics.jsonl, from the actions of the run. */
  readonly record?: (system: System, guide: GuideParts | undefined) => Partial<MeasurementRecord>;
  /** What reports call a value, by its name in metrics.jsonl; undefined for values of others. */
  readonly label?: (value: string) => string | undefined;
}

/**
 * An update with a Metropolis step; without `reversibility` that check is left out. `steps` and `reversing` do the same in pieces: a run that is to
 * stop gives up between two of them (`return`), and finds the links as they were.
 */
export type RunSampler = Sampler<number, TrajectoryResult> & {
  /** What it carries from one trajectory to the next besides the links: stored in checkpoints, and given back to a resumed run. */
  readonly memory?: { take(): Float64Array; give(numbers: Float64Array): void };
  /** Numbers of the last update by name, measured together with the observables. */
  readonly values?: () => Readonly<Record<string, number>>;
  /** Networks of the sampler itself; they stand still once they are trained. */
  readonly learning?: SamplerLearning;
  readonly reversibility?: (U: LinkField) => Reversibility;
  /** Error of the energies of the Metropolis step from inner solves. */
  readonly solveError?: (U: LinkField) => number;
  readonly steps?: (U: LinkField) => Generator<void, TrajectoryResult, void>;
  readonly reversing?: (U: LinkField) => Generator<void, Reversibility, void>;
};

/** What a sampler trains of itself, between thermalisation and production. */
export interface SamplerLearning {
  readonly rate: number;
  weights(U: LinkField): Float64Array;
  use(weights: Float64Array): void;
  /** What training makes small, on the links after a trajectory. */
  loss(U: LinkField): { readonly value: number; readonly gradient: Float64Array };
}

/** An update of the links. Its random numbers are a function of seed, stream and trajectory number, so that a resumed run has the same bits. */
export interface SamplerDeclaration<S extends z.ZodObject> extends Declaration<S> {
  readonly build: (options: z.output<S>, context: { readonly system: System; readonly guide: GuideParts | undefined; readonly seed: number; readonly stream: number; /** Trajectories with numbers below this are accepted whatever dH is; 0 but in a thermalisation. */ readonly acceptAlways: number; /** Trained numbers of the sampler itself. */ readonly weights?: Float64Array | undefined }) => RunSampler;
  /** Trajectories in which it trains itself. */
  readonly learns?: (options: z.output<S>) => number;
}

/** A training loss, built from its options. */
export interface LossDeclaration<S extends z.ZodObject> extends Declaration<S> {
  readonly build: (options: z.output<S>) => Loss;
  /** Learns from trajectories: not from stored configurations. */
  readonly trajectories?: boolean;
  /** Half a mean of squares, which Gauss-Newton needs. */
  readonly squares?: boolean;
}

/** A bijection of the links: the sampler moves V, and U = F(V) has the distribution of the target. */
export interface TransformDeclaration<S extends z.ZodObject> extends Declaration<S> {
  readonly build: (options: z.output<S>, context: PartContext) => AnyBijection;
}

/** Fields of matter with their action, which may know the links by the name `U`. */
export interface MatterDeclaration<S extends z.ZodObject> extends Declaration<S> {
  /** Does the action know the links? Without, the run has none, and no action of them. */
  readonly links: boolean;
  readonly build: (options: z.output<S>, context: PartContext) => FieldAction<never, number, never>;
  /** `phi^4, m^2 = -4, lambda = 6.975` */
  readonly describe?: (options: z.output<S>) => string;
}

/** A file format of configurations, told apart from the others by its content; without a writer it is read only. It has no options of its own. */
export type FormatDeclaration = Omit<Declaration<z.ZodObject>, "options" | "cite"> & Pick<GaugeFormat, "matches" | "open" | "writer"> & { readonly cite?: readonly string[] };

// options of a part that is looked up by name are checked by its schema, not by the compiler
type Erased<F extends Family, D> = { readonly family: F } & { readonly [K in keyof D]: D[K] };
/** A declared network of links. */
export type NetworkPart = Erased<"network", NetworkDeclaration<z.ZodObject>>;
/** A declared kind of pseudofermions. */
export type FermionPart = Erased<"fermion", FermionDeclaration<z.ZodObject>> & Required<Pick<FermionDeclaration<z.ZodObject>, "build">>;
/** A declared action of the links. */
export type GaugeActionPart = Erased<"gaugeAction", GaugeActionDeclaration<z.ZodObject>>;
/** A declared observable. */
export type ObservablePart = Erased<"observable", ObservableDeclaration<z.ZodObject>>;
/** A declared sampler. */
export type SamplerPart = Erased<"sampler", SamplerDeclaration<z.ZodObject>>;
/** A declared training loss. */
export type LossPart = Erased<"loss", LossDeclaration<z.ZodObject>>;

/** A declared transformation of the links. */
export type TransformPart = Erased<"transform", TransformDeclaration<z.ZodObject>>;

/** A declared kind of matter. */
export type MatterPart = Erased<"matter", MatterDeclaration<z.ZodObject>>;

/** A declared file format. */
export type FormatPart = { readonly family: "format" } & FormatDeclaration & Declaration<z.ZodObject>;

/** A part of any family. */
export type Part = NetworkPart | FermionPart | GaugeActionPart | ObservablePart | SamplerPart | LossPart | TransformPart | MatterPart | FormatPart;
/** The part type of a family. */
export type PartOf<F extends Family> = Extract<Part, { readonly family: F }>;

/** Keys that the sections of a run file have themselves. */
const RESERVED = ["kind", "module", "name", "moduleSha256", "network", "objective"];

function declared<F extends Family>(family: F, declaration: Declaration<z.ZodObject>, needs: string): PartOf<F> {
  const { name, options } = declaration ?? {};
  if (typeof name !== "string" || !/^[A-Za-z][\w+-]*$/.test(name)) throw new ConfigurationError(`${family}: got the name ${JSON.stringify(name) ?? "nothing"}, expected a word that starts with a letter`);
  if (typeof options?.safeParse !== "function" || typeof options.strict !== "function") throw new ConfigurationError(`${family} ${name}: got options that are no schema, expected z.strictObject({ ... })`);
  const taken = RESERVED.find((key) => Object.hasOwn(options.shape, key));
  if (taken !== undefined) throw new ConfigurationError(`${family} ${name}: got the option ${taken}, expected another word: run files use it themselves`);
  if (typeof (declaration as unknown as Record<string, unknown>)[needs] !== "function") throw new ConfigurationError(`${family} ${name}: got no function ${needs}, expected one`);
  return Object.freeze({ ...declaration, family, options: options.strict() }) as unknown as PartOf<F>;
}

/** Declares a network. @throws ConfigurationError for a name, options or a builder that cannot be used; so do the other families. */
export function network<S extends z.ZodObject>(declaration: NetworkDeclaration<S>): NetworkPart {
  return declared("network", declaration as never, "build");
}

/** Declares a kind of fermions. */
export function fermion<S extends z.ZodObject>(declaration: FermionDeclaration<S>): FermionPart {
  const { name, options, operator, build } = declaration ?? {};
  if (operator !== undefined && build !== undefined) throw new ConfigurationError(`fermion ${name}: got both operator and build, expected one of them`);
  if (typeof operator !== "function" || typeof options?.safeExtend !== "function") return declared("fermion", declaration as never, "build");
  const more = Object.fromEntries(Object.entries(fieldOptions).filter(([key]) => !Object.hasOwn(options.shape, key)));
  const built: FermionDeclaration<z.ZodObject>["build"] = (given, context) => fieldsOfOperator(name, operator(given as never, context), given as never, context);
  return declared("fermion", { ...declaration, options: options.safeExtend(more), build: built } as never, "build");
}

/** Declares a gauge action. */
export function gaugeAction<S extends z.ZodObject>(declaration: GaugeActionDeclaration<S>): GaugeActionPart {
  return declared("gaugeAction", declaration as never, "build");
}

/** Declares an observable. */
export function observable<S extends z.ZodObject>(declaration: ObservableDeclaration<S>): ObservablePart {
  return declared("observable", declaration as never, "measure");
}

/** Declares an update of the links. */
export function sampler<S extends z.ZodObject>(declaration: SamplerDeclaration<S>): SamplerPart {
  return declared("sampler", declaration as never, "build");
}

/** Declares an objective of training. */
export function loss<S extends z.ZodObject>(declaration: LossDeclaration<S>): LossPart {
  return declared("loss", declaration as never, "build");
}

/** Declares a field transformation. */
export function transform<S extends z.ZodObject>(declaration: TransformDeclaration<S>): TransformPart {
  return declared("transform", declaration as never, "build");
}

/** Declares fields of matter with their action. */
export function matter<S extends z.ZodObject>(declaration: MatterDeclaration<S>): MatterPart {
  return declared("matter", declaration as never, "build");
}

/** Declares a file format: `matches` knows it from the beginning of a file, `open` reads its header, and what that gives streams the links. */
export function format(declaration: FormatDeclaration): FormatPart {
  return declared("format", { ...declaration, options: z.strictObject({}) } as never, "open");
}

const FAMILIES: readonly string[] = ["network", "fermion", "gaugeAction", "observable", "sampler", "loss", "transform", "matter", "format"] satisfies readonly Family[];

/** True for what one of the functions above made, also in another copy of this package. */
export function isPart(x: unknown): x is Part {
  const { family, name, options } = (typeof x === "object" && x !== null ? x : {}) as Partial<Part>;
  return typeof name === "string" && FAMILIES.includes(family ?? "") && typeof options?.safeParse === "function";
}
