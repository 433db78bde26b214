import type { Lattice } from "gaugegrad";

/** Work with files in a folder, by name: a text about their bytes. */
export const files: Readonly<Record<"training" | "resumed" | "formats" | "checkpoint" | "damaged" | "full", (lattice: Lattice, folder: string) => string>>;
/** The same on an undivided lattice. */
export const alone: (name: keyof typeof files, extents: readonly number[], folder: string) => string;
