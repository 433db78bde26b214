/** What a linear operator, recorded on a tape, takes from there besides its argument. */
import { RecordingError } from "../../errors.ts";
import { inputOp } from "../program.ts";
import type { Node, Tape } from "../tape.ts";
import { adjOp } from "./adj.ts";
import { closure } from "../../util/index.ts";

/**
 * Values used by the nodes between x and ax that do not themselves depend on x; constants need not be captured. The operator takes adjoints
 * itself, so that a link and its adjoint are captured once; a moved value is captured where it has moved to.
 */
export function capture(name: string, tape: Tape, x: number, ax: number): number[] {
  const { depends, captured } = between(tape, [x], [ax], (n) => n.op === adjOp);
  if (!depends.get(ax)) throw new RecordingError(`${name}: the operator ignores its argument: expected A x to depend on x`);
  return captured;
}

/** Values used on the way from some values to others that depend on none of the former; numbers are captured as such where they are spread over sites. */
export const capturedBetween = (tape: Tape, from: readonly number[], to: readonly number[]): number[] => between(tape, from, to, (n) => n.op === adjOp || n.op.role?.is === "broadcast").captured;

/** `within`: what is done again on the way, so that its operand is captured in its place. */
function between(tape: Tape, from: readonly number[], to: readonly number[], within: (n: Node) => boolean): { readonly depends: ReadonlyMap<number, boolean>; readonly captured: number[] } {
  const variables = new Set(from);
  const first = Math.min(...from);
  const reached = closure(to, (id) => (id > first && !variables.has(id) ? tape.node(id).inputs : []));
  // inputs come before what they are inputs of
  const depends = new Map<number, boolean>();
  for (const id of reached) depends.set(id, variables.has(id) || (id > first && tape.node(id).inputs.some((i) => depends.get(i))));
  const captured = new Set<number>();
  const take = (i: number): void => {
    const n = tape.node(i);
    if (within(n)) take(n.inputs[0]!);
    else if (n.inputs.length > 0 || n.op === inputOp) captured.add(i);
  };
  for (const [id, d] of depends) if (d && !variables.has(id)) for (const i of tape.node(id).inputs) if (!depends.get(i)) take(i);
  for (const id of to) if (!depends.get(id)) take(id);
  return { depends, captured: [...captured].sort((a, b) => a - b) };
}
