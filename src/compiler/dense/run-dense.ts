/** What the steps on dense matrices work on, and what they are. */
import type { Program, Storage } from "../../autograd/index.ts";

/** A factor of a product, on the storages of what it captures. */
export interface StepFactor {
  readonly operator: Program;
  readonly inverse: boolean;
  readonly captured: readonly Storage[];
}

/** One result: the logarithm of the determinant, or a derivative. */
export interface StepOutput {
  readonly to: Storage;
  readonly gradient?: { readonly factor: number; readonly input: number };
}

/** A step that may be run again and again. */
export interface RunDense {
  /** @throws SolverError for singular matrices, and determinants that are not positive where they must be. */
  run(): void;
  dispose(): void;
}
