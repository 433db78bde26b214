/**
 * Dense complex matrices: ln |det A| and A^{-1} in place, block column by block column, everything but the diagonal blocks through one product A B^+. With D
 * the diagonal block that remains after the blocks before it,
 *
 *     A_ij <- A_ij - A_iJ D^{-1} A_Jj,   A_iJ <- -A_iJ D^{-1},   A_Jj <- D^{-1} A_Jj,   A_JJ <- D^{-1}   (i, j outside of J),
 *
 * which is Gauss-Jordan elimination with the pivots of an LU decomposition, n^3 complex multiply-adds; of hermitian positive matrices only the lower
 * triangle is followed (sweeps, n^3 / 2). For the determinant alone the rows below are enough: a third of the work.
 */
import { SolverError } from "../errors.ts";
import { type DenseBackend, Products } from "./products.ts";

/** Columns that are eliminated together. */
const BLOCK = 16;

/** ln |det A| and det A / |det A|. */
export interface Determinant {
  readonly logAbs: number;
  readonly phase: readonly [re: number, im: number];
}

/** An n x n complex matrix A on memory that is kept: write it, then factor or invert it. Row i begins at `2 * stride * i` of `data`, (re, im). */
export class DenseMatrix {
  readonly n: number;
  /** Complex numbers from one row to the next. */
  readonly stride: number;
  readonly data: Float64Array;
  readonly #products: Products;
  /** Places, in complex numbers: a block column, the same times D^{-1} (or the adjoint of a block row), a block, its inverse. */
  readonly #column: number;
  readonly #other: number;
  readonly #block: number;
  readonly #inverse: number;

  constructor(n: number, backend: DenseBackend = "wasm") {
    this.n = n;
    const size = BLOCK * Math.ceil(n / BLOCK);
    this.stride = size;
    this.#column = size * size;
    this.#other = this.#column + size * BLOCK;
    this.#block = this.#other + size * BLOCK;
    this.#inverse = this.#block + size * BLOCK;
    this.#products = new Products(this.#inverse + BLOCK * BLOCK, backend);
    this.data = this.#products.data;
  }

  /** A = 0, with ones on the part of the diagonal that fills up the last block. */
  clear(): void {
    this.data.fill(0, 0, 2 * this.stride * this.stride);
    for (let i = this.n; i < this.stride; i++) this.data[2 * (i * this.stride + i)] = 1;
  }

  /** Largest |A_ij - conj(A_ji)| of a real or imaginary part, relative to the largest of A. */
  skewness(): number {
    const { data, n, stride } = this;
    let [off, size] = [0, 0];
    for (let i = 0; i < n; i++)
      for (let j = 0, p = 2 * i * stride, q = 2 * i; j <= i; j++, p += 2, q += 2 * stride) {
        off = Math.max(off, Math.abs(data[p]! - data[q]!), Math.abs(data[p + 1]! + data[q + 1]!));
        size = Math.max(size, Math.abs(data[p]!), Math.abs(data[p + 1]!));
      }
    return size === 0 ? 0 : off / size;
  }

  /** A^{-1} in the place of a hermitian positive A, of which the lower triangle is read. @throws SolverError when A is not positive. */
  invertHermitian(): Determinant {
    const det = this.#sweep(false);
    const { data, stride } = this;
    for (let i = 0; i < stride; i++)
      for (let j = 0, p = 2 * i * stride, q = 2 * i; j <= i; j++, p += 2, q += 2 * stride) {
        data[q] = data[p] = -data[p]!;
        data[p + 1] = -data[p + 1]!;
        data[q + 1] = i === j ? 0 : -data[p + 1]!;
      }
    return det;
  }

  /** The determinant of a hermitian positive A, which is lost. @throws SolverError when A is not positive. */
  factorHermitian(): Determinant {
    return this.#sweep(true);
  }

  /** A^{-1} in the place of A. @throws SolverError when A is singular. */
  invert(): Determinant {
    return this.#eliminate(false);
  }

  /** The determinant of A, which is lost. @throws SolverError when A is singular. */
  factor(): Determinant {
    return this.#eliminate(true);
  }

  /** out <- A v. */
  apply(v: Float64Array, out: Float64Array): Float64Array {
    const { data, n, stride } = this;
    for (let i = 0; i < n; i++) {
      let [re, im] = [0, 0];
      for (let j = 0, p = 2 * i * stride; j < n; j++, p += 2) {
        re += data[p]! * v[2 * j]! - data[p + 1]! * v[2 * j + 1]!;
        im += data[p]! * v[2 * j + 1]! + data[p + 1]! * v[2 * j]!;
      }
      out[2 * i] = re;
      out[2 * i + 1] = im;
    }
    return out;
  }

