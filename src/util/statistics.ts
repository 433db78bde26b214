/**
 * Statistics of Monte Carlo series. Errors of correlated data by the Gamma method (U. Wolff, hep-lat/0306017): tau_int is normalised so
 * that uncorrelated data have 0.5, and error^2 = 2 tau_int variance / n.
 */
import { ConfigurationError } from "../errors.ts";
import { chiSquareProbability } from "./special.ts";

/** Arithmetic mean. @throws ConfigurationError for an empty series. */
export function mean(series: ArrayLike<number>): number {
  need(series.length, 1, "mean");
  let s = 0;
  for (let k = 0; k < series.length; k++) s += series[k]!;
  return s / series.length;
}

function need(n: number, least: number, what: string): void {
  if (n < least) throw new ConfigurationError(`${what}: got ${n} values, expected at least ${least}: measure more often or run longer`);
}

/** A mean with its statistical error and integrated autocorrelation time, in units of measurements. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
  readonly tauInt: number;
  readonly tauIntError: number;
  /** Summation window that the automatic procedure chose. */
  readonly window: number;
  readonly n: number;
}

/** Mean, error and tau_int of a series. A constant series has error 0 and tau_int 0.5. */
export function gammaMethod(series: ArrayLike<number>, S = 1.5): Estimate {
  return gammaMethodOf((means) => means[0]!, [series], S);
}

/**
 * The same for a function of the means of several series measured together (ratios, cumulants): fluctuations are projected on the
 * numerical gradient at the means.
 */
export function gammaMethodOf(f: (means: readonly number[]) => number, series: readonly ArrayLike<number>[], S = 1.5): Estimate {
  const n = series[0]?.length ?? 0;
  need(n, 4, "gammaMethod");
  for (const s of series) if (s.length !== n) throw new ConfigurationError(`gammaMethod: got series of ${n} and ${s.length} values, expected equal lengths`);
  const means = series.map((s) => mean(s));
  const value = f(means);
  const slopes = series.map((s, a) => {
    let v = 0;
    for (let k = 0; k < n; k++) v += (s[k]! - means[a]!) ** 2;
    const h = Math.sqrt(v / n / n);
    if (h === 0) return 0;
    const at = (sign: number): number => f(means.map((m, b) => (b === a ? m + sign * h : m)));
    return (at(1) - at(-1)) / (2 * h);
  });
  const d = new Float64Array(n);
  for (let k = 0; k < n; k++) for (const [a, s] of series.entries()) d[k]! += slopes[a]! * (s[k]! - means[a]!);
  return windowed(value, [d], S);
}

/**
 * Mean, error and tau_int of one quantity from several independent chains (replicas, hep-lat/0306017 section 3), with the probability that chains of
 * one distribution differ from their common mean as much as these do: Q of chi^2 = sum_r (a_r - a)^2 / sigma_r^2 with R - 1 degrees of freedom, sigma_r
 * from the fluctuations of all chains around their own means. `independent`: values / (2 tau_int) of those.
 */
export function gammaMethodReplicas(chains: readonly ArrayLike<number>[], S = 1.5): Estimate & { readonly probability: number; readonly independent: number } {
  need(chains.length, 1, "gammaMethodReplicas");
  for (const c of chains) need(c.length, 4, "gammaMethodReplicas");
  const n = chains.reduce((k, c) => k + c.length, 0);
  const value = chains.reduce((s, c) => s + mean(c) * c.length, 0) / n;
  const around = (centre: (c: ArrayLike<number>) => number): Estimate => windowed(value, chains.map((c) => Float64Array.from(c, (x) => x - centre(c))), S);
  const within = around(mean);
  const distance2 = chains.reduce((s, c) => s + (mean(c) - value) ** 2 * c.length, 0);
  const chi2 = distance2 === 0 ? 0 : distance2 / (within.error ** 2 * n);
  return { ...around(() => value), probability: chains.length === 1 ? 1 : chiSquareProbability(chi2, chains.length - 1), independent: n / (2 * within.tauInt) };
}

