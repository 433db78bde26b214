/** Convolution networks of L2HMC: cosines and sines of the angles with forces or momenta in, scales and shifts of every link out. */
import { type Lattice, type Real, channel, channels, tanh } from "../autograd/index.ts";
import { type TracedNetwork, layersOf, network, networkWeights } from "./generative/networks.ts";
import { type WeightTree, scalarWeight } from "./generative/weights.ts";
import type { L2Networks, Modulation } from "./l2hmc.ts";

/** Weights of a trajectory: its step, and a network of the momenta and two of the positions for every leapfrog step. */
export interface L2Weights {
  readonly step: unknown;
  readonly momentum: readonly TracedNetwork[];
  readonly position: readonly (readonly TracedNetwork[])[];
}

/** Specification of the weights; the last convolution of each network starts at zero, so that the first trajectories are those of leapfrog. Cosine, sine and force or momentum, and s, t and q, of every direction are channels. */
export function l2Weights(lattice: Lattice, options: { readonly steps: number; readonly channels: number; readonly depth: number }): WeightTree {
  const { steps, channels: width, depth } = options;
  const ends = 3 * lattice.dim;
  const one = (): WeightTree => networkWeights(lattice, layersOf(ends, width, ends, depth));
  return { step: scalarWeight(), momentum: Array.from({ length: steps }, one), position: Array.from({ length: steps }, () => [one(), one()]) };
}

/** s and q within (-1, 1), t without bound. */
function modulation(inputs: readonly (readonly Real[])[], weights: TracedNetwork): Modulation {
  const v = network(channels(...inputs.flat()), weights, "tanh");
  const dim = inputs[0]!.length;
  const part = (k: number): Real[] => Array.from({ length: dim }, (_, mu) => channel(v, k * dim + mu));
  return { s: part(0).map((x) => tanh(x)), t: part(1), q: part(2).map((x) => tanh(x)) };
}

export const convolutionNetworks: L2Networks<L2Weights> = {
  momentum: (x, force, weights, step) => modulation([x.cos, x.sin, force], weights.momentum[step]!),
  position: (frozen, v, weights, step, half) => modulation([frozen.cos, frozen.sin, v], weights.position[step]![half]!),
};
