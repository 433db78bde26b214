/** Quantities that are functions of several means, with errors of the Gamma method on the projected series (hep-lat/0306017, eq. 29). */
import { type Estimate, gammaMethod } from "../../util/index.ts";

/** f of the means of other values. */
interface Derived {
  readonly name: string;
  readonly of: readonly string[];
  readonly value: (...means: readonly number[]) => number;
}

/** Of the moments of a field, `phi.M2`: chi = V (<M^2> - <|M|>^2), and the Binder cumulant 1 - <M^4>/(3 <M^2>^2). */
function ofMoments(name: string): Derived[] {
  const [, prefix] = /^(.*\.)M2$/.exec(name) ?? [];
  if (prefix === undefined) return [];
  const own = (names: readonly string[]): string[] => names.map((n) => prefix + n);
  return [
    { name: `${prefix}chi`, of: own(["chi2", "M2", "modulus"]), value: (chi2, M2, modulus) => (chi2! / M2!) * (M2! - modulus! ** 2) },
    { name: `${prefix}binder`, of: own(["M4", "M2"]), value: (M4, M2) => 1 - M4! / (3 * M2! ** 2) },
  ];
}

/** Of Wilson loops W(R,T): Creutz ratios chi(R,T), W = 1 where a side is 0, and the potential a V(R) = ln[W(R,T)/W(R,T+1)]. */
function ofLoops(name: string): Derived[] {
  const [, prefix = "", ...sides] = /^(.*\.)?W\((\d+),(\d+)\)$/.exec(name) ?? [];
  const [R, T] = sides.map(Number);
  if (R === undefined || T === undefined) return [];
  const corners = [[R, T], [R - 1, T - 1], [R, T - 1], [R - 1, T]].filter(([r, t]) => r! > 0 && t! > 0).map(([r, t]) => `${prefix}W(${r},${t})`);
  // the products of the two pairs that have all their sides
  const ratio = (w: readonly number[]): number => (corners.length === 4 ? (w[0]! * w[1]!) / (w[2]! * w[3]!) : corners.length === 2 ? w[0]! / w[1]! : w[0]!);
  return [
    { name: `${prefix}creutz(${R},${T})`, of: corners, value: (...w) => -Math.log(ratio(w)) },
    { name: `${prefix}potential(${R},${T})`, of: [name, `${prefix}W(${R},${T + 1})`], value: (a, b) => Math.log(a! / b!) },
  ];
}

/** Of correlations of loops: <O_A O_B> - <O_A> <O_B>. */
function ofCorrelations(name: string): Derived[] {
  const [, prefix = "", a, b = a] = /^(.*\.)?corr\.([^,[(]+)(?:,([^[(]+))?[[(]/.exec(name) ?? [];
  if (a === undefined) return [];
  return [{ name: `${prefix}connected.${name.slice(prefix.length + "corr.".length)}`, of: [name, `${prefix}loop.${a}`, `${prefix}loop.${b}`], value: (C, x, y) => C! - x! * y! }];
}

const meanOf = (x: readonly number[]): number => x.reduce((s, y) => s + y, 0) / x.length;

/** f(means) with its error: the series of sum_k (df/da_k) a_k has the fluctuations of f to first order. */
function estimateOf({ of, value }: Derived, series: readonly (readonly number[])[]): Estimate {
  const means = series.map(meanOf);
  const slopes = of.map((_, k) => {
    const h = 1e-4 * Math.abs(means[k]!);
    const at = (s: number): number => value(...means.map((a, j) => (j === k ? a + s : a)));
    return h === 0 ? 0 : (at(h) - at(-h)) / (2 * h);
  });
  const projected = series[0]!.map((_, i) => slopes.reduce((s, slope, k) => s + slope * (series[k]![i]! - means[k]!), 0));
  return { ...gammaMethod(projected), mean: value(...means) };
}

/** The derived quantities of all series that have their ingredients, `phi.chi`, `creutz(2,2)`, `connected.plaquette(1)`; those without a value, as logarithms of noise, are left out. */
export function derivedEstimates(series: ReadonlyMap<string, readonly number[]>, least: number): Record<string, Estimate> {
  return Object.fromEntries(
    [...series.keys()]
      .flatMap((name) => [...ofMoments(name), ...ofLoops(name), ...ofCorrelations(name)])
      .flatMap((d) => {
        const own = d.of.map((name) => series.get(name) ?? []);
        if (own.some((x) => x.length < least || x.length !== own[0]!.length)) return [];
        const defined = Number.isFinite(d.value(...own.map(meanOf)));
        return defined ? [[d.name, estimateOf(d, own)] as const] : [];
      }),
  );
}