  /** A <- A B for another matrix of this size. */
  times({ data: B }: DenseMatrix): void {
    const { stride: s, data } = this;
    const both = new Products(3 * s * s);
    both.data.set(data.subarray(0, 2 * s * s));
    for (let i = 0; i < s; i++)
      for (let j = 0; j < s; j++) {
        const [from, to] = [2 * (i * s + j), 2 * (s * s + j * s + i)];
        both.data[to] = B[from]!;
        both.data[to + 1] = -B[from + 1]!;
      }
    both.multiply(2 * s * s, s, 0, s, s * s, s, s, s, s, 1, 0);
    data.set(both.data.subarray(4 * s * s));
  }

  /** Sweeps of the lower triangle: -A^{-1}. */
  #sweep(only: boolean): Determinant {
    const { stride: size, data } = this;
    const [P, Q, D] = [this.#column, this.#other, this.#inverse];
    let logAbs = 0;
    for (let j = 0; j < size; j += BLOCK) {
      logAbs += this.#invertBlock(j);
      const first = only ? j + BLOCK : 0;
      // the whole block column: above the diagonal it is the adjoint of the block row
      for (let i = first; i < j; i++)
        for (let t = 0; t < BLOCK; t++) {
          const [to, from] = [2 * (P + i * BLOCK + t), 2 * ((j + t) * size + i)];
          data[to] = data[from]!;
          data[to + 1] = -data[from + 1]!;
        }
      for (let i = j + BLOCK; i < size; i++) data.copyWithin(2 * (P + i * BLOCK), 2 * (i * size + j), 2 * (i * size + j + BLOCK));
      data.fill(0, 2 * (P + j * BLOCK), 2 * (P + (j + BLOCK) * BLOCK));
      this.#products.multiply(Q + first * BLOCK, BLOCK, P + first * BLOCK, BLOCK, D, BLOCK, size - first, BLOCK, BLOCK, 1, 0);
      for (let i = first; i < size; i += BLOCK) {
        if (i === j) continue;
        this.#products.multiply(i * size + first, size, Q + i * BLOCK, BLOCK, P + first * BLOCK, BLOCK, BLOCK, i + BLOCK - first, BLOCK, -1, 1);
      }
      if (only) continue;
      for (let i = 0; i < j; i++)
        for (let t = 0; t < BLOCK; t++) {
          const [from, to] = [2 * (Q + i * BLOCK + t), 2 * ((j + t) * size + i)];
          data[to] = data[from]!;
          data[to + 1] = -data[from + 1]!;
        }
      for (let i = j + BLOCK; i < size; i++) data.copyWithin(2 * (i * size + j), 2 * (Q + i * BLOCK), 2 * (Q + (i + 1) * BLOCK));
      for (let i = 0; i < BLOCK; i++) for (let t = 0; t < 2 * BLOCK; t++) data[2 * ((j + i) * size + j) + t] = -data[2 * (D + i * BLOCK) + t]!;
    }
    return { logAbs, phase: [1, 0] };
  }

  /** The inverse of the hermitian positive diagonal block at j, into its place in the work space; ln det of the block. */
  #invertBlock(j: number): number {
    const { stride: size, data } = this;
    const [L, D] = [2 * this.#block, 2 * this.#inverse];
    let log = 0;
    for (let c = 0; c < BLOCK; c++)
      for (let i = c; i < BLOCK; i++) {
        const from = 2 * ((j + i) * size + j + c);
        let [re, im] = [data[from]!, data[from + 1]!];
        for (let t = 0; t < c; t++) {
          const [p, q] = [L + 2 * (i * BLOCK + t), L + 2 * (c * BLOCK + t)];
          re -= data[p]! * data[q]! + data[p + 1]! * data[q + 1]!;
          im -= data[p + 1]! * data[q]! - data[p]! * data[q + 1]!;
        }
        const to = L + 2 * (i * BLOCK + c);
        if (i === c) {
          if (!(re > 0)) throw new SolverError(`Cholesky: pivot ${re} in row ${j + i}, expected a positive number: the matrix is not hermitian positive`);
          log += Math.log(re);
          data[to] = Math.sqrt(re);
          data[to + 1] = 0;
        } else {
          const d = data[L + 2 * (c * BLOCK + c)]!;
          data[to] = re / d;
          data[to + 1] = im / d;
        }
      }
    // columns of the inverse from L and L^+
    for (let c = 0; c < BLOCK; c++) {
      for (let i = 0; i < BLOCK; i++) this.#substitute(L, D, c, i, 0, i, i === c ? 1 : 0, false);
      for (let i = BLOCK - 1; i >= 0; i--) this.#substitute(L, D, c, i, i + 1, BLOCK, undefined, true);
    }
    return log;
  }

