/**
 * Matrix functions of a hermitian kernel, through its eigenvectors: with G a diagonal matrix of signs and A with G A G = A^+,
 *
 *     H = (b + c) G A [2 + (b - c) A]^{-1},   D(m) = (1 + m)/2 + (1 - m)/2 G eps(H),
 *     eps(x) = [(1+x)^L - (1-x)^L] / [(1+x)^L + (1-x)^L] = tanh(L artanh x), or sign(x) for L = 0:
 *
 * the overlap operator of the kernel, and what domain walls of extent L make of it. Derivatives are those of the eigenvectors: with H = v w v^+,
 * d eps = v [f o (v^+ dH v)] v^+ and the divided differences f_jk = (eps(w_j) - eps(w_k)) / (w_j - w_k).
 */
import { SolverError } from "../errors.ts";
import { DenseMatrix, type Determinant } from "./dense.ts";
import { HermitianEigenvectors } from "./eigenvectors.ts";
import { type DenseBackend, Products } from "./products.ts";

/** Kernel and approximation of the sign. */
export interface SignKernel {
  /** Coefficients of the kernel H = (b + c) G A [2 + (b - c) A]^{-1}. */
  readonly b: number;
  readonly c: number;
  /** L of eps; 0: the sign function itself. */
  readonly Ls: number;
}

/** Relative size of an eigenvalue of H whose sign is rounding. */
const VANISHING = 1e-12;

/** Rows of a hermitian product that are made together. */
const ROWS = 32;

/** eps(x). */
export function signOf(x: number, Ls: number): number {
  if (Ls === 0) return x < 0 ? -1 : 1;
  const [p, q] = powers(x, Ls);
  return (p - q) / (p + q);
}

/** (1 + x)^L and (1 - x)^L over (1 + |x|)^L, which does not overflow. */
function powers(x: number, Ls: number): [number, number] {
  const s = 1 + Math.abs(x);
  return [((1 + x) / s) ** Ls, ((1 - x) / s) ** Ls];
}

/**
 * [eps(x) - eps(y)] / (x - y), and eps'(x) where they are equal; 0 for the derivative of the sign. With u = (1+x)(1-y) and v = (1-x)(1+y) the difference
 * of the numerators is 2 (u^L - v^L) and u - v = 2 (x - y), so that nothing cancels.
 */
export function signSlope(x: number, y: number, Ls: number): number {
  if (Ls === 0) return x < 0 === y < 0 ? 0 : 2 / (Math.abs(x) + Math.abs(y));
  const scale = (1 + Math.abs(x)) * (1 + Math.abs(y));
  const [u, v] = [((1 + x) * (1 - y)) / scale, ((1 - x) * (1 + y)) / scale];
  let sum = 0;
  for (let i = 0; i < Ls; i++) sum = sum * u + v ** i;
  const [p, q] = powers(x, Ls);
  const [r, t] = powers(y, Ls);
  return (4 * sum) / (scale * (p + q) * (r + t));
}

/** D(m) of one kernel matrix A on memory that is kept: write A, call `decompose`, then ask for any m. */
export class OverlapMatrix {
  readonly n: number;
  readonly kernel: SignKernel;
  /** A, to be written before `decompose`. */
  readonly A: DenseMatrix;
  /** Eigenvalues of H, not sorted, and eps of each. */
  readonly eigenvalues: Float64Array;
  readonly signs: Float64Array;
  readonly #signature: Float64Array;
  readonly #problem: HermitianEigenvectors;
  readonly #backend: DenseBackend;
  /** [2 + (b - c) A]^{-1}, where b and c differ. */
  readonly #B: DenseMatrix | undefined;
  readonly #D: DenseMatrix;
  #mass = Number.NaN;
  #work: Products | undefined;

  /** `signature`: the diagonal of G. */
  constructor(signature: ArrayLike<number>, kernel: SignKernel, backend: DenseBackend = "wasm") {
    const n = signature.length;
    this.n = n;
    this.kernel = kernel;
    this.#signature = Float64Array.from(signature);
    this.#backend = backend;
    this.A = new DenseMatrix(n, backend);
    this.#B = kernel.b === kernel.c ? undefined : new DenseMatrix(n, backend);
    this.#D = new DenseMatrix(n, backend);
    this.#problem = new HermitianEigenvectors(n);
    [this.eigenvalues, this.signs] = [new Float64Array(n), new Float64Array(n)];
  }

