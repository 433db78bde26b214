/** A sampler that trains networks of its own, one optimiser step after every trajectory; they stand still in production. */
import { ConfigurationError } from "../../errors.ts";
import { type TrainingState, adam, schedules } from "../../training/index.ts";
import { checking } from "./checked-sampler.ts";
import type { Progress, StageEvents, Unit } from "./progress.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { RunChain } from "./run-chain.ts";
import type { System } from "../system-types.ts";

/** The rate falls to this part of the first one. */
const FINAL = 0.05;

/** Names of the numbers that a sampler trains. */
export const weightNames = (size: number): readonly string[] => Array.from({ length: size }, (_, k) => `weight ${k}`);

export function* samplerTraining(run: ResolvedRun, system: System, from: Progress, end: number, events: StageEvents): Generator<Unit | undefined, Progress, void> {
  const chain = new RunChain(run, system, "train", from.position, { ...events, weights: from.theta, memory: from.memory });
  const { learning } = chain;
  if (!learning) throw new ConfigurationError(`sampler ${run.configuration.sampler.kind}: got a part that declares trajectories of training and trains nothing, expected learning`);
  const { training } = from;
  let step = training?.step ?? 0;
  const steps = step + end - from.position;
  const optimiser = adam({ rate: schedules.cosine({ initial: learning.rate, final: FINAL * learning.rate, steps }) });
  let theta = from.theta ?? learning.weights(system.U);
  let memory = training?.optimiser ?? optimiser.start(theta.length);
  let counters = training?.counters ?? { rounds: 0, accepted: 0 };
  while (chain.trajectory < end) {
    const { trajectory, accepted } = yield* chain.steps(system.U);
    const { value, gradient } = checking("training", () => learning.loss(system.U));
    const { parameters, state, gradientNorm, rate } = checking("training", () => optimiser.step(theta, { gradient: () => gradient }, memory));
    [theta, memory, counters] = [parameters, state, { rounds: counters.rounds + 1, accepted: counters.accepted + Number(accepted) }];
    learning.use(theta);
    const now: TrainingState = { version: 1, names: weightNames(theta.length), parameters: theta, optimiser: memory, offset: { value: 0, slope: new Float64Array(0), seen: 0 }, step: step + 1, counters, best: null, buffer: [] };
    const carried = chain.memory;
    yield {
      phase: "train",
      records: [...chain.take(), { kind: "training", step, trajectory, value, gradientNorm, rate, parameters: [] }],
      progress: () => ({ position: trajectory + 1, theta: now.parameters, training: now, ...(carried ? { memory: carried } : {}) }),
    };
    step++;
  }
  const carried = chain.memory;
  return { position: end, theta, ...(carried ? { memory: carried } : {}) };
}
