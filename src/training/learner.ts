/**
 * The learning that online and offline training share: one optimiser step on a batch of samples, with all that a run must remember in
 * plain data, so that a training run resumes with the same bits.
 */
import { ConfigurationError } from "../errors.ts";
import type { EffectiveAction, ParametricAction } from "./effective-action.ts";
import { type Assessment, type Loss, type LossEvaluation, type Offset, assess, fluctuation, moveOffset, startOffset, updateOffset } from "./losses.ts";
import type { Objective, Optimiser, OptimiserState } from "./optimisers.ts";
import { type Share, evaluateShared } from "./share.ts";
import { type TrainingSample, type StoredSample, restoreSample, storeSample } from "./samples.ts";

/** Everything a training run has to remember between two steps. */
export interface TrainingState {
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
  readonly buffer: readonly StoredSample[];
}

/** One optimiser step. */
export interface LearningStep {
  /** Number of this step, from 0. */
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
  readonly rate: number;
}

/** What a run learns with. */
export interface LearningOptions<N extends number, I> {
  readonly action: EffectiveAction<N, I>;
  readonly loss: Loss;
  readonly optimiser: Optimiser;
  /** Weight of the newest batch in the running mean E_0 of S_theta - S; default 0.05. */
  readonly offsetRate?: number;
  /** State to go on from. */
  readonly state?: TrainingState;
  /** Where the samples are, when they are not all here. */
  readonly share?: Share;
}

/** The parameters with their optimiser, offset and counters, advanced by `learn`. */
export class Learner<N extends number = number, I = unknown> {
  readonly #options: LearningOptions<N, I>;
  readonly #names: readonly string[];
  #parameters: Float64Array;
  #optimiser: OptimiserState;
  #offset: Offset;
  #step: number;
  #objective: { readonly samples: readonly TrainingSample<N>[]; readonly offset: Offset; readonly of: MemoisedObjective } | undefined;
  counters: TrainingState["counters"];
  best: TrainingState["best"];

  /** @throws ConfigurationError when the state belongs to other parameters or another optimiser. */
  constructor(options: LearningOptions<N, I>) {
    const { action, loss, optimiser, state } = options;
    this.#options = options;
    this.#names = [...action.names, ...loss.own.map((p) => p.name)];
    if (state) expectState(state, this.#names, optimiser);
    this.#parameters = state ? Float64Array.from(state.parameters) : Float64Array.from([...action.parameters, ...loss.own.map((p) => p.initial)]);
    this.#optimiser = state?.optimiser ?? optimiser.start(this.#parameters.length);
    this.#offset = state?.offset ?? startOffset(action.size);
    this.#step = state?.step ?? 0;
    this.counters = state?.counters ?? { rounds: 0, accepted: 0 };
    this.best = state?.best ?? null;
  }

  /** Parameters of the action and of the loss, a copy. */
  get parameters(): Float64Array {
    return Float64Array.from(this.#parameters);
  }

  /** The action with the present parameters, or with others of this run. */
  action(parameters: Float64Array = this.#parameters): EffectiveAction<N, I> {
    return this.#options.action.with(parameters.subarray(0, this.#options.action.size));
  }

  /** One optimiser step on a batch. */
  learn(samples: readonly TrainingSample<N>[]): LearningStep {
    const { optimiser, offsetRate = 0.05 } = this.#options;
    const objective = this.#objectiveOn(samples);
    const theta = this.#parameters;
    const here = objective.evaluate(theta);
    const { parameters, state, gradientNorm, rate } = optimiser.step(theta, objective, this.#optimiser);
    const before = this.#offset;
    this.#parameters = parameters;
    this.#optimiser = state;
    this.#offset = moveOffset(updateOffset(before, here.differences, here.slopes, offsetRate), theta, parameters);
    const { squared, centred } = fluctuation(here.differences);
    const single = before.seen === 0 ? {} : { centred: (here.differences[0]! - before.value) ** 2 / 2 };
    return {
      step: this.#step++,
      value: here.value,
      squared,
      ...(samples.length > 1 ? { centred } : single),
      offset: this.#offset.value,
      ...(here.changes ? { changes: here.changes } : {}),
      gradientNorm,
      rate,
    };
  }

  /** The loss on other samples with the present parameters. */
  valueOn(samples: readonly TrainingSample<N>[]): number {
    const known = this.#objective;
    if (known?.samples === samples && samples.length > 1) return known.of.evaluate(this.#parameters).value;
    return this.#evaluate(samples, this.#parameters, this.#offset).value;
  }

  /** What the action with these parameters does on samples. */
  assess(parameters: Float64Array, samples: readonly TrainingSample<N>[]): Assessment {
    return this.#on(this.action(parameters), samples, (a) => assess(a, samples));
  }

  /** Everything as plain data. */
  state(buffer: readonly TrainingSample<N>[] = []): TrainingState {
    return {
      version: 1,
      names: this.#names,
      parameters: this.parameters,
      optimiser: this.#optimiser,
      offset: this.#offset,
      step: this.#step,
      counters: this.counters,
      best: this.best,
      buffer: buffer.map(storeSample),
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

  residuals(theta: Float64Array): NonNullable<LossEvaluation["residuals"]> {
    const { residuals } = this.evaluate(theta);
    if (!residuals) throw new ConfigurationError("gaussNewton: got a loss without residuals, expected a mean of squares (squared, centred, acceptance): use adam or sgd");
    return residuals;
  }
}

function expectState(state: TrainingState, names: readonly string[], optimiser: Optimiser): void {
  if (state.version !== 1) throw new ConfigurationError(`training: got a state of version ${String(state.version)}, expected 1`);
  if (state.names.join() !== names.join()) throw new ConfigurationError(`training: got the state of the parameters ${state.names.join(", ")}, expected ${names.join(", ")}: resume with the action and loss of the run`);
  if (state.optimiser.kind !== optimiser.name) throw new ConfigurationError(`training: got a state of the optimiser ${state.optimiser.kind}, expected ${optimiser.name}: resume with the optimiser of the run`);
}
