/**
 * Eigenpairs of largest modulus of a hermitian operator, degenerate ones with all their vectors: Lanczos runs with full reorthogonalisation, each orthogonal to
 * the vectors that earlier ones have found, until a run finds nothing larger than what is known.
 */
import { PURPOSE, guard, is, randomStream } from "../util/index.ts";
import { SolverError } from "../errors.ts";
import { implicitQL } from "./hermitian.ts";
import { type Apply, norm2, project, scaleInPlace } from "./lanczos.ts";

/** Values in descending order of their modulus, unit vectors as (re, im). */
export interface Eigenpairs {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/** Eigenvalues that differ by less, relatively, count as equal when a run is compared with what is known. */
const EQUAL = 1e-9;

/**
 * The `count` eigenpairs of largest modulus with |A v - x v| <= precision |x| (default 1e-10).
 * @throws ConfigurationError for more pairs than rows, SolverError when a Lanczos run does not converge in maxSteps (default 400, at most n) or the operator gives
 * numbers that are not finite.
 */
export function largestEigenpairs(n: number, apply: Apply, count: number, options: { readonly precision?: number; readonly maxSteps?: number } = {}): Eigenpairs {
  guard("largestEigenpairs", { n: [n, is.atMost(1e7)], apply: [apply, is.callable], count: [count, is.atMost(n)], options: [options, is.keysOf("precision", "maxSteps")] });
  const { precision = 1e-10, maxSteps = 400 } = options;
  guard("largestEigenpairs", { precision: [precision, is.positive], maxSteps: [maxSteps, is.count] });
  const draw = randomStream(2).sequence(PURPOSE.initialisation);
  const found: { value: number; vector: Float64Array }[] = [];
  while (found.length < n) {
    const wanted = Math.min(count, n - found.length);
    const run = lanczos(n, apply, wanted, precision, Math.min(maxSteps, n - found.length), found.map((f) => f.vector), () => draw.normal());
    found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    const last = found.length >= count ? Math.abs(found[count - 1]!.value) : -1;
    const more = run.filter((r) => Math.abs(r.value) > last * (1 - EQUAL));
    found.push(...more);
    found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    if (more.length === 0 || (found.length >= count && more.every((r) => Math.abs(r.value) < Math.abs(found[count - 1]!.value) * (1 + EQUAL) && found.indexOf(r) >= count))) break;
  }
  const best = found.slice(0, count);
  return { values: best.map((f) => f.value), vectors: best.map((f) => f.vector) };
}

/** One run from a random vector that is orthogonal to the locked ones. */
function lanczos(n: number, apply: Apply, count: number, precision: number, maxSteps: number, locked: readonly Float64Array[], normal: () => number): { value: number; vector: Float64Array }[] {
  const clean = (w: Float64Array, basis: readonly Float64Array[]): void => {
    // twice is enough
    for (let pass = 0; pass < 2; pass++) for (const u of [...locked, ...basis]) project(u, w);
  };
  let v = Float64Array.from({ length: 2 * n }, normal);
  clean(v, []);
  scaleInPlace(v, 1 / Math.sqrt(norm2(v)));
  const basis: Float64Array[] = [];
  const [alpha, beta]: [number[], number[]] = [[], []];
  for (let step = 1; step <= maxSteps; step++) {
    basis.push(v);
    const w = new Float64Array(2 * n);
    apply(v, w);
    alpha.push(project(v, w));
    clean(w, basis);
    const b = Math.sqrt(norm2(w));
    if (!Number.isFinite(alpha[step - 1]! + b)) throw new SolverError(`Lanczos: got numbers that are not finite from the operator in step ${step}, expected finite ones: look for NaN in the field`);
    const closed = b <= 1e-14 * Math.abs(alpha[0]!);
    const done = step === maxSteps || closed;
    if (done || (step >= 2 * count && step % 4 === 0)) {
      const { values, rows } = ritz(alpha, beta);
      const order = values.map((_, k) => k).sort((p, q) => Math.abs(values[q]!) - Math.abs(values[p]!)).slice(0, count);
      // |A y - x y| of a Ritz pair is the last component times beta
      const good = order.filter((k) => Math.abs(b * rows[k * step + step - 1]!) <= precision * Math.abs(values[k]!));
      if (good.length === order.length || closed)
        return order.map((k) => {
          const vector = new Float64Array(2 * n);
          basis.forEach((u, i) => u.forEach((x, j) => (vector[j]! += rows[k * step + i]! * x)));
          return { value: values[k]!, vector };
        });
      if (done) break;
    }
    beta.push(b);
    scaleInPlace(w, 1 / b);
    v = w;
  }
  throw new SolverError(`Lanczos: ${count} eigenpairs have not reached ${precision} after ${maxSteps} steps, expected convergence: ask for fewer or allow more steps`);
}

/** Eigenvalues and, row by row, vectors of a symmetric tridiagonal matrix. */
function ritz(alpha: readonly number[], beta: readonly number[]): { values: number[]; rows: Float64Array } {
  const m = alpha.length;
  const values = Float64Array.from(alpha);
  const off = Float64Array.from({ length: m }, (_, i) => beta[i] ?? 0);
  const rows = new Float64Array(m * m);
  for (let i = 0; i < m; i++) rows[i * m + i] = 1;
  implicitQL(values, off, (i, s, c) => {
    for (let k = i * m; k < (i + 1) * m; k++) {
      const [a, b] = [rows[k]!, rows[k + m]!];
      rows[k + m] = s * a + c * b;
      rows[k] = c * a - s * b;
    }
  });
  return { values: [...values], rows };
}
