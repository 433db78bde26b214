/**
 * Linear effective model (arXiv:2306.11527): ln W_eff = -H_eff / T, H_eff = -sum_n J_n sum_{<ij>_n} S_i . S_j + E_0 over distance shells n,
 * every pair once. It is the transformer without blocks, in plain loops, because a local update touches one local field only.
 */
import type { Lattice } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { choleskySolve } from "../training/index.ts";
import { distanceShells, neighbourTable } from "./shells.ts";
import type { LocalChain, SpinWeight } from "./weights.ts";

/** Neighbours of every site, shell by shell. */
class Neighbours {
  readonly tables: readonly Int32Array[];
  readonly counts: readonly number[];
  constructor(lattice: Lattice, shells: number) {
    const list = distanceShells(lattice, shells).slice(1);
    this.tables = list.map((s) => neighbourTable(lattice, s));
    this.counts = list.map((s) => s.displacements.length);
  }

  /** field += sum over shell n of S around the site, times `factor`. */
  addTo(field: Float64Array, spins: Float64Array, n: number, site: number, factor: number): void {
    const [table, count] = [this.tables[n]!, this.counts[n]!];
    for (let k = site * count; k < (site + 1) * count; k++) {
      const at = 3 * table[k]!;
      field[0] = field[0]! + factor * spins[at]!;
      field[1] = field[1]! + factor * spins[at + 1]!;
      field[2] = field[2]! + factor * spins[at + 2]!;
    }
  }
}

/** C_n = sum_{<ij>_n} S_i . S_j for the shells 1 to `shells`, each pair once. */
export function shellCorrelations(lattice: Lattice, spins: Float64Array, shells: number): Float64Array {
  return correlations(new Neighbours(lattice, shells), spins);
}

function correlations(neighbours: Neighbours, spins: Float64Array): Float64Array {
  const field = new Float64Array(3);
  return Float64Array.from(neighbours.tables, (_, n) => {
    let sum = 0;
    for (let i = 0; i < spins.length / 3; i++) {
      field.fill(0);
      neighbours.addTo(field, spins, n, i, 0.5);
      sum += field[0]! * spins[3 * i]! + field[1]! * spins[3 * i + 1]! + field[2]! * spins[3 * i + 2]!;
    }
    return sum;
  });
}

/** Linear effective weight of unit spins (arXiv:2306.11527): ln W_eff = -H_eff / T, H_eff = -sum_n J_n sum_{<ij>_n} S_i . S_j + E0, every pair once. */
export class LinearModel implements SpinWeight {
  readonly name = "linear";
  readonly lattice: Lattice;
  readonly T: number;
  /** J_n of shells 1, 2, ... */
  readonly couplings: readonly number[];
  readonly E0: number;
  readonly #neighbours: Neighbours;

  /** @throws ConfigurationError for T <= 0, or more shells than the lattice has. */
  constructor(lattice: Lattice, T: number, couplings: readonly number[], E0 = 0) {
    if (!(T > 0) || !Number.isFinite(T)) throw new ConfigurationError(`linear model: got T = ${T}, expected a temperature above 0`);
    [this.lattice, this.T, this.couplings, this.E0] = [lattice, T, [...couplings], E0];
    this.#neighbours = new Neighbours(lattice, couplings.length);
  }

  logWeight(spins: Float64Array): number {
    const C = correlations(this.#neighbours, spins);
    return this.couplings.reduce((s, J, n) => s + J * C[n]!, -this.E0) / this.T;
  }

  chain(spins: Float64Array): LocalChain {
    return new LinearChain(this, this.#neighbours, spins);
  }
}

/** Local updates with ln W(S') - ln W(S) = (1/T) sum_n J_n (S'_i - S_i) . (sum of shell n around i). */
class LinearChain implements LocalChain {
  readonly spins: Float64Array;
  logWeight: number;
  readonly #model: LinearModel;
  readonly #neighbours: Neighbours;
  readonly #field = new Float64Array(3);
  readonly #spin = new Float64Array(3);
  #site = 0;
  #difference = 0;

  constructor(model: LinearModel, neighbours: Neighbours, spins: Float64Array) {
    this.spins = Float64Array.from(spins);
    this.logWeight = model.logWeight(spins);
    this.#model = model;
    this.#neighbours = neighbours;
  }

  propose(site: number, spin: Float64Array): number {
    const { couplings, T } = this.#model;
    const [field, spins] = [this.#field, this.spins];
    field.fill(0);
    for (let n = 0; n < couplings.length; n++) this.#neighbours.addTo(field, spins, n, site, couplings[n]!);
    let sum = 0;
    for (let c = 0; c < 3; c++) sum += field[c]! * (spin[c]! - spins[3 * site + c]!);
    this.#spin.set(spin);
    this.#site = site;
    this.#difference = sum / T;
    return this.#difference;
  }

  accept(): void {
    this.spins.set(this.#spin, 3 * this.#site);
    this.logWeight += this.#difference;
  }
}

/** A configuration with its exact ln W. */
export interface SpinSample {
  readonly spins: Float64Array;
  readonly logWeight: number;
}

/** Result of a regression: the model and the mean square of ln W - ln W_eff over the samples. */
export interface LinearFit {
  readonly model: LinearModel;
  readonly mse: number;
}

/**
 * Least squares of ln W on the shell correlations and a constant.
 * @throws ConfigurationError for fewer samples than coefficients, or samples that do not determine them.
 */
export function fitLinear(lattice: Lattice, T: number, shells: number, samples: readonly SpinSample[]): LinearFit {
  if (samples.length < shells + 2) throw new ConfigurationError(`linear model: got ${samples.length} samples for ${shells + 1} coefficients, expected at least ${shells + 2}`);
  const neighbours = new Neighbours(lattice, shells);
  const rows = samples.map((s) => correlations(neighbours, s.spins));
  const mean = Float64Array.from({ length: shells }, (_, a) => rows.reduce((s, r) => s + r[a]!, 0) / rows.length);
  const meanLogWeight = samples.reduce((s, x) => s + x.logWeight, 0) / samples.length;
  const A = new Float64Array(shells * shells);
  const b = new Float64Array(shells);
  rows.forEach((row, k) => {
    for (let i = 0; i < shells; i++) {
      const x = row[i]! - mean[i]!;
      b[i]! += x * (samples[k]!.logWeight - meanLogWeight);
      for (let j = 0; j < shells; j++) A[i * shells + j]! += x * (row[j]! - mean[j]!);
    }
  });
  const slopes = shells === 0 ? b : choleskySolve(A, b);
  if (!slopes) throw new ConfigurationError(`linear model: the ${samples.length} samples do not determine ${shells} couplings: take more of them, or fewer shells`);
  const constant = meanLogWeight - slopes.reduce((s, x, n) => s + x * mean[n]!, 0);
  const model = new LinearModel(lattice, T, [...slopes].map((x) => T * x), -T * constant);
  return { model, mse: meanSquare(model, samples) };
}

/** Mean over the samples of (ln W - ln W_eff)^2. */
export function meanSquare(model: SpinWeight, samples: readonly SpinSample[]): number {
  return samples.reduce((s, x) => s + (x.logWeight - model.logWeight(x.spins)) ** 2, 0) / samples.length;
}
