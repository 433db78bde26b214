/**
 * Eigenvalues and eigenvectors of a complex hermitian matrix by blocks: Householder reduction of 32 rows at a time to a real tridiagonal matrix (half of it
 * products of a matrix and a vector, half products of blocks), QL with implicit shifts, whose rotations of many steps are applied to strips of the vectors
 * that stay in the cache, and the reflections in compact form (Schreiber, Van Loan 1989), again products of blocks. Without vectors `HermitianEigenproblem`
 * has less to do.
 */
import { type EigenvectorKernels, STRIP, eigenvectorKernels } from "./eigenvector-kernels.ts";
import { EPSILON, implicitQL } from "./hermitian.ts";
import { Products } from "./products.ts";

/** Rows that are reduced together. */
const PANEL = 32;
/** Reflections that are applied together, to few and to many vectors. */
const [FEW, MANY] = [16, 64];
/** Rotations that are kept for each row of the matrix before they are applied. */
const KEPT = 16;

/** Eigenvalues and eigenvectors of complex hermitian n x n matrices on memory that is kept between calls. */
export class HermitianEigenvectors {
  /** Dimension. */
  readonly n: number;
  /** Complex numbers from one row to the next, of the matrix and of the vectors. */
  readonly stride: number;
  /** The matrix, row i from `2 * stride * i` on, (re, im): fill the lower triangle before each call, it is overwritten. */
  readonly data: Float64Array;
  /** Eigenvalues of the last call, not sorted. */
  readonly values: Float64Array;
  /** Unit eigenvectors of the last call: number j from `2 * stride * j` on, (re, im). */
  readonly vectors: Float64Array;
  readonly #products: Products;
  readonly #kernels: EigenvectorKernels;
  /** n, rounded up to what products of blocks take. */
  readonly #size: number;
  /** Reflections that are applied together. */
  readonly #block: number;
  /** Places, in complex numbers: vectors; three panels of #size rows; rows of a panel; small matrices; vectors; rotations; strips. */
  readonly #V: number;
  readonly #panels: readonly [number, number, number];
  readonly #rows: number;
  readonly #T: number;
  readonly #u: number;
  readonly #kept: number;
  readonly #strips: number;
  /** Off-diagonal of the tridiagonal form (element i couples i and i + 1), its phases (re, im) and the norms h of the reflections. */
  readonly #off: Float64Array;
  readonly #phases: Float64Array;
  readonly #h: Float64Array;

