/**
 * APE smearing: U'_mu = Norm[w1 U_mu + w2 C_mu]. Norm is the polar part M (M^+M)^{-1/2}, in U(N), or the SU(N) projection, the polar part times
 * exp(-i arg det / N). The customary form has w1 = 1 - alpha, w2 = alpha/(2(D-1)), with the number of directions that take part in D.
 */
import { ConfigurationError } from "../../errors.ts";
import { type Links, type Matrix, type Scalar, type TracedOf, add, number, polar, projectSU, scale, scaleBy, sub } from "../../autograd/index.ts";
import { Layer } from "../layer.ts";
import { type LoopSet, type NamedTerm, type TracedWeights, type Weights, directionsOf, stapleSum, termsOf, weightedStaples } from "./loop-weights.ts";
import { guard, is } from "../../util/index.ts";

/** Group on which sums of paths are projected: `SU`, determinant one, or `U`, the polar part. */
export type Projection = "SU" | "U";

/** Projection of a sum of paths; for N = 1 both divide by the modulus. */
export function project<N extends number>(M: Matrix<N>, projection: Projection): Matrix<N> {
  return projection === "SU" ? projectSU(M) : polar(M);
}

/** Weights of an APE step: one alpha, or free weights of the link and of each loop of the set. */
export type ApeParameters = { readonly alpha: number } | { readonly w1: number; readonly w2: Weights };

/** Options of an APE layer: either `alpha`, or `w1` and `w2`. */
export interface ApeOptions {
  readonly alpha?: number;
  readonly w1?: number;
  readonly w2?: Weights;
  /** Loops for w2, as for `stout`; default the plaquette. */
  readonly loops?: LoopSet;
  readonly projection?: Projection;
  /** Leaves temporal links as they are and uses spatial staples only. */
  readonly spatial?: boolean;
}

/**
 * APE layer: `ape({ alpha: 0.5 })` with the trainable weight alpha, or `ape({ w1, w2 })` with two or more free weights. alpha = 0, or w1 = 1 and
 * w2 = 0, is the identity. The SU(N) projection is the default.
 * @throws ConfigurationError for both or neither form, or weights that do not match the loops.
 */
export function ape(options: ApeOptions): Layer<number, ApeParameters> {
  guard("ape", { options: [options, is.keysOf("alpha", "w1", "w2", "loops", "projection", "spatial")] });
  const { alpha, w1, w2, projection = "SU", spatial = false } = options;
  if ((alpha === undefined) === (w1 === undefined || w2 === undefined)) throw new ConfigurationError("ape: expected alpha, or both w1 and w2: got neither form or a mixture");
  if (alpha !== undefined && options.loops !== undefined) throw new ConfigurationError("ape: got loops with alpha, expected plaquettes: give w1 and w2 for other loops");
  const restricted = (t: NamedTerm): NamedTerm => (spatial ? { ...t, links: "spatial", through: "spatial" } : t);
  const terms = termsOf(w2 ?? 0, options.loops).map(restricted);
  const parameters: ApeParameters = alpha !== undefined ? { alpha } : { w1: w1!, w2: w2! };
  return new Layer("APE", parameters, (U: Links, p: TracedOf<ApeParameters>): Links =>
    U.map((mu) => {
      const sum = "alpha" in p ? averaged(U, mu, terms[0]!, p.alpha) : weighted(U, mu, terms, p as { w1: Scalar; w2: TracedWeights });
      return sum ? project(sum, projection) : U[mu]!;
    }) as Links,
  );
}

function averaged(U: Links, mu: number, term: NamedTerm, alpha: Scalar): Matrix | undefined {
  const C = stapleSum(U, mu, term);
  if (!C) return undefined;
  const count = 2 * directionsOf(U.lattice, term.through).filter((nu) => nu !== mu).length;
  return blend(U[mu]!, scaleBy(1 / count, C), alpha);
}

/** (1 - alpha) U + alpha C. */
export function blend(U: Matrix, C: Matrix, alpha: Scalar): Matrix {
  return add(scale(sub(number(U.tape, 1), alpha), U), scale(alpha, C));
}

function weighted(U: Links, mu: number, terms: readonly NamedTerm[], p: { w1: Scalar; w2: TracedWeights }): Matrix | undefined {
  const C = weightedStaples(U, mu, terms, p.w2);
  return C && add(scale(p.w1, U[mu]!), C);
}
