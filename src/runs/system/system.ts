/** The physics that a configuration describes: lattice, links, target distribution, and the effective action that guides or is trained. */
import type { LinkField, Links, TracedOf } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { type Configuration, FieldAction, type FieldKinds, GaugeAction, type LatticeOptions, type Smearing, cold, hot, lattice as makeLattice, nearUnit, parseGroup, startFields } from "../../gauge/index.ts";
import { type AnyBijection, Bijection, fieldTransformed } from "../../flows/index.ts";
import { EffectiveAction, effectiveAction } from "../../training/index.ts";
import { type FieldTarget, type Refreshed, type RefreshedOn, type Target, targetOf } from "../../samplers/index.ts";
import { absolutePath } from "../../util/index.ts";
import { expectGroups } from "./learning.ts";
import { forceActionOf, sumOf } from "../parts/samplers/levels.ts";
import { type EnteringLinks, enteringLinks, gathered } from "./links.ts";
import { ownFieldText } from "../parts/guide.ts";
import { learnedTransform } from "./learned-transform.ts";
import { formatsOf } from "../parts/formats.ts";
import type { PartContext } from "../parts/part.ts";
import { type Registry, describe, guarded } from "../parts/registry.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { networkOf } from "./run-network.ts";
import { optionsOf } from "../schema.ts";
import type { ActionSection, FermionSection, RunConfiguration, TransformSection } from "../sections/sections.ts";
import type { AnyAction, FermionField, GuideParts, GuideSystem, MatterSystem, Reading, RunNetwork, System } from "../system-types.ts";

export interface BuildOptions {
  readonly start?: boolean;
  readonly network?: string;
  /** Default: the formats of the registry, without HDF5. */
  readonly reading?: Reading;
}

/**
 * Builds the system of a resolved configuration; `start: false` leaves the links cold, to be filled from a checkpoint. Relative paths start from
 * `base`; `network` is read in place of the model file that the configuration names.
 * @throws ConfigurationError, GeometryError for values that do not fit together, FileFormatError for files.
 */
export function buildSystem({ configuration: c, registry, command, base }: ResolvedRun, engine: LatticeOptions, options: BuildOptions = {}): System {
  const group = parseGroup(c.group);
  const lattice = makeLattice(c.lattice.extents, { ...engine, ...gridOf(c, engine), ...(c.lattice.quaternions ? { quaternions: true } : {}) });
  const place = { lattice, group };
  const reading = options.reading ?? { formats: formatsOf(registry) };
  const transform = c.transform && transformOf(c.transform, place, registry);
  const { U, notes } = options.start === false ? { U: cold(lattice, group), notes: [] } : startOf(c, base, place, reading, transform);
  const gauge = gaugeActionOf(c.action ?? { kind: "wilson", beta: 0 }, place, registry);
  const fermions = c.fermions.map((f, index) => fermionsOf(f, { ...place, index }, registry));
  const matter = c.matter && matterOf(c, place, registry, { U, gauge, fermions });
  const learned = transform && c.training && c.action ? learnedTransform(gauge, transform, gaugeActionOf({ ...c.action, beta: c.training.towards ?? 0 }, place, registry)) : undefined;
  const target = matter?.target ?? learned?.target ?? targetOfRun(gauge, fermions, transform);
  const modelFile = options.network ?? (c.network?.kind === "model" ? absolutePath(base, String(c.network["file"])) : undefined);
  const guide = command === "hmc" ? undefined : guideOf(c, registry, place, fermions, modelFile);
  const trained = guide?.effective ?? learned?.effective;
  if (c.training && trained) expectGroups(c.training, registry, trained);
  const system = { group, lattice, U, gauge, fermions, target, reading, notes };
  if (learned) return { ...system, learned, get transform() { return learned.map; } };
  return { ...system, ...(transform ? { transform } : {}), ...(matter ? { matter } : {}), ...(guide ? { guide } : {}) };
}

/** Fermions that draw fields. */
type Drawn = FermionField & Refreshed<number>;

/** The distribution of the links that the sampler moves; with a transformation pseudofermions are drawn on F(V). */
function targetOfRun(gauge: AnyAction, fermions: readonly FermionField[], F: AnyBijection | undefined): Target {
  const drawn = fermions.filter((f): f is Drawn => f.refresh !== undefined);
  const sum = sumOf([gauge, ...fermions.map((f) => f.action as AnyAction)]);
  if (!F) return fermions.length === 0 ? gauge : targetOf(sum, ...drawn);
  const transformed = fieldTransformed(sum, F as Bijection<number, unknown>) as AnyAction;
  const onImage = (f: Drawn): Refreshed<number> => ({
    index: f.index,
    refresh: (V, trajectory, random, index) => {
      using U = F.image(V).links;
      f.refresh(U, trajectory, random, index);
    },
    ...(f.solveError ? { solveError: (V: LinkField) => {
      using U = F.image(V).links;
      return f.solveError!(U);
    } } : {}),
  });
  return fermions.length === 0 ? transformed : targetOf(transformed, ...drawn.map(onImage));
}

