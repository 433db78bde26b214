/** Start configurations: cold, hot (Haar), near the unit, one instanton. Random numbers depend on (seed, stream, site, direction) only. */
import { kind, oneSample, type AlgebraField, DirectionalField, type Field, type Lattice, type LinkField, type MatrixType, atOnce, forOwnSites } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { PURPOSE, type RandomStream, randomStream, streamOfSample, guard, is } from "../util/index.ts";
import { exponentialLinks } from "./closed-form.ts";
import { drawAlgebra } from "./gaussian.ts";
import type { Group } from "./group.ts";
import { toGroup } from "./unitarity.ts";
import { aGroup } from "./kinds.ts";

/** Sites that are made together. */
const PIECE = 1024;

/** Where the random numbers of a start come from. */
export interface RandomStart {
  readonly seed: number;
  /** Default 0. */
  readonly stream?: number;
}

/** All links 1. */
export function cold<N extends number>(lattice: Lattice, group: Group<N>): LinkField<N> {
  guard("cold", { lattice: [lattice, kind.lattice], group: [group, aGroup] });
  const { N } = group;
  const U = new DirectionalField(lattice, N, "links");
  const piece = atOnce(lattice, PIECE);
  const one = new Float64Array(piece * 2 * N * N);
  for (let n = 0; n < piece; n++) for (let i = 0; i < N; i++) one[2 * (n * N * N + i * N + i)] = 1;
  forOwnSites(lattice, piece, (sites) => U.fields.forEach((f) => f.writeSites(sites, one)));
  return U;
}

/** Links independent and uniform in the Haar measure of the group, det U = 1 for N >= 2. Sample b of a batch is the start of the stream b places after the given one. */
export function hot<N extends number>(lattice: Lattice, group: Group<N>, options: RandomStart): LinkField<N> {
  guard("hot", { lattice: [lattice, kind.lattice], group: [group, aGroup], options: [options, is.keysOf("seed", "stream")] });
  const { seed, stream = 0 } = options;
  guard("hot", { seed: [seed, is.integer], stream: [stream, is.integer] });
  const random = randomStream(seed, stream);
  const U = new DirectionalField(lattice, group.N, "links");
  U.fields.forEach((f, mu) => drawHaar(f, random, PURPOSE.start, mu));
  return U;
}

/**
 * One Haar matrix a site, each sample with its own stream. The rows of a complex Gaussian matrix, orthonormalised in order, are uniform; the last row is then fixed by
 * det = 1. `index` separates the fields of one purpose.
 */
export function drawHaar<N extends number>(field: Field<MatrixType<N>>, random: RandomStream, purpose: number, index = 0): Field<MatrixType<N>> {
  const { lattice, type: { N } } = field;
  const size = 2 * N * N;
  const piece = atOnce(lattice, PIECE);
  const out = new Float64Array(piece * size);
  const pair = new Float64Array(2);
  const streams: RandomStream[] = [];
  forOwnSites(lattice, piece, (sites) => {
    for (let s = 0; s < sites.length; s++) {
      const n = sites[s]! % lattice.volume;
      const b = (sites[s]! - n) / lattice.volume;
      streams[b] ??= streamOfSample(random, b);
      for (let k = 0; k < N * N; k++) {
        streams[b].normals(n, index * N * N + k, 0, purpose, pair);
        out.set(pair, s * size + 2 * k);
      }
      toGroup(out, s * size, N);
    }
    field.writeSites(sites, out);
  });
  return field;
}

/** U = exp(width sum_a x^a T_a) with independent x^a ~ N(0, 1). */
export function nearUnit<N extends number>(lattice: Lattice, group: Group<N>, options: RandomStart & { readonly width: number }): LinkField<N> {
  guard("nearUnit", { lattice: [lattice, kind.lattice], group: [group, aGroup], options: [options, is.keysOf("seed", "stream", "width")] });
  const { seed, stream = 0, width } = options;
  guard("nearUnit", { seed: [seed, is.integer], stream: [stream, is.integer], width: [width, is.finite] });
  const X = new DirectionalField(lattice, group.N, "algebra");
  drawAlgebra(X as AlgebraField, randomStream(seed, stream), 0, PURPOSE.start);
  return exponentialLinks(X, width);
}

/**
 * One instanton in singular gauge, U_mu(n) = exp(-(1/2) tau_mu R^2 / (d^2 (d^2 + R^2))), d = n - centre, tau_mu = sum_nu d_nu (s_mu^+ s_nu -
 * s_nu^+ s_mu), s = (i sigma_1, i sigma_2, i sigma_3, 1), in the first two colours. The periodic closing is abrupt. Default centre:
 * floor(L/2) + 1/2 in every direction.
 * @throws GeometryError unless the lattice has four dimensions, N >= 2, and no site lies at the centre.
 */
export function instanton<N extends number>(lattice: Lattice, group: Group<N>, options: { readonly radius: number; readonly centre?: readonly number[] }): LinkField<N> {
  guard("instanton", { lattice: [lattice, kind.lattice], group: [group, aGroup], options: [options, is.keysOf("radius", "centre")] });
  const { N } = group;
  const { radius, centre = lattice.extents.map((L) => Math.floor(L / 2) + 0.5) } = options;
  if (lattice.dim !== 4 || N < 2) throw new GeometryError(`instanton: got ${group.name} in ${lattice.dim} dimensions, expected SU(N) in 4`);
  if (centre.length !== 4) throw new GeometryError(`instanton: got a centre of ${centre.length} coordinates, expected 4`);
  oneSample("instanton", lattice);
  const U = cold(lattice, group);
  return U.set(
    lattice.extents.map((_, mu) => {
      const u = U.toArray(mu);
      for (let n = 0; n < lattice.volume; n++) {
        const d = lattice.coordinates(n).map((x, nu) => x - centre[nu]!);
        const d2 = d.reduce((s, x) => s + x * x, 0);
        if (d2 === 0) throw new GeometryError(`instanton: got the centre [${centre.join(", ")}] on a site, expected one between sites`);
        const f = radius ** 2 / (d2 * (d2 + radius ** 2));
        writeRotation(u, n * 2 * N * N, N, generatorVector(mu, d).map((v) => -f * v));
      }
      return u;
    }),
  );
}

/** tau_mu = 2 i v.sigma: v_l = eps_mjl d_j - d_t delta_ml for mu = m in space, v = d for mu = t. */
function generatorVector(mu: number, d: readonly number[]): number[] {
  if (mu === 3) return d.slice(0, 3);
  const v = [0, 0, 0];
  const [j, l] = [(mu + 1) % 3, (mu + 2) % 3];
  v[l]! += d[j]!;
  v[j]! -= d[l]!;
  v[mu]! -= d[3]!;
  return v;
}

/** exp(i v.sigma) = cos|v| + i (sin|v| / |v|) v.sigma in the first two colours. */
function writeRotation(u: Float64Array, at: number, N: number, v: readonly number[]): void {
  const length = Math.hypot(...v);
  const [c, s] = [Math.cos(length), length === 0 ? 1 : Math.sin(length) / length];
  const [x, y, z] = v.map((w) => s * w) as [number, number, number];
  u.set([c, z, y, x], at);
  u.set([-y, x, c, -z], at + 2 * N);
}
