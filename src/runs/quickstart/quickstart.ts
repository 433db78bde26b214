/** The main job: thermalise, train with two objectives, sample with HMC and three kinds of self-learning HMC, compare. Each part is a run in a folder of its own. */
import { join } from "node:path";
import type { LatticeOptions } from "../../gauge/index.ts";
import { type Series, type Summary, type TrajectoryResult, summarise } from "../../samplers/index.ts";
import { type Assessment, type EffectiveAction, assess } from "../../training/index.ts";
import { type RunDefinition, defineRun } from "../file/define.ts";
import { readMetrics, readState } from "../folder/folder.ts";
import type { MetricsRecord } from "../records.ts";
import { produceAll } from "../side-by-side/pool.ts";
import { summaryOf } from "../summary/summary.ts";
import { buildSystem } from "../system/system.ts";
import { storedTrajectories } from "../folder/trajectories.ts";
import { benchmarkRun } from "./benchmark.ts";

/** Trajectories of each stage. */
export interface Lengths {
  readonly thermalise: number;
  readonly train: number;
  readonly assess: number;
  readonly sample: number;
}

/** Trajectories of each stage of the full quickstart and of the quick one. */
export const LENGTHS = {
  full: { thermalise: 150, train: 400, assess: 250, sample: 2600 },
  // the condensate forgets the start only after about a hundred trajectories
  quick: { thermalise: 150, train: 100, assess: 60, sample: 220 },
} as const satisfies Record<string, Lengths>;

