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

/** How a coordinate enters a pattern: not at all, by its parity, or with so many sites at either end on their own and those between by parity. */
export type Dependence = "none" | "parity" | 1 | 2 | 3;

/** A real field f(x) = values[sum over directions of digit times the product of the sizes before]. */
export interface Pattern {
  readonly dependence: readonly Dependence[];
  readonly values: readonly number[];
}

/** From the simplest to the most general. */
const DEPENDENCES: readonly Dependence[] = ["none", "parity", 1, 2, 3];

/** Number of values of the digit of a coordinate. */
export const sizeOf = (d: Dependence): number => (d === "none" ? 1 : d === "parity" ? 2 : 2 * d + 2);

/** What a number that is a on lattices of volume V and b on those of volume W is for all of them. */
export function scaledNumber(a: number, V: number, b: number, W: number): ScaledNumber | undefined {
  if (a === b) return { factor: a, power: 0 };
  for (const power of [1, -1, 2, -2, -3, 3]) {
    const [x, y] = [a / V ** power, b / W ** power];
    if (Math.abs(x - y) <= 1e-15 * Math.abs(x)) return { factor: nice(x), power };
  }
  return undefined;
}

/** An integer where rounding has made it none. */
const nice = (x: number): number => (Math.abs(x - Math.round(x)) < 1e-12 * Math.abs(x) ? Math.round(x) : x);

/** Do values alternate along a direction? Those with sites of their own at both ends and the same number between take any extent. */
export function alternates({ dependence, values }: Pattern, mu: number): boolean {
  const d = dependence[mu]!;
  if (typeof d === "string") return d === "parity";
  const below = dependence.slice(0, mu).reduce<number>((n, e) => n * sizeOf(e), 1);
  return values.some((x, k) => Math.floor(k / below) % sizeOf(d) === 2 * d && x !== values[k + below]);
}

/** The digit of a coordinate x of 0 .. L-1. */
function digit(d: Dependence, x: number, L: number): number {
  if (d === "none") return 0;
  if (d === "parity") return x & 1;
  return x < d ? x : x >= L - d ? x - L + 2 * d : 2 * d + (x & 1);
}

function indexOf(dependence: readonly Dependence[], x: readonly number[], extents: readonly number[]): number {
  let k = 0;
  for (let mu = x.length - 1; mu >= 0; mu--) k = k * sizeOf(dependence[mu]!) + digit(dependence[mu]!, x[mu]!, extents[mu]!);
  return k;
}

/** Data of lattices as one pattern of these dependences; undefined where they are none. */
function tabulate(dependence: readonly Dependence[], fields: readonly { readonly lattice: Lattice; readonly data: Float64Array }[]): Pattern | undefined {
  const values: (number | undefined)[] = Array.from({ length: dependence.reduce<number>((n, d) => n * sizeOf(d), 1) }, () => undefined);
  for (const { lattice, data } of fields)
    for (let n = 0; n < data.length; n++) {
      const k = indexOf(dependence, lattice.coordinates(n), lattice.extents);
      values[k] ??= data[n]!;
      if (values[k] !== data[n]) return undefined;
    }
  return { dependence, values: values.map((x) => x ?? 0) };
}

/** The simplest pattern that two lattices share, direction by direction. */
export function patternOf(a: Lattice, x: Float64Array, b: Lattice, y: Float64Array): Pattern | undefined {
  const fields = [{ lattice: a, data: x }, { lattice: b, data: y }];
  let dependence: Dependence[] = a.extents.map(() => 3 as const);
  if (!tabulate(dependence, fields)) return undefined;
  for (let mu = 0; mu < a.dim; mu++)
    for (const simpler of DEPENDENCES) {
      const tried = dependence.map((d, nu) => (nu === mu ? simpler : d));
      if (!tabulate(tried, fields)) continue;
      dependence = tried;
      break;
    }
  return tabulate(dependence, fields);
}
