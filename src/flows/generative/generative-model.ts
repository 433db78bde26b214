/**
 * Generative models: z of a base distribution, x = F(z), log q(x) = log q0(z) - log det. Samples are independent; sample number k of a seed is a function of seed and
 * k, whatever was drawn before or is drawn with it. log w = -S(x) - log q(x).
 */
import type { Links, Scalar } from "../../autograd/index.ts";
import type { Residuals } from "../../training/index.ts";

/** What a sample is worth. */
export interface FlowSample {
  readonly index: number;
  /** log w = -S(x) - log q(x). */
  readonly logWeight: number;
  /** S(x). */
  readonly action: number;
  /** Measured on x. */
  readonly values: Readonly<Record<string, number>>;
}

/** An action by its recorded function: what `gaugeAction`, `loopAction` and `action` make. */
export interface TargetAction {
  readonly inputs: unknown;
  readonly evaluate: (U: Links, inputs: never) => Scalar;
}

/**
 * What training makes small. "reverse-kl": the mean of log q + S over samples of the model, KL(q|p) - ln Z, differentiated through x = F(z); "path-gradient": the same
 * without the part of the derivative that vanishes in the mean, d log q at fixed x, so that every sample's gradient is zero at q = p (arXiv:1703.09194); "forward-kl": the mean of -log q over
 * samples of p, which are those of the model with self-normalised weights: it covers all modes that the model reaches; "force-matching": half the square of the derivative of log w by z, which
 * is zero for a perfect model and needs no normalisation.
 */
export type FlowObjective = "reverse-kl" | "path-gradient" | "forward-kl" | "force-matching";

/** A batch of samples with the gradient of the objective with respect to the weights. */
export interface BatchGradient {
  /** The objective; of a path gradient that of "reverse-kl". */
  readonly loss: number;
  readonly logWeights: Float64Array;
  readonly gradient: Float64Array;
}

/** Logarithms of the weights of a batch, minus their mean, with their derivatives: half the mean of squares is half the variance of log w, zero for a perfect model. */
export interface WeightSpread extends Residuals {
  readonly logWeights: Float64Array;
}

/** How pieces of work are shared, between ranks for one: what `of` makes of each, in their order. What it makes is plain data. */
export type Deal = <P, T>(pieces: readonly P[], of: (piece: P) => T) => readonly T[];

/** Everything in this process. */
export const here: Deal = (pieces, of) => pieces.map((p) => of(p));

/** What training and sampling need of a model. */
export interface GenerativeModel {
  readonly name: string;
  /** Number of weights. */
  readonly size: number;
  /** First weights of a seed. */
  start(seed: number): Float64Array;
  /** FlowSample number `index`. */
  sample(theta: Float64Array, index: number): FlowSample;
  /** Those of these numbers, in their order. */
  samples(theta: Float64Array, indices: readonly number[]): readonly FlowSample[];
  /** x and log det of base samples that are given, for models of site scalars: what tests compare with differences. */
  imageOf?(theta: Float64Array): (z: Float64Array) => { readonly x: Float64Array; readonly logDet: number };
  /** Objectives that the model has: path gradients and forward divergence need the inverse of its map. */
  readonly objectives: readonly FlowObjective[];
  /**
   * An objective, default the reverse Kullback-Leibler divergence, on the samples of these numbers; `deal` shares its replays, but those of "forward-kl", whose weights need all samples.
   * @throws ConfigurationError for an objective that the model has not.
   */
  gradient(theta: Float64Array, indices: readonly number[], objective?: FlowObjective, deal?: Deal): BatchGradient;
  /** Mean of -log q over configurations that are given, samples of p from elsewhere, and its gradient; for models of site scalars with an inverse. */
  likelihood?(theta: Float64Array, configurations: readonly Float64Array[]): { readonly loss: number; readonly gradient: Float64Array };
  /** The spread of log w on the samples of these numbers, for models of few weights: what `gaussNewton` makes small. */
  spread?(theta: Float64Array, indices: readonly number[]): WeightSpread;
}