/** Length, seed, engine, and the folder that keeps the runs. */
export interface QuickstartOptions {
  readonly lengths: Lengths;
  readonly seed: number;
  /** Holds a folder for each run; the same call with the same folder goes on. */
  readonly folder: string;
  readonly engine: LatticeOptions;
  /** Runs at a time; 0: in this thread. */
  readonly threads: number;
  /** Stops with checkpoints. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, stage: string, acceptance?: number) => void;
}

/** Online training in a prior HMC, which is exact: its configurations count. */
export interface TrainResult {
  readonly theta: Float64Array;
  readonly names: readonly string[];
  /** Published loss of each step's newest configurations, and half the variance of their S_theta - S. */
  readonly squared: readonly number[];
  readonly centred: readonly number[];
  readonly acceptance: number;
}

/** One column of the table. */
export interface Sampled {
  readonly name: string;
  readonly series: Series<TrajectoryResult>;
  /** Largest |U - U_0| after a trajectory forward and back. */
  readonly reversibility: number;
  readonly summary: Summary;
  /** Of the weights along trajectories of the target; absent for HMC. */
  readonly assessment?: Assessment;
}

/** Trainings with the squared and the centred loss, and the samples of each sampler. */
export interface QuickstartResult {
  readonly training: { readonly squared: TrainResult; readonly centred: TrainResult };
  readonly samples: readonly Sampled[];
}

/** Samples of a batch of the variance: what one configuration cannot tell. */
const BATCH = 16;

/** First learning rates; they fall along a cosine. */
const RATE = { squared: 2e-3, centred: 4e-3 } as const;

const SAMPLERS = [
  ["hmc", "HMC"],
  ["untrained", "SLHMC untrained"],
  ["published", "SLHMC, published loss"],
  ["variance", "SLHMC, variance"],
] as const;

/** The runs by the names of their folders; files are named as seen from the folder of all. */
function definitions({ lengths, seed }: Pick<QuickstartOptions, "lengths" | "seed">): Readonly<Record<string, RunDefinition>> {
  const start = { kind: "file", file: "thermalise" } as const;
  const sample = (stream: number) => ({ seed, stream, start, trajectories: lengths.sample });
  // two layers with equal weights would stay equal: training starts from small random ones
  const train = (objective: keyof typeof RATE, stream: number) =>
    benchmarkRun({
      command: "train",
      seed,
      stream,
      start,
      network: { kind: "covariant", layers: 2, randomWidth: 0.02, randomSeed: seed },
      training: { objective, rate: RATE[objective], schedule: "cosine", finalRate: 2e-4, trajectories: lengths.train, batch: BATCH, replay: 4 * BATCH },
    });
  return {
    thermalise: benchmarkRun({ seed, stream: 0, thermalisation: lengths.thermalise }),
    "train-squared": train("squared", 1),
    "train-centred": train("centred", 2),
    assess: benchmarkRun({ seed, stream: 3, start, trajectories: lengths.assess, measurement: { observables: [] }, output: { checkpoint: 50, configurations: { every: 1, start: true, format: "ildg" } } }),
    hmc: benchmarkRun(sample(4)),
    untrained: benchmarkRun({ ...sample(5), network: { kind: "covariant", layers: 2 } }),
    published: benchmarkRun({ ...sample(6), network: { kind: "model", file: join("train-squared", "model.gaugegrad") } }),
    variance: benchmarkRun({ ...sample(7), network: { kind: "model", file: join("train-centred", "model.gaugegrad") } }),
  };
}

/** In their order, the longest runs of a stage first. */
const STAGES = { thermalise: ["thermalise"], train: ["train-squared", "train-centred"], sample: ["untrained", "published", "variance", "hmc", "assess"] } as const;

/**
 * Makes what is left of the runs and reads their results; undefined when `signal` stopped them. Same options: same numbers, for any number of threads and
 * however often it was interrupted.
 * @throws as `produce`.
 */
export async function quickstart(options: QuickstartOptions): Promise<QuickstartResult | undefined> {
  const { lengths, folder, engine, threads, signal, onProgress } = options;
  const runs = definitions(options);
  const total = lengths.thermalise + 2 * lengths.train + lengths.assess + 4 * lengths.sample;
  let before = 0;
  for (const [stage, names] of Object.entries(STAGES)) {
    const at = names.map(() => 0);
    const ends = await produceAll({
      runs: names.map((name) => ({ definition: runs[name]!, base: folder, folder: join(folder, name) })),
      engine,
      parallel: threads,
      signal,
      onPosition: (k, position, _total, acceptance) => {
        at[k] = position;
        onProgress?.(before + at.reduce((s, n) => s + n, 0), total, stage, acceptance);
      },
    });
    if (ends.some((end) => end?.kind !== "done")) return undefined;
    before += ends.reduce((s, end) => s + end!.total, 0);
  }
  return resultOf(options, runs);
}

function resultOf({ folder, engine }: QuickstartOptions, runs: ReturnType<typeof definitions>): QuickstartResult {
  const [squared, centred] = [trained(join(folder, "train-squared")), trained(join(folder, "train-centred"))];
  // the same links, target and pseudofermions with S_theta beside them
  const { lattice, group, target, guide } = buildSystem(defineRun(runs["untrained"]!, { base: folder }), engine);
  const effective = guide!.effective as EffectiveAction<number, unknown>;
  const judged = [...storedTrajectories(join(folder, "assess"), { target, lattice, group, fields: effective.fields })];
  const thetas: Readonly<Record<string, Float64Array>> = { untrained: squared.theta.map(() => 0), published: squared.theta, variance: centred.theta };
  const samples = SAMPLERS.map(([key, name]): Sampled => {
    const theta = thetas[key];
    return { name, ...sampled(readMetrics(join(folder, key))), ...(theta ? { assessment: assess(effective.with(theta), judged) } : {}) };
  });
  return { training: { squared, centred }, samples };
}

function trained(folder: string): TrainResult {
  const records = readMetrics(folder);
  const { names, values } = readState(folder)!.state.parameters!;
  const steps = records.flatMap((r) => (r.kind === "training" ? [r] : []));
  return { theta: values, names, squared: steps.flatMap((s) => s.squared ?? []), centred: steps.flatMap((s) => s.centred ?? []), acceptance: summaryOf(records, null).phases["train"]!.acceptance };
}

/** Histories by the names that the reference has. */
function sampled(records: readonly MetricsRecord[]): Pick<Sampled, "series" | "reversibility" | "summary"> {
  const trajectories = records.flatMap((r) => (r.kind === "trajectory" && r.phase === "sample" ? [r] : []));
  const measured = (name: string): number[] => records.flatMap((r) => (r.kind === "measurement" ? (r.values[name] ?? []) : []));
  const series = {
    results: trajectories.map(({ trajectory, accepted, dH, action, kinetic }) => ({ trajectory, accepted, dH, expMinusDH: Math.exp(-dH), action, kinetic })),
    values: { plaquette: trajectories.map((t) => t.plaquette!), Polyakov: measured("polyakov.re"), "|Polyakov|": measured("|polyakov|"), condensate: measured("condensate") },
  };
  return { series, summary: summarise(series), reversibility: summaryOf(records, null).checks.reversibility };
}
