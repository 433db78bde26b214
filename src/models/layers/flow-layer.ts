/**
 * Gradient flow as a layer of continuous depth: dU_mu/dt = TA(sum_i rho_i(t) C^i_mu U_mu^+) U_mu from 0 to T, by the third-order Runge-Kutta
 * scheme of arXiv:1006.4518 with stages at t, t + eps/4, t + 2 eps/3. Derivatives go back through the steps, so they are exact for the discrete map.
 * rho_i(t): constant in each of K equal pieces of [0, T], or sum_k c_k P_k(2t/T - 1) with Legendre polynomials. One coefficient: constant in t;
 * plaquette 1: Wilson flow; plaquette 5/3, rectangle -1/12: Symanzik flow.
 */
import { ConfigurationError } from "../../errors.ts";
import { type Algebras, type Links, type Scalar, type TracedOf, add, checkpoint, scaleBy } from "../../autograd/index.ts";
import { flowStep, generator, stableFlowStep } from "../../gauge/index.ts";
import { emitWarning } from "../../util/index.ts";
import { Layer } from "../layer.ts";
import { type LoopSet, type NamedTerm, type TracedWeights, termsOf, weightedStaples } from "./loop-weights.ts";
import { guard, is } from "../../util/index.ts";

/** Coefficients of rho(t), or of rho_i(t) for each named loop. */
export type TimeWeights = readonly number[] | { readonly [loop: string]: readonly number[] };
/** Trainable parameters of a gradient flow layer: the coefficients of rho(t). */
export type FlowParameters = { readonly rho: TimeWeights };

/** Time, steps and weights of a gradient flow layer (arXiv:1006.4518); flow times in lattice units a^2. */
export interface FlowLayerOptions {
  /** Flow time T. */
  readonly time: number;
  /** Number of Runge-Kutta steps. */
  readonly steps: number;
  /** Coefficients of rho_i(t); default one coefficient 1 for the plaquette: the Wilson flow. */
  readonly rho?: TimeWeights;
  readonly basis?: "pieces" | "legendre";
  readonly loops?: LoopSet;
  /** Computes the fields inside a step again in the reverse pass: one link field a step is kept. Default true. */
  readonly recompute?: boolean;
}

/**
 * Flow layer. All coefficients zero: the identity.
 * @throws ConfigurationError when the steps are not a positive multiple of the pieces, or coefficients do not match the loops.
 */
export function flowLayer(options: FlowLayerOptions): Layer<number, FlowParameters> {
  guard("flowLayer", { options: [options, is.keysOf("time", "steps", "rho", "basis", "loops", "recompute")] });
  const { time, steps, rho = [1], basis = "pieces", recompute = true } = options;
  const lists = Array.isArray(rho) ? [rho as readonly number[]] : Object.values(rho as { readonly [loop: string]: readonly number[] });
  if (!Number.isInteger(steps) || steps < 1) throw new ConfigurationError(`flowLayer: got ${steps} steps, expected a positive integer`);
  if (!Number.isFinite(time)) throw new ConfigurationError(`flowLayer: got the time ${time}, expected a finite number`);
  for (const c of lists) {
    if (c.length === 0) throw new ConfigurationError("flowLayer: got no coefficients for a loop, expected at least one");
    if (basis === "pieces" && steps % c.length !== 0) throw new ConfigurationError(`flowLayer: got ${steps} steps for ${c.length} pieces, expected a multiple: steps may not straddle a jump of rho`);
  }
  const shape = Array.isArray(rho) ? 0 : Object.fromEntries(Object.keys(rho).map((k) => [k, 0]));
  const terms = termsOf(shape, options.loops);
  const eps = time / steps;
  // the weights of all loops together, at their largest over the flow
  const largest = lists.reduce((s, c) => s + (basis === "pieces" ? Math.max(...c.map(Math.abs)) : c.reduce((t, x) => t + Math.abs(x), 0)), 0);
  let warned = false;
  return new Layer("flow", { rho }, (U: Links, p: TracedOf<FlowParameters>): Links => {
    const limit = stableFlowStep(U.lattice.dim);
    if (Math.abs(eps) * largest > limit && !warned) {
      warned = true;
      emitWarning(`flowLayer: got steps of ${eps} with weights up to ${largest}, expected their product below ${limit.toPrecision(2)} in ${U.lattice.dim} dimensions: on smooth fields the flow is unstable, take more steps`);
    }
    let V = U;
    for (let k = 0; k < steps; k++) {
      const weights = [0, 1 / 4, 2 / 3].map((c) => weightsAt(p.rho as TracedTimeWeights, basis, (k + c) / steps, k / steps));
      const step = (W: Links): Links => flowStep(W, eps, (X, stage) => right(X, terms, weights[stage]!));
      V = recompute ? checkpoint(step)(V) : step(V);
    }
    return V;
  });
}

type TracedTimeWeights = readonly Scalar[] | { readonly [loop: string]: readonly Scalar[] };

/** rho_i at the time `now`, in units of T; pieces are chosen by the beginning of the step. */
function weightsAt(rho: TracedTimeWeights, basis: "pieces" | "legendre", now: number, begin: number): TracedWeights {
  if (!Array.isArray(rho)) return Object.fromEntries(Object.entries(rho).map(([name, c]) => [name, at(c as readonly Scalar[])]));
  return at(rho);
  function at(c: readonly Scalar[]): Scalar {
    if (basis === "pieces") return c[Math.floor(begin * c.length + 1e-9)]!;
    const parts = c.map((x, k) => scaleBy(legendre(k, 2 * now - 1), x));
    return add(parts[0]!, ...parts.slice(1));
  }
}

/** Legendre polynomial P_k(x): (k+1) P_{k+1} = (2k+1) x P_k - k P_{k-1}. */
function legendre(k: number, x: number): number {
  let [before, now] = [0, 1];
  for (let j = 0; j < k; j++) [before, now] = [now, ((2 * j + 1) * x * now - j * before) / (j + 1)];
  return now;
}

/** TA(sum_i rho_i C^i_mu U_mu^+), zero for links without a loop. */
function right(U: Links, terms: readonly NamedTerm[], rho: TracedWeights): Algebras {
  return generator(U, (mu) => weightedStaples(U, mu, terms, rho) ?? scaleBy(0, U[mu]!));
}
