/** Networks on site vectors: convolutions with complex N x N taps on the 3^D neighbourhood and point-wise functions of real and imaginary parts between them. */
import { type Complex, type Lattice, type Real, type Vector, add, applyOp, localOp, mul, shift, vectorType, type Matrix, type Traced, realType } from "../../autograd/index.ts";
import { CovarianceError } from "../../errors.ts";
import { type WeightTree, bias, tap } from "./weights.ts";

/** All displacements with components -1, 0, 1. */
const neighbourhood = (dim: number): number[][] => (dim === 0 ? [[]] : neighbourhood(dim - 1).flatMap((d) => [-1, 0, 1].map((s) => [...d, s])));

/** Weights of one network: `depth` convolutions of N complex channels; the last starts at zero, so that what it decides starts as nothing. */
export function convolutionWeights(lattice: Lattice, options: { readonly channels: number; readonly depth: number; readonly biases: boolean }): WeightTree {
  const { channels, depth, biases } = options;
  const steps = neighbourhood(lattice.dim);
  return Array.from({ length: depth }, (_, k) => {
    const width = k === depth - 1 ? 0 : 1 / Math.sqrt((k === 0 ? 1 : channels) * steps.length);
    return { taps: steps.map((d) => tap(lattice, channels, d, width)), ...(biases ? { bias: bias(lattice, channels, k === depth - 1 ? 0 : width) } : {}) };
  });
}

/** Traced weights of a network. */
export type TracedConvolution = readonly { readonly taps: readonly Matrix[]; readonly bias?: Vector }[];

function expectVector(op: string, kind: string): void {
  if (kind !== "vector") throw new CovarianceError(`${op}: got ${kind}, expected a vector of channels`);
}

const pointwise = (name: string, f: Parameters<typeof localOp>[0]["forward"]): ReturnType<typeof localOp> =>
  localOp({
    name: `channels.${name}`,
    infer: ([v]) => {
      expectVector(name, v!.kind);
      return v!;
    },
    forward: f,
    samples: () => [],
  });

const leakyOp = pointwise("leaky", (b, [v], _a, [t]) => Array.from({ length: 2 * (t as { N: number }).N }, (_, i) => b.positive(v!(i), v!(i), b.mul(b.constant(0.01), v!(i)))));
const tanhOp = pointwise("tanh", (b, [v], _a, [t]) => Array.from({ length: 2 * (t as { N: number }).N }, (_, i) => b.call("tanh", v!(i))));

const liftOp = localOp({
  name: "channels.lift",
  infer: ([x], attributes, lattice) => ({ ...vectorType(lattice, attributes["N"] as number), domain: (x as { domain: "all" }).domain }),
  forward: (b, [x], attributes, [t]) => Array.from({ length: 2 * (attributes["N"] as number) }, (_, i) => (i < (t!.kind === "complex" ? 2 : 1) ? x!(i) : b.constant(0))),
  samples: () => [],
});

const channelOp = localOp({
  name: "channels.take",
  infer: ([v]) => {
    expectVector("channel", v!.kind);
    return realType((v as { domain: "all" }).domain);
  },
  forward: (_b, [v], attributes) => [v!(attributes["index"] as number)],
  samples: () => [],
});

/** A site scalar as the first channel of N; the others are zero. */
export const lift = (x: Real | Complex, N: number): Vector => applyOp("lift", liftOp, [x as Traced], { N }) as Vector;
/** Real channel number `index` of 2N. */
export const channel = (v: Vector, index: number): Real => applyOp("channel", channelOp, [v as Traced], { index }) as Real;

/** The network: convolutions with leaky rectifiers (or tanh, which is odd) between them; what the last one gives is returned as it is. */
export function convolve(x: Vector, weights: TracedConvolution, activation: "leaky" | "tanh" = "leaky"): Vector {
  const steps = neighbourhood(x.lattice.dim);
  return weights.reduce((v: Vector, { taps, bias: b }, k) => {
    const terms = taps.map((m, i) => mul(m, shift(v, steps[i]!)));
    const sum = b ? add(terms[0]!, ...terms.slice(1), b) : add(terms[0]!, ...terms.slice(1));
    return k === weights.length - 1 ? sum : (applyOp(activation, activation === "tanh" ? tanhOp : leakyOp, [sum as Traced]) as Vector);
  }, x);
}

