/** Determinants of overlap operators, which need eigenvectors of dense matrices. */
export { OverlapStep } from "./overlap-step.ts";
