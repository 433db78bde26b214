/**
 * Weights on channels of site scalars. y = w * x: y_o(n) = sum_{i,k} w_{oik} x_i(n + d_k) for fixed displacements d_k, periodic; transposed: x_i(n) =
 * sum_{o,k} w_{oik} y_o(n - d_k). The derivative by the weights is the correlation G_oik = sum_n y_o(n) x_i(n + d_k), summed over the samples of a batch.
 * The two are bilinear and each other's rules. A field on one parity is zero on the other. sum and fill are those of the numbers of a tensor.
 */
import { CovarianceError, GeometryError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Domain, Lattice } from "../lattice.ts";
import type { Op, Sample, Samples } from "../op.ts";
import type { Attributes, Channels, Scalar, Traced, TracedTensor } from "../tape.ts";
import { type ChannelsType, type TensorType, type ValueType, channelsType, scalarType, sharedScalarType, tensorType, typeText } from "../types.ts";
import { add } from "./combine.ts";
import { number } from "./constants.ts";
import { broadcast } from "./sum.ts";
import { repeatChannels } from "./channels.ts";

/** Rows, columns and displacements of weights; dimensions that are not there are 1. */
export function weightShape(type: TensorType): { readonly out: number; readonly in: number; readonly taps: number } {
  guard("weightShape", { type: [type, is.withFields("the type of a tensor", "shape")], shape: [type?.shape, is.listOf(is.count, 1)] });
  const { shape } = type;
  return { out: shape[0]!, in: shape[1] ?? 1, taps: shape.slice(2).reduce((n, L) => n * L, 1) };
}

/** Displacements of the taps. */
export function tapsOf(attributes: Attributes, lattice: Lattice): readonly (readonly number[])[] {
  guard("tapsOf", { attributes: [attributes, is.withFields("the attributes of siteConv", "displacements")], displacements: [attributes?.["displacements"], is.listOf(is.integer)], lattice: [lattice, kind.lattice] });
  const { dim } = lattice;
  const flat = attributes["displacements"] as readonly number[];
  return Array.from({ length: flat.length / dim }, (_, k) => flat.slice(k * dim, (k + 1) * dim));
}

const domainOfAttributes = (attributes: Attributes): Domain => attributes["domain"] as Domain;

/** y = w * x on the sites of `domain`, or the transposed one. */
export const contractOp: Op = {
  name: "siteConv",
  role: { is: "contraction", of: "apply" },
  infer([w, x], attributes, lattice) {
    if (w!.kind !== "tensor" || x!.kind !== "channels") throw new CovarianceError(`siteConv: got ${typeText(lattice, w!)} and ${typeText(lattice, x!)}, expected weights and channels: stack site scalars with channels(...)`);
    const shape = weightShape(w!);
    const transpose = attributes["transpose"] === true;
    const [given, made] = transpose ? [shape.out, shape.in] : [shape.in, shape.out];
    if (x!.count !== given) throw new CovarianceError(`siteConv: got ${x!.count} channels for the weights ${typeText(lattice, w!)}, expected ${given}`);
    const taps = tapsOf(attributes, lattice).length;
    if (taps !== shape.taps) throw new CovarianceError(`siteConv: got weights for ${shape.taps} displacements, expected ${taps}`);
    return channelsType(made, domainOfAttributes(attributes));
  },
  vjp({ inputs: [w, x], cotangent, needs, attributes }) {
    const transpose = attributes["transpose"] === true;
    const at = { displacements: attributes["displacements"]! };
    const [y, z] = transpose ? [x!, cotangent] : [cotangent, x!];
    return [
      needs[0] ? w!.tape.apply(correlateOp, [y, z], { ...at, shape: (w!.type as TensorType).shape }) : undefined,
      needs[1] ? w!.tape.apply(contractOp, [w!, cotangent], { ...at, transpose: !transpose, domain: (x!.type as ChannelsType).domain }) : undefined,
    ];
  },
  cost: ([w]) => 2 * (w as TensorType).shape.reduce((n, L) => n * L, 1),
};

export const contractSamples: Samples = (lattice) => [
  { label: "linear", inputs: [tensorType([2, 3]), channelsType(3)], apply: ([w, x]) => siteLinear(x as Channels, w as TracedTensor) },
  { label: "linear with bias", inputs: [tensorType([2, 3]), tensorType([2]), channelsType(3)], apply: ([w, b, x]) => siteLinear(x as Channels, w as TracedTensor, b as TracedTensor) },
  ...convolutions(lattice),
];

/** Convolutions of the op test. */
const convolutions = (lattice: Lattice): Sample[] => [
  { label: "convolution", inputs: [tensorType([2, 1, ...lattice.extents.map(() => 2)]), channelsType(1)], apply: ([w, x]) => siteConv(x as Channels, w as TracedTensor) },
  ...(lattice.bipartite ? [{ label: "dilated, on even sites", inputs: [tensorType([1, 2, 3, ...lattice.extents.slice(1).map(() => 1)]), channelsType(2)], apply: ([w, x]: readonly Traced[]) => siteConv(x as Channels, w as TracedTensor, undefined, { dilation: 2, domain: "even" }) }] : []),
];

/** G_oik = sum_n y_o(n) x_i(n + d_k), of all samples. */
export const correlateOp: Op = {
  name: "siteCorrelation",
  role: { is: "contraction", of: "correlate" },
  infer: (_types, attributes) => tensorType(attributes["shape"] as readonly number[]),
  vjp({ inputs: [y, x], cotangent, needs, attributes }) {
    const make = (transpose: boolean, z: Traced, like: Traced): Traced => y!.tape.apply(contractOp, [cotangent, z], { displacements: attributes["displacements"]!, transpose, domain: (like.type as ChannelsType).domain });
    return [needs[0] ? make(false, x!, y!) : undefined, needs[1] ? make(true, y!, x!) : undefined];
  },
  cost: ([y, x]) => 2 * (y as ChannelsType).count * (x as ChannelsType).count,
};

