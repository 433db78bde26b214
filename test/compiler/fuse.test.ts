/** Joined micro-kernels: fewer functions, the same arithmetic, every value still read by whoever needs it. */
import { expect, test } from "vitest";
import { SU, add, adj, hot, lattice, mul, plaquette, reTrace, record, scale, sub, sum, ta } from "gaugegrad";

const L = lattice([4, 4], { backend: "wasm" });
const U = hot(L, SU(2), { seed: 1 });

test("a difference of projections is one function and equals the projections one by one", () => {
  const p = record((V) => plaquette(V, 0, 1), U).fresh(U);
  const q = record((V) => plaquette(V, 1, 0), U).fresh(U);
  const joined = record((a, b) => sub(ta(a), ta(b)), p, q);
  expect(joined.describe().split("\n").filter((line) => line.startsWith("  "))).toHaveLength(1);
  const [a, b] = record((x, y) => [ta(x), ta(y)] as const, p, q).run(p, q).map((f) => f.toArray());
  const worst = joined.run(p, q).toArray().reduce((m, x, k) => Math.max(m, Math.abs(x - (a![k]! - b![k]!))), 0);
  expect(worst).toBeLessThan(1e-15);
});

test("the reference emitter has the instructions apart", () => {
  const V = hot(lattice([4, 4], { backend: "js" }), SU(2), { seed: 1 });
  const apart = record((W) => sub(ta(plaquette(W, 0, 1)), ta(plaquette(W, 1, 0))), V);
  const joined = record((W) => sub(ta(plaquette(W, 0, 1)), ta(plaquette(W, 1, 0))), U);
  const instructions = (text: string): number => text.split("\n").filter((line) => line.startsWith("  ")).length;
  expect(instructions(apart.describe())).toBeGreaterThan(instructions(joined.describe()));
  const [x, y] = [apart.run(V).toArray(), joined.run(U).toArray()];
  expect(Math.max(...x.map((v, k) => Math.abs(v - y[k]!)))).toBeLessThan(1e-14);
});

test("a value that two instructions read is made once", () => {
  const plan = record((V) => {
    const one = mul(V[0]!, adj(V[0]!));
    return sum(reTrace(add(mul(one, one), scale(2, ta(one)))));
  }, U);
  // tr(1 + 2 TA(1)) = 2 at every site
  expect(plan.run(U)).toBeCloseTo(2 * L.volume, 10);
});
