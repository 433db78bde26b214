/** Models whose map is recorded: a whole batch of samples in one replay. */
import { Directional, Field, type Lattice, type LinkField, PerSample, Plan, type Real, type Scalar, add, detach, grad, neg, pairing, perSample, realType, sampleOf, scale, scaleBy, scope, sub, valueAndGrad } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { type BatchGradient, type Deal, type FlowObjective, type FlowSample, type GenerativeModel, here } from "./generative-model.ts";
import { SharedWeights, type WeightTree } from "./weights.ts";

/** Samples of training and of sampling have different numbers. */
export const SAMPLING = 2 ** 31;

/** Sites of a replay: what it keeps for the reverse pass is a few hundred numbers a site. */
const SITES = 2 ** 14;

/** What a model is made of. Its functions are recorded on lattices of any number of samples. */
export interface Definition<X> {
  readonly name: string;
  readonly lattice: Lattice;
  readonly weights: WeightTree;
  /** First weights, where they are not those of the specifications. */
  readonly start?: ((seed: number) => Float64Array) | undefined;
  /** Base samples on a lattice of a batch, those of the numbers from `first` on. */
  readonly draw: (on: Lattice, first: number) => X;
  readonly image: (z: never, weights: never) => { readonly x: unknown; readonly logDet: Scalar };
  /** z and log det of the inverse at x, for maps that have one. */
  readonly inverse?: ((x: never, weights: never) => { readonly z: unknown; readonly logDet: Scalar }) | undefined;
  readonly action: (x: never) => Scalar;
  /** log q0(z) of the base distribution. */
  readonly logBase: (z: never) => Scalar;
  /** Of one sample. */
  readonly measure: (x: X) => Readonly<Record<string, number>>;
}

type Replay = Plan<readonly unknown[], unknown>;

export class RecordedModel<X extends Field | LinkField> implements GenerativeModel {
  readonly name: string;
  readonly size: number;
  readonly objectives: readonly FlowObjective[];
  readonly likelihood?: NonNullable<GenerativeModel["likelihood"]>;
  readonly #d: Definition<X>;
  readonly #weights: SharedWeights;
  /** By number of samples and what is computed. */
  readonly #plans = new Map<string, Replay>();

  constructor(definition: Definition<X>) {
    this.#d = definition;
    this.name = definition.name;
    this.#weights = new SharedWeights(definition.weights);
    this.size = this.#weights.size;
    this.objectives = definition.inverse ? ["reverse-kl", "path-gradient", "forward-kl", "force-matching"] : ["reverse-kl", "force-matching"];
    if (definition.inverse) this.likelihood = (theta, configurations) => this.#likelihood(theta, configurations);
  }

  start(seed: number): Float64Array {
    return this.#d.start?.(seed) ?? this.#weights.start(seed);
  }

  sample(theta: Float64Array, index: number): FlowSample {
    return this.samples(theta, [index])[0]!;
  }

