/**
 * The scaling of networks on a target without noise: exact determinants in the Metropolis step and in the guide, so that the loss of a network is what the network misses. Every case is
 * trained offline on configurations of one chain of the target, for a fixed number of epochs, judged on configurations that it has not seen, and leads a chain of its own.
 */
import { join } from "node:path";
import { type RunDefinition, readMetrics } from "gaugegrad/runs";
import { type AcceptedRun, type Run, make, makeAccepted, valueOf } from "./runs.ts";

/** Physics and lengths. */
export interface ExactScaling {
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
  /** Of the guide's determinant. */
  readonly guideMass: number;
  readonly seeds: readonly number[];
  readonly thermalise: number;
  /** Configurations to train on, unless a case names another number, and further ones to be judged on. */
  readonly samples: number;
  readonly judged: number;
  readonly epochs: number;
  readonly trajectories: number;
  readonly cases: readonly ScalingCase[];
}

/** One point of a series: `x` is what the series varies. */
export interface ScalingCase {
  readonly series: string;
  readonly x: number;
  /** Section of a run file. */
  readonly network: object;
  readonly samples?: number;
}

/** Of one case and seed. */
export interface ScalingResult {
  readonly weights: number;
  /** Half the variance of S_theta - S on unseen configurations, and its statistical error. */
  readonly loss: readonly [mean: number, error: number];
  readonly acceptance: readonly [mean: number, error: number];
}

const exact = (mass: number) => ({ kind: "staggered", flavours: 4, mass, exact: true });

function definition(task: ExactScaling, seed: number, stream: number, more: object): RunDefinition {
  const { extents, beta, mass } = task;
  return {
    lattice: { extents: [...extents] }, group: "SU(2)", start: { kind: "near-unit", width: 0.5 }, action: { kind: "wilson", beta }, fermions: [exact(mass)],
    measurement: { observables: [] }, output: { checkpoint: 20 }, checks: { every: 0 },
    ...more,
    sampler: { length: 1, seed, stream, integrator: "omelyan", steps: 4, ...(more as { sampler?: object }).sampler },
  } as RunDefinition;
}

const slug = (...words: readonly (string | number)[]): string => words.join("-").replaceAll(/[^\w.]+/g, "-");
const most = ({ samples, cases }: ExactScaling): number => Math.max(samples, ...cases.map((c) => c.samples ?? 0));

/** The chain of the target, led by the guide's determinant; only accepted trajectories are samples. */
function prior(task: ExactScaling, seed: number): AcceptedRun {
  return {
    name: slug("prior", seed),
    accepted: most(task) + task.judged,
    definition: (trajectories) => definition(task, seed, 1, { command: "slhmc", guide: { fermions: [exact(task.guideMass)] }, sampler: { thermalisation: task.thermalise, trajectories }, output: { checkpoint: 20, configurations: { every: 1, start: true, format: "npy" } } }),
  };
}

const guideOf = ({ guideMass }: ExactScaling): object => ({ fermions: [exact(guideMass)], trainable: ["network"] });

function trained(task: ExactScaling, seed: number, c: ScalingCase): Run {
  const samples = (c.samples ?? task.samples) + task.judged;
  return {
    name: slug("train", c.series, c.x, seed),
    definition: definition(task, seed, 2, {
      command: "train", network: c.network, guide: guideOf(task), sampler: { acceptAlways: 0 },
      training: { objective: "centred", optimiser: "gaussNewton", damping: 0.1, maxStep: 0.1, run: prior(task, seed).name, samples, epochs: task.epochs, heldOut: task.judged / samples },
    }),
  };
}

function sampled(task: ExactScaling, seed: number, c: ScalingCase): Run {
  return {
    name: slug("sample", c.series, c.x, seed),
    definition: definition(task, seed, 3, { command: "slhmc", start: { kind: "file", file: prior(task, seed).name }, network: { kind: "model", file: join(trained(task, seed, c).name, "model.gaugegrad") }, guide: guideOf(task), sampler: { acceptAlways: 0, trajectories: task.trajectories } }),
  };
}

/** Makes the runs; results by case and seed. */
export async function runExactScaling(task: ExactScaling, folder: string): Promise<ScalingResult[][]> {
  const each = <T>(f: (c: ScalingCase, seed: number) => T): T[] => task.cases.flatMap((c) => task.seeds.map((seed) => f(c, seed)));
  await makeAccepted(task.seeds.map((seed) => prior(task, seed)), folder);
  await make(each((c, seed) => trained(task, seed, c)), folder);
  await make(each((c, seed) => sampled(task, seed, c)), folder);
  return task.cases.map((c) => task.seeds.map((seed): ScalingResult => {
    const epochs = readMetrics(join(folder, trained(task, seed, c).name)).filter((r) => r.kind === "epoch");
    const last = epochs.at(-1)!;
    // the variance of n independent Gaussian numbers has the relative error sqrt(2 / n)
    return { weights: last.parameters.length, loss: [last.heldOut!, last.heldOut! * Math.sqrt(2 / task.judged)], acceptance: valueOf(join(folder, sampled(task, seed, c).name), "acceptance") };
  }));
}

/** y = c x^(-alpha) by least squares in the logarithms with the errors of y; undefined for fewer than two different x. */
export function exponentOf(points: readonly { readonly x: number; readonly y: number; readonly error: number }[]): { readonly alpha: number; readonly error: number } | undefined {
  const rows = points.filter((p) => p.x > 0 && p.y > 0 && p.error > 0).map((p) => ({ u: Math.log(p.x), v: Math.log(p.y), w: (p.y / p.error) ** 2 }));
  const total = rows.reduce((s, r) => s + r.w, 0);
  const centre = rows.reduce((s, r) => s + r.w * r.u, 0) / total;
  const spread = rows.reduce((s, r) => s + r.w * (r.u - centre) ** 2, 0);
  if (!(spread > 0)) return undefined;
  return { alpha: -rows.reduce((s, r) => s + r.w * (r.u - centre) * r.v, 0) / spread, error: 1 / Math.sqrt(spread) };
}
