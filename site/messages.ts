/** What pages and their worker say to each other. */
import type { FileLike } from "gaugegrad/io";

/** Choices of the playground. */
export interface Setup {
  readonly group: "U(1)" | "SU(2)" | "SU(3)";
  readonly extents: readonly number[];
  readonly layer: "covariant" | "cask" | "stout";
  readonly beta: number;
  readonly seed: number;
}

export type ToWorker = { readonly kind: "run"; readonly code: string } | { readonly kind: "measure"; readonly file: FileLike; readonly lattice?: readonly number[] } | { readonly kind: "play"; readonly setup: Setup };

/** One trajectory of the playground. */
export interface Step {
  readonly kind: "step";
  readonly phase: "thermalise" | "train" | "sample";
  readonly trajectory: number;
  readonly plaquette: number;
  readonly accepted: boolean;
  readonly dH: number;
  readonly loss?: number;
  readonly parameters?: number;
  /** Density of topological charge where the theory has one, and attention weights by joined links where the layer has some, now and then. */
  readonly density?: Float64Array;
  readonly attention?: Readonly<Record<string, Float64Array>>;
}

export type ToPage =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "plot"; readonly svg: string }
  | { readonly kind: "done"; readonly seconds: number }
  | { readonly kind: "failed"; readonly text: string; readonly line?: number }
  | { readonly kind: "measured"; readonly rows: readonly (readonly [string, string])[]; readonly density?: Float64Array; readonly extents?: readonly number[] }
  | Step;
