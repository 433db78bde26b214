/**
 * Generative models: z of a base distribution, x = F(z), log q(x) = log q0(z) - log det. Samples are independent; sample number k of a seed is a function of seed and
 * k, whatever was drawn before or is drawn with it. log w = -S(x) - log q(x).
 */
import { Field, type Lattice, type LinkField, type Links, kind, type Real, type Scalar, add, number, realType, scaleBy, square, sum } from "../../autograd/index.ts";
import { type Group, aGroup, hot } from "../../gauge/index.ts";
import type { Residuals } from "../../training/index.ts";
import { PURPOSE, fillNormals, guard, is, randomStream } from "../../util/index.ts";
import { RecordedModel } from "./recorded-model.ts";
import type { WeightTree } from "./weights.ts";

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
  /** An objective, default the reverse Kullback-Leibler divergence, on the samples of these numbers. @throws ConfigurationError for an objective that the model has not. */
  gradient(theta: Float64Array, indices: readonly number[], objective?: FlowObjective): BatchGradient;
  /** Mean of -log q over configurations that are given, samples of p from elsewhere, and its gradient; for models of site scalars with an inverse. */
  likelihood?(theta: Float64Array, configurations: readonly Float64Array[]): { readonly loss: number; readonly gradient: Float64Array };
  /** The spread of log w on the samples of these numbers, for models of few weights: what `gaussNewton` makes small. */
  spread?(theta: Float64Array, indices: readonly number[]): WeightSpread;
}

/** What both kinds of models are made of. */
function expectParts(where: string, { name, lattice, weights, seed, image, action, measure }: { readonly name: unknown; readonly lattice: unknown; readonly weights: unknown; readonly seed: unknown; readonly image: unknown; readonly action: unknown; readonly measure: unknown }): void {
  guard(where, { name: [name, is.text], lattice: [lattice, kind.lattice], weights: [weights, is.present], seed: [seed, is.natural], image: [image, is.callable], action: [action, is.callable], measure: [measure, is.callable] });
}

/** A model of links: Haar-distributed V, U = F(V) with weights from a tree of specifications. */
export function linkModel<N extends number>(options: {
  readonly name: string;
  readonly lattice: Lattice;
  readonly group: Group<N>;
  readonly weights: WeightTree;
  readonly seed: number;
  /** First weights; default uniform within the widths of their specifications. */
  readonly start?: (seed: number) => Float64Array;
  readonly image: (V: Links<N>, weights: never) => { readonly links: Links<N>; readonly logDet: Scalar };
  readonly action: (U: Links<N>) => Scalar;
  readonly measure: (U: LinkField<N>) => Readonly<Record<string, number>>;
}): GenerativeModel {
  guard("linkModel", { options: [options, is.object] });
  const { name, lattice, group, weights, seed, start, image, action, measure } = options;
  guard("linkModel", { group: [group, aGroup], start: [start, is.optional(is.callable)] });
  expectParts("linkModel", options);
  return new RecordedModel<LinkField<N>>({
    name, lattice, weights, start, action: action as never, measure,
    draw: (on, first) => hot(on, group, { seed, stream: first }) as LinkField<N>,
    image: ((V: Links<N>, p: never) => {
      const { links, logDet } = image(V, p);
      return { x: links, logDet };
    }) as never,
    logBase: ((V: Links<N>) => number(V[0]!.tape, 0)) as never,
  });
}

/** A model of one real number a site: independent standard normal z. */
export function scalarModel(options: {
  readonly name: string;
  readonly lattice: Lattice;
  readonly weights: WeightTree;
  readonly seed: number;
  readonly image: (z: Real, weights: never) => { readonly field: Real; readonly logDet: Scalar };
  /** z of a field and log det of the inverse there: what path gradients and the forward divergence need. */
  readonly inverse?: (phi: Real, weights: never) => { readonly field: Real; readonly logDet: Scalar };
  readonly action: (phi: Real) => Scalar;
  readonly measure: (phi: Field) => Readonly<Record<string, number>>;
}): GenerativeModel {
  guard("scalarModel", { options: [options, is.object] });
  const { name, lattice, weights, seed, image, inverse, action, measure } = options;
  expectParts("scalarModel", options);
  guard("scalarModel", { inverse: [inverse, is.optional(is.callable)] });
  return new RecordedModel<Field>({
    name, lattice, weights, action: action as never, measure,
    draw: (on, first) => {
      const { volume, batch } = on;
      const x = new Float64Array(batch * volume);
      for (let b = 0; b < batch; b++) fillNormals(randomStream(seed, first + b), { sites: volume, components: 1, trajectory: 0, purpose: PURPOSE.start }, x.subarray(b * volume, (b + 1) * volume));
      return new Field(on, realType()).set(x) as Field;
    },
    image: ((z: Real, p: never) => {
      const { field, logDet } = image(z, p);
      return { x: field, logDet };
    }) as never,
    inverse: inverse && (((phi: Real, p: never) => {
      const { field, logDet } = inverse(phi, p);
      return { z: field, logDet };
    }) as never),
    logBase: ((z: Real) => add(number(z.tape, (-lattice.volume / 2) * Math.log(2 * Math.PI)), scaleBy(-0.5, sum(square(z))))) as never,
  });
}