/** Matter with the target of everything that moves: the links have the name U in its action. */
function matterOf(c: RunConfiguration, place: PartContext, registry: Registry, { U, gauge, fermions }: { readonly U: LinkField; readonly gauge: AnyAction; readonly fermions: readonly FermionField[] }): MatterSystem & { readonly target: Target } {
  const section = c.matter!;
  const part = registry.get("matter", section.kind);
  const built: unknown = guarded(part, "builder", () => part.build(optionsOf(part, section), place));
  if (!(built instanceof FieldAction)) throw new ConfigurationError(`matter ${part.name}: got ${describe(built)} from its builder, expected an action of named fields: return what fieldAction({ ... }) or scalarAction makes`);
  const action = built as FieldAction<FieldKinds, number, unknown>;
  const { U: ofLinks, ...kinds } = action.fields;
  if ((ofLinks !== undefined) !== part.links || (ofLinks !== undefined && ofLinks !== "links")) throw new ConfigurationError(`matter ${part.name}: got the fields ${Object.keys(action.fields).join(", ")} with links = ${part.links}, expected ${part.links ? "the links among them, by the name U" : "none of them called U"}`);
  const { seed, stream } = c.sampler;
  const { kind: start, width } = c.start;
  const fields: Configuration = startFields(kinds, place.lattice, { group: place.group, start: start === "file" ? "cold" : start, ...(start === "near-unit" ? { width } : {}), seed, stream });
  type Any = FieldAction<FieldKinds, number, unknown>;
  const lifted = part.links ? [gauge, ...fermions.map((f) => f.action as AnyAction)].map((a) => a.on("U") as unknown as Any) : [];
  const whole = lifted.reduce((sum, a) => sum.plus(a) as Any, action);
  const drawn = fermions.filter((f): f is Drawn => f.refresh !== undefined).map((f): RefreshedOn<Configuration> => ({
    index: f.index,
    refresh: (x, trajectory, random, index) => f.refresh(x["U"] as LinkField, trajectory, random, index),
    ...(f.solveError ? { solveError: (x: Configuration) => f.solveError!(x["U"] as LinkField) } : {}),
  }));
  const target = (drawn.length === 0 ? whole : targetOf(whole as unknown as FieldTarget<Configuration>, ...drawn)) as unknown as Target;
  const force = (name: string): Any => {
    if (name === "matter") return action;
    if (name === "gauge") return lifted[0]!;
    const own = fermions.map((f) => forceActionOf(f).on("U") as unknown as Any);
    return name === "fermions" ? own.reduce((sum, a) => sum.plus(a) as Any) : own[Number(name.slice("fermions.".length))]!;
  };
  return { action, fields, moved: part.links ? { ...fields, U } : fields, links: part.links, whole, part: force, target };
}

/** The grid of the run file, for several ranks; one goes on with a run of several. */
const gridOf = ({ parallel }: RunConfiguration, { comm }: LatticeOptions): LatticeOptions => (parallel.grid && comm && comm.size > 1 ? { grid: parallel.grid } : {});

/** The start of the run file, mapped back where the sampler moves V = F^-1(U). */
function startOf(c: RunConfiguration, base: string, place: PartContext, reading: Reading, F: AnyBijection | undefined): EnteringLinks {
  const entering = startLinks(c, base, place, reading);
  return F ? { ...entering, U: F.inverse(entering.U) } : entering;
}

/** Links of a further chain of the run: those of a checkpoint, or a start with a stream of its own. */
export function shardStart({ configuration: c, base }: ResolvedRun, { lattice, group, reading, transform }: System, shard: number, links?: readonly Float64Array[]): LinkField {
  if (links) return cold(lattice, group).set(links);
  const { sampler } = c;
  return startOf({ ...c, sampler: { ...sampler, stream: sampler.stream + shard } }, base, { lattice, group }, reading, transform).U;
}

