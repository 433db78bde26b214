/** What one section says about another: defaults that depend on the command, and combinations that mean nothing. */
import { ConfigurationError } from "../../errors.ts";
import { parseGroup } from "../../gauge/index.ts";
import { flowProblem } from "../sections/flow-action.ts";
import { isGuided, leadingProblem } from "../parts/guide.ts";
import { pruned } from "../../util/index.ts";
import { identityOf } from "../identity.ts";
import { sizeProblem } from "./limits.ts";
import type { RunCommand } from "../records.ts";
import type { ResolvedRun, RunFile } from "../resolved-run.ts";
import type { LossPart, Part } from "../parts/part.ts";
import type { Registry } from "../parts/registry.ts";
import { observablesOf, optionsOf } from "../schema.ts";
import { isOffline } from "../sections/offline.ts";
import type { RunConfiguration, TrainingSection } from "../sections/sections.ts";

/** @throws ConfigurationError for combinations that mean nothing. */
export function resolveRun(command: RunCommand, file: RunFile): ResolvedRun {
  const { source = "run file", base, registry } = file;
  const { configuration, unused } = forCommand(command, file.configuration);
  const wrong = contradiction(command, configuration, registry);
  if (wrong !== undefined) throw new ConfigurationError(`${source}: ${wrong}`);
  const resolved = withDefaults(configuration, registry);
  return { source, command, configuration: resolved, base, registry, unused, hash: identityOf(command, resolved) };
}

/** HMC has no guide and nothing to train. */
function forCommand(command: RunCommand, file: RunConfiguration): { configuration: RunConfiguration; unused: string[] } {
  if (command !== "hmc") return { configuration: file, unused: [] };
  const { network, training, ...rest } = file;
  // a transformation is trained before production
  const maps = training && file.transform ? { training } : {};
  const guided = isGuided(file);
  return {
    configuration: { ...rest, ...maps, guide: { trainable: ["network"] } },
    unused: [...(network ? ["network"] : []), ...(training && !file.transform ? ["training"] : []), ...(guided ? ["guide"] : [])],
  };
}

/** Defaults that the schema cannot know. Keys without a value are dropped, so that equal runs have equal hashes. */
function withDefaults(c: RunConfiguration, registry: Registry): RunConfiguration {
  const filled = <T extends Readonly<Record<string, unknown>>>(part: Part, section: T): T => (part.defaults ? { ...section, ...part.defaults(optionsOf(part, section)) } : section);
  // proposals of self-learning Monte Carlo leave a hot start in one step, for fields that the determinant may weigh less
  const far = c.start.kind === "cold" || c.start.kind === "near-unit" || (c.start.kind === "hot" && c.sampler.kind === "slmc");
  const acceptAlways = c.sampler.acceptAlways ?? (far ? Math.min(20, Math.ceil(c.sampler.thermalisation / 2)) : 0);
  return pruned({
    ...c,
    group: parseGroup(c.group).name,
    ...(c.action ? { action: filled(registry.get("gaugeAction", c.action.kind), c.action) } : {}),
    ...(c.matter ? { matter: filled(registry.get("matter", c.matter.kind), c.matter) } : {}),
    fermions: c.fermions.map((f) => filled(registry.get("fermion", f.kind), f)),
    ...(c.transform ? { transform: filled(registry.get("transform", c.transform.kind), c.transform) } : {}),
    ...(c.guide.fermions ? { guide: { ...c.guide, fermions: c.guide.fermions.map((f) => filled(registry.get("fermion", f.kind), f)) } } : {}),
    ...(c.network && c.network.kind !== "model" ? { network: filled(registry.get("network", c.network.kind), c.network) } : {}),
    ...(c.training ? { training: filled(registry.get("loss", c.training.objective), c.training) } : {}),
    sampler: { ...filled(registry.get("sampler", c.sampler.kind), c.sampler), acceptAlways },
  }, (_, value) => value === undefined);
}

function contradiction(command: RunCommand, c: RunConfiguration, registry: Registry): string | undefined {
  return sizeProblem(c) ?? latticeProblem(c) ?? startProblem(c) ?? matterProblem(command, c, registry) ?? transformProblem(command, c) ?? partProblem(command, c, registry) ?? guideProblem(command, c, registry) ?? trainingProblem(command, c, registry) ?? measurementProblem(c) ?? outputProblem(c, registry);
}

