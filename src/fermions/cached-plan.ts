/** Plans of one recorded function, made once per lattice and argument types. */
import { type Lattice, Plan, type TracedOf } from "../autograd/index.ts";

export function cachedPlan<A extends readonly unknown[], Y>(f: (...args: { -readonly [K in keyof A]: TracedOf<A[K]> }) => Y): (...examples: A) => Plan<A, Y> {
  const plans = new WeakMap<Lattice, Map<string, Plan<A, Y>>>();
  return (...examples) => {
    const { lattice, key } = Plan.signature(examples);
    let byKey = plans.get(lattice);
    if (!byKey) plans.set(lattice, (byKey = new Map()));
    let plan = byKey.get(key);
    if (!plan) byKey.set(key, (plan = new Plan<A, Y>(f as (...args: never[]) => Y, examples)));
    return plan;
  };
}

/** What is made from an object, once for each of them. */
export function perObject<K extends object, F>(make: (key: K) => F): (key: K) => F {
  const made = new WeakMap<K, F>();
  return (key) => {
    let f = made.get(key);
    if (f === undefined) made.set(key, (f = make(key)));
    return f;
  };
}
