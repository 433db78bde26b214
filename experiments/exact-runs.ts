/**
 * One seed of self-learning HMC with exact determinants, as runs: loops regressed along a chain of the target, the fluctuations that they leave, and the acceptances of
 * chains that they lead; then ratio fields in place of the exact ratio.
 */
import { join } from "node:path";
import type { LoopName } from "gaugegrad";
import { type RunDefinition, type TrajectoryRecord, readMetrics, readRun } from "gaugegrad/runs";
import { LinearRegression } from "gaugegrad/training";
import { gammaMethod } from "gaugegrad/util";
import { type Run, make, secondsOf, startOf, valueOf } from "./runs.ts";

/** Physics and lengths of a seed. */
export interface ExactTask {
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
  readonly seed: number;
  readonly thermalise: number;
  readonly configurations: number;
  readonly trajectories: number;
  readonly detSteps: number;
  readonly gaugeSteps: number;
  readonly families: Readonly<Record<string, readonly LoopName[]>>;
  readonly guides: readonly { readonly mass: number; readonly run: readonly string[] }[];
  /** Guides that have loops of the links of a network as well, stout steps; `free`: with any number of flavours of the heavier determinant, mass 0: without one. */
  readonly network: { readonly rho: readonly number[]; readonly loops: readonly LoopName[]; readonly guides: readonly { readonly mass: number; readonly free: boolean }[] };
  readonly noise: { readonly mass: number; readonly roots: readonly number[]; readonly trajectories: number };
}

type Pair = readonly [mean: number, error: number];

/** A chain: acceptance, <exp(-dH)>, sd of dH, plaquette, seconds a trajectory. */
export interface ChainResult {
  readonly acceptance: Pair;
  readonly expMinusDH: Pair;
  readonly sd: number;
  readonly plaquette: Pair;
  readonly seconds: number;
}

/** A fit: weights by loop, sd of S - S_theta on configurations that were not fitted, and of its change along a trajectory. */
export interface FitResult {
  readonly mass: number;
  readonly family: string;
  readonly weights: readonly number[];
  readonly sd: number;
  readonly change: number;
  readonly chain?: ChainResult;
}

/** A fit with a network. */
export interface NetworkResult extends Omit<FitResult, "family" | "chain"> {
  /** Of the loops on the network's links. */
  readonly smeared: readonly number[];
  /** Of the heavier determinant. */
  readonly flavours: number;
  readonly chain: ChainResult;
}

/** What was found of a seed. */
export interface ExactResult {
  readonly fits: readonly FitResult[];
  readonly networks: readonly NetworkResult[];
  readonly noise: readonly (ChainResult & { readonly roots: number })[];
  readonly condensate: Pair;
}

const MODULE = join(import.meta.dirname, "exact-part.ts");

const sdOf = (x: readonly number[]): number => {
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  return Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length);
};

const exact = (mass: number) => ({ kind: "staggered", flavours: 4, mass, exact: true });

/** Loops with these weights, in addition to beta. */
const loopsOf = (names: readonly LoopName[], beta: number, weights: readonly number[]) => ({ kind: "loops", beta: 1, loops: names.map((name, k) => ({ name, weight: weights[k]! + (name === "plaquette" ? beta : 0) })) });

function definition(task: ExactTask, stream: number, sampler: object, more: Partial<RunDefinition>): RunDefinition {
  const { extents, beta, mass, seed, detSteps, gaugeSteps } = task;
  return {
    lattice: { extents: [...extents] }, group: "SU(2)", action: { kind: "wilson", beta }, fermions: [exact(mass)],
    sampler: { length: 1, seed, stream, acceptAlways: 0, levels: [{ force: "fermions", integrator: "omelyan", steps: detSteps }, { force: "gauge", integrator: "omelyan", steps: gaugeSteps }], ...sampler },
    measurement: { observables: [] }, output: { checkpoint: 10 }, checks: { every: 0 },
    ...more,
  } as RunDefinition;
}

const nameOf = (kind: string, { seed }: ExactTask, ...words: readonly (string | number)[]): string => [kind, ...words, `seed${seed}`].join("-").replaceAll(/[^\w.]+/g, "-");