function startProblem({ start, sampler }: RunConfiguration): string | undefined {
  const { acceptAlways = 0, thermalisation } = sampler;
  if (acceptAlways > thermalisation) return `sampler.acceptAlways: got ${acceptAlways}, expected at most sampler.thermalisation, ${thermalisation}: production needs the Metropolis step`;
  const ofFiles = (["format", "order", "dataset", "module"] as const).find((key) => start.kind !== "file" && start[key] !== undefined);
  if (ofFiles !== undefined) return `start.${ofFiles}: got it with kind "${start.kind}", expected kind "file"`;
  if ((start.kind === "file") !== (start.file !== undefined)) return `start.file: got ${start.file ?? "nothing"} with kind "${start.kind}", expected ${start.file ? 'kind "file"' : "the name of a configuration"}`;
  return undefined;
}

/** Matter is sampled with the links that its action knows, or without any. */
function matterProblem(command: RunCommand, c: RunConfiguration, registry: Registry): string | undefined {
  const { matter, action, fermions, start, sampler, output, measurement } = c;
  const observables = observablesOf(c, registry).map(({ part }) => part);
  if (!matter) {
    if (!action) return "action: got nothing, expected the section [action], or [matter] with a kind that knows no links, such as phi4";
    const of = observables.find((part) => part.of === "matter" || part.of === "links and matter");
    if (of) return `measurement.observables: got ${of.name} without [matter], expected observables of links`;
    return "masses" in sampler ? "sampler.masses: got it without [matter], expected none: links have no mass" : undefined;
  }
  if (command !== "hmc") return `matter: got it with the command ${command}, expected hmc: a guide is a function of the links alone`;
  if (sampler.kind !== "hmc" && !registry.get("sampler", sampler.kind).fromModule) return `sampler.kind: got ${sampler.kind} with matter, expected hmc: it moves links alone`;
  if (c.transform) return "transform: got one with matter, expected none: it maps links alone";
  if (start.kind === "file") return "start.kind: got file with matter, expected cold, hot or near-unit: a configuration has links alone";
  if (observables.some((part) => part.name === "forces")) return "measurement.observables: got forces with matter, expected others: they are those of the links";
  const { links } = registry.get("matter", matter.kind);
  if (links && !action) return `action: got nothing with matter ${matter.kind}, expected the section [action]: its links need one`;
  if (links) return undefined;
  if (action || fermions.length > 0) return `${action ? "action" : "fermions"}: got it with matter ${matter.kind}, expected none: this matter knows no links`;
  if (output.configurations) return `output.configurations: got it with matter ${matter.kind}, expected none: there are no links; the newest field is in the checkpoint`;
  if (measurement.flow || measurement.wilsonLoops.length > 0) return `measurement.${measurement.flow ? "flow" : "wilsonLoops"}: got it with matter ${matter.kind}, expected none: there are no links`;
  const linked = observables.find((part) => part.of !== "matter");
  return linked && `measurement.observables: got ${linked.name} with matter ${matter.kind}, expected observables of matter: there are no links`;
}

/** The whole force goes through the map, and the sampler moves what is mapped. */
function transformProblem(command: RunCommand, c: RunConfiguration): string | undefined {
  const { transform, sampler, measurement, training } = c;
  if (!transform) return training?.towards === undefined ? undefined : `training.towards: got ${training.towards} without a transform, expected none: it says what S(F(V)) - log det is to be like`;
  if (command !== "hmc") return `transform: got one with the command ${command}, expected hmc: a guide sees the links themselves`;
  if (sampler.kind === "heatbath") return "transform: got one with the sampler heatbath, expected hmc: the transformed action is no sum of loops";
  if (measurement.observables.some((o) => o === "forces" || (typeof o !== "string" && o.kind === "forces"))) return "measurement.observables: got forces with a transform, expected others: the sampler's force is that of V";
  if (sampler.forcePrecision === "f32") return "sampler.forcePrecision: got f32 with a transform, expected f64";
  if (sampler.levels) return "sampler.levels: got levels with a transform, expected integrator and steps: its force is one";
  return training && transformTrainingProblem(c, training);
}

