/** Which fermions a guide may have (they are functions of the links, or see the fields of the target), and what the section says of them. */
import type { Registry } from "./registry.ts";
import type { RunConfiguration } from "../sections/sections.ts";

/** Does the section `guide` say what S_theta is made of? */
export function isGuided({ guide }: Pick<RunConfiguration, "guide">): boolean {
  return [guide.action, guide.masses, guide.fields, guide.fermions].some((x) => x !== undefined);
}

/** What cannot be among the fermions of S_theta. */
export function leadingProblem({ guide, fermions }: RunConfiguration, registry: Registry): string | undefined {
  const known = (k: number): boolean => k < fermions.length;
  const last = fermions.length === 0 ? "none: the run has no fermions" : `numbers from 0 to ${fermions.length - 1}`;
  const field = guide.fields?.find((k) => !known(k));
  if (field !== undefined) return `guide.fields: got ${field}, expected ${last}`;
  if (guide.fields && new Set(guide.fields).size < guide.fields.length) return `guide.fields: got ${guide.fields.join(", ")}, expected each number once`;
  if (guide.masses && (guide.fermions || guide.fields)) return `guide.masses: got it together with guide.${guide.fermions ? "fermions" : "fields"}, expected one of them: masses are those of the target's own fields`;
  for (const [k, f] of (guide.fermions ?? []).entries()) {
    const at = `guide.fermions[${k}]`;
    if (f.shares !== undefined && !known(f.shares)) return `${at}.shares: got ${f.shares}, expected ${last}`;
    if (f.shares !== undefined && f.exact) return `${at}.shares: got it together with exact = true, expected one of them: an exact determinant has no field`;
    if (f.shares !== undefined && fermions[f.shares]!.exact) return `${at}.shares: got ${f.shares}, an exact determinant, expected pseudofermions`;
    // of other kinds the builder decides
    if (f.shares === undefined && !f.exact && Object.hasOwn(registry.get("fermion", f.kind).options.shape, "exact")) return `${at}: ${ownFieldText}`;
  }
  return undefined;
}

/** Why a guide may not have pseudofermions that are not the target's. */
export const ownFieldText =
  "got pseudofermions of the guide's own, expected exact = true, or shares = the number of a field of the target: a field that is drawn from the guide's own weight makes the proposal depend on the links in a way that the Metropolis step does not divide out, and the chain samples another distribution";

/** How many fermion actions molecular dynamics follows, which its levels name fermions.0, fermions.1, ... */
export function leadingFermions({ guide, fermions }: RunConfiguration): number {
  return guide.fermions || guide.fields ? (guide.fields?.length ?? 0) + (guide.fermions?.length ?? 0) : fermions.length;
}
