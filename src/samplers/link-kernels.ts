/**
 * Updates of one link U in the field of its staples: weight exp((beta/N) Re tr(U V)), V the sum of the paths that close loops through
 * the link. Heatbath: SU(2) by Kennedy and Pendleton (Phys. Lett. B 156 (1985) 393), SU(N) by the SU(2) subgroups of all pairs of colours
 * (Cabibbo and Marinari, Phys. Lett. B 119 (1982) 387), U(1) by the von Mises sampler of Best and Fisher (Appl. Stat. 28 (1979) 152).
 * Overrelaxation: the reflection that keeps Re tr(U V). Matrices are flat, row by row, (re, im).
 */
import { NaNError } from "../errors.ts";

/** Source of uniform numbers in (0, 1). */
export type Uniforms = () => number;

/** One colour pair i < j. */
export type ColourPair = readonly [number, number];

/** All pairs of colours, neighbours first: (1,2), (2,3), (1,3) for N = 3. */
export function colourPairs(N: number): ColourPair[] {
  const pairs: ColourPair[] = [];
  for (let d = 1; d < N; d++) for (let i = 0; i + d < N; i++) pairs.push([i, i + d]);
  return pairs;
}

/** x0 in [-1, 1] with density proportional to sqrt(1 - x0^2) exp(alpha x0), alpha >= 0. */
function sampleX0(alpha: number, u: Uniforms): number {
  if (alpha < 1.5) {
    // inverse of the exponential alone, then rejection with the square root; KP would reject nearly everything here
    for (;;) {
      const x = u();
      const x0 = alpha < 1e-8 ? 2 * x - 1 : 1 + Math.log1p((1 - x) * Math.expm1(-2 * alpha)) / alpha;
      const v = u();
      if (v * v <= 1 - x0 * x0) return x0;
    }
  }
  for (;;) {
    const [u1, u2, u3, u4] = [u(), u(), u(), u()];
    const c = Math.cos(2 * Math.PI * u3);
    const delta = -Math.log(u2) / alpha - (Math.log(u1) / alpha) * c * c;
    if (u4 * u4 <= 1 - delta / 2) return 1 - delta;
  }
}

/** Above it the distribution of an angle is normal to better than 1e-8. */
const NARROW = 1e8;

/** Angle in (-pi, pi] with density proportional to exp(kappa cos(angle)), kappa >= 0. */
export function sampleVonMises(kappa: number, u: Uniforms): number {
  if (kappa < 1)
    for (;;) {
      const angle = Math.PI * (1 - 2 * u());
      if (Math.log(u()) <= kappa * (Math.cos(angle) - 1)) return angle;
    }
  // normal but for terms of 1 / kappa, where 1 - cos is lost in rounding
  if (kappa > NARROW) return Math.sqrt((-2 * Math.log(u())) / kappa) * Math.cos(2 * Math.PI * u());
  const tau = 1 + Math.sqrt(1 + 4 * kappa * kappa);
  const rho = (tau - Math.sqrt(2 * tau)) / (2 * kappa);
  const r = (1 + rho * rho) / (2 * rho);
  for (;;) {
    const z = Math.cos(Math.PI * u());
    const f = (1 + r * z) / (r + z);
    const c = kappa * (r - f);
    const v = u();
    if (c * (2 - c) > v || Math.log(c / v) + 1 >= c) return (u() < 0.5 ? -1 : 1) * Math.acos(Math.min(1, Math.max(-1, f)));
  }
}

/** A quaternion a0 + i a.sigma. */
type Quaternion = [number, number, number, number];

/** The SU(2) direction w/k of the block (i, j) of W and k = |w|: Re tr(g W) = 2 k (g w/k)_0 + const for g in the subgroup. */
function blockOf(W: Float64Array, N: number, [i, j]: ColourPair, w: Quaternion): number {
  const [p, q, r, s] = [2 * (i * N + i), 2 * (i * N + j), 2 * (j * N + i), 2 * (j * N + j)];
  const w0 = (W[p]! + W[s]!) / 2;
  const w1 = (W[q + 1]! + W[r + 1]!) / 2;
  const w2 = (W[q]! - W[r]!) / 2;
  const w3 = (W[p + 1]! - W[s + 1]!) / 2;
  const k = Math.sqrt(w0 * w0 + w1 * w1 + w2 * w2 + w3 * w3);
  if (k === 0) {
    w[0] = 1;
    w[1] = w[2] = w[3] = 0;
  } else {
    w[0] = w0 / k;
    w[1] = w1 / k;
    w[2] = w2 / k;
    w[3] = w3 / k;
  }
  return k;
}

