/**
 * Optimisers as functions of plain data: parameters, an objective and a state give new parameters and a new state, so that a training
 * run resumes with the same bits. SGD with momentum (Polyak; Nesterov), Adam (arXiv:1412.6980), AdamW (arXiv:1711.05101), and
 * Levenberg-Marquardt for least-squares objectives with few parameters.
 */
import { ConfigurationError, NaNError } from "../errors.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
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
  /** Present where the objective is a mean of squares. */
  residuals?(theta: Float64Array): Residuals;
}

/** Result of a step. */
export interface OptimiserStep {
  readonly parameters: Float64Array;
  readonly state: OptimiserState;
  /** Euclidean norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Learning rate, or the damping of Levenberg-Marquardt. */
  readonly rate: number;
}

/** An optimiser without state of its own: parameters and state in, parameters and state out. */
export interface Optimiser {
  readonly name: string;
  /** State before the first step, for so many parameters. */
  start(size: number): OptimiserState;
  /** One step from theta; the arguments are not changed. @throws NaNError for a gradient that is not finite. */
  step(theta: Float64Array, objective: Objective, state: OptimiserState): OptimiserStep;
}

/** Options of every first-order optimiser. */
export interface FirstOrderOptions {
  /** Learning rate: a number or a schedule. */
  readonly rate?: number | Schedule;
  /** Largest Euclidean norm of the gradient; a longer one is scaled down to it. */
  readonly clip?: number;
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

function expectRange(name: string, what: string, x: number, low: number, high: number): void {
  if (!(x >= low && x < high)) throw new ConfigurationError(`${name}: got ${what} = ${x}, expected a number in [${low}, ${high})`);
}

type Memory = Pick<OptimiserState, "scalars" | "vectors">;

/** Checks of state and gradient, clipping and the schedule, around the formula of one optimiser. */
function firstOrder(
  name: string,
  options: FirstOrderOptions & { readonly defaultRate: number },
  start: (size: number) => Memory,
  formula: (theta: Float64Array, gradient: Float64Array, memory: Memory, rate: number) => Memory & { readonly parameters: Float64Array },
): Optimiser {
  const schedule = scheduleOf(options.rate ?? options.defaultRate);
  const { clip = Number.POSITIVE_INFINITY } = options;
  if (!(clip > 0)) throw new ConfigurationError(`${name}: got clip = ${clip}, expected a positive norm`);
  return {
    name,
    start(size) {
      guard(`${name}.start`, { size: [size, parameterCount] });
      return { kind: name, step: 0, ...start(size) };
    },
    step(theta, objective, state) {
      expectStep(name, theta, objective, state);
      const raw = objective.gradient(theta);
      const gradientNorm = norm(raw);
      if (!Number.isFinite(gradientNorm)) throw new NaNError(`${name}: the gradient of step ${state.step} has norm ${gradientNorm}, expected a finite one: use a smaller learning rate or clip`);
      const rate = schedule(state.step);
      const { parameters, scalars, vectors } = formula(theta, clipNorm(raw, clip), state, rate);
      return { parameters, state: { kind: name, step: state.step + 1, scalars, vectors }, gradientNorm, rate };
    },
  };
}

/** Number of parameters that arrays hold. */
const parameterCount = { ...is.natural, text: "a number of parameters, a non-negative integer of at most 2^31", holds: (x: unknown) => is.natural.holds(x) && (x as number) <= 2 ** 31 };

/** The arguments of an optimiser's step, with a state of its own kind. */
export function expectStep(name: string, theta: Float64Array, objective: Objective, state: OptimiserState): void {
  guard(`${name}.step`, { theta: [theta, is.instanceOf(Float64Array, "a Float64Array")], objective: [objective, is.withMethods("an objective (gradient)", "gradient")], state: [state, is.withFields("a state of this optimiser: begin with start(size)", "kind", "step", "scalars", "vectors")] });
  if (state.kind !== name) throw new ConfigurationError(`${name}: got the state of ${state.kind}, expected one of ${name}: resume with the optimiser of the run`);
}

/** theta <- theta - rate v, v <- momentum v + g (Nesterov: theta <- theta - rate (g + momentum v)). Default rate 1e-5. */
export function sgd(options: FirstOrderOptions & { readonly momentum?: number; readonly nesterov?: boolean } = {}): Optimiser {
  guard("sgd", { options: [options, is.keysOf("rate", "clip", "momentum", "nesterov")] });
  const { momentum = 0, nesterov = false } = options;
  expectRange("sgd", "momentum", momentum, 0, 1);
  const start = (size: number): Memory => ({ scalars: {}, vectors: { velocity: new Float64Array(size) } });
  return firstOrder("sgd", { ...options, defaultRate: 1e-5 }, start, (theta, g, memory, rate) => {
    const velocity = memory.vectors["velocity"]!.map((v, k) => momentum * v + g[k]!);
    const direction = nesterov ? velocity.map((v, k) => g[k]! + momentum * v) : velocity;
    return { parameters: theta.map((x, k) => x - rate * direction[k]!), scalars: {}, vectors: { velocity } };
  });
}

/** Options of Adam (arXiv:1412.6980): decay rates of the two moments and the regulator of the quotient. */
export interface AdamOptions extends FirstOrderOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

/** Adam: theta <- theta - rate mhat / (sqrt(vhat) + epsilon). Default rate 5e-4. */
export function adam(options: AdamOptions = {}): Optimiser {
  guard("adam", { options: [options, is.object] });
  return adamLike("adam", options, 0);
}

/** Adam with decoupled weight decay (default 0.01): theta <- theta - rate (mhat / (sqrt(vhat) + epsilon) + decay theta). */
export function adamW(options: AdamOptions & { readonly weightDecay?: number } = {}): Optimiser {
  guard("adamW", { options: [options, is.object] });
  const { weightDecay = 0.01, ...rest } = options;
  expectRange("adamW", "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  return adamLike("adamW", rest, weightDecay);
}

/** The powers of beta1 and beta2 that correct the bias are products, so that every machine has the same bits. */
function adamLike(name: string, options: AdamOptions, decay: number): Optimiser {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  expectRange(name, "beta1", beta1, 0, 1);
  expectRange(name, "beta2", beta2, 0, 1);
  expectRange(name, "epsilon", epsilon, 0, Number.POSITIVE_INFINITY);
  const start = (size: number): Memory => ({ scalars: { beta1Power: 1, beta2Power: 1 }, vectors: { m: new Float64Array(size), v: new Float64Array(size) } });
  return firstOrder(name, { ...options, defaultRate: 5e-4 }, start, (theta, g, memory, rate) => {
    const m = memory.vectors["m"]!.map((x, k) => beta1 * x + (1 - beta1) * g[k]!);
    const v = memory.vectors["v"]!.map((x, k) => beta2 * x + (1 - beta2) * g[k]! * g[k]!);
    const [p1, p2] = [memory.scalars["beta1Power"]! * beta1, memory.scalars["beta2Power"]! * beta2];
    const parameters = theta.map((x, k) => x - rate * (m[k]! / (1 - p1) / (Math.sqrt(v[k]! / (1 - p2)) + epsilon) + decay * x));
    return { parameters, scalars: { beta1Power: p1, beta2Power: p2 }, vectors: { m, v } };
  });
}