const priorName = (task: ExactTask): string => nameOf("target", task);
const namesOf = ({ families, network }: ExactTask): LoopName[] => [...new Set([...Object.values(families).flat(), ...network.loops])];

/** The chain of the target. */
function prior(task: ExactTask): Run {
  const masses = [task.mass, ...task.guides.map((g) => g.mass).filter((m) => m > 0 && m !== task.mass)];
  return {
    name: priorName(task),
    definition: definition(task, 1, { thermalisation: task.thermalise, trajectories: task.configurations }, {
      start: { kind: "file", file: startOf(task.seed, task.extents).name },
      measurement: { observables: [{ module: MODULE, name: "regressors", masses, loops: namesOf(task), rho: task.network.rho } as never] },
    }),
  };
}

type Point = Readonly<Record<string, number>>;

const pointsOf = (task: ExactTask, folder: string): Point[] => readMetrics(join(folder, priorName(task))).flatMap((r) => (r.kind === "measurement" ? [r.values] : []));

/** What a guide of this mass leaves of the determinant. */
const leftOf = (task: ExactTask, p: Point, mass: number): number => p[`det.${task.mass}`]! - (mass > 0 ? p[`det.${mass}`]! : 0);

/** Linear regression on the first half; fluctuations of what is left in the second. */
function fitted(left: readonly number[], features: readonly (readonly number[])[]): { readonly weights: readonly number[]; readonly sd: number; readonly change: number } {
  const half = Math.floor(left.length / 2);
  let weights: readonly number[] = [];
  if (features[0]!.length > 0) {
    const equations = new LinearRegression(features[0]!.length);
    for (let k = 0; k < half; k++) equations.add(features[k]!, left[k]!);
    weights = [...equations.fit().parameters];
  }
  const rest = left.slice(half).map((y, k) => y - features[half + k]!.reduce((s, x, j) => s + x * weights[j]!, 0));
  return { weights, sd: sdOf(rest), change: sdOf(rest.slice(1).map((x, k) => x - rest[k]!)) };
}

/** The fits of all guides and families. */
function fitsOf(task: ExactTask, folder: string): Omit<FitResult, "chain">[] {
  const points = pointsOf(task, folder);
  return task.guides.flatMap(({ mass }) => Object.entries(task.families).map(([family, loops]) => ({ mass, family, ...fitted(points.map((p) => leftOf(task, p, mass)), points.map((p) => loops.map((name) => p[`loop.${name}`]!))) })));
}

/** The fits with a network: S_theta is linear in the weights of both kinds of loops and in the flavours of the heavier determinant. */
function networksOf(task: ExactTask, folder: string): Omit<NetworkResult, "chain">[] {
  const points = pointsOf(task, folder);
  const { loops, guides } = task.network;
  return guides.map(({ mass, free }) => {
    const features = points.map((p) => [...loops.map((name) => p[`loop.${name}`]!), ...loops.map((name) => p[`smeared.${name}`]!), ...(free ? [p[`det.${mass}`]!] : [])]);
    const { weights, ...fit } = fitted(points.map((p) => leftOf(task, p, mass)), features);
    return { mass, weights: weights.slice(0, loops.length), smeared: weights.slice(loops.length, 2 * loops.length), flavours: mass > 0 ? 4 * (1 + (weights[2 * loops.length] ?? 0)) : 0, ...fit };
  });
}

/** Exact determinants, led by a fit. */
function led(task: ExactTask, { mass, family, weights }: Omit<FitResult, "chain">): Run {
  const { beta, trajectories, detSteps, gaugeSteps, families } = task;
  const loops = families[family]!;
  const lead = loops.length > 0 ? { action: loopsOf(loops, beta, weights) } : {};
  const alone = { levels: undefined, integrator: "omelyan", steps: 2 * detSteps * gaugeSteps };
  return {
    name: nameOf("led", task, mass, family),
    definition: definition(task, 2, { trajectories, ...(mass > 0 ? {} : alone) }, { start: { kind: "file", file: priorName(task) }, guide: { ...lead, fermions: mass > 0 ? [exact(mass)] : [] } }),
  };
}

