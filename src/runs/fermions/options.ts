/** Options that several kinds of fermions share. */
import { z } from "zod";
import type { RunConfiguration } from "../schema.ts";
import { count, positive } from "../schema-values.ts";

/** Sign of the hop across the boundary, and an angle on top of it. */
export const boundaries = {
  boundary: z.array(z.union([z.literal(1), z.literal(-1)])).optional().describe("one sign a direction; default antiperiodic in time"),
  twist: z.array(z.number()).optional().describe("one angle a direction, psi(n + L) = sign e^{i angle} psi(n); default none. Time: L_t times an imaginary chemical potential"),
};

export const solver = {
  tolerance: positive.default(1e-12).describe("relative residual of the solver for energies and refreshes"),
  forceTolerance: positive.optional().describe("the same for forces; default tolerance"),
  maxIterations: count.default(5000),
};

/** Of rational approximations. */
export const rationalOptions = {
  interval: z.tuple([positive, positive]).optional().describe("for powers below 1: interval that holds the spectrum of D^+D; compared with it at each refresh"),
  precision: positive.default(1e-12).describe("for powers below 1: largest relative error of the approximation"),
};

type Boundaries = { readonly boundary?: readonly (1 | -1)[] | undefined; readonly twist?: readonly number[] | undefined };

/** What was given of signs and angles. */
export const given = ({ boundary, twist }: Boundaries): { readonly boundary?: readonly (1 | -1)[]; readonly twist?: readonly number[] } => ({ ...(boundary ? { boundary } : {}), ...(twist ? { twist } : {}) });

/** Settings of the pseudofermions among the options of a kind. */
export function settings<T extends { readonly tolerance: number; readonly forceTolerance?: number | undefined; readonly maxIterations: number; readonly flavours: number; readonly interval?: readonly [number, number] | undefined; readonly precision?: number }>(options: T) {
  const { tolerance, forceTolerance, maxIterations, flavours, interval, precision } = options;
  return { tolerance, maxIterations, flavours, ...(forceTolerance === undefined ? {} : { forceTolerance }), ...(interval ? { interval } : {}), ...(precision === undefined ? {} : { precision }) };
}

/** One sign and one angle a direction. */
export function boundaryProblem({ boundary, twist }: Boundaries, { lattice }: RunConfiguration): string | undefined {
  const expected = lattice.extents.length;
  if (boundary && boundary.length !== expected) return `boundary: got ${boundary.length} signs, expected ${expected}, one a direction`;
  return twist && twist.length !== expected ? `twist: got ${twist.length} angles, expected ${expected}, one a direction` : undefined;
}

/** Spinors exist in two and four dimensions; one flavour is a square root and needs an interval. */
export function spinorProblem(options: Boundaries & { readonly flavours: number; readonly interval?: readonly [number, number] | undefined }, run: RunConfiguration): string | undefined {
  const D = run.lattice.extents.length;
  if (D !== 2 && D !== 4) return `kind: got fermions with spin in ${D} dimensions, expected 2 or 4`;
  if (options.flavours < 2 && !options.interval) return "interval: got nothing for one flavour, expected [low, high] around the spectrum of D^+D: one flavour is a rational approximation of its square root";
  return boundaryProblem(options, run);
}
