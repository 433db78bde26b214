/**
 * Equivariant attention block on classical spins (arXiv:2306.11527), traced. Averaged spins S~^a_i = sum_l w^a_l S_{i+l} for a = Q, K, V with
 * one real weight a distance shell (the site itself included); Gram matrix M_ij = ReLU(c S~^Q_i . S~^K_j); A_i = sum_j M_ij S~^V_j over all
 * sites j, no softmax; S'_i = (S_i + A_i) / |S_i + A_i|. Only dot products, linear combinations and normalisation appear, so the
 * block commutes with global O(3) rotations, with translations and with the point group.
 */
import { type Scalar, type Spin, add, dot, normalise, relu, scale, scaleBy, shift, sub, sum } from "../autograd/index.ts";
import { type Shell, shellSum } from "./shells.ts";

/** Weights of one block: entry n belongs to shell n, entry 0 to the site itself. */
export interface AttentionWeights<S = number> {
  readonly Q: readonly S[];
  readonly K: readonly S[];
  readonly V: readonly S[];
}

/** Parameters of the effective model. J[n - 1] belongs to shell n. */
export interface TransformerParameters<S = number> {
  readonly J: readonly S[];
  readonly E0: S;
  readonly layers: readonly AttentionWeights<S>[];
}

/** One attention block; `c` multiplies the Gram matrix. */
export function attentionBlock(S: Spin, weights: AttentionWeights<Scalar>, shells: readonly Shell[], c: number): Spin {
  const sums = shells.map((shell) => shellSum(S, shell));
  const averaged = (w: readonly Scalar[]): Spin => {
    const terms = w.map((x, n) => scale(x, sums[n]!));
    return add(terms[0]!, ...terms.slice(1));
  };
  const [Q, K, V] = [averaged(weights.Q), averaged(weights.K), averaged(weights.V)];
  const { lattice } = S;
  const terms = Array.from({ length: lattice.volume }, (_, n) => {
    const d = lattice.coordinates(n);
    return scale(relu(scaleBy(c, dot(Q, shift(K, d)))), shift(V, d));
  });
  return normalise(add(S, ...terms));
}

/** H_eff = -sum_n J_n sum_{<ij>_n} S_i . S_j + E_0, each pair once; `shells` starts with the site itself. */
export function pairEnergy(S: Spin, J: readonly Scalar[], E0: Scalar, shells: readonly Shell[]): Scalar {
  const terms = J.map((x, n) => scale(x, sum(dot(S, shellSum(S, shells[n + 1]!)))));
  // every pair is seen from both ends
  return terms.length === 0 ? E0 : sub(E0, scaleBy(0.5, add(terms[0]!, ...terms.slice(1))));
}

/** S^NN: the spins after all blocks. */
export function transformed(S: Spin, layers: readonly AttentionWeights<Scalar>[], shells: readonly Shell[], c: number): Spin {
  return layers.reduce((spins, w) => attentionBlock(spins, w, shells, c), S);
}

/** ln W_eff = -H_eff[S^NN] / T. */
export function effectiveLogWeight(S: Spin, p: TransformerParameters<Scalar>, shells: { readonly energy: readonly Shell[]; readonly attention: readonly Shell[] }, c: number, T: number): Scalar {
  const spins = transformed(S, p.layers, shells.attention, c);
  return scaleBy(-1 / T, pairEnergy(spins, p.J, p.E0, shells.energy));
}