export const correlateSamples: Samples = (lattice) => [{ label: "nearest neighbour", inputs: [channelsType(2), channelsType(3)], apply: ([y, x]) => y!.tape.apply(correlateOp, [y!, x!], { displacements: lattice.extents.map((_, mu) => (mu === 0 ? 1 : 0)), shape: [2, 3] }) }];

/** Sum of the numbers of a tensor, in their order. */
export const tensorSumOp: Op = {
  name: "tensorSum",
  role: { is: "contraction", of: "sum" },
  infer([t], _attributes, lattice) {
    if (t!.kind !== "tensor") throw new CovarianceError(`tensorSum: got ${typeText(lattice, t!)}, expected weights`);
    return sharedScalarType(lattice);
  },
  vjp: ({ inputs: [t], cotangent }) => [fill(cotangent as Scalar, (t!.type as TensorType).shape)],
  cost: () => 1,
};

export const tensorSumSamples: Samples = () => [{ label: "of six", inputs: [tensorType([2, 3])], apply: ([t]) => tensorSum(t as TracedTensor) }];

/** The tensor with the same number everywhere. */
export const fillOp: Op = {
  name: "fill",
  role: { is: "broadcast" },
  infer: (_types, attributes) => tensorType(attributes["shape"] as readonly number[]),
  vjp: ({ cotangent }) => [tensorSum(cotangent as TracedTensor)],
  site: (_b, [s]) => [s!(0)],
  cost: () => 0,
};

export const fillSamples: Samples = () => [{ label: "four", inputs: [scalarType], apply: ([s]) => fill(s as Scalar, [4]) }];

/** Sum of all numbers of a tensor, in their order. @throws CovarianceError for anything but weights. */
export function tensorSum(t: TracedTensor): Scalar {
  return applyOp("tensorSum", tensorSumOp, [t]) as Scalar;
}

const fill = (s: Scalar, shape: readonly number[]): TracedTensor => applyOp("fill", fillOp, [s], { shape: [...shape] }) as TracedTensor;

/** y_o = b_o + sum_i w_oi x_i at every site, for weights of shape [out, in] and a bias of shape [out]. @throws CovarianceError for shapes that do not fit. */
export function siteLinear(x: Channels, w: TracedTensor, b?: TracedTensor): Channels {
  guard("siteLinear", { x: [x, kind.traced], w: [w, kind.traced], b: [b, is.optional(kind.traced)] });
  return convolve("siteLinear", x, w, b, w.lattice.extents.map(() => 0), (x.type as { readonly domain?: Domain }).domain ?? "all");
}

/** How a convolution reaches its neighbours, and where its result is wanted. */
export interface SiteConvOptions {
  /** Distance of neighbouring taps, default 1. */
  readonly dilation?: number;
  /** Sites of the result; default all. */
  readonly domain?: Domain;
}

/**
 * y_o(n) = b_o + sum_{i,k} w_{oik} x_i(n + d_k), periodic, for weights of shape [out, in, K_0, .., K_{D-1}], one extent a direction. Tap j of direction mu lies
 * (j - floor(K_mu / 2)) dilation steps away. Channels on one parity are zero on the other.
 * @throws GeometryError for weights of another number of dimensions, CovarianceError for shapes that do not fit.
 */
export function siteConv(x: Channels, w: TracedTensor, b?: TracedTensor, options: SiteConvOptions = {}): Channels {
  guard("siteConv", { x: [x, kind.traced], w: [w, kind.traced], b: [b, is.optional(kind.traced)], options: [options, is.keysOf("dilation", "domain")] });
  const { dilation = 1, domain = "all" } = options;
  guard("siteConv", { dilation: [dilation, is.count], domain: [domain, kind.domain] });
  const { lattice } = x;
  const extents = ((w.type as ValueType).kind === "tensor" ? w.type.shape : []).slice(2);
  if (extents.length !== lattice.dim) throw new GeometryError(`siteConv: got ${typeText(lattice, w.type)}, expected weights of shape [out, in, ${lattice.extents.map((_, mu) => `K_${lattice.axis(mu)}`).join(", ")}] on a lattice of ${lattice.dim} dimensions`);
  if (domain !== "all" && !lattice.bipartite) throw new GeometryError(`siteConv: parity is not defined on ${lattice}, expected even extents`);
  const taps = extents.reduce<number[][]>((all, K) => all.flatMap((d) => Array.from({ length: K }, (_, j) => [...d, (j - Math.floor(K / 2)) * dilation])), [[]]);
  return convolve("siteConv", x, w, b, taps.flat(), domain);
}

function convolve(name: string, x: Channels, w: TracedTensor, b: TracedTensor | undefined, displacements: readonly number[], domain: Domain): Channels {
  const y = applyOp(name, contractOp, [w, x], { displacements: [...displacements], transpose: false, domain }) as Channels;
  if (!b) return y;
  const { lattice } = x;
  if ((b.type as ValueType).kind !== "tensor" || b.type.shape.length !== 1) throw new CovarianceError(`${name}: got the bias ${typeText(lattice, b.type)}, expected a tensor of ${y.type.count}`);
  const ones = repeatChannels(broadcast(number(x.tape, 1), domain), 1);
  return add(y, applyOp(name, contractOp, [b, ones], { displacements: lattice.extents.map(() => 0), transpose: false, domain }) as Channels);
}
