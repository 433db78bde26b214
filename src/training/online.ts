/**
 * Online training in a prior run (arXiv:2103.11965): molecular dynamics and Metropolis step with the target action, so that the prior run is
 * exact; after every trajectory one optimiser step on its final configuration, with the pseudofermions of that trajectory.
 */
import type { FieldData, LinkField } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { Action } from "../gauge/index.ts";
import { PURPOSE, randomStream, guard, is } from "../util/index.ts";
import type { EffectiveAction } from "./effective-action.ts";
import { type LearningOptions, LEARNING_KEYS, type LearningStep, Learner, type TrainingState } from "./learner.ts";
import { type StoredSample, type TrainingSample, takeSample } from "./samples.ts";

/** What training needs of a sampler: one update in place. The samplers of this package are such. */
export interface PriorSampler<N extends number = number, R extends { readonly accepted: boolean } = { readonly accepted: boolean }> {
  step(U: LinkField<N>): R;
  /** The same in pieces, for `onlineTraining`. */
  steps?(U: LinkField<N>): Generator<unknown, R, void>;
}

/** Mini-batches: the newest configuration and others drawn from the last `capacity` ones. */
export interface ReplayOptions {
  readonly capacity: number;
  /** Samples of a batch, the newest included. */
  readonly batch: number;
  readonly seed: number;
  /** Of the draws; default 0. */
  readonly stream?: number;
}

/** Options of `trainOnline`. */
export interface OnlineTrainingOptions<N extends number, I, R extends { readonly accepted: boolean }> extends LearningOptions<N, I> {
  /** A sampler of exp(-S) with S = target. */
  readonly sampler: PriorSampler<N, R>;
  /** S; its pseudofermions are those of `action`. */
  readonly target: Action<N>;
  /** Updated in place. */
  readonly U: LinkField<N>;
  /** Trajectories of the whole run, those before `state` included. */
  readonly trajectories: number;
  /** Default: batches of the newest configuration alone. */
  readonly replay?: ReplayOptions;
}

/** One trajectory of the prior run and what was learnt from it. */
export interface OnlineStep<N extends number = number, I = unknown, R = { readonly accepted: boolean }> extends LearningStep {
  /** What the sampler said. */
  readonly result: R;
  /** S_theta with what was learnt until after this step. */
  readonly action: EffectiveAction<N, I>;
  /** Everything that resuming needs besides U and the sampler's own counter; samples as `store` makes them, default plain data. */
  readonly state: <F extends FieldData = readonly Float64Array[]>(store?: (sample: TrainingSample<N>) => StoredSample<F>) => TrainingState<F>;
}

/**
 * Trains trajectory by trajectory; the caller may save `step.state()`, U and `sampler.trajectory` between two of them, and resumes
 * with the same bits from `state`. A rejected trajectory has no change of S_theta - S and gives no step of a loss that needs one.
 * Returns S_theta with what was learnt.
 * @throws ConfigurationError for counts out of range or a state of another run, NaNError for a gradient that is not finite.
 */
export function* trainOnline<N extends number, I, R extends { readonly accepted: boolean }>(options: OnlineTrainingOptions<N, I, R>): Generator<OnlineStep<N, I, R>, EffectiveAction<N, I>, void> {
  guard("trainOnline", { options: [options, is.withFields("the options of a training (action, loss, optimiser, sampler, target, U, trajectories)", "action", "loss", "optimiser", "sampler", "target", "U", "trajectories")] });
  const pieces = onlineTraining(options);
  for (;;) {
    const next = pieces.next();
    if (next.done) return next.value;
    if (next.value) yield next.value;
  }
}

/** `trainOnline` that yields undefined within the trajectories of a sampler with `steps`: a caller that gives up there (`return`) finds everything as after the last step. */
export function* onlineTraining<N extends number, I, R extends { readonly accepted: boolean }>(options: OnlineTrainingOptions<N, I, R>): Generator<OnlineStep<N, I, R> | undefined, EffectiveAction<N, I>, void> {
  guard("onlineTraining", { options: [options, is.withFields("the options of a training (action, loss, optimiser, sampler, target, U, trajectories)", "action", "loss", "optimiser", "sampler", "target", "U", "trajectories")] });
  const { sampler, target, U, trajectories, loss, replay } = options;
  guard("online training", { options: [options, is.keysOf(...LEARNING_KEYS, "sampler", "target", "U", "trajectories", "replay")], sampler: [sampler, is.withMethods("a sampler, hmc({ action, ... }) or another", "step")], replay: [replay, is.optional(is.keysOf("capacity", "batch", "seed", "stream"))] });
  expectCounts(trajectories, replay);
  if (options.optimiser.asks === "value") throw new ConfigurationError(`online training: got the optimiser ${options.optimiser.name}, expected adam, adamW, sgd or gaussNewton: every trajectory changes the objective, and a line search compares values of one`);
  const learner = new Learner(options);
  const buffer = learner.restoreBuffer(U);
  while (learner.counters.rounds < trajectories) {
    const before = loss.needs.start ? U.clone() : undefined;
    const result = sampler.steps ? yield* pulses(sampler.steps(U)) : sampler.step(U);
    const { rounds, accepted } = learner.counters;
    learner.counters = { rounds: rounds + 1, accepted: accepted + Number(result.accepted) };
    if (before && !result.accepted) continue;
    buffer.push(takeSample(U, target, options.action.fields, { force: loss.needs.force, ...(before ? { start: before } : {}) }));
    if (buffer.length > (replay?.capacity ?? 1)) buffer.shift();
    const step = learner.learn(replay ? drawBatch(buffer, replay, rounds) : [buffer.at(-1)!]);
    const kept = replay ? buffer : [];
    yield { ...step, result, action: learner.action(), state: (store) => learner.state(kept, store) };
  }
  return learner.action();
}

function* pulses<R>(pieces: Generator<unknown, R, void>): Generator<undefined, R, void> {
  let whole = false;
  try {
    for (;;) {
      const next = pieces.next();
      whole = next.done === true;
      if (next.done) return next.value;
      yield undefined;
    }
  } finally {
    if (!whole) pieces.return(undefined as never);
  }
}

/** The newest sample and batch - 1 different older ones. */
export function drawBatch<N extends number>(buffer: readonly TrainingSample<N>[], options: ReplayOptions, round: number): readonly TrainingSample<N>[] {
  guard("drawBatch", { buffer: [buffer, is.listOf(is.object, 1)], options: [options, is.withFields("the options of a replay buffer", "capacity", "batch", "seed")], round: [round, is.number] });
  const { batch, seed, stream = 0 } = options;
  const random = randomStream(seed, stream).sequence(PURPOSE.training, round);
  const older = buffer.slice(0, -1);
  const chosen = [buffer.at(-1)!];
  while (chosen.length < batch && older.length > 0) chosen.push(...older.splice(random.int(older.length), 1));
  return chosen;
}

function expectCounts(trajectories: number, replay: ReplayOptions | undefined): void {
  if (!Number.isInteger(trajectories) || trajectories < 0) throw new ConfigurationError(`online training: got trajectories = ${trajectories}, expected an integer of at least 0`);
  if (!replay) return;
  const { capacity, batch } = replay;
  if (!Number.isInteger(batch) || batch < 1 || !Number.isInteger(capacity) || capacity < batch)
    throw new ConfigurationError(`online training: got batch = ${batch} of capacity = ${capacity}, expected integers with 1 <= batch <= capacity`);
}
