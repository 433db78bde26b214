/** Half steps: maps that move some links of one direction while everything that decides how far stands still; what their kinds share. */
import { type LinkField, type Links, type Matrix, Plan, type Scalar, dot, inverse, mul, sub, sum } from "../autograd/index.ts";
import { SolverError } from "../errors.ts";
import { PerLattice } from "../gauge/index.ts";
import type { Image } from "./bijection.ts";

/** Fixed point iterations of an inverse; sum of squared changes a site below which they go on as long as they become smaller. */
const ITERATIONS = 400;
const CONVERGED = 1e-24;

/** The links with one direction replaced. */
export const replaced = (V: Links, mu: number, link: Matrix): Links => V.map((nu) => (nu === mu ? link : V[nu]!)) as Links;

/** F^-1 of a half step, U' = exp(X(U)) U: V = exp(-X(V)) U' on the active links, by iteration. */
export function inverter(name: string, mu: number, step: (V: Links, weights: unknown) => Image): (U: LinkField, w: unknown) => LinkField {
  const plans = new PerLattice<Plan<readonly unknown[], { links: Links; change: Scalar }>>();
  return (U, w) => {
    const plan = plans.get(U, () => new Plan(((V: Links, target: Links, p: never) => {
      const { links } = step(V, p);
      // V F(V)^-1 = exp(-X), which is 1 on frozen links; with the inverse in place of the adjoint rounding off the group does not grow
      const next = mul(mul(V[mu]!, inverse(links[mu]!)), target[mu]!);
      const d = sub(next, V[mu]!);
      return { links: replaced(V, mu, next), change: sum(dot(d, d)) };
    }) as never, [U, U, w]));
    const V = U.clone();
    for (let [k, before] = [0, Number.POSITIVE_INFINITY]; k < ITERATIONS; k++) {
      const { links, change } = plan.run(V, U, w) as unknown as { links: LinkField; change: number };
      V.copyFrom(links);
      if (change <= CONVERGED * U.lattice.volume && change >= before) return V;
      before = change;
    }
    throw new SolverError(`${name}: the inverse of a half step did not converge in ${ITERATIONS} iterations, expected weights for which the map is one to one: smaller ones, for stout steps |rho| < 1/(2(D-1)), for flows more steps`);
  };
}
