/** Training on stored configurations: epochs over a training set in batches, early stopping on a held-out set. */
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, randomStream, guard, is } from "../util/index.ts";
import type { EffectiveAction } from "./effective-action.ts";
import type { Assessment } from "./losses.ts";
import { LEARNING_KEYS, type LearningOptions, Learner, type TrainingState } from "./learner.ts";
import type { TrainingSample } from "./samples.ts";

/** Options of `trainOffline`. */
export interface OfflineTrainingOptions<N extends number, I> extends LearningOptions<N, I> {
  /** Stored configurations in the order of their chain. */
  readonly samples: readonly TrainingSample<N>[];
  /** Configurations that are only looked at, or the fraction of `samples` (its end) to hold out; default none. */
  readonly heldOut?: readonly TrainingSample<N>[] | number;
  /** Samples of a batch; default all of them. */
  readonly batch?: number;
  /** Largest number of epochs of the whole run, those before `state` included. */
  readonly epochs: number;
  /** Stop after so many epochs without a lower loss (held-out, or training without a held-out set); default never. */
  readonly patience?: number;
  /** Seed of the order of the samples when there are several batches; default 0. */
  readonly seed?: number;
}

/** One pass over the training set. */
export interface Epoch<N extends number = number, I = unknown> {
  readonly epoch: number;
  /** Loss of the training set, mean over the batches, each before its step. */
  readonly value: number;
  /** 1/2 |S_theta - S|^2 in the same way. */
  readonly squared: number;
  /** 1/2 |S_theta - S - E_0|^2 in the same way; absent in the very first step of batches of one. */
  readonly centred?: number;
  /** Loss of the held-out set after the epoch. */
  readonly heldOut?: number;
  readonly gradientNorm: number;
  readonly rate: number;
  readonly action: EffectiveAction<N, I>;
  readonly state: () => TrainingState;
}

/** Outcome of offline training: the best parameters and what they do. */
export interface OfflineResult<N extends number = number, I = unknown> {
  readonly action: EffectiveAction<N, I>;
  /** Parameters of the loss itself at the best epoch (E_0). */
  readonly own: Float64Array;
  readonly epochs: number;
  readonly stoppedEarly: boolean;
  readonly training: Assessment;
  readonly heldOut?: Assessment;
}

const samplesKind = is.listOf(is.withFields("a sample (takeSample)", "U", "fields", "value"));