/** The map learns from the links of its own chain. */
function transformTrainingProblem({ action, fermions }: RunConfiguration, training: TrainingSection): string | undefined {
  const { optimiser, objective, shards, towards = 0 } = training;
  if (fermions.length > 0) return "training: got it for a transform with fermions, expected gauge fields alone: give the weights of the map";
  if (typeof action?.beta !== "number" || towards >= action.beta) return `training.towards: got ${towards} for the action ${action?.kind ?? "of matter"} at beta = ${action?.beta ?? "nothing"}, expected a smaller beta`;
  if (isOffline(training)) return "training.configurations: got stored configurations for a transform, expected none: it learns from the links V of its own chain";
  if (shards !== undefined || optimiser === "regression") return `training.${shards === undefined ? "optimiser" : "shards"}: got it for a transform, expected adam, adamW, sgd or gaussNewton in one chain`;
  return objective === "acceptance" ? "training.objective: got acceptance for a transform, expected forceMatching, centred or squared" : undefined;
}

/** What the parts of a run find wrong with their options. */
function partProblem(command: RunCommand, c: RunConfiguration, registry: Registry): string | undefined {
  const one = (at: string, part: Part, section: Readonly<Record<string, unknown>>): string | undefined => {
    const wrong = part.problem?.(optionsOf(part, section), c);
    return wrong === undefined ? undefined : `${at}.${wrong}`;
  };
  const found = [
    c.action && one("action", registry.get("gaugeAction", c.action.kind), c.action),
    c.matter && one("matter", registry.get("matter", c.matter.kind), c.matter),
    c.guide.action && one("guide.action", registry.get("gaugeAction", c.guide.action.kind), c.guide.action),
    ...c.fermions.map((f, k) => one(`fermions[${k}]`, registry.get("fermion", f.kind), f)),
    ...(c.guide.fermions ?? []).map((f, k) => one(`guide.fermions[${k}]`, registry.get("fermion", f.kind), f)),
    c.network && c.network.kind !== "model" ? one("network", registry.get("network", c.network.kind), c.network) : undefined,
    c.transform && one("transform", registry.get("transform", c.transform.kind), c.transform),
    // stored configurations need no trajectories
    command === "train" && isOffline(c.training) ? undefined : one("sampler", registry.get("sampler", c.sampler.kind), c.sampler),
    c.training && one("training", registry.get("loss", c.training.objective), c.training),
    ...observablesOf(c, registry).map(({ part, options }) => one("measurement", part, options)),
  ];
  return found.find((wrong) => wrong !== undefined);
}

function guideProblem(command: RunCommand, c: RunConfiguration, registry: Registry): string | undefined {
  const { guide, network, fermions } = c;
  if (guide.masses && guide.masses.length !== fermions.length) return `guide.masses: got ${guide.masses.length}, expected ${fermions.length}, one a field of fermions`;
  if (command === "hmc") return undefined;
  const wrong = leadingProblem(c, registry);
  if (wrong !== undefined) return wrong;
  const guided = network !== undefined || isGuided(c);
  const trains = c.training !== undefined;
  if (!guided && !trains) return `network: got nothing, expected a network or a guide for ${command}: gaugegrad init su2-slhmc is an example`;
  if (trains && !network && guide.trainable.some((t) => t === "network" || t.startsWith("network."))) return `guide.trainable: got ${guide.trainable.join(", ")} without a network, expected [network], or couplings such as gauge.beta`;
  return undefined;
}

