/**
 * Generative models: z of a base distribution, x = F(z), log q(x) = log q0(z) - log det. Samples are independent; sample number k of a seed is a function of seed and
 * k, whatever was drawn before. log w = -S(x) - log q(x).
 */
import { Field, type Lattice, type LinkField, type Links, Plan, kind, type Real, type Scalar, realType, sub, add, valueAndGrad, scaleBy, sum, square, number } from "../../autograd/index.ts";
import { type Group, aGroup, hot } from "../../gauge/index.ts";
import type { Residuals } from "../../training/index.ts";
import { PURPOSE, fillNormals, guard, is, randomStream } from "../../util/index.ts";
import { SharedWeights, type WeightTree } from "./weights.ts";

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

/** A batch of samples with the gradient of the mean of log q + S with respect to the weights. */
export interface BatchGradient {
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
  /** x and log det of base samples that are given, for models of site scalars: what tests compare with differences. */
  imageOf?(theta: Float64Array): (z: Float64Array) => { readonly x: Float64Array; readonly logDet: number };
  /** Reverse Kullback-Leibler divergence, reparametrised, on the samples of these numbers. */
  gradient(theta: Float64Array, indices: readonly number[]): BatchGradient;
  /** The spread of log w on the samples of these numbers, for models of few weights: what `gaussNewton` makes small. */
  spread?(theta: Float64Array, indices: readonly number[]): WeightSpread;
}

/** Samples of training and of sampling have different numbers. */
export const SAMPLING = 2 ** 31;

interface Definition<X> {
  readonly name: string;
  readonly lattice: Lattice;
  readonly weights: WeightTree;
  /** First weights, where they are not those of the specifications. */
  readonly start?: ((seed: number) => Float64Array) | undefined;
  /** Base sample number `index`, written into `into`. */
  readonly draw: (index: number) => X;
  readonly image: (z: never, weights: never) => { readonly x: unknown; readonly logDet: Scalar };
  readonly action: (x: never) => Scalar;
  /** log q0(z) of the base distribution. */
  readonly logBase: (z: never) => Scalar;
  readonly measure: (x: X) => Readonly<Record<string, number>>;
}

class RecordedModel<X> implements GenerativeModel {
  readonly name: string;
  readonly size: number;
  readonly #d: Definition<X>;
  readonly #weights: SharedWeights;
  #theta: Float64Array | undefined;
  #sample: Plan<readonly unknown[], unknown> | undefined;
  #gradient: Plan<readonly unknown[], unknown> | undefined;

  constructor(definition: Definition<X>) {
    this.#d = definition;
    this.name = definition.name;
    this.#weights = new SharedWeights(definition.lattice, definition.weights);
    this.size = this.#weights.size;
  }

  start(seed: number): Float64Array {
    return this.#d.start?.(seed) ?? this.#weights.start(seed);
  }

  #loss(z: never, p: never): { readonly x: unknown; readonly loss: Scalar; readonly action: Scalar } {
    const { x, logDet } = this.#d.image(z, p);
    const action = this.#d.action(x as never);
    return { x, action, loss: add(action, sub(this.#d.logBase(z), logDet)) };
  }

  #at(theta: Float64Array): unknown {
    if (this.#theta !== theta) {
      this.#weights.set(theta);
      this.#theta = theta;
    }
    return this.#weights.values;
  }

  sample(theta: Float64Array, index: number): FlowSample {
    const values = this.#at(theta);
    const z = this.#d.draw(SAMPLING + index);
    this.#sample ??= new Plan(((y: never, p: never) => this.#loss(y, p)) as never, [z, values]);
    const { x, loss, action } = this.#sample.run(z, values) as { x: X; loss: number; action: number };
    return { index, logWeight: -loss, action, values: this.#d.measure(x) };
  }

  imageOf(theta: Float64Array): (z: Float64Array) => { readonly x: Float64Array; readonly logDet: number } {
    const values = this.#at(theta);
    const z = new Field(this.#d.lattice, realType());
    const plan = new Plan(((y: never, p: never) => this.#d.image(y, p)) as never, [z, values] as readonly unknown[]);
    return (data) => {
      const { x, logDet } = plan.run(z.set(data), values) as unknown as { x: Field; logDet: number };
      return { x: x.toArray(), logDet };
    };
  }

  gradient(theta: Float64Array, indices: readonly number[]): BatchGradient {
    const values = this.#at(theta);
    const gradient = new Float64Array(this.size);
    const logWeights = new Float64Array(indices.length);
    indices.forEach((index, k) => {
      const z = this.#d.draw(index);
      this.#gradient ??= new Plan(((y: never, p: never) => valueAndGrad((q: never) => this.#loss(y, q).loss)(p)) as never, [z, values]);
      const { value, grad } = this.#gradient.run(z, values) as { value: number; grad: unknown };
      logWeights[k] = -value;
      this.#weights.addGradient(grad, gradient);
    });
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= indices.length;
    return { loss: -logWeights.reduce((a, b) => a + b, 0) / indices.length, logWeights, gradient };
  }
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
    draw: (index) => hot(lattice, group, { seed, stream: index }) as LinkField<N>,
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
  readonly action: (phi: Real) => Scalar;
  readonly measure: (phi: Field) => Readonly<Record<string, number>>;
}): GenerativeModel {
  guard("scalarModel", { options: [options, is.object] });
  const { name, lattice, weights, seed, image, action, measure } = options;
  expectParts("scalarModel", options);
  return new RecordedModel<Field>({
    name, lattice, weights, action: action as never, measure,
    draw: (index) => {
      const x = new Float64Array(lattice.volume);
      fillNormals(randomStream(seed, index), { sites: lattice.volume, components: 1, trajectory: 0, purpose: PURPOSE.start }, x);
      return new Field(lattice, realType()).set(x) as Field;
    },
    image: ((z: Real, p: never) => {
      const { field, logDet } = image(z, p);
      return { x: field, logDet };
    }) as never,
    logBase: ((z: Real) => add(number(z.tape, (-lattice.volume / 2) * Math.log(2 * Math.PI)), scaleBy(-0.5, sum(square(z))))) as never,
  });
}
