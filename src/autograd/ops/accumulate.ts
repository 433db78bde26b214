/** Sum of cotangents, each brought back to the space of the value: parts on one parity are joined or extended by zero. */
import type { Traced } from "../tape.ts";
import { type SiteType, type ValueType, domainOf, isQuaternion } from "../types.ts";
import { add } from "./combine.ts";
import { extend, merge, restrict } from "./domain.ts";
import { storedAs } from "./quaternion.ts";

/** Sum of terms that are cotangents of a value of the given type; that of a quaternion is one. */
export function addAll(terms: readonly Traced[], type: ValueType): Traced {
  const total = sumOf(terms, type);
  return isQuaternion(type) ? storedAs(total, type) : total;
}

function sumOf(terms: readonly Traced[], type: ValueType): Traced {
  const domain = domainOf(type);
  const on = (d: string): Traced | undefined => {
    const part = terms.filter((t) => domainOf(t.type) === d);
    return part.length === 0 ? undefined : add(part[0]!, ...part.slice(1));
  };
  const [all, even, odd] = [on("all"), on("even"), on("odd")];
  if (domain !== "all") {
    const own = domain === "even" ? even : odd;
    const rest = all && restrict(all as Traced<SiteType>, domain);
    return own && rest ? add(own, rest) : (own ?? rest)!;
  }
  const halves = even && odd ? merge(even as Traced<SiteType>, odd as Traced<SiteType>) : even ? extend(even) : odd ? extend(odd) : undefined;
  return all && halves ? add(all, halves) : (all ?? halves)!;
}
