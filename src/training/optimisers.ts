/**
 * Optimisers as functions of plain data: parameters, an objective and a state give new parameters and a new state, so that a training
 * run resumes with the same bits. First-order ones are in first-order.ts, those of whole objectives in least-squares.ts, regression.ts and lbfgs.ts.
 */
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** State of an optimiser: numbers and vectors only. */
export interface OptimiserState {
  readonly kind: string;
  /** Steps made. */
  readonly step: number;
  readonly scalars: { readonly [name: string]: number };
  readonly vectors: { readonly [name: string]: Float64Array };
}

/** Residuals r_i and the rows J_i = d r_i / d theta of an objective (1/2n) sum_i r_i^2. */
export interface Residuals {
  readonly residuals: Float64Array;
  readonly jacobian: readonly Float64Array[];
}

/** What is minimised. */
export interface Objective {
  /** Gradient at theta. */
  gradient(theta: Float64Array): Float64Array;
  /** Value at theta, where an optimiser compares values. */
  value?(theta: Float64Array): number;
  /** Present where the objective is a mean of squares. */
  residuals?(theta: Float64Array): Residuals;
}

/** Result of a step. */
export interface OptimiserStep {
  readonly parameters: Float64Array;
  readonly state: OptimiserState;
  /** Euclidean norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Learning rate, the damping of Levenberg-Marquardt, or the step length of a line search. */
  readonly rate: number;
}

/** An optimiser without state of its own: parameters and state in, parameters and state out. */
export interface Optimiser {
  readonly name: string;
  /** What a step asks of its objective; default the gradient at theta alone. Values are asked at several theta of one and the same objective. */
  readonly asks?: "gradient" | "residuals" | "value";
  /** State before the first step, for so many parameters. `names`: one a parameter, where groups of them are told apart. */
  start(size: number, names?: readonly string[]): OptimiserState;
  /** One step from theta; the arguments are not changed. @throws NaNError for a gradient that is not finite. */
  step(theta: Float64Array, objective: Objective, state: OptimiserState): OptimiserStep;
}

/** Euclidean norm of any number of components, each to the largest one, with the rounding of the sum carried along. */
export function norm(x: Float64Array): number {
  let largest = 0;
  for (let k = 0; k < x.length; k++) {
    const size = Math.abs(x[k]!);
    if (!(size <= largest)) largest = size;
    if (Number.isNaN(size)) return size;
  }
  if (largest === 0 || largest === Infinity) return largest;
  let [sum, carried] = [0, 0];
  for (let k = 0; k < x.length; k++) {
    const r = x[k]! / largest;
    const term = r * r - carried;
    const next = sum + term;
    carried = next - sum - term;
    sum = next;
  }
  return Math.sqrt(sum) * largest;
}

/** x scaled down to at most this Euclidean norm. */
export function clipNorm(x: Float64Array, most: number): Float64Array {
  guard("clipNorm", { x: [x, is.instanceOf(Float64Array, "a Float64Array")], most: [most, is.number] });
  const size = norm(x);
  return size > most ? x.map((v) => (v * most) / size) : x;
}

/** Number of parameters that arrays hold. */
export const parameterCount = { ...is.natural, text: "a number of parameters, a non-negative integer of at most 2^31", holds: (x: unknown) => is.natural.holds(x) && (x as number) <= 2 ** 31 };

/** The arguments of an optimiser's step, with a state of its own kind. */
export function expectStep(name: string, theta: Float64Array, objective: Objective, state: OptimiserState): void {
  guard(`${name}.step`, { theta: [theta, is.instanceOf(Float64Array, "a Float64Array")], objective: [objective, is.withMethods("an objective (gradient)", "gradient")], state: [state, is.withFields("a state of this optimiser: begin with start(size)", "kind", "step", "scalars", "vectors")] });
  if (state.kind !== name) throw new ConfigurationError(`${name}: got the state of ${state.kind}, expected one of ${name}: resume with the optimiser of the run`);
}
