/**
 * Loop sets of a smearing step: named closed loops with the links they act on. The staple of a loop is the loop without one link, oriented
 * like that link, so every term transforms like U_mu(n):
 *   C_mu(n) = sum_i rho_i C^i_mu(n),  C^plaquette: 2(D-1) staples, C^rectangle: 6(D-1), C^chair: bent six-link loops,
 *   C^polyakov_mu(n) = [U_mu(n+mu) .. U_mu(n+(L-1)mu)]^+, each term once for every link of the loop (the winding loop: once).
 */
import { ConfigurationError } from "../../errors.ts";
import { type Lattice, type Links, type Matrix, type Scalar, add, adj, mul, scale, shift, unit } from "../../autograd/index.ts";
import { type Path, parsePath, pathProduct, staples } from "../../gauge/index.ts";

/** Directions by name or number; `temporal` is the last direction. */
export type Directions = "all" | "spatial" | "temporal" | readonly number[];

/** One kind of loop and where it acts. */
export interface LoopTerm {
  /** `plaquette`, `rectangle`, `chair`, `polyakov`, or a closed path such as `+x +y -x -y`, of which all lattice orientations are taken. */
  readonly loop: string;
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

const BASE: Readonly<Record<string, Path>> = { plaquette: [1, 2, -1, -2], rectangle: [1, 1, 2, -1, -1, -2], chair: [1, 2, -1, 3, -2, -3] };

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
  const through = directionsOf(lattice, term.through).filter((nu) => nu !== mu);
  if (term.loop === "polyakov") return adj(shift(line(U, mu, lattice.extents[mu]! - 1), mu));
  if (term.loop === "plaquette") return through.length === 0 ? undefined : staples(U, mu, through);
  const base = BASE[term.loop] ?? parsePath(lattice, term.loop);
  const paths = stapleDirections(base, lattice.dim, mu).filter((p) => p.every((s) => Math.abs(s) - 1 === mu || through.includes(Math.abs(s) - 1)));
  if (paths.length === 0) return undefined;
  const parts = paths.map((p) => pathProduct(U, p));
  return add(parts[0]!, ...parts.slice(1));
}

/** Product of `length` links along mu from the site, by doubling: log2(length) products. */
export function line<N extends number>(U: Links<N>, mu: number, length: number): Matrix<N> {
  if (length === 0) return unit(U[0]!.tape, U.N);
  if (length === 1) return U[mu]!;
  const half = length >> 1;
  const double = mul(line(U, mu, half), shift(line(U, mu, half), mu, half));
  return length % 2 === 0 ? double : mul(double, shift(U[mu]!, mu, length - 1));
}

/**
 * Paths from n to n + mu that close, with the link U_mu(n), to any lattice orientation of the loop; one for every link along mu.
 * @throws ConfigurationError when the path is not closed or needs more directions than the lattice has.
 */
export function stapleDirections(base: Path, dim: number, mu: number): readonly Path[] {
  const axes = [...new Set(base.map(Math.abs))];
  const end = new Map<number, number>();
  for (const s of base) end.set(Math.abs(s), (end.get(Math.abs(s)) ?? 0) + Math.sign(s));
  if ([...end.values()].some((x) => x !== 0)) throw new ConfigurationError(`loop: got the open path ${base.join(" ")}, expected a closed one`);
  const result = new Map<string, Path>();
  const seen = new Set<string>();
  for (const image of signedArrangements(axes.length, dim)) {
    const loop = base.map((s) => Math.sign(s) * image[axes.indexOf(Math.abs(s))]!);
    for (const oriented of [loop, reversed(loop)])
      oriented.forEach((s, k) => {
        if (s !== mu + 1) return;
        const rest = [...oriented.slice(k + 1), ...oriented.slice(0, k)];
        const path = reversed(rest);
        const key = path.join(",");
        if (!seen.has(key)) result.set(key, path);
        seen.add(key);
      });
  }
  return [...result.values()];
}

function reversed(path: Path): Path {
  return path.map((s) => -s).reverse();
}

/** All ways to put `count` axes on different signed lattice directions. */
function signedArrangements(count: number, dim: number): readonly (readonly number[])[] {
  if (count === 0) return [[]];
  return signedArrangements(count - 1, dim).flatMap((head) =>
    Array.from({ length: dim }, (_, k) => k + 1)
      .filter((k) => !head.some((h) => Math.abs(h) === k))
      .flatMap((k) => [[...head, k], [...head, -k]]),
  );
}
