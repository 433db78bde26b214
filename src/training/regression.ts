/**
 * Linear regression along a chain: where S_theta is linear in theta, as in the weights of loops (arXiv:2010.11900), the theta and E_0 that minimise
 * sum (S_theta - S - E_0)^2 solve normal equations, which every configuration adds to and nothing needs to be kept for. As an optimiser it works with the
 * loss "squared" on one new configuration a step; its state is plain data, so that a run resumes with the same bits.
 */
import { ConfigurationError, NaNError } from "../errors.ts";
import type { LinkField } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";
import type { EffectiveAction } from "./effective-action.ts";
import { choleskySolve } from "./least-squares.ts";
import { type Optimiser, type OptimiserState, expectStep, norm } from "./optimisers.ts";
import type { TrainingSample } from "./samples.ts";

/** Sums over the configurations seen, with features and values counted from those of the first one. */
interface Sums {
  readonly first: Float64Array;
  readonly sum: Float64Array;
  /** sum of z_a z_b, row by row, for z = (features, value). */
  readonly products: Float64Array;
}

const namesOf = ["first", "sum", "products"] as const;

/** What a regression found. */
export interface RegressionFit {
  readonly parameters: Float64Array;
  /** E_0: the mean of S_theta - S. */
  readonly offset: number;
  /** Standard deviation of S_theta - S on the configurations that were fitted. */
  readonly sd: number;
}

const startSums = (size: number): Sums => ({ first: new Float64Array(size + 1), sum: new Float64Array(size + 1), products: new Float64Array((size + 1) ** 2) });

/** One configuration more: its features dS_theta/dtheta, and S - S_theta at theta = 0. */
function added({ first, sum, products }: Sums, count: number, features: ArrayLike<number>, value: number): Sums {
  const z = Float64Array.from([...Array.from(features), value]);
  const origin = count === 0 ? z : first;
  const d = z.map((x, k) => x - origin[k]!);
  const p = d.length;
  return { first: origin, sum: sum.map((x, k) => x + d[k]!), products: products.map((x, k) => x + d[Math.floor(k / p)]! * d[k % p]!) };
}

/** Covariances of the features and of the value with them; a ridge, relative to the diagonal, only where the features determine no theta. */
function solved({ first, sum, products }: Sums, count: number): RegressionFit | undefined {
  const p = first.length - 1;
  if (count < p + 2) return undefined;
  const covariance = (a: number, b: number): number => products[a * (p + 1) + b]! / count - (sum[a]! / count) * (sum[b]! / count);
  const b = Float64Array.from({ length: p }, (_, a) => covariance(a, p));
  for (const ridge of [0, 1e-10, 1e-6]) {
    const A = Float64Array.from({ length: p * p }, (_, k) => covariance(Math.floor(k / p), k % p) * (k % (p + 1) === 0 ? 1 + ridge : 1));
    const parameters = choleskySolve(A, b);
    if (!parameters?.every(Number.isFinite)) continue;
    const explained = parameters.reduce((s, x, a) => s + x * b[a]!, 0);
    const mean = (k: number): number => first[k]! + sum[k]! / count;
    return { parameters, offset: parameters.reduce((s, x, a) => s + x * mean(a), 0) - mean(p), sd: Math.sqrt(Math.max(0, covariance(p, p) - explained)) };
  }
  return undefined;
}

/** Normal equations of `size` parameters as an accumulator of one's own: `add` configurations, `fit` at any time. */
export class LinearRegression {
  readonly size: number;
  #sums: Sums;
  #count = 0;

  /** @throws ConfigurationError for a number of parameters that is not a positive integer. */
  constructor(size: number) {
    guard("LinearRegression", { size: [size, is.count] });
    this.size = size;
    this.#sums = startSums(size);
  }

  /** Configurations so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds one configuration: the derivatives of S_theta with respect to theta, and S without the part of S_theta that does not depend on theta. */
  add(features: ArrayLike<number>, value: number): void {
    if (features.length !== this.size) throw new ConfigurationError(`regression: got ${features.length} features, expected ${this.size}`);
    if (!Number.isFinite(value)) throw new NaNError(`regression: got the action ${value}, expected a number`);
    this.#sums = added(this.#sums, this.#count++, features, value);
  }

  /** @throws ConfigurationError with fewer configurations than parameters + 2, or features that are constant. */
  fit(): RegressionFit {
    const found = solved(this.#sums, this.#count);
    if (!found) throw new ConfigurationError(`regression: got ${this.#count} configurations for ${this.size} parameters, expected at least ${this.size + 2} different ones`);
    return found;
  }
}

/**
 * The regression as an optimiser: each step adds its configuration and moves theta to the solution of all so far, once there are enough. For the loss
 * `losses.squared()` with one configuration a batch.
 */
export function regression(): Optimiser {
  const name = "regression";
  return {
    name,
    asks: "residuals",
    start(size) {
      const sums = startSums(size);
      return { kind: name, step: 0, scalars: {}, vectors: { ...sums } };
    },
    step(theta, objective, state) {
      expectStep(name, theta, objective, state);
      if (!objective.residuals) throw new ConfigurationError(`${name}: got a loss without residuals, expected "squared"`);
      const { residuals, jacobian } = objective.residuals(theta);
      if (residuals.length !== 1) throw new ConfigurationError(`${name}: got a batch of ${residuals.length}, expected 1: every configuration counts once`);
      const features = jacobian[0]!;
      // S - S_theta at theta = 0
      const value = features.reduce((s, x, a) => s + x * theta[a]!, 0) - residuals[0]!;
      const gradientNorm = norm(features.map((x) => x * residuals[0]!));
      if (!Number.isFinite(gradientNorm)) throw new NaNError(`${name}: step ${state.step} has a gradient of norm ${gradientNorm}, expected a finite one`);
      const sums = added(sumsOf(state), state.step, features, value);
      const found = solved(sums, state.step + 1);
      return { parameters: found ? found.parameters : Float64Array.from(theta), state: { kind: name, step: state.step + 1, scalars: {}, vectors: { ...sums } }, gradientNorm, rate: found ? 1 : 0 };
    },
  };
}

function sumsOf({ vectors }: OptimiserState): Sums {
  return Object.fromEntries(namesOf.map((key) => [key, vectors[key]!])) as unknown as Sums;
}

/**
 * An effective action with its parameters fitted to samples in one step, for parameters that it is linear in (weights of loops, the coupling):
 * `linearStart(effectiveAction({ gauge: loopAction(...), ..., trainable: ["gauge.weights"] }), samples)`, as a guide or as the start of a training of the rest.
 * @throws ConfigurationError with fewer samples than parameters + 2.
 */
export function linearStart<N extends number, I>(action: EffectiveAction<N, I>, samples: readonly TrainingSample<N>[]): EffectiveAction<N, I> {
  guard("linearStart", { action: [action, is.withMethods("an effective action", "valueAndGradient")], samples: [samples, is.listOf(is.withFields("a sample (takeSample)", "U", "fields", "value"))] });
  const equations = new LinearRegression(action.size);
  const theta = action.parameters;
  for (const { U, value: S, fields } of samples) {
    const { value, gradient } = action.valueAndGradient(U as LinkField<N>, fields);
    equations.add(gradient, S - value + gradient.reduce((s, x, a) => s + x * theta[a]!, 0));
  }
  return action.with(equations.fit().parameters);
}
