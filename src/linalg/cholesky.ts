/**
 * A = L L^+ for dense hermitian positive matrices: ln det A, tr A^{-1} and solutions. Rows of two are multiplied with rows of two, in blocks
 * whose rows stay in the cache.
 */
import { SolverError } from "../errors.ts";
import { InnerProducts } from "./inner-products.ts";

/** Rows that are worked on together. */
const BLOCK = 8;

/**
 * Cholesky factor of a dense hermitian positive n x n matrix: ln det A, tr A^{-1} and solutions. Construction @throws SolverError when A is not
 * positive.
 */
export class Cholesky {
  readonly n: number;
  readonly #size: number;
  readonly #memory: InnerProducts;
  /** Rows of L, (re, im), below and on the diagonal; behind them BLOCK rows of work space. */
  readonly #L: Float64Array;
  /** The four complex products of two rows with two rows. */
  readonly #s = new Float64Array(8);

  /**
   * `fill` writes the lower triangle of A to zeros, row by row, (re, im), with `stride` complex numbers from one row to the next.
   * @throws SolverError when A is not positive.
   */
  constructor(n: number, fill: (a: Float64Array, stride: number) => void) {
    this.n = n;
    this.#size = n + (n % 2);
    this.#memory = new InnerProducts((this.#size + BLOCK) * this.#size);
    this.#L = this.#memory.data;
    fill(this.#L, this.#size);
    if (this.#size > n) this.#L[2 * (n * this.#size + n)] = 1;
    this.#factor();
  }

  /** ln det A. */
  get logDeterminant(): number {
    let s = 0;
    for (let i = 0; i < this.n; i++) s += 2 * Math.log(this.#L[2 * (i * this.#size + i)]!);
    return s;
  }

  /** tr A^{-1} = sum |L^{-1}_ij|^2. */
  traceInverse(): number {
    const size = this.#size;
    const [L, s] = [this.#L, this.#s];
    // conj(W) row by row, W the transposed columns of L^{-1}
    const rows = size * size;
    const V = L.subarray(2 * rows);
    let trace = 0;
    for (let first = 0; first < size; first += BLOCK) {
      const width = Math.min(BLOCK, size - first);
      V.fill(0);
      for (let i = first; i < size; i += 2) {
        const [d0, d1] = [2 * (i * size + i), 2 * ((i + 1) * size + i + 1)];
        for (let c = 0; c < width; c += 2) {
          this.#memory.rows(i * size + first, size, rows + c * size + first, size, i - first, s);
          for (let e = 0; e < 2; e++) {
            const column = first + c + e;
            const at = 2 * ((c + e) * size + i);
            const re = ((column === i ? 1 : 0) - s[2 * e]!) / L[d0]!;
            const im = -s[2 * e + 1]! / L[d0]!;
            // L_{i+1,i} w_i
            const [lr, li] = [L[d1 - 2]!, L[d1 - 1]!];
            const re1 = ((column === i + 1 ? 1 : 0) - s[4 + 2 * e]! - (lr * re - li * im)) / L[d1]!;
            const im1 = (-s[4 + 2 * e + 1]! - (lr * im + li * re)) / L[d1]!;
            V[at] = re;
            V[at + 1] = -im;
            V[at + 2] = re1;
            V[at + 3] = -im1;
            trace += re * re + im * im + re1 * re1 + im1 * im1;
          }
        }
      }
    }
    return trace - (size - this.n);
  }

  /** A^{-1} b, in place. */
  solve(b: Float64Array): Float64Array {
    const { n } = this;
    const [L, size] = [this.#L, this.#size];
    for (let i = 0; i < n; i++) {
      let [re, im] = [b[2 * i]!, b[2 * i + 1]!];
      for (let k = 0; k < i; k++) {
        const at = 2 * (i * size + k);
        re -= L[at]! * b[2 * k]! - L[at + 1]! * b[2 * k + 1]!;
        im -= L[at]! * b[2 * k + 1]! + L[at + 1]! * b[2 * k]!;
      }
      const d = L[2 * (i * size + i)]!;
      b[2 * i] = re / d;
      b[2 * i + 1] = im / d;
    }
    for (let i = n - 1; i >= 0; i--) {
      const d = L[2 * (i * size + i)]!;
      const re = (b[2 * i] = b[2 * i]! / d);
      const im = (b[2 * i + 1] = b[2 * i + 1]! / d);
      for (let k = 0; k < i; k++) {
        const at = 2 * (i * size + k);
        b[2 * k]! -= L[at]! * re + L[at + 1]! * im;
        b[2 * k + 1]! -= L[at]! * im - L[at + 1]! * re;
      }
    }
    return b;
  }

  #factor(): void {
    const size = this.#size;
    const [L, s] = [this.#L, this.#s];
    for (let first = 0; first < size; first += BLOCK) {
      const last = Math.min(first + BLOCK, size);
      for (let j = 0; j < last; j += 2) {
        const [d0, d1] = [2 * (j * size + j), 2 * ((j + 1) * size + j + 1)];
        for (let i = Math.max(first, j); i < last; i += 2) {
          this.#memory.rows(i * size, size, j * size, size, j, s);
          if (i === j) {
            this.#diagonal(j);
            continue;
          }
          for (let e = 0; e < 2; e++) {
            const at = 2 * ((i + e) * size + j);
            const re = (L[at]! - s[4 * e]!) / L[d0]!;
            const im = (L[at + 1]! - s[4 * e + 1]!) / L[d0]!;
            // L_ij conj(L_{j+1,j})
            const [lr, li] = [L[d1 - 2]!, -L[d1 - 1]!];
            L[at] = re;
            L[at + 1] = im;
            L[at + 2] = (L[at + 2]! - s[4 * e + 2]! - (re * lr - im * li)) / L[d1]!;
            L[at + 3] = (L[at + 3]! - s[4 * e + 3]! - (re * li + im * lr)) / L[d1]!;
          }
        }
      }
    }
  }

  /** The 2 x 2 block at (j, j), after `products` of its rows with themselves. */
  #diagonal(j: number): void {
    const [L, s, size] = [this.#L, this.#s, this.#size];
    const [d0, d1] = [2 * (j * size + j), 2 * ((j + 1) * size + j + 1)];
    const root = (x: number, i: number): number => {
      if (!(x > 0)) throw new SolverError(`Cholesky: pivot ${x} in row ${i}, expected a positive number: the matrix is not hermitian positive`);
      return Math.sqrt(x);
    };
    L[d0] = root(L[d0]! - s[0]!, j);
    L[d0 + 1] = 0;
    const re = (L[d1 - 2]! - s[4]!) / L[d0]!;
    const im = (L[d1 - 1]! - s[5]!) / L[d0]!;
    L[d1 - 2] = re;
    L[d1 - 1] = im;
    L[d1] = root(L[d1]! - s[6]! - re * re - im * im, j + 1);
    L[d1 + 1] = 0;
  }
}
