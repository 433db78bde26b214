/**
 * Determinants, traces and eigenvalues of Dirac operators through M^+M, as applications or as a dense matrix: on even sites where the operator has an
 * even block (dimension N V / 2 for staggered fields, det M = det (m^2 - D^2)_ee), on all sites else. Work of dense matrices grows with the third power.
 */
import { kind, Field, type LinkField, type Plan, type Scalar, type Vector, type VectorType, solve } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { DenseMatrix, largestEigenpairs, largestEigenvalues } from "../linalg/index.ts";
import { cachedPlan, perObject } from "./cached-plan.ts";
import { type DiracOperator, type OperatorParameters, anOperator, normalOf, typeOf } from "./operator.ts";
import { type StaggeredParameters, staggered } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

/** Largest dimension of a dense matrix: 600 MB. */
const LARGEST = 6144;

type Vectors = Field<VectorType>;

/** Plans that apply f of M^+M, by the function that records M. */
function plansOf(f: (A: (x: Vector) => Vector, x: Vector) => Vector) {
  const of = (evenBlock: boolean) => perObject((on: DiracOperator["on"]) => cachedPlan<[LinkField, Vectors, OperatorParameters], Vector>((U, x, p) => f(normalOf(on(U, p as never), evenBlock), x)));
  const [plain, block] = [of(false), of(true)];
  return ({ on, evenBlock }: DiracOperator) => (evenBlock ? block : plain)(on);
}

const normalPlan = plansOf((A, x) => A(x));
/** Solutions to three digits are enough for the lowest eigenvalue, which is of second order in their error. */
const inversePlan = plansOf((A, x) => solve(A, x, { tolerance: 1e-6 }));
/** For eigenvectors, whose error is that of the solutions. */
const finePlan = plansOf((A, x) => solve(A, x, { tolerance: 1e-10, maxIterations: 20_000 }));

const eliminatedPlan = perObject((operator: DiracOperator) => cachedPlan<[LinkField, OperatorParameters], Scalar>((U, p) => operator.eliminated!(U, p as never)));

/** M^+M on host vectors and as a dense matrix. */
class NormalOperator {
  readonly n: number;
  readonly #x: Vectors;
  readonly #even: Int32Array | undefined;
  readonly #apply: Plan<[LinkField, Vectors, OperatorParameters], Vector>;
  readonly #U: LinkField;
  readonly #operator: DiracOperator;

  constructor(U: LinkField, operator: DiracOperator) {
    const { lattice, N } = U;
    const all = typeOf(operator, lattice, N);
    this.#U = U;
    this.#operator = operator;
    const even = operator.evenBlock || all.domain === "even";
    this.#x = new Field(lattice, even ? { ...all, domain: "even" } : all);
    this.#even = even ? Int32Array.from({ length: lattice.volume }, (_, n) => n).filter((n) => lattice.parity(n) === 0) : undefined;
    this.#apply = normalPlan(operator)(U, this.#x, operator.parameters);
    this.n = this.#x.length / (even ? 4 : 2);
  }

