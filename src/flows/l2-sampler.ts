/**
 * The chain of L2HMC: fresh momenta, F or F^-1 with probability 1/2, accepted with min(1, exp(H - H' + log det)). Exact for any weights, as F^-1 is the inverse to rounding. Training makes
 *   -A (c_1 sum (1 - cos(P' - P))/V + c_2 (Q' - Q)^2),  A = min(1, exp(H - H' + log det)),  Q = sum sin P/2 pi,
 * small on the links of the chain: the moves that are accepted go far.
 */
import { Field, type LinkField, type Links, Plan, type Real, type Scalar, add, exponential, im, kind, neg, number, outside, re, realType, relu, scale, scaleBy, square, sub, sum, trace, valueAndGrad, conj } from "../autograd/index.ts";
import { GeometryError, NaNError } from "../errors.ts";
import { plaquette } from "../gauge/index.ts";
import type { Reversibility, Sampler, TrajectoryResult } from "../samplers/index.ts";
import { PURPOSE, type RandomStream, fillNormals, guard, is, mapLeaves, randomStream } from "../util/index.ts";
import type { TargetAction } from "./generative/generative-model.ts";
import { SharedWeights } from "./generative/weights.ts";
import { convolutionNetworks, l2Weights } from "./l2-networks.ts";
import { type L2State, l2Trajectory } from "./l2hmc.ts";

/** Options of `l2hmc`. */
export interface L2HmcOptions {
  /** A gauge action of U(1). */
  readonly action: TargetAction;
  /** Size of a leapfrog step in the beginning; it is trained with the weights. */
  readonly step: number;
  /** Leapfrog steps, each with networks of its own. */
  readonly steps: number;
  readonly seed: number;
  readonly stream?: number;
  /** Channels between the convolutions of the networks, and convolutions; default 8 and 2. */
  readonly channels?: number;
  readonly depth?: number;
  /** Trained numbers; default those of leapfrog. */
  readonly weights?: Float64Array;
  /** Weights c_1 and c_2 of the plaquettes and of the charge in what training makes small; default 1 and 1. */
  readonly plaquettes?: number;
  readonly charge?: number;
  /** Trajectories with numbers below this are accepted whatever dH is; default 0. */
  readonly acceptAlways?: number;
}

type Direction = 1 | -1;
type Replay = Plan<readonly unknown[], unknown>;
/** What belongs to a lattice. */
interface Work {
  readonly lattice: LinkField["lattice"];
  readonly shared: SharedWeights;
  readonly momenta: Field[];
  readonly plans: Map<Direction, Replay>;
  readonly gradients: Map<Direction, Replay>;
}
interface Ends {
  readonly state: { readonly links: LinkField; readonly momenta: readonly Field[]; readonly logDet: number };
  /** H - H' + log det, S at both ends, and the kinetic energy at the start. */
  readonly exponent: number;
  readonly before: number;
  readonly after: number;
  readonly kinetic: number;
}

/** Made by `l2hmc`. */
export class L2Hmc implements Sampler<number, TrajectoryResult> {
  readonly name: string;
  trajectory = 0;
  readonly #o: Required<Omit<L2HmcOptions, "weights">>;
  readonly #random: RandomStream;
  #weights: Float64Array | undefined;
  #work: Work | undefined;

  constructor(options: L2HmcOptions) {
    const { weights, ...rest } = options;
    this.#o = { stream: 0, channels: 8, depth: 2, plaquettes: 1, charge: 1, acceptAlways: 0, ...rest };
    this.#random = randomStream(this.#o.seed, this.#o.stream);
    this.#weights = weights;
    this.name = "L2HMC";
  }

