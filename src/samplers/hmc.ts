/**
 * Hybrid Monte Carlo: fresh Gaussian momenta, molecular dynamics, Metropolis step with exp(-dH), H = K + S (Duane et al., Phys. Lett. B
 * 195 (1987) 216). With a `guide` the force of the molecular dynamics comes from another action while the Metropolis step keeps the
 * target: self-learning HMC (arXiv:2103.11965). The map of links and momenta is reversible and keeps volume for every guide, so the
 * chain samples exp(-S) of the target exactly, whatever the guide is, as long as it is the same function of the links and of the target's own
 * auxiliary fields throughout.
 */
import { type AlgebraField, DirectionalField, type LinkField, outside, perSample, samplewise } from "../autograd/index.ts";
import { ConfigurationError, NaNError } from "../errors.ts";
import type { Configuration, FieldKinds, FieldsOf, ForcesOf } from "../gauge/index.ts";
import { PURPOSE, type RandomStream, guard, is, randomStream, streamOfSample } from "../util/index.ts";
import { type TrajectoryOptions, expectFinite, integration, kick, kineticEnergy, takeSamples } from "./molecular-dynamics.ts";
import { Energies } from "./energies.ts";
import { type Move, type TimeScale, schedule } from "./integrators.ts";
import { forceInSingle } from "./mixed-precision.ts";
import { type Masses, type Momenta, type Movable, alike, copyInto, copyOf, drawMomenta, latticeOf, maxDifference, momentaLike, movable } from "./movable.ts";
import { type FieldGuide, type FieldTarget, type Guide, type Sampler, type StepResult, type Target, checkGuide, solveErrorOf } from "./sampler.ts";

/** A guide on its own time scale. */
export interface GuideLevel<N extends number = number> extends TimeScale {
  readonly action: Guide<N>;
}

interface Shared {
  readonly length: number;
  readonly seed: number;
  /** Independent chains of one seed differ in their stream; sample b of a batch is the chain of the stream b places after it. */
  readonly stream?: number;
  /** Trajectories with numbers below this are accepted whatever dH is, to leave a start far from equilibrium; default 0. They sample nothing. */
  readonly acceptAlways?: number;
}

/** Options of `hmc`: one force (`integrator`, `steps`), or several on nested time scales (`levels`, coarsest first). */
export type HmcOptions<N extends number = number> = Shared & {
  /** The distribution exp(-S) to sample. */
  readonly action: Target<N>;
  /** Forces in single precision, "f32", of recorded actions (see `forceInSingle`); default "f64". Energies are float64 in any case. */
  readonly forcePrecision?: "f64" | "f32";
} & ((TrajectoryOptions & { readonly guide?: Guide<N>; readonly levels?: never }) | { readonly levels: readonly GuideLevel<N>[]; readonly guide?: never });

/** The same for fields by name, all of which move together. */
export type FieldHmcOptions<X = Configuration, F = unknown> = Shared & {
  /** The distribution exp(-S) to sample, a `fieldAction` or `scalarAction`. */
  readonly action: FieldTarget<X, F>;
  /** Masses of kinetic terms by the names of fields, K = pi^2/(2 m) for each real component; default 1. */
  readonly masses?: Masses;
  readonly forcePrecision?: never;
} & ((TrajectoryOptions & { readonly guide?: FieldGuide<X, F>; readonly levels?: never }) | { readonly levels: readonly (TimeScale & { readonly action: FieldGuide<X, F> })[]; readonly guide?: never });

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

/** One force with its steps, or levels: not both, and nothing else. @throws ConfigurationError for other options. */
function expectOptions(options: { readonly levels?: unknown }): void {
  const single = ["integrator", "steps", "guide"];
  guard("hmc", { options: [options, is.keysOf("action", "length", "seed", "stream", "acceptAlways", "forcePrecision", "masses", "levels", ...single)] });
  const twice = options.levels === undefined ? undefined : single.find((key) => (options as Record<string, unknown>)[key] !== undefined);
  if (twice !== undefined) throw new ConfigurationError(`hmc: got ${twice} together with levels, expected one of them: give the ${twice === "guide" ? "guide as the action" : twice} of a level`);
}

interface Work<X> {
  readonly P: Momenta;
  readonly F: Momenta;
  readonly backup: X;
  readonly energies: Energies;
}

/** Made by `hmc`. X: what it moves, links or fields by name. */
export class Hmc<N extends number = number, X = LinkField<N>, F = AlgebraField<N>> implements Sampler<N, TrajectoryResult, X> {
  readonly name: string;
  trajectory = 0;
  readonly #target: FieldTarget<X, F>;
  readonly #levels: readonly (TimeScale & { readonly action: FieldGuide<X, F> })[];
  readonly #moves: readonly Move[];
  readonly #random: RandomStream;
  readonly #acceptAlways: number;
  readonly #masses: Masses;
  #work: Work<X> | undefined;