function startLinks(c: RunConfiguration, base: string, { lattice, group }: PartContext, reading: Reading): EnteringLinks {
  const { kind, width, file, format, order, dataset } = c.start;
  const { seed, stream } = c.sampler;
  if (kind === "hot") return { U: hot(lattice, group, { seed, stream }), notes: [] };
  if (kind === "near-unit") return { U: nearUnit(lattice, group, { seed, stream, width }), notes: [] };
  if (kind !== "file") return { U: cold(lattice, group), notes: [] };
  const { U, notes } = enteringLinks(absolutePath(base, file!), lattice, group, { ...reading, ...(format === undefined ? {} : { formats: reading.formats!.filter((f) => f.name === format) }), order, dataset });
  return { U, notes: gathered(notes.map((text) => ({ file: file!, text }))) };
}

/** The gauge action of a section. */
function gaugeActionOf(section: ActionSection, place: PartContext, registry: Registry): AnyAction {
  const part = registry.get("gaugeAction", section.kind);
  const built: unknown = guarded(part, "builder", () => part.build(optionsOf(part, section), place));
  if (!(built instanceof GaugeAction)) throw new ConfigurationError(`action ${part.name}: got ${describe(built)} from its builder, expected an action: return what action({ ... }) or gaugeAction makes`);
  return built as AnyAction;
}

function transformOf(section: TransformSection, place: PartContext, registry: Registry): AnyBijection {
  const part = registry.get("transform", section.kind);
  const built: unknown = guarded(part, "builder", () => part.build(optionsOf(part, section), place));
  if (!(built instanceof Bijection)) throw new ConfigurationError(`transform ${part.name}: got ${describe(built)} from its builder, expected a bijection: return what bijection({ ... }), chain or maskedStout makes`);
  if (!built.invertibleOn(place.lattice)) throw new ConfigurationError(`transform ${part.name}: got a bijection without an inverse, expected one: the chain starts from V = F^-1(U)`);
  return built;
}

function fermionsOf(section: FermionSection, place: PartContext & { readonly index: number }, registry: Registry): FermionField {
  const part = registry.get("fermion", section.kind);
  const built: unknown = guarded(part, "builder", () => part.build(optionsOf(part, section), place));
  // an action of the links alone needs nothing around it
  if (built instanceof GaugeAction) return { name: built.name, action: built, value: (U) => built.value(U), force: (U, into) => built.force(U, into) };
  const { action, refresh } = (typeof built === "object" && built !== null ? built : {}) as Partial<FermionField>;
  if (!(action instanceof GaugeAction) || (refresh !== undefined && typeof refresh !== "function")) throw new ConfigurationError(`fermions ${part.name}: got ${describe(built)} from its builder, expected pseudofermions with action and refresh, or what determinantAction makes`);
  return built as FermionField;
}

/** The action of a guide's own fermions: exact, or on a field of the target. @throws ConfigurationError for pseudofermions of its own. */
function leadingAction(section: FermionSection, at: number, place: PartContext, fermions: readonly FermionField[], registry: Registry): AnyAction {
  const own = fermionsOf(section, { ...place, index: 0 }, registry);
  const action = forceActionOf(own);
  if (section.shares === undefined) {
    if (own.refresh) throw new ConfigurationError(`guide.fermions[${at}]: ${ownFieldText}`);
    return action;
  }
  const shared = fermions[section.shares]!;
  const { phi, modes } = forceActionOf(shared).inputs as { phi?: unknown; modes?: unknown };
  const several = (x: unknown): number => (Array.isArray(x) ? x.length : 0);
  const mine = (action.inputs as { phi?: unknown }).phi;
  if (several(phi) !== several(mine)) throw new ConfigurationError(`guide.fermions[${at}].shares: got ${several(mine) || 1} fields for the ${several(phi) || 1} of ${shared.name}, expected as many: give the same roots`);
  if (phi === undefined || !own.refresh) throw new ConfigurationError(`guide.fermions[${at}].shares: got ${section.shares}, expected pseudofermions on both sides: ${(own.refresh ? shared : own).name} has no field phi`);
  // what the target deflates is found at each refresh, what this field alone would deflate is not
  return action.with({ ...(action.inputs as object), phi, ...(Object.hasOwn(action.inputs as object, "modes") && modes !== undefined ? { modes } : {}) }) as AnyAction;
}

