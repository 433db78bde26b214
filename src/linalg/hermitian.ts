/**
 * Eigenvalues of a complex Hermitian matrix on preallocated memory: Householder reduction to a real tridiagonal matrix (8 n^3 / 3 multiplications), then QL
 * with implicit shifts. With vectors: `HermitianEigenvectors`.
 *
 * Why not a library: of the well-kept packages ml-matrix has real symmetric matrices only; the real form of twice the dimension doubles every
 * level and always makes eigenvectors, at n = 72 it takes 45 times as long as `eigenvalues` here (equal values to 1e-13). mathjs has complex
 * matrices as arrays of objects and takes a minute. Bindings to LAPACK would be native. Local Monte Carlo asks for one spectrum an update,
 * so this is the inner loop of the exact reference.
 */
import { SolverError } from "../errors.ts";

/** Relative size of what is rounding. */
export const EPSILON = 2 ** -52;
const MOST_ITERATIONS = 60;

/** Eigenvalues of complex hermitian n x n matrices on memory that is kept between calls. */
export class HermitianEigenproblem {
  /** Dimension. */
  readonly n: number;
  /** The matrix, row by row: fill the lower triangle before each call, it is overwritten. */
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Eigenvalues of the last call, not sorted. */
  readonly values: Float64Array;
  /** Off-diagonal of the tridiagonal form (element i couples i and i + 1). */
  readonly #off: Float64Array;
  readonly #pRe: Float64Array;
  readonly #pIm: Float64Array;

  constructor(n: number) {
    this.n = n;
    const vector = (): Float64Array => new Float64Array(n);
    [this.re, this.im] = [new Float64Array(n * n), new Float64Array(n * n)];
    [this.values, this.#off, this.#pRe, this.#pIm] = [vector(), vector(), vector(), vector()];
  }

  /** Eigenvalues of the matrix in `re`, `im`. @throws SolverError when QL does not converge (numbers that are not finite). */
  eigenvalues(): Float64Array {
    this.#reduce();
    implicitQL(this.values, this.#off);
    return this.values;
  }

  /**
   * A -> P A P, last row first: x = A[0..i-1, i], u = x + e^{i theta} |x| e_{i-1} with the phase of x_{i-1}, h = |u|^2 / 2,
   * P = 1 - u u^+ / h; with p = A u / h and q = p - (u^+ p / 2h) u this is A - u q^+ - q u^+. u is kept in row i.
   */
  #reduce(): void {
    const { n, re, im, values } = this;
    const [off, pRe, pIm] = [this.#off, this.#pRe, this.#pIm];
    for (let i = n - 1; i > 0; i--) {
      const row = i * n;
      const last = row + i - 1;
      values[i] = re[row + i]!;
      let square = 0;
      for (let k = 0; k < i; k++) {
        // the column above the diagonal is the conjugate of the row
        im[row + k] = -im[row + k]!;
        square += re[row + k]! ** 2 + im[row + k]! ** 2;
      }
      const size = Math.sqrt(square);
      const corner = Math.sqrt(re[last]! ** 2 + im[last]! ** 2);
      const [cos, sin] = corner > 0 ? [re[last]! / corner, im[last]! / corner] : [1, 0];
      off[i - 1] = size;
      const h = square + size * corner;
      // nothing to remove: the row is tridiagonal already
      if (i === 1 || square - corner * corner <= EPSILON * EPSILON * square || h === 0) {
        off[i - 1] = corner;
        continue;
      }
      re[last] = re[last]! + cos * size;
      im[last] = im[last]! + sin * size;
      let K = 0;
      pRe.fill(0, 0, i);
      pIm.fill(0, 0, i);
      for (let j = 0; j < i; j++) {
        const at = j * n;
        const [uRe, uIm] = [re[row + j]!, im[row + j]!];
        let sRe = re[at + j]! * uRe;
        let sIm = re[at + j]! * uIm;
        for (let k = 0; k < j; k++) {
          const aRe = re[at + k]!;
          const aIm = im[at + k]!;
          const vRe = re[row + k]!;
          const vIm = im[row + k]!;
          sRe += aRe * vRe - aIm * vIm;
          sIm += aRe * vIm + aIm * vRe;
          pRe[k] = pRe[k]! + aRe * uRe + aIm * uIm;
          pIm[k] = pIm[k]! + aRe * uIm - aIm * uRe;
        }
        pRe[j] = pRe[j]! + sRe;
        pIm[j] = pIm[j]! + sIm;
      }
      for (let k = 0; k < i; k++) {
        pRe[k] = pRe[k]! / h;
        pIm[k] = pIm[k]! / h;
        K += re[row + k]! * pRe[k]! + im[row + k]! * pIm[k]!;
      }
      K /= 2 * h;
      for (let k = 0; k < i; k++) {
        pRe[k] = pRe[k]! - K * re[row + k]!;
        pIm[k] = pIm[k]! - K * im[row + k]!;
      }
      for (let j = 0; j < i; j++) {
        const at = j * n;
        const [uRe, uIm, qRe, qIm] = [re[row + j]!, im[row + j]!, pRe[j]!, pIm[j]!];
        for (let k = 0; k <= j; k++) {
          const vRe = re[row + k]!;
          const vIm = im[row + k]!;
          const wRe = pRe[k]!;
          const wIm = pIm[k]!;
          re[at + k] = re[at + k]! - (uRe * wRe + uIm * wIm + qRe * vRe + qIm * vIm);
          im[at + k] = im[at + k]! - (uIm * wRe - uRe * wIm + qIm * vRe - qRe * vIm);
        }
      }
    }
    values[0] = re[0]!;
    off[n - 1] = 0;
  }
}

/**
 * Eigenvalues of a real symmetric tridiagonal matrix by QL with implicit shifts (Bowdler, Martin, Reinsch, Wilkinson 1968): diagonal d,
 * element i of `off` couples i and i + 1; both are overwritten, d by the eigenvalues. Vectors are the rows
 * of a unit matrix after row_{i+1}, row_i <- s row_i + c row_{i+1}, c row_i - s row_{i+1} for each rotation, in the order of the calls.
 * @throws SolverError when an eigenvalue does not converge.
 */
export function implicitQL(d: Float64Array, off: Float64Array, rotation?: (i: number, s: number, c: number) => void): void {
  const n = d.length;
  for (let l = 0; l < n; l++)
    for (let iteration = 0; ; iteration++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(d[m]!) + Math.abs(d[m + 1]!);
        if (Math.abs(off[m]!) <= EPSILON * size || off[m] === 0) break;
      }
      if (m === l) break;
      if (iteration === MOST_ITERATIONS) throw new SolverError(`eigenvalues: level ${l} of ${n} did not converge in ${MOST_ITERATIONS} QL steps, expected about 2: the matrix is not finite or not Hermitian`);
      const g0 = (d[l + 1]! - d[l]!) / (2 * off[l]!);
      const r0 = Math.sqrt(g0 * g0 + 1);
      let g = d[m]! - d[l]! + off[l]! / (g0 + (g0 >= 0 ? r0 : -r0));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * off[i]!;
        const b = c * off[i]!;
        const r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          d[i + 1] = d[i + 1]! - p;
          off[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        const t = (d[i]! - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        rotation?.(i, s, c);
      }
      if (i >= l) continue;
      d[l] = d[l]! - p;
      off[l] = g;
      off[m] = 0;
    }
}
