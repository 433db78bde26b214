/** Joined micro-kernels: fewer functions, the same arithmetic, every value still read by whoever needs it. */
import { expect, test } from "vitest";
import { SU, add, adj, hot, lattice, mul, plaquette, reTrace, record, scale, sub, sum, ta } from "gaugegrad";

const L = lattice([4, 4], { backend: "js" });
const U = hot(L, SU(2), { seed: 1 });

test("a sum of products is one function and equals the products one by one", () => {
  const p = record((V) => plaquette(V, 0, 1), U).fresh(U);
  const q = record((V) => plaquette(V, 1, 0), U).fresh(U);
  const joined = record((a, b) => sub(mul(a, adj(b)), mul(b, a)), p, q);
  expect(joined.describe().split("\n").filter((line) => line.startsWith("  "))).toHaveLength(1);
  const [ab, ba] = record((a, b) => [mul(a, adj(b)), mul(b, a)] as const, p, q).run(p, q).map((f) => f.toArray());
  const worst = joined.run(p, q).toArray().reduce((m, x, k) => Math.max(m, Math.abs(x - (ab![k]! - ba![k]!))), 0);
  expect(worst).toBeLessThan(1e-15);
});

test("a value that two instructions read is made once", () => {
  const plan = record((V) => {
    const one = mul(V[0]!, adj(V[0]!));
    return sum(reTrace(add(mul(one, one), scale(2, ta(one)))));
  }, U);
  // tr(1 + 2 TA(1)) = 2 at every site
  expect(plan.run(U)).toBeCloseTo(2 * L.volume, 10);
});