  apply(v: Float64Array, out: Float64Array, plan = this.#apply): void {
    if (this.#even) plan.run(this.#U, this.#x.writeSites(this.#even, v), this.#operator.parameters).readSites(this.#even, out);
    else out.set(plan.run(this.#U, this.#x.set(v), this.#operator.parameters).toArray());
  }

  /** (M^+M)^{-1} v, to 6 digits or to 10. */
  invert(v: Float64Array, out: Float64Array, fine = false): void {
    this.apply(v, out, (fine ? finePlan : inversePlan)(this.#operator)(this.#U, this.#x, this.#operator.parameters));
  }

  /** A vector of the operator's type from numbers of its sites. */
  field(v: Float64Array): Vectors {
    const out = new Field(this.#x.lattice, this.#x.type);
    return this.#even ? out.writeSites(this.#even, v) : out.set(v);
  }

  /** The dense matrix. @throws GeometryError when its dimension exceeds 6144. */
  dense(what: string): DenseMatrix {
    const { n } = this;
    if (n > LARGEST) throw new GeometryError(`${what}: the exact value needs a dense matrix of dimension ${n}, at most ${LARGEST} is supported: use noisy sources or a smaller lattice`);
    const [v, column] = [new Float64Array(2 * n), new Float64Array(2 * n)];
    const A = new DenseMatrix(n);
    A.clear();
    for (let i = 0; i < n; i++) {
      v[2 * i] = 1;
      this.apply(v, column);
      v[2 * i] = 0;
      // row i is the conjugate of column i
      for (let k = 0; k < n; k++) {
        A.data[2 * (i * A.stride + k)] = column[2 * k]!;
        A.data[2 * (i * A.stride + k) + 1] = -column[2 * k + 1]!;
      }
    }
    return A;
  }

  [Symbol.dispose](): void {
    this.#x[Symbol.dispose]();
  }
}

/**
 * ln |det M|, `logDeterminant(U, staggered({ mass }))`, `logDeterminant(U, wilson({ kappa }))`; without Pauli-Villars fields. The determinant of a
 * staggered field is positive, that of Wilson fermions real.
 * @throws GeometryError when M^+M has more than 6144 rows (a staggered field: N V / 2).
 */
export function logDeterminant(U: LinkField, operator: DiracOperator): number {
  guard("logDeterminant", { U: [U, kind.configuration], operator: [operator, anOperator] });
  using A = new NormalOperator(U, operator);
  const { logAbs } = A.dense("logDeterminant").factorHermitian();
  const left = operator.eliminated ? eliminatedPlan(operator)(U, operator.parameters).run(U, operator.parameters) : 0;
  return left + (operator.evenBlock ? logAbs : logAbs / 2);
}

/**
 * Smallest and largest eigenvalue of M^+M, by Lanczos on its applications and on solutions; bounds that the operator declares for all fields are
 * not measured. `precision` is relative; default: to rounding for the largest.
 */
export function normalSpectrum(U: LinkField, operator: DiracOperator, options: { readonly precision?: number } = {}): { readonly low: number; readonly high: number } {
  guard("normalSpectrum", { U: [U, kind.configuration], operator: [operator, anOperator], options: [options, is.keysOf("precision")] });
  const { precision } = options;
  using A = new NormalOperator(U, operator);
  const low = operator.spectrum?.(U.lattice, operator.parameters).low ?? 1 / largestEigenvalues(A.n, (v, out) => A.invert(v, out), 1, { precision: precision ?? 1e-6 })[0]!;
  return { low, high: largestEigenvalues(A.n, (v, out) => A.apply(v, out), 1, precision === undefined ? {} : { precision })[0]! };
}

/** Eigenvalues of M^+M in ascending order, and unit vectors. */
export interface LowModes {
  readonly values: readonly number[];
  readonly vectors: readonly Field<VectorType>[];
}

/**
 * The `count` lowest eigenpairs of M^+M on even sites for operators with an even block, on all sites of the operator's vectors else, for lattices of any size: Lanczos on
 * solutions of M^+M x = b. What `deflation` of solvers takes; worth its price, a solve for each Lanczos step (two to five times `count`), where many systems follow.
 * @throws SolverError when a solve or the Lanczos iteration does not converge.
 */
export function lowModes(U: LinkField, operator: DiracOperator, options: { readonly count?: number; readonly precision?: number } = {}): LowModes {
  guard("lowModes", { U: [U, kind.configuration], operator: [operator, anOperator], options: [options, is.keysOf("count", "precision")] });
  const { count = 8, precision = 1e-7 } = options;
  guard("lowModes", { count: [count, is.count], precision: [precision, is.positive] });
  using A = new NormalOperator(U, operator);
  const { values, vectors } = largestEigenpairs(A.n, (v, out) => A.invert(v, out, precision < 1e-4), Math.min(count, A.n), { precision });
  return { values: values.map((x) => 1 / x), vectors: vectors.map((v) => A.field(v)) };
}

/** Which staggered operator. */
export type OperatorOptions = Omit<StaggeredParameters, "mass">;

/** A staggered field m + D. */
export type StaggeredOptions = StaggeredParameters;

/** tr (m^2 - D^2)^{-1} over even sites and colours. */
export function evenTrace(U: LinkField, options: StaggeredOptions): number {
  using A = new NormalOperator(U, staggered(options));
  const inverse = A.dense("chiralCondensate");
  inverse.invertHermitian();
  let trace = 0;
  for (let i = 0; i < A.n; i++) trace += inverse.data[2 * (i * inverse.stride + i)]!;
  return trace;
}

/**
 * Eigenvalues of D are +-i lambda: the `count` smallest distinct lambda >= 0, ascending, through the inverse of the dense matrix.
 * @throws GeometryError when N V / 2 > 6144.
 */
export function lowestEigenvalues(U: LinkField, options: OperatorOptions & { readonly count?: number } = {}): number[] {
  guard("lowestEigenvalues", { U: [U, kind.configuration], options: [options, is.object] });
  const { count = 1, ...of } = options;
  guard("lowestEigenvalues", { count: [count, is.count] });
  const mass = 0.01;
  using A = new NormalOperator(U, staggered({ ...of, mass }));
  const inverse = A.dense("lowestEigenvalues");
  inverse.invertHermitian();
  const theta = largestEigenvalues(A.n, (v, out) => void inverse.apply(v, out), count);
  return theta.map((x) => Math.sqrt(Math.max(0, 1 / x - mass * mass)));
}

/** Largest lambda of D, from applications of D^2 only. */
export function largestEigenvalue(U: LinkField, options: OperatorOptions = {}): number {
  guard("largestEigenvalue", { U: [U, kind.configuration], options: [options, is.object] });
  const mass = 0.01;
  return Math.sqrt(normalSpectrum(U, staggered({ ...options, mass })).high - mass * mass);
}
