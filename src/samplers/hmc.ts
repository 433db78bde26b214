/**
 * Hybrid Monte Carlo: fresh Gaussian momenta, molecular dynamics, Metropolis step with exp(-dH), H = K + S (Duane et al., Phys. Lett. B
 * 195 (1987) 216). With a `guide` the force of the molecular dynamics comes from another action while the Metropolis step keeps the
 * target: self-learning HMC (arXiv:2103.11965). The map of links and momenta is reversible and keeps volume for every guide, so the
 * chain samples exp(-S) of the target exactly, whatever the guide is, as long as it is the same function of the links and of the target's own
 * auxiliary fields throughout.
 */
import { type AlgebraField, DirectionalField, type LinkField, kind, outside } from "../autograd/index.ts";
import { NaNError } from "../errors.ts";
import { PURPOSE, type RandomStream, guard, is, randomStream } from "../util/index.ts";
import { type TrajectoryOptions, integration, kick, kineticEnergy } from "./molecular-dynamics.ts";
import { type TimeScale, schedule } from "./integrators.ts";
import { drawMomenta } from "./momenta.ts";
import { type Guide, type Sampler, type StepResult, type Target, checkGuide, solveErrorOf } from "./sampler.ts";

/** A guide on its own time scale. */
export interface GuideLevel<N extends number = number> extends TimeScale {
  readonly action: Guide<N>;
}

/** Options of `hmc`: one force (`integrator`, `steps`), or several on nested time scales (`levels`, coarsest first). */
export type HmcOptions<N extends number = number> = {
  /** The distribution exp(-S) to sample. */
  readonly action: Target<N>;
  readonly length: number;
  readonly seed: number;
  /** Independent chains of one seed differ in their stream. */
  readonly stream?: number;
  /** Trajectories with numbers below this are accepted whatever dH is, to leave a start far from equilibrium; default 0. They sample nothing. */
  readonly acceptAlways?: number;
} & ((TrajectoryOptions & { readonly guide?: Guide<N>; readonly levels?: never }) | { readonly levels: readonly GuideLevel<N>[]; readonly guide?: never });

/** One trajectory. */
export interface TrajectoryResult extends StepResult {
  /** H_new - H_old of the target Hamiltonian. */
  readonly dH: number;
  /** exp(-dH); its mean is 1. */
  readonly expMinusDH: number;
  /** S of the links after the step, with this trajectory's auxiliary fields. */
  readonly action: number;
  /** Kinetic energy of the fresh momenta. */
  readonly kinetic: number;
}

/** Result of a reversibility check. */
export interface Reversibility {
  /** Largest |U - U_0| of a matrix element's real or imaginary part after forward and backward integration. */
  readonly maxDifference: number;
  /** |H - H_0| after forward and backward integration. */
  readonly dH: number;
  /** H_new - H_old of the forward trajectory. */
  readonly forwardDH: number;
}

interface Work<N extends number> {
  readonly P: AlgebraField<N>;
  readonly backup: LinkField<N>;
}

/** Made by `hmc`. */
export class Hmc<N extends number = number> implements Sampler<N, TrajectoryResult> {
  readonly name: string;
  trajectory = 0;
  readonly #target: Target<N>;
  readonly #levels: readonly GuideLevel<N>[];
  readonly #length: number;
  readonly #random: RandomStream;
  readonly #acceptAlways: number;
  #work: Work<N> | undefined;