/** Yields epoch by epoch and returns the result with the best parameters seen. @throws ConfigurationError for empty sets or counts out of range. */
export function* trainOffline<N extends number, I>(options: OfflineTrainingOptions<N, I>): Generator<Epoch<N, I>, OfflineResult<N, I>, void> {
  guard("trainOffline", { options: [options, is.withFields("the options of a training (action, loss, optimiser, samples, epochs)", "action", "loss", "optimiser", "samples", "epochs")] });
  const { epochs, patience = Number.POSITIVE_INFINITY, seed = 0, loss } = options;
  guard("offline training", { options: [options, is.keysOf(...LEARNING_KEYS, "samples", "heldOut", "batch", "epochs", "patience", "seed")], samples: [options.samples, samplesKind], heldOut: [options.heldOut, is.optional(is.either(is.number, samplesKind))], seed: [seed, is.natural] });
  const { training, heldOut } = split(options);
  const size = options.batch ?? training.length;
  for (const [name, count, least] of [["epochs", epochs, 0], ["batch", size, 1]] as const)
    if (!Number.isInteger(count) || count < least) throw new ConfigurationError(`offline training: got ${name} = ${count}, expected an integer of at least ${least}`);
  if (options.optimiser.asks === "value" && size < training.length) throw new ConfigurationError(`offline training: got batches of ${size} of ${training.length} samples with ${options.optimiser.name}, expected all of them in every step: its line search compares values of one objective; leave batch out, or use adam`);
  if (!(patience >= 1)) throw new ConfigurationError(`offline training: got patience = ${patience}, expected at least 1`);
  const learner = new Learner(options);
  const judged = heldOut.length > 0 ? heldOut : training;
  const stalled = (): boolean => learner.best !== null && learner.counters.rounds - learner.best.round >= patience;
  learner.best ??= { round: 0, value: learner.valueOn(judged), parameters: learner.parameters };
  while (learner.counters.rounds < epochs && !stalled()) {
    const epoch = learner.counters.rounds;
    const steps = batches(training, size, seed, epoch).map((samples) => learner.learn(samples));
    learner.counters = { rounds: epoch + 1, accepted: 0 };
    const value = learner.valueOn(judged);
    if (value < learner.best.value) learner.best = { round: epoch + 1, value, parameters: learner.parameters };
    const centred = steps.flatMap((s) => (s.centred === undefined ? [] : [s.centred]));
    const last = steps.at(-1)!;
    yield {
      epoch,
      value: average(steps.map((s) => s.value)),
      squared: average(steps.map((s) => s.squared)),
      ...(centred.length > 0 ? { centred: average(centred) } : {}),
      ...(heldOut.length > 0 ? { heldOut: value } : {}),
      gradientNorm: last.gradientNorm,
      rate: last.rate,
      action: learner.action(),
      state: () => learner.state(),
    };
  }
  const action = learner.action(learner.best.parameters);
  return {
    action,
    own: learner.best.parameters.slice(action.size, action.size + loss.own.length),
    epochs: learner.counters.rounds,
    stoppedEarly: stalled(),
    training: learner.assess(learner.best.parameters, training),
    ...(heldOut.length > 0 ? { heldOut: learner.assess(learner.best.parameters, heldOut) } : {}),
  };
}

/** Runs a generator of training to its end. `onStep` sees every step; returning false ends the training there. */
export function finishTraining<S, T>(steps: Generator<S, T, void>, onStep?: (step: S) => void | boolean): T | undefined {
  guard("finishTraining", { steps: [steps, is.withMethods("the steps of a training", "next")], onStep: [onStep, is.optional(is.callable)] });
  for (let next = steps.next(); ; next = steps.next()) {
    if (next.done) return next.value;
    if (onStep?.(next.value) === false) return undefined;
  }
}

const average = (x: readonly number[]): number => x.reduce((s, v) => s + v / x.length, 0);

function split<N extends number, I>({ samples, heldOut = [] }: OfflineTrainingOptions<N, I>): { training: readonly TrainingSample<N>[]; heldOut: readonly TrainingSample<N>[] } {
  if (typeof heldOut === "number" && !(heldOut >= 0 && heldOut < 1)) throw new ConfigurationError(`offline training: got heldOut = ${heldOut}, expected a fraction in [0, 1) or a list of samples`);
  const first = typeof heldOut === "number" ? samples.length - Math.round(heldOut * samples.length) : samples.length;
  const training = samples.slice(0, first);
  if (training.length === 0) throw new ConfigurationError(`offline training: got ${samples.length} samples with none left to train on, expected at least one`);
  return { training, heldOut: typeof heldOut === "number" ? samples.slice(first) : heldOut };
}

/** The training set in batches: one batch is the set itself, several are drawn without repetition in an order of their own each epoch. */
function batches<N extends number>(samples: readonly TrainingSample<N>[], size: number, seed: number, epoch: number): readonly (readonly TrainingSample<N>[])[] {
  if (size >= samples.length) return [samples];
  const random = randomStream(seed).sequence(PURPOSE.training, epoch);
  const order = [...samples];
  for (let k = order.length - 1; k > 0; k--) {
    const j = random.int(k + 1);
    [order[k], order[j]] = [order[j]!, order[k]!];
  }
  return Array.from({ length: Math.ceil(order.length / size) }, (_, b) => order.slice(b * size, (b + 1) * size));
}
