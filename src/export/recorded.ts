/** Recorded programs with what their inputs and outputs are to the host of a library. */
import type { Program } from "../autograd/index.ts";
import type { ScaledNumber } from "./constants.ts";

/** What a leaf of a program's inputs or outputs is to the host. */
export type Port =
  | { readonly kind: "links" | "force" | "smeared" | "cotangent"; readonly mu: number }
  | { readonly kind: "parameter" | "gradient" | "field" | "derivative"; readonly index: number }
  | { readonly kind: "value" }
  /** A number that goes with the volume. */
  | { readonly kind: "number"; readonly number: ScaledNumber };

/** One function of the library. */
export interface RecordedProgram {
  readonly name: "value" | "force" | "both" | "fields" | "gradient" | "smear" | "pullback";
  readonly program: Program;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}
