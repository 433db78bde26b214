/** What a linear operator, recorded on a tape, takes from there besides its argument. */
import { RecordingError } from "../../errors.ts";
import { inputOp } from "../program.ts";
import type { Tape } from "../tape.ts";
import { adjOp } from "./adj.ts";

/**
 * Values used by the nodes between x and ax that do not themselves depend on x; constants need not be captured. The operator takes adjoints
 * itself, so that a link and its adjoint are captured once; a moved value is captured where it has moved to.
 */
export function capture(name: string, tape: Tape, x: number, ax: number): number[] {
  const reached = new Set<number>();
  const stack = [ax];
  while (stack.length > 0) {
    const id = stack.pop()!;
    if (reached.has(id)) continue;
    reached.add(id);
    if (id > x) for (const i of tape.node(id).inputs) stack.push(i);
  }
  // inputs come before what they are inputs of
  const depends = new Map<number, boolean>();
  for (const id of [...reached].sort((a, b) => a - b)) depends.set(id, id === x || (id > x && tape.node(id).inputs.some((i) => depends.get(i))));
  if (!depends.get(ax)) throw new RecordingError(`${name}: the operator ignores its argument: expected A x to depend on x`);
  const captured = new Set<number>();
  const take = (i: number): void => {
    const n = tape.node(i);
    if (n.op === adjOp) take(n.inputs[0]!);
    else if (n.inputs.length > 0 || n.op === inputOp) captured.add(i);
  };
  for (const [id, d] of depends) if (d && id !== x) for (const i of tape.node(id).inputs) if (!depends.get(i)) take(i);
  return [...captured].sort((a, b) => a - b);
}