function trainingProblem(command: RunCommand, { training, parallel }: RunConfiguration, registry: Registry): string | undefined {
  if (command === "train" && !training) return "training: got nothing, expected the section [training]";
  if (!training) return undefined;
  const dealt = shardsProblem(command, training, parallel);
  if (dealt !== undefined) return dealt;
  const { configurations, run, samples, objective, optimiser, batch, replay } = training;
  const offline = isOffline(training);
  const { trajectories, squares } = registry.get("loss", objective);
  const others = (suits: (part: LossPart) => boolean): string => registry.list("loss").filter(suits).map((part) => part.name).join(", ");
  if (configurations && run !== undefined) return "training.run: got it together with training.configurations, expected one of them";
  if (samples !== undefined && run === undefined) return `training.samples: got ${samples} without training.run, expected the folder of a run`;
  if (command === "slhmc" && offline) return `training.${run === undefined ? "configurations" : "run"}: got it with slhmc, which trains online, expected none: train first with gaugegrad train, then give network kind "model"`;
  if (configurations && trajectories) return `training.objective: got ${objective} on stored configurations, expected one of ${others((part) => !part.trajectories)}: ${objective} needs trajectories`;
  if (optimiser === "gaussNewton" && !squares) return `training.optimiser: got gaussNewton for ${objective}, expected adam, adamW or sgd: ${objective} is no mean of squares of few numbers`;
  if (optimiser === "regression" && (objective !== "squared" || (batch ?? 1) > 1 || replay !== undefined || offline)) return `training.optimiser: got regression with ${objective !== "squared" ? `objective ${objective}` : offline ? "stored configurations" : "a batch or replay"}, expected objective squared on each new configuration once, online`;
  const first = ["adam", "adamW", "sgd"].includes(optimiser);
  const only = (["groups", "accumulate"] as const).find((key) => !first && training[key] !== undefined);
  if (only) return `training.${only}: got it with the optimiser ${optimiser}, expected adam, adamW or sgd${only === "groups" ? ": guide.trainable leaves parameters out of any training" : ""}`;
  if (optimiser === "lbfgs" && (!offline || batch !== undefined)) return `training.optimiser: got lbfgs with ${offline ? "batches" : "an online training"}, expected ${offline ? "all configurations in every step" : "training.configurations or training.run"}: its line search compares values of one objective; use adam otherwise`;
  if (!offline && replay !== undefined && replay < (batch ?? 1)) return `training.replay: got ${replay}, expected at least the batch, ${batch}`;
  return undefined;
}

function shardsProblem(command: RunCommand, { shards, optimiser }: NonNullable<RunConfiguration["training"]>, { grid }: RunConfiguration["parallel"]): string | undefined {
  if (shards === undefined) return undefined;
  if (command === "slhmc") return `training.shards: got ${shards} with the command slhmc, expected train: train on shards, then sample with network kind "model"`;
  if (grid) return `parallel.grid: got one with training.shards, expected one of them: every shard has a lattice that is not divided`;
  if (optimiser === "regression" && shards > 1) return `training.shards: got ${shards} with the optimiser regression, expected one: it learns from each new configuration once`;
  return undefined;
}

function latticeProblem({ lattice, group }: RunConfiguration): string | undefined {
  return lattice.quaternions && parseGroup(group).N !== 2 ? `lattice.quaternions: got true for ${group}, expected SU(2): leave it out` : undefined;
}

function measurementProblem({ measurement: { flow }, lattice: { extents } }: RunConfiguration): string | undefined {
  const whole = (x: number): boolean => Math.abs(x - Math.round(x)) < 1e-9 && Math.round(x) >= 1;
  if (flow && !whole(flow.every / flow.step)) return `measurement.flow.every: got ${flow.every}, expected a multiple of the step ${flow.step}`;
  if (flow && !whole(flow.time / flow.every)) return `measurement.flow.time: got ${flow.time}, expected a multiple of ${flow.every} (measurement.flow.every)`;
  const wrong = flow && flowProblem(flow.action, extents);
  return wrong && `measurement.flow.action.${wrong}`;
}

function outputProblem({ output, lattice, group }: RunConfiguration, registry: Registry): string | undefined {
  const kept = output.configurations;
  if (!kept) return undefined;
  const { format, precision } = kept;
  const { precisions, anyDimension = false, u1 } = registry.get("format", format).writer!;
  if (lattice.extents.length !== 4 && !anyDimension) return `output.configurations.format: got ${format} in ${lattice.extents.length} dimensions, expected npy`;
  if (!u1 && parseGroup(group).N === 1) return `output.configurations.format: got ${format} for U(1), expected ildg or npy`;
  if (precision !== undefined && !precisions.includes(precision)) return `output.configurations.precision: got ${precision} for ${format}, expected ${precisions.join(" or ")}`;
  return undefined;
}