  /**
   * Eigenvalues and vectors of H. @throws SolverError for an eigenvalue that vanishes within rounding, where sign(H) and with it the topological index are
   * not defined: it names the value.
   */
  decompose(): void {
    const { n, kernel } = this;
    const { data, stride } = this.#problem;
    const H = this.#hermitian();
    for (let i = 0; i < n; i++) data.set(H.data.subarray(2 * i * H.stride, 2 * (i * H.stride + i + 1)), 2 * i * stride);
    this.eigenvalues.set(this.#problem.decompose());
    this.signs.set(this.#signs(kernel.Ls));
    this.#mass = Number.NaN;
  }

  /** eps of the eigenvalues. */
  #signs(Ls: number): Float64Array {
    const sizes = this.eigenvalues.map(Math.abs);
    const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
    if (Ls === 0 && !(low > VANISHING * high))
      throw new SolverError(`overlap: the kernel has the eigenvalue ${this.eigenvalues[sizes.indexOf(low)]} between ${-high} and ${high}, expected none that vanishes: its sign, and with it the topology of this field, is not defined`);
    return this.eigenvalues.map((w) => signOf(w, Ls));
  }

  /** eps(H), into a matrix of this size. */
  sign(into: DenseMatrix): DenseMatrix {
    return this.#function(this.signs, into);
  }

  /** The square root of (1 - eps^2)/4, what a finite extent leaves of the Ginsparg-Wilson relation, into a matrix of this size; 0 for the sign. */
  violation(into: DenseMatrix): DenseMatrix {
    const { Ls } = this.kernel;
    // 1 - eps^2 = 4 p q / (p + q)^2, which does not cancel
    return this.#function(this.eigenvalues.map((w) => {
      const [p, q] = powers(w, Ls);
      return Ls === 0 ? 0 : Math.sqrt(p * q) / (p + q);
    }), into);
  }

  /** D(m), into a matrix of this size. */
  operator(mass: number, into: DenseMatrix): DenseMatrix {
    return this.#operator(mass, this.signs, into);
  }

  #operator(mass: number, signs: Float64Array, into: DenseMatrix): DenseMatrix {
    const { data, stride } = this.#function(signs, into);
    for (let i = 0; i < this.n; i++) {
      const g = ((1 - mass) / 2) * this.#signature[i]!;
      for (let k = 2 * i * stride; k < 2 * (i * stride + this.n); k++) data[k]! *= g;
      data[2 * i * (stride + 1)]! += (1 + mass) / 2;
    }
    return into;
  }

  /** The determinant of D(m); unless `only`, derivatives may follow. @throws SolverError when D(m) is singular. */
  determinant(mass: number, only: boolean): Determinant {
    this.operator(mass, this.#D);
    if (only) return this.#D.factor();
    const det = this.#D.invert();
    this.#mass = mass;
    return det;
  }

  /** ln |det D(m)| with an extent of its own, from the same eigenvectors. @throws SolverError as `determinant`, and as `decompose` for the sign. */
  logDet(mass: number, Ls: number): number {
    this.#mass = Number.NaN;
    return this.#operator(mass, this.#signs(Ls), this.#D).factor().logAbs;
  }

  /** d ln |det D(m)| / dm = Re tr D^{-1} (1 - G eps)/2, with G eps = (2 D - 1 - m)/(1 - m). @throws SolverError at m = 1 and before `determinant`. */
  massDerivative(): number {
    const { data, stride } = this.#inverse();
    if (this.#mass === 1) throw new SolverError("overlap: got the derivative at m = 1, expected another mass: D(1) = 1 does not depend on the kernel");
    let trace = 0;
    for (let i = 0; i < this.n; i++) trace += data[2 * i * (stride + 1)]!;
    return (trace - this.n) / (1 - this.#mass);
  }

  /** K with d ln |det D(m)| = Re tr(K dA), into a matrix of this size. @throws SolverError before `determinant`. */
  weight(into: DenseMatrix): DenseMatrix {
    const { n } = this;
    const D = this.#inverse();
    const s = D.stride;
    const [V, M, X, Y] = [0, 1, 2, 3].map((k) => k * s * s) as [number, number, number, number];
    const w = (this.#work ??= new Products(4 * s * s, this.#backend));
    const { data } = w;
    // M = (1 - m)/2 D^{-1} G as its adjoint, and v^+ as rows
    this.#columns(data, V, s);
    const factor = (1 - this.#mass) / 2;
    data.fill(0, 2 * M, 2 * (M + s * s));
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [from, to] = [2 * (i * s + j), 2 * (M + j * s + i)];
        const g = factor * this.#signature[j]!;
        data[to] = g * D.data[from]!;
        data[to + 1] = -g * D.data[from + 1]!;
      }
    adjoint(data, V, X, s);
    w.multiply(Y, s, X, s, M, s, s, s, s, 1, 0); // v^+ M
    w.multiply(M, s, Y, s, X, s, s, s, s, 1, 0); // v^+ M v
    this.#slopes(data, M, X, s); // its product with f, as the adjoint
    w.multiply(Y, s, V, s, X, s, s, s, s, 1, 0);
    w.multiply(M, s, Y, s, V, s, s, s, s, 1, 0); // K of H
    into.clear();
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [from, to] = [2 * (M + i * s + j), 2 * (i * s + j)];
        into.data[to] = data[from]! * this.#signature[j]!;
        into.data[to + 1] = data[from + 1]! * this.#signature[j]!;
      }
    return this.#ofKernel(into);
  }

  /** sum_j g(w_j) v_j v_j^+ for values g of the eigenvalues; the lower triangle by products. */
  #function(values: Float64Array, into: DenseMatrix): DenseMatrix {
    const s = into.stride;
    const w = (this.#work ??= new Products(4 * s * s, this.#backend));
    this.#columns(w.data, 0, s);
    w.data.copyWithin(2 * s * s, 0, 2 * s * s);
    for (let i = 0; i < this.n; i++)
      for (let j = 0; j < this.n; j++) {
        const at = 2 * (s * s + i * s + j);
        w.data[at]! *= values[j]!;
        w.data[at + 1]! *= values[j]!;
      }
    for (let i = 0; i < s; i += ROWS) w.multiply(2 * s * s + i * s, s, s * s + i * s, s, 0, s, Math.min(ROWS, s - i), Math.min(i + ROWS, s), s, 1, 0);
    into.clear();
    for (let i = 0; i < this.n; i++)
      for (let j = 0; j <= i; j++) {
        const [from, lower, upper] = [2 * (2 * s * s + i * s + j), 2 * (i * s + j), 2 * (j * s + i)];
        into.data[upper] = into.data[lower] = w.data[from]!;
        into.data[upper + 1] = -(into.data[lower + 1] = w.data[from + 1]!);
      }
    return into;
  }

  /** Eigenvectors as the columns of a matrix of stride s, with zeros on its edge. */
  #columns(data: Float64Array, at: number, s: number): void {
    const { n } = this;
    const { vectors, stride } = this.#problem;
    data.fill(0, 2 * at, 2 * (at + s * s));
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++) {
        data[2 * (at + i * s + j)] = vectors[2 * (j * stride + i)]!;
        data[2 * (at + i * s + j) + 1] = vectors[2 * (j * stride + i) + 1]!;
      }
  }

  /** (T o f)^+ for the matrix T at `from`, f of the eigenvalues. */
  #slopes(data: Float64Array, from: number, to: number, s: number): void {
    const { n, eigenvalues: w } = this;
    data.fill(0, 2 * to, 2 * (to + s * s));
    for (let j = 0; j < n; j++)
      for (let k = 0; k <= j; k++) {
        const f = signSlope(w[j]!, w[k]!, this.kernel.Ls);
        if (f === 0) continue;
        for (const [a, b] of j === k ? [[j, k]] : [[j, k], [k, j]]) {
          const [p, q] = [2 * (from + a! * s + b!), 2 * (to + b! * s + a!)];
          data[q] = f * data[p]!;
          data[q + 1] = -f * data[p + 1]!;
        }
      }
  }

  /** K G of H -> K of A: 2 (b + c) B K G B with B = [2 + (b - c) A]^{-1}. */
  #ofKernel(K: DenseMatrix): DenseMatrix {
    const B = this.#B;
    const { b, c } = this.kernel;
    let factor = (b + c) / 2;
    if (B) {
      K.times(B);
      const left = new DenseMatrix(this.n, this.#backend);
      left.data.set(B.data.subarray(0, 2 * B.stride ** 2));
      left.times(K);
      K.data.set(left.data.subarray(0, 2 * B.stride ** 2));
      factor = 2 * (b + c);
    }
    for (let k = 0; k < 2 * K.stride ** 2; k++) K.data[k]! *= factor;
    return K;
  }

  /** H: (b + c)/2 G A, or (b + c)/(b - c) G (1 - 2 B). */
  #hermitian(): DenseMatrix {
    const { A, n, kernel: { b, c } } = this;
    const B = this.#B;
    const H = this.#D;
    const size = 2 * A.stride ** 2;
    H.data.set(A.data.subarray(0, size));
    if (B) {
      for (let k = 0; k < size; k++) B.data[k] = (b - c) * A.data[k]!;
      for (let i = 0; i < A.stride; i++) B.data[2 * i * (A.stride + 1)]! += 2;
      B.invert();
      for (let k = 0; k < size; k++) H.data[k] = -2 * B.data[k]!;
      for (let i = 0; i < n; i++) H.data[2 * i * (A.stride + 1)]! += 1;
    }
    const factor = B ? (b + c) / (b - c) : (b + c) / 2;
    for (let i = 0; i < n; i++) for (let k = 2 * i * A.stride; k < 2 * (i * A.stride + n); k++) H.data[k]! *= factor * this.#signature[i]!;
    return H;
  }

  #inverse(): DenseMatrix {
    if (Number.isNaN(this.#mass)) throw new SolverError("overlap: got no determinant with its inverse, expected one before a derivative");
    return this.#D;
  }
}

/** The adjoint of a matrix of stride s. */
function adjoint(data: Float64Array, from: number, to: number, s: number): void {
  for (let i = 0; i < s; i++)
    for (let j = 0; j < s; j++) {
      const [p, q] = [2 * (from + i * s + j), 2 * (to + j * s + i)];
      data[q] = data[p]!;
      data[q + 1] = -data[p + 1]!;
    }
}
