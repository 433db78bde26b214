/** Networks on real channels of site scalars: periodic convolutions with taps on the 3^D neighbourhood, whose weights all sites and samples share, and functions of each channel between them. */
import { type Channels, type Lattice, type Real, type TracedTensor, add, channel, channels, relu, scaleBy, siteConv, tanh, tensorType } from "../../autograd/index.ts";
import type { WeightTree } from "./weights.ts";

/** Weights of one network from one channel to one: `depth` convolutions with `width` channels between them; the last starts at zero, so that what it decides starts as nothing. */
export function scalarNetworkWeights(lattice: Lattice, options: { readonly width: number; readonly depth: number; readonly biases: boolean }): WeightTree {
  const { width, depth, biases } = options;
  const extents = lattice.extents.map(() => 3);
  const taps = 3 ** lattice.dim;
  return Array.from({ length: depth }, (_, k) => {
    const [out, into] = [k === depth - 1 ? 1 : width, k === 0 ? 1 : width];
    const size = k === depth - 1 ? 0 : 1 / Math.sqrt(into * taps);
    return { taps: { type: tensorType([out, into, ...extents]), width: size }, ...(biases ? { bias: { type: tensorType([out]), width: size } } : {}) };
  });
}

/** Traced weights of a network. */
export type TracedScalarNetwork = readonly { readonly taps: TracedTensor; readonly bias?: TracedTensor }[];

const leaky = (x: Channels): Channels => add(scaleBy(0.99, relu(x)), scaleBy(0.01, x));

/** The network: leaky rectifiers (or tanh, which is odd) between convolutions. */
export function scalarNetwork(x: Real, weights: TracedScalarNetwork, activation: "leaky" | "tanh" = "leaky"): Real {
  const last = weights.reduce((v, { taps, bias }, k) => {
    const y = siteConv(v, taps, bias);
    return k === weights.length - 1 ? y : activation === "tanh" ? tanh(y) : leaky(y);
  }, channels(x));
  return channel(last, 0);
}
