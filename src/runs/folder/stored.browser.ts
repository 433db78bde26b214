/** A page sees no folders of runs: the names of `stored.node.ts`. */
import type { FieldData } from "../../autograd/index.ts";
import type { Comm } from "../../backend/index.ts";
import type { CheckpointState } from "../records.ts";

/** Never in a browser. */
export function isRun(_path: string): boolean {
  return false;
}

/** Nothing in a browser. */
export function readState(_folder: string, _comm?: Comm): { readonly state: CheckpointState<FieldData>; readonly damaged: readonly string[] } | undefined {
  return undefined;
}
