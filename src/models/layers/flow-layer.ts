/**
 * Gradient flow as a layer of continuous depth: dU_mu/dt = TA(sum_i rho_i(t) C^i_mu U_mu^+) U_mu from 0 to T, by the third-order Runge-Kutta
 * scheme of arXiv:1006.4518 with stages at t, t + eps/4, t + 2 eps/3. Derivatives go back through the steps, so they are exact for the discrete map.
 * rho_i(t): constant in each of K equal pieces of [0, T], or sum_k c_k P_k(2t/T - 1) with Legendre polynomials. One coefficient: constant in t;
 * plaquette 1: Wilson flow; plaquette 5/3, rectangle -1/12: Symanzik flow.
 */
import { ConfigurationError } from "../../errors.ts";
import { type Algebras, type Links, type Scalar, type TracedOf, add, checkpoint, number, repeat, scale, scaleBy, sub } from "../../autograd/index.ts";
import { flowStep, generator, stableFlowStep } from "../../gauge/index.ts";
import { emitWarning } from "../../util/index.ts";
import { Layer } from "../layer.ts";
import { type LoopSet, type NamedTerm, type TracedWeights, termsOf, weightedStaples } from "./loop-weights.ts";
import { guard, is } from "../../util/index.ts";

/** Links that a loop keeps at least for its reverse pass: so few cost less than computing them again. */
const LEAST_STATES = 16;

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
  /**
   * Computes the fields inside a step again in the reverse pass, and records the steps of a piece as one loop: of n steps 16 link fields are kept, or sqrt(2n) where
   * that is more. Default true.
   */
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
    const step = (W: Links, weights: (c: number) => TracedWeights): Links => {
      const ofStages = [0, 1 / 4, 2 / 3].map(weights);
      return flowStep(W, eps, (X, stage) => right(X, terms, ofStages[stage]!));
    };
    const rhoOf = p.rho as TracedTimeWeights;
    // pieces that all loops have in common, of as many steps each
    const pieces = basis === "pieces" ? lists.reduce((n, c) => leastMultiple(n, c.length), 1) : 1;
    const each = steps / pieces;
    if (recompute && each > 1) {
      let V = U;
      for (let piece = 0; piece < pieces; piece++)
        V = repeat(each, (W: Links, s) => step(W, (c) => (basis === "pieces" ? piecesAt(rhoOf, piece / pieces) : legendreAt(rhoOf, scaleBy(1 / steps, add(s, number(s.tape, c)))))), V, { checkpoints: Math.max(LEAST_STATES, Math.ceil(Math.sqrt(2 * each))) });
      return V;
    }
    let V = U;
    for (let k = 0; k < steps; k++) {
      const one = (W: Links): Links => step(W, (c) => (basis === "pieces" ? piecesAt(rhoOf, k / steps) : legendreAt(rhoOf, (k + c) / steps)));
      V = recompute ? checkpoint(one)(V) : one(V);
    }
    return V;
  });
}

type TracedTimeWeights = readonly Scalar[] | { readonly [loop: string]: readonly Scalar[] };

/** f of the coefficients of each loop. */
function ofEach(rho: TracedTimeWeights, f: (c: readonly Scalar[]) => Scalar): TracedWeights {
  return Array.isArray(rho) ? f(rho as readonly Scalar[]) : Object.fromEntries(Object.entries(rho).map(([name, c]) => [name, f(c as readonly Scalar[])]));
}

/** rho_i in the piece that holds the time `begin`, in units of T. */
const piecesAt = (rho: TracedTimeWeights, begin: number): TracedWeights => ofEach(rho, (c) => c[Math.floor(begin * c.length + 1e-9)]!);

/** sum_k c_k P_k(2t - 1) at a time, in units of T, with (k+1) P_{k+1} = (2k+1) x P_k - k P_{k-1}. */
function legendreAt(rho: TracedTimeWeights, t: number | Scalar): TracedWeights {
  return ofEach(rho, (c) => {
    if (typeof t === "number") return sumOf(c.map((y, k) => scaleBy(legendre(k, 2 * t - 1), y)));
    const one = number(t.tape, 1);
    const x = sub(scaleBy(2, t), one);
    const P = [one, x];
    for (let j = 1; j < c.length - 1; j++) P.push(sub(scaleBy((2 * j + 1) / (j + 1), scale(x, P[j]!)), scaleBy(j / (j + 1), P[j - 1]!)));
    return sumOf(c.map((y, k) => scale(P[k]!, y)));
  });
}

const sumOf = (parts: readonly Scalar[]): Scalar => add(parts[0]!, ...parts.slice(1));

/** Legendre polynomial P_k(x). */
function legendre(k: number, x: number): number {
  let [before, now] = [0, 1];
  for (let j = 0; j < k; j++) [before, now] = [now, ((2 * j + 1) * x * now - j * before) / (j + 1)];
  return now;
}

function leastMultiple(a: number, b: number): number {
  let n = a;
  while (n % b !== 0) n += a;
  return n;
}

/** TA(sum_i rho_i C^i_mu U_mu^+), zero for links without a loop. */
function right(U: Links, terms: readonly NamedTerm[], rho: TracedWeights): Algebras {
  return generator(U, (mu) => weightedStaples(U, mu, terms, rho) ?? scaleBy(0, U[mu]!));
}
