/** Measurements are recorded once per lattice and N and replayed: a call allocates its result and nothing else. */
import { type ConcreteOf, type Lattice, type LinkField, type Links, Plan } from "../autograd/index.ts";

/** f as a function of link fields. Scalars come back as numbers; fields belong to the plan and are overwritten by the next call. */
export function perLattice<Y>(f: (U: Links) => Y): (U: LinkField) => ConcreteOf<Y> {
  const plans = new WeakMap<Lattice, Map<number, Plan<readonly unknown[], Y>>>();
  return (U) => {
    let byN = plans.get(U.lattice);
    if (!byN) plans.set(U.lattice, (byN = new Map()));
    let plan = byN.get(U.N);
    if (!plan) byN.set(U.N, (plan = new Plan(f as (...args: never[]) => Y, [U] as readonly unknown[])));
    return plan.run(U);
  };
}
