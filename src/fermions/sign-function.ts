/**
 * sign(H) of one configuration for lattices of any size: the k lowest eigenvectors of H exactly, the rest by the best rational approximation between the
 * lowest eigenvalue that is left and the largest,
 *
 *     sign(H) psi = sum_{i <= k} sgn(lambda_i) v_i v_i^+ psi + H r(H^2) (1 - P_k) psi.
 *
 * Overlap propagators are solved one chirality s at a time, where one sign is enough for D^+D: P_s D^+D P_s = P_s [(1 + m^2)/2 + s (1 - m^2)/2 eps] P_s.
 */
import { type LinkField, type Links, type Plan, type Vector, Field, type VectorType, add, kind, record, scaleBy, solve, spinMul, spinOf } from "../autograd/index.ts";
import { SolverError } from "../errors.ts";
import { type RationalFunction, largestEigenpairs, rationalApproximation } from "../linalg/index.ts";
import { chirality } from "./domain-wall.ts";
import { twisted } from "./operator.ts";
import { type OverlapKernel, kernelBound, overlapKernelD, overlapOf, rationalSign } from "./overlap.ts";
import type { OverlapShape } from "./overlap-spectrum.ts";
import { gamma5, wilsonType } from "./wilson.ts";
import { guard, is } from "../util/index.ts";

/** How the sign is computed. */
export interface SignFunctionOptions extends Omit<OverlapShape, "kernel" | "Ls"> {
  readonly kernel?: OverlapKernel;
  /** Number k of eigenvectors that are treated exactly; default 8. */
  readonly deflate?: number;
  /** Largest error of the sign; default 1e-12. */
  readonly precision?: number;
}

/** Relative margin below the lowest eigenvalue that is left. */
const MARGIN = 0.98;

/** Made by `signFunction`. */
export class SignFunction {
  /** Eigenvalues of H that are treated exactly, those of least modulus first. */
  readonly eigenvalues: readonly number[];
  /** min |lambda|. */
  readonly lowest: number;
  readonly approximation: RationalFunction;
  readonly precision: number;
  readonly type: VectorType;
  readonly #vectors: readonly Float64Array[];
  readonly #U: LinkField;
  readonly #x: Field<VectorType>;
  readonly #plan: Plan<[LinkField, Field<VectorType>], Vector>;
  readonly #signs: readonly number[];

