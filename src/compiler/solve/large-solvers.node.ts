/** Solvers for systems that no page has. */
export { BiCGStab } from "./bicgstab.ts";
export { DeflatedGradient } from "./deflated-gradient.ts";
export { MixedGradient } from "./mixed-gradient.ts";
