/**
 * Identities that steer differentiation. detach: the value without its derivative. alias: a fresh name, so that a nested
 * gradient counts only the dependence on that name. after: x, but not computed before y is known (recomputation).
 */
import { applyOp } from "../apply.ts";
import type { Op, Samples } from "../op.ts";
import type { Traced } from "../tape.ts";
import { type ValueType, components, realType, isQuaternion } from "../types.ts";

const copy: NonNullable<Op["site"]> = (_b, [x], _a, types) => Array.from({ length: components(types[0]!) }, (_, i) => x!(i));

export const detachOp: Op = {
  name: "detach",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view" },
  infer: ([t]) => t!,
  simplify: (tape, [x]) => (tape.node(x!.id).op === detachOp ? x : undefined),
  vjp: () => [undefined],
  site: copy,
  cost: () => 0,
};

export const aliasOp: Op = {
  name: "alias",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view" },
  linear: true,
  unique: true,
  infer: ([t]) => t!,
  vjp: ({ cotangent }) => [cotangent],
  site: copy,
  cost: () => 0,
};

export const aliasSamples: Samples = () => [{ label: "real", inputs: [realType()], apply: ([r]) => alias(r!) }];

export const afterOp: Op = {
  name: "after",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view", waits: true },
  linear: true,
  unique: true,
  infer: ([t]) => t!,
  vjp: ({ cotangent }) => [cotangent, undefined],
  site: copy,
  cost: () => 0,
};

/** The value of x, treated as a constant by every derivative. */
export function detach<T extends ValueType>(x: Traced<T>): Traced<T> {
  return applyOp("detach", detachOp, [x]) as Traced<T>;
}

/** A second name for x. */
export function alias<T extends ValueType>(x: Traced<T>): Traced<T> {
  return applyOp("alias", aliasOp, [x]) as Traced<T>;
}

/** x, computed after y. */
export function after<T extends ValueType>(x: Traced<T>, y: Traced): Traced<T> {
  return applyOp("after", afterOp, [x, y]) as Traced<T>;
}
