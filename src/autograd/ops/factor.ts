/** Scalar factors of a value: linear ops pass them on to their result, so that sums of products stay sums of products. */
import type { Scalar, Tape, Traced } from "../tape.ts";
import { combine, scaleBy } from "./combine.ts";
import { scale, scaleOp } from "./scale.ts";

/** x = number * inner, or x = scalar * inner. */
export function split(tape: Tape, x: Traced): { readonly inner: Traced; readonly factor: number | Scalar } | undefined {
  const n = tape.node(x.id);
  if (n.op === combine && n.inputs.length === 1) return { inner: tape.traced(n.inputs[0]!), factor: (n.attributes["coefficients"] as readonly number[])[0]! };
  if (n.op === scaleOp && tape.node(n.inputs[0]!).type.kind === "scalar" && x.type.kind !== "scalar")
    return { inner: tape.traced(n.inputs[1]!), factor: tape.traced(n.inputs[0]!) as Scalar };
  return undefined;
}

/** f(x) for a linear f, with a number or scalar factor of x taken outside; undefined when x has none. */
export function factored(tape: Tape, x: Traced, f: (inner: Traced) => Traced): Traced | undefined {
  const s = split(tape, x);
  if (!s) return undefined;
  return typeof s.factor === "number" ? scaleBy(s.factor, f(s.inner)) : scale(s.factor, f(s.inner));
}