  /** Trained numbers, a copy: the leapfrog step, then the weights of the networks. */
  weights(U: LinkField): Float64Array {
    this.#on(U);
    return Float64Array.from(this.#weights!);
  }

  /** Goes on with other trained numbers. */
  use(weights: Float64Array): void {
    this.#weights = Float64Array.from(weights);
  }

  step(U: LinkField): TrajectoryResult {
    guard(this.name, { U: [U, kind.linkField] });
    const { trajectory } = this;
    guard(this.name, { trajectory: [trajectory, is.trajectory] });
    const random = this.#random.sequence(PURPOSE.metropolis, trajectory);
    const direction = random.next() < 0.5 ? 1 : -1;
    const { state, exponent, before, after, kinetic } = this.#ends(U, direction, this.#draw(U, trajectory));
    if (Number.isNaN(exponent)) throw new NaNError(`${this.name}: trajectory ${trajectory} has dH = ${exponent}, expected a number: use smaller steps`);
    const accepted = Math.log(random.next()) < exponent || (trajectory < this.#o.acceptAlways && exponent > -Infinity);
    if (accepted) U.copyFrom(state.links);
    this.trajectory = trajectory + 1;
    return { trajectory, accepted, dH: -exponent, expMinusDH: Math.exp(exponent), action: accepted ? after : before, kinetic };
  }

  /** F^-1(F(x, v)) against (x, v): what exactness rests on. U is as before afterwards. */
  reversibility(U: LinkField): Reversibility {
    guard(this.name, { U: [U, kind.linkField] });
    const there = this.#ends(U, 1, this.#draw(U, this.trajectory));
    const links = there.state.links.clone();
    const momenta = there.state.momenta.map((v) => v.clone() as Field);
    const back = this.#ends(links, -1, momenta);
    const maxDifference = U.fields.reduce((most, f, mu) => f.toArray().reduce((m, x, i) => Math.max(m, Math.abs(x - back.state.links.toArray(mu)[i]!)), most), 0);
    return { maxDifference, dH: Math.abs(there.exponent + back.exponent), forwardDH: -there.exponent };
  }

  /** What training makes small, and its derivative with respect to all trained numbers, on the links U: mean over `draws` trajectories from there. */
  loss(U: LinkField, draws = 1): { readonly value: number; readonly gradient: Float64Array } {
    guard(this.name, { U: [U, kind.linkField], draws: [draws, is.count] });
    const { shared, gradients } = this.#on(U);
    const values = shared.values(this.#weights!);
    const gradient = new Float64Array(shared.size);
    let value = 0;
    for (let k = 0; k < draws; k++) {
      const number = this.trajectory * draws + k;
      const direction = this.#random.sequence(PURPOSE.training, number).next() < 0.5 ? 1 : -1;
      const momenta = this.#draw(U, number, PURPOSE.training);
      let plan = gradients.get(direction);
      if (!plan) gradients.set(direction, (plan = new Plan(((V: Links, v: readonly Real[], p: unknown) => valueAndGrad((q: unknown) => this.#objective(V, v, q, direction))(p as never)) as never, [U, momenta, values]) as Replay));
      const found = plan.run(U, momenta, values) as { value: number; grad: unknown };
      value += found.value / draws;
      shared.addGradient(found.grad, gradient);
    }
    return { value, gradient: gradient.map((x) => x / draws) };
  }

  #ends(U: LinkField, direction: Direction, momenta: readonly Field[]): Ends {
    const { shared, plans } = this.#on(U);
    const values = shared.values(this.#weights!);
    let plan = plans.get(direction);
    if (!plan) plans.set(direction, (plan = new Plan(((V: Links, v: readonly Real[], p: unknown) => this.#trajectory(V, v, p, direction)) as never, [U, momenta, values]) as Replay));
    return plan.run(U, momenta, values) as Ends;
  }

  #trajectory(V: Links, v: readonly Real[], p: unknown, direction: Direction): { state: L2State; exponent: Scalar; before: Scalar; after: Scalar; kinetic: Scalar } {
    const { action, steps } = this.#o;
    const S = (U: Links): Scalar => action.evaluate(U, mapLeaves(action.inputs, (x) => (typeof x === "number" ? number(U[0]!.tape, x) : x)) as never);
    const K = (m: readonly Real[]): Scalar => m.map((x) => scaleBy(0.5, sum(square(x)))).reduce((a, b) => add(a, b));
    const { step } = p as { step: Scalar };
    const state = l2Trajectory({ action, networks: convolutionNetworks as never, steps }, direction, { links: V, momenta: v, step, weights: p as never });
    const [before, after, kinetic] = [S(V), S(state.links), K(v)];
    return { state, before, after, kinetic, exponent: add(sub(add(before, kinetic), add(after, K(state.momenta))), state.logDet) };
  }

  #objective(V: Links, v: readonly Real[], p: unknown, direction: Direction): Scalar {
    const { state, exponent } = this.#trajectory(V, v, p, direction);
    const [P, there] = [trace(plaquette(V, 0, 1)), trace(plaquette(state.links, 0, 1))];
    const moved = sub(number(exponent.tape, 1), scaleBy(1 / V.lattice.volume, sum(re(scale(conj(P), there)))));
    const dQ = scaleBy(1 / (2 * Math.PI), sub(sum(im(there)), sum(im(P))));
    const A = exponential(neg(relu(neg(exponent))));
    return neg(scale(A, add(scaleBy(this.#o.plaquettes, moved), scaleBy(this.#o.charge, square(dQ)))));
  }

  /** Momenta of a trajectory. */
  #draw(U: LinkField, trajectory: number, purpose: number = PURPOSE.momentum): readonly Field[] {
    const { momenta } = this.#on(U);
    const { volume, dim } = U.lattice;
    const all = new Float64Array(volume * dim);
    fillNormals(this.#random, { sites: volume, components: dim, trajectory, purpose }, all);
    momenta.forEach((f, mu) => f.set(Float64Array.from({ length: volume }, (_, n) => all[n * dim + mu]!)));
    return momenta;
  }

  #on(U: LinkField): Work {
    if (this.#work?.lattice === U.lattice) return this.#work;
    const { lattice } = U;
    if (U.N !== 1 || lattice.dim !== 2 || lattice.extents.some((L) => L % 2 !== 0) || lattice.batch > 1) throw new GeometryError(`l2hmc: got N = ${U.N} on ${lattice}, expected U(1) in two dimensions with even extents: half of the links stand still in turn`);
    return (this.#work = outside(() => {
      const shared = new SharedWeights(l2Weights(lattice, this.#o));
      if (!this.#weights) {
        this.#weights = shared.start(this.#o.seed);
        this.#weights[0] = this.#o.step;
      }
      return { lattice, shared, momenta: lattice.extents.map(() => new Field(lattice, realType()) as Field), plans: new Map(), gradients: new Map() };
    }));
  }
}

/**
 * A sampler of exp(-S) for two-dimensional U(1) with convolution networks in its leapfrog steps; without training these do nothing and it is hybrid Monte Carlo. Trained numbers must stand still
 * while a chain is measured. Same seed and stream: same bits.
 * @throws ConfigurationError for options out of range; GeometryError, when it is used, for other groups, dimensions or odd extents.
 */
export function l2hmc(options: L2HmcOptions): L2Hmc {
  guard("l2hmc", { options: [options, is.keysOf("action", "step", "steps", "seed", "stream", "channels", "depth", "weights", "plaquettes", "charge", "acceptAlways")] });
  const { action, step, steps, seed, stream, channels, depth, weights, plaquettes, charge } = options;
  guard("l2hmc", { action: [action, is.withMethods("an action", "evaluate")], step: [step, is.positive], steps: [steps, is.count], seed: [seed, is.integer], stream: [stream, is.optional(is.integer)], channels: [channels, is.optional(is.count)], depth: [depth, is.optional(is.count)] });
  guard("l2hmc", { weights: [weights, is.optional(is.instanceOf(Float64Array, "a Float64Array"))], plaquettes: [plaquettes, is.optional(is.finite)], charge: [charge, is.optional(is.finite)], acceptAlways: [options.acceptAlways, is.optional(is.integer)] });
  return new L2Hmc(options);
}