/** Multiplies rows i and j of the matrix at `at` with the SU(2) element g from the left. */
function multiplyRows(U: Float64Array, at: number, N: number, [i, j]: ColourPair, g: Quaternion): void {
  const [g0, g1, g2, g3] = g;
  for (let c = 0; c < N; c++) {
    const [p, q] = [at + 2 * (i * N + c), at + 2 * (j * N + c)];
    const [a, b, d, e] = [U[p]!, U[p + 1]!, U[q]!, U[q + 1]!];
    U[p] = g0 * a - g3 * b + g2 * d - g1 * e;
    U[p + 1] = g0 * b + g3 * a + g2 * e + g1 * d;
    U[q] = -g2 * a - g1 * b + g0 * d + g3 * e;
    U[q + 1] = -g2 * b + g1 * a + g0 * e - g3 * d;
  }
}

/** The weight of a link, without which no number is drawn. */
function expectFinite(weight: number): number {
  if (!Number.isFinite(weight)) throw new NaNError(`heatbath: got staples of the weight ${weight}, expected a finite number: the links hold NaN, or beta is too large`);
  return weight;
}

/** Heatbath and overrelaxation of one link for a fixed N; the objects hold the small work arrays. */
export class LinkKernels {
  readonly N: number;
  readonly #pairs: readonly ColourPair[];
  readonly #product: Float64Array;
  readonly #w: Quaternion = [1, 0, 0, 0];
  readonly #g: Quaternion = [1, 0, 0, 0];

  constructor(N: number) {
    this.N = N;
    this.#pairs = colourPairs(N);
    this.#product = new Float64Array(2 * N * N);
  }

  /** Replaces the link at `at` by one drawn with weight exp(coupling Re tr(U V)), coupling = beta/N >= 0; for N > 2 subgroup by subgroup. @throws NaNError for staples that are not finite. */
  heatbath(U: Float64Array, at: number, V: Float64Array, coupling: number, u: Uniforms): void {
    if (this.N === 1) {
      const k = Math.hypot(V[0]!, V[1]!);
      const angle = sampleVonMises(expectFinite(coupling * k), u) - (k === 0 ? 0 : Math.atan2(V[1]!, V[0]!));
      U[at] = Math.cos(angle);
      U[at + 1] = Math.sin(angle);
      return;
    }
    const [w, g] = [this.#w, this.#g];
    for (const pair of this.#pairs) {
      const k = this.#block(U, at, V, pair);
      const x0 = sampleX0(expectFinite(2 * coupling * k), u);
      const r = Math.sqrt(Math.max(0, 1 - x0 * x0));
      const phi = 2 * Math.PI * u();
      const c = 2 * u() - 1;
      const s = r * Math.sqrt(1 - c * c);
      const [x1, x2, x3] = [s * Math.cos(phi), s * Math.sin(phi), r * c];
      // g = (x0 + i x.sigma)(w0 - i w.sigma)/k
      g[0] = x0 * w[0] + x1 * w[1] + x2 * w[2] + x3 * w[3];
      g[1] = w[0] * x1 - x0 * w[1] + (x2 * w[3] - x3 * w[2]);
      g[2] = w[0] * x2 - x0 * w[2] + (x3 * w[1] - x1 * w[3]);
      g[3] = w[0] * x3 - x0 * w[3] + (x1 * w[2] - x2 * w[1]);
      multiplyRows(U, at, this.N, pair, g);
    }
  }

  /** Reflects the link at `at` so that Re tr(U V) keeps its value: g = (w^+/k)^2 in every subgroup, U <- V^* U^* V^* / |V|^2 for U(1). */
  overrelax(U: Float64Array, at: number, V: Float64Array): void {
    if (this.N === 1) {
      const [a, b] = [V[0]!, V[1]!];
      const n = a * a + b * b;
      if (n === 0) return;
      const [re, im] = [(a * a - b * b) / n, (-2 * a * b) / n];
      const [x, y] = [U[at]!, -U[at + 1]!];
      U[at] = re * x - im * y;
      U[at + 1] = re * y + im * x;
      return;
    }
    const [w, g] = [this.#w, this.#g];
    for (const pair of this.#pairs) {
      this.#block(U, at, V, pair);
      g[0] = 2 * w[0] * w[0] - 1;
      for (let a = 1; a < 4; a++) g[a] = -2 * w[0] * w[a]!;
      multiplyRows(U, at, this.N, pair, g);
    }
  }

  /** Direction of the block (i, j) of U V into #w; returns its length. Only the four entries of the block are computed. */
  #block(U: Float64Array, at: number, V: Float64Array, pair: ColourPair): number {
    const { N } = this;
    const W = this.#product;
    for (const i of pair)
      for (const j of pair) {
        let [re, im] = [0, 0];
        for (let k = 0; k < N; k++) {
          const [p, q] = [at + 2 * (i * N + k), 2 * (k * N + j)];
          re += U[p]! * V[q]! - U[p + 1]! * V[q + 1]!;
          im += U[p]! * V[q + 1]! + U[p + 1]! * V[q]!;
        }
        W[2 * (i * N + j)] = re;
        W[2 * (i * N + j) + 1] = im;
      }
    return blockOf(W, N, pair, this.#w);
  }
}
