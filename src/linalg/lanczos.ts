/** Extremal eigenvalues of a hermitian operator by the Lanczos iteration with full reorthogonalisation. */
import { PURPOSE, randomStream, guard, is } from "../util/index.ts";
import { SolverError } from "../errors.ts";

/** out <- A v; complex vectors as (re, im). */
export type Apply = (v: Float64Array, out: Float64Array) => void;

/**
 * The `count` largest distinct eigenvalues of A in dimension n, descending: the iteration ends when they no longer change, relative to the
 * largest, by more than `precision` (default: rounding) in four steps.
 * @throws SolverError when they still change after maxSteps.
 */
export function largestEigenvalues(n: number, apply: Apply, count: number, options: { readonly maxSteps?: number; readonly precision?: number } = {}): number[] {
  guard("largestEigenvalues", { n: [n, is.atMost(1e7)], apply: [apply, is.callable], count: [count, is.count], options: [options, is.keysOf("maxSteps", "precision")] });
  const { maxSteps = Math.min(n, 2000), precision = 4e-16 } = options;
  const draw = randomStream(1).sequence(PURPOSE.initialisation);
  let v = Float64Array.from({ length: 2 * n }, () => draw.normal());
  scaleInPlace(v, 1 / Math.sqrt(norm2(v)));
  const basis: Float64Array[] = [];
  const [alpha, beta]: [number[], number[]] = [[], []];
  let found: number[] = [];
  for (let step = 1; step <= maxSteps; step++) {
    basis.push(v);
    const w = new Float64Array(2 * n);
    apply(v, w);
    alpha.push(project(v, w));
    // twice is enough
    for (let pass = 0; pass < 2; pass++) for (const u of basis) project(u, w);
    const b = Math.sqrt(norm2(w));
    const wanted = Math.min(count, step);
    const done = step === n || b < 1e-14 * Math.abs(alpha[0]!);
    if (step % 4 === 0 || done) {
      const next = Array.from({ length: wanted }, (_, k) => tridiagonalEigenvalue(alpha, beta, k));
      const size = Math.abs(next[0]!);
      if (done || (next.length === found.length && next.length === count && next.every((x, k) => Math.abs(x - found[k]!) <= precision * size))) return next;
      found = next;
    }
    beta.push(b);
    scaleInPlace(w, 1 / b);
    v = w;
  }
  throw new SolverError(`Lanczos: ${count} eigenvalues still change after ${maxSteps} steps, expected convergence: ask for fewer or allow more steps`);
}

/** w <- w - u <u, w>; returns Re <u, w>. */
export function project(u: Float64Array, w: Float64Array): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < u.length; i += 2) {
    re += u[i]! * w[i]! + u[i + 1]! * w[i + 1]!;
    im += u[i]! * w[i + 1]! - u[i + 1]! * w[i]!;
  }
  for (let i = 0; i < u.length; i += 2) {
    w[i]! -= u[i]! * re - u[i + 1]! * im;
    w[i + 1]! -= u[i]! * im + u[i + 1]! * re;
  }
  return re;
}

/** |v|^2. */
export function norm2(v: Float64Array): number {
  return v.reduce((s, x) => s + x * x, 0);
}

/** v <- c v. */
export function scaleInPlace(v: Float64Array, c: number): void {
  for (let i = 0; i < v.length; i++) v[i]! *= c;
}

/** Number k from above (0: largest) of the eigenvalues of a symmetric tridiagonal matrix, by bisection with Sturm sequences. */
function tridiagonalEigenvalue(alpha: readonly number[], beta: readonly number[], k: number): number {
  const n = alpha.length;
  const radius = (i: number): number => (i > 0 ? Math.abs(beta[i - 1]!) : 0) + (i < n - 1 ? Math.abs(beta[i]!) : 0);
  let low = Math.min(...alpha.map((a, i) => a - radius(i)));
  let high = Math.max(...alpha.map((a, i) => a + radius(i)));
  for (;;) {
    const x = low + (high - low) / 2;
    if (!(x > low && x < high)) return x;
    let above = 0;
    let d = 1;
    for (let i = 0; i < n; i++) {
      d = alpha[i]! - x - (i > 0 ? (beta[i - 1]! * beta[i - 1]!) / d : 0);
      if (d === 0) d = 1e-300;
      if (d > 0) above++;
    }
    if (above > k) low = x;
    else high = x;
  }
}
