/**
 * Generative models: z of a base distribution, x = F(z), log q(x) = log q0(z) - log det. Samples are independent; sample number k of a seed is a function of seed and
 * k, whatever was drawn before. log w = -S(x) - log q(x).
 */
import { Directional, Field, type Lattice, type LinkField, type Links, Plan, kind, type Real, type Scalar, add, detach, grad, neg, number, pairing, realType, scaleBy, square, sub, sum, valueAndGrad } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
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
  /** z and log det of the inverse at x, for maps that have one. */
  readonly inverse?: ((x: never, weights: never) => { readonly z: unknown; readonly logDet: Scalar }) | undefined;
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
  readonly objectives: readonly FlowObjective[];
  readonly likelihood?: NonNullable<GenerativeModel["likelihood"]>;
  #sample: Plan<readonly unknown[], unknown> | undefined;
  readonly #gradients = new Map<FlowObjective, Plan<readonly unknown[], unknown>>();

  constructor(definition: Definition<X>) {
    this.#d = definition;
    this.name = definition.name;
    this.#weights = new SharedWeights(definition.lattice, definition.weights);
    this.size = this.#weights.size;
    this.objectives = definition.inverse ? ["reverse-kl", "path-gradient", "forward-kl", "force-matching"] : ["reverse-kl", "force-matching"];
    if (definition.inverse) this.likelihood = (theta, configurations) => this.#likelihood(theta, configurations);
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

  gradient(theta: Float64Array, indices: readonly number[], objective: FlowObjective = "reverse-kl"): BatchGradient {
    if (!this.objectives.includes(objective)) throw new ConfigurationError(`${this.name}: got the objective ${String(objective)}, expected one of ${this.objectives.join(", ")}: the others need the inverse of the map`);
    if (objective === "forward-kl") return this.#forward(theta, indices);
    const values = this.#at(theta);
    const gradient = new Float64Array(this.size);
    const [logWeights, losses] = [new Float64Array(indices.length), new Float64Array(indices.length)];
    indices.forEach((index, k) => {
      const z = this.#d.draw(index);
      const { loss, logWeight, grad } = this.#plan(objective, [z, values]).run(z, values) as { loss: number; logWeight: number; grad: unknown };
      logWeights[k] = logWeight;
      losses[k] = loss;
      this.#weights.addGradient(grad, gradient);
    });
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= indices.length;
    return { loss: losses.reduce((a, b) => a + b, 0) / indices.length, logWeights, gradient };
  }

  #plan(objective: FlowObjective, example: readonly unknown[]): Plan<readonly unknown[], unknown> {
    let plan = this.#gradients.get(objective);
    if (!plan) this.#gradients.set(objective, (plan = new Plan(this.#recorded(objective) as never, example)));
    return plan;
  }

  /** The objective of one sample, its log weight, and the gradient, on traced values. */
  #recorded(objective: FlowObjective): (z: never, p: never) => unknown {
    if (objective === "forward-kl") return (x, p) => valueAndGrad((q: never) => neg(this.#logDensity(x, q)))(p);
    const weighed = (p: never, of: (q: never) => { readonly loss: Scalar; readonly logWeight: Scalar }, pulled: (q: never) => Scalar): unknown => ({ ...of(p), grad: grad(pulled)(p) });
    const reverse = (z: never) => (q: never) => {
      const { loss } = this.#loss(z, q);
      return { loss, logWeight: neg(loss) };
    };
    if (objective === "reverse-kl") return (z, p) => {
      const { value, grad: g } = valueAndGrad((q: never) => this.#loss(z, q).loss)(p) as { value: Scalar; grad: unknown };
      return { loss: value, logWeight: neg(value), grad: g };
    };
    if (objective === "force-matching") {
      // half the square of d log w / dz, differentiated once more
      const force = (z: never, q: never): Scalar => {
        const g = grad((y: never) => this.#loss(y, q).loss)(z);
        return scaleBy(0.5, pairing(g, g));
      };
      return (z, p) => weighed(p, (q) => ({ loss: force(z, q), logWeight: reverse(z)(q).logWeight }), (q) => force(z, q));
    }
    return (z, p) => weighed(p, reverse(z), (q) => {
      const { x } = this.#d.image(z, q);
      const still = mapTraced(x);
      const G = grad((y: never) => add(this.#d.action(y), this.#logDensity(y, p)))(still as never);
      return pairing(mapTraced(G), x);
    });
  }

  /** log q(x) by the inverse. */
  #logDensity(x: never, p: never): Scalar {
    const { z, logDet } = this.#d.inverse!(x, p);
    return add(this.#d.logBase(z as never), logDet);
  }

  /** -log q of samples of the model with self-normalised weights. */
  #forward(theta: Float64Array, indices: readonly number[]): BatchGradient {
    const values = this.#at(theta);
    const samples = indices.map((index) => {
      const z = this.#d.draw(index);
      this.#sample ??= new Plan(((y: never, p: never) => this.#loss(y, p)) as never, [z, values]);
      const { x, loss } = this.#sample.run(z, values) as { x: Field; loss: number };
      return { x: x.toArray(), logWeight: -loss };
    });
    const top = Math.max(...samples.map((s) => s.logWeight));
    const w = samples.map((s) => Math.exp(s.logWeight - top));
    const sum = w.reduce((a, b) => a + b, 0);
    const { loss, gradient } = this.#likelihood(theta, samples.map((s) => s.x), w.map((x) => x / sum));
    return { loss, logWeights: Float64Array.from(samples, (s) => s.logWeight), gradient };
  }

  #likelihood(theta: Float64Array, configurations: readonly Float64Array[], weights: readonly number[] = configurations.map(() => 1 / configurations.length)): { readonly loss: number; readonly gradient: Float64Array } {
    const values = this.#at(theta);
    const gradient = new Float64Array(this.size);
    const x = new Field(this.#d.lattice, realType());
    let loss = 0;
    configurations.forEach((data, k) => {
      const plan = this.#plan("forward-kl", [x, values]);
      const one = plan.run(x.set(data), values) as { value: number; grad: unknown };
      loss += weights[k]! * one.value;
      const own = new Float64Array(this.size);
      this.#weights.addGradient(one.grad, own);
      own.forEach((g, i) => (gradient[i]! += weights[k]! * g));
    });
    return { loss, gradient };
  }
}

/** The same values without derivative. */
const mapTraced = (x: unknown): unknown => (x instanceof Directional ? new Directional(x.role, x.values().map((v) => detach(v))) : detach(x as Real));

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
    draw: (index) => {
      const x = new Float64Array(lattice.volume);
      fillNormals(randomStream(seed, index), { sites: lattice.volume, components: 1, trajectory: 0, purpose: PURPOSE.start }, x);
      return new Field(lattice, realType()).set(x) as Field;
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
