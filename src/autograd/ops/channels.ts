/**
 * Channels of real site scalars: several fields as one (stack) and some of them again (slice, and pad, its transpose), the same field in every channel
 * (repeat) and the sum over channels, its transpose. Other ops act on every channel: sums, multiples, shifts, functions of one number.
 */
import { CovarianceError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Lattice } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import type { Channels, Real, Traced } from "../tape.ts";
import { type ValueType, channelsType, components, realType, typeText } from "../types.ts";
import { jointDomain } from "./domain.ts";

/** Number of channels of a type; one of a real site scalar. @throws CovarianceError for anything else. */
function channelCount(op: string, t: ValueType, lattice: Lattice): number {
  if (t.kind !== "real" && t.kind !== "channels") throw new CovarianceError(`${op}: got ${typeText(lattice, t)}, expected real site scalars or channels of them: take reTrace, re or im of what is not`);
  return components(t);
}

export const stackOp: Op = {
  name: "stack",
  linear: true,
  infer: (types, _attributes, lattice) => channelsType(types.reduce((n, t) => n + channelCount("channels", t, lattice), 0), jointDomain("channels", ...types)),
  vjp({ inputs, cotangent, needs }) {
    let from = 0;
    return inputs.map((x, k) => {
      const at = from;
      from += components(x.type);
      if (!needs[k]) return undefined;
      return x.type.kind === "real" ? channel(cotangent as Channels, at) : sliceChannels(cotangent as Channels, at, components(x.type));
    });
  },
  site: (_b, inputs, _attributes, types) => types.flatMap((t, k) => Array.from({ length: components(t) }, (_, i) => inputs[k]!(i))),
  cost: () => 0,
};

export const stackSamples: Samples = () => [{ label: "reals and channels", inputs: [realType(), channelsType(2), realType()], apply: (xs) => channels(...(xs as Real[])) }];

export const sliceOp: Op = {
  name: "slice",
  linear: true,
  infer([t], attributes, lattice) {
    const [from, count] = [attributes["from"] as number, attributes["count"] as number];
    const all = channelCount("channel", t!, lattice);
    if (from + count > all) throw new CovarianceError(`channel: got channels ${from} to ${from + count - 1} of ${all}, expected numbers from 0 to ${all - 1}`);
    const { domain } = t as { readonly domain: "all" };
    return attributes["real"] === true ? realType(domain) : channelsType(count, domain);
  },
  vjp: ({ inputs: [x], cotangent, attributes }) => [x!.tape.apply(padOp, [cotangent], { from: attributes["from"]!, count: components(x!.type) })],
  site: (_b, [x], attributes) => Array.from({ length: attributes["count"] as number }, (_, i) => x!((attributes["from"] as number) + i)),
  cost: () => 0,
};

export const sliceSamples: Samples = () => [
  { label: "one of three", inputs: [channelsType(3)], apply: ([x]) => channel(x as Channels, 1) },
  { label: "two of three", inputs: [channelsType(3)], apply: ([x]) => sliceChannels(x as Channels, 1, 2) },
];

/** Zero in all channels but those from `from` on. */
export const padOp: Op = {
  name: "pad",
  linear: true,
  infer: ([t], attributes) => channelsType(attributes["count"] as number, (t as { readonly domain: "all" }).domain),
  vjp: ({ inputs: [x], cotangent, attributes }) => [x!.type.kind === "real" ? channel(cotangent as Channels, attributes["from"] as number) : sliceChannels(cotangent as Channels, attributes["from"] as number, components(x!.type))],
  site(b, [x], attributes, types) {
    const [from, n] = [attributes["from"] as number, components(types[0]!)];
    return Array.from({ length: attributes["count"] as number }, (_, i) => (i >= from && i < from + n ? x!(i - from) : b.constant(0)));
  },
  cost: () => 0,
};

export const padSamples: Samples = () => [{ label: "one of three", inputs: [realType()], apply: ([x]) => x!.tape.apply(padOp, [x!], { from: 1, count: 3 }) }];

export const repeatOp: Op = {
  name: "repeatChannels",
  linear: true,
  infer: ([t], attributes) => channelsType(attributes["count"] as number, (t as { readonly domain: "all" }).domain),
  vjp: ({ cotangent }) => [sumChannels(cotangent as Channels)],
  site: (_b, [x], attributes) => Array.from({ length: attributes["count"] as number }, () => x!(0)),
  cost: () => 0,
};

export const repeatSamples: Samples = () => [{ label: "three times", inputs: [realType()], apply: ([x]) => repeatChannels(x as Real, 3) }];

export const sumChannelsOp: Op = {
  name: "sumChannels",
  linear: true,
  infer(types, _attributes, lattice) {
    channelCount("sumChannels", types[0]!, lattice);
    return realType((types[0] as { readonly domain: "all" }).domain);
  },
  vjp: ({ inputs: [x], cotangent }) => [repeatChannels(cotangent as Real, components(x!.type))],
  site(b, [x], _attributes, types) {
    let s = x!(0);
    for (let i = 1; i < components(types[0]!); i++) s = b.add(s, x!(i));
    return [s];
  },
  cost: ([t]) => components(t!),
};

export const sumChannelsSamples: Samples = () => [{ label: "of three", inputs: [channelsType(3)], apply: ([x]) => sumChannels(x as Channels) }];

/** Real site scalars and channels of them one behind the other, as channels. @throws CovarianceError for other fields, and for even and odd ones together. */
export function channels(...fields: readonly (Real | Channels)[]): Channels {
  guard("channels", { fields: [fields, is.listOf(kind.traced, 1)] });
  return applyOp("channels", stackOp, fields as readonly Traced[]) as Channels;
}

/** Channel k as a real site scalar, from 0. @throws CovarianceError for a channel that does not exist. */
export function channel(x: Channels, k: number): Real {
  guard("channel", { x: [x, kind.traced], k: [k, is.natural] });
  return applyOp("channel", sliceOp, [x], { from: k, count: 1, real: true }) as Real;
}

/** `count` channels from `from` on. @throws CovarianceError for channels that do not exist. */
export function sliceChannels(x: Channels, from: number, count: number): Channels {
  guard("sliceChannels", { x: [x, kind.traced], from: [from, is.natural], count: [count, is.count] });
  return applyOp("sliceChannels", sliceOp, [x], { from, count }) as Channels;
}

/** The same field in `count` channels. */
export function repeatChannels(x: Real, count: number): Channels {
  guard("repeatChannels", { x: [x, kind.real], count: [count, is.count] });
  return applyOp("repeatChannels", repeatOp, [x], { count }) as Channels;
}

/** The sum over the channels at every site. */
export function sumChannels(x: Channels): Real {
  return applyOp("sumChannels", sumChannelsOp, [x]) as Real;
}
