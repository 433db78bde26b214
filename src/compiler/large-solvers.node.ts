/** Solvers for systems that no page has. */
export { DeflatedGradient } from "./deflated-gradient.ts";
export { MixedGradient } from "./mixed-gradient.ts";
