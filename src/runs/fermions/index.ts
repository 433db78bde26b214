/** The fermions of run files. */
export { staggered } from "./staggered.ts";
export { rational } from "./rational.ts";
