/**
 * Lattice gauge equivariant convolutions (arXiv:2012.12901). Channels W_i(n) are matrices closed at the site, W -> g(n) W g(n)^+:
 *   input:       plaquettes P_mn(n) of all planes m < n and, on request, Polyakov lines P_m(n);
 *   convolution: W'_i(n) = sum_j [w_ij0 W_j(n) + sum_{m, k = +-1..+-K} w_ijmk L_k(n) W_j(n + k m) L_k(n)^+], L_k the straight path to n + k m;
 *   bilinear:    W''_i = sum_jk a_ijk A_j B_k, A = (1, W_1, W_2, ..), B = (W'_1, .., W'_1^+, ..); plus W_i with a skip connection;
 *   activation:  W_i -> g(Re tr W_i / N) W_i, g a function of one real number;
 *   head:        U'_m = exp(TA(sum_i b_mi W_i)) U_m.
 * Real weights, shared by all sites. The weights tell directions apart: rotations and reflections are symmetries only of weights that have them.
 */
import { ConfigurationError } from "../../errors.ts";
import { kind, type Links, type Matrix, type Scalar, type TracedOf, add, adj, exp, mul, reTrace, relu, scale, scaleBy, shift, sigmoid, ta, tanh, unit } from "../../autograd/index.ts";
import { line, plaquette } from "../../gauge/index.ts";
import { type Kind, PURPOSE, randomStream, guard, is } from "../../util/index.ts";
import { Layer } from "../layer.ts";

/** Gate g of the activation; `none` leaves the channels as they are. */
export type Gate = "relu" | "sigmoid" | "tanh" | "none";

/** Shape and initial weights of a lattice gauge equivariant convolutional network (arXiv:2012.12901); distances in lattice units. */
export interface ConvolutionOptions {
  /** Dimension of the lattice. */
  readonly dim: number;
  /** Number of channels after each block; default one block of four. */
  readonly channels?: readonly number[];
  /** Largest distance K of the convolutions; default 1. */
  readonly reach?: number;
  /** Polyakov lines among the inputs. */
  readonly polyakov?: boolean;
  readonly gate?: Gate;
  /** Adds the input channels to the output of blocks that keep their number. */
  readonly skip?: boolean;
  /** Seed of the initial weights of convolutions and bilinear maps: normal, with unit variance of the sums for unit channels. */
  readonly seed?: number;
}

/** Weights of one block: convolution[i][j][0], then + and - along each direction for k = 1..K; bilinear[i][j][k]. */
export interface ConvolutionBlock {
  readonly convolution: readonly (readonly (readonly number[])[])[];
  readonly bilinear: readonly (readonly (readonly number[])[])[];
}

/** Weights of the layer; head[mu][i], zero at first, makes it the identity. */
export interface ConvolutionParameters {
  readonly blocks: readonly ConvolutionBlock[];
  readonly head: readonly (readonly number[])[];
}

type Channels = readonly Matrix[];

const gates = is.oneOf("relu", "sigmoid", "tanh", "none");
const channelsOfBlocks: Kind = { ...is.listOf(is.count, 1), text: "the number of channels after each block, an array", fix: (x) => (is.count.holds(x) ? `[${String(x)}] is one block` : undefined) };

const total = (terms: readonly Matrix[]): Matrix => add(terms[0]!, ...terms.slice(1));

/** Plaquettes of all planes, then Polyakov lines of all directions: untraced loops closed at the site. */
export function loopChannels(U: Links, polyakov = false): Channels {
  guard("loopChannels", { U: [U, kind.links] });
  const directions = Array.from({ length: U.dim }, (_, mu) => mu);
  const planes = directions.flatMap((mu) => directions.filter((nu) => nu > mu).map((nu) => plaquette(U, mu, nu)));
  return [...planes, ...(polyakov ? directions.map((mu) => line(U, mu, U.lattice.extents[mu]!)) : [])];
}

/** Channels W(n + k mu) carried to n along the straight path, k may be negative. */
export function transported(U: Links, W: Matrix, mu: number, k: number): Matrix {
  guard("transported", { U: [U, kind.links], W: [W, kind.matrix], mu: [mu, kind.direction(U)], k: [k, is.integer] });
  const path = line(U, mu, Math.abs(k));
  if (k > 0) return mul(mul(path, shift(W, mu, k)), adj(path));
  return shift(mul(mul(adj(path), W), path), mu, k);
}

