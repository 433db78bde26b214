/** A page is a group of one rank: the names of `group.node.ts`. */
import { type Comm, selfComm } from "./comm.ts";

/** The group of one. */
export function connect(_environment?: Readonly<Record<string, string | undefined>>): Comm {
  return selfComm;
}

/** Exit codes of hooks that a page does not have. */
export const HOOK_EXIT = Object.freeze({ uncaught: 70, exit: 71 });