  samples(theta: Float64Array, indices: readonly number[]): readonly FlowSample[] {
    return this.#chunks(indices).flatMap(({ first, count }) => this.#drawn(theta, SAMPLING + first, count, ({ x, loss, action }) => {
      const [losses, actions] = [perSample(loss), perSample(action)];
      return Array.from(losses, (l, b): FlowSample => ({ index: first + b, logWeight: -l, action: actions[b]!, values: scope(() => this.#d.measure(one(x, b))) }));
    }));
  }

  imageOf(theta: Float64Array): (z: Float64Array) => { readonly x: Float64Array; readonly logDet: number } {
    const values = this.#weights.values(theta);
    const z = new Field(this.#lattice(1), realType());
    const plan = new Plan(((y: never, p: never) => this.#d.image(y, p)) as never, [z, values] as readonly unknown[]);
    return (data) => {
      const { x, logDet } = plan.run(z.set(data), values) as unknown as { x: Field; logDet: number };
      return { x: x.toArray(), logDet };
    };
  }

  gradient(theta: Float64Array, indices: readonly number[], objective: FlowObjective = "reverse-kl", deal: Deal = here): BatchGradient {
    if (!this.objectives.includes(objective)) throw new ConfigurationError(`${this.name}: got the objective ${String(objective)}, expected one of ${this.objectives.join(", ")}: the others need the inverse of the map`);
    if (objective === "forward-kl") return this.#forward(theta, indices);
    const values = this.#weights.values(theta);
    const gradient = new Float64Array(this.size);
    const [logWeights, losses] = [new Float64Array(indices.length), new Float64Array(indices.length)];
    const chunks = this.#chunks(indices);
    const parts = deal(chunks, ({ first, count }) => scope(() => {
      const z = this.#d.draw(this.#lattice(count), first);
      const found = this.#plan(objective, count, this.#recorded(objective), [z, values]).run(z, values) as { loss: number; logWeight: number; grad: unknown };
      const own = new Float64Array(this.size);
      this.#weights.addGradient(found.grad, own);
      return { logWeights: Float64Array.from(perSample(found.logWeight)), losses: Float64Array.from(perSample(found.loss)), own };
    }));
    parts.forEach((part, k) => {
      logWeights.set(part.logWeights, chunks[k]!.at);
      losses.set(part.losses, chunks[k]!.at);
      for (let i = 0; i < gradient.length; i++) gradient[i]! += part.own[i]!;
    });
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= indices.length;
    return { loss: losses.reduce((a, b) => a + b, 0) / indices.length, logWeights, gradient };
  }

  #lattice(count: number): Lattice {
    return this.#d.lattice.withBatch(count);
  }

  /** Consecutive numbers, as many as a replay takes, and where they stand in the list. */
  #chunks(numbers: readonly number[]): readonly { readonly at: number; readonly first: number; readonly count: number }[] {
    const most = Math.max(1, Math.floor(SITES / this.#d.lattice.volume));
    const out: { at: number; first: number; count: number }[] = [];
    numbers.forEach((n, at) => {
      const last = out.at(-1);
      if (last && last.count < most && n === last.first + last.count) last.count++;
      else out.push({ at, first: n, count: 1 });
    });
    return out;
  }

  #plan(what: string, count: number, f: (...args: never[]) => unknown, example: readonly unknown[]): Replay {
    const key = `${what} ${count}`;
    let plan = this.#plans.get(key);
    if (!plan) this.#plans.set(key, (plan = new Plan(f as never, example)));
    return plan;
  }

  /** What `use` makes of samples of the model, before they are overwritten. */
  #drawn<T>(theta: Float64Array, first: number, count: number, use: (found: { readonly x: X; readonly loss: number; readonly action: number }) => T): T {
    const values = this.#weights.values(theta);
    return scope(() => {
      const z = this.#d.draw(this.#lattice(count), first);
      return use(this.#plan("sample", count, (y: never, p: never) => this.#loss(y, p), [z, values]).run(z, values) as never);
    });
  }

  #loss(z: never, p: never): { readonly x: unknown; readonly loss: Scalar; readonly action: Scalar } {
    const { x, logDet } = this.#d.image(z, p);
    const action = this.#d.action(x as never);
    return { x, action, loss: add(action, sub(this.#d.logBase(z), logDet)) };
  }

  /** The objective of every sample, its log weight, and the gradient of the sum, on traced values. */
  #recorded(objective: Exclude<FlowObjective, "forward-kl">): (z: never, p: never) => unknown {
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
      const still = detached(x);
      const G = grad((y: never) => add(this.#d.action(y), this.#logDensity(y, p)))(still as never);
      return pairing(detached(G), x);
    });
  }

  /** log q(x) by the inverse. */
  #logDensity(x: never, p: never): Scalar {
    const { z, logDet } = this.#d.inverse!(x, p);
    return add(this.#d.logBase(z as never), logDet);
  }

  /** -log q of samples of the model with self-normalised weights. */
  #forward(theta: Float64Array, indices: readonly number[]): BatchGradient {
    const samples = this.#chunks(indices).flatMap(({ first, count }) => this.#drawn(theta, first, count, ({ x, loss }) => Array.from(perSample(loss), (l, b) => ({ x: (one(x, b) as Field).toArray(), logWeight: -l }))));
    const top = Math.max(...samples.map((s) => s.logWeight));
    const w = samples.map((s) => Math.exp(s.logWeight - top));
    const sum = w.reduce((a, b) => a + b, 0);
    const { loss, gradient } = this.#likelihood(theta, samples.map((s) => s.x), w.map((x) => x / sum));
    return { loss, logWeights: Float64Array.from(samples, (s) => s.logWeight), gradient };
  }

  #likelihood(theta: Float64Array, configurations: readonly Float64Array[], weights: readonly number[] = configurations.map(() => 1 / configurations.length)): { readonly loss: number; readonly gradient: Float64Array } {
    const values = this.#weights.values(theta);
    const gradient = new Float64Array(this.size);
    let loss = 0;
    this.#chunks(configurations.map((_, k) => k)).forEach(({ first, count }) => scope(() => {
      const lattice = this.#lattice(count);
      const x = new Field(lattice, realType());
      const all = new Float64Array(count * lattice.volume);
      const own = PerSample.from(weights.slice(first, first + count));
      configurations.slice(first, first + count).forEach((data, b) => all.set(data, b * lattice.volume));
      const w = count === 1 ? own[0]! : own;
      const f = (y: never, v: Scalar, p: never): unknown => valueAndGrad((q: never) => scale(v, neg(this.#logDensity(y, q))))(p);
      const found = this.#plan("forward-kl", count, f, [x, w, values]).run(x.set(all), w, values) as { value: number; grad: unknown };
      perSample(found.value).forEach((v) => (loss += v));
      this.#weights.addGradient(found.grad, gradient);
    }));
    return { loss, gradient };
  }
}

/** Sample b of a batch. */
const one = <X extends Field | LinkField>(x: X, b: number): X => (x.lattice.batch === 1 ? x : sampleOf(x as never, b));

/** The same values without derivative. */
const detached = (x: unknown): unknown => (x instanceof Directional ? new Directional(x.role, x.values().map((v) => detach(v))) : detach(x as Real));
