/** Quantities that are functions of several means, with errors of the Gamma method on the projected series (hep-lat/0306017, eq. 29). */
import { type Estimate, gammaMethod } from "../util/index.ts";

/** f of the means of other values of one name, `phi.M2`; the last part of a value's name counts. */
interface Derived {
  readonly name: string;
  readonly of: readonly string[];
  readonly value: (...means: readonly number[]) => number;
}

/** chi = V (<M^2> - <|M|>^2), and the Binder cumulant 1 - <M^4>/(3 <M^2>^2). */
const derived: readonly Derived[] = [
  { name: "chi", of: ["chi2", "M2", "modulus"], value: (chi2, M2, modulus) => (chi2! / M2!) * (M2! - modulus! ** 2) },
  { name: "binder", of: ["M4", "M2"], value: (M4, M2) => 1 - M4! / (3 * M2! ** 2) },
];

/** f(means) with its error: the series of sum_k (df/da_k) a_k has the fluctuations of f to first order. */
function estimateOf({ of, value }: Derived, series: readonly (readonly number[])[]): Estimate {
  const means = series.map((x) => x.reduce((s, y) => s + y, 0) / x.length);
  const slopes = of.map((_, k) => {
    const h = 1e-4 * Math.abs(means[k]!);
    const at = (s: number): number => value(...means.map((a, j) => (j === k ? a + s : a)));
    return h === 0 ? 0 : (at(h) - at(-h)) / (2 * h);
  });
  const projected = series[0]!.map((_, i) => slopes.reduce((s, slope, k) => s + slope * (series[k]![i]! - means[k]!), 0));
  return { ...gammaMethod(projected), mean: value(...means) };
}

/** The derived quantities of all fields whose moments are among the series, `phi.chi`, `phi.binder`. */
export function derivedEstimates(series: ReadonlyMap<string, readonly number[]>, least: number): Record<string, Estimate> {
  const prefixes = [...series.keys()].flatMap((name) => (name.endsWith(".M2") ? [name.slice(0, -"M2".length)] : []));
  return Object.fromEntries(
    prefixes.flatMap((prefix) =>
      derived.flatMap((d) => {
        const own = d.of.map((name) => series.get(prefix + name) ?? []);
        return own.some((x) => x.length < least || x.length !== own[0]!.length) ? [] : [[prefix + d.name, estimateOf(d, own)] as const];
      }),
    ),
  );
}
