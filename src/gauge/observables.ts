/**
 * Gluonic observables of a link field as numbers. All are recorded once per lattice and N, so that they are cheap inside a Markov chain;
 * loops are normalised with 1/N. Planes are named by their axes: xy, xz, xt, ...
 */
import { kind, PerSample, samplewise, type LinkField, type Links, type Real, type Scalar, add, broadcast, dot, im, mean, number, numbersBySite, re, reTrace, scaleBy, sub } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { cloverStrength } from "./field-strength.ts";
import { type Path, loopProduct, loopTrace } from "./loops.ts";
import { perLattice } from "./per-lattice.ts";
import { guard, is } from "../util/index.ts";

/** Mean over the lattice, and plane by plane. */
export interface PlaneMeans {
  readonly mean: number;
  /** For instance `xy`; for rectangles the first letter is the long side. */
  readonly planes: Readonly<Record<string, number>>;
}

/** Mean over sites of Re tr / N of a closed path. */
const loopMean = (U: Links, path: Path): Scalar => scaleBy(1 / U.N, mean(reTrace(loopProduct(U, path))));

const average = (values: Readonly<Record<string, number>>): PlaneMeans => {
  const list = Object.values(values);
  return { mean: samplewise((...xs) => xs.reduce((s, x) => s + x, 0) / xs.length, ...list), planes: { ...values } };
};

/** Pairs of directions, mu < nu, or all mu != nu. */
function planesOf(dim: number, ordered = false): [mu: number, nu: number][] {
  const axes = Array.from({ length: dim }, (_, mu) => mu);
  return axes.flatMap((mu) => axes.filter((nu) => (ordered ? nu !== mu : nu > mu)).map((nu): [number, number] => [mu, nu]));
}

function expectPlanes(U: LinkField, what: string): void {
  if (U.lattice.dim < 2) throw new GeometryError(`${what}: got ${U.lattice.dim} dimension, expected at least 2`);
}

const planeName = (U: Links, mu: number, nu: number): string => U.lattice.axis(mu) + U.lattice.axis(nu);

const measurePlaquettes = perLattice((U) => Object.fromEntries(planesOf(U.dim).map(([mu, nu]) => [planeName(U, mu, nu), loopMean(U, [mu + 1, nu + 1, -mu - 1, -nu - 1])])));

/** Plaquettes Re tr P / N: mean over sites for each of the D(D-1)/2 planes, and the mean of the planes; 1 on a cold field. */
export function plaquettes(U: LinkField): PlaneMeans {
  guard("plaquettes", { U: [U, kind.linkField] });
  expectPlanes(U, "plaquettes");
  return average(measurePlaquettes(U));
}

const measureActionDensity = perLattice((U) => {
  const planes = planesOf(U.dim);
  const loops = planes.map(([mu, nu]): Real => reTrace(loopProduct(U, [mu + 1, nu + 1, -mu - 1, -nu - 1])));
  const sum = add(loops[0]!, ...loops.slice(1));
  return sub(broadcast(number(sum.tape, planes.length)), scaleBy(1 / U.N, sum));
});

/** Action density s(x) = sum_{mu<nu} (1 - Re tr P_mn(x) / N), one number a site in lexicographic order; beta times its sum is the Wilson action. */
export function actionDensity(U: LinkField): Float64Array {
  guard("actionDensity", { U: [U, kind.linkField] });
  expectPlanes(U, "actionDensity");
  return measureActionDensity(U).toArray();
}

const measureRectangles = perLattice((U) =>
  Object.fromEntries(planesOf(U.dim, true).map(([mu, nu]) => [planeName(U, mu, nu), loopMean(U, [mu + 1, mu + 1, nu + 1, -mu - 1, -mu - 1, -nu - 1])])),
);

/** 2 x 1 rectangles Re tr R / N for the D(D-1) ordered planes (`xy`: two links along x), and the mean of all. */
export function rectangles(U: LinkField): PlaneMeans {
  guard("rectangles", { U: [U, kind.linkField] });
  expectPlanes(U, "rectangles");
  return average(measureRectangles(U));
}

const measurePolyakov = perLattice((U) =>
  Object.fromEntries(
    U.lattice.extents.map((L, mu) => {
      const z = loopTrace(U, Array.from({ length: L }, () => mu + 1));
      return [U.lattice.axis(mu), [mean(re(z)), mean(im(z))] as const];
    }),
  ),
);

