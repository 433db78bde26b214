/**
 * A composite with a derivative rule of the user's own: the forward map is recorded as written, the reverse pass uses `vjp`
 * instead of differentiating it. `gaugegrad check` compares such a rule with finite differences.
 */
import { RecordingError } from "../../errors.ts";
import * as kind from "../kinds.ts";
import { applyOp } from "../apply.ts";
import type { Op } from "../op.ts";
import type { Traced } from "../tape.ts";
import { components, isQuaternion, sameType, typeText } from "../types.ts";
import { alias } from "./flow.ts";
import { guard, is, unguessable } from "../../util/index.ts";

/** Rule for the cotangents of the inputs, from the inputs, the output and its cotangent. */
export type CustomRule = (inputs: readonly Traced[], output: Traced, cotangent: Traced) => readonly (Traced | undefined)[];

/**
 * Makes a function of traced values with a hand-written vjp. Cotangents follow dS = sum Re tr(G^+ dX). The name is a label: two custom ops of one
 * name stay two.
 * @throws RecordingError when the rule returns cotangents of another type or number than the inputs.
 */
export function customOp<A extends readonly Traced[], Y extends Traced>(name: string, forward: (...inputs: A) => Y, rule: CustomRule): (...inputs: A) => Y {
  guard("customOp", { name: [name, is.text], forward: [forward, is.callable], rule: [rule, is.callable] });
  const op: Op = {
    name: `custom:${name}`,
    identity: `custom:${name}:${unguessable()}.${unguessable()}`,
    infer: (types) => types[types.length - 1]!,
    quaternion: (_types, result) => isQuaternion(result),
    vjp: ({ inputs, output, cotangent, needs }) => {
      const xs = inputs.slice(0, -1);
      const cts = rule(xs, output, cotangent);
      guard(`custom op ${name}`, { "what the rule returned": [cts, is.listOf(is.optional(kind.traced))] });
      if (cts.length !== xs.length) throw new RecordingError(`custom op ${name}: the rule returned ${cts.length} cotangents, expected ${xs.length}, one an input`);
      cts.forEach((c, k) => {
        if (c && !sameType(c.lattice, c.type, xs[k]!.type))
          throw new RecordingError(`custom op ${name}: cotangent ${k} is ${typeText(c.lattice, c.type)}, expected the input's type ${typeText(c.lattice, xs[k]!.type)}`);
      });
      return [...cts.map((c, k) => (needs[k] ? c : undefined)), undefined];
    },
    site: (_b, inputs, _a, types) => Array.from({ length: components(types[types.length - 1]!) }, (_, i) => inputs[inputs.length - 1]!(i)),
    cost: () => 0,
  };
  return (...inputs: A): Y => {
    guard(`custom op ${name}`, { inputs: [inputs, is.listOf(kind.traced, 1)] });
    // the forward map runs on its own names, so that the reverse pass meets the custom node only
    const inner = inputs.map((x) => alias(x)) as unknown as A;
    return applyOp(`custom op ${name}`, op, [...inputs, forward(...inner)]) as Y;
  };
}
