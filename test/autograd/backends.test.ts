/** One program on every backend: equal values to rounding, equal bits for any number of threads, no growth of memory in a replay. */
import { expect, test } from "vitest";
import { type LinkField, type Links, add, adj, exp, mul, record, reTrace, scaleBy, sum, ta, valueAndGrad } from "../../src/autograd/index.ts";
import { closedFormLinks, lattice, plaquette, staples } from "../../src/gauge/index.ts";

/** Plaquette sum of one stout step: shifts, products, exponentials and their derivative. */
function smearedPlaquettes(U: Links) {
  const V = U.map((mu) => mul(exp(ta(scaleBy(0.1, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  const terms = [];
  for (let mu = 0; mu < U.dim; mu++) for (let nu = mu + 1; nu < U.dim; nu++) terms.push(reTrace(plaquette(V, mu, nu)));
  return sum(add(terms[0]!, ...terms.slice(1)));
}

function evaluate(extents: number[], N: number, options: Parameters<typeof lattice>[1]): { value: number; force: Float64Array[] } {
  const U = closedFormLinks(lattice(extents, options), N, 0.7) as LinkField;
  const plan = record((V: Links) => valueAndGrad(smearedPlaquettes)(V) as never, U) as never as { run(U: LinkField): { value: number; grad: LinkField } };
  const r = plan.run(U);
  return { value: r.value, force: r.grad.fields.map((f) => f.toArray()) };
}

const cases: [number[], number][] = [
  [[4, 4], 1],
  [[3, 5], 2],
  [[4, 3, 2], 3],
  [[2, 2, 2, 2], 2],
  [[4, 2, 6, 4], 3],
  [[3, 2, 3, 2], 3],
  [[2, 3, 2, 4], 4],
];

for (const [extents, N] of cases)
  test(`js and wasm agree on ${extents.join("x")}, N = ${N}`, () => {
    const a = evaluate(extents, N, { backend: "js" });
    for (const strict of [false, true]) {
      const b = evaluate(extents, N, { backend: "wasm", strict });
      expect(Math.abs(a.value - b.value)).toBeLessThan(1e-13 * Math.abs(a.value) * 10);
      a.force.forEach((f, mu) => f.forEach((x, k) => expect(Math.abs(x - b.force[mu]![k]!)).toBeLessThan(2e-13)));
    }
  });

test("one and two threads give the same bits", () => {
  const one = evaluate([8, 8, 4, 8], 3, { backend: "wasm", threads: 1 });
  const two = evaluate([8, 8, 4, 8], 3, { backend: "wasm", threads: 2 });
  const three = evaluate([8, 8, 4, 8], 3, { backend: "wasm", threads: 3 });
  expect(two.value).toBe(one.value);
  expect(three.value).toBe(one.value);
  two.force.forEach((f, mu) => expect(Buffer.from(f.buffer).equals(Buffer.from(one.force[mu]!.buffer))).toBe(true));
});

test("a replay allocates nothing that stays", () => {
  const U = closedFormLinks(lattice([4, 4]), 2, 0.7) as LinkField;
  const plan = record((V: Links) => valueAndGrad(smearedPlaquettes)(V) as never, U) as never as { run(U: LinkField): unknown };
  for (let k = 0; k < 1000; k++) plan.run(U);
  const engineBytes = (U.lattice.engine as unknown as { heap: { used: number } }).heap.used;
  for (let k = 0; k < 1000; k++) plan.run(U);
  expect((U.lattice.engine as unknown as { heap: { used: number } }).heap.used).toBe(engineBytes);
});
