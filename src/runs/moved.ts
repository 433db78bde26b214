/** What the sampler of a run moves. */
import { DirectionalField, type LinkField } from "../autograd/index.ts";
import type { Momenta, Movable } from "../samplers/index.ts";
import type { System } from "./system-types.ts";

/** Links, or matter with the links that its action knows; a target of matter is a function of that. */
export const movedOf = ({ matter, U }: System): LinkField => (matter?.moved ?? U) as LinkField;

/** Frees all fields. */
export function freed(x: Movable | Momenta): void {
  for (const part of x instanceof DirectionalField ? [x] : Object.values(x)) part.dispose();
}
