/**
 * Classical spins coupled to tight-binding fermions (double-exchange or Kondo lattice model, arXiv:2306.11527):
 * H = -t sum_{alpha, <ij>} (c^+_{i alpha} c_{j alpha} + h.c.) + (J/2) sum_i S_i . sigma_i on a periodic L_x x L_y lattice.
 * The trace over fermions gives the weight W({S}) = prod_n (1 + exp(-(E_n - mu)/T)) over the 2V levels of the one-body matrix.
 */
import { Field, type Lattice, spinType } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { HermitianEigenproblem, HermitianEigenvectors } from "../linalg/index.ts";
import { type SpinField, expectPlane, expectUnitSpins } from "./spin-field.ts";
import { FullChain, type LocalChain, type SpinWeight } from "./weights.ts";

/** Couplings of the double-exchange model; energies in units of the hopping t. */
export interface DoubleExchangeOptions {
  /** Coupling of spins and fermions, in units of t. */
  readonly J: number;
  /** Temperature in units of t, above 0. */
  readonly T: number;
  /** Chemical potential; default 0. */
  readonly mu?: number;
  /** Hopping; default 1. */
  readonly t?: number;
}

/**
 * Exact weight of classical unit spins coupled to fermions on a periodic L_x x L_y lattice (arXiv:2306.11527): W = prod_n (1 + exp(-(E_n - mu)/T))
 * over 2V levels.
 */
export class DoubleExchange implements SpinWeight {
  readonly name = "exact";
  readonly lattice: Lattice;
  readonly J: number;
  readonly T: number;
  readonly mu: number;
  readonly t: number;
  readonly #problem: HermitianEigenproblem;
  #vectors: HermitianEigenvectors | undefined;
  /** Hopping part, row by row. */
  readonly #hopping: Float64Array;

  /** @throws GeometryError for a lattice that is not two-dimensional, ConfigurationError for T <= 0 and numbers that are not finite. */
  constructor(lattice: Lattice, { J, T, mu = 0, t = 1 }: DoubleExchangeOptions) {
    expectPlane(lattice);
    if (!(T > 0) || !Number.isFinite(T)) throw new ConfigurationError(`double exchange: got T = ${T}, expected a temperature above 0 (units of the hopping t)`);
    for (const [name, x] of Object.entries({ J, mu, t })) if (!Number.isFinite(x)) throw new ConfigurationError(`double exchange: got ${name} = ${x}, expected a number`);
    [this.lattice, this.J, this.T, this.mu, this.t] = [lattice, J, T, mu, t];
    const n = 2 * lattice.volume;
    this.#problem = new HermitianEigenproblem(n);
    this.#hopping = new Float64Array(n * n);
    for (let i = 0; i < lattice.volume; i++)
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
        const [x, y] = lattice.coordinates(i) as [number, number];
        const j = lattice.site([x + dx, y + dy]);
        for (let s = 0; s < 2; s++) this.#hopping[(2 * i + s) * n + 2 * j + s] = -t;
      }
  }

  /** Levels E_n in ascending order. @throws GeometryError unless the spins are unit vectors. */
  spectrum(S: SpinField): Float64Array {
    return Float64Array.from(this.#levels(this.#checked(S))).sort();
  }

  /** sum_n 1 / (exp((E_n - mu)/T) + 1). */
  particleNumber(S: SpinField): number {
    return this.#levels(this.#checked(S)).reduce((sum, E) => sum + this.#fermi(E), 0);
  }

  /** ln W. @throws GeometryError unless the spins are unit vectors. */
  value(S: SpinField): number {
    return this.logWeight(this.#checked(S));
  }

  /** ln W of canonical values, which must be unit spins (not checked here). */
  logWeight(spins: Float64Array): number {
    const E = this.#levels(spins);
    let sum = 0;
    for (let n = 0; n < E.length; n++) {
      // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
      const x = (this.mu - E[n]!) / this.T;
      sum += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
    return sum;
  }

  /**
   * d ln W / dS with the spins as free vectors: -(J / 2T) sum_n f_n <n| sigma_i |n>, the density matrix rho = sum_n f_n |n><n| at each
   * site (degenerate levels need no care in this form).
   */
  freeGradient(S: SpinField): SpinField {
    const spins = this.#checked(S);
    const { lattice, J, T } = this;
    const problem = (this.#vectors ??= new HermitianEigenvectors(this.#problem.n));
    const { data, vectors: v, stride } = problem;
    const { n, re, im } = this.#problem;
    this.#fill(spins);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        data[2 * (i * stride + j)] = re[i * n + j]!;
        data[2 * (i * stride + j) + 1] = im[i * n + j]!;
      }
    const E = problem.decompose();
    const out = new Float64Array(3 * lattice.volume);
    for (let m = 0; m < n; m++) {
      const f = (-J / (2 * T)) * this.#fermi(E[m]!);
      for (let i = 0; i < lattice.volume; i++) {
        const at = 2 * (m * stride + 2 * i);
        const [aRe, aIm, bRe, bIm] = [v[at]!, v[at + 1]!, v[at + 2]!, v[at + 3]!];
        // conj(a) b
        out[3 * i]! += 2 * f * (aRe * bRe + aIm * bIm);
        out[3 * i + 1]! += 2 * f * (aRe * bIm - aIm * bRe);
        out[3 * i + 2]! += f * (aRe * aRe + aIm * aIm - bRe * bRe - bIm * bIm);
      }
    }
    return new Field(lattice, spinType()).set(out);
  }

  /** The gradient on the sphere: the part of `freeGradient` in the tangent plane of each spin. */
  gradient(S: SpinField): SpinField {
    const [g, s] = [this.freeGradient(S).toArray(), S.toArray()];
    for (let n = 0; n < g.length; n += 3) {
      const along = g[n]! * s[n]! + g[n + 1]! * s[n + 1]! + g[n + 2]! * s[n + 2]!;
      for (let c = 0; c < 3; c++) g[n + c]! -= along * s[n + c]!;
    }
    return new Field(this.lattice, spinType()).set(g);
  }

  chain(spins: Float64Array): LocalChain {
    return new FullChain(spins, (s) => this.logWeight(s));
  }

  #checked(S: SpinField): Float64Array {
    const spins = S.toArray();
    expectUnitSpins(this.lattice, spins);
    return spins;
  }

  #fermi(E: number): number {
    const x = (E - this.mu) / this.T;
    return x > 0 ? Math.exp(-x) / (1 + Math.exp(-x)) : 1 / (1 + Math.exp(x));
  }

  #levels(spins: Float64Array): Float64Array {
    this.#fill(spins);
    return this.#problem.eigenvalues();
  }

  /** Hopping and (J/2) [[S_z, S_x - i S_y], [S_x + i S_y, -S_z]] on the diagonal blocks. */
  #fill(spins: Float64Array): void {
    const { re, im, n } = this.#problem;
    re.set(this.#hopping);
    im.fill(0);
    const half = this.J / 2;
    for (let i = 0; i < this.lattice.volume; i++) {
      const [up, down] = [2 * i * n + 2 * i, (2 * i + 1) * n + 2 * i];
      re[up] = half * spins[3 * i + 2]!;
      re[down + 1] = -half * spins[3 * i + 2]!;
      re[down] = half * spins[3 * i]!;
      im[down] = half * spins[3 * i + 1]!;
    }
  }
}

/** The model on a lattice: `doubleExchange(lattice([6, 6]), { J: 1, T: 0.05 })`. @throws as the class. */
export function doubleExchange(lattice: Lattice, options: DoubleExchangeOptions): DoubleExchange {
  return new DoubleExchange(lattice, options);
}