  constructor(options: HmcOptions<N>) {
    const { action, length, seed, stream = 0, acceptAlways = 0 } = options;
    this.#acceptAlways = acceptAlways;
    guard("hmc", { action: [action, is.withMethods("an action (value, force)", "value", "force")], length: [length, is.positive], seed: [seed, is.integer], stream: [stream, is.integer] });
    this.#target = action;
    this.#levels = options.levels ?? [{ action: options.guide ?? action, integrator: options.integrator, steps: options.steps }];
    schedule(this.#levels, length);
    for (const level of this.#levels) checkGuide(action, level.action);
    this.#length = length;
    this.#random = randomStream(seed, stream);
    this.name = options.guide ? `SLHMC ${action.name}` : `HMC ${action.name}`;
  }

  /** @throws NaNError when dH is not a number; U is then as it was before the step. */
  step(U: LinkField<N>): TrajectoryResult {
    return drained(this.steps(U));
  }

  /** The same in pieces, one after each move of the integration. A caller that gives up in between (`return`) finds U and `trajectory` as they were. */
  *steps(U: LinkField<N>): Generator<void, TrajectoryResult, void> {
    guard(this.name, { U: [U, kind.linkField] });
    const { trajectory } = this;
    const { P, backup } = this.#refresh(U, trajectory);
    const kinetic = kineticEnergy(P);
    const before = this.#target.value(U);
    backup.copyFrom(U);
    let [dH, after, whole] = [Number.NaN, Number.NaN, false];
    try {
      yield* integration(this.#levels, U, P, this.#length);
      after = this.#target.value(U);
      dH = kineticEnergy(P) - kinetic + (after - before);
      if (Number.isNaN(dH) || dH === Number.NEGATIVE_INFINITY)
        throw new NaNError(`${this.name}: trajectory ${trajectory} has dH = ${dH} (S from ${before} to ${after}), expected a number: use smaller steps or check the force`);
      whole = true;
    } finally {
      if (!whole) U.copyFrom(backup);
    }
    const always = trajectory < this.#acceptAlways && dH < Infinity;
    const accepted = always || this.#random.sequence(PURPOSE.metropolis, trajectory).next() < Math.exp(-dH);
    if (!accepted) U.copyFrom(backup);
    this.trajectory = trajectory + 1;
    return { trajectory, accepted, dH, expMinusDH: Math.exp(-dH), action: accepted ? after : before, kinetic };
  }

  /** Integrates forward, flips the momenta, integrates back; U is as before afterwards. */
  reversibility(U: LinkField<N>): Reversibility {
    return drained(this.reversing(U));
  }

  /** `reversibility` in pieces, as `steps`. */
  *reversing(U: LinkField<N>): Generator<void, Reversibility, void> {
    guard(this.name, { U: [U, kind.linkField] });
    const { P, backup } = this.#refresh(U, this.trajectory);
    const energy = (): number => kineticEnergy(P) + this.#target.value(U);
    const start = energy();
    backup.copyFrom(U);
    try {
      yield* integration(this.#levels, U, P, this.#length);
      const forwardDH = energy() - start;
      flip(P);
      yield* integration(this.#levels, U, P, this.#length);
      return { maxDifference: maxDifference(U, backup), dH: Math.abs(energy() - start), forwardDH };
    } finally {
      U.copyFrom(backup);
    }
  }

  /** Error of the target's value from its inner solves, with the fields of the last trajectory: a Metropolis step sees no less in dH. */
  solveError(U: LinkField<N>): number {
    return solveErrorOf(this.#target, U);
  }

  /** Momenta and auxiliary fields of a trajectory. */
  #refresh(U: LinkField<N>, trajectory: number): Work<N> {
    if (this.#work?.P.lattice !== U.lattice || this.#work.P.N !== U.N)
      this.#work = outside(() => ({ P: new DirectionalField(U.lattice, U.N, "algebra"), backup: new DirectionalField(U.lattice, U.N, "links") }));
    drawMomenta(this.#work.P as AlgebraField, this.#random, trajectory);
    this.#target.refresh?.(U, trajectory, this.#random);
    // fields that a guide shares with the target are drawn
    for (const { action } of this.#levels) if (action.independent) action.refresh?.(U, trajectory, this.#random);
    return this.#work;
  }
}

/** The result of a computation in pieces, without a stop between them. */
function drained<T>(pieces: Generator<void, T, void>): T {
  for (;;) {
    const next = pieces.next();
    if (next.done) return next.value;
  }
}

/** P <- -P, as the kick P - 2 P, which is exact. */
function flip(P: AlgebraField): void {
  kick(P, P, 2);
}

function maxDifference(a: LinkField, b: LinkField): number {
  let worst = 0;
  a.fields.forEach((f, mu) => {
    const other = b.toArray(mu);
    f.toArray().forEach((x, i) => (worst = Math.max(worst, Math.abs(x - other[i]!))));
  });
  return worst;
}

/**
 * A hybrid Monte Carlo sampler for exp(-S[U]). Same seed and stream: same bits.
 * @throws ConfigurationError for steps or a length out of range, or a guide with auxiliary fields that are not the target's.
 */
export function hmc<N extends number = number>(options: HmcOptions<N>): Hmc<N> {
  guard("hmc", { options: [options, is.object] });
  return new Hmc(options);
}
