import type { Lattice } from "gaugegrad";

/** Work by name: a hash over the bytes of what is computed on a lattice. */
export const work: Readonly<Record<string, (lattice: Lattice) => string>>;
