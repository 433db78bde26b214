/** The objectives of training in run files. */
export { centred } from "./centred.ts";
export { squared } from "./squared.ts";
export { forceMatching } from "./force-matching.ts";
export { acceptance } from "./acceptance.ts";
