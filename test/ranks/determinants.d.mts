import type { Lattice } from "gaugegrad";

/** Determinants by name: a hash over values, forces and gradients on a lattice of two dimensions. */
export declare const determinants: Readonly<Record<string, (lattice: Lattice) => string>>;
