/** Plans of one recorded function, made once per lattice and argument types. */
import { type Lattice, Plan, type TracedOf } from "../autograd/index.ts";
import { type StaggeredOperator, naive } from "./staggered.ts";

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

/** What is made from a staggered operator, once for each of them. */
export function perOperator<F>(make: (operator: StaggeredOperator) => F): (operator?: StaggeredOperator) => F {
  const made = new WeakMap<StaggeredOperator, F>();
  return (operator = naive) => {
    let f = made.get(operator);
    if (f === undefined) made.set(operator, (f = make(operator)));
    return f;
  };
}
