/** The fermions of run files. */
export { staggered } from "./staggered.ts";
export { rational } from "./rational.ts";
export { hisq } from "./hisq.ts";
export { wilson } from "./wilson.ts";
export { clover } from "./clover.ts";
export { domainWall } from "./domain-wall.ts";
export { overlap } from "./overlap.ts";
