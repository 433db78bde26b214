/** The main job: thermalise, train with two objectives, sample with HMC and three kinds of self-learning HMC, compare. */
import type { LatticeOptions } from "../../gauge/index.ts";
import { type Summary, summarise } from "../../samplers/index.ts";
import type { Assessment } from "../../training/index.ts";
import type { SampleResult, TrainResult } from "./jobs.ts";
import { JobPool } from "./pool.ts";

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

export interface QuickstartOptions {
  readonly lengths: Lengths;
  readonly seed: number;
  readonly engine: LatticeOptions;
  /** Jobs at a time; 0: in this thread. */
  readonly threads: number;
  readonly onProgress?: (done: number, total: number, stage: string, accepted: number) => void;
}

/** One column of the table. */
export interface Sampled {
  readonly name: string;
  readonly result: SampleResult;
  readonly summary: Summary;
  /** Of the weights along trajectories of the target; absent for HMC. */
  readonly assessment?: Assessment;
}

/** Trainings with the squared and the centred loss, and the samples of each sampler. */
export interface QuickstartResult {
  readonly training: { readonly squared: TrainResult; readonly centred: TrainResult };
  readonly samples: readonly Sampled[];
}

/** Runs everything. Same options: same numbers, for any number of threads. */
export async function quickstart(options: QuickstartOptions): Promise<QuickstartResult> {
  const pool = new JobPool(options.threads);
  try {
    return await stages(options, pool);
  } finally {
    pool.close();
  }
}

async function stages({ lengths, seed, engine, onProgress = () => {} }: QuickstartOptions, pool: JobPool): Promise<QuickstartResult> {
  const total = lengths.thermalise + 2 * lengths.train + lengths.assess + 4 * lengths.sample;
  let done = 0;
  const progress = (stage: string) => (accepted: number) => onProgress(++done, total, stage, accepted);
  const common = { seed, engine };
  const [{ links }] = await pool.run([{ ...common, kind: "thermalise", stream: 0, trajectories: lengths.thermalise }], progress("thermalise"));
  const start = { ...common, links };
  const [squared, centred] = await pool.run(
    [
      { ...start, kind: "train", objective: "squared", stream: 1, trajectories: lengths.train },
      { ...start, kind: "train", objective: "centred", stream: 2, trajectories: lengths.train },
    ],
    progress("train"),
  );
  const untrained = squared.theta.map(() => 0);
  const thetas = [untrained, squared.theta, centred.theta];
  const sample = (stream: number, theta?: Float64Array) => ({ ...start, kind: "sample" as const, stream, trajectories: lengths.sample, ...(theta ? { theta } : {}) });
  // the longest jobs first
  const [free, published, variance, plain, assessments] = await pool.run(
    [sample(5, untrained), sample(6, squared.theta), sample(7, centred.theta), sample(4), { ...start, kind: "assess", stream: 3, trajectories: lengths.assess, thetas }],
    progress("sample"),
  );
  const names = ["HMC", "SLHMC untrained", "SLHMC, published loss", "SLHMC, variance"];
  const samples = [plain, free, published, variance].map((result, k): Sampled => ({ name: names[k]!, result, summary: summarise(result.series), ...(k > 0 ? { assessment: assessments[k - 1]! } : {}) }));
  return { training: { squared, centred }, samples };
}
