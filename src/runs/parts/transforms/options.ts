/** What transforms of run files share. */
import type { RunConfiguration } from "../../sections/sections.ts";

/** Masks close around the lattice on multiples of `period`, and the log det of a step is known for N up to 4. */
export function maskProblem({ lattice, group }: RunConfiguration, period: number): string | undefined {
  if (lattice.extents.some((L) => L % period !== 0)) return `kind: got the extents ${lattice.extents.join("x")}, expected multiples of ${period}: masks do not close around the lattice otherwise`;
  const N = Number(/\d+/.exec(group)?.[0] ?? 1);
  return N > 4 ? `kind: got the group ${group}, expected U(1) or SU(2) to SU(4)` : undefined;
}
