/** Pages do without forces on another lattice, as without solves of mixed precision: the names of `mixed-precision.node.ts`, which say so. */
import { BackendError } from "../errors.ts";
import type { forceInSingle as inSingle, forceOn as on } from "./mixed-precision.node.ts";

const refused = (): never => {
  throw new BackendError('forces in single precision: got a browser, expected Node: leave out forcePrecision: "f32"');
};

/** @throws BackendError always. */
export const forceOn: typeof on = refused;
/** @throws BackendError always. */
export const forceInSingle: typeof inSingle = refused;
