/**
 * Exact symmetries of lattice gauge theory acting on fields: gauge transformations, charge conjugation, and the isometries of the torus
 * (translations, reflections, exchanges of axes, rotations by 90 degrees).
 */
import { kind, type AlgebraField, DirectionalField, Field, type Lattice, type LinkField, type Links, type Matrix, type MatrixType, adj, mul, replayable, shift, siteMatrixType } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { PURPOSE, randomStream, guard, is } from "../util/index.ts";
import { type RandomStart, drawHaar } from "./starts.ts";
import { anIsometry } from "./kinds.ts";

/** One Haar matrix g(n) a site (N = 1: a phase). */
export function randomGaugeTransformation<N extends number>(lattice: Lattice, N: N, options: RandomStart): Field<MatrixType<N>> {
  guard("randomGaugeTransformation", { lattice: [lattice, kind.lattice], N: [N, kind.colours], options: [options, is.keysOf("seed", "stream")] });
  const { seed, stream = 0 } = options;
  guard("randomGaugeTransformation", { seed: [seed, is.integer], stream: [stream, is.integer] });
  return drawHaar(new Field(lattice, siteMatrixType(lattice, N)), randomStream(seed, stream), PURPOSE.gaugeTransformation);
}

const transformLinksBy = replayable((U: Links, g: Matrix): Links => U.map((mu) => mul(mul(g, U[mu]!), adj(shift(g, mu)))));
const conjugateBy = replayable((X: Matrix, g: Matrix): Matrix => mul(mul(g, X), adj(g)));

/** U_mu(n) -> g(n) U_mu(n) g(n + mu)^+. */
export function gaugeTransform<N extends number>(U: LinkField<N>, g: Field<MatrixType<N>>): LinkField<N> {
  guard("gaugeTransform", { U: [U, kind.linkField], g: [g, kind.field] });
  return transformLinksBy(U, g) as LinkField<N>;
}

/** X_mu(n) -> g(n) X_mu(n) g(n)^+: forces, momenta and directions live at the start of their link. */
export function gaugeTransformAlgebra<N extends number>(X: AlgebraField<N>, g: Field<MatrixType<N>>): AlgebraField<N> {
  guard("gaugeTransformAlgebra", { X: [X, kind.algebraField], g: [g, kind.field] });
  return new DirectionalField(X.lattice, X.N, "algebra").set(X.fields.map((x) => (conjugateBy(x, g) as Field).toArray()));
}

/** An isometry of the torus: the point x goes to x' with x'_{axes[mu]} = signs[mu] x_mu + displacement_{axes[mu]}. */
export interface Isometry {
  readonly axes: readonly number[];
  readonly signs: readonly (1 | -1)[];
  readonly displacement: readonly number[];
}

const identity = (lattice: Lattice): Isometry => ({ axes: lattice.extents.map((_, mu) => mu), signs: lattice.extents.map(() => 1), displacement: lattice.extents.map(() => 0) });

/** x -> x + displacement. */
export function translation(lattice: Lattice, displacement: readonly number[]): Isometry {
  guard("translation", { lattice: [lattice, kind.lattice], displacement: [displacement, kind.displacement(lattice)] });
  return { ...identity(lattice), displacement };
}

/** x_axis -> -x_axis. */
export function reflection(lattice: Lattice, axis: number): Isometry {
  guard("reflection", { lattice: [lattice, kind.lattice], axis: [axis, kind.direction(lattice)] });
  return { ...identity(lattice), signs: lattice.extents.map((_, mu) => (mu === axis ? -1 : 1)) };
}

/** Exchanges x_mu and x_nu. */
export function axisSwap(lattice: Lattice, mu: number, nu: number): Isometry {
  guard("axisSwap", { lattice: [lattice, kind.lattice], mu: [mu, kind.direction(lattice)], nu: [nu, kind.otherDirection(mu, lattice)] });
  return { ...identity(lattice), axes: lattice.extents.map((_, k) => (k === mu ? nu : k === nu ? mu : k)) };
}

