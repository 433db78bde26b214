/** Convolution networks of L2HMC: cosines and sines of the angles with forces or momenta in, scales and shifts of every link out. */
import { type Lattice, type Real, type Traced, type Vector, applyOp, localOp, tanh, vectorType } from "../autograd/index.ts";
import { type TracedConvolution, channel, convolutionWeights, convolve } from "./generative/convolution.ts";
import { type WeightTree, scalarWeight } from "./generative/weights.ts";
import type { L2Networks, Modulation } from "./l2hmc.ts";

/** Weights of a trajectory: its step, and a network of the momenta and two of the positions for every leapfrog step. */
export interface L2Weights {
  readonly step: unknown;
  readonly momentum: readonly TracedConvolution[];
  readonly position: readonly (readonly TracedConvolution[])[];
}

/** Real site scalars as the first real channels of N complex ones; the others are zero. */
const gatherOp = localOp({
  name: "channels.gather",
  infer: ([x], attributes, lattice) => ({ ...vectorType(lattice, attributes["N"] as number), domain: (x as { domain: "all" }).domain }),
  forward: (b, inputs, attributes) => Array.from({ length: 2 * (attributes["N"] as number) }, (_, i) => (i < inputs.length ? inputs[i]!(0) : b.constant(0))),
  samples: () => [],
});

/** Complex channels that hold cosine, sine and force or momentum, and s, t and q, of every direction. */
const least = (dim: number): number => Math.ceil((3 * dim) / 2);

/** Specification of the weights; the last convolution of each network starts at zero, so that the first trajectories are those of leapfrog. */
export function l2Weights(lattice: Lattice, options: { readonly steps: number; readonly channels: number; readonly depth: number }): WeightTree {
  const { steps, channels, depth } = options;
  const N = Math.max(channels, least(lattice.dim));
  const network = (): WeightTree => convolutionWeights(lattice, { channels: N, depth, biases: true });
  return { step: scalarWeight(), momentum: Array.from({ length: steps }, network), position: Array.from({ length: steps }, () => [network(), network()]) };
}

/** s and q within (-1, 1), t without bound. */
function modulation(inputs: readonly (readonly Real[])[], weights: TracedConvolution): Modulation {
  const N = weights[0]!.taps[0]!.type.N;
  const all = inputs.flat();
  const v = convolve(applyOp("gather", gatherOp, all as Traced[], { N }) as Vector, weights, "tanh");
  const dim = inputs[0]!.length;
  const part = (k: number): Real[] => Array.from({ length: dim }, (_, mu) => channel(v, k * dim + mu));
  return { s: part(0).map((x) => tanh(x)), t: part(1), q: part(2).map((x) => tanh(x)) };
}

export const convolutionNetworks: L2Networks<L2Weights> = {
  momentum: (x, force, weights, step) => modulation([x.cos, x.sin, force], weights.momentum[step]!),
  position: (frozen, v, weights, step, half) => modulation([frozen.cos, frozen.sin, v], weights.position[step]![half]!),
};
