/**
 * CASK, covariant attention with stout kernel (arXiv:2501.16955):
 * 1. U^Q, U^K, U^V = stout(U; rho^Q), stout(U; rho^K), stout(U; rho^V);
 * 2. attention a of each link to the links joined by a 1 x s rectangle, s = 1..S, from U^Q and U^K;
 * 3. U^A_mu = exp(TA(Omega^A)) U_mu with Omega^A from C^A_mu = sum_{nu, s} a C^{nu,s}_mu(U^V);
 * 4. U'_mu = exp(TA(sum_i rho_i C^i_mu(U^A) ..)) U_mu, the final stout step on the input links.
 * `symmetric`: attention above and below separately, loops closed with the link that is multiplied, Omega = C U_mu^+: covariant under all
 * lattice rotations and reflections. `code`: the published program, the attention above for both staples, loops closed with (U^V)^+
 * and (U^A)^+: covariant under gauge transformations, translations and permutations of axes only.
 */
import { ConfigurationError } from "../../errors.ts";
import { type Field, type LinkField, type Links, type Matrix, type Real, type RealType, type Replayable, type Scalar, type TracedOf, add, adj, broadcast, exp, expectInputs, kind, mul, replayable, scale, ta } from "../../autograd/index.ts";
import { staple } from "../../gauge/index.ts";
import { Layer, recordedMap } from "../layer.ts";
import { type Activation, type JoinedLink, type Pattern, joinedLinks, joinedName, relayed, score, weightsOf } from "./attention.ts";
import { type LoopSet, type NamedTerm, type TracedWeights, type Weights, termsOf, weightedStaples } from "./loop-weights.ts";
import { exponentialUpdate, stoutStep } from "./stout.ts";
import { guard, is } from "../../util/index.ts";

/** Weights of a layer: of the final step and, one for each head where there are several, of query, key and value. */
export interface CaskParameters {
  /** Absent without the final step. */
  readonly rho?: Weights;
  readonly rhoQ: Weights | readonly Weights[];
  readonly rhoK: Weights | readonly Weights[];
  readonly rhoV: Weights | readonly Weights[];
  /** Weight of the relay node; present with the star pattern. */
  readonly relay?: number;
}

/** Initial weights and shape of a CASK layer (arXiv:2501.16955). */
export interface CaskOptions {
  /** Initial weights, default 0 (the identity). Arrays of equal length give several heads, whose attended staples are added. */
  readonly rho?: Weights;
  readonly rhoQ?: Weights | readonly Weights[];
  readonly rhoK?: Weights | readonly Weights[];
  readonly rhoV?: Weights | readonly Weights[];
  readonly relay?: number;
  /** Loops of all stout kernels, as for `stout`; default the plaquette. */
  readonly loops?: LoopSet;
  /** Largest distance S of joined links; 3 includes the seven-link staple. */
  readonly length?: number;
  readonly variant?: "symmetric" | "code";
  /** Without it the layer ends with U^A. */
  readonly finalStep?: boolean;
  readonly activation?: Activation;
  readonly pattern?: Pattern;
}

interface Head {
  readonly V: Links;
  /** Joined links and their attention, direction by direction. */
  readonly attention: readonly (readonly { readonly joined: JoinedLink; readonly a: Real }[])[];
}

type Settings = Required<Pick<CaskOptions, "length" | "variant" | "finalStep" | "activation" | "pattern">> & { readonly terms: readonly NamedTerm[]; readonly heads: number };

/** The maps of a layer, recorded once and shared by all its weights. */
interface Maps {
  readonly name: string;
  readonly forward: (U: Links, p: TracedOf<CaskParameters>) => Links;
  readonly links: Replayable;
  readonly attention: (...args: unknown[]) => unknown;
}

/** A CASK layer: a layer whose attention can be looked at. Made by `cask`. */
export class CaskLayer extends Layer<number, CaskParameters> {
  readonly #maps: Maps;

  constructor(parameters: CaskParameters, maps: Maps) {
    super(maps.name, parameters, maps.forward, maps.links);
    this.#maps = maps;
  }

