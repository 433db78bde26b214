/** Wilson loops of all sizes, and what is read off their means: Creutz ratios and the static potential. */
import { type LinkField, kind } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { jackknife, guard, is } from "../util/index.ts";
import { wilsonLoop } from "./observables.ts";

/** Means over sites and directions of space of one configuration: `W[r - 1][t - 1]` of the loop with r links in space and t in time. */
export type LoopTable = readonly (readonly number[])[];

/** A ratio of means at one size, in lattice units; without an error from a single configuration. */
export interface LoopRatio {
  readonly R: number;
  readonly T: number;
  readonly value: number;
  readonly error: number | undefined;
}

/** W(R, T) up to the given sides. Smear the links of space first (`ape({ alpha, spatial: true })`) to see more of the ground state in the potential. */
export function loopTable(U: LinkField, sides: { readonly R: number; readonly T: number }): LoopTable {
  guard("loopTable", { U: [U, kind.linkField], sides: [sides, is.keysOf("R", "T")], R: [sides?.R, is.count], T: [sides?.T, is.count] });
  return Array.from({ length: sides.R }, (_, r) => Array.from({ length: sides.T }, (_t, t) => wilsonLoop(U, t + 1, r + 1)));
}

type Means = (r: number, t: number) => number;

/** f of the means of the tables, with its jackknife error over bins of so many tables. */
function ofMeans(what: string, tables: readonly LoopTable[], binSize: number, f: (W: Means) => number, R: number, T: number): LoopRatio {
  const estimator = (kept: readonly number[]): number => f((r, t) => (r === 0 || t === 0 ? 1 : kept.reduce((s, k) => s + tables[k]![r - 1]![t - 1]!, 0) / kept.length));
  const all = tables.map((_, k) => k);
  const value = estimator(all);
  if (!Number.isFinite(value)) throw new ConfigurationError(`${what}: got means at R = ${R}, T = ${T} whose ratio has no logarithm (${value}), expected positive ones: take smaller loops or more configurations`);
  return { R, T, value, error: tables.length >= 2 * binSize ? jackknife(all, estimator, binSize).error : undefined };
}

function sidesOf(what: string, tables: readonly LoopTable[], binSize: number): [R: number, T: number] {
  guard(what, { tables: [tables, is.listOf(is.listOf(is.listOf(is.number)), 1)], binSize: [binSize, is.count] });
  return [tables[0]!.length, tables[0]![0]!.length];
}

/**
 * chi(R, T) = -ln[W(R,T) W(R-1,T-1) / (W(R,T-1) W(R-1,T))] of the means, which tends to the string tension; W = 1 where a side is 0.
 * @throws ConfigurationError for means whose ratio is not positive.
 */
export function creutzRatios(tables: readonly LoopTable[], binSize = 1): LoopRatio[] {
  const [R, T] = sidesOf("creutzRatios", tables, binSize);
  const chi = (r: number, t: number) => (W: Means): number => -Math.log((W(r, t) * W(r - 1, t - 1)) / (W(r, t - 1) * W(r - 1, t)));
  return Array.from({ length: R }, (_, r) => Array.from({ length: T }, (_t, t) => ofMeans("creutzRatios", tables, binSize, chi(r + 1, t + 1), r + 1, t + 1))).flat();
}

/** a V(R) = ln[W(R,T) / W(R,T+1)] of the means, for each T. @throws ConfigurationError for means whose ratio is not positive. */
export function staticPotential(tables: readonly LoopTable[], binSize = 1): LoopRatio[] {
  const [R, T] = sidesOf("staticPotential", tables, binSize);
  const V = (r: number, t: number) => (W: Means): number => Math.log(W(r, t) / W(r, t + 1));
  return Array.from({ length: R }, (_, r) => Array.from({ length: T - 1 }, (_t, t) => ofMeans("staticPotential", tables, binSize, V(r + 1, t + 1), r + 1, t + 1))).flat();
}
