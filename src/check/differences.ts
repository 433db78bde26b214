/**
 * Fourth-order central differences D(h) = [8 (g(h) - g(-h)) - (g(2h) - g(-2h))] / (12 h) on steps that halve. The error of D is
 * truncation, measured from the change with the step (D(2h) - D(h) = 15 e(h) for e ~ h^4), plus rounding sigma/h with the noise sigma of
 * g measured by difference tables (More and Wild, SIAM J. Sci. Comput. 33 (2011) 1292).
 */

export const EPS = 2 ** -52;
const COARSEST = 0.1;
const HALVINGS = 8;
/** Spacing of the points whose high differences are noise. */
export const NOISE_SPACING = 1e-6;
/** Points of a noise table, -3..3. */
export const NOISE_POINTS: readonly number[] = [-3, -2, -1, 0, 1, 2, 3];
const NOISE_ORDERS = [3, 4, 5, 6];

export interface Difference {
  readonly value: number;
  /** Estimated truncation plus rounding error. */
  readonly error: number;
  readonly truncation: number;
  readonly rounding: number;
  readonly step: number;
  /** Noise of g relative to its values. */
  readonly noise: number;
  /** log2 of the ratio of successive changes with the step; absent where rounding hides them. */
  readonly order?: number;
}

/** Standard deviation of the rounding noise of equally spaced values: sigma_k^2 = (k!)^2/(2k)! <(k-th difference)^2>. */
export function noiseOfTable(values: readonly number[]): number {
  let sigma = 0;
  let row = [...values];
  let gamma = 1;
  for (let k = 1; k < values.length; k++) {
    row = row.slice(1).map((x, i) => x - row[i]!);
    gamma *= (k * k) / (2 * k * (2 * k - 1));
    if (NOISE_ORDERS.includes(k)) sigma = Math.max(sigma, Math.sqrt((gamma * row.reduce((s, x) => s + x * x, 0)) / row.length));
  }
  return sigma;
}

/** Noise of g near 0, at least half a unit in the last place. */
export function noise(g: (s: number) => number): number {
  const values = NOISE_POINTS.map((k) => g(k * NOISE_SPACING));
  return Math.max(noiseOfTable(values), (EPS / 2) * Math.max(...values.map(Math.abs)));
}

/** The combination of g(-2h), g(-h), g(h), g(2h) that gives g'(0). */
export const STENCIL: readonly (readonly [number, number])[] = [[-2, 1 / 12], [-1, -8 / 12], [1, 8 / 12], [2, -1 / 12]];

/** g'(0) with its error. */
export function difference(g: (s: number) => number): Difference {
  const sigma = noise(g);
  const odd = Array.from({ length: HALVINGS + 1 }, (_, k) => {
    const s = 2 * COARSEST * 2 ** -k;
    return g(s) - g(-s);
  });
  const steps = Array.from({ length: HALVINGS }, (_, k) => COARSEST * 2 ** -k);
  const D = steps.map((h, k) => (8 * odd[k + 1]! - odd[k]!) / (12 * h));
  const change = D.map((d, k) => (k === 0 ? Number.NaN : Math.abs(d - D[k - 1]!)));
  const relative = sigma / Math.max(Math.abs(g(0)), sigma);
  let best: Difference | undefined;
  let order: number | undefined;
  for (let k = 2; k < HALVINGS; k++) {
    const rounding = sigma / steps[k]!;
    // the change before this one guards against an accidental agreement
    const truncation = Math.max(change[k]! / 15, change[k - 1]! / 240);
    if (change[k]! > 20 * rounding) order = Math.log2(change[k - 1]! / change[k]!);
    if (!best || truncation + rounding < best.error) best = { value: D[k]!, error: truncation + rounding, truncation, rounding, step: steps[k]!, noise: relative };
  }
  return order === undefined ? best! : { ...best!, order };
}
