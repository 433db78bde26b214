/** Networks on real channels of site scalars: periodic convolutions with taps on the 3^D neighbourhood, whose weights all sites and samples share, and functions of each channel between them. */
import { type Channels, type Lattice, type TracedTensor, add, relu, scaleBy, siteConv, tanh } from "../../autograd/index.ts";
import { type WeightTree, tensorWeight } from "./weights.ts";

/**
 * Weights of convolutions from channels[0] to channels[1] to ... channels; the last starts at zero, so that what it decides starts as nothing. `apart`: its biases are uniform in +-apart
 * instead, as outputs of one meaning that start equal have equal derivatives and stay equal.
 */
export function networkWeights(lattice: Lattice, channels: readonly number[], apart = 0): WeightTree {
  const taps = 3 ** lattice.dim;
  return channels.slice(1).map((out, k) => {
    const into = channels[k]!;
    const last = k === channels.length - 2;
    const width = 1 / Math.sqrt(into * taps);
    return { taps: tensorWeight([out, into, ...lattice.extents.map(() => 3)], last ? 0 : width), bias: tensorWeight([out], last ? apart : width) };
  });
}

/** Channels of a network with `depth` convolutions, `width` channels between them. */
export const layersOf = (into: number, width: number, out: number, depth: number): number[] => [into, ...Array.from({ length: depth - 1 }, () => width), out];

/** Traced weights of a network. */
export type TracedNetwork = readonly { readonly taps: TracedTensor; readonly bias: TracedTensor }[];

const leaky = (x: Channels): Channels => add(scaleBy(0.99, relu(x)), scaleBy(0.01, x));

/** The network: leaky rectifiers (or tanh, which is odd) between convolutions; what the last one gives is returned as it is. */
export function network(x: Channels, weights: TracedNetwork, activation: "leaky" | "tanh" = "leaky"): Channels {
  return weights.reduce((v, { taps, bias }, k) => {
    const y = siteConv(v, taps, bias);
    return k === weights.length - 1 ? y : activation === "tanh" ? tanh(y) : leaky(y);
  }, x);
}