  /** @throws as `signFunction`. */
  constructor(U: LinkField, { height = 1, kernel = "wilson", boundary, twist, deflate = 8, precision = 1e-12 }: SignFunctionOptions) {
    const { lattice, N } = U;
    [this.#U, this.precision] = [U, precision];
    this.type = wilsonType(lattice, N, { boundary }) as VectorType;
    this.#signs = chirality(lattice);
    this.#x = new Field(lattice, this.type);
    const g5 = gamma5(lattice);
    const solver = { tolerance: 1e-13, maxIterations: 50_000 };
    // H_W^{-1} = D^{-1} gamma_5 and H_T^{-1} = (2 + D) D^{-1} gamma_5
    const inverse = record(
      (V: Links, x: Vector) => {
        const W = twisted(V, twist);
        const D = (y: Vector): Vector => overlapKernelD(W, y, height);
        const Ddag = (y: Vector): Vector => spinMul(D(spinMul(y, g5)), g5);
        const y = solve((z: Vector) => Ddag(D(z)), Ddag(spinMul(x, g5)), solver);
        return kernel === "wilson" ? y : add(scaleBy(2, y), spinMul(x, g5));
      },
      U,
      this.#x,
    );
    const n = this.#x.length / 2;
    const count = Math.min(deflate + 1, n);
    const { values, vectors } = largestEigenpairs(n, (v, out) => void inverse.run(U, this.#x.set(v)).toArray(out), count, { precision: 1e-11 });
    const all = values.map((x) => 1 / x);
    const high = kernelBound(lattice.dim, height, kernel);
    this.lowest = Math.abs(all[0]!);
    if (!(this.lowest > 1e-12 * high)) throw new SolverError(`overlap: the kernel has the eigenvalue ${all[0]}, expected none that vanishes: its sign, and with it the topology of this field, is not defined`);
    this.eigenvalues = all.slice(0, deflate);
    this.#vectors = vectors.slice(0, deflate);
    const low = MARGIN * Math.abs(all[count - 1]!);
    this.approximation = rationalApproximation({ power: -1 / 2, interval: [low ** 2, high ** 2], precision });
    this.#plan = record((V: Links, x: Vector) => rationalSign(twisted(V, twist), x, height, kernel, this.approximation, 0.1 * precision), U, this.#x) as unknown as Plan<[LinkField, Field<VectorType>], Vector>;
  }

  /** sign(H) v, complex numbers by site, colour and spin; into `out`. */
  apply(v: Float64Array, out: Float64Array = new Float64Array(v.length)): Float64Array {
    const rest = v.slice();
    const parts = this.#vectors.map((u) => {
      const [re, im] = inner(u, v);
      addTo(rest, u, -re, -im);
      return [re, im] as const;
    });
    this.#plan.run(this.#U, this.#x.set(rest)).toArray(out);
    this.#vectors.forEach((u, i) => {
      const s = Math.sign(this.eigenvalues[i]!);
      addTo(out, u, s * parts[i]![0], s * parts[i]![1]);
    });
    return out;
  }

  /** D(m) v = (1+m)/2 v + (1-m)/2 gamma_5 sign(H) v. */
  applyOverlap(mass: number, v: Float64Array): Float64Array {
    return overlapOf(mass, v, this.apply(v), this.#signs);
  }

  /**
   * D(m)^{-1} b to a relative residual, by conjugate gradients on D^+D one chirality at a time: D^{-1} = D^+ (D^+D)^{-1}, as D commutes with D^+.
   * @throws SolverError when the tolerance is not reached in maxIterations, or is finer than the sign allows.
   */
  solve(mass: number, b: Float64Array, options: { readonly tolerance?: number; readonly maxIterations?: number } = {}): Float64Array {
    guard("SignFunction.solve", { mass: [mass, is.positive], b: [b, is.instanceOf(Float64Array, "a Float64Array")], options: [options, is.keysOf("tolerance", "maxIterations")] });
    const { tolerance = 1e-10, maxIterations = 2000 } = options;
    guard("SignFunction.solve", { tolerance: [tolerance, is.tolerance], maxIterations: [maxIterations, is.count] });
    if (this.precision > 0.1 * tolerance) throw new SolverError(`overlap solve: got the tolerance ${tolerance} with a sign of precision ${this.precision}, expected at least ten times that: errors of the sign enter linearly`);
    const x = new Float64Array(b.length);
    for (const s of [1, -1]) {
      const part = b.map((v, k) => (this.#sign(k) === s ? v : 0));
      if (norm2(part) === 0) continue;
      const solution = conjugateGradient((v) => {
        const e = this.apply(v);
        return v.map((y, k) => (this.#sign(k) === s ? ((1 + mass * mass) / 2) * y + ((s * (1 - mass * mass)) / 2) * e[k]! : 0));
      }, part, tolerance, maxIterations);
      solution.forEach((v, k) => (x[k]! += v));
    }
    // D^+ = gamma_5 D gamma_5
    const out = this.applyOverlap(mass, x.map((v, k) => this.#sign(k) * v));
    return out.map((v, k) => this.#sign(k) * v);
  }

  /** C(t) of a point source at the origin, summed over space, colours and spins: |S|^2 with S = [D(m)^{-1} - 1]/(1 - m). @throws as `solve`. */
  pion(mass: number, options: { readonly tolerance?: number; readonly maxIterations?: number } = {}): Float64Array {
    const { lattice } = this.#U;
    const T = lattice.extents[lattice.dim - 1]!;
    const C = new Float64Array(T);
    const components = this.type.N * spinOf(this.type);
    const slice = (2 * components * lattice.volume) / T;
    for (let j = 0; j < components; j++) {
      const b = new Float64Array(2 * components * lattice.volume);
      b[2 * j] = 1;
      this.solve(mass, b, options).forEach((v, k) => (C[Math.floor(k / slice)]! += ((v - b[k]!) / (1 - mass)) ** 2));
    }
    return C;
  }

  /** gamma_5 of a real number of a vector. */
  #sign(k: number): number {
    return this.#signs[(k >> 1) % this.#signs.length]!;
  }
}

const norm2 = (v: Float64Array): number => v.reduce((s, x) => s + x * x, 0);

/** u^+ v. */
function inner(u: Float64Array, v: Float64Array): [number, number] {
  let [re, im] = [0, 0];
  for (let k = 0; k < u.length; k += 2) {
    re += u[k]! * v[k]! + u[k + 1]! * v[k + 1]!;
    im += u[k]! * v[k + 1]! - u[k + 1]! * v[k]!;
  }
  return [re, im];
}

/** w <- w + z u. */
function addTo(w: Float64Array, u: Float64Array, re: number, im: number): void {
  for (let k = 0; k < u.length; k += 2) {
    w[k]! += re * u[k]! - im * u[k + 1]!;
    w[k + 1]! += re * u[k + 1]! + im * u[k]!;
  }
}

/** A^{-1} b of a hermitian positive operator on host vectors. */
function conjugateGradient(A: (v: Float64Array) => Float64Array, b: Float64Array, tolerance: number, maxIterations: number): Float64Array {
  const x = new Float64Array(b.length);
  const r = b.slice();
  const p = b.slice();
  const stop = tolerance ** 2 * norm2(b);
  let rr = norm2(r);
  for (let k = 0; k < maxIterations && rr > stop; k++) {
    const q = A(p);
    const alpha = rr / p.reduce((s, v, i) => s + v * q[i]!, 0);
    for (let i = 0; i < x.length; i++) {
      x[i]! += alpha * p[i]!;
      r[i]! -= alpha * q[i]!;
    }
    const next = norm2(r);
    for (let i = 0; i < p.length; i++) p[i] = r[i]! + (next / rr) * p[i]!;
    rr = next;
  }
  if (!(rr <= stop)) throw new SolverError(`overlap solve: residual ${Math.sqrt(rr / norm2(b)).toExponential(2)} after ${maxIterations} iterations, expected ${tolerance}: allow more iterations or take a larger mass`);
  return x;
}

/**
 * The sign function of a configuration with deflation, and what is made from it: applications of the overlap operator, propagators, pions.
 * @throws SolverError for an eigenvalue of H that vanishes, with its value, and for eigenvectors that do not converge.
 */
export function signFunction(U: LinkField, options: SignFunctionOptions = {}): SignFunction {
  guard("signFunction", { U: [U, kind.configuration], options: [options, is.keysOf("height", "kernel", "boundary", "twist", "deflate", "precision")] });
  const { deflate = 8, precision = 1e-12 } = options;
  guard("signFunction", { deflate: [deflate, is.natural], precision: [precision, is.positive] });
  return new SignFunction(U, options);
}
