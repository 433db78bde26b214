/**
 * What the energy error of self-learning HMC is made of. Along a trajectory at fixed phi, S_theta - S changes by W = phi^+ (B_1 - B_0) phi plus the
 * change of the gauge parts, B = c A_theta^{-1} - A^{-1}. In equilibrium phi, given the links of any moment, is A^{1/2} times a unit Gaussian,
 * so that the links alone predict the sum of Tr A dB along the path:
 *   W_mean  = sum_t Tr (A_t + A_{t+1}) (B_{t+1} - B_t) / 2 + gauge parts: what the map misses of the mean force;
 *   W_noise = W - W_mean: the fluctuation of phi about its mean at the same links.
 */
import { type Matrix, trace, traceOfProduct } from "./dense.ts";

/** sum_t Tr (A_t + A_{t+1}) (B_{t+1} - B_t) / 2. */
export function expectedChange(A: readonly Matrix[], B: readonly Matrix[]): number {
  let s = 0;
  for (let t = 0; t + 1 < A.length; t++) {
    const [here, next] = [A[t]!, A[t + 1]!];
    s += (traceOfProduct(here, B[t + 1]!) - traceOfProduct(here, B[t]!) + traceOfProduct(next, B[t + 1]!) - traceOfProduct(next, B[t]!)) / 2;
  }
  return s;
}

/** Traces that give the noise of S_theta - S at fixed links, from T = A A_theta^{-1}. */
export interface Noise {
  /** <S_theta - S> of the fermions: Tr (c T - 1). */
  readonly expected: number;
  /** Variance Tr (c T - 1)^2 over the pseudofermions. */
  readonly variance: number;
  /** The same without a multiple of phi^+ phi, which is constant along a trajectory: min_e Tr (c T - 1 + e A)^2. */
  readonly free: number;
}

export function noiseOf(A: Matrix, T: Matrix, c: number): Noise {
  const [t, TA, AA] = [trace(T), traceOfProduct(T, A), traceOfProduct(A, A)];
  const variance = c * c * traceOfProduct(T, T) - 2 * c * t + A.dimension;
  return { expected: c * t - A.dimension, variance, free: variance - (c * TA - trace(A)) ** 2 / AA };
}

/** Every `stride`-th point of a trajectory and both of its ends. */
export function thinned<T>(points: readonly T[], stride: number): T[] {
  const inner = points.slice(1, -1).filter((_, k) => k % stride === Math.floor(stride / 2));
  return [points[0]!, ...inner, points.at(-1)!];
}

/** Standard deviation, and the correlation of two series. */
export const sd = (x: readonly number[]): number => Math.sqrt(covariance(x, x));
export const correlation = (x: readonly number[], y: readonly number[]): number => covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y));

function covariance(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]): number => v.reduce((s, a) => s + a / v.length, 0);
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((s, a, k) => s + (a - mx) * (y[k]! - my), 0) / x.length;
}
