/** The door of every op: its inputs are traced values, of one recording that is still open, or the error says what they are. */
import { guard, is } from "../util/index.ts";
import { traced } from "./kinds.ts";
import type { Op } from "./op.ts";
import type { Attributes, Traced } from "./tape.ts";

/** Records an op on behalf of the public function `name`. @throws RecordingError for inputs that are not traced; what the op's own rules throw. */
export function applyOp(name: string, op: Op, inputs: readonly Traced[], attributes: Attributes = {}): Traced {
  guard("applyOp", { name: [name, is.text], op: [op, is.withMethods("an op", "infer", "vjp")], inputs: [inputs, is.listOf(is.optional(is.present), 1)], attributes: [attributes, is.object] });
  if (inputs.length === 1) guard(name, { "its argument": [inputs[0], traced] });
  else inputs.forEach((x, k) => guard(name, { [`argument ${k + 1}`]: [x, traced] }));
  return inputs[0]!.tape.apply(op, inputs, attributes);
}
