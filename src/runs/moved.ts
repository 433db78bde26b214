/** What the sampler of a run moves, and what is observed of it. */
import { DirectionalField, type LinkField } from "../autograd/index.ts";
import type { Momenta, Movable } from "../samplers/index.ts";
import type { System } from "./system-types.ts";

/** Links, or matter with the links that its action knows; a target of matter is a function of that. */
export const movedOf = ({ matter, U }: System): LinkField => (matter?.moved ?? U) as LinkField;

/** Frees all fields. */
export function freed(x: Movable | Momenta): void {
  for (const part of x instanceof DirectionalField ? [x] : Object.values(x)) part.dispose();
}

/** Runs f on the links that have the distribution of the run: those of the sampler, or their image. */
export function onObserved<T>({ U, transform }: System, f: (U: LinkField) => T): T {
  if (!transform) return f(U);
  using image = transform.image(U).links;
  return f(image);
}
