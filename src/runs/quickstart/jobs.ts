/** What the quickstart computes, as jobs of plain data that run anywhere: thermalise, train, sample. */
import { type Assessment, type TrainingSample, adam, assess, losses, schedules, takeSample, trainOnline } from "../../training/index.ts";
import { randomParameters } from "../../util/index.ts";
import { type Series, type TrajectoryResult, hmc, runChain } from "../../samplers/index.ts";
import type { LatticeOptions } from "../../gauge/index.ts";
import { BENCHMARK, benchmark, observables } from "./benchmark.ts";

interface Common {
  readonly seed: number;
  readonly stream: number;
  readonly trajectories: number;
  readonly engine: LatticeOptions;
  /** Start; absent: near unity. */
  readonly links?: readonly Float64Array[];
}

/** Self-learning HMC with these weights, or HMC without them. */
export type SampleJob = Common & { readonly kind: "sample"; readonly theta?: Float64Array };
/** Online training in a prior HMC. */
export type TrainJob = Common & { readonly kind: "train"; readonly objective: "squared" | "centred" };
/** HMC of which only the last configuration is kept. */
export type ThermaliseJob = Common & { readonly kind: "thermalise" };
/** L, L_c and the change of S_theta - S along fresh trajectories of the prior run, for several theta. */
export type AssessJob = Common & { readonly kind: "assess"; readonly thetas: readonly Float64Array[] };

export type Job = SampleJob | TrainJob | ThermaliseJob | AssessJob;

export interface ThermaliseResult {
  readonly links: Float64Array[];
}
export interface SampleResult {
  readonly series: Series<TrajectoryResult>;
  /** Largest |U - U_0| after a trajectory forward and back. */
  readonly reversibility: number;
}
export interface TrainResult {
  readonly theta: Float64Array;
  readonly names: readonly string[];
  /** Published loss of each step's newest configurations, and half the variance of their S_theta - S. */
  readonly squared: number[];
  readonly centred: number[];
  /** The prior run is exact: its configurations count. */
  readonly acceptance: number;
}
export type AssessResult = Assessment[];

export type ResultOf<J extends Job> = J extends SampleJob ? SampleResult : J extends TrainJob ? TrainResult : J extends AssessJob ? AssessResult : ThermaliseResult;

const { length, steps, integrator } = BENCHMARK;

/** Samples of a batch of the variance: what one configuration cannot tell. */
const BATCH = 16;

/** First learning rates; they fall along a cosine. */
const RATE = { squared: 2e-3, centred: 4e-3 } as const;

/** Runs a job; `onStep` is called after each trajectory with the fraction accepted so far. */
export function runJob<J extends Job>(job: J, onStep: (accepted: number) => void = () => {}): ResultOf<J> {
  switch (job.kind) {
    case "thermalise":
      return thermalise(job, onStep) as ResultOf<J>;
    case "train":
      return train(job, onStep) as ResultOf<J>;
    case "sample":
      return sample(job, onStep) as ResultOf<J>;
    case "assess":
      return assessOn(job, onStep) as ResultOf<J>;
  }
}

/** Accepted fraction, trajectory by trajectory. */
function counting(onStep: (accepted: number) => void): (accepted: boolean) => void {
  let [n, yes] = [0, 0];
  return (accepted) => onStep((yes += Number(accepted)) / ++n);
}

function thermalise(job: ThermaliseJob, onStep: (accepted: number) => void): ThermaliseResult {
  const { U, target } = benchmark(job);
  const count = counting(onStep);
  const sampler = hmc({ action: target, length, steps, integrator, seed: job.seed, stream: job.stream });
  runChain({ sampler, U, trajectories: job.trajectories, onTrajectory: ({ result }) => count(result.accepted) });
  return { links: U.fields.map((f) => f.toArray()) };
}

function sample(job: SampleJob, onStep: (accepted: number) => void): SampleResult {
  const { U, target, effective } = benchmark(job);
  const count = counting(onStep);
  const guide = job.theta ? { guide: effective.with(job.theta) } : {};
  const sampler = hmc({ action: target, ...guide, length, steps, integrator, seed: job.seed, stream: job.stream });
  const series = runChain({ sampler, U, trajectories: job.trajectories, measure: observables(job.seed + job.stream), onTrajectory: ({ result }) => count(result.accepted) });
  return { series, reversibility: sampler.reversibility(U).maxDifference };
}

function train(job: TrainJob, onStep: (accepted: number) => void): TrainResult {
  const { U, target, effective } = benchmark(job);
  const count = counting(onStep);
  const sampler = hmc({ action: target, length, steps, integrator, seed: job.seed, stream: job.stream });
  const rate = schedules.cosine({ initial: RATE[job.objective], final: 2e-4, steps: job.trajectories });
  // two layers with equal weights would stay equal: they start from small random ones
  const action = effective.with(randomParameters([...effective.parameters], { seed: job.seed, width: 0.02 }));
  const training = trainOnline({
    sampler,
    target,
    U,
    action,
    loss: losses[job.objective](),
    optimiser: adam({ rate }),
    trajectories: job.trajectories,
    replay: { capacity: 4 * BATCH, batch: BATCH, seed: job.seed },
  });
  const [squared, centred]: [number[], number[]] = [[], []];
  let accepted = 0;
  let theta = effective.parameters;
  for (const step of training) {
    count(step.result.accepted);
    accepted += Number(step.result.accepted);
    squared.push(step.squared);
    if (step.centred !== undefined) centred.push(step.centred);
    theta = step.action.parameters;
  }
  return { theta, names: effective.names, squared, centred, acceptance: accepted / job.trajectories };
}

function assessOn(job: AssessJob, onStep: (accepted: number) => void): AssessResult {
  const { U, target, effective } = benchmark(job);
  const count = counting(onStep);
  const sampler = hmc({ action: target, length, steps, integrator, seed: job.seed, stream: job.stream });
  const samples: TrainingSample<2>[] = [];
  for (let t = 0; t < job.trajectories; t++) {
    const start = U.clone();
    const { accepted } = sampler.step(U);
    count(accepted);
    if (accepted) samples.push(takeSample(U, target, effective.fields, { start }));
  }
  return job.thetas.map((theta) => assess(effective.with(theta), samples));
}
