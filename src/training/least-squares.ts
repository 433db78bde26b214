/**
 * Levenberg-Marquardt for objectives f = (1/2n) sum_i r_i^2: (A + damping diag A) delta = -J^T r / n with A = J^T J / n. A step that does
 * not lower f is not taken and raises the damping; a step that does lowers it. With damping 0 this is Gauss-Newton.
 */
import { ConfigurationError, NaNError } from "../errors.ts";
import { type Optimiser, type Residuals, expectStep, norm } from "./optimisers.ts";
import { guard, is } from "../util/index.ts";

/** Options of `gaussNewton`. */
export interface GaussNewtonOptions {
  /** Damping of the first step; default 1e-3. */
  readonly damping?: number;
  /** Trials of one step before theta is kept as it is; default 8. */
  readonly trials?: number;
  /** A step that would lower f by less than this fraction of it (in the linear model) is not tried; default 1e-9, above the noise of solvers. */
  readonly tolerance?: number;
  /** Largest change of any parameter in one step: longer steps are scaled down, since the linear model ends somewhere. Default: no limit. */
  readonly maxStep?: number;
}

/** f, its gradient and the Gauss-Newton matrix (row by row). */
function normalEquations({ residuals, jacobian }: Residuals): { value: number; gradient: Float64Array; matrix: Float64Array } {
  const n = residuals.length;
  const p = jacobian[0]?.length ?? 0;
  const gradient = new Float64Array(p);
  const matrix = new Float64Array(p * p);
  let value = 0;
  for (let i = 0; i < n; i++) {
    const [r, row] = [residuals[i]!, jacobian[i]!];
    value += (r * r) / (2 * n);
    for (let a = 0; a < p; a++) {
      gradient[a]! += (r * row[a]!) / n;
      for (let b = 0; b < p; b++) matrix[a * p + b]! += (row[a]! * row[b]!) / n;
    }
  }
  return { value, gradient, matrix };
}

/** Solves A x = b for a symmetric positive A (row by row) by Cholesky; undefined when A is not positive. */
export function choleskySolve(A: Float64Array, b: Float64Array): Float64Array | undefined {
  guard("choleskySolve", { A: [A, is.instanceOf(Float64Array, "a Float64Array")], b: [b, is.instanceOf(Float64Array, "a Float64Array")] });
  const p = b.length;
  const L = new Float64Array(p * p);
  for (let i = 0; i < p; i++)
    for (let j = 0; j <= i; j++) {
      let s = A[i * p + j]!;
      for (let k = 0; k < j; k++) s -= L[i * p + k]! * L[j * p + k]!;
      if (i === j && !(s > 0)) return undefined;
      L[i * p + j] = i === j ? Math.sqrt(s) : s / L[j * p + j]!;
    }
  const x = Float64Array.from(b);
  for (let i = 0; i < p; i++) {
    for (let k = 0; k < i; k++) x[i]! -= L[i * p + k]! * x[k]!;
    x[i]! /= L[i * p + i]!;
  }
  for (let i = p - 1; i >= 0; i--) {
    for (let k = i + 1; k < p; k++) x[i]! -= L[k * p + i]! * x[k]!;
    x[i]! /= L[i * p + i]!;
  }
  return x;
}

/** Levenberg-Marquardt as an optimiser; each step is one iteration on the whole batch. @throws ConfigurationError when the loss has no residuals. */
export function gaussNewton(options: GaussNewtonOptions = {}): Optimiser {
  guard("gaussNewton", { options: [options, is.keysOf("damping", "trials", "tolerance", "maxStep")] });
  const { damping = 1e-3, trials = 8, tolerance = 1e-9, maxStep = Number.POSITIVE_INFINITY } = options;
  guard("gaussNewton", { damping: [damping, is.finite], trials: [trials, is.count], tolerance: [tolerance, is.finite] });
  const name = "gaussNewton";
  if (!(damping >= 0)) throw new ConfigurationError(`${name}: got damping = ${damping}, expected a number of at least 0`);
  if (!(maxStep > 0)) throw new ConfigurationError(`${name}: got maxStep = ${maxStep}, expected a positive number`);
  return {
    name,
    asks: "residuals",
    start: () => ({ kind: name, step: 0, scalars: { damping }, vectors: {} }),
    step(theta, objective, state) {
      expectStep(name, theta, objective, state);
      if (!objective.residuals) throw new ConfigurationError(`${name}: got a loss without residuals, expected a mean of squares (squared, centred, acceptance): use adam or sgd`);
      const { value, gradient, matrix } = normalEquations(objective.residuals(theta));
      const gradientNorm = norm(gradient);
      if (!Number.isFinite(value + gradientNorm)) throw new NaNError(`${name}: step ${state.step} has f = ${value} and a gradient of norm ${gradientNorm}, expected finite numbers`);
      const p = theta.length;
      let mu = state.scalars["damping"]!;
      let parameters = Float64Array.from(theta);
      for (let trial = 0; trial < trials; trial++) {
        // what f does not depend on here, to first order, stays as it is
        const damped = matrix.map((x, k) => (k % (p + 1) === 0 ? (x > 0 ? x * (1 + mu) : 1) : x));
        const delta = choleskySolve(damped, gradient);
        // the linear model promises (g, delta) - (delta, A delta) / 2 >= (g, delta) / 2
        if (delta && delta.reduce((s, x, k) => s + x * gradient[k]!, 0) <= 2 * tolerance * value) break;
        const shorten = delta ? Math.min(1, maxStep / Math.max(...delta.map(Math.abs))) : 1;
        const next = delta && theta.map((x, k) => x - shorten * delta[k]!);
        if (next && halfMeanSquare(objective.residuals(next).residuals) <= value) {
          parameters = next;
          mu = mu / 10;
          break;
        }
        mu = Math.max(mu * 10, 1e-6);
      }
      return { parameters, state: { kind: name, step: state.step + 1, scalars: { damping: mu }, vectors: {} }, gradientNorm, rate: mu };
    },
  };
}

function halfMeanSquare(r: Float64Array): number {
  return r.reduce((s, x) => s + (x * x) / 2, 0) / r.length;
}
