/** What the samples of a batch share: weights, and numbers; and the channels that weights act on. */
import { type ChannelsType, type RealType, type ValueType, isShared } from "../../../src/autograd/index.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, on, real } from "./kind.ts";

/** Statements, often in a checkpoint region of their own, which computes them a second time. */
const recomputed = (grow: (b: Builder) => unknown) => (b: Builder): void => {
  const outer = b.region;
  if (outer === 0 && b.maybe(50)) b.region = b.newRegion();
  grow(b);
  b.region = outer;
};

/** A number that all samples share meets one of each sample's own, or goes its own way. */
function shared(b: Builder): unknown {
  const each = b.pick(({ type }) => type.kind === "scalar" && !isShared(type));
  const s = b.pick(({ type }) => isShared(type)) ?? (each && b.emit("batchSum", [each]));
  if (!s) return undefined;
  if (!each || b.maybe(40)) return b.emit("unary", [s], { f: b.choose(["tanh", "sin", "cos", "sigmoid"]) });
  return b.choose([(): unknown => b.emit("scale", [s, each]), () => b.emit("combine", [each, s], { c: "1,-0.7" }), () => b.emit("dot", [each, s]), () => b.emit("broadcast", [s], { domain: "all" })])();
}

/** Weights made of weights. */
function ofTensors(b: Builder): unknown {
  const t = b.kind("tensor") ?? b.tensor([2, 3]);
  const other = b.pick(({ type }) => type.kind === "tensor" && type.shape.join() === (t.type as Extract<ValueType, { kind: "tensor" }>).shape.join())!;
  const s: Value | undefined = b.pick(({ type }) => (b.lattice.batch > 1 ? isShared(type) : type.kind === "scalar"));
  return b.choose([
    () => b.emit("combine", [t, other], { c: "1.3,-1" }),
    () => b.emit("scale", [t, other]),
    () => s && b.emit("scale", [s, t]),
    () => b.emit("unary", [t], { f: b.choose(["tanh", "sin", "sigmoid"]) }),
  ])();
}

export const ofWeights: Kinds = {
  channels: {
    covers: ["stack", "slice", "pad"],
    weight: 2,
    grow: (b) => {
      const x = b.choose([b.kind<RealType>("real"), b.kind<RealType>("channels")]);
      const y = x && b.pick((v) => (v.type.kind === "real" || v.type.kind === "channels") && v.type.domain === x.type.domain);
      return y && b.emit("channels", [x, y]);
    },
  },
  slice: {
    covers: ["slice", "pad"],
    weight: 2,
    grow: (b) => {
      const x = b.kind<ChannelsType>("channels");
      if (!x) return undefined;
      const from = b.int(0, x.type.count - 1);
      return b.emit("slice", [x], { from: String(from), count: String(b.int(1, x.type.count - from)), ...(b.maybe(50) && { real: "yes" }) });
    },
  },
  repeatChannels: { covers: ["repeatChannels"], weight: 1, grow: on("repeatChannels", real, (b) => ({ count: String(b.int(1, 3)) })) },
  sumChannels: { covers: ["sumChannels"], weight: 2, grow: on("sumChannels", (b) => b.kind("channels")) },
  weights: {
    covers: ["siteConv", "siteCorrelation"],
    weight: 3,
    grow: (b) => {
      const x = b.kind<ChannelsType>("channels");
      if (!x) return undefined;
      const out = b.int(1, 3);
      const linear = b.maybe(40);
      const taps = b.lattice.extents.map((L) => b.int(1, Math.min(3, L + 1)));
      const of = (shape: readonly number[]): Value => (b.maybe(40) ? b.pick(({ type }) => type.kind === "tensor" && type.shape.join() === shape.join()) : undefined) ?? b.tensor(shape);
      const w = of([out, x.type.count, ...(linear ? [] : taps)]);
      const bias = b.maybe(50) ? [of([out])] : [];
      if (linear) return b.emit("siteLinear", [x, w, ...bias]);
      return b.emit("siteConv", [x, w, ...bias], { dilation: String(b.int(1, 2)), domain: b.lattice.bipartite ? b.choose(["all", "all", "even", "odd"]) : "all" });
    },
  },
  tensorSum: { covers: ["tensorSum", "fill"], weight: 1, batched: 3, grow: (b) => b.emit("tensorSum", [b.kind("tensor") ?? b.tensor([2, 3])]) },
  ofTensors: { covers: [], weight: 1, batched: 3, grow: recomputed(ofTensors) },
  batchSum: { covers: ["batchSum", "spread"], weight: 2, batched: 3, grow: on("batchSum", (b) => b.kind("scalar")) },
  shared: { covers: ["spread"], weight: 0, batched: 8, grow: recomputed(shared) },
};