/** Rotation by 90 degrees: +mu goes to +nu, +nu to -mu. */
export function rotation(lattice: Lattice, mu: number, nu: number): Isometry {
  guard("rotation", { lattice: [lattice, kind.lattice], mu: [mu, kind.direction(lattice)], nu: [nu, kind.otherDirection(mu, lattice)] });
  return { ...axisSwap(lattice, mu, nu), signs: lattice.extents.map((_, k) => (k === nu ? -1 : 1)) };
}

/** Visits every link (n, mu) of every sample with its image: the link of direction `to` at site m, traversed backwards if `reversed`. */
function visit(lattice: Lattice, { axes, signs, displacement }: Isometry, f: (n: number, mu: number, m: number, to: number, reversed: boolean) => void): void {
  if (displacement.length !== lattice.dim || !displacement.every(Number.isInteger))
    throw new GeometryError(`isometry: got the displacement [${displacement.join(", ")}] on ${lattice}, expected ${lattice.dim} integers`);
  if (axes.length !== lattice.dim || !lattice.extents.every((_, mu) => axes.includes(mu)))
    throw new GeometryError(`isometry: got the axes [${axes.join(", ")}] on ${lattice}, expected a permutation of 0 to ${lattice.dim - 1}`);
  lattice.extents.forEach((L, mu) => {
    const image = lattice.extents[axes[mu]!]!;
    if (L !== image) throw new GeometryError(`isometry: got extents ${L} and ${image} for the axes ${lattice.axis(mu)} and ${lattice.axis(axes[mu]!)} of ${lattice}, expected equal ones to exchange them`);
  });
  for (let k = 0; k < lattice.batch * lattice.volume; k++) {
    const first = k - (k % lattice.volume);
    const point = [...displacement];
    lattice.coordinates(k - first).forEach((x, mu) => (point[axes[mu]!]! += signs[mu]! * x));
    for (let mu = 0; mu < lattice.dim; mu++) {
      const to = axes[mu]!;
      const reversed = signs[mu] === -1;
      if (reversed) point[to]!--;
      f(k, mu, first + lattice.site(point), to, reversed);
      if (reversed) point[to]!++;
    }
  }
}

/**
 * The image of a link field: a link that is traversed backwards becomes U^+.
 * @throws GeometryError for a displacement or axes that do not fit the lattice, and for exchanged axes of unequal extents.
 */
export function transformLinks<N extends number>(U: LinkField<N>, isometry: Isometry): LinkField<N> {
  guard("transformLinks", { U: [U, kind.linkField], isometry: [isometry, anIsometry] });
  const { lattice, N } = U;
  const size = 2 * N * N;
  const from = U.fields.map((u) => u.toArray());
  const out = from.map((u) => new Float64Array(u.length));
  visit(lattice, isometry, (n, mu, m, to, reversed) => {
    const u = from[mu]!.subarray(n * size, (n + 1) * size);
    out[to]!.set(reversed ? dagger(u, N) : u, m * size);
  });
  return new DirectionalField(lattice, N, "links").set(out);
}

/**
 * The image of an algebra field on the links U: with dU = X U, a link traversed backwards has X' = -U^+ X U, so that forces and
 * directions of differentiation follow their links. @throws GeometryError for exchanged axes of unequal extents.
 */
export function transformAlgebra<N extends number>(X: AlgebraField<N>, U: LinkField<N>, isometry: Isometry): AlgebraField<N> {
  guard("transformAlgebra", { X: [X, kind.algebraField], U: [U, kind.linkField], isometry: [isometry, anIsometry] });
  const { lattice, N } = X;
  const size = 2 * N * N;
  const [xs, us] = [X.fields.map((x) => x.toArray()), U.fields.map((u) => u.toArray())];
  const out = xs.map((x) => new Float64Array(x.length));
  visit(lattice, isometry, (n, mu, m, to, reversed) => {
    const [x, u] = [xs, us].map((f) => f[mu]!.subarray(n * size, (n + 1) * size)) as [Float64Array, Float64Array];
    out[to]!.set(reversed ? product(dagger(u, N), product(x, u, N), N).map((v) => -v) : x, m * size);
  });
  return new DirectionalField(lattice, N, "algebra").set(out);
}

