/** The field transformations of run files. */
export { gatedTransform } from "./gated.ts";
export { stoutTransform } from "./stout.ts";
