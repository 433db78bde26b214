/** Options that several kinds of fermions share. */
import { z } from "zod";
import { ConfigurationError } from "../../../errors.ts";
import { type DiracOperator, type OperatorParameters, type PseudofermionOptions, determinantAction, pseudofermions, rootPseudofermions } from "../../../fermions/index.ts";
import type { Lattice } from "../../../autograd/index.ts";
import type { Group } from "../../../gauge/index.ts";
import type { FermionField } from "../../system-types.ts";
import type { RunConfiguration } from "../../sections/sections.ts";
import { count, positive, whole } from "../../sections/schema-values.ts";

/** Sign of the hop across the boundary, and an angle on top of it. */
export const boundaries = {
  boundary: z.array(z.union([z.literal(1), z.literal(-1)])).optional().describe("one sign a direction; default antiperiodic in time"),
  twist: z.array(z.number()).optional().describe("one angle a direction, psi(n + L) = sign e^{i angle} psi(n); default none. Time: L_t times an imaginary chemical potential"),
};

/** At 1 zero is a solution of any system. */
const residual = positive.lt(1);

export const solver = {
  tolerance: residual.default(1e-12).describe("relative residual of the solver for energies and refreshes"),
  forceTolerance: residual.optional().describe("the same for forces; default tolerance"),
  maxIterations: count.default(5000),
  solver: z.enum(["cg", "bicgstab", "mixed"]).optional().describe("cg (default); bicgstab: D and its adjoint one after the other, not for staggered fields on even sites; mixed: iterations in single precision. Residuals are those of float64; without roots"),
  deflate: whole.max(512).optional().describe("number of lowest modes of D^+D that are found at each refresh and kept out of the solves of a trajectory; without roots, cg; default 0"),
};

/** How the determinant enters. */
export const form = {
  exact: z.boolean().optional().describe("true: the determinant itself in place of pseudofermions, by dense matrices; any number of flavours, for small lattices"),
  roots: count.max(64).optional().describe("so many fields, each with that root of the determinant, in place of one: less noise in the Metropolis step; with over they are the fields of a ratio"),
};

/** Of rational approximations. */
export const rationalOptions = {
  interval: z.tuple([positive, positive]).optional().describe("for powers below 1: interval that holds the spectrum of D^+D; compared with it at each refresh"),
  precision: positive.default(1e-12).describe("for powers below 1: largest relative error of the approximation"),
};

/** Where fermions stand; `index` tells those of a run apart. */
export interface Place {
  readonly lattice: Lattice;
  readonly group: Group;
  readonly index: number;
}

interface FieldOptions extends Settings {
  readonly exact?: boolean | undefined;
  readonly roots?: number | undefined;
}

/** The fermions of an operator as a run has them: pseudofermions, or the determinant itself. */
export function fieldsOf<P extends OperatorParameters>(operator: DiracOperator<P>, numerator: DiracOperator | undefined, options: FieldOptions, context: Place, more: Partial<PseudofermionOptions> = {}): FermionField {
  const over = numerator ? { numerator } : {};
  const [own, other] = [operator, numerator].map((x) => JSON.stringify(x?.parameters));
  if (own === other) throw new ConfigurationError(`fermions ${operator.name}: got over = ${Object.values(numerator!.parameters)[0]}, the operator's own value, expected another one: the two determinants cancel`);
  const { roots = 1 } = options;
  if (roots > 1 && !options.exact) return rootPseudofermions(operator, { ...settings(options), ...context, ...over, ...more, roots }) as unknown as FermionField;
  if (!options.exact) return pseudofermions(operator, { ...settings(options), ...context, ...over, ...more }) as unknown as FermionField;
  const action = determinantAction<number, P>(operator, { flavours: options.flavours, ...over });
  return { name: action.name, action, value: (U) => action.value(U), force: (U, into) => action.force(U, into) };
}

type Boundaries = { readonly boundary?: readonly (1 | -1)[] | undefined; readonly twist?: readonly number[] | undefined };

/** What was given of signs and angles. */
export const given = ({ boundary, twist }: Boundaries): { readonly boundary?: readonly (1 | -1)[]; readonly twist?: readonly number[] } => ({ ...(boundary ? { boundary } : {}), ...(twist ? { twist } : {}) });

interface Settings {
  readonly tolerance: number;
  readonly forceTolerance?: number | undefined;
  readonly maxIterations: number;
  readonly solver?: "cg" | "bicgstab" | "mixed" | undefined;
  readonly deflate?: number | undefined;
  readonly flavours: number;
  readonly interval?: readonly [number, number] | undefined;
  readonly precision?: number;
}

/** Settings of the pseudofermions among the options of a kind. */
function settings(options: Settings) {
  const { tolerance, forceTolerance, maxIterations, solver: method, deflate, flavours, interval, precision } = options;
  return { tolerance, maxIterations, flavours, ...(method === undefined ? {} : { solver: method }), ...(deflate === undefined ? {} : { deflate }), ...(forceTolerance === undefined ? {} : { forceTolerance }), ...(interval ? { interval } : {}), ...(precision === undefined ? {} : { precision }) };
}

/** One sign and one angle a direction. */
export function boundaryProblem({ boundary, twist }: Boundaries, { lattice }: RunConfiguration): string | undefined {
  const expected = lattice.extents.length;
  if (boundary && boundary.length !== expected) return `boundary: got ${boundary.length} signs, expected ${expected}, one a direction`;
  return twist && twist.length !== expected ? `twist: got ${twist.length} angles, expected ${expected}, one a direction` : undefined;
}

/** Spinors exist in two and four dimensions; one flavour is a square root and needs an interval. */
export function spinorProblem(options: Boundaries & { readonly evenOdd?: boolean | undefined; readonly flavours: number; readonly exact?: boolean | undefined; readonly roots?: number | undefined; readonly interval?: readonly [number, number] | undefined }, run: RunConfiguration): string | undefined {
  const D = run.lattice.extents.length;
  if (D !== 2 && D !== 4) return `kind: got fermions with spin in ${D} dimensions, expected 2 or 4`;
  if (options.flavours < 2 && !options.interval && !options.exact) return "interval: got nothing for one flavour, expected [low, high] around the spectrum of D^+D, or exact = true: one flavour is a rational approximation of its square root";
  if ((options.roots ?? 1) > 1 && !options.interval && !options.exact) return `interval: got nothing for ${options.roots} roots, expected [low, high] around the spectrum of D^+D: roots are rational approximations`;
  if (options.evenOdd && run.lattice.extents.some((L) => L % 2 !== 0)) return `evenOdd: got true with the extents ${run.lattice.extents.join(", ")}, expected even ones`;
  return boundaryProblem(options, run);
}
