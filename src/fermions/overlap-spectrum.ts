/**
 * Overlap fermions and the four-dimensional operator of domain walls as dense matrices, through the eigenvectors of the kernel: the reference for
 * everything else, on lattices with at most 6144 components of a spinor. Index, determinant, condensate, pion, residual mass, spectrum of D_0^+D_0.
 */
import { type LinkField, type Links, type Vector, Field, type VectorType, denseRows, kind, record, spinOf } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { DenseMatrix, HermitianEigenproblem, OverlapMatrix, type SignKernel } from "../linalg/index.ts";
import { chirality } from "./domain-wall.ts";
import { type Twist, twisted } from "./operator.ts";
import { type OverlapKernel, coefficients, overlapKernelD, overlapOf } from "./overlap.ts";
import type { Boundary } from "./staggered.ts";
import { wilsonType } from "./wilson.ts";
import { guard, is } from "../util/index.ts";

/** Which operator. */
export interface OverlapShape {
  /** Domain-wall height M5; default 1. */
  readonly height?: number;
  /** Default "wilson"; or the coefficients of domain walls. */
  readonly kernel?: OverlapKernel | { readonly b: number; readonly c: number };
  /** Extent of a fifth dimension, eps = tanh(Ls artanh H); default the sign function itself, Ls = infinity. */
  readonly Ls?: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Angles on top of the signs; default none. */
  readonly twist?: Twist;
}

/** Largest dimension of a dense matrix. */
const LARGEST = 6144;

/** Made by `exactOverlap`. */
export class ExactOverlap {
  /** Eigenvalues of H, those of least modulus first. */
  readonly eigenvalues: readonly number[];
  /** Number of positive minus number of negative eigenvalues of H. */
  readonly signature: number;
  /** n_+ - n_- = -tr eps / 2 of zero modes with gamma_5 = +-1: minus the topological charge on smooth fields. An integer for the sign. */
  readonly index: number;
  readonly #volume: number;
  readonly #T: number;
  readonly #components: number;
  readonly #signs: readonly number[];
  readonly #gamma5: Float64Array;
  readonly #matrix: OverlapMatrix;
  #sign: DenseMatrix | undefined;

