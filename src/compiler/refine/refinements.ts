/** How programs are written for kernels that are native code. */
import type { Refinement } from "../emitter.ts";
import { withHomeTerms } from "./home-terms.ts";
import { withProjectedDerivatives } from "./projected-derivative.ts";
import { withSharedProducts } from "./shared-products.ts";

/** What is done to a program before it is cut into native kernels, in this order; exported libraries have the same. */
export const REFINEMENTS: readonly Refinement[] = [withHomeTerms, withSharedProducts, withProjectedDerivatives];