  constructor(n: number) {
    this.n = n;
    const size = 4 * Math.ceil(n / 4);
    const block = n > 256 ? MANY : FEW;
    const width = Math.max(block, 2 * PANEL);
    // rows do not begin in the same lines of the cache
    const stride = size + 4;
    [this.#size, this.#block, this.stride] = [size, block, stride];
    let used = 0;
    const place = (length: number): number => (used += length) - length;
    place(n * stride);
    this.#V = place(size * stride);
    this.#panels = [place(size * width), place(size * width), place(size * width)];
    this.#rows = place(Math.max(PANEL, block) * stride);
    this.#T = place(2 * block * block);
    this.#u = place(3 * stride);
    this.#kept = place(KEPT * n);
    this.#strips = place((Math.ceil(n / STRIP) * STRIP * n) / 2);
    this.#products = new Products(used);
    this.#kernels = eigenvectorKernels(this.#products.memory!);
    this.data = this.#products.data;
    this.vectors = this.data.subarray(2 * this.#V, 2 * (this.#V + n * stride));
    [this.values, this.#off, this.#phases, this.#h] = [new Float64Array(n), new Float64Array(n), new Float64Array(2 * n), new Float64Array(n)];
  }

  /** Eigenvalues and vectors of the matrix in `data`. @throws SolverError when QL does not converge (numbers that are not finite). */
  decompose(): Float64Array {
    const { n } = this;
    for (let end = n; end > 0; ) {
      const count = end % PANEL || PANEL;
      for (let r = 0; r < count; r++) this.#reflect(end, r);
      end -= count;
      if (end > 0) this.#update(end, count);
    }
    this.#off[n - 1] = 0;
    this.#rotate();
    this.#phase();
    for (let first = 0; first < n; first += this.#block) this.#transformBack(first);
    return this.values;
  }

  /**
   * Row i = end - 1 - r of a panel that begins at row `end` and has r reflections behind it: P A P, with A - sum_r (u_r q_r^+ + q_r u_r^+) in the place of A.
   * x = A[0..i-1, i], u = x + e^{i theta} |x| e_{i-1} with the phase of x_{i-1}, h = |u|^2 / 2, P = 1 - u u^+ / h, p = A u / h, q = p - (u^+ p / 2h) u.
   * u is kept in row i.
   */
  #reflect(end: number, r: number): void {
    const { data, stride, values } = this;
    const i = end - 1 - r;
    const [row, q] = [2 * i * stride, 2 * (this.#rows + r * stride)];
    for (let t = 0; t < r; t++) subtractRow(data, row, 2 * (end - 1 - t) * stride, 2 * (this.#rows + t * stride), i);
    values[i] = data[row + 2 * i]!;
    data.fill(0, q, q + 2 * i);
    this.#h[i] = 0;
    if (i === 0) return;
    let square = 0;
    for (let k = row; k < row + 2 * i; k += 2) {
      // the column above the diagonal is the conjugate of the row
      data[k + 1] = -data[k + 1]!;
      square += data[k]! ** 2 + data[k + 1]! ** 2;
    }
    const last = row + 2 * (i - 1);
    const size = Math.sqrt(square);
    const corner = Math.sqrt(data[last]! ** 2 + data[last + 1]! ** 2);
    const [cos, sin] = corner > 0 ? [data[last]! / corner, data[last + 1]! / corner] : [1, 0];
    const h = square + size * corner;
    // nothing to remove: the row is tridiagonal already
    if (i === 1 || square - corner * corner <= EPSILON * EPSILON * square || h === 0) {
      this.#off[i - 1] = corner;
      this.#phases.set([cos, sin], 2 * i);
      data.fill(0, row, row + 2 * i);
      return;
    }
    this.#off[i - 1] = size;
    this.#phases.set([-cos, -sin], 2 * i);
    this.#h[i] = h;
    data[last] = data[last]! + cos * size;
    data[last + 1] = data[last + 1]! + sin * size;
    this.#times(i, row, q);
    for (let t = 0; t < r; t++) subtractProjections(data, q, row, 2 * (end - 1 - t) * stride, 2 * (this.#rows + t * stride), 2 * i);
    let K = 0;
    for (let k = 0; k < 2 * i; k++) {
      data[q + k] = data[q + k]! / h;
      K += data[row + k]! * data[q + k]!;
    }
    K /= 2 * h;
    for (let k = 0; k < 2 * i; k++) data[q + k] = data[q + k]! - K * data[row + k]!;
  }

  /** A u for the leading i rows of the matrix and u at `from`. */
  #times(i: number, from: number, to: number): void {
    const { data, stride } = this;
    const [u, p, s] = [this.#u, this.#u + stride, this.#u + 2 * stride];
    data.copyWithin(2 * u, from, from + 2 * i);
    data.fill(0, 2 * p, 2 * (s + i));
    const first = i % 2;
    this.#kernels.hermitianTimes(0, stride, u, p, s, first, i);
    for (let j = 0; j < i; j++) {
      const diagonal = data[2 * j * (stride + 1)]!;
      data[to + 2 * j] = data[2 * (s + j)]! + data[2 * (p + j)]! + diagonal * data[2 * (u + j)]!;
      data[to + 2 * j + 1] = data[2 * (s + j) + 1]! - data[2 * (p + j) + 1]! + diagonal * data[2 * (u + j) + 1]!;
    }
    // the element between the two rows of a pair
    for (let j = first; j < i; j += 2) {
      const at = 2 * ((j + 1) * stride + j);
      const [re, im] = [data[at]!, data[at + 1]!];
      const [p0, p1] = [to + 2 * j, to + 2 * j + 2];
      const [a, b, c, d] = [data[2 * (u + j)]!, data[2 * (u + j) + 1]!, data[2 * (u + j) + 2]!, data[2 * (u + j) + 3]!];
      data[p0] = data[p0]! + re * c + im * d;
      data[p0 + 1] = data[p0 + 1]! + re * d - im * c;
      data[p1] = data[p1]! + re * a - im * b;
      data[p1 + 1] = data[p1 + 1]! + re * b + im * a;
    }
  }

  /** A <- A - sum_r (u_r q_r^+ + q_r u_r^+) on the leading `end` rows, after a panel of `count`. */
  #update(end: number, count: number): void {
    const { data, stride } = this;
    const [X, Y] = this.#panels;
    const width = 2 * PANEL;
    data.fill(0, 2 * X, 2 * (X + end * width));
    data.fill(0, 2 * Y, 2 * (Y + end * width));
    for (let r = 0; r < count; r++) {
      const [u, q] = [2 * (end + count - 1 - r) * stride, 2 * (this.#rows + r * stride)];
      for (let j = 0; j < end; j++)
        for (const part of [0, 1]) {
          const [left, right] = [2 * (j * width + r) + part, 2 * (j * width + PANEL + r) + part];
          data[2 * X + left] = data[2 * Y + right] = data[u + 2 * j + part]!;
          data[2 * X + right] = data[2 * Y + left] = data[q + 2 * j + part]!;
        }
    }
    for (let j = 0; j < end; j += PANEL) this.#products.multiply(j * stride, stride, X + j * width, width, Y, width, PANEL, j + PANEL, width, -1, 1);
  }

  /** Eigenvalues and vectors of the tridiagonal matrix: row m of the strips is vector m. */
  #rotate(): void {
    const { n, data } = this;
    const [kept, strips] = [this.#kept, this.#strips];
    const strip = (n * STRIP) / 2;
    data.fill(0, 2 * strips, 2 * (strips + strip * Math.ceil(n / STRIP)));
    for (let k = 0; k < n; k++) data[2 * (strips + Math.floor(k / STRIP) * strip) + k * STRIP + (k % STRIP)] = 1;
    const steps: { readonly row: number; readonly from: number }[] = [];
    let [used, last] = [0, -1];
    const apply = (): void => {
      for (let k = 0; k < n; k += STRIP) steps.forEach(({ row, from }, m) => this.#kernels.rotate(strips + (k / STRIP) * strip, row, kept + from, (steps[m + 1]?.from ?? used) - from));
      steps.length = used = 0;
    };
    implicitQL(this.values, this.#off, (row, s, c) => {
      if (used === KEPT * n) apply();
      if (used === 0 || row !== last - 1) steps.push({ row, from: used });
      const at = 2 * (kept + used++);
      data[at] = c;
      data[at + 1] = s;
      last = row;
    });
    apply();
  }

  /** Vectors of the tridiagonal matrix with phases: D_{i-1} = D_i e_i / |e_i|. */
  #phase(): void {
    const { n, data, stride } = this;
    let [re, im] = [1, 0];
    for (let k = n - 1; k >= 0; k--) {
      const from = 2 * this.#strips + Math.floor(k / STRIP) * n * STRIP + (k % STRIP);
      for (let m = 0, to = 2 * (this.#V + k); m < n; m++, to += 2 * stride) {
        const z = data[from + m * STRIP]!;
        data[to] = re * z;
        data[to + 1] = im * z;
      }
      const [cos, sin] = [this.#phases[2 * k]!, this.#phases[2 * k + 1]!];
      if (k > 0) [re, im] = [re * cos - im * sin, re * sin + im * cos];
    }
  }

  /**
   * v <- P_last ... P_first v for the reflections of one block and all vectors, P_last ... P_first = 1 - U T U^+ with T_rr = 1 / h_r and
   * T_rj = -sum_{j <= l < r} (u_r^+ u_l) T_lj / h_r below the diagonal.
   */
  #transformBack(first: number): void {
    const { n, data, stride } = this;
    const size = this.#size;
    const block = this.#block;
    const U = this.#rows;
    const [adjoint, W, X] = this.#panels;
    const [G, T] = [this.#T, this.#T + block * block];
    const width = Math.min(size, first + block);
    data.fill(0, 2 * U, 2 * (U + block * stride));
    data.fill(0, 2 * adjoint, 2 * (adjoint + width * block));
    for (let r = 0; r < block && first + r < n; r++) {
      const i = first + r;
      if (this.#h[i] === 0) continue;
      data.copyWithin(2 * (U + r * stride), 2 * i * stride, 2 * (i * stride + i));
      for (let k = 0; k < i; k++) {
        const to = 2 * (adjoint + k * block + r);
        data[to] = data[2 * (i * stride + k)]!;
        data[to + 1] = -data[2 * (i * stride + k) + 1]!;
      }
    }
    this.#products.multiply(G, block, U, stride, U, stride, block, block, width, 1, 0);
    this.#compact(first, G, T);
    this.#products.multiply(W, block, this.#V, stride, U, stride, size, block, width, 1, 0); // u_r^+ v
    this.#products.multiply(X, block, W, block, T, block, size, block, block, 1, 0);
    this.#products.multiply(this.#V, stride, X, block, adjoint, block, size, width, block, -1, 1);
  }

  /** The conjugate of T, from G_lr = u_r^+ u_l. */
  #compact(first: number, G: number, T: number): void {
    const { data } = this;
    const block = this.#block;
    data.fill(0, 2 * T, 2 * (T + block * block));
    for (let r = 0; r < block; r++) {
      const h = this.#h[first + r] ?? 0;
      if (h === 0) continue;
      data[2 * (T + r * block + r)] = 1 / h;
      for (let j = 0; j < r; j++) {
        let [re, im] = [0, 0];
        for (let l = j; l < r; l++) {
          const [g, t] = [2 * (G + l * block + r), 2 * (T + l * block + j)];
          // conj(G) conj(T), and T holds the conjugate already
          re += data[g]! * data[t]! + data[g + 1]! * data[t + 1]!;
          im += data[g]! * data[t + 1]! - data[g + 1]! * data[t]!;
        }
        data[2 * (T + r * block + j)] = -re / h;
        data[2 * (T + r * block + j) + 1] = -im / h;
      }
    }
  }
}

/** Row i <- row i - (u_i q^+ + q_i u^+), up to the diagonal. */
function subtractRow(data: Float64Array, row: number, u: number, q: number, i: number): void {
  const [uRe, uIm, qRe, qIm] = [data[u + 2 * i]!, data[u + 2 * i + 1]!, data[q + 2 * i]!, data[q + 2 * i + 1]!];
  for (let k = 0; k <= 2 * i; k += 2) {
    const [vRe, vIm, wRe, wIm] = [data[u + k]!, data[u + k + 1]!, data[q + k]!, data[q + k + 1]!];
    data[row + k] = data[row + k]! - (uRe * wRe + uIm * wIm + qRe * vRe + qIm * vIm);
    data[row + k + 1] = data[row + k + 1]! - (uIm * wRe - uRe * wIm + qIm * vRe - qRe * vIm);
  }
}

/** p <- p - v (w^+ u) - w (v^+ u), for the first `length` doubles. */
function subtractProjections(data: Float64Array, p: number, u: number, v: number, w: number, length: number): void {
  let [vRe, vIm, wRe, wIm] = [0, 0, 0, 0];
  for (let k = 0; k < length; k += 2) {
    const [re, im] = [data[u + k]!, data[u + k + 1]!];
    const [a, b, c, d] = [data[v + k]!, data[v + k + 1]!, data[w + k]!, data[w + k + 1]!];
    vRe += a * re + b * im;
    vIm += a * im - b * re;
    wRe += c * re + d * im;
    wIm += c * im - d * re;
  }
  for (let k = 0; k < length; k += 2) {
    const [a, b, c, d] = [data[v + k]!, data[v + k + 1]!, data[w + k]!, data[w + k + 1]!];
    data[p + k] = data[p + k]! - (a * wRe - b * wIm + c * vRe - d * vIm);
    data[p + k + 1] = data[p + k + 1]! - (a * wIm + b * wRe + c * vIm + d * vRe);
  }
}
