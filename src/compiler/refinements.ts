/** How programs are written for kernels that are native code. */
import type { Refinement } from "./emitter.ts";
import { withHomeTerms } from "./home-terms.ts";
import { withProjectedDerivatives } from "./projected-derivative.ts";
import { withSharedProducts } from "./shared-products.ts";

export const REFINEMENTS: readonly Refinement[] = [withHomeTerms, withSharedProducts, withProjectedDerivatives];
