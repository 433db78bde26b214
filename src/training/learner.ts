/**
 * The learning that online and offline training share: one optimiser step on a batch of samples, with all that a run must remember in
 * plain data, so that a training run resumes with the same bits.
 */
import type { FieldData } from "../autograd/index.ts";
import { ConfigurationError, NaNError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import type { EffectiveAction, ParametricAction } from "./effective-action.ts";
import { type Assessment, type Loss, type LossEvaluation, type Offset, assess, fluctuation, moveOffset, startOffset, updateOffset } from "./losses.ts";
import { type WeightAverage, weightAverage } from "./average.ts";
import { type Objective, type Optimiser, type OptimiserState, norm } from "./optimisers.ts";
import { type Share, evaluateShared } from "./share.ts";
import { type TrainingSample, type StoredSample, restoreSample, storeSample } from "./samples.ts";

/** Everything a training run has to remember between two steps. */
export interface TrainingState<F extends FieldData = readonly Float64Array[]> {
  readonly version: 1;
  /** Names of the parameters: those of the action, then those of the loss. */
  readonly names: readonly string[];
  readonly parameters: Float64Array;
  readonly optimiser: OptimiserState;
  readonly offset: Offset;
  /** Optimiser steps made. */
  readonly step: number;
  /** Trajectories (online) or epochs (offline) done, and how many of the trajectories were accepted. */
  readonly counters: { readonly rounds: number; readonly accepted: number };
  /** Parameters with the lowest value that early stopping has seen. */
  readonly best: { readonly round: number; readonly value: number; readonly parameters: Float64Array } | null;
  /** Replay buffer, oldest first. */
  readonly buffer: readonly StoredSample<F>[];
  /** Batches since the last step of an optimiser that takes several, and the sum of their gradients. */
  readonly accumulated?: Accumulated;
  /** Exponential average of the parameters, where the run has one. */
  readonly average?: WeightAverage;
}

/** Gradients of batches that wait for the next optimiser step. */
export interface Accumulated {
  readonly batches: number;
  readonly gradient: Float64Array;
}

/** One batch, and the optimiser step on it. */
export interface LearningStep {
  /** Number of this step, from 0; batches that only add to the gradient of one have its number. */
  readonly step: number;
  /** The loss that is minimised, before the step. */
  readonly value: number;
  /** 1/2 |S_theta - S|^2 on the batch, whatever loss is minimised. */
  readonly squared: number;
  /** 1/2 |S_theta - S - E_0|^2 with the mean of the batch, or, for one configuration, the running mean; absent in the very first step. */
  readonly centred?: number;
  /** Running mean of S_theta - S after the step. */
  readonly offset: number;
  /** Changes of S_theta - S along trajectories, where the loss needs them. */
  readonly changes?: Float64Array;
  readonly gradientNorm: number;
  /** 0 for a batch that only adds to the gradient. */
  readonly rate: number;
}

/** What a run learns with. */
export interface LearningOptions<N extends number, I> {
  readonly action: EffectiveAction<N, I>;
  readonly loss: Loss;
  readonly optimiser: Optimiser;
  /** Weight of the newest batch in the running mean E_0 of S_theta - S; default 0.05. */
  readonly offsetRate?: number;
  /** Batches of an optimiser step, which goes along the mean of their gradients; default 1. */
  readonly accumulate?: number;
  /** Decay of the exponential average of the parameters over the steps (see `weightAverage`), which is then what training gives; default none. */
  readonly average?: number;
  /** State to go on from. */
  readonly state?: TrainingState<FieldData>;
  /** Where the samples are, when they are not all here. */
  readonly share?: Share;
}

/** Keys of the options that all trainings have. */
export const LEARNING_KEYS: readonly (keyof LearningOptions<number, unknown>)[] = ["action", "loss", "optimiser", "offsetRate", "accumulate", "average", "state", "share"];

/** The parameters with their optimiser, offset and counters, advanced by `learn`. */
export class Learner<N extends number = number, I = unknown> {
  readonly #options: LearningOptions<N, I>;
  readonly #names: readonly string[];
  #parameters: Float64Array;
  #optimiser: OptimiserState;
  #offset: Offset;
  #step: number;
  #accumulated: Accumulated | undefined;
  #average: WeightAverage | undefined;
  #objective: { readonly samples: readonly TrainingSample<N>[]; readonly offset: Offset; readonly of: MemoisedObjective } | undefined;
  counters: TrainingState["counters"];
  best: TrainingState["best"];

  /** @throws ConfigurationError when the state belongs to other parameters, another optimiser or average, and for an optimiser that cannot take several batches. */
  constructor(options: LearningOptions<N, I>) {
    const { action, loss, optimiser, state, accumulate = 1, average, offsetRate, share } = options;
    guard("training", {
      action: [action, is.withMethods("an effective action (effectiveAction, or new EffectiveAction)", "valueAndGradient", "forceMismatch", "with")],
      loss: [loss, is.withMethods("a loss, losses.squared() or another", "evaluate")],
      optimiser: [optimiser, is.withMethods("an optimiser, adam({ rate }) or another", "start", "step")],
      offsetRate: [offsetRate, is.optional({ ...is.number, text: "a number in [0, 1]", holds: (x: unknown) => is.number.holds(x) && (x as number) >= 0 && (x as number) <= 1 })],
      share: [share, is.optional(is.withMethods("how samples are dealt (has, sum)", "has", "sum"))],
    });
    this.#options = options;
    this.#names = [...action.names, ...loss.own.map((p) => p.name)];
    if (!Number.isInteger(accumulate) || accumulate < 1) throw new ConfigurationError(`training: got accumulate = ${accumulate}, expected an integer of at least 1`);
    if (accumulate > 1 && (optimiser.asks ?? "gradient") !== "gradient") throw new ConfigurationError(`training: got accumulate = ${accumulate} with ${optimiser.name}, expected adam, adamW or sgd: ${optimiser.name} does not go along a mean of gradients`);
    if (state) expectState(state, this.#names, options);
    this.#parameters = state ? Float64Array.from(state.parameters) : Float64Array.from([...action.parameters, ...loss.own.map((p) => p.initial)]);
    this.#optimiser = state?.optimiser ?? optimiser.start(this.#parameters.length, this.#names);
    this.#offset = state?.offset ?? startOffset(action.size);
    this.#step = state?.step ?? 0;
    this.#accumulated = state?.accumulated;
    this.#average = state?.average ?? (average === undefined ? undefined : weightAverage.start(this.#parameters.length, average));
    this.counters = state?.counters ?? { rounds: 0, accepted: 0 };
    this.best = state?.best ?? null;
  }

  /** Parameters of the action and of the loss, a copy. */
  get parameters(): Float64Array {
    return Float64Array.from(this.#parameters);
  }

  /** What was learnt: the average of the parameters where there is one, else the parameters; a copy. */
  get learnt(): Float64Array {
    return this.#average && this.#average.power < 1 ? weightAverage.value(this.#average) : this.parameters;
  }

  /** The action with what was learnt, or with other parameters of this run. */
  action(parameters: Float64Array = this.learnt): EffectiveAction<N, I> {
    return this.#options.action.with(parameters.subarray(0, this.#options.action.size));
  }

  /** One optimiser step on a batch, or the gradient of one of several batches of a step. */
  learn(samples: readonly TrainingSample<N>[]): LearningStep {
    const { offsetRate = 0.05 } = this.#options;
    const objective = this.#objectiveOn(samples);
    const theta = this.#parameters;
    const here = objective.evaluate(theta);
    const step = this.#step;
    const { gradientNorm, rate } = this.#go(objective, here.gradient);
    const parameters = this.#parameters;
    const before = this.#offset;
    this.#offset = moveOffset(updateOffset(before, here.differences, here.slopes, offsetRate), theta, parameters);
    const { squared, centred } = fluctuation(here.differences);
    const single = before.seen === 0 ? {} : { centred: (here.differences[0]! - before.value) ** 2 / 2 };
    return {
      step,
      value: here.value,
      squared,
      ...(samples.length > 1 ? { centred } : single),
      offset: this.#offset.value,
      ...(here.changes ? { changes: here.changes } : {}),
      gradientNorm,
      rate,
    };
  }

  /** Moves the parameters, or adds the gradient to those that wait for it. */
  #go(objective: Objective, gradient: Float64Array): { readonly gradientNorm: number; readonly rate: number } {
    const { optimiser, accumulate = 1 } = this.#options;
    let along = objective;
    if (accumulate > 1) {
      const { batches, gradient: sum } = this.#accumulated ?? { batches: 0, gradient: new Float64Array(gradient.length) };
      const all = { batches: batches + 1, gradient: sum.map((x, k) => x + gradient[k]!) };
      if (all.batches < accumulate) {
        const gradientNorm = norm(gradient);
        if (!Number.isFinite(gradientNorm)) throw new NaNError(`training: a batch of step ${this.#step} has a gradient of norm ${gradientNorm}, expected a finite one`);
        this.#accumulated = all;
        return { gradientNorm, rate: 0 };
      }
      along = { gradient: () => all.gradient.map((x) => x / accumulate) };
    }
    const { parameters, state, gradientNorm, rate } = optimiser.step(this.#parameters, along, this.#optimiser);
    this.#accumulated = undefined;
    this.#parameters = parameters;
    this.#optimiser = state;
    if (this.#average) this.#average = weightAverage.add(this.#average, parameters);
    this.#step++;
    return { gradientNorm, rate };
  }

  /** The loss on other samples with what was learnt. */
  valueOn(samples: readonly TrainingSample<N>[]): number {
    const known = this.#objective;
    if (known?.samples === samples && samples.length > 1) return known.of.evaluate(this.learnt).value;
    return this.#evaluate(samples, this.learnt, this.#offset).value;
  }

  /** What the action with these parameters does on samples. */
  assess(parameters: Float64Array, samples: readonly TrainingSample<N>[]): Assessment {
    return this.#on(this.action(parameters), samples, (a) => assess(a, samples));
  }

  /** Everything as plain data; samples as `store` makes them, `liveSample` for a checkpoint. */
  state<F extends FieldData = readonly Float64Array[]>(buffer: readonly TrainingSample<N>[] = [], store = storeSample as (sample: TrainingSample<N>) => StoredSample<F>): TrainingState<F> {
    return {
      version: 1,
      names: this.#names,
      parameters: this.parameters,
      optimiser: this.#optimiser,
      offset: this.#offset,
      step: this.#step,
      counters: this.counters,
      best: this.best,
      buffer: buffer.map((s) => store(s)),
      ...(this.#accumulated ? { accumulated: this.#accumulated } : {}),
      ...(this.#average ? { average: this.#average } : {}),
    };
  }

  /** The samples of a stored buffer, on the lattice of U. */
  restoreBuffer(U: TrainingSample<N>["U"]): TrainingSample<N>[] {
    return (this.#options.state?.buffer ?? []).map((s) => restoreSample(s, U, this.#options.action.fields));
  }

  #evaluate(samples: readonly TrainingSample<N>[], theta: Float64Array, offset: Offset): LossEvaluation {
    const { action, loss } = this.#options;
    return this.#on(action.with(theta.subarray(0, action.size)), samples, (a) => loss.evaluate(a, samples, theta.subarray(action.size), offset));
  }

  /** `f` of an action, evaluated where the samples are. */
  #on<T>(action: EffectiveAction<N, I>, samples: readonly TrainingSample<N>[], f: (action: ParametricAction<N>) => T): T {
    const { share } = this.#options;
    return share ? evaluateShared(share, action, action.size, samples, f) : f(action);
  }

  /** The objective on a batch; the same one, with its last evaluation, as long as the batch is the same (several of its samples: the running mean is not used). */
  #objectiveOn(samples: readonly TrainingSample<N>[]): MemoisedObjective {
    const known = this.#objective;
    if (known?.samples === samples && (samples.length > 1 || known.offset === this.#offset)) return known.of;
    const offset = this.#offset;
    const of = new MemoisedObjective((theta) => this.#evaluate(samples, theta, offset));
    this.#objective = { samples, offset, of };
    return of;
  }
}

/** An objective that remembers its last evaluation: optimisers ask again where they have been. */
class MemoisedObjective implements Objective {
  readonly #at: (theta: Float64Array) => LossEvaluation;
  #last: { readonly theta: Float64Array; readonly evaluation: LossEvaluation } | undefined;

  constructor(at: (theta: Float64Array) => LossEvaluation) {
    this.#at = at;
  }

  evaluate(theta: Float64Array): LossEvaluation {
    if (!this.#last || theta.some((x, k) => !Object.is(x, this.#last!.theta[k]))) this.#last = { theta: Float64Array.from(theta), evaluation: this.#at(theta) };
    return this.#last.evaluation;
  }

  gradient(theta: Float64Array): Float64Array {
    return this.evaluate(theta).gradient;
  }

  value(theta: Float64Array): number {
    return this.evaluate(theta).value;
  }

  residuals(theta: Float64Array): NonNullable<LossEvaluation["residuals"]> {
    const { residuals } = this.evaluate(theta);
    if (!residuals) throw new ConfigurationError("gaussNewton: got a loss without residuals, expected a mean of squares (squared, centred, acceptance): use adam or sgd");
    return residuals;
  }
}

function expectState<N extends number, I>(state: TrainingState<FieldData>, names: readonly string[], { optimiser, accumulate = 1, average }: LearningOptions<N, I>): void {
  guard("training", { state: [state, is.withFields("the state of a training, as step.state() gives it", "version", "names", "parameters", "optimiser", "offset", "step", "counters", "best", "buffer")] });
  if (state.version !== 1) throw new ConfigurationError(`training: got a state of version ${String(state.version)}, expected 1`);
  if (state.names.join() !== names.join()) throw new ConfigurationError(`training: got the state of the parameters ${state.names.join(", ")}, expected ${names.join(", ")}: resume with the action and loss of the run`);
  if (state.optimiser.kind !== optimiser.name) throw new ConfigurationError(`training: got a state of the optimiser ${state.optimiser.kind}, expected ${optimiser.name}: resume with the optimiser of the run`);
  if (state.average?.decay !== average) throw new ConfigurationError(`training: got a state with ${state.average ? `an average of decay ${state.average.decay}` : "no average"}, expected ${average === undefined ? "none" : `one of decay ${average}`}: resume with the average of the run`);
  const { batches = 0, gradient } = state.accumulated ?? {};
  if (batches >= accumulate || (gradient ?? state.parameters).length !== names.length) throw new ConfigurationError(`training: got a state with ${batches} batches for the next step, expected fewer than accumulate = ${accumulate}: resume with the accumulation of the run`);
}
