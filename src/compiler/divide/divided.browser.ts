/** A page has one lattice undivided: the names of `divided.node.ts`, which say so. */
import type { LocalLayout, Part, PartOptions } from "../../backend/index.ts";
import { BackendError } from "../../errors.ts";
import type { Schedule } from "../ir.ts";
import type { crossingOf as crossing, ranksOf as ranks } from "./crossing.ts";
import type { StepExchange as Exchange } from "./exchange.ts";
import type { BoxSites as NodeBoxSites } from "../host-sites.ts";
import type { Halos as NodeHalos } from "./halos.ts";
import type { RankSums as Sums } from "./rank-sums.ts";

export type { Crossing, Ranks } from "./crossing.ts";
export type { Chunks, Places } from "./exchange.ts";

const none = class {
  constructor() {
    localLayout();
  }
};

/** @throws BackendError always. */
export function localLayout(..._given: readonly unknown[]): LocalLayout {
  throw new BackendError("lattice: got a browser, expected Node to divide a lattice: leave out comm, grid and ghosts");
}

/** Nothing. @throws BackendError when a lattice is to be divided. */
export function partOf(_lattice: unknown, { comm, grid, ghosts }: PartOptions): Part | undefined {
  if ((comm?.size ?? 1) > 1 || ghosts || grid?.some((g) => g !== 1)) localLayout();
  return undefined;
}

/** @throws BackendError always. */
export const BoxSites = none as unknown as typeof NodeBoxSites;
export type BoxSites = NodeBoxSites;
/** @throws BackendError always. */
export const Halos = none as unknown as typeof NodeHalos;
export type Halos = NodeHalos;
/** @throws BackendError always. */
export const StepExchange = none as unknown as typeof Exchange;
export type StepExchange = Exchange;
/** @throws BackendError always. */
export const RankSums = none as unknown as typeof Sums;
export type RankSums = Sums;
/** Nothing. */
export const ranksOf: typeof ranks = () => undefined;
/** Nothing. */
export const crossingOf: typeof crossing = () => undefined;
/** Nothing. */
export const needsOf = (): [] => [];
/** The schedule as it is. */
export const withHalos = (given: Schedule): Schedule => given;
/** Nothing. */
export const gatherSites = (..._given: readonly unknown[]): void => undefined;
/** Nothing. */
export const writeGhosts = gatherSites;