/** Polyakov loops: site mean of (1/N) tr P_mu, P_mu the product of the L_mu links along mu, as [re, im] for every axis. No fermion sign. */
export function polyakovLoops(U: LinkField): Record<string, [re: number, im: number]> {
  guard("polyakovLoops", { U: [U, kind.linkField] });
  return Object.fromEntries(Object.entries(measurePolyakov(U)).map(([axis, [x, y]]) => [axis, [x, y]]));
}

/** Mean over all links of Re tr U / N. Not gauge invariant: a fingerprint of a stored field. */
export function linkTrace(U: LinkField): number {
  guard("linkTrace", { U: [U, kind.linkField] });
  const { N } = U;
  const { batch, volume, dim } = U.lattice;
  const sums = new PerSample(batch);
  for (const field of U.fields) {
    const diagonals = numbersBySite(U.lattice, N, (sites, out) => {
      const u = field.readOwnSites(sites, new Float64Array(2 * N * N * sites.length));
      for (let k = 0; k < sites.length; k++) for (let i = 0; i < N; i++) out[k * N + i] = u[2 * (k * N * N + i * (N + 1))]!;
    });
    diagonals.forEach((x, k) => (sums[Math.floor(k / (N * volume))]! += x));
  }
  return samplewise((s) => s / (N * volume * dim), batch === 1 ? sums[0]! : sums);
}

const wilsonLoops = new Map<string, (U: LinkField) => number>();

/**
 * Wilson loop W(T, R): mean over sites and the spatial directions of Re tr / N of the loop with T links along the last direction and R
 * along another. @throws GeometryError unless T and R are positive integers.
 */
export function wilsonLoop(U: LinkField, T: number, R: number): number {
  guard("wilsonLoop", { U: [U, kind.linkField], T: [T, is.count], R: [R, is.count] });
  expectPlanes(U, "wilsonLoop");
  if (![T, R].every((n) => Number.isInteger(n) && n > 0)) throw new GeometryError(`wilsonLoop: got T = ${T}, R = ${R}, expected positive integers`);
  const key = `${T}x${R}`;
  let measure = wilsonLoops.get(key);
  if (!measure) wilsonLoops.set(key, (measure = perLattice((V) => averageLoop(V, T, R))));
  return measure(U);
}

function averageLoop(U: Links, T: number, R: number): Scalar {
  const times = (n: number, step: number): number[] => Array.from({ length: n }, () => step);
  const terms = Array.from({ length: U.dim - 1 }, (_, i) => loopMean(U, [...times(T, U.dim), ...times(R, i + 1), ...times(T, -U.dim), ...times(R, -i - 1)]));
  return scaleBy(1 / terms.length, add(terms[0]!, ...terms.slice(1)));
}

/** Energy densities, site means, in lattice units (E = (1/4) G^a_mn G^a_mn summed over all mu, nu). */
export interface EnergyDensity {
  /** 2 sum_{m<n} Re tr(1 - P_mn). */
  readonly plaquette: number;
  /** -sum_{m<n} tr G_mn^2 with the traceless clover G. */
  readonly clover: number;
  /** Planes of `clover` with the last direction. */
  readonly electric: number;
  /** Planes of `clover` without it. */
  readonly magnetic: number;
}

const measureClover = perLattice((U) =>
  planesOf(U.dim).map(([mu, nu]) => {
    const G = cloverStrength(U, mu, nu);
    return mean(dot(G, G));
  }),
);

/** Energy density by plaquettes and by the clover (arXiv:1006.4518). */
export function energyDensity(U: LinkField): EnergyDensity {
  guard("energyDensity", { U: [U, kind.linkField] });
  const planes = planesOf(U.lattice.dim);
  const plaquette = samplewise((p) => 2 * U.N * planes.length * (1 - p), plaquettes(U).mean);
  const terms = measureClover(U);
  const [electric, magnetic] = [true, false].map((inTime) => samplewise((...es) => es.reduce((s, e, k) => ((planes[k]![1] === U.lattice.dim - 1) === inTime ? s + e : s), 0), ...terms)) as [number, number];
  return { plaquette, clover: samplewise((e, m) => e + m, electric, magnetic), electric, magnetic };
}
