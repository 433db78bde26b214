/**
 * L-BFGS with a strong Wolfe line search (Liu and Nocedal, Math. Program. 45, 503; Nocedal and Wright, algorithm 7.4): the inverse Hessian from the last changes s of
 * theta and y of the gradient, begun with (s.y / y.y). For objectives that are the same in every step; a stored state goes on with the same bits.
 */
import { ConfigurationError, NaNError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { type LinePoint, wolfePoint } from "./line-search.ts";
import { type Objective, type Optimiser, type OptimiserState, expectStep, norm, parameterCount } from "./optimisers.ts";

/** Options of `lbfgs`. */
export interface LbfgsOptions {
  /** Pairs of changes that are kept; default 10. */
  readonly memory?: number;
  /** Evaluations of one line search; default 20. */
  readonly evaluations?: number;
}

/** A point of a line search in full. */
interface Trial extends LinePoint {
  readonly theta: Float64Array;
  readonly gradient: Float64Array;
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

const NAME = "lbfgs";

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += x[k]! * y[k]!;
  return sum;
}

/** Pairs of a state, the newest first. */
function pairsOf({ scalars, vectors }: OptimiserState, memory: number, size: number): Pair[] {
  const [pairs, newest] = [scalars["pairs"]!, scalars["newest"]!];
  const found = Array.from({ length: pairs }, (_, k) => (newest + memory - k) % memory).map((slot) => ({ s: vectors[`s${slot}`]!, y: vectors[`y${slot}`]! }));
  if (!(pairs <= memory) || found.some(({ s, y }) => s?.length !== size || y?.length !== size)) throw new ConfigurationError(`${NAME}: got the state of another number of parameters or another memory, expected one of this optimiser: resume with the optimiser of the run`);
  return found;
}

/** - H g by the two loops. */
function directionOf(pairs: readonly Pair[], gradient: Float64Array): Float64Array {
  const q = gradient.map((x) => -x);
  const weights = pairs.map(({ s, y }) => {
    const weight = dot(s, q) / dot(s, y);
    for (let k = 0; k < q.length; k++) q[k]! -= weight * y[k]!;
    return weight;
  });
  const [newest] = pairs;
  const scale = newest ? dot(newest.s, newest.y) / dot(newest.y, newest.y) : 1;
  for (let k = 0; k < q.length; k++) q[k]! *= scale;
  for (let j = pairs.length - 1; j >= 0; j--) {
    const { s, y } = pairs[j]!;
    const change = weights[j]! - dot(y, q) / dot(s, y);
    for (let k = 0; k < q.length; k++) q[k]! += change * s[k]!;
  }
  return q;
}

/** The objective along a line; a value that is no number counts as infinite. */
const alongLine = (objective: Objective, theta: Float64Array, direction: Float64Array) => (step: number): Trial => {
  const there = theta.map((x, k) => x + step * direction[k]!);
  const value = objective.value!(there);
  const gradient = objective.gradient(there);
  const slope = dot(direction, gradient);
  return { step, theta: there, gradient, ...(Number.isFinite(value) && Number.isFinite(slope) ? { value, slope } : { value: Number.POSITIVE_INFINITY, slope: 0 }) };
};

/**
 * L-BFGS as an optimiser: a step is one line search. A search that finds nothing lower keeps theta and forgets the pairs, so that the next one begins along the gradient; `rate` is the
 * step length, 0 where theta was kept. @throws ConfigurationError for an objective without values.
 */
export function lbfgs(options: LbfgsOptions = {}): Optimiser {
  guard(NAME, { options: [options, is.keysOf("memory", "evaluations")] });
  const { memory = 10, evaluations = 20 } = options;
  guard(NAME, { memory: [memory, is.atMost(1000)], evaluations: [evaluations, is.atMost(1000)] });
  const none = { pairs: 0, newest: memory - 1 };
  return {
    name: NAME,
    asks: "value",
    start(size) {
      guard(`${NAME}.start`, { size: [size, parameterCount] });
      return { kind: NAME, step: 0, scalars: none, vectors: {} };
    },
    step(theta, objective, state) {
      expectStep(NAME, theta, objective, state);
      if (!objective.value) throw new ConfigurationError(`${NAME}: got an objective without a value, expected value(theta) beside gradient(theta): its line search compares values`);
      const pairs = pairsOf(state, memory, theta.length);
      const [value, gradient] = [objective.value(theta), objective.gradient(theta)];
      const gradientNorm = norm(gradient);
      if (!Number.isFinite(value + gradientNorm)) throw new NaNError(`${NAME}: step ${state.step} has the value ${value} and a gradient of norm ${gradientNorm}, expected finite numbers`);
      const kept = (scalars: OptimiserState["scalars"], vectors: OptimiserState["vectors"]): OptimiserState => ({ kind: NAME, step: state.step + 1, scalars, vectors });
      const direction = directionOf(pairs, gradient);
      const slope = dot(direction, gradient);
      const first = pairs.length > 0 ? 1 : Math.min(1, 1 / gradientNorm);
      const found = slope < 0 ? wolfePoint(alongLine(objective, theta, direction), { step: 0, value, slope }, first, evaluations) : undefined;
      if (!found) return { parameters: Float64Array.from(theta), state: kept(none, {}), gradientNorm, rate: 0 };
      const [s, y] = [found.theta.map((x, k) => x - theta[k]!), found.gradient.map((x, k) => x - gradient[k]!)];
      // pairs along which the gradient does not grow would make H indefinite
      if (!(dot(s, y) > 1e-12 * dot(y, y))) return { parameters: found.theta, state: kept(state.scalars, state.vectors), gradientNorm, rate: found.step };
      const newest = (state.scalars["newest"]! + 1) % memory;
      const next = { pairs: Math.min(memory, pairs.length + 1), newest };
      return { parameters: found.theta, state: kept(next, { ...state.vectors, [`s${newest}`]: s, [`y${newest}`]: y }), gradientNorm, rate: found.step };
    },
  };
}
