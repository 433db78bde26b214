/**
 * Meson correlators of all channels and momenta from a point source at the origin, for any operator with gamma_5-hermiticity:
 *
 *     C_G(t, p) = sum_x e^{-ipx} tr[G S(x,0) G^+ gamma_5 S(x,0)^+ gamma_5],   p_i = 2 pi n_i / L_i,
 *
 * up to a sign the propagation of psi-bar G psi; positive for the pion, G = gamma_5 at p = 0.
 */
import { Field, type Lattice, type SpinMatrix, type VectorType, kind, numbersBySite, scope } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { dagger, gamma, gamma5, product, wilsonType } from "./wilson.ts";
import { describe, guard, is } from "../util/index.ts";

/** S: 1, P: gamma_5, Vx ... Vt: gamma_mu, Ax ... At: gamma_mu gamma_5, Txy ...: gamma_mu gamma_nu. */
export type MesonChannel = string;

/** What is measured. */
export interface MesonOptions {
  /** Default: all of the lattice's dimension. */
  readonly channels?: readonly MesonChannel[];
  /** Integers n_i of the momenta, one a direction of space; default [0, ...] alone. */
  readonly momenta?: readonly (readonly number[])[];
}

/** One channel at one momentum: C(t) as complex numbers. */
export interface MesonCorrelator {
  readonly channel: MesonChannel;
  readonly momentum: readonly number[];
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** All channels by name: 16 in four dimensions, 4 in two. @throws GeometryError in other dimensions. */
export function mesonChannels(lattice: Lattice): { readonly [channel: MesonChannel]: SpinMatrix } {
  guard("mesonChannels", { lattice: [lattice, kind.lattice] });
  const g5 = gamma5(lattice);
  const g = lattice.extents.map((_, mu) => gamma(lattice, mu));
  const one = product(g5, g5);
  const axes = lattice.extents.map((_, mu) => lattice.axis(mu));
  const pairs = axes.flatMap((a, mu) => axes.slice(mu + 1).map((b, k) => [`T${a}${b}`, product(g[mu]!, g[mu + 1 + k]!)] as const));
  return {
    S: one,
    P: g5,
    ...Object.fromEntries(axes.map((a, mu) => [`V${a}`, g[mu]!])),
    // in two dimensions gamma_mu gamma_5 are the gamma matrices and gamma_x gamma_t is gamma_5 once more
    ...(lattice.dim === 4 ? { ...Object.fromEntries(axes.map((a, mu) => [`A${a}`, product(g[mu]!, g5)])), ...Object.fromEntries(pairs) } : {}),
  };
}

/**
 * Correlators of a propagator, columns as `wilsonPropagator` or `wilsonColumns` give them: `propagator(colour, spin)` is S(n; 0) in canonical order, sites, colours, spins,
 * or a field.
 * @throws ConfigurationError for unknown channels and momenta of another dimension.
 */
export function mesonCorrelators(lattice: Lattice, N: number, propagator: (colour: number, spin: number) => Float64Array | Field<VectorType>, options: MesonOptions = {}): MesonCorrelator[] {
  guard("mesonCorrelators", { lattice: [lattice, kind.lattice], N: [N, kind.colours], propagator: [propagator, is.callable], options: [options, is.keysOf("channels", "momenta")] });
  const known = mesonChannels(lattice);
  const space = lattice.dim - 1;
  const { channels = Object.keys(known), momenta = [Array.from({ length: space }, () => 0)] } = options;
  guard("mesonCorrelators", { channels: [channels, is.listOf(is.text)], momenta: [momenta, is.listOf(is.listOf(is.integer))] });
  const unknown = channels.find((c) => !Object.hasOwn(known, c));
  if (unknown !== undefined) throw new ConfigurationError(`mesonCorrelators: got the channel ${unknown}, expected some of ${Object.keys(known).join(", ")}`);
  const wrong = momenta.find((p) => p.length !== space);
  if (wrong) throw new ConfigurationError(`mesonCorrelators: got the momentum [${wrong.join(", ")}], expected ${space} integers, one a direction of space`);
  const spins = known["S"]!.length;
  const T = lattice.extents[space]!;
  const slice = lattice.volume / T;
  const g5 = gamma5(lattice).map((row, i) => row[i]![0]);
  const phases = momenta.map((p) => Array.from({ length: slice }, (_, n) => lattice.coordinates(n).slice(0, space).reduce((s, x, i) => s - (2 * Math.PI * p[i]! * x) / lattice.extents[i]!, 0)));
  const out = momenta.flatMap((momentum) => channels.map((channel): MesonCorrelator => ({ channel, momentum, re: new Float64Array(T), im: new Float64Array(T) })));
  const sparse = channels.map((c) => ({ sink: entries(known[c]!), source: entries(dagger(known[c]!)) }));
  const traces = scope(() => {
    const columns = columnsOf(lattice, N, spins, propagator);
    return numbersBySite(lattice, 2 * channels.length, (sites, to) => {
      const here = columns.map((S) => S.readOwnSites(sites, new Float64Array(2 * N * spins * sites.length)));
      sites.forEach((_, k) => sparse.forEach((s, c) => to.set(contract(here, k, N, spins, g5, s), 2 * (k * channels.length + c))));
    });
  });
  for (let n = 0; n < lattice.volume; n++) {
    const t = Math.floor(n / slice);
    channels.forEach((_, c) => {
      const [re, im] = traces.subarray(2 * (n * channels.length + c)) as unknown as [number, number];
      momenta.forEach((_p, k) => {
        const phase = phases[k]![n % slice]!;
        const { re: R, im: I } = out[k * channels.length + c]!;
        R[t]! += re * Math.cos(phase) - im * Math.sin(phase);
        I[t]! += re * Math.sin(phase) + im * Math.cos(phase);
      });
    });
  }
  return out;
}

/** All columns as fields. */
function columnsOf(lattice: Lattice, N: number, spins: number, propagator: (colour: number, spin: number) => unknown): Field<VectorType>[] {
  const length = 2 * N * spins * lattice.volume;
  return Array.from({ length: N * spins }, (_, k) => {
    const column = propagator(Math.floor(k / spins), k % spins);
    if (!(column instanceof Float64Array || (column instanceof Field && column.lattice === lattice)) || column.length !== length)
      throw new ConfigurationError(`mesonCorrelators: got ${describe(column)} from the propagator, expected a Float64Array of ${length} numbers, (re, im) for sites, colours, spins, or a field of them`);
    return column instanceof Field ? column : new Field(lattice, wilsonType(lattice, N)).set(column);
  });
}

type Entry = readonly [row: number, column: number, re: number, im: number];

const entries = (m: SpinMatrix): Entry[] => m.flatMap((row, r) => row.flatMap(([re, im], c): Entry[] => (re === 0 && im === 0 ? [] : [[r, c, re, im]])));

/** tr[G S G^+ gamma_5 S^+ gamma_5] at a site: sum of G_ab S_bc G^+_cd (gamma_5)_d conj(S_ad) (gamma_5)_a over spins, and over the colours of both ends. */
function contract(columns: readonly Float64Array[], n: number, N: number, spins: number, g5: readonly number[], { sink, source }: { readonly sink: readonly Entry[]; readonly source: readonly Entry[] }): [number, number] {
  let [re, im] = [0, 0];
  for (let from = 0; from < N; from++)
    for (const [c, d, cr, ci] of source) {
      const [forward, back] = [columns[from * spins + c]!, columns[from * spins + d]!];
      for (const [a, b, ar, ai] of sink) {
        const sign = g5[a]! * g5[d]!;
        const [fr, fi] = [sign * (ar * cr - ai * ci), sign * (ar * ci + ai * cr)];
        for (let to = 0; to < N; to++) {
          const [p, q] = [2 * ((n * N + to) * spins + b), 2 * ((n * N + to) * spins + a)];
          const xr = forward[p]! * back[q]! + forward[p + 1]! * back[q + 1]!;
          const xi = forward[p + 1]! * back[q]! - forward[p]! * back[q + 1]!;
          re += fr * xr - fi * xi;
          im += fr * xi + fi * xr;
        }
      }
    }
  return [re, im];
}
