/**
 * Loop sets of a smearing step: named closed loops with the links they act on. The staple of a loop is the loop without one link, oriented
 * like that link, so every term transforms like U_mu(n):
 *   C_mu(n) = sum_i rho_i C^i_mu(n),  C^plaquette: 2(D-1) staples, C^rectangle: 6(D-1), C^chair: those of the bent six-link loops,
 *   C^polyakov_mu(n) = [U_mu(n+mu) .. U_mu(n+(L-1)mu)]^+, with its weight once, although the loop has L links along mu.
 */
import { ConfigurationError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { type Lattice, type Links, type Matrix, type Scalar, add, scale } from "../../autograd/index.ts";
import { type LoopName, loopStaple, namedLoops, orientations, parsePath } from "../../gauge/index.ts";

/** Directions by name or number; `temporal` is the last direction. */
export type Directions = "all" | "spatial" | "temporal" | readonly number[];

/** One kind of loop and where it acts. */
export interface LoopTerm {
  /** A family by name, or a closed path such as `+x +y -x -y`, of which all lattice orientations are taken. */
  readonly loop: LoopName | (string & {});
  /** Directions of the links that the term changes; default all. */
  readonly links?: Directions;
  /** Directions that the rest of the loop may use besides the link's own; default all. */
  readonly through?: Directions;
}

/** One loop for one weight, or a loop for each named weight. */
export type LoopSet = string | LoopTerm | { readonly [weight: string]: string | LoopTerm };

/** One weight, or one for each loop of a set. */
export type Weights = number | { readonly [loop: string]: number };

/** Weights while recording. */
export type TracedWeights = Scalar | { readonly [loop: string]: Scalar };

/** A term with the name of its weight; undefined when the weights are a single number. */
export interface NamedTerm extends LoopTerm {
  readonly weight: string | undefined;
}

/**
 * Terms for a structure of weights. A single weight has one loop (default the plaquette); named weights have the loop of their name in
 * `loops`, or the loop that they are named after.
 * @throws ConfigurationError when names and loops do not match.
 */
export function termsOf(weights: Weights, loops?: LoopSet): readonly NamedTerm[] {
  guard("loops", { "the weights": [weights, is.either(is.finite, is.object)], "the loops": [loops, is.optional(is.either(is.text, is.object))] });
  if (typeof weights === "object") guard("loops", { "the weights": [Object.values(weights), is.listOf(is.finite, 1)] });
  const term = (x: string | LoopTerm): LoopTerm => (typeof x === "string" ? { loop: x } : x);
  const single = loops === undefined || typeof loops === "string" || typeof loops["loop"] === "string";
  if (typeof weights === "number") {
    if (!single) throw new ConfigurationError(`loops: got one weight and the named loops ${Object.keys(loops as object).join(", ")}, expected one loop: give the weights by name too`);
    return [{ ...term((loops ?? "plaquette") as string | LoopTerm), weight: undefined }];
  }
  const named = (loops === undefined ? {} : loops) as { readonly [weight: string]: string | LoopTerm };
  if (single && loops !== undefined) throw new ConfigurationError(`loops: got one loop and the named weights ${Object.keys(weights).join(", ")}, expected a loop for each name`);
  for (const name of Object.keys(named)) if (!(name in weights)) throw new ConfigurationError(`loops: got a loop for "${name}" without a weight, expected the names ${Object.keys(weights).join(", ")}`);
  return Object.keys(weights).sort().map((name) => ({ ...term(named[name] ?? name), weight: name }));
}

/** Direction numbers of a name. */
export function directionsOf(lattice: Lattice, which: Directions = "all"): readonly number[] {
  const all = lattice.extents.map((_, mu) => mu);
  if (which === "all") return all;
  if (which === "spatial") return all.slice(0, -1);
  return which === "temporal" ? all.slice(-1) : which;
}

/** Weighted sum of the staples of every term that acts on U_mu, oriented like the link; undefined when none does. */
export function weightedStaples<N extends number>(U: Links<N>, mu: number, terms: readonly NamedTerm[], weights: TracedWeights): Matrix<N> | undefined {
  const parts = terms.flatMap((t) => {
    const C = stapleSum(U, mu, t);
    const rho = t.weight === undefined ? weights : (weights as { readonly [loop: string]: Scalar })[t.weight]!;
    return C ? [scale(rho as Scalar, C)] : [];
  });
  return parts.length === 0 ? undefined : add(parts[0]!, ...parts.slice(1));
}

/** Sum of the staples of one term around U_mu; undefined when the term does not act on this link. */
export function stapleSum<N extends number>(U: Links<N>, mu: number, term: LoopTerm): Matrix<N> | undefined {
  const { lattice } = U;
  if (!directionsOf(lattice, term.links).includes(mu)) return undefined;
  const axes = new Set([mu, ...directionsOf(lattice, term.through)]);
  const family = /^[+-]/.test(term.loop.trim()) ? orientations(parsePath(lattice, term.loop), lattice.dim) : namedLoops(lattice, term.loop as LoopName);
  const loops = family.filter((path) => path.some((s) => Math.abs(s) - 1 === mu) && path.every((s) => axes.has(Math.abs(s) - 1)));
  return loops.length === 0 ? undefined : loopStaple(U, loops, mu);
}
