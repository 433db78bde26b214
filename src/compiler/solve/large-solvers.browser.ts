/** Pages do without the solvers for large systems: the names of `large-solvers.node.ts`, which say so. */
import { BackendError } from "../../errors.ts";
import type { BiCGStab as Stabilised } from "./bicgstab.ts";
import type { DeflatedGradient as Deflated } from "./deflated-gradient.ts";
import type { MixedGradient as Mixed } from "./mixed-gradient.ts";

const noSolver = (name: string, instead: string) =>
  class {
    constructor() {
      throw new BackendError(`${name}: got a browser, expected Node: leave out ${instead}`);
    }
  } as unknown;

/** There is none in a browser. */
export const BiCGStab = noSolver("BiCGStab", 'method: "bicgstab"') as typeof Stabilised;
/** There is none in a browser. */
export const DeflatedGradient = noSolver("deflation", "modes") as typeof Deflated;
/** There is none in a browser. */
export const MixedGradient = noSolver("mixed precision", "mixed") as typeof Mixed;
