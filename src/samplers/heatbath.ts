/**
 * Heatbath and overrelaxation for loop actions S = beta sum_n sum_l w_l (1 - Re tr L_l(n)/N), by default the Wilson action. Links are
 * updated one after the other, parity by parity and direction by direction, each in the field of the current others: exact for every
 * loop action in which no loop uses a link twice. Runs on host arrays; the compiled programs take no part. On a lattice that is divided over ranks each updates its own links,
 * and tells its neighbours after every direction and parity; loops through several links of one direction and parity (rectangles) are updated by all ranks alike.
 */
import { type HostSites, type LinkField, type Lattice, kind } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type WeightedLoop, gaugeLoops } from "../gauge/index.ts";
import { PURPOSE, type RandomStream, guard, is, randomStream, streamOfSample } from "../util/index.ts";
import { LinkKernels } from "./link-kernels.ts";
import { LocalAction } from "./local-action.ts";
import type { Sampler, StepResult } from "./sampler.ts";

/** The loop action S = beta sum_n sum_l w_l (1 - Re tr L_l(n)/N) that is updated, and the sweeps of one update. */
export interface HeatbathOptions {
  readonly beta: number;
  /** Rectangle coefficient with c0 = 1 - 8 c1; default 0, the Wilson action. */
  readonly c1?: number;
  /** Bare anisotropy: loops in space have beta / xi, those with time beta xi; default 1. */
  readonly xi?: number;
  /** Any closed loops with weights, instead of c1 and xi. */
  readonly loops?: readonly WeightedLoop[];
  /** Overrelaxation sweeps after each heatbath sweep; default 0. */
  readonly overrelaxation?: number;
  /**
   * So many heatbath sweeps (with their overrelaxation) an update, followed by all of them in the reverse order of the links: the update is then reversible
   * with respect to exp(-S), as a proposal must be. Default: one sweep, which only leaves exp(-S) as it is.
   */
  readonly reversible?: number;
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
    guard("heatbath", { options: [options, is.keysOf("beta", "c1", "xi", "loops", "overrelaxation", "reversible", "seed", "stream")] });
    const { beta, c1, xi, loops, overrelaxation = 0, seed, stream = 0 } = options;
    if (!Number.isFinite(beta)) throw new ConfigurationError(`heatbath: got beta = ${beta}, expected a finite number`);
    if (options.reversible !== undefined && !(Number.isInteger(options.reversible) && options.reversible > 0)) throw new ConfigurationError(`heatbath: got reversible = ${options.reversible}, expected the number of sweeps there and back`);
    if (!Number.isInteger(overrelaxation) || overrelaxation < 0) throw new ConfigurationError(`heatbath: got overrelaxation = ${overrelaxation}, expected the number of sweeps`);
    if ((c1 !== undefined || xi !== undefined) && loops) throw new ConfigurationError("heatbath: got c1 or xi together with loops, expected one of them: list every loop with its weight in loops");
    if (xi !== undefined && !(xi > 0 && Number.isFinite(xi))) throw new ConfigurationError(`heatbath: got xi = ${xi}, expected a positive number`);
    this.#options = options;
    this.#random = randomStream(seed, stream);
  }

  /** One heatbath sweep, then the overrelaxation sweeps. */
  step(U: LinkField<N>): StepResult {
    const { trajectory } = this;
    guard("heatbath", { U: [U, kind.linkField], trajectory: [trajectory, is.trajectory] });
    const sweeper = this.#sweeperOf(U);
    const links = sweeper.linksOf(U);
    const { overrelaxation = 0, reversible } = this.#options;
    const there = Array.from({ length: reversible ?? 1 }, () => ["heatbath", ...Array.from({ length: overrelaxation }, () => "overrelax")]).flat();
    const way = reversible === undefined ? there : [...there, ...there.toReversed()];
    samplesOf(U, links).forEach((sample, b) => {
      const random = streamOfSample(this.#random, b);
      let sweep = reversible === undefined ? trajectory : 2 * reversible * trajectory;
      way.forEach((move, k) => {
        const back = k >= there.length;
        if (move === "heatbath") sweeper.heatbath(sample, random, sweep++, back);
        else sweeper.overrelax(sample, back);
      });
    });
    sweeper.setLinks(U, links);
    this.trajectory = trajectory + 1;
    return { trajectory, accepted: true };
  }

  /** One overrelaxation sweep: the action keeps its value. */
  overrelax(U: LinkField<N>): void {
    guard("heatbath", { U: [U, kind.linkField] });
    const sweeper = this.#sweeperOf(U);
    const links = sweeper.linksOf(U);
    for (const sample of samplesOf(U, links)) sweeper.overrelax(sample);
    sweeper.setLinks(U, links);
  }

  #sweeperOf(U: LinkField<N>): Sweeper {
    const { beta, c1, xi, loops } = this.#options;
    if (this.#sweeper?.lattice !== U.lattice || this.#sweeper.N !== U.N) this.#sweeper = new Sweeper(U.lattice, U.N, beta, loops ?? gaugeLoops(U.lattice.dim, c1, xi));
    return this.#sweeper;
  }
}

/** The links of each sample in arrays of all. */
function samplesOf({ lattice: { batch } }: LinkField, links: readonly Float64Array[]): Float64Array[][] {
  return Array.from({ length: batch }, (_, b) => links.map((u) => u.subarray((b * u.length) / batch, ((b + 1) * u.length) / batch)));
}

