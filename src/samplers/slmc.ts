/**
 * Self-learning Monte Carlo (arXiv:2010.11900): proposals by heatbath and overrelaxation of an effective loop action S_eff, each block of sweeps followed by
 * the same sweeps in reversed order of the links, which makes it reversible with respect to exp(-S_eff); then a Metropolis step with
 * exp(-[y(U') - y(U)]), y = S - S_eff. The chain samples exp(-S) whatever the coefficients of S_eff are, as long as they stand still.
 */
import { DirectionalField, type LinkField, kind, outside } from "../autograd/index.ts";
import { ConfigurationError, GeometryError, NaNError } from "../errors.ts";
import type { GaugeAction } from "../gauge/index.ts";
import { PURPOSE, type RandomStream, guard, is, randomStream } from "../util/index.ts";
import { type Heatbath, heatbath } from "./heatbath.ts";
import type { TrajectoryResult } from "./hmc.ts";
import type { Sampler, Target } from "./sampler.ts";

/** What is sampled, what proposes, and how far. */
export interface SlmcOptions<N extends number = number, I = unknown> {
  /** The distribution exp(-S); fields of its own are drawn at the start of each step. */
  readonly action: Target<N>;
  /** S_eff, linear in loops: what `loopAction` and the gauge actions make. */
  readonly effective: GaugeAction<N, I> | GaugeAction<number, I>;
  /** Heatbath sweeps there, and as many back, of one proposal; default 1. */
  readonly sweeps?: number;
  /** Overrelaxation sweeps after each of them; default 2. */
  readonly overrelaxation?: number;
  readonly seed: number;
  readonly stream?: number;
  /** Steps with numbers below this are accepted whatever dH is; default 0. They sample nothing. */
  readonly acceptAlways?: number;
}

/** Made by `slmc`. Results have dH = y(U') - y(U). */
export class SelfLearningMonteCarlo<N extends number = number> implements Sampler<N, TrajectoryResult> {
  readonly name: string;
  trajectory = 0;
  readonly #options: SlmcOptions<N, never>;
  readonly #random: RandomStream;
  #backup: LinkField<N> | undefined;
  #proposal: Heatbath<N> | undefined;

  constructor(options: SlmcOptions<N, never>) {
    const { action, effective, sweeps = 1, overrelaxation = 2, seed, stream = 0, acceptAlways = 0 } = options;
    guard("slmc", { action: [action, is.withMethods("an action (value)", "value")], effective: [effective, is.withMethods("a recorded action", "evaluate")], sweeps: [sweeps, is.count], overrelaxation: [overrelaxation, is.natural], seed: [seed, is.integer], stream: [stream, is.integer], acceptAlways: [acceptAlways, is.natural] });
    if (!effective.loops) throw new ConfigurationError(`slmc: got the effective action ${effective.name}, expected one that is a sum of loops: make it with loopAction`);
    this.#options = options;
    this.#random = randomStream(seed, stream);
    this.name = `SLMC ${action.name}`;
  }

  /** @throws GeometryError, at the first step, for loops that use one link twice; NaNError when dH is not a number, U is then as it was. */
  step(U: LinkField<N>): TrajectoryResult {
    guard(this.name, { U: [U, kind.linkField] });
    if (U.lattice.batch > 1) throw new GeometryError(`${this.name}: got links on ${U.lattice}, expected one sample: make a chain of each`);
    const { action, effective, acceptAlways = 0 } = this.#options;
    const { trajectory } = this;
    guard(this.name, { trajectory: [trajectory, is.trajectory] });
    if (this.#backup?.lattice !== U.lattice || this.#backup.N !== U.N) [this.#backup, this.#proposal] = [outside(() => new DirectionalField(U.lattice, U.N, "links")), this.#proposalOn(U)];
    action.refresh?.(U, trajectory, this.#random);
    this.#backup.copyFrom(U);
    const y = (): { S: number; y: number } => {
      const S = action.value(U);
      return { S, y: S - (effective as GaugeAction<N, never>).value(U) };
    };
    const before = y();
    this.#proposal!.trajectory = trajectory;
    this.#proposal!.step(U);
    const after = y();
    const dH = after.y - before.y;
    if (Number.isNaN(dH)) {
      U.copyFrom(this.#backup);
      throw new NaNError(`${this.name}: step ${trajectory} has dH = ${dH}, expected a number: check the actions`);
    }
    const accepted = (trajectory < acceptAlways && dH < Infinity) || this.#random.sequence(PURPOSE.metropolis, trajectory).next() < Math.exp(-dH);
    if (!accepted) U.copyFrom(this.#backup);
    this.trajectory = trajectory + 1;
    return { trajectory, accepted, dH, expMinusDH: Math.exp(-dH), action: accepted ? after.S : before.S, kinetic: 0 };
  }

  #proposalOn(U: LinkField<N>): Heatbath<N> {
    const { effective, sweeps = 1, overrelaxation = 2, seed, stream = 0 } = this.#options;
    return heatbath<N>({ beta: 1, loops: effective.loops!(U.lattice, effective.inputs), overrelaxation, reversible: sweeps, seed, stream });
  }
}

/**
 * A self-learning Monte Carlo sampler for exp(-S) with proposals from exp(-S_eff). Same seed and stream: same bits. The coefficients of S_eff are those at
 * this call: learn them before (`regression`, `linearStart`), a chain whose coefficients move samples nothing.
 * @throws ConfigurationError for an effective action that is not linear in loops.
 */
export function slmc<N extends number = number, I = unknown>(options: SlmcOptions<N, I>): SelfLearningMonteCarlo<N> {
  guard("slmc", { options: [options, is.keysOf("action", "effective", "sweeps", "overrelaxation", "seed", "stream", "acceptAlways")] });
  return new SelfLearningMonteCarlo(options as unknown as SlmcOptions<N, never>);
}