/** Transport convolution of channels with weights[i][j][place]. */
export function transportConvolution(U: Links, W: Channels, weights: readonly (readonly (readonly Scalar[])[])[], reach: number): Channels {
  guard("transportConvolution", { U: [U, kind.links], W: [W, is.listOf(kind.matrix, 1)], weights: [weights, is.listOf(is.listOf(is.listOf(kind.scalar)), 1)], reach: [reach, is.count] });
  const steps = Array.from({ length: U.dim }, (_, mu) => Array.from({ length: reach }, (_k, k) => [[mu, k + 1], [mu, -k - 1]] as const).flat()).flat();
  const places = W.map((w) => [w, ...steps.map(([mu, k]) => transported(U, w, mu, k))]);
  return weights.map((row) => total(row.flatMap((w, j) => w.map((x, s) => scale(x, places[j]![s]!)))));
}

/** sum_jk a_ijk A_j B_k with A = (1, W), B = (V, V^+). */
export function bilinear(W: Channels, V: Channels, weights: readonly (readonly (readonly Scalar[])[])[]): Channels {
  guard("bilinear", { W: [W, is.listOf(kind.matrix, 1)], V: [V, is.listOf(kind.matrix, 1)], weights: [weights, is.listOf(is.listOf(is.listOf(kind.scalar)), 1)] });
  const first = W[0]!;
  const A = [unit(first.tape, first.type.N), ...W];
  const B = [...V, ...V.map((v) => adj(v))];
  return weights.map((row) => total(row.map((w, j) => mul(A[j]!, total(w.map((x, k) => scale(x, B[k]!)))))));
}

/** g(Re tr W / N) W. */
export function traceGate(W: Matrix, gate: Gate): Matrix {
  guard("traceGate", { W: [W, kind.matrix], gate: [gate, gates] });
  if (gate === "none") return W;
  const t = scaleBy(1 / W.type.N, reTrace(W));
  return scale(gate === "relu" ? relu(t) : gate === "sigmoid" ? sigmoid(t) : tanh(t), W);
}

/** Channels after all blocks: the feature maps of a gauge-invariant action are their traces. */
export function convolutionChannels(U: Links, blocks: TracedOf<ConvolutionParameters["blocks"]>, options: ConvolutionOptions): Channels {
  guard("convolutionChannels", { U: [U, kind.links], blocks: [blocks, is.listOf(is.object)], options: [options, is.object] });
  const { reach = 1, polyakov = false, gate = "relu", skip = false } = options;
  if (U.dim !== options.dim) throw new ConfigurationError(`convolution: got links in ${U.dim} dimensions, expected ${options.dim}: the weights belong to one dimension`);
  let W = loopChannels(U, polyakov);
  for (const block of blocks) {
    const mixed = bilinear(W, transportConvolution(U, W, block.convolution, reach), block.bilinear);
    const added = skip && mixed.length === W.length ? mixed.map((x, i) => add(x, W[i]!)) : mixed;
    W = added.map((x) => traceGate(x, gate));
  }
  return W;
}

/**
 * Convolutional layer. Its head is zero at first: the identity.
 * @throws ConfigurationError for numbers of channels, a reach or a dimension that are not positive integers.
 */
export function convolution(options: ConvolutionOptions): Layer<number, ConvolutionParameters> {
  guard("convolution", { options: [options, is.object], gate: [options?.gate, is.optional(gates)], skip: [options?.skip, is.optional(is.truth)] });
  return new Layer("lattice convolution", convolutionParameters(options), (U: Links, p: TracedOf<ConvolutionParameters>): Links => {
    const W = convolutionChannels(U, p.blocks, options);
    return U.map((mu) => mul(exp(ta(total(W.map((w, i) => scale(p.head[mu]![i]!, w))))), U[mu]!)) as Links;
  });
}

/** Initial weights for the options. @throws ConfigurationError as `convolution`. */
export function convolutionParameters(options: ConvolutionOptions): ConvolutionParameters {
  guard("convolutionParameters", { options: [options, is.keysOf("dim", "channels", "reach", "polyakov", "gate", "skip", "seed")] });
  const { dim, channels = [4], reach = 1, polyakov = false, seed = 0 } = options;
  guard("convolution", { dim: [dim, is.atMost(4)], channels: [channels, channelsOfBlocks], reach: [reach, is.count], polyakov: [polyakov, is.truth] });
  const random = randomStream(seed).sequence(PURPOSE.initialisation);
  const normal = (a: number, b: number, c: number, width: number): number[][][] =>
    Array.from({ length: a }, () => Array.from({ length: b }, () => Array.from({ length: c }, () => width * random.normal())));
  let before = (dim * (dim - 1)) / 2 + (polyakov ? dim : 0);
  const blocks = channels.map((count): ConvolutionBlock => {
    const places = 1 + 2 * dim * reach;
    const block = {
      convolution: normal(count, before, places, 1 / Math.sqrt(before * places)),
      bilinear: normal(count, before + 1, 2 * count, 1 / Math.sqrt((before + 1) * 2 * count)),
    };
    before = count;
    return block;
  });
  return { blocks, head: Array.from({ length: dim }, () => Array.from({ length: before }, () => 0)) };
}
