/** What Monte Carlo asks of a weight of spins: its logarithm, and a chain that moves one spin at a time. */

/** A positive weight of spin configurations, exp of `logWeight`. */
export interface SpinWeight {
  readonly name: string;
  /** ln W of canonical spins. */
  logWeight(spins: Float64Array): number;
  /** Starts local updates from these spins, which are copied. */
  chain(spins: Float64Array): LocalChain;
}

/** Spins under local updates: propose, then accept or reject. */
export interface LocalChain {
  /** Current spins; read only. */
  readonly spins: Float64Array;
  /** Current ln W. */
  readonly logWeight: number;
  /** ln W with spin `site` replaced by `spin`, minus the current ln W. */
  propose(site: number, spin: Float64Array): number;
  /** Takes the last proposal. */
  accept(): void;
}

/** A chain for weights that are computed from scratch for every proposal. */
export class FullChain implements LocalChain {
  readonly spins: Float64Array;
  logWeight: number;
  readonly #evaluate: (spins: Float64Array) => number;
  readonly #trial: Float64Array;
  #site = 0;
  #value = 0;

  constructor(spins: Float64Array, evaluate: (spins: Float64Array) => number) {
    this.spins = Float64Array.from(spins);
    this.#trial = Float64Array.from(spins);
    this.#evaluate = evaluate;
    this.logWeight = evaluate(this.spins);
  }

  propose(site: number, spin: Float64Array): number {
    const previous = 3 * this.#site;
    for (let c = 0; c < 3; c++) this.#trial[previous + c] = this.spins[previous + c]!;
    this.#site = site;
    for (let c = 0; c < 3; c++) this.#trial[3 * site + c] = spin[c]!;
    this.#value = this.#evaluate(this.#trial);
    return this.#value - this.logWeight;
  }

  accept(): void {
    for (let c = 0; c < 3; c++) this.spins[3 * this.#site + c] = this.#trial[3 * this.#site + c]!;
    this.logWeight = this.#value;
  }
}
