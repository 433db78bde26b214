/**
 * Training of an effective model on configurations with their exact weights: the loss is the mean of (ln W - ln W_eff)^2, minimised by any
 * optimiser (AdamW as in arXiv:2306.11527, or Levenberg-Marquardt, which suits the few parameters).
 */
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, erfc, randomStream } from "../util/index.ts";
import type { Objective, Optimiser, OptimiserState, Residuals } from "../training/index.ts";
import { type SpinSample, fitLinear } from "./linear-model.ts";
import type { SpinTransformer } from "./transformer.ts";

/** Acceptance of self-learning Monte Carlo from the mean square error of ln W_eff: the papers' estimate and the one for Gaussian, independent ends. */
export function acceptanceEstimates(mse: number): { readonly published: number; readonly gaussian: number } {
  const sd = Math.sqrt(mse);
  return { published: Math.exp(-sd), gaussian: erfc(sd / 2) };
}

/** (1/2n) sum r_i^2 with r_i = ln W_eff - ln W on these samples. */
export function objectiveOf(model: SpinTransformer, samples: readonly SpinSample[]): Objective {
  // the last result is kept: a step of Levenberg-Marquardt starts where the one before ended
  let last: { readonly theta: Float64Array; readonly result: Residuals } | undefined;
  const residuals: NonNullable<Objective["residuals"]> = (theta) => {
    if (last && last.theta.every((x, k) => x === theta[k])) return last.result;
    const trial = model.with(theta);
    const out = new Float64Array(samples.length);
    const jacobian = samples.map((s, k) => {
      const { value, gradient } = trial.valueAndGradient(s.spins);
      out[k] = value - s.logWeight;
      return gradient;
    });
    last = { theta: Float64Array.from(theta), result: { residuals: out, jacobian } };
    return last.result;
  };
  return {
    residuals,
    gradient(theta) {
      const { residuals: r, jacobian } = residuals(theta);
      const g = new Float64Array(theta.length);
      jacobian.forEach((row, k) => {
        for (let a = 0; a < g.length; a++) g[a]! += (r[k]! * row[a]!) / r.length;
      });
      return g;
    },
  };
}

/** Model, state of its optimiser, and how far training has come. */
export interface SpinTraining {
  readonly model: SpinTransformer;
  readonly state: OptimiserState;
  readonly step: number;
}

/** Optimiser, batch and seed of the training of an effective model; the loss is the mean of (ln W - ln W_eff)^2. */
export interface TrainingOptions {
  readonly optimiser: Optimiser;
  /** Samples of one step, drawn anew each time; default all. */
  readonly batch?: number;
  readonly seed?: number;
}

/** Where training starts. */
export function startTraining(model: SpinTransformer, { optimiser }: TrainingOptions): SpinTraining {
  return { model, state: optimiser.start(model.size), step: 0 };
}

/** One optimiser step on the samples. @throws ConfigurationError without samples. */
export function trainStep(training: SpinTraining, samples: readonly SpinSample[], options: TrainingOptions): SpinTraining {
  if (samples.length === 0) throw new ConfigurationError("training of spins: got no samples, expected at least one: run the exact chain first");
  const { batch = samples.length, seed = 0, optimiser } = options;
  const random = randomStream(seed).sequence(PURPOSE.training, training.step);
  const chosen = batch >= samples.length ? samples : Array.from({ length: batch }, () => samples[random.int(samples.length)]!);
  const { parameters, state } = optimiser.step(training.model.theta, objectiveOf(training.model, chosen), training.state);
  return { model: training.model.with(parameters), state, step: training.step + 1 };
}

/** Several steps on all samples, which share their evaluations. */
export function trainSteps(training: SpinTraining, samples: readonly SpinSample[], { optimiser }: TrainingOptions, steps: number): SpinTraining {
  if (samples.length === 0) throw new ConfigurationError("training of spins: got no samples, expected at least one: run the exact chain first");
  const objective = objectiveOf(training.model, samples);
  let { state } = training;
  let theta = training.model.theta;
  for (let k = 0; k < steps; k++) ({ parameters: theta, state } = optimiser.step(theta, objective, state));
  return { model: training.model.with(theta), state, step: training.step + steps };
}

/** Couplings and constant of the linear regression, weights of the blocks kept: where training of a transformer starts. */
export function withLinearCouplings(model: SpinTransformer, samples: readonly SpinSample[]): SpinTransformer {
  const { model: linear } = fitLinear(model.lattice, model.options.T, model.options.shells, samples);
  return model.with({ ...model.parameters, J: linear.couplings, E0: linear.E0 });
}

/**
 * The model with more blocks, new ones at the end with small value weights (a hundredth of the others): almost the same ln W_eff, with
 * new directions to learn. Value weights of zero would hide the new query and key weights from the first step.
 */
export function deepened(model: SpinTransformer, larger: SpinTransformer, { seed, width }: { readonly seed: number; readonly width: number }): SpinTransformer {
  if (larger.options.layers < model.options.layers || larger.options.reach !== model.options.reach || larger.options.shells !== model.options.shells)
    throw new ConfigurationError(`deepened: got models of ${model.options.layers} and ${larger.options.layers} layers, expected more layers with the same shells and reach`);
  const fresh = larger.randomised({ seed, width }).parameters.layers;
  const layers = fresh.map((w, k) => model.parameters.layers[k] ?? { ...w, V: w.V.map((x) => x / 100) });
  return larger.with({ J: model.parameters.J, E0: model.parameters.E0, layers });
}
