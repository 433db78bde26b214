/** A page is a group of one rank: the names of `group.node.ts`. */
import { type Comm, selfComm } from "./comm.ts";

export { processors as sharedProcessors } from "../host.browser.ts";

/** The group of one. */
export function connect(_environment?: Readonly<Record<string, string | undefined>>): Comm {
  return selfComm;
}

/** A page is bound to no processors. */
export const affinity = (): string => "";

/** A page has no launcher. */
export const endJob = (_code: number): void => undefined;

/** Exit codes of hooks that a page does not have. */
export const HOOK_EXIT = Object.freeze({ uncaught: 70, exit: 71 });