/** Exact determinants, led by a fit with a network. */
function ledByNetwork(task: ExactTask, { mass, weights, smeared, flavours }: Omit<NetworkResult, "chain">, k: number): Run {
  const { beta, trajectories, detSteps, gaugeSteps, network: { loops, rho } } = task;
  const alone = { levels: undefined, integrator: "omelyan", steps: 2 * detSteps * gaugeSteps };
  const action = { module: MODULE, name: "smeared", loops, rho, smeared, weights: weights.map((w, at) => w + (loops[at] === "plaquette" ? beta : 0)) };
  return {
    name: nameOf("network", task, mass, k),
    definition: definition(task, 4, { trajectories, ...(mass > 0 ? {} : alone) }, { start: { kind: "file", file: priorName(task) }, guide: { action: action as never, fermions: mass > 0 ? [{ ...exact(mass), flavours }] : [] } }),
  };
}

/** The ratio of the determinants in fields of a root, in the Metropolis step alone. */
function noisy(task: ExactTask, roots: number, weights: readonly number[]): Run {
  const { beta, mass, noise } = task;
  const field = { kind: "staggered", flavours: 4, tolerance: 1e-10 } as const;
  return {
    name: nameOf("ratio", task, roots),
    definition: definition(task, 3, { trajectories: noise.trajectories }, {
      start: { kind: "file", file: priorName(task) },
      fermions: [{ ...field, mass, over: noise.mass, ...(roots > 1 ? { roots } : {}) }, { ...field, mass: noise.mass, forceTolerance: 1e-8 }],
      guide: { fields: [1], action: loopsOf(["plaquette"], beta, weights) },
    }),
  };
}

function chainOf({ name }: Run, folder: string): ChainResult {
  const at = join(folder, name);
  const { events, metrics } = readRun(at).read();
  const sampled = metrics.filter((r): r is TrajectoryRecord => r.kind === "trajectory" && r.phase === "sample");
  return {
    acceptance: valueOf(at, "acceptance"), expMinusDH: valueOf(at, "expMinusDH"), plaquette: valueOf(at, "plaquette"),
    sd: sdOf(sampled.map((r) => r.dH)), seconds: secondsOf(events) / sampled.length,
  };
}

/** Makes the runs of all seeds and reads them. */
export async function runExact(tasks: readonly ExactTask[], folder: string): Promise<ExactResult[]> {
  await make(tasks.map(({ seed, extents }) => startOf(seed, extents)), folder);
  await make(tasks.map(prior), folder);
  const fits = tasks.map((task) => fitsOf(task, folder));
  const networks = tasks.map((task) => networksOf(task, folder));
  const runs = tasks.map((task, t) => {
    const guided = fits[t]!.map((fit) => (task.guides.find((g) => g.mass === fit.mass)!.run.includes(fit.family) ? led(task, fit) : undefined));
    const { weights } = fits[t]!.find((f) => f.mass === task.noise.mass && f.family === "plaquette")!;
    return { guided, networks: networks[t]!.map((fit, k) => ledByNetwork(task, fit, k)), noise: task.noise.roots.map((roots) => noisy(task, roots, weights)) };
  });
  await make(runs.flatMap((r) => [...r.guided.flatMap((run) => run ?? []), ...r.networks, ...r.noise]), folder);
  return tasks.map((task, t): ExactResult => {
    const { guided, noise } = runs[t]!;
    const condensate = gammaMethod(readMetrics(join(folder, priorName(task))).flatMap((r) => (r.kind === "measurement" ? [r.values["condensate"]!] : [])));
    return {
      fits: fits[t]!.map((fit, k) => ({ ...fit, ...(guided[k] ? { chain: chainOf(guided[k], folder) } : {}) })),
      networks: networks[t]!.map((fit, k) => ({ ...fit, chain: chainOf(runs[t]!.networks[k]!, folder) })),
      noise: noise.map((run, k) => ({ roots: task.noise.roots[k]!, ...chainOf(run, folder) })),
      condensate: [condensate.mean, condensate.error],
    };
  });
}
