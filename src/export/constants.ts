/**
 * Constants of a program as functions of the extents, found by comparing recordings on different lattices: numbers that are fixed or go with a power
 * of the volume, and real fields that depend on the parity of coordinates and on the distance from the boundary (phases of staggered fermions, boundary signs, masks).
 */
import type { Lattice } from "../autograd/index.ts";

/** c V^power. */
export interface ScaledNumber {
  readonly factor: number;
  readonly power: number;
}

/** How a coordinate enters a pattern: not at all, by its parity, or with so many sites at either end on their own, on even and on odd extents, and those between by parity. */
export type Dependence = "none" | "parity" | 1 | 2 | 3;

/** A real field f(x) = values[sum over directions of digit times the product of the sizes before]. */
export interface Pattern {
  readonly dependence: readonly Dependence[];
  readonly values: readonly number[];
}

/** From the simplest to the most general. */
const DEPENDENCES: readonly Dependence[] = ["none", "parity", 1, 2, 3];

/** Number of values of the digit of a coordinate. */
export const sizeOf = (d: Dependence): number => (d === "none" ? 1 : d === "parity" ? 2 : 4 * d + 2);

/** The lattice of a recording, and data at its sites. */
export interface Recorded {
  readonly lattice: Lattice;
  readonly data: Float64Array;
}

/** What a number that is a on lattices of volume V and b on those of volume W is for all of them. */
function scaledNumber(a: number, V: number, b: number, W: number): ScaledNumber | undefined {
  if (a === b) return { factor: a, power: 0 };
  for (const power of [1, -1, 2, -2, -3, 3]) {
    const [x, y] = [a / V ** power, b / W ** power];
    if (Math.abs(x - y) <= 1e-15 * Math.abs(x)) return { factor: nice(x), power };
  }
  return undefined;
}

/** What a number is for all lattices, given on each of some of them. */
export function numberOn(values: readonly number[], lattices: readonly Lattice[]): ScaledNumber | undefined {
  const [V, ...others] = lattices.map(({ volume }) => volume);
  const found = others.map((W, k) => scaledNumber(values[0]!, V!, values[k + 1]!, W));
  return found.every((x) => x !== undefined && x.power === found[0]!.power) ? found[0] : undefined;
}

/** An integer where rounding has made it none. */
const nice = (x: number): number => (Math.abs(x - Math.round(x)) < 1e-12 * Math.abs(x) ? Math.round(x) : x);

/** Do values alternate along a direction? Those with sites of their own at both ends and the same number between take any extent. */
export function alternates({ dependence, values }: Pattern, mu: number): boolean {
  const d = dependence[mu]!;
  if (typeof d === "string") return d === "parity";
  const below = dependence.slice(0, mu).reduce<number>((n, e) => n * sizeOf(e), 1);
  return values.some((x, k) => Math.floor(k / below) % sizeOf(d) === 4 * d && x !== values[k + below]);
}

/** At which ends of a direction the values are others than those between: boundary signs of forward hops at the last sites, of backward hops at the first. */
function endsOf(pattern: Pattern, mu: number): { readonly first: boolean; readonly last: boolean } {
  const { dependence, values } = pattern;
  const d = dependence[mu]!;
  if (typeof d === "string") return { first: false, last: false };
  const below = dependence.slice(0, mu).reduce<number>((n, e) => n * sizeOf(e), 1);
  // what alternates is on even extents
  const parities = alternates(pattern, mu) ? [0] : [0, 1];
  const differs = (at: number, between: number): boolean => values.some((x, k) => Math.floor(k / below) % sizeOf(d) === at && x !== values[k + (4 * d + between - at) * below]);
  const sites = Array.from({ length: d }, (_, i) => i);
  return {
    first: sites.some((i) => parities.some((p) => differs(2 * i + p, i & 1))),
    last: sites.some((i) => parities.some((p) => differs(2 * (d + i) + p, (p + d + i) & 1))),
  };
}

/** Least extent of a direction: ends with values of their own do not overlap. */
export function leastOf(pattern: Pattern, mu: number): number {
  const d = pattern.dependence[mu]!;
  const { first, last } = endsOf(pattern, mu);
  return typeof d === "string" ? 1 : first && last ? 2 * d : d;
}

/** The last sites of a direction come before the first ones in the numbers of a library. */
export const LAST_FIRST = 16;

/** A dependence as a number for a library: 0 none, -1 parity, d sites at either end; more by LAST_FIRST where only the last ones are others than those between. */
export function codeOf(pattern: Pattern, mu: number): number {
  const d = pattern.dependence[mu]!;
  if (typeof d === "string") return d === "none" ? 0 : -1;
  const { first, last } = endsOf(pattern, mu);
  return last && !first ? LAST_FIRST + d : d;
}

/** The digit of a coordinate x of 0 .. L-1. */
function digit(d: Dependence, x: number, L: number): number {
  if (d === "none") return 0;
  if (d === "parity") return x & 1;
  return x < d ? 2 * x + (L & 1) : x >= L - d ? 2 * (x - L + 2 * d) + (L & 1) : 4 * d + (x & 1);
}

function indexOf(dependence: readonly Dependence[], x: readonly number[], extents: readonly number[]): number {
  let k = 0;
  for (let mu = x.length - 1; mu >= 0; mu--) k = k * sizeOf(dependence[mu]!) + digit(dependence[mu]!, x[mu]!, extents[mu]!);
  return k;
}

/** Data of lattices by place; undefined where they are no pattern of these dependences. */
function tabulate(dependence: readonly Dependence[], fields: readonly Recorded[]): (number | undefined)[] | undefined {
  const values: (number | undefined)[] = Array.from({ length: dependence.reduce<number>((n, d) => n * sizeOf(d), 1) }, () => undefined);
  for (const { lattice, data } of fields)
    for (let n = 0; n < data.length; n++) {
      const k = indexOf(dependence, lattice.coordinates(n), lattice.extents);
      values[k] ??= data[n]!;
      if (values[k] !== data[n]) return undefined;
    }
  return values;
}

/** A table with the ends of extents of a parity that was not recorded like those of the other; undefined where these are not all the same. */
function completed(dependence: readonly Dependence[], known: readonly (number | undefined)[]): number[] | undefined {
  const below = dependence.map((_, mu) => dependence.slice(0, mu).reduce<number>((n, d) => n * sizeOf(d), 1));
  const values = known.map((x, k) => {
    if (x !== undefined) return x;
    const partners = dependence.reduce((all, d, mu) => {
      const at = Math.floor(k / below[mu]!) % sizeOf(d);
      return typeof d === "number" && at < 4 * d ? all.flatMap((j) => [j, j + (1 - 2 * (at & 1)) * below[mu]!]) : all;
    }, [k]);
    const [first, ...others] = new Set(partners.flatMap((j) => known[j] ?? []));
    return others.length > 0 ? undefined : (first ?? 0);
  });
  return values.includes(undefined) ? undefined : (values as number[]);
}

/** The simplest pattern that the lattices share, direction by direction. */
export function patternOf(fields: readonly Recorded[]): Pattern | undefined {
  const directions = fields[0]!.lattice.extents.map((_, mu) => mu);
  let dependence: Dependence[] = directions.map(() => 3 as const);
  if (!tabulate(dependence, fields)) return undefined;
  for (const mu of directions) dependence = DEPENDENCES.map((simpler) => dependence.map((d, nu) => (nu === mu ? simpler : d))).find((tried) => tabulate(tried, fields))!;
  const values = completed(dependence, tabulate(dependence, fields)!);
  return values && { dependence, values };
}
