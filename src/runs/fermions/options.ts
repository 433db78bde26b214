/** Options that several kinds of fermions share. */
import { z } from "zod";
import type { RunConfiguration } from "../schema.ts";
import { count, positive } from "../schema-values.ts";

/** Sign of the hop across the boundary. */
export const boundary = z.array(z.union([z.literal(1), z.literal(-1)])).optional().describe("one sign a direction; default antiperiodic in time");

export const solver = {
  tolerance: positive.default(1e-12).describe("relative residual of the solver"),
  maxIterations: count.default(5000),
};

/** One sign a direction. */
export function boundaryProblem(options: { readonly boundary?: readonly number[] | undefined }, { lattice }: RunConfiguration): string | undefined {
  const [got, expected] = [options.boundary?.length, lattice.extents.length];
  return got === undefined || got === expected ? undefined : `boundary: got ${got} signs, expected ${expected}, one a direction`;
}
