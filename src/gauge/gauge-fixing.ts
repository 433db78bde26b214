/**
 * Landau and Coulomb gauge: maximises F = mean over sites and directions of Re tr U_mu / N by local steps. At a site F depends on g through
 * Re tr g W, W = sum_mu [U_mu(n) + U_mu(n - mu)^+], which is maximal, in each SU(2) subgroup in turn (U(1): in the phase), where g W is positive; g^omega
 * overrelaxes. At a maximum theta = (1/NV) sum_n |sum_mu (A_mu(n) - A_mu(n - mu))|^2 vanishes, A = TA(U) and |.|^2 the sum of all squared entries.
 */
import { DirectionalField, Field, type HostSites, type LinkField, type MatrixType, kind, numbersBySite, siteMatrixType } from "../autograd/index.ts";
import { GeometryError, SolverError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** How a gauge is fixed. */
export interface GaugeFixingOptions {
  /** All directions, or those of space, all but the last. */
  readonly gauge: "landau" | "coulomb";
  /** Exponent omega between 1 and 2; default 1.7. */
  readonly overrelaxation?: number;
  /** theta to reach; default 1e-14. */
  readonly tolerance?: number;
  /** Sweeps over the lattice; default 20000. */
  readonly maxIterations?: number;
}

/** Links in the gauge, and how they came there. Rough fields have several maxima (Gribov copies). */
export interface FixedGauge<N extends number = number> {
  readonly U: LinkField<N>;
  /** g with U_mu(n) -> g(n) U_mu(n) g(n + mu)^+. */
  readonly transformation: Field<MatrixType<N>>;
  /** F of the links given, and of those in the gauge. */
  readonly before: number;
  readonly functional: number;
  readonly theta: number;
  readonly iterations: number;
}

/** F and theta of a field. @throws GeometryError for Coulomb gauge in one dimension. */
export function gaugeFunctional(U: LinkField, gauge: "landau" | "coulomb"): { readonly functional: number; readonly theta: number } {
  guard("gaugeFunctional", { U: [U, kind.configuration], gauge: [gauge, is.oneOf("landau", "coulomb")] });
  return new Fixing(U, gauge).state();
}

/**
 * The links in Landau or Coulomb gauge, as a new field; invariant quantities are unchanged up to rounding.
 * @throws GeometryError for Coulomb gauge in one dimension, SolverError when theta has not reached the tolerance in maxIterations.
 */
export function fixGauge<N extends number>(U: LinkField<N>, options: GaugeFixingOptions): FixedGauge<N> {
  guard("fixGauge", { U: [U, kind.configuration], options: [options, is.keysOf("gauge", "overrelaxation", "tolerance", "maxIterations")] });
  const { gauge, overrelaxation = 1.7, tolerance = 1e-14, maxIterations = 20_000 } = options;
  guard("fixGauge", { gauge: [gauge, is.oneOf("landau", "coulomb")], overrelaxation: [overrelaxation, is.positive], tolerance: [tolerance, is.positive], maxIterations: [maxIterations, is.count] });
  if (!(overrelaxation >= 1 && overrelaxation < 2)) throw new GeometryError(`fixGauge: got overrelaxation = ${overrelaxation}, expected a number from 1 to below 2`);
  const work = new Fixing(U as LinkField, gauge);
  const { functional: before } = work.state();
  let state = work.state();
  let iterations = 0;
  while (!(state.theta < tolerance)) {
    if (iterations === maxIterations) throw new SolverError(`fixGauge: theta = ${state.theta.toExponential(2)} after ${iterations} sweeps, expected below ${tolerance}: allow more, or another overrelaxation`);
    work.sweep(overrelaxation);
    iterations++;
    if (iterations % 5 === 0 || iterations === maxIterations) state = work.state();
  }
  return { ...work.result(), before, functional: state.functional, theta: state.theta, iterations } as FixedGauge<N>;
}

/**
 * Links on the host while they are moved. On a lattice that is divided over ranks each has those of its own sites. A step at n moves the links that end there as well, so a rank makes the
 * steps one site ahead of its own besides, and reads of others what these read. Steps of one parity must be independent for that: a lattice that is not bipartite is fixed by all ranks alike.
 */
class Fixing {
  readonly #U: LinkField;
  readonly #host: HostSites | undefined;
  /** By place; places are the sites without a host. */
  readonly #links: readonly Float64Array[];
  readonly #g: Float64Array;
  /** Directions that count. */
  readonly #directions: number;
  /** Sites of this process; steps of the same numbers are at them, those ahead follow. */
  readonly #own: number;
  /** Steps by parity. */
  readonly #steps: readonly [even: Int32Array, odd: Int32Array];
  /** Places of n and n - mu by step. */
  readonly #at: Int32Array;
  readonly #behind: readonly Int32Array[];
  readonly #W: Float64Array;

  constructor(U: LinkField, gauge: "landau" | "coulomb") {
    const { lattice, N } = U;
    const size = 2 * N * N;
    this.#directions = gauge === "landau" ? lattice.dim : lattice.dim - 1;
    if (this.#directions < 1) throw new GeometryError("fixGauge: got Coulomb gauge in 1 dimension, expected at least 2");
    this.#U = U;
    const host = lattice.bipartite ? lattice.engine.hostSites?.(size) : undefined;
    this.#host = host;
    const beside = (n: number, mu: number, step: number): number => lattice.site(lattice.coordinates(n).map((x, nu) => (nu === mu ? x + step : x)));
    const axes = lattice.extents.map((_, mu) => mu);
    const own = host ? [...host.own] : Array.from({ length: lattice.volume }, (_, n) => n);
    const sites = host ? [...new Set([...own, ...own.flatMap((n) => axes.map((mu) => beside(n, mu, 1)))])] : own;
    this.#own = own.length;
    this.#steps = [0, 1].map((parity) => Int32Array.from(sites.keys()).filter((s) => lattice.parity(sites[s]!) === parity)) as unknown as [Int32Array, Int32Array];
    const place = (n: number, mu: number): number => host?.place(n, mu) ?? n;
    this.#behind = axes.map((mu) => Int32Array.from(sites, (n) => place(beside(n, mu, -1), mu)));
    // one place for all directions, each of which is read there
    this.#at = axes.map((mu) => Int32Array.from(sites, (n) => place(n, mu)))[0]!;
    this.#links = U.fields.map((f) => (host ? f.readOwnSites(host.own, new Float64Array(size * host.count)) : f.toArray()));
    this.#exchange();
    this.#g = new Float64Array(size * own.length);
    for (let n = 0; n < own.length; n++) for (let i = 0; i < N; i++) this.#g[n * size + 2 * i * (N + 1)] = 1;
    this.#W = new Float64Array(size);
  }

  /** Links that other ranks have moved. */
  #exchange(): void {
    this.#links.forEach((u, mu) => this.#host?.exchange(u, mu));
  }

  state(): { functional: number; theta: number } {
    const { N, lattice } = this.#U;
    const size = 2 * N * N;
    const delta = new Float64Array(size);
    let place = 0;
    const numbers = numbersBySite(lattice, 2, (sites, out) =>
      sites.forEach((site, k) => {
        const n = this.#host ? place++ : site;
        delta.fill(0);
        for (let mu = 0; mu < this.#directions; mu++) {
          const u = this.#links[mu]!;
          for (let i = 0; i < N; i++) out[2 * k]! += u[n * size + 2 * i * (N + 1)]!;
          addAlgebra(delta, u, n * size, N, 1);
          addAlgebra(delta, u, this.#behind[mu]![n]! * size, N, -1);
        }
        out[2 * k + 1] = delta.reduce((s, x) => s + x * x, 0);
      }),
    );
    let [trace, theta] = [0, 0];
    for (let n = 0; n < lattice.volume; n++) {
      trace += numbers[2 * n]!;
      theta += numbers[2 * n + 1]!;
    }
    return { functional: trace / (N * lattice.volume * this.#directions), theta: theta / (N * lattice.volume) };
  }

  /** One step at every site, the even ones first. */
  sweep(omega: number): void {
    for (const steps of this.#steps) {
      for (const s of steps) this.#step(s, omega);
      this.#exchange();
    }
  }

  #step(s: number, omega: number): void {
    const { N } = this.#U;
    const size = 2 * N * N;
    const [W, dim, here] = [this.#W.fill(0), this.#links.length, this.#at[s]! * size];
    for (let mu = 0; mu < this.#directions; mu++) {
      const u = this.#links[mu]!;
      const back = this.#behind[mu]![s]! * size;
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) {
          const [to, at] = [2 * (i * N + j), 2 * (j * N + i)];
          W[to]! += u[here + to]! + u[back + at]!;
          W[to + 1]! += u[here + to + 1]! - u[back + at + 1]!;
        }
    }
    for (const [i, j, r] of rotations(W, N, omega)) {
      rotateRows(W, 0, N, i, j, r);
      if (s < this.#own) rotateRows(this.#g, s * size, N, i, j, r);
      for (let mu = 0; mu < dim; mu++) {
        rotateRows(this.#links[mu]!, here, N, i, j, r);
        rotateColumns(this.#links[mu]!, this.#behind[mu]![s]! * size, N, i, j, r);
      }
    }
  }

  result(): { U: LinkField; transformation: Field } {
    const { lattice, N } = this.#U;
    const U = new DirectionalField(lattice, N, "links") as LinkField;
    const transformation = new Field(lattice, siteMatrixType(lattice, N)) as unknown as Field;
    const set = (f: Field, values: Float64Array): void => void (this.#host ? f.writeSites(this.#host.own, values) : f.set(values));
    U.fields.forEach((f, mu) => set(f, this.#links[mu]!));
    set(transformation, this.#g);
    return { U, transformation };
  }
}

/** delta <- delta + sign TA(u). */
function addAlgebra(delta: Float64Array, u: Float64Array, at: number, N: number, sign: number): void {
  let trace = 0;
  for (let i = 0; i < N; i++) trace += u[at + 2 * i * (N + 1) + 1]! / N;
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const [p, q] = [2 * (i * N + j), 2 * (j * N + i)];
      delta[p]! += (sign * (u[at + p]! - u[at + q]!)) / 2;
      // the group U(1) keeps its phase
      delta[p + 1]! += sign * ((u[at + p + 1]! + u[at + q + 1]!) / 2 - (i === j && N > 1 ? trace : 0));
    }
}

/** Rows i and j, or i alone for U(1), and the rotation (a, b; -b^*, a^*) as re a, im a, re b, im b. */
type Rotation = readonly [i: number, j: number, r: readonly [number, number, number, number]];

/** The best rotations to the power omega in all subgroups in turn; W must be rotated between them. */
function* rotations(W: Float64Array, N: number, omega: number): Generator<Rotation, void, void> {
  if (N === 1) {
    const phase = -omega * Math.atan2(W[1]!, W[0]!);
    yield [0, 0, [Math.cos(phase), Math.sin(phase), 0, 0]];
    return;
  }
  for (let i = 0; i < N; i++)
    for (let j = i + 1; j < N; j++) {
      const [ii, ij, ji, jj] = [2 * (i * N + i), 2 * (i * N + j), 2 * (j * N + i), 2 * (j * N + j)];
      // the quaternion part of the block, (a, b; -b^*, a^*); its adjoint over its norm makes the trace largest
      const a = [(W[ii]! + W[jj]!) / 2, (W[ii + 1]! - W[jj + 1]!) / 2] as const;
      const b = [(W[ij]! - W[ji]!) / 2, (W[ij + 1]! + W[ji + 1]!) / 2] as const;
      const imaginary = Math.hypot(a[1], b[0], b[1]);
      if (imaginary === 0 && a[0] >= 0) continue;
      const angle = omega * Math.atan2(imaginary, a[0]);
      const s = imaginary === 0 ? 0 : -Math.sin(angle) / imaginary;
      yield [i, j, [Math.cos(angle), s * a[1], s * b[0], s * b[1]]];
    }
}

/** M <- r M on rows i and j. */
function rotateRows(M: Float64Array, at: number, N: number, i: number, j: number, [ar, ai, br, bi]: Rotation[2]): void {
  for (let k = 0; k < N; k++) {
    const [p, q] = [at + 2 * (i * N + k), at + 2 * (j * N + k)];
    const [xr, xi, yr, yi] = [M[p]!, M[p + 1]!, M[q]!, M[q + 1]!];
    M[p] = ar * xr - ai * xi + (i === j ? 0 : br * yr - bi * yi);
    M[p + 1] = ar * xi + ai * xr + (i === j ? 0 : br * yi + bi * yr);
    if (i === j) continue;
    M[q] = -br * xr - bi * xi + ar * yr + ai * yi;
    M[q + 1] = -br * xi + bi * xr + ar * yi - ai * yr;
  }
}

/** M <- M r^+ on columns i and j. */
function rotateColumns(M: Float64Array, at: number, N: number, i: number, j: number, [ar, ai, br, bi]: Rotation[2]): void {
  for (let k = 0; k < N; k++) {
    const [p, q] = [at + 2 * (k * N + i), at + 2 * (k * N + j)];
    const [xr, xi, yr, yi] = [M[p]!, M[p + 1]!, M[q]!, M[q + 1]!];
    // (x, y) r^+ = (x a^* + y b^*, -x b + y a)
    M[p] = ar * xr + ai * xi + (i === j ? 0 : br * yr + bi * yi);
    M[p + 1] = ar * xi - ai * xr + (i === j ? 0 : br * yi - bi * yr);
    if (i === j) continue;
    M[q] = -(br * xr - bi * xi) + ar * yr - ai * yi;
    M[q + 1] = -(br * xi + bi * xr) + ar * yi + ai * yr;
  }
}
