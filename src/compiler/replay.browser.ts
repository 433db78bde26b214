/** Pages launch kernels one by one: the names of `replay.node.ts`. */
import type { KernelTable, Stretch, gradientLoop as make } from "./replay.ts";

/** None. */
export const kernelTable = (..._given: readonly unknown[]): KernelTable | undefined => undefined;
/** None. */
export const stretchesOf = (..._given: readonly unknown[]): (Stretch | undefined)[] => [];
/** None. */
export const gradientLoop: typeof make = () => undefined;
