/** What one section says about another: defaults that depend on the command, and combinations that mean nothing. */
import { ConfigurationError } from "../errors.ts";
import { parseGroup } from "../gauge/index.ts";
import { WRITABLE } from "../io/index.ts";
import { identityOf } from "./identity.ts";
import type { RunCommand } from "./records.ts";
import type { RunConfiguration } from "./schema.ts";

/** A configuration as a command runs it. */
export interface ResolvedRun {
  readonly command: RunCommand;
  readonly configuration: RunConfiguration;
  /** Folder that relative paths of the configuration start from. */
  readonly base: string;
  /** SHA-256 of the command and of everything that decides the physics. */
  readonly hash: string;
  /** Sections of the file that this command does not use. */
  readonly unused: readonly string[];
}

/** `base`: folder that relative paths start from. @throws ConfigurationError for combinations that mean nothing. */
export function resolveRun(command: RunCommand, file: RunConfiguration, base = "."): ResolvedRun {
  const { configuration, unused } = forCommand(command, file);
  const wrong = contradiction(command, configuration);
  if (wrong !== undefined) throw new ConfigurationError(`run file: ${wrong}`);
  const resolved = withDefaults(configuration);
  return { command, configuration: resolved, base, unused, hash: identityOf(command, resolved) };
}

/** HMC has no guide and nothing to train. */
function forCommand(command: RunCommand, file: RunConfiguration): { configuration: RunConfiguration; unused: string[] } {
  if (command !== "hmc") return { configuration: file, unused: [] };
  const { network, training, ...rest } = file;
  const guided = file.guide.action !== undefined || file.guide.masses !== undefined;
  return {
    configuration: { ...rest, guide: { trainable: ["network"] } },
    unused: [...(network ? ["network"] : []), ...(training ? ["training"] : []), ...(guided ? ["guide"] : [])],
  };
}

/** Defaults that the schema cannot know. Keys without a value are dropped, so that equal runs have equal hashes. */
function withDefaults(c: RunConfiguration): RunConfiguration {
  const sampler = c.sampler.levels ? c.sampler : { ...c.sampler, integrator: c.sampler.integrator ?? ("omelyan" as const) };
  return defined({ ...c, group: parseGroup(c.group).name, sampler });
}

/** The same tables without keys whose value is undefined. */
function defined<T>(x: T): T {
  if (Array.isArray(x)) return x.map(defined) as T;
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).flatMap(([k, v]) => (v === undefined ? [] : [[k, defined(v)]]))) as T;
}

function contradiction(command: RunCommand, c: RunConfiguration): string | undefined {
  return actionProblem(c) ?? samplerProblem(c) ?? guideProblem(command, c) ?? trainingProblem(command, c) ?? measurementProblem(c) ?? outputProblem(c);
}

function actionProblem(c: RunConfiguration): string | undefined {
  const actions = [["action", c.action], ...(c.guide.action ? [["guide.action", c.guide.action] as const] : [])] as const;
  for (const [at, a] of actions) {
    if ((a.kind === "loops") !== (a.loops !== undefined)) return `${at}.loops: got ${a.loops ? "a list" : "nothing"} with kind "${a.kind}", expected ${a.loops ? 'kind "loops"' : "a list of loops"}`;
    const k = a.loops?.findIndex((l) => (l.name === undefined) === (l.path === undefined)) ?? -1;
    if (k >= 0) return `${at}.loops[${k}]: got neither or both of name and path, expected one of them`;
  }
  if ((c.start.kind === "file") !== (c.start.file !== undefined)) return `start.file: got ${c.start.file ?? "nothing"} with kind "${c.start.kind}", expected ${c.start.file ? 'kind "file"' : "the name of a configuration"}`;
  const short = c.fermions.findIndex((f) => f.boundary !== undefined && f.boundary.length !== c.lattice.extents.length);
  if (short >= 0) return `fermions[${short}].boundary: got ${c.fermions[short]!.boundary!.length} signs, expected ${c.lattice.extents.length}, one a direction`;
  return undefined;
}

