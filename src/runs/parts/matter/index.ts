/** The matter of run files. */
export { phi4 } from "./phi4.ts";
export { higgs } from "./higgs.ts";