/** The automatic window on the fluctuations of one or several chains around `value`. */
function windowed(value: number, fluctuations: readonly Float64Array[], S: number): Estimate {
  const n = fluctuations.reduce((k, d) => k + d.length, 0);
  const shortest = fluctuations.reduce((k, d) => Math.min(k, d.length), Infinity);
  const gamma = (t: number): number => {
    let s = 0;
    for (const d of fluctuations) for (let k = 0; k + t < d.length; k++) s += d[k]! * d[k + t]!;
    return s / (n - fluctuations.length * t);
  };
  const g0 = gamma(0);
  if (g0 <= 1e-30 * value * value || g0 === 0) return { mean: value, error: 0, tauInt: 0.5, tauIntError: 0, window: 0, n };
  let tau = 0.5;
  let window = 0;
  for (let W = 1; W < Math.floor(shortest / 2); W++) {
    tau += gamma(W) / g0;
    window = W;
    const decay = tau <= 0.5 ? 1e-12 : S / Math.log((2 * tau + 1) / (2 * tau - 1));
    if (Math.exp(-W / decay) - decay / Math.sqrt(W * n) < 0) break;
  }
  // bias of the truncated sum, eq. (49): Gamma -> Gamma + C / n
  const tauInt = Math.max(tau * (1 + (2 * window + 1) / n), 1 / (2 * n));
  const variance = g0 * (1 + (2 * window + 1) / n) * 2 * tau;
  return {
    mean: value,
    // the estimate of a short anticorrelated series can fall below zero: that of independent values is an upper bound then
    error: Math.sqrt((variance > 0 ? variance : g0) / n),
    tauInt,
    tauIntError: 2 * tauInt * Math.sqrt(Math.max(window + 0.5 - tauInt, 0.25) / n),
    window,
    n,
  };
}

/** Jackknife over bins of equal size: mean of the estimator and its error. */
export function jackknife(
  series: ArrayLike<number>,
  estimator: (values: readonly number[]) => number = (v) => mean(v),
  binSize = 1,
): { readonly mean: number; readonly error: number; readonly bins: number } {
  const bins = Math.floor(series.length / binSize);
  need(bins, 2, "jackknife");
  const values = Array.from({ length: bins * binSize }, (_, k) => series[k]!);
  const full = estimator(values);
  const parts = Array.from({ length: bins }, (_, b) => estimator(values.filter((_v, k) => Math.floor(k / binSize) !== b)));
  const m = mean(parts);
  const error = Math.sqrt(((bins - 1) / bins) * parts.reduce((s, x) => s + (x - m) ** 2, 0));
  return { mean: full, error, bins };
}

/** (a - b) / sqrt(errorA^2 + errorB^2). */
export function zScore(a: number, errorA: number, b: number, errorB = 0): number {
  return (a - b) / Math.hypot(errorA, errorB);
}

/** Binomial error of an acceptance rate p from n correlated decisions. */
export function acceptanceError(p: number, n: number, tauInt = 0.5): number {
  need(n, 1, "acceptanceError");
  return Math.sqrt((Math.max(p * (1 - p), 1 / (4 * n)) * 2 * tauInt) / n);
}

/** Normalised autocorrelation rho(t) for t = 0..maxLag. */
export function autocorrelation(series: ArrayLike<number>, maxLag: number): Float64Array {
  need(series.length, maxLag + 2, "autocorrelation");
  const m = mean(series);
  const n = series.length;
  const out = new Float64Array(maxLag + 1);
  for (let t = 0; t <= maxLag; t++) {
    let s = 0;
    for (let k = 0; k + t < n; k++) s += (series[k]! - m) * (series[k + t]! - m);
    out[t] = s / (n - t);
  }
  const g0 = out[0]!;
  return out.map((x) => (g0 === 0 ? 0 : x / g0));
}