/** U'_mu(n + displacement) = U_mu(n). */
export function translate<N extends number>(U: LinkField<N>, displacement: readonly number[]): LinkField<N> {
  guard("translate", { U: [U, kind.linkField], displacement: [displacement, kind.displacement(U?.lattice)] });
  return transformLinks(U, translation(U.lattice, displacement));
}

/** With R: n_axis -> -n_axis: U'_mu(n) = U_mu(Rn) for mu != axis, U'_axis(n) = U_axis(Rn - axis)^+. */
export function reflect<N extends number>(U: LinkField<N>, axis: number): LinkField<N> {
  guard("reflect", { U: [U, kind.linkField], axis: [axis, kind.direction(U?.lattice)] });
  return transformLinks(U, reflection(U.lattice, axis));
}

/** Exchanges two axes. @throws GeometryError when their extents differ. */
export function swapAxes<N extends number>(U: LinkField<N>, mu: number, nu: number): LinkField<N> {
  guard("swapAxes", { U: [U, kind.linkField], mu: [mu, kind.direction(U?.lattice)], nu: [nu, kind.otherDirection(mu, U?.lattice)] });
  return transformLinks(U, axisSwap(U.lattice, mu, nu));
}

/** Rotation by 90 degrees in the mu-nu plane, +mu to +nu. @throws GeometryError when the extents differ. */
export function rotate<N extends number>(U: LinkField<N>, mu: number, nu: number): LinkField<N> {
  guard("rotate", { U: [U, kind.linkField], mu: [mu, kind.direction(U?.lattice)], nu: [nu, kind.otherDirection(mu, U?.lattice)] });
  return transformLinks(U, rotation(U.lattice, mu, nu));
}

/** Charge conjugation U -> U^*, X -> X^* (complex conjugate, not adjoint). */
export function chargeConjugate<N extends number, R extends "links" | "algebra">(U: DirectionalField<N, R>): DirectionalField<N, R> {
  guard("chargeConjugate", { U: [U, kind.directionalField] });
  return new DirectionalField(U.lattice, U.N, U.role).set(U.fields.map((u) => u.toArray().map((x, k) => (k % 2 === 0 ? x : -x))));
}

function dagger(u: Float64Array, N: number): Float64Array {
  const out = new Float64Array(u.length);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      out[2 * (i * N + j)] = u[2 * (j * N + i)]!;
      out[2 * (i * N + j) + 1] = -u[2 * (j * N + i) + 1]!;
    }
  return out;
}

function product(a: Float64Array, b: Float64Array, N: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < N; i++)
    for (let k = 0; k < N; k++)
      for (let j = 0; j < N; j++) {
        const [x, y, p, q, o] = [a[2 * (i * N + k)]!, a[2 * (i * N + k) + 1]!, b[2 * (k * N + j)]!, b[2 * (k * N + j) + 1]!, 2 * (i * N + j)];
        out[o]! += x * p - y * q;
        out[o + 1]! += x * q + y * p;
      }
  return out;
}

/** The image of a site field, phi'(x') = phi(x): every component is a scalar under isometries. @throws GeometryError for exchanged axes of different extents. */
export function transformSites<F extends Field>(phi: F, map: Isometry): F {
  guard("transformSites", { phi: [phi, kind.field], map: [map, anIsometry] });
  const { lattice } = phi;
  const from = phi.toArray();
  const out = new Float64Array(from.length);
  const size = from.length / (lattice.batch * lattice.volume);
  visit(lattice, map, (n, mu, m, to, reversed) => {
    if (mu > 0) return;
    // a link that is traversed backwards begins where it ended
    const site = reversed ? lattice.site(lattice.coordinates(m % lattice.volume).map((x, k) => (k === to ? x + 1 : x))) + m - (m % lattice.volume) : m;
    for (let c = 0; c < size; c++) out[site * size + c] = from[n * size + c]!;
  });
  return phi.clone().set(out) as F;
}
