/**
 * Self-learning Monte Carlo of spins: a proposal is a chain of local updates that is reversible with respect to W_eff, accepted with
 * min(1, W(S') W_eff(S) / (W(S) W_eff(S'))). The weight of the target decides alone what is sampled.
 */
import { ConfigurationError } from "../errors.ts";
import { randomStream } from "../util/index.ts";
import type { SpinSample } from "./linear-model.ts";
import { metropolisUpdates, stepSequence } from "./metropolis.ts";
import type { SpinTransformer } from "./transformer.ts";
import { type SpinTraining, type TrainingOptions, startTraining, trainStep } from "./training.ts";
import type { SpinWeight } from "./weights.ts";

/** One Monte Carlo step. */
export interface SpinStep {
  readonly step: number;
  readonly accepted: boolean;
  /** min(1, exp(difference)): smoother than `accepted` for the mean. */
  readonly probability: number;
  /** ln W after the step. */
  readonly logWeight: number;
  readonly spins: Float64Array;
}

/** Length of a step, seed and first step of a chain of spins. */
export interface ChainOptions {
  /** Local updates of one step; default one a site. */
  readonly updates?: number;
  readonly seed?: number;
  /** Number of the first step, default 0: with the spins of that time a chain resumes with the same bits. */
  readonly first?: number;
}

/** A Markov chain of spins: `step()` until enough. */
export interface SpinChain {
  readonly spins: Float64Array;
  readonly logWeight: number;
  step(): SpinStep;
}

function updatesOf(updates: number | undefined, spins: Float64Array): number {
  const n = updates ?? spins.length / 3;
  if (!Number.isInteger(n) || n < 1) throw new ConfigurationError(`spins: got ${n} updates a step, expected a positive integer`);
  return n;
}

/** The reference: local Metropolis with the exact weight at every update. `probability` is the accepted fraction of a step. */
export function localMetropolis(weight: SpinWeight, start: Float64Array, { updates, seed = 0, first = 0 }: ChainOptions = {}): SpinChain {
  const count = updatesOf(updates, start);
  const chain = weight.chain(start);
  const random = randomStream(seed);
  let step = first;
  return {
    get spins() {
      return chain.spins;
    },
    get logWeight() {
      return chain.logWeight;
    },
    step() {
      const accepted = metropolisUpdates(chain, count, stepSequence(random, step));
      return { step: step++, accepted: accepted > 0, probability: accepted / count, logWeight: chain.logWeight, spins: Float64Array.from(chain.spins) };
    },
  };
}

/** What `selfLearning` needs besides a start. */
export interface SelfLearningOptions extends ChainOptions {
  readonly target: SpinWeight;
  readonly effective: SpinWeight;
}

/** A self-learning chain whose effective weight can be exchanged between steps. */
export interface SelfLearningChain extends SpinChain {
  effective: SpinWeight;
}

/**
 * Self-learning Monte Carlo with a fixed effective weight, or one that training exchanges between steps. Start from a typical configuration
 * (some sweeps of `localMetropolis`): far from those it was trained on the effective weight may be wrong by orders of magnitude, and an
 * ordered or random start is then left after a time that grows with that error only.
 */
export function selfLearning(start: Float64Array, { target, effective, updates, seed = 0, first = 0 }: SelfLearningOptions): SelfLearningChain {
  const count = updatesOf(updates, start);
  const random = randomStream(seed);
  let spins = Float64Array.from(start);
  let logWeight = target.logWeight(spins);
  let step = first;
  const chain: SelfLearningChain = {
    effective,
    get spins() {
      return spins;
    },
    get logWeight() {
      return logWeight;
    },
    step() {
      const sequence = stepSequence(random, step);
      const proposal = chain.effective.chain(spins);
      const before = proposal.logWeight;
      metropolisUpdates(proposal, count, sequence);
      const after = target.logWeight(proposal.spins);
      const difference = after - logWeight - (chain.effective.logWeight(proposal.spins) - before);
      const probability = Math.min(1, Math.exp(difference));
      const accepted = sequence.next() < probability;
      if (accepted) {
        spins = Float64Array.from(proposal.spins);
        logWeight = after;
      }
      return { step: step++, accepted, probability, logWeight, spins: Float64Array.from(spins) };
    },
  };
  return chain;
}

/** Self-learning Monte Carlo whose effective model is trained on the way. */
export interface OnlineOptions extends SelfLearningOptions, TrainingOptions {
  readonly effective: SpinTransformer;
  /** Configurations kept for training, the latest ones. */
  readonly memory: number;
  /** Monte Carlo steps between training steps; default 1. */
  readonly every?: number;
  /** Goes on from here, with the spins of that time as start. */
  readonly from?: { readonly step: number; readonly samples: readonly SpinSample[]; readonly training: SpinTraining };
}

/** A chain that trains its effective model; `samples` are those it keeps. */
export interface OnlineChain {
  readonly samples: readonly SpinSample[];
  step(): SpinStep & { readonly training: SpinTraining };
}

/**
 * Trains the effective model while self-learning Monte Carlo runs with it, on the configurations that the exact chain visits. Every step
 * is exact for the model it uses; averages belong to a run with the model fixed (an adapting chain is not a Markov chain).
 */
export function trainWhileSampling(start: Float64Array, options: OnlineOptions): OnlineChain {
  const { memory, every = 1, from } = options;
  if (!Number.isInteger(memory) || memory < 1) throw new ConfigurationError(`online training: got memory = ${memory}, expected a positive integer`);
  const chain = selfLearning(start, from ? { ...options, effective: from.training.model, first: from.step } : options);
  let training = from?.training ?? startTraining(options.effective, options);
  const samples: SpinSample[] = [...(from?.samples ?? [])];
  return {
    samples,
    step() {
      const result = chain.step();
      samples.push({ spins: result.spins, logWeight: result.logWeight });
      if (samples.length > memory) samples.shift();
      if ((result.step + 1) % every === 0) {
        training = trainStep(training, samples, options);
        chain.effective = training.model;
      }
      return { ...result, training };
    },
  };
}
