/**
 * Hybrid Monte Carlo: fresh Gaussian momenta, molecular dynamics, Metropolis step with exp(-dH), H = K + S (Duane et al., Phys. Lett. B
 * 195 (1987) 216). With a `guide` the force of the molecular dynamics comes from another action while the Metropolis step keeps the
 * target: self-learning HMC (arXiv:2103.11965). The map of links and momenta is reversible and keeps volume for every guide, so the
 * chain samples exp(-S) of the target exactly, whatever the guide is, as long as it is the same function of the links and of the target's own
 * auxiliary fields throughout.
 */
import { type AlgebraField, DirectionalField, type LinkField, kind, outside, perSample, samplewise } from "../autograd/index.ts";
import { NaNError } from "../errors.ts";
import { PURPOSE, type RandomStream, guard, is, randomStream, streamOfSample } from "../util/index.ts";
import { type TrajectoryOptions, integration, kick, kineticEnergy, takeSamples } from "./molecular-dynamics.ts";
import { type TimeScale, schedule } from "./integrators.ts";
import { forceInSingle } from "./mixed-precision.ts";
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
  /** Independent chains of one seed differ in their stream; sample b of a batch is the chain of the stream b places after it. */
  readonly stream?: number;
  /** Trajectories with numbers below this are accepted whatever dH is, to leave a start far from equilibrium; default 0. They sample nothing. */
  readonly acceptAlways?: number;
  /** Forces in single precision, "f32", of recorded actions (see `forceInSingle`); default "f64". Energies are float64 in any case. */
  readonly forcePrecision?: "f64" | "f32";
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
  /** On a batch the step of every sample, which is accepted or not by itself; the numbers above are then means over them, `accepted` says whether all were. */
  readonly samples?: readonly TrajectoryResult[];
}

/** Result of a reversibility check; on a batch of the sample that is worst. */
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
    const { action, length, seed, stream = 0, acceptAlways = 0, forcePrecision = "f64" } = options;
    guard("hmc", { forcePrecision: [forcePrecision, is.oneOf("f64", "f32")] });
    this.#acceptAlways = acceptAlways;
    guard("hmc", { action: [action, is.withMethods("an action (value, force)", "value", "force")], length: [length, is.positive], seed: [seed, is.integer], stream: [stream, is.integer] });
    this.#target = action;
    const levels = options.levels ?? [{ action: options.guide ?? action, integrator: options.integrator, steps: options.steps }];
    this.#levels = forcePrecision === "f64" ? levels : levels.map((level) => ({ ...level, action: forceInSingle(level.action as never) }));
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
    const kinetic = perSample(kineticEnergy(P));
    const before = perSample(this.#target.value(U));
    backup.copyFrom(U);
    let samples: TrajectoryResult[] | undefined;
    try {
      yield* integration(this.#levels, U, P, this.#length);
      const [after, moving] = [perSample(this.#target.value(U)), perSample(kineticEnergy(P))];
      samples = Array.from(kinetic, (K, b) => this.#metropolis(b, { trajectory, before: before[b]!, after: after[b]!, kinetic: K, moving: moving[b]! }));
    } finally {
      if (!samples) U.copyFrom(backup);
    }
    if (samples.every((s) => !s.accepted)) U.copyFrom(backup);
    else if (samples.some((s) => !s.accepted)) takeSamples(U, backup, samples.map((s) => !s.accepted));
    this.trajectory = trajectory + 1;
    if (samples.length === 1) return samples[0]!;
    const mean = (of: (s: TrajectoryResult) => number): number => samples.reduce((sum, s) => sum + of(s), 0) / samples.length;
    return { trajectory, accepted: samples.every((s) => s.accepted), dH: mean((s) => s.dH), expMinusDH: mean((s) => s.expMinusDH), action: mean((s) => s.action), kinetic: mean((s) => s.kinetic), samples };
  }

  /** The decision of sample b, with the random number of its own stream. @throws NaNError when dH is not a number. */
  #metropolis(b: number, { trajectory, before, after, kinetic, moving }: { readonly trajectory: number; readonly before: number; readonly after: number; readonly kinetic: number; readonly moving: number }): TrajectoryResult {
    const dH = moving - kinetic + (after - before);
    if (Number.isNaN(dH) || dH === Number.NEGATIVE_INFINITY)
      throw new NaNError(`${this.name}: trajectory ${trajectory}${b > 0 ? ` of sample ${b}` : ""} has dH = ${dH} (S from ${before} to ${after}), expected a number: use smaller steps or check the force`);
    const always = trajectory < this.#acceptAlways && dH < Infinity;
    const accepted = always || streamOfSample(this.#random, b).sequence(PURPOSE.metropolis, trajectory).next() < Math.exp(-dH);
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
    const energy = (): Float64Array => perSample(samplewise((K, S) => K + S, kineticEnergy(P), this.#target.value(U)));
    const start = energy();
    /** The change of the sample that changed most. */
    const change = (): number => energy().reduce((most, H, b) => (Math.abs(H - start[b]!) > Math.abs(most) || Number.isNaN(H) ? H - start[b]! : most), 0);
    backup.copyFrom(U);
    try {
      yield* integration(this.#levels, U, P, this.#length);
      const forwardDH = change();
      flip(P);
      yield* integration(this.#levels, U, P, this.#length);
      return { maxDifference: maxDifference(U, backup), dH: Math.abs(change()), forwardDH };
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
