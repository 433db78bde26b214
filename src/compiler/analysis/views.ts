/** Values seen through shifts, adjoints and identities. */
import { type Displacement, type Domain, type Program } from "../../autograd/index.ts";
import type { Displacements } from "./displacements.ts";

/** A node seen through shifts, adjoints and identities. */
export interface View {
  readonly id: number;
  /** Number of the displacement. */
  readonly shift: number;
  readonly displacement: Displacement;
  readonly dagger: boolean;
}

/** What is seen on one parity of two halves joined is one of them: it is read where it was made, and the halves are joined only for those who read both. */
export function halfOf(v: View, domain: Domain, { nodes }: Program, base: readonly View[], displacements: Displacements): View {
  const { op, inputs } = nodes[v.id]!;
  if (domain === "all" || op.role?.is !== "join" || inputs.length < 2) return v;
  const odd = v.displacement.reduce((s, step) => s + step, 0) % 2 !== 0;
  const half = base[inputs[(domain === "even") !== odd ? 0 : 1]!]!;
  const shift = displacements.add(half.shift, v.shift);
  return { id: half.id, shift, displacement: displacements.list[shift]!, dagger: half.dagger !== v.dagger };
}