  override with(parameters: CaskParameters): CaskLayer {
    expectInputs(`layer ${this.name}.with`, parameters, this.parameters);
    return new CaskLayer(parameters, this.#maps);
  }

  /**
   * Attention weights as gauge-invariant site scalars. `x+2y` is the weight that a link along x gives to the link two steps above along y,
   * `x-2y` below (the code variant has the ones above only and uses them for both); with several heads `x+2y head 1`, ...
   */
  attention(U: LinkField): Readonly<Record<string, Field<RealType>>> {
    guard(`layer ${this.name}`, { U: [U, kind.linkField] });
    return { ...(this.#maps.attention(U, this.parameters) as Record<string, Field<RealType>>) };
  }
}

function caskStep(U: Links, p: TracedOf<CaskParameters>, settings: Settings): Links {
  const heads = attend(U, p, settings);
  const attended = U.map((mu) => {
    const parts = heads.map(({ V, attention }) => {
      const C = attendedStaples(V, attention[mu]!, settings);
      return settings.variant === "code" ? mul(C, adj(V[mu]!)) : C;
    });
    const sum = add(parts[0]!, ...parts.slice(1));
    const loop = settings.variant === "code" ? sum : mul(sum, adj(U[mu]!));
    return mul(exp(ta(loop)), U[mu]!);
  }) as Links;
  if (!settings.finalStep) return attended;
  return U.map((mu) => {
    const C = weightedStaples(attended, mu, settings.terms, p.rho as TracedWeights);
    if (settings.variant === "symmetric") return exponentialUpdate(U[mu]!, C);
    return C ? mul(exp(ta(mul(C, adj(attended[mu]!)))), U[mu]!) : U[mu]!;
  }) as Links;
}

/** Queries, keys, values and attention of every head. */
function attend(U: Links, p: TracedOf<CaskParameters>, settings: Settings): readonly Head[] {
  const { terms, heads, length, pattern, variant, activation } = settings;
  return Array.from({ length: heads }, (_, h): Head => {
    const of = (w: unknown): TracedWeights => (Array.isArray(w) ? w[h] : w) as TracedWeights;
    const [Q, K, V] = [p.rhoQ, p.rhoK, p.rhoV].map((w) => stoutStep(U, terms, of(w))) as [Links, Links, Links];
    const joined = Array.from({ length: U.dim }, (_x, mu) => joinedLinks(U.dim, mu, length, pattern, variant === "symmetric"));
    const scores = joined.map((list) => list.map((j) => score(U, Q, K, j)));
    const relay = pattern === "star" ? broadcast(scale(p.relay as Scalar, relayed(scores.flat(), activation, U.N))) : undefined;
    const attention = scores.map((list, mu) => weightsOf(list, activation, U.N).map((a, k) => ({ joined: joined[mu]![k]!, a: relay ? add(a, relay) : a })));
    return { V, attention };
  });
}

function attendedStaples(V: Links, attention: Head["attention"][number], { variant }: Settings): Matrix {
  const parts = attention.map(({ joined: { mu, nu, sign, length }, a }) => {
    const C = staple(V, mu, nu, sign, length);
    return scale(a, variant === "code" ? add(C, staple(V, mu, nu, -1, length)) : C);
  });
  return add(parts[0]!, ...parts.slice(1));
}

function attentionMaps(U: Links, p: TracedOf<CaskParameters>, settings: Settings): Record<string, Real> {
  const axis = (mu: number): string => U.lattice.axis(mu);
  return Object.fromEntries(
    attend(U, p, settings).flatMap(({ attention }, h) => attention.flat().map(({ joined, a }) => [`${joinedName(axis, joined)}${settings.heads > 1 ? ` head ${h + 1}` : ""}`, a])),
  );
}

/**
 * CASK layer. The default is the symmetric variant with S = 3, the published activation, the final stout step and the plaquette kernel: four
 * weights rho, rho^Q, rho^K, rho^V, all zero (the identity).
 * @throws ConfigurationError for a length below 1, heads of different number, or weights that do not match the loops.
 */
export function cask(options: CaskOptions = {}): CaskLayer {
  guard("cask", { options: [options, is.keysOf("rho", "rhoQ", "rhoK", "rhoV", "relay", "loops", "length", "variant", "finalStep", "activation", "pattern")] });
  const { rho = 0, rhoQ = 0, rhoK = 0, rhoV = 0, length = 3, variant = "symmetric", finalStep = true, activation = "tan", pattern = "full" } = options;
  guard("cask", {
    length: [length, { ...is.count, text: "an integer >= 1, the largest distance of joined links" }], variant: [variant, is.oneOf("symmetric", "code")], finalStep: [finalStep, is.truth],
    activation: [activation, is.oneOf("tan", "tanh", "relu", "softmax")], pattern: [pattern, is.oneOf("full", "sparse", "star")],
  });
  const counts = [rhoQ, rhoK, rhoV].map((w) => (isList(w) ? w.length : 0));
  if (counts.some((c) => c !== counts[0])) throw new ConfigurationError(`cask: got ${counts.join(", ")} heads for rhoQ, rhoK, rhoV, expected equal numbers: give each an array of one weight a head`);
  const all = [...(finalStep ? [rho] : []), ...[rhoQ, rhoK, rhoV].flatMap((w) => (isList(w) ? w : [w]))];
  const terms = termsOf(all[0]!, options.loops);
  const names = (w: Weights): string => (typeof w === "number" ? "" : Object.keys(w).sort().join(","));
  if (all.some((w) => names(w) !== names(all[0]!))) throw new ConfigurationError(`cask: got weights with the names ${all.map((w) => `(${names(w)})`).join(" ")}, expected the same loops for rho, rhoQ, rhoK and rhoV`);
  if (options.relay !== undefined && pattern !== "star") throw new ConfigurationError(`cask: got a relay weight with the pattern "${pattern}", expected the pattern "star"`);
  const parameters: CaskParameters = { ...(finalStep ? { rho } : {}), rhoQ, rhoK, rhoV, ...(pattern === "star" ? { relay: options.relay ?? 0 } : {}) };
  const settings: Settings = { length, variant, finalStep, activation, pattern, terms, heads: Math.max(1, counts[0]!) };
  const forward = recordedMap(`CASK ${variant}`, (U: Links, p: TracedOf<CaskParameters>): Links => caskStep(U, p, settings), parameters);
  return new CaskLayer(parameters, {
    name: `CASK ${variant}`,
    forward,
    links: replayable(forward),
    attention: replayable((U: Links, p: TracedOf<CaskParameters>) => attentionMaps(U, p, settings)),
  });
}

function isList(w: Weights | readonly Weights[]): w is readonly Weights[] {
  return Array.isArray(w);
}
