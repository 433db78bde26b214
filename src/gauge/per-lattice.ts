/** What is recorded once per lattice and kinds of fields and replayed: actions and measurements. */
import { type ConcreteOf, DirectionalField, type Lattice, type LinkField, type Links, Plan, outside } from "../autograd/index.ts";

/** One value for every (lattice, N) of link fields, made at the first use; a lattice that is collected takes its values with it. */
export class PerLattice<V> {
  readonly #values = new WeakMap<Lattice, Map<number, V>>();

  get(U: LinkField, make: () => V): V {
    let byN = this.#values.get(U.lattice);
    if (!byN) this.#values.set(U.lattice, (byN = new Map()));
    let value = byN.get(U.N);
    if (value === undefined) byN.set(U.N, (value = outside(make)));
    return value;
  }
}

/** One value for every lattice and types of the fields of a structure; of links as `PerLattice`. */
export class PerStructure<V> {
  readonly #links = new PerLattice<V>();
  readonly #values = new WeakMap<Lattice, Map<string, V>>();
  /** Structures that were seen: a sampler asks with the same object again and again. */
  readonly #seen = new WeakMap<object, V>();

  get(x: object, make: () => V): V {
    if (x instanceof DirectionalField) return this.#links.get(x as LinkField, make);
    let value = this.#seen.get(x);
    if (value !== undefined) return value;
    const { lattice, key: types } = Plan.signature([x]);
    const key = `${Object.keys(x).join()}|${types}`;
    let byKey = this.#values.get(lattice);
    if (!byKey) this.#values.set(lattice, (byKey = new Map()));
    value = byKey.get(key);
    if (value === undefined) byKey.set(key, (value = outside(make)));
    this.#seen.set(x, value);
    return value;
  }
}

/** f as a function of link fields; a call allocates its result and nothing else. Scalars come back as numbers; fields belong to the plan and are overwritten by the next call. */
export function perLattice<Y>(f: (U: Links) => Y): (U: LinkField) => ConcreteOf<Y> {
  const plans = new PerLattice<Plan<readonly unknown[], Y>>();
  return (U) => plans.get(U, () => new Plan(f as (...args: never[]) => Y, [U] as readonly unknown[])).run(U);
}