  /** @throws as `exactOverlap`. */
  constructor(U: LinkField, { height = 1, kernel = "wilson", Ls = 0, boundary, twist }: OverlapShape) {
    const { lattice, N } = U;
    const type = wilsonType(lattice, N, { boundary }) as VectorType;
    const n = denseRows(type, lattice.volume);
    if (n > LARGEST) throw new GeometryError(`exactOverlap: got ${n} components of a spinor, expected at most ${LARGEST}: use signFunction, or a smaller lattice`);
    this.#volume = lattice.volume;
    this.#T = lattice.extents[lattice.dim - 1]!;
    this.#components = N * spinOf(type);
    this.#signs = chirality(lattice);
    this.#gamma5 = Float64Array.from({ length: n }, (_, k) => this.#signs[k % this.#signs.length]!);
    const shape: SignKernel = { ...(typeof kernel === "string" ? coefficients(kernel) : kernel), Ls };
    this.#matrix = new OverlapMatrix(this.#gamma5, shape);
    writeKernel(U, type, height, twist, this.#matrix.A);
    this.#matrix.decompose();
    this.eigenvalues = [...this.#matrix.eigenvalues].sort((a, b) => Math.abs(a) - Math.abs(b));
    this.signature = this.eigenvalues.reduce((s, w) => s + Math.sign(w), 0);
    const trace = this.#matrix.signs.reduce((s, e) => s + e, 0);
    this.index = trace === 0 ? 0 : -trace / 2;
  }

  /** Dimension of the matrices. */
  get n(): number {
    return this.#matrix.n;
  }

  /**
   * ln |det D(m)|; of domain walls ln |det D_5(m) / det D_5(1)|. `Ls` is that of the operator unless another is given, 0 for the sign: what domain walls of
   * several extents make of one kernel takes its eigenvectors once. @throws SolverError when D(m) is singular, and for the sign as `exactOverlap`.
   */
  logDet(mass: number, Ls: number = this.#matrix.kernel.Ls): number {
    guard("logDet", { mass: [mass, is.finite], Ls: [Ls, is.natural] });
    return this.#matrix.logDet(mass, Ls);
  }

  /** eps, made when it is first asked for. */
  get #eps(): DenseMatrix {
    return (this.#sign ??= this.#matrix.sign(new DenseMatrix(this.n)));
  }

  /** eps v, complex numbers by site, colour and spin. */
  sign(v: Float64Array): Float64Array {
    return this.#eps.apply(v, new Float64Array(v.length));
  }

  /** D(m) v. */
  apply(mass: number, v: Float64Array): Float64Array {
    return overlapOf(mass, v, this.sign(v), this.#signs);
  }

  /** (1/V) tr S(m), S = [D(m)^{-1} - 1]/(1 - m), over sites, colours and spins. */
  condensate(mass: number): number {
    const { data, stride } = this.#inverse(mass);
    let trace = 0;
    for (let i = 0; i < this.n; i++) trace += data[2 * i * (stride + 1)]! - 1;
    return trace / ((1 - mass) * this.#volume);
  }

  /** C(t) = sum over space, and over colours and spins of a point source at the origin and of the sink, of |S(m)|^2. */
  pion(mass: number): Float64Array {
    const { data, stride } = this.#inverse(mass);
    const C = new Float64Array(this.#T);
    const slice = this.n / this.#T;
    for (let i = 0; i < this.n; i++)
      for (let j = 0; j < this.#components; j++) {
        const at = 2 * (i * stride + j);
        C[Math.floor(i / slice)]! += ((data[at]! - (i === j ? 1 : 0)) ** 2 + data[at + 1]! ** 2) / (1 - mass) ** 2;
      }
    return C;
  }

  /** tr[D^{-+} Delta D^{-1}] / tr[S^+S], Delta = (1 - eps^2)/4: midpoint over pion, from all sources, or from those at the origin alone. 0 for the sign. */
  residualMass(mass: number, sources: "all" | "origin" = "all"): number {
    guard("residualMass", { mass: [mass, is.finite], sources: [sources, is.oneOf("all", "origin")] });
    const D = this.#inverse(mass);
    const root = this.#matrix.violation(new DenseMatrix(this.n));
    const columns = sources === "all" ? this.n : this.#components;
    const [column, out] = [new Float64Array(2 * this.n), new Float64Array(2 * this.n)];
    let [midpoint, pion] = [0, 0];
    for (let j = 0; j < columns; j++) {
      for (let i = 0; i < this.n; i++) column.set(D.data.subarray(2 * (i * D.stride + j), 2 * (i * D.stride + j) + 2), 2 * i);
      root.apply(column, out);
      for (let k = 0; k < out.length; k++) {
        midpoint += out[k]! ** 2;
        pion += (column[k]! - (k === 2 * j ? 1 : 0)) ** 2 / (1 - mass) ** 2;
      }
    }
    return midpoint / pion;
  }

  /**
   * Eigenvalues of D_0^+D_0 = 1/2 + (gamma_5 eps + eps gamma_5)/4 of the sign, ascending: degenerate in pairs of both chiralities but for zero modes and their
   * partners at 1. It commutes with gamma_5: one problem of half the size, 1/2 + s eps/2, for each chirality s.
   */
  normalEigenvalues(): number[] {
    const { data, stride } = this.#eps;
    return [1, -1]
      .flatMap((s) => {
        const own = Int32Array.from({ length: this.n }, (_, k) => k).filter((k) => this.#gamma5[k] === s);
        const problem = new HermitianEigenproblem(own.length);
        own.forEach((i, r) =>
          own.subarray(0, r + 1).forEach((j, c) => {
            problem.re[r * own.length + c] = (s * data[2 * (i * stride + j)]! + Number(i === j)) / 2;
            problem.im[r * own.length + c] = (s * data[2 * (i * stride + j) + 1]!) / 2;
          }),
        );
        return [...problem.eigenvalues()];
      })
      .sort((a, b) => a - b);
  }

  /** max_ij |gamma_5 D_0 + D_0 gamma_5 - 2 D_0 gamma_5 D_0| = max_ij |gamma_5 (1 - eps^2)| / 2, the violation of the Ginsparg-Wilson relation. */
  ginspargWilson(): number {
    const { n } = this;
    const D = this.#matrix.operator(0, new DenseMatrix(n));
    const G = new DenseMatrix(n);
    G.data.set(D.data.subarray(0, 2 * D.stride ** 2));
    // D gamma_5 D
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let part = 0; part < 2; part++) G.data[2 * (i * G.stride + j) + part]! *= this.#gamma5[j]!;
    G.times(D);
    let worst = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        for (let part = 0; part < 2; part++) {
          const at = 2 * (i * D.stride + j) + part;
          worst = Math.max(worst, Math.abs((this.#gamma5[i]! + this.#gamma5[j]!) * D.data[at]! - 2 * G.data[at]!));
        }
    return worst;
  }

  #inverse(mass: number): DenseMatrix {
    const D = this.#matrix.operator(mass, new DenseMatrix(this.n));
    D.invert();
    return D;
  }
}

/** D_W, column by column. */
function writeKernel(U: LinkField, type: VectorType, height: number, twist: Twist | undefined, A: DenseMatrix): void {
  using x = new Field(U.lattice, type);
  const plan = record((V: Links, y: Vector) => overlapKernelD(twisted(V, twist), y, height), U, x);
  const v = new Float64Array(x.length);
  A.clear();
  for (let j = 0; j < A.n; j++) {
    v.fill(0);
    v[2 * j] = 1;
    plan.run(U, x.set(v)).toArray(v);
    for (let i = 0; i < A.n; i++) A.data.set(v.subarray(2 * i, 2 * i + 2), 2 * (i * A.stride + j));
  }
}

/**
 * The overlap operator of a configuration, or with `Ls` what domain walls make of it. Work grows with the third power of the number of components.
 * @throws GeometryError for more than 6144 components of a spinor, SolverError for an eigenvalue of H that vanishes, where its sign is not defined.
 */
export function exactOverlap(U: LinkField, options: OverlapShape = {}): ExactOverlap {
  guard("exactOverlap", { U: [U, kind.configuration], options: [options, is.keysOf("height", "kernel", "Ls", "boundary", "twist")] });
  return new ExactOverlap(U, options);
}