/** Terms of the fermions in S_theta: those of the target, with other masses where they are given, or the ones that the section names. */
function leadingActions(c: RunConfiguration, registry: Registry, place: PartContext, fermions: readonly FermionField[]): AnyAction[] {
  const { masses, fields, fermions: more } = c.guide;
  const kept = fields ?? (more ? [] : fermions.map((_, k) => k));
  const target = kept.map((k) => {
    const own = forceActionOf(fermions[k]!);
    // the mass, or kappa, is the first of an operator's parameters
    const [parameter] = Object.keys(own.inputs as object).filter((key) => key !== "phi" && key !== "modes");
    if (masses && parameter === undefined) throw new ConfigurationError(`guide.masses: got ${masses[k]} for ${own.name}, expected none: these fermions have no parameter`);
    return masses ? (own.with({ ...(own.inputs as object), [parameter!]: masses[k]! }) as AnyAction) : own;
  });
  return [...target, ...(more ?? []).map((section, k) => leadingAction(section, k, place, fermions, registry))];
}

/** Inputs of the terms of `sumOf`, which nests to the left. */
function inputsOfTerms(inputs: unknown, terms: number): unknown[] {
  if (terms === 1) return [inputs];
  const { first, second } = inputs as { first: unknown; second: unknown };
  return [...inputsOfTerms(first, terms - 1), second];
}

const thinLinks: Smearing<number, Record<string, never>> = { name: "thin links", parameters: {}, forward: (U) => U };

function guideOf(c: RunConfiguration, registry: Registry, place: PartContext, fermions: readonly FermionField[], modelFile: string | undefined): GuideSystem {
  const { trainable } = c.guide;
  const gauge = gaugeActionOf(c.guide.action ?? c.action!, place, registry);
  const heavy = leadingActions(c, registry, place, fermions);
  const network = c.network && networkOf(c.network.kind === "model" ? { ...c.network, file: modelFile } : c.network, place.lattice, place.group.N, registry);
  const smearing = (network?.layer ?? thinLinks) as Smearing<number, unknown>;
  const sum = heavy.length > 0 ? sumOf(heavy) : undefined;
  const learns = network !== undefined || !trainable.includes("network");
  const effective = learns ? withOthers(sum ? (effectiveAction({ gauge, fermions: sum, network: smearing, trainable }) as EffectiveAction<number, unknown>) : smearedGauge(gauge, smearing, trainable), network) : undefined;
  const parts = (at: EffectiveAction<number, unknown> | undefined): GuideParts => {
    const own = at ? (gauge.with(at.input("gauge")) as AnyAction) : gauge;
    const layer: Smearing<number, unknown> = { name: smearing.name, parameters: at ? at.input("network") : smearing.parameters, forward: smearing.forward };
    const inputs = sum ? inputsOfTerms(at ? at.input("fermions") : sum.inputs, heavy.length) : [];
    const after = (a: AnyAction): AnyAction => a.after(layer) as AnyAction;
    const one = (name: string): AnyAction => {
      if (name === "gauge") return sum || !network ? own : after(own);
      if (name === "fermions") return after(sum!.with(at ? at.input("fermions") : sum!.inputs) as AnyAction);
      const k = Number(name.slice("fermions.".length));
      return after(heavy[k]!.with(inputs[k]) as AnyAction);
    };
    return { whole: at ? at.action : sum ? sumOf([own, one("fermions")]) : own, part: one };
  };
  return {
    ...(network ? { network } : {}),
    ...(effective ? { effective } : {}),
    at: (theta) => parts(theta && effective ? effective.with(theta) : effective),
  };
}

/** S_gauge[network(U)], for systems without fermions. */
function smearedGauge(gauge: AnyAction, network: Smearing<number, unknown>, trainable: readonly string[]): EffectiveAction<number, unknown> {
  type Inputs = { gauge: unknown; network: unknown };
  const evaluate = (U: Links, x: TracedOf<Inputs>): unknown => gauge.evaluate(network.forward(U, x.network as never), x.gauge as never);
  const action = new GaugeAction<number, Inputs>(`${gauge.name} after ${network.name}`, { gauge: gauge.inputs, network: network.parameters }, evaluate as never);
  return new EffectiveAction(action as AnyAction, trainable);
}

/** Couplings that a model file holds beside its network. */
function withOthers(effective: EffectiveAction<number, unknown>, network: RunNetwork | undefined): EffectiveAction<number, unknown> {
  const others = Object.entries(network?.others ?? {});
  const missing = others.find(([name]) => !effective.names.includes(name));
  if (missing) throw new ConfigurationError(`guide.trainable: got ${effective.trainable.join(", ")} for a model with ${missing[0]} = ${missing[1]}, expected ${missing[0]} among them`);
  const values = new Map(others);
  return effective.with(effective.parameters.map((x, k) => values.get(effective.names[k]!) ?? x));
}
