/** A page sees no folders of runs: the names of `stored.node.ts`. */
import type { CheckpointState } from "./records.ts";

/** Never in a browser. */
export function isRun(_path: string): boolean {
  return false;
}

/** Nothing in a browser. */
export function readState(_folder: string): { readonly state: CheckpointState; readonly damaged: readonly string[] } | undefined {
  return undefined;
}