function samplerProblem({ sampler, fermions }: RunConfiguration): string | undefined {
  const { levels, steps, integrator } = sampler;
  if (!levels) return steps === undefined ? "sampler.steps: got nothing, expected the steps of a trajectory, or levels" : undefined;
  if (steps !== undefined || integrator !== undefined) return "sampler.levels: got levels together with steps or integrator, expected those of each level only";
  const names = fermions.map((_, k) => `fermions.${k}`);
  const parts = levels.flatMap((l) => (l.force === "fermions" ? names : [l.force]));
  const expected = ["gauge", ...names];
  if (parts.toSorted().join() !== expected.toSorted().join()) return `sampler.levels: got the forces ${levels.map((l) => l.force).join(", ")}, expected each of ${expected.join(", ")} once (fermions stands for all of them)`;
  return undefined;
}

function guideProblem(command: RunCommand, c: RunConfiguration): string | undefined {
  const { guide, network, fermions } = c;
  if (guide.masses && guide.masses.length !== fermions.length) return `guide.masses: got ${guide.masses.length}, expected ${fermions.length}, one a field of fermions`;
  if (command === "hmc") return undefined;
  const guided = network !== undefined || guide.action !== undefined || guide.masses !== undefined;
  const trains = c.training !== undefined;
  if (!guided && !trains) return `network: got nothing, expected a network or a guide for ${command}: gaugegrad init su2-slhmc is an example`;
  if (trains && !network && guide.trainable.some((t) => t === "network" || t.startsWith("network."))) return `guide.trainable: got ${guide.trainable.join(", ")} without a network, expected [network], or couplings such as gauge.beta`;
  return undefined;
}

function trainingProblem(command: RunCommand, { training }: RunConfiguration): string | undefined {
  if (command === "train" && !training) return "training: got nothing, expected the section [training]";
  if (!training) return undefined;
  const { configurations, objective, optimiser, batch, replay } = training;
  if (command === "slhmc" && configurations) return "training.configurations: slhmc trains online, expected none: train first with gaugegrad train, then give network kind \"model\"";
  if (configurations && objective === "acceptance") return "training.objective: got acceptance on stored configurations, expected squared, centred or forceMatching: acceptance needs trajectories";
  if (optimiser === "gaussNewton" && objective === "forceMatching") return "training.optimiser: got gaussNewton for forceMatching, expected adam, adamW or sgd: force matching is no mean of squares of few numbers";
  if (!configurations && replay !== undefined && replay < (batch ?? 1)) return `training.replay: got ${replay}, expected at least the batch, ${batch}`;
  return undefined;
}

function measurementProblem({ measurement, lattice, group, fermions }: RunConfiguration): string | undefined {
  const { observables, flow, condensateMass } = measurement;
  const D = lattice.extents.length;
  const massless = fermions.length === 0 && condensateMass === undefined;
  const needs = observables.find((o) => o === "condensate" || o === "pion");
  if (needs && massless) return `measurement.condensateMass: got nothing without fermions, expected the mass for ${needs}`;
  if (needs && lattice.extents.some((L) => L % 2 !== 0)) return `measurement.observables: got ${needs} with the extents ${lattice.extents.join(", ")}, expected even ones`;
  if (observables.includes("charge") && D !== 4 && !(D === 2 && parseGroup(group).N === 1)) return `measurement.observables: got charge for ${group} in ${D} dimensions, expected four dimensions, or U(1) in two`;
  const whole = (x: number): boolean => Math.abs(x - Math.round(x)) < 1e-9 && Math.round(x) >= 1;
  if (flow && !whole(flow.every / flow.step)) return `measurement.flow.every: got ${flow.every}, expected a multiple of the step ${flow.step}`;
  if (flow && !whole(flow.time / flow.every)) return `measurement.flow.time: got ${flow.time}, expected a multiple of ${flow.every} (measurement.flow.every)`;
  return undefined;
}

function outputProblem({ output, lattice, group }: RunConfiguration): string | undefined {
  const kept = output.configurations;
  if (!kept) return undefined;
  const { format, precision } = kept;
  const precisions: readonly number[] = WRITABLE[format];
  if (lattice.extents.length !== 4 && format !== "npy") return `output.configurations.format: got ${format} in ${lattice.extents.length} dimensions, expected npy`;
  if (format === "nersc" && parseGroup(group).N === 1) return "output.configurations.format: got nersc for U(1), expected ildg or npy";
  if (precision !== undefined && !precisions.includes(precision)) return `output.configurations.precision: got ${precision} for ${format}, expected ${precisions.join(" or ")}`;
  return undefined;
}
