/**
 * Attention between links joined by a 1 x s rectangle (arXiv:2501.16955). The link U_mu(n) is joined to the links at n +- s nu by the
 * staple C^{+-nu,s}_mu(n): s links along nu, the joined link, and back. Its score is gauge invariant:
 *   a~ = Re tr[ U^Q_mu(n) C^{+-nu,s}_mu(n; U^K)^+ ] - Re tr[ U_mu(n) C^{+-nu,s}_mu(n; U)^+ ],  |a~| <= 2N,
 * and an activation makes it the weight of the staple of U^V.
 */
import {
  type Links, type Real, type Scalar, add, broadcast, dot, exponential, mean, mul, number, reciprocal, relu, scale, scaleBy, shift, sub, tan, tanh,
} from "../../autograd/index.ts";
import { line } from "../../gauge/index.ts";

/** A link that attends, and the direction, side and distance of the joined link. */
export interface JoinedLink {
  readonly mu: number;
  readonly nu: number;
  readonly sign: 1 | -1;
  readonly length: number;
}

/**
 * Weight of a joined link from its score. `tan`: tan(pi a~/(4(N + 0.01))); `tanh` and `relu` of a~; `softmax`: exp(a~) over the sum
 * of all links joined to U_mu(n), minus its value for equal scores. Each vanishes with the scores, so zero weights give the identity.
 */
export type Activation = "tan" | "tanh" | "relu" | "softmax";

/**
 * Joined links at distances 1..S: `full` all of them; `sparse` the distances 1, 2, 4, ...; `star` all of them and a relay
 * node that collects the mean score of the lattice and returns it, with the weight `relay`, to every link.
 */
export type Pattern = "full" | "sparse" | "star";

/** The links joined to U_mu, nearest first; with `both` the ones below as well. */
export function joinedLinks(dim: number, mu: number, length: number, pattern: Pattern, both: boolean): readonly JoinedLink[] {
  const lengths = Array.from({ length }, (_, s) => s + 1).filter((s) => pattern !== "sparse" || (s & (s - 1)) === 0);
  const signs = both ? ([1, -1] as const) : ([1] as const);
  return Array.from({ length: dim }, (_, nu) => nu)
    .filter((nu) => nu !== mu)
    .flatMap((nu) => lengths.flatMap((s) => signs.map((sign) => ({ mu, nu, sign, length: s }))));
}

/** Re tr[ Q_mu(n) C(n; K)^+ ], as the scalar product of two corners, which upper and lower staples and both link directions share. */
function overlap(Q: Links, K: Links, { mu, nu, sign, length: s }: JoinedLink): Real {
  const up = line(K, nu, s);
  const across = shift(up, mu);
  if (sign === 1) return dot(mul(Q[mu]!, across), mul(up, shift(K[mu]!, nu, s)));
  // seen from the joined link the staple below is a staple above with U^Q in the middle
  return shift(dot(mul(K[mu]!, across), mul(up, shift(Q[mu]!, nu, s))), nu, -s);
}

/** Score a~ of a joined link. */
export function score(U: Links, Q: Links, K: Links, joined: JoinedLink): Real {
  return sub(overlap(Q, K, joined), overlap(U, U, joined));
}

function activated<T extends Real | Scalar>(activation: Exclude<Activation, "softmax">, N: number, a: T): T {
  if (activation === "tan") return tan(scaleBy(Math.PI / (4 * (N + 0.01)), a as Real)) as T;
  return activation === "tanh" ? tanh(a) : relu(a);
}

/** Attention weights of the links joined to one link, from their scores. */
export function weightsOf(scores: readonly Real[], activation: Activation, N: number): readonly Real[] {
  if (activation !== "softmax") return scores.map((a) => activated(activation, N, a));
  const e = scores.map((a) => exponential(a));
  const inverse = reciprocal(add(e[0]!, ...e.slice(1)));
  const equal = broadcast(number(inverse.tape, 1 / scores.length));
  return e.map((x) => sub(scale(inverse, x), equal));
}

/** What the relay node returns: the activation of the mean of all scores. */
export function relayed(scores: readonly Real[], activation: Activation, N: number): Scalar {
  const all = scaleBy(1 / scores.length, mean(add(scores[0]!, ...scores.slice(1))));
  return activated(activation === "softmax" ? "tanh" : activation, N, all);
}

/** `x+2y`: the link along x that attends to the one two steps above along y. */
export function joinedName(axis: (mu: number) => string, { mu, nu, sign, length }: JoinedLink): string {
  return `${axis(mu)}${sign === 1 ? "+" : "-"}${length}${axis(nu)}`;
}
