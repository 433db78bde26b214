/**
 * Stout smearing (arXiv:hep-lat/0311018) over any loop set: U'_mu = exp(TA(sum_i rho_i C^i_mu U_mu^+)) U_mu, all links from the same input,
 * without a further factor 1/2 or i. rho > 0 smooths, rho < 0 roughens, rho = 0 is the identity.
 */
import { type Links, type Matrix, type TracedOf, adj, exp, mul, ta } from "../../autograd/index.ts";
import { Layer } from "../layer.ts";
import { type LoopSet, type NamedTerm, type TracedWeights, type Weights, termsOf, weightedStaples } from "./loop-weights.ts";
import { guard, is } from "../../util/index.ts";

/** exp(TA(C U^+)) U, or U itself where no staple acts. */
export function exponentialUpdate<N extends number>(U: Matrix<N>, C: Matrix<N> | undefined): Matrix<N> {
  return C ? mul(exp(ta(mul(C, adj(U)))), U) : U;
}

/** One stout step for given terms. */
export function stoutStep<N extends number>(U: Links<N>, terms: readonly NamedTerm[], rho: TracedWeights): Links<N> {
  return U.map((mu) => exponentialUpdate(U[mu]!, weightedStaples(U, mu, terms, rho))) as Links<N>;
}

/**
 * Stout layer. `rho` is one weight or a weight for each named loop: `stout({ rho: 0.1 })`, `stout({ rho: { plaquette: 0.1, rectangle: 0.02 } })`;
 * `loops` gives names another loop, other links or other directions: `loops: { time: { loop: "polyakov", links: "temporal" } }`.
 * Its parameters are `{ rho }` in the given structure.
 * @throws ConfigurationError when weights and loops do not match.
 */
export function stout<const W extends Weights>(options: { readonly rho: W; readonly loops?: LoopSet }): Layer<number, { readonly rho: WideWeights<W> }> {
  guard("stout", { options: [options, is.keysOf("rho", "loops")] });
  const terms = termsOf(options.rho, options.loops);
  const parameters = { rho: options.rho } as unknown as { readonly rho: WideWeights<W> };
  return new Layer("stout", parameters, (U: Links, p: TracedOf<{ readonly rho: WideWeights<W> }>) => stoutStep(U, terms, (p as { rho: TracedWeights }).rho));
}

/** The type of weights without the literal values. */
export type WideWeights<W> = W extends number ? number : { readonly [K in keyof W]: number };