/** Sweeps over flat link arrays for one lattice, N and action. */
class Sweeper {
  readonly lattice: Lattice;
  readonly N: number;
  readonly #action: LocalAction;
  readonly #kernels: LinkKernels;
  readonly #coupling: number;
  /** Places of the sites by parity. */
  readonly #sites: readonly [even: Int32Array, odd: Int32Array];
  /** Places of one rank; undefined where they are the sites. */
  readonly #host: HostSites | undefined;
  readonly #staple: Float64Array;
  readonly #work: [Float64Array, Float64Array];

  constructor(lattice: Lattice, N: number, beta: number, loops: readonly WeightedLoop[]) {
    this.lattice = lattice;
    this.N = N;
    const signed = beta < 0 ? loops.map((l) => ({ ...l, weight: -l.weight })) : loops;
    const host = lattice.engine.hostSites?.(2 * N * N);
    const own = new LocalAction(lattice, signed, host);
    this.#host = own.parallel ? host : undefined;
    this.#action = this.#host === host ? own : new LocalAction(lattice, signed);
    this.#kernels = new LinkKernels(N);
    this.#coupling = Math.abs(beta) / N;
    const places = Int32Array.from({ length: this.#host?.own.length ?? lattice.volume }, (_, n) => n);
    this.#sites = [places.filter((k) => lattice.parity(this.#site(k)) === 0), places.filter((k) => lattice.parity(this.#site(k)) === 1)];
    this.#staple = new Float64Array(2 * N * N);
    this.#work = [new Float64Array(2 * N * N), new Float64Array(2 * N * N)];
  }

  #site(place: number): number {
    return this.#host ? this.#host.own[place]! : place;
  }

  /** Links by place, those of other ranks that are read among them. */
  linksOf(U: LinkField): Float64Array[] {
    const host = this.#host;
    if (!host) return U.fields.map((f) => f.toArray());
    return U.fields.map((f, mu) => {
      const links = new Float64Array(2 * this.N * this.N * host.count * this.lattice.batch);
      this.#each(host, links, (sites, sample, at) => {
        f.readOwnSites(sites, links, at);
        host.exchange(sample, mu);
      });
      return links;
    });
  }

  /** The own sites of every sample, its part of the links of a direction, and where that begins. */
  #each(host: HostSites, links: Float64Array, f: (sites: Int32Array, sample: Float64Array, at: number) => void): void {
    const { batch, volume } = this.lattice;
    const length = links.length / batch;
    for (let b = 0; b < batch; b++) f(host.own.map((n) => n + b * volume), links.subarray(b * length, (b + 1) * length), b * length);
  }

  /** Writes them back. */
  setLinks(U: LinkField, links: readonly Float64Array[]): void {
    const host = this.#host;
    if (!host) U.set(links);
    else U.fields.forEach((f, mu) => this.#each(host, links[mu]!, (sites, _sample, at) => f.writeSites(sites, links[mu]!, at)));
  }

  /** Draws every link once; its random numbers depend on (site, direction, sweep) only. */
  heatbath(links: readonly Float64Array[], random: RandomStream, sweep: number, reversed = false): void {
    const { dim } = this.lattice;
    const pair = new Float64Array(2);
    let [site, mu, drawn] = [0, 0, 0];
    const uniforms = (): number => {
      if ((drawn & 1) === 0) random.uniforms(site, mu + dim * (drawn >> 1), sweep, PURPOSE.heatbath, pair);
      return pair[drawn++ & 1]!;
    };
    this.#visit((n, direction, at) => {
      [site, mu, drawn] = [this.#site(n), direction, 0];
      this.#kernels.heatbath(links[direction]!, at, this.#staple, this.#coupling, uniforms);
    }, links, reversed);
  }

  /** Reflects every link once: the action keeps its value. */
  overrelax(links: readonly Float64Array[], reversed = false): void {
    this.#visit((_n, mu, at) => this.#kernels.overrelax(links[mu]!, at, this.#staple), links, reversed);
  }

  /** Calls f with #staple set for every link: even sites before odd ones, direction by direction; or the other way round. */
  #visit(f: (n: number, mu: number, at: number) => void, links: readonly Float64Array[], reversed: boolean): void {
    const size = 2 * this.N * this.N;
    const { dim } = this.lattice;
    for (const parity of reversed ? ([1, 0] as const) : ([0, 1] as const))
      for (let d = 0; d < dim; d++) {
        const sites = this.#sites[parity];
        const mu = reversed ? dim - 1 - d : d;
        for (let k = 0; k < sites.length; k++) {
          const n = sites[reversed ? sites.length - 1 - k : k]!;
          this.#action.staple(links, this.N, mu, n, this.#staple, this.#work);
          f(n, mu, n * size);
        }
        this.#host?.exchange(links[mu]!, mu, parity);
      }
  }
}

/**
 * A heatbath sampler: SU(2) by Kennedy and Pendleton, SU(N) by Cabibbo and Marinari over all pairs of colours, U(1) by the von Mises
 * distribution. Same seed and stream: same bits.
 * @throws ConfigurationError for a beta that is not finite or a number of sweeps that is not an integer; at the
 * first step GeometryError for loops that use one link twice on the lattice, NaNError for links that hold NaN.
 */
export function heatbath<N extends number = number>(options: HeatbathOptions): Heatbath<N> {
  guard("heatbath", { options: [options, is.object] });
  return new Heatbath(options);
}