  /** @throws ConfigurationError as `hmc`. */
  constructor(options: FieldHmcOptions<X, F> | (HmcOptions<N> & { readonly masses?: never })) {
    expectOptions(options);
    const { action, length, seed, stream = 0, acceptAlways = 0, masses = {} } = options as FieldHmcOptions<X, F>;
    const { forcePrecision = "f64" } = options;
    guard("hmc", { forcePrecision: [forcePrecision, is.oneOf("f64", "f32")], masses: [masses, is.object] });
    for (const [name, mass] of Object.entries(masses)) guard("hmc", { [`the mass of ${name}`]: [mass, is.positive] });
    this.#acceptAlways = acceptAlways;
    this.#masses = masses;
    guard("hmc", { action: [action, is.withMethods("an action (value, force)", "value", "force")], length: [length, is.positive], seed: [seed, is.integer], stream: [stream, is.integer], acceptAlways: [acceptAlways, is.natural] });
    this.#target = action;
    const levels = (options.levels ?? [{ action: options.guide ?? action, integrator: options.integrator, steps: options.steps }]) as FieldHmcOptions<X, F>["levels"] & object;
    this.#levels = forcePrecision === "f64" ? levels : levels.map((level) => ({ ...level, action: forceInSingle(level.action as never) as never }));
    this.#moves = schedule(this.#levels, length);
    for (const level of this.#levels) {
      guard("hmc", { "the action of a force": [level.action, is.withMethods("an action or a guide (force)", "force")] });
      checkGuide(action, level.action);
    }
    this.#random = randomStream(seed, stream);
    this.name = options.guide ? `SLHMC ${action.name}` : `HMC ${action.name}`;
  }

  /** @throws NaNError when dH is not a number (U is then as it was before the step), and for a configuration that is not finite at the first step. */
  step(U: X): TrajectoryResult {
    return drained(this.steps(U));
  }

  /** The same in pieces, one after each move of the integration. A caller that gives up in between (`return`) finds U and `trajectory` as they were. */
  *steps(U: X): Generator<void, TrajectoryResult, void> {
    guard(this.name, { U: [U, movable] });
    const { trajectory } = this;
    guard(this.name, { trajectory: [trajectory, is.trajectory] });
    const { P, F, backup, energies } = this.#refresh(U, trajectory);
    const kinetic = energies.kinetic(0, P);
    const before = energies.action(1, this.#target, U);
    copyInto(backup, U);
    let samples: TrajectoryResult[] | undefined;
    try {
      yield* integration(this.#moves, this.#levels, U, P as F, F as F, this.#masses);
      const later = [before, energies.action(2, this.#target, U), energies.kinetic(3, P)];
      const start = kinetic();
      const [first, after, moving] = later.map((x) => x()) as [Float64Array, Float64Array, Float64Array];
      const decided: TrajectoryResult[] = [];
      start.forEach((kinetic, b) => decided.push(this.#metropolis(b, { trajectory, before: first[b]!, after: after[b]!, kinetic, moving: moving[b]! })));
      samples = decided;
    } finally {
      if (!samples) copyInto(U, backup);
    }
    if (samples.every((s) => !s.accepted)) copyInto(U, backup);
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
  reversibility(U: X): Reversibility {
    return drained(this.reversing(U));
  }

  /** `reversibility` in pieces, as `steps`. */
  *reversing(U: X): Generator<void, Reversibility, void> {
    guard(this.name, { U: [U, movable] });
    const { P, F, backup } = this.#refresh(U, this.trajectory);
    const energy = (): Float64Array => perSample(samplewise((K, S) => K + S, kineticEnergy(P), this.#target.value(U)));
    const start = energy();
    /** The change of the sample that changed most. */
    const change = (): number => energy().reduce((most, H, b) => (Math.abs(H - start[b]!) > Math.abs(most) || Number.isNaN(H) ? H - start[b]! : most), 0);
    copyInto(backup, U);
    try {
      yield* integration(this.#moves, this.#levels, U, P as F, F as F, this.#masses);
      const forwardDH = change();
      flip(P);
      yield* integration(this.#moves, this.#levels, U, P as F, F as F, this.#masses);
      return { maxDifference: maxDifference(U as Movable, backup as Movable), dH: Math.abs(change()), forwardDH };
    } finally {
      copyInto(U, backup);
    }
  }

  /** Error of the target's value from its inner solves, with the fields of the last trajectory: a Metropolis step sees no less in dH. */
  solveError(U: X): number {
    return solveErrorOf(this.#target, U);
  }

  /** Momenta and auxiliary fields of a trajectory. */
  #refresh(U: X, trajectory: number): Work<X> {
    if (!this.#work || !alike(this.#work.backup as Movable, U as Movable)) {
      const unknown = Object.keys(this.#masses).find((name) => U instanceof DirectionalField || !Object.hasOwn(U as object, name));
      if (unknown !== undefined) throw new ConfigurationError(`${this.name}: got a mass of ${unknown}, expected names of the fields${U instanceof DirectionalField ? ": links alone have none" : ` ${Object.keys(U as object).join(", ")}`}`);
      expectFinite(this.name, U as Movable);
      this.#work = outside(() => ({ P: momentaLike(U as Movable), F: momentaLike(U as Movable), backup: copyOf(U), energies: new Energies(latticeOf(U as Movable), 4) }));
    }
    drawMomenta(this.#work.P, this.#random, trajectory);
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
function flip(P: Momenta): void {
  kick(P, P, 2);
}

/**
 * A hybrid Monte Carlo sampler for exp(-S) of links, or of several named fields: site scalars, matter together with links (`fieldAction`, `scalarAction`), each with a kinetic
 * term of its own. Same seed and stream: same bits.
 * @throws ConfigurationError for steps or a length out of range, or a guide with auxiliary fields that are not the target's.
 */
export function hmc<K extends FieldKinds, N extends number>(options: FieldHmcOptions<FieldsOf<K, N>, ForcesOf<K, N>> & { readonly action: { readonly fields: K } }): Hmc<N, FieldsOf<K, N>, ForcesOf<K, N>>;
export function hmc<N extends number = number>(options: HmcOptions<N>): Hmc<N>;
export function hmc(options: unknown): unknown {
  guard("hmc", { options: [options, is.object] });
  return new Hmc(options as HmcOptions);
}
