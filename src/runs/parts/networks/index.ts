/** The networks of run files and model files. */
export { covariant } from "./covariant.ts";
export { stout } from "./stout.ts";
export { cask } from "./cask.ts";
export { ape } from "./ape.ts";
export { hex } from "./hex.ts";
export { hyp } from "./hyp.ts";
export { nhyp } from "./nhyp.ts";
export { flow } from "./flow.ts";
export { convolution } from "./convolution.ts";
export { chain } from "./chain.ts";
