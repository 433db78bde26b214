/**
 * Networks that are trained and judged on the trajectories that a target HMC run has kept, then lead self-learning HMC, all as runs: networks of one seed see
 * the same trajectories, and their chains start from the same links with the same random numbers.
 */
import { join } from "node:path";
import { type Assessment, type TrainingSample, SU, assess } from "gaugegrad";
import { type RunDefinition, readState, storedTrajectories } from "gaugegrad/runs";
import { parameterSpace, randomParameters } from "gaugegrad/util";
import { type AcceptedRun, type Run, make, makeAccepted, startOf, target, valueOf } from "./runs.ts";
import { BENCHMARK, type NetworkChoice } from "./settings.ts";
import { type Effective, type System, su2System } from "./system.ts";

/** What is minimised. */
export type Objective = "squared" | "centred" | "acceptance" | "force matching";

/** A target HMC run that keeps its trajectories. */
export interface Prior {
  /** Default those of the benchmark. */
  readonly extents?: readonly number[];
  readonly seed: number;
  readonly thermalise: number;
  /** Accepted trajectories to learn from, and further ones to be judged on. */
  readonly samples: number;
  readonly judged: number;
}

/** Levenberg-Marquardt on the first trajectories of the prior run, the last fifth of them for early stopping; or Adam, one step a trajectory of an HMC run. */
export type Training =
  | { readonly method: "offline"; readonly objective: Exclude<Objective, "force matching">; readonly epochs: number }
  /** `from`: before the prior run thermalises, or behind it. */
  | { readonly method: "online"; readonly objective: Objective; readonly trajectories: number; readonly batch: number; readonly from: "start" | "prior"; readonly stream: number };

/** A network, how it is trained, and what it leads. */
export interface Guided {
  readonly prior: Prior;
  readonly choice: NetworkChoice;
  readonly guideMass: number;
  /** Absent: the initial weights are used as they are. */
  readonly training?: Training;
  /** Trajectories of self-learning HMC. */
  readonly sample: number;
}

const MODULE = join(import.meta.dirname, "part.ts");
const RATE = 4e-3;

/** The prior run. */
export function priorOf({ extents = BENCHMARK.extents, seed, thermalise, samples, judged }: Prior): AcceptedRun {
  const accepted = samples + judged;
  const start = { kind: "file", file: startOf(seed, extents).name } as const;
  return {
    name: `prior-${extents[0]}-${accepted}-seed${seed}`,
    accepted,
    definition: (trajectories) => target({ extents, seed, stream: 1, thermalisation: thermalise, trajectories, more: { start, output: { checkpoint: 50, configurations: { every: 1, start: true, format: "npy" } } } }),
  };
}

/** The words of a name of a folder. */
const slug = (...words: readonly (string | number)[]): string => words.join("-").replaceAll(/[^\w.]+/g, "-");

const nameOf = ({ prior, choice, guideMass, training }: Guided): string => slug(prior.extents?.[0] ?? BENCHMARK.extents[0]!, choice.network, ...choice.extra, training?.objective ?? "untrained", guideMass, `seed${prior.seed}`);

/** Weights a little apart: equal layers would stay equal. */
function apart(action: Effective, seed: number): Effective {
  if (action.size < 2) return action;
  const noise = randomParameters([...action.parameters], { seed, width: 0.02 });
  return action.with(action.parameters.map((x, k) => x + noise[k]!));
}

/** S_theta of a run that trains, or that leads with its initial weights. */
function guideOf({ prior: { seed }, choice: { network, extra }, guideMass, training }: Guided, system: System): Pick<RunDefinition, "network" | "guide"> {
  const { parts, action: first } = system.guide(network, extra, guideMass, seed);
  const action = training ? apart(first, seed) : first;
  const { weights } = action.input("gauge") as { readonly weights: readonly number[] };
  const loops = ["plaquette", "rectangle", "polyakov-t"].map((name, k) => ({ name, weight: weights[k]! }));
  return {
    network: { module: MODULE, layers: network, start: seed, hopping: extra.includes("hopping"), weights: Array.from(parameterSpace(parts.network.parameters).flatten(action.input("network") as never)) },
    guide: {
      action: { kind: "loops", beta: BENCHMARK.beta, loops },
      fermions: [{ module: MODULE, name: "scaled", shares: 0, mass: guideMass, c: action.input("fermions.c") as number, tolerance: 1e-10 } as never],
      trainable: parts.trainable,
    },
  };
}

