/** The samplers of run files. */
export { hybridMonteCarlo } from "./hmc.ts";
export { heatbath } from "./heatbath.ts";
export { selfLearningMonteCarlo } from "./slmc.ts";
export { l2HybridMonteCarlo } from "./l2hmc.ts";
export { demonMethod } from "./demon.ts";