  /** Number i of column c of D: (its present value, or `start`) minus rows first ... last of L, or of L^+, over the diagonal. */
  #substitute(L: number, D: number, c: number, i: number, first: number, last: number, start: number | undefined, adjoint: boolean): void {
    const { data } = this;
    const to = D + 2 * (i * BLOCK + c);
    let [re, im] = start === undefined ? [data[to]!, data[to + 1]!] : [start, 0];
    for (let t = first; t < last; t++) {
      const p = adjoint ? L + 2 * (t * BLOCK + i) : L + 2 * (i * BLOCK + t);
      const [lr, li] = [data[p]!, adjoint ? -data[p + 1]! : data[p + 1]!];
      const q = D + 2 * (t * BLOCK + c);
      re -= lr * data[q]! - li * data[q + 1]!;
      im -= lr * data[q + 1]! + li * data[q]!;
    }
    const d = data[L + 2 * (i * BLOCK + i)]!;
    data[to] = re / d;
    data[to + 1] = im / d;
  }

  #eliminate(only: boolean): Determinant {
    const { stride: size, data } = this;
    const [P, R, D] = [this.#column, this.#other, this.#inverse];
    const swaps: [number, number][] = [];
    const det = { logAbs: 0, re: 1, im: 0 };
    for (let j = 0; j < size; j += BLOCK) {
      this.#pivots(j, swaps, det);
      const first = only ? j + BLOCK : 0;
      // P: the block column; R: the adjoint of D^{-1} times the block row, a row a column of A
      for (let i = first; i < size; i++) data.copyWithin(2 * (P + i * BLOCK), 2 * (i * size + j), 2 * (i * size + j + BLOCK));
      this.#rowsTimes(j, first, R);
      for (let i = first; i < size; i += BLOCK) {
        if (i === j) continue;
        this.#products.multiply(i * size + first, size, P + i * BLOCK, BLOCK, R + first * BLOCK, BLOCK, BLOCK, size - first, BLOCK, -1, 1);
      }
      if (only) continue;
      this.#adjointBlock(D);
      for (let i = 0; i < size; i += BLOCK) {
        if (i === j) continue;
        this.#products.multiply(i * size + j, size, P + i * BLOCK, BLOCK, this.#block, BLOCK, BLOCK, BLOCK, BLOCK, -1, 0);
      }
      for (let c = 0; c < size; c++)
        for (let t = 0; t < BLOCK; t++) {
          const inside = c >= j && c < j + BLOCK;
          const [from, to] = [inside ? 2 * (D + t * BLOCK + c - j) : 2 * (R + c * BLOCK + t), 2 * ((j + t) * size + c)];
          data[to] = data[from]!;
          data[to + 1] = inside ? data[from + 1]! : -data[from + 1]!;
        }
    }
    // the inverse of P A has the columns of A^{-1} in the order of the pivots
    if (!only)
      for (const [a, b] of swaps.reverse())
        for (let i = 0; i < size; i++)
          for (let part = 0; part < 2; part++) {
            const [p, q] = [2 * (i * size + a) + part, 2 * (i * size + b) + part];
            [data[p], data[q]] = [data[q]!, data[p]!];
          }
    return { logAbs: det.logAbs, phase: [det.re, det.im] };
  }

  /** Exchanges rows so that the block at j has large pivots, and inverts it into the work space. */
  #pivots(j: number, swaps: [number, number][], det: { logAbs: number; re: number; im: number }): void {
    const { stride: size, data } = this;
    const panel = 2 * this.#block;
    const at = (i: number, c: number): number => panel + 2 * (i * BLOCK + c);
    for (let i = j; i < size; i++) data.copyWithin(at(i, 0), 2 * (i * size + j), 2 * (i * size + j + BLOCK));
    for (let c = 0; c < BLOCK; c++) {
      let [best, largest] = [j + c, -1];
      for (let i = j + c; i < size; i++) {
        const x = data[at(i, c)]! ** 2 + data[at(i, c) + 1]! ** 2;
        if (x > largest) [best, largest] = [i, x];
      }
      if (!(largest > 0)) throw new SolverError(`LU: no pivot in column ${j + c}, expected a matrix that is not singular`);
      if (best !== j + c) {
        swaps.push([j + c, best]);
        swapRows(data, 2 * (j + c) * size, 2 * best * size, 2 * size);
        swapRows(data, at(j + c, 0), at(best, 0), 2 * BLOCK);
        [det.re, det.im] = [-det.re, -det.im];
      }
      const [pr, pi] = [data[at(j + c, c)]!, data[at(j + c, c) + 1]!];
      const size2 = Math.sqrt(largest);
      det.logAbs += Math.log(size2);
      [det.re, det.im] = [(det.re * pr - det.im * pi) / size2, (det.re * pi + det.im * pr) / size2];
      for (let i = j + c + 1; i < size; i++) {
        const p = at(i, c);
        const [fr, fi] = [(data[p]! * pr + data[p + 1]! * pi) / largest, (data[p + 1]! * pr - data[p]! * pi) / largest];
        data[p] = fr;
        data[p + 1] = fi;
        for (let t = c + 1; t < BLOCK; t++) {
          const [to, q] = [at(i, t), at(j + c, t)];
          data[to]! -= fr * data[q]! - fi * data[q + 1]!;
          data[to + 1]! -= fr * data[q + 1]! + fi * data[q]!;
        }
      }
    }
    this.#invertPivots(at(j, 0));
  }

  /** (L U)^{-1} for the factors of a block, column by column. */
  #invertPivots(LU: number): void {
    const { data } = this;
    const D = 2 * this.#inverse;
    for (let c = 0; c < BLOCK; c++) {
      for (let i = 0; i < BLOCK; i++) {
        let [re, im] = [i === c ? 1 : 0, 0];
        for (let t = 0; t < i; t++) {
          const [p, q] = [LU + 2 * (i * BLOCK + t), D + 2 * (t * BLOCK + c)];
          re -= data[p]! * data[q]! - data[p + 1]! * data[q + 1]!;
          im -= data[p]! * data[q + 1]! + data[p + 1]! * data[q]!;
        }
        data[D + 2 * (i * BLOCK + c)] = re;
        data[D + 2 * (i * BLOCK + c) + 1] = im;
      }
      for (let i = BLOCK - 1; i >= 0; i--) {
        const to = D + 2 * (i * BLOCK + c);
        let [re, im] = [data[to]!, data[to + 1]!];
        for (let t = i + 1; t < BLOCK; t++) {
          const [p, q] = [LU + 2 * (i * BLOCK + t), D + 2 * (t * BLOCK + c)];
          re -= data[p]! * data[q]! - data[p + 1]! * data[q + 1]!;
          im -= data[p]! * data[q + 1]! + data[p + 1]! * data[q]!;
        }
        const [dr, di] = [data[LU + 2 * (i * BLOCK + i)]!, data[LU + 2 * (i * BLOCK + i) + 1]!];
        const norm = dr * dr + di * di;
        data[to] = (re * dr + im * di) / norm;
        data[to + 1] = (im * dr - re * di) / norm;
      }
    }
  }

  /** (D^{-1} A_Jc)^+ as row c of R, for columns c from `first` on; rows of J itself are zero. */
  #rowsTimes(j: number, first: number, R: number): void {
    const { stride: size, data } = this;
    const D = this.#inverse;
    // the block row as its adjoint, then (A_Jc)^+ D^{-+} as a product with D
    const panel = this.#block;
    for (let c = first; c < size; c++)
      for (let t = 0; t < BLOCK; t++) {
        const [to, from] = [2 * (panel + c * BLOCK + t), 2 * ((j + t) * size + c)];
        data[to] = data[from]!;
        data[to + 1] = -data[from + 1]!;
      }
    this.#products.multiply(R + first * BLOCK, BLOCK, panel + first * BLOCK, BLOCK, D, BLOCK, size - first, BLOCK, BLOCK, 1, 0);
    if (first <= j) data.fill(0, 2 * (R + j * BLOCK), 2 * (R + (j + BLOCK) * BLOCK));
  }

  /** The adjoint of a block, into the work space. */
  #adjointBlock(D: number): void {
    const { data } = this;
    for (let i = 0; i < BLOCK; i++)
      for (let t = 0; t < BLOCK; t++) {
        const [to, from] = [2 * (this.#block + i * BLOCK + t), 2 * (D + t * BLOCK + i)];
        data[to] = data[from]!;
        data[to + 1] = -data[from + 1]!;
      }
  }
}

function swapRows(data: Float64Array, a: number, b: number, length: number): void {
  for (let t = 0; t < length; t++) [data[a + t], data[b + t]] = [data[b + t]!, data[a + t]!];
}
