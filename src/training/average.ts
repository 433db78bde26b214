/**
 * Exponential averages of weights (Polyak averaging with a decay): after k steps a_k = (1 - d) sum_j d^(k - j) theta_j / (1 - d^k), over the weights that steps 1 to k left behind.
 * The denominator is the sum of the weights of the mean, so that the values before training do not count. Plain data.
 */
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** Such a mean of weights: `sum` = (1 - d) sum_j d^(k - j) theta_j, and d^k. */
export interface WeightAverage {
  readonly decay: number;
  readonly power: number;
  readonly sum: Float64Array;
}

const average = is.withFields("an average (start, add)", "decay", "power", "sum");

/** Exponential averages of weights: `start`, then `add` after every step, and `value`. */
export const weightAverage = {
  /** Before the first step. @throws ConfigurationError for a decay outside of [0, 1). */
  start(size: number, decay: number): WeightAverage {
    guard("weightAverage.start", { size: [size, is.atMost(2 ** 31)] });
    if (!(decay >= 0 && decay < 1)) throw new ConfigurationError(`weightAverage: got decay = ${decay}, expected a number in [0, 1)`);
    return { decay, power: 1, sum: new Float64Array(size) };
  },

  /** With the weights after one step more. @throws ConfigurationError for another number of weights. */
  add(before: WeightAverage, theta: Float64Array): WeightAverage {
    guard("weightAverage.add", { average: [before, average], theta: [theta, is.instanceOf(Float64Array, "a Float64Array")] });
    const { decay, power, sum } = before;
    if (theta.length !== sum.length) throw new ConfigurationError(`weightAverage: got ${theta.length} weights, expected ${sum.length}`);
    const next = new Float64Array(sum.length);
    for (let k = 0; k < next.length; k++) next[k] = decay * sum[k]! + (1 - decay) * theta[k]!;
    return { decay, power: power * decay, sum: next };
  },

  /** The mean. @throws ConfigurationError before the first step. */
  value(of: WeightAverage): Float64Array {
    guard("weightAverage.value", { average: [of, average] });
    const { power, sum } = of;
    if (power === 1) throw new ConfigurationError("weightAverage: got an average of no steps, expected at least one: add the weights after each step");
    return sum.map((x) => x / (1 - power));
  },
} as const;
