/** Pages launch kernels one by one: the names of `replay.node.ts`. */
import type { Schedule } from "../ir.ts";
import type { KernelTable, Stretch, gradientLoop as make } from "./replay.ts";

/** None. */
export const kernelTable = (..._given: readonly unknown[]): KernelTable | undefined => undefined;
/** None. */
export const stretchesOf = (..._given: readonly unknown[]): (Stretch | undefined)[] => [];
/** As it is. */
export const tiled = (_engine: unknown, schedule: Schedule): Schedule => schedule;
/** None. */
export const gradientLoop: typeof make = () => undefined;
