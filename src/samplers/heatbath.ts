/**
 * Heatbath and overrelaxation for loop actions S = beta sum_n sum_l w_l (1 - Re tr L_l(n)/N), by default the Wilson action. Links are
 * updated one after the other, parity by parity and direction by direction, each in the field of the current others: exact for every
 * loop action in which no loop uses a link twice. Runs on host arrays; the compiled programs take no part.
 */
import { type LinkField, type Lattice } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, type RandomStream, randomStream } from "../util/index.ts";
import { LinkKernels } from "./link-kernels.ts";
import { LocalAction, type WeightedLoop, gaugeLoops } from "./local-action.ts";
import type { Sampler, StepResult } from "./sampler.ts";

export interface HeatbathOptions {
  readonly beta: number;
  /** Rectangle coefficient with c0 = 1 - 8 c1; default 0, the Wilson action. */
  readonly c1?: number;
  /** Any closed loops with weights, instead of c1. */
  readonly loops?: readonly WeightedLoop[];
  /** Overrelaxation sweeps after each heatbath sweep; default 0. */
  readonly overrelaxation?: number;
  readonly seed: number;
  readonly stream?: number;
}

/** Made by `heatbath`. */
export class Heatbath<N extends number = number> implements Sampler<N, StepResult> {
  readonly name = "heatbath";
  trajectory = 0;
  readonly #options: HeatbathOptions;
  readonly #random: RandomStream;
  #sweeper: Sweeper | undefined;

  constructor(options: HeatbathOptions) {
    const { beta, c1, loops, overrelaxation = 0, seed, stream = 0 } = options;
    if (!Number.isFinite(beta)) throw new ConfigurationError(`heatbath: got beta = ${beta}, expected a finite number`);
    if (!Number.isInteger(overrelaxation) || overrelaxation < 0) throw new ConfigurationError(`heatbath: got overrelaxation = ${overrelaxation}, expected the number of sweeps`);
    if (c1 !== undefined && loops) throw new ConfigurationError("heatbath: got c1 and loops, expected one of them: list every loop with its weight in loops");
    this.#options = options;
    this.#random = randomStream(seed, stream);
  }

  /** One heatbath sweep, then the overrelaxation sweeps. */
  step(U: LinkField<N>): StepResult {
    const { trajectory } = this;
    const sweeper = this.#sweeperOf(U);
    const links = U.fields.map((f) => f.toArray());
    sweeper.heatbath(links, this.#random, trajectory);
    for (let k = 0; k < (this.#options.overrelaxation ?? 0); k++) sweeper.overrelax(links);
    U.set(links);
    this.trajectory = trajectory + 1;
    return { trajectory, accepted: true };
  }

  /** One overrelaxation sweep: the action keeps its value. */
  overrelax(U: LinkField<N>): void {
    const links = U.fields.map((f) => f.toArray());
    this.#sweeperOf(U).overrelax(links);
    U.set(links);
  }

  #sweeperOf(U: LinkField<N>): Sweeper {
    const { beta, c1, loops } = this.#options;
    if (this.#sweeper?.lattice !== U.lattice || this.#sweeper.N !== U.N) this.#sweeper = new Sweeper(U.lattice, U.N, beta, loops ?? gaugeLoops(U.lattice.dim, c1));
    return this.#sweeper;
  }
}