/** The training; undefined where nothing is trained. */
export function trainingOf(c: Guided, system: System): Run | undefined {
  const { prior, training: t } = c;
  if (!t) return undefined;
  const { extents, seed } = prior;
  const before = priorOf(prior).name;
  const online = t.method === "online" ? { rate: RATE, schedule: "cosine" as const, finalRate: RATE / 10, clip: 1e4, trajectories: t.trajectories, batch: t.batch, replay: 4 * t.batch } : undefined;
  const offline = t.method === "offline" ? { optimiser: "gaussNewton" as const, damping: 0.1, maxStep: 0.1, run: before, samples: prior.samples, epochs: t.epochs, heldOut: 0.2, patience: 6 } : undefined;
  const early = t.method === "online" && t.from === "start";
  return {
    name: `train-${nameOf(c)}`,
    definition: target({
      ...(extents ? { extents } : {}), seed, stream: t.method === "online" ? t.stream : 1, thermalisation: early ? prior.thermalise : 0,
      more: {
        command: "train",
        start: { kind: "file", file: early ? startOf(seed, extents).name : before },
        ...guideOf(c, system),
        training: { objective: t.objective === "force matching" ? "forceMatching" : t.objective, ...online, ...offline },
        output: { checkpoint: 10 },
      },
    }),
  };
}

/** Self-learning HMC from the last links of the prior run. */
export function sampleOf(c: Guided, system: System): Run {
  const { prior, sample } = c;
  const { extents, seed } = prior;
  const { network, guide } = guideOf(c, system);
  const trained = trainingOf(c, system);
  const led = trained ? { kind: "model", module: MODULE, file: join(trained.name, "model.gaugegrad") } : network;
  return {
    name: `sample-${nameOf(c)}`,
    definition: target({ ...(extents ? { extents } : {}), seed, stream: 2, trajectories: sample, more: { command: "slhmc", start: { kind: "file", file: priorOf(prior).name }, ...(led ? { network: led } : {}), ...(guide ? { guide } : {}) } }),
  };
}

/** Of one case. */
export interface GuidedResult {
  /** Number of trained weights. */
  readonly weights: number;
  /** Of the weights on the trajectories to be judged on. */
  readonly after: Assessment;
  /** Change of S_theta - S along each of them. */
  readonly changes: readonly number[];
  readonly acceptance: readonly [mean: number, error: number];
  readonly plaquette: readonly [mean: number, error: number];
}

/** The prior runs and the trainings of cases. */
export async function train(cases: readonly Guided[], folder: string): Promise<void> {
  const priors = cases.map(({ prior }) => prior);
  await make(priors.map(({ seed, extents }) => startOf(seed, extents)), folder);
  await makeAccepted([...new Map(priors.map((p) => [priorOf(p).name, priorOf(p)])).values()], folder);
  await make(cases.flatMap((c) => trainingOf(c, systemOn(c.prior.extents)) ?? []), folder);
}

/** Results in the order of the cases; `folder` holds the runs. */
export async function runGuided(cases: readonly Guided[], folder: string): Promise<GuidedResult[]> {
  await train(cases, folder);
  await make(cases.map((c) => sampleOf(c, systemOn(c.prior.extents))), folder);
  const kept = new Map<string, TrainingSample<2>[]>();
  return cases.map((c): GuidedResult => {
    const system = systemOn(c.prior.extents);
    const { name } = priorOf(c.prior);
    let judged = kept.get(name);
    if (!judged) kept.set(name, (judged = trajectoriesOf(c.prior, system, folder)));
    const action = trainedAction(c, system, folder);
    const after = join(folder, sampleOf(c, system).name);
    return { weights: c.training ? action.size : 0, after: assess(action, judged), changes: changesOf(action, judged), acceptance: valueOf(after, "acceptance"), plaquette: valueOf(after, "plaquette") };
  });
}

/** S_theta as it was trained. */
export function trainedAction(c: Guided, system: System, folder: string): Effective {
  const { action } = system.guide(c.choice.network, c.choice.extra, c.guideMass, c.prior.seed);
  const run = trainingOf(c, system);
  return run ? action.with(readState(join(folder, run.name))!.state.parameters!.values) : action;
}

/** The accepted trajectories of a prior run that nothing learns from. */
function trajectoriesOf(prior: Prior, { target: S, lattice, fermions }: System, folder: string): TrainingSample<2>[] {
  return [...storedTrajectories<2>(join(folder, priorOf(prior).name), { target: S, lattice, group: SU(2), fields: [fermions.phi] })].slice(prior.samples);
}

/** Change of S_theta - S along each trajectory. */
function changesOf(action: Effective, samples: readonly TrainingSample<2>[]): number[] {
  const at = (U: TrainingSample<2>["U"], value: number, fields: TrainingSample<2>["fields"]): number => action.valueAndGradient(U, fields).value - value;
  return samples.map(({ U, value, fields, start }) => at(U, value, fields) - at(start!.U, start!.value, fields));
}

const systems = new Map<string, System>();

/** The target on one lattice. */
export function systemOn(extents: readonly number[] = BENCHMARK.extents): System {
  const key = extents.join();
  let system = systems.get(key);
  if (!system) systems.set(key, (system = su2System({ ...BENCHMARK, extents })));
  return system;
}
