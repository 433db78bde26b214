/** A half that is made in the memory of the whole that it is joined to, and meanwhile taken by a step of its own: a solve, weights, a loop. */
import type { ChannelsType, VectorType } from "../../../src/autograd/index.ts";
import type { Builder, Value } from "../builder.ts";
import { type Kinds, parity } from "./kind.ts";

function taken(b: Builder, half: Value): unknown {
  const { type } = half;
  if (type.kind === "vector") return b.emit("solve", [half], { steps: `shift:${b.displacement()}`, c: b.real(1, 2), w: "0.3", shift: "0" });
  if (type.kind !== "channels") return b.emit("repeat", [half, half], { n: "2", step: "relax" });
  const w = b.tensor([b.int(1, 2), type.count, ...b.lattice.extents.map(() => b.int(1, 3))]);
  return b.emit("siteConv", [half, w], { dilation: "1", domain: b.choose(["all", "even", "odd", type.domain === "even" ? "odd" : "even"]) });
}

function halves(b: Builder): unknown {
  const wanted = b.choose(["vector", "channels", "channels", undefined]);
  const x = b.lattice.bipartite ? b.pick<VectorType | ChannelsType>(({ type, data }) => (!wanted || type.kind === wanted) && type.kind !== "scalar" && type.kind !== "tensor" && type.domain === "all" && data.length <= 400) : undefined;
  if (!x) return undefined;
  const domain = parity(b);
  const of = (d: "even" | "odd", c: string): Value | undefined => {
    const half = b.emit("restrict", [x], { domain: d });
    return half && b.emit("scaleBy", [half], { c });
  };
  const half = of(domain, "1.3");
  const other = b.maybe(60) ? of(domain === "even" ? "odd" : "even", "0.7") : undefined;
  if (!half) return undefined;
  const made = taken(b, half);
  if (other) b.emit("merge", domain === "even" ? [half, other] : [other, half]);
  else b.emit("extend", [half]);
  return made;
}

export const ofHalves: Kinds = { halves: { covers: [], weight: 3, grow: halves } };
