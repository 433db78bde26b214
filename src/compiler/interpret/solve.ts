/** Conjugate gradient as in the textbook, for a hermitian positive operator given by its action. */
import { SolverError } from "../../errors.ts";

export interface SolveSettings {
  readonly tolerance: number;
  readonly maxIterations: number;
}

const dot = (x: Float64Array, y: Float64Array): number => x.reduce((s, v, i) => s + v * y[i]!, 0);
/** x + c y. */
const plus = (x: Float64Array, c: number, y: Float64Array): Float64Array => x.map((v, i) => v + c * y[i]!);

/** Relative residual that rounding lets the recursion reach. */
const ROUNDING = 1e-15;

/**
 * x with A x = b, taken up again from its true residual for as long as that one falls: as accurate as rounding allows.
 * @throws SolverError when A is not positive, or the residual stays above twice the tolerance.
 */
export function conjugateGradient(apply: (x: Float64Array) => Float64Array, b: Float64Array, { tolerance, maxIterations }: SolveSettings): Float64Array {
  let x: Float64Array = new Float64Array(b.length);
  let r = b;
  let iterations = 0;
  const size = Math.sqrt(dot(b, b));
  if (size === 0) return x;
  let reached = size;
  for (;;) {
    let p = r;
    let rr = dot(r, r);
    let step: Float64Array = x;
    while (Math.sqrt(rr) > ROUNDING * size && iterations < maxIterations) {
      iterations++;
      const q = apply(p);
      const pq = dot(p, q);
      if (!(pq > 0)) throw new SolverError(`conjugate gradient: <p, A p> = ${pq} in iteration ${iterations}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
      step = plus(step, rr / pq, p);
      r = plus(r, -rr / pq, q);
      const next = dot(r, r);
      p = plus(r, next / rr, p);
      rr = next;
    }
    r = plus(b, -1, apply(step));
    const now = Math.sqrt(dot(r, r));
    const better = now < reached;
    if (better) x = step;
    if (!(now < reached / 2) || now <= ROUNDING * size || iterations >= maxIterations) {
      reached = Math.min(reached, now);
      break;
    }
    reached = now;
  }
  if (!(reached <= 2 * tolerance * size))
    throw new SolverError(`conjugate gradient: relative residual ${(reached / size).toExponential(2)} after ${iterations} iterations, expected ${tolerance.toExponential(1)}: raise maxIterations, the tolerance or the mass`);
  return x;
}

/**
 * A^{-1} b for an A that is not hermitian, A^+A x = A^+ b, taken up again from its true residual.
 * @throws SolverError when the residual stays above twice the tolerance.
 */
export function normalEquations(apply: (x: Float64Array) => Float64Array, adjoint: (x: Float64Array) => Float64Array, b: Float64Array, settings: SolveSettings): Float64Array {
  const size = Math.sqrt(dot(b, b));
  let x: Float64Array = new Float64Array(b.length);
  let r = b;
  let reached = size;
  while (reached > ROUNDING * size) {
    const step = plus(x, 1, conjugateGradient((v) => adjoint(apply(v)), adjoint(r), { ...settings, tolerance: 1e-3 }));
    const next = plus(b, -1, apply(step));
    const now = Math.sqrt(dot(next, next));
    if (!(now < reached / 2)) break;
    [x, r, reached] = [step, next, now];
  }
  if (!(reached <= 2 * settings.tolerance * size)) throw new SolverError(`BiCGStab: relative residual ${(reached / size).toExponential(2)} by normal equations, expected ${settings.tolerance.toExponential(1)}: the operator has no inverse, or its links hold NaN`);
  return x;
}
