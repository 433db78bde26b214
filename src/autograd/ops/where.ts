/** Selection: by a traced condition, and by fixed masks (checkerboards, sub-lattices). */
import type { Real, Traced } from "../tape.ts";
import type { SiteType } from "../types.ts";
import { add, sub } from "./combine.ts";
import { constantReal, number } from "./constants.ts";
import { scale } from "./scale.ts";
import { broadcast } from "./sum.ts";
import { step } from "./unary.ts";

/** a where condition > 0, b elsewhere. The condition is piecewise constant, so no derivative flows through it. */
export function where<T extends SiteType>(condition: Real, a: Traced<T>, b: Traced<NoInfer<T>>): Traced<T> {
  const chosen = step(condition);
  const other = sub(broadcast(number(chosen.tape, 1), chosen.type.domain), chosen);
  return add(scale(chosen, a), scale(other, b) as Traced<T>);
}

/** x at the sites where `keep` holds, zero elsewhere. `name` must name the mask: equal names mean equal masks. */
export function mask<T extends SiteType>(x: Traced<T>, name: string, keep: (coordinates: readonly number[]) => boolean): Traced<T> {
  const { lattice } = x;
  return scale(constantReal(x.tape, `mask(${name})`, (n) => (keep(lattice.coordinates(n)) ? 1 : 0)), x);
}
