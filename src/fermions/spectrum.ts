/**
 * Exact traces, determinants and eigenvalues of the staggered operator through the dense matrix of m^2 - D^2 on even sites, of dimension N V / 2:
 * det(D + m) = det (m^2 - D^2)_ee and tr (D + m)^{-1} = 2m tr (m^2 - D^2)_ee^{-1}. Work grows with the third power of N V.
 */
import { Field, type LinkField, type Plan, type Vector, type VectorType, neg } from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { cachedPlan, perOperator } from "./cached-plan.ts";
import { Cholesky, largestEigenvalues } from "../linalg/index.ts";
import { type Boundary, type StaggeredOperator, staggeredType } from "./staggered.ts";

/** Largest dimension N V / 2 of a dense matrix: 8^4 with N = 3 needs 600 MB. */
const LARGEST = 6144;

type Even = Field<VectorType>;

const minusDSquared = perOperator((operator) =>
  cachedPlan<[LinkField, Even], Vector>((U, x) => {
    const D = operator(U);
    return neg(D(D(x)));
  }),
);

/** Which staggered operator. */
export interface OperatorOptions {
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Default `naive`; plans belong to this very object: keep one `hisq()`. */
  readonly operator?: StaggeredOperator;
}

/** A staggered field m + D. */
export interface StaggeredOptions extends OperatorOptions {
  readonly mass: number;
}

/** -D^2 on even sites, on host vectors and as a dense matrix. */
class EvenOperator {
  readonly n: number;
  readonly #U: LinkField;
  readonly #sites: Int32Array;
  readonly #x: Even;
  readonly #plan: Plan<[LinkField, Even], Vector>;

  constructor(U: LinkField, { boundary, operator }: OperatorOptions) {
    const { lattice, N } = U;
    this.#U = U;
    this.#x = new Field(lattice, staggeredType(lattice, N, { boundary, domain: "even" }));
    this.#plan = minusDSquared(operator)(U, this.#x);
    this.#sites = Int32Array.from(Array.from({ length: lattice.volume }, (_, n) => n).filter((n) => lattice.parity(n) === 0));
    this.n = N * this.#sites.length;
  }

  apply(v: Float64Array, out: Float64Array): void {
    this.#plan.run(this.#U, this.#x.writeSites(this.#sites, v)).readSites(this.#sites, out);
  }

  /** Lower triangle of m^2 - D^2, written row by row. */
  dense(mass: number, a: Float64Array, stride: number): void {
    const { n } = this;
    const [v, column] = [new Float64Array(2 * n), new Float64Array(2 * n)];
    for (let i = 0; i < n; i++) {
      v[2 * i] = 1;
      this.apply(v, column);
      v[2 * i] = 0;
      column[2 * i]! += mass * mass;
      // row i is the conjugate of column i
      for (let k = 0; k <= i; k++) {
        a[2 * (i * stride + k)] = column[2 * k]!;
        a[2 * (i * stride + k) + 1] = -column[2 * k + 1]!;
      }
    }
  }
}

function factor(what: string, operator: EvenOperator, mass: number): Cholesky {
  if (operator.n > LARGEST) throw new GeometryError(`${what}: the exact value needs a dense matrix of dimension ${operator.n}, at most ${LARGEST} is supported: use noisy sources or a smaller lattice`);
  if (!Number.isFinite(mass) || mass === 0) throw new ConfigurationError(`${what}: got mass = ${mass}, expected a number that is not zero`);
  return new Cholesky(operator.n, (a, stride) => operator.dense(mass, a, stride));
}

/** ln det(D + m) of one field on all sites. @throws GeometryError when N V / 2 > 6144. */
export function staggeredDeterminant(U: LinkField, options: StaggeredOptions): number {
  return factor("staggeredDeterminant", new EvenOperator(U, options), options.mass).logDeterminant;
}

/** tr (m^2 - D^2)^{-1} over even sites and colours. */
export function evenTrace(U: LinkField, options: StaggeredOptions): number {
  return factor("chiralCondensate", new EvenOperator(U, options), options.mass).traceInverse();
}

/**
 * Eigenvalues of D are +-i lambda: the `count` smallest distinct lambda >= 0, ascending, through the inverse of the dense matrix.
 * @throws GeometryError when N V / 2 > 6144.
 */
export function lowestEigenvalues(U: LinkField, { count = 1, ...options }: OperatorOptions & { readonly count?: number } = {}): number[] {
  const operator = new EvenOperator(U, options);
  const mass = 0.01;
  const L = factor("lowestEigenvalues", operator, mass);
  const theta = largestEigenvalues(operator.n, (v, out) => {
    out.set(v);
    L.solve(out);
  }, count);
  return theta.map((x) => Math.sqrt(Math.max(0, 1 / x - mass * mass)));
}

/** Largest lambda of D, from applications of D^2 only. */
export function largestEigenvalue(U: LinkField, options: OperatorOptions = {}): number {
  const operator = new EvenOperator(U, options);
  return Math.sqrt(largestEigenvalues(operator.n, (v, out) => operator.apply(v, out), 1)[0]!);
}
