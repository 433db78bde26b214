/** A value seen through a restriction, a gate or a name is not the value itself: faults that random programs have found. */
import { expect, test } from "vitest";
import { Field, type RealType, Tensor, type Vector, add, broadcast, channelsType, extend, mean, merge, realType, record, restrict, scale, scaleBy, shift, siteConv, solve, square, sum, vectorType } from "../../src/autograd/index.ts";
import { after } from "../../src/autograd/ops/flow.ts";
import { lower } from "../../src/compiler/lower.ts";
import { verify } from "../../src/compiler/analysis/verify.ts";
import { type BackendName, makeLattice } from "../../src/compiler/index.ts";

const backends: readonly BackendName[] = ["interpret", "js", "wasm"];
const numbers = (backend: BackendName): Field<RealType> => new Field<RealType>(makeLattice([2, 2], { backend }), realType()).set(Float64Array.of(1, 2, 3, 4));

test.each(backends)("%s: a field that is still needed keeps its memory beside the merge of its halves", (backend) => {
  const q = numbers(backend);
  const joined = record((x) => {
    const p = square(x);
    const h = merge(restrict(p, "even"), scale(0.5, restrict(p, "odd")));
    return sum(scale(h, p));
  }, q);
  // even sites 1, 4: 1 + 256; odd sites 2, 3: (16 + 81)/2
  expect(joined.run(q)).toBe(305.5);
  const extended = record((x) => {
    const p = square(x);
    const h = add(extend(restrict(p, "even")), broadcast(mean(p)));
    return sum(scale(h, p));
  }, q);
  // 1 + 256 + 7.5 (1 + 4 + 9 + 16)
  expect(extended.run(q)).toBe(482);
});

test.each(backends)("%s: the halves of a field are one value, here and one step away", (backend) => {
  const q = numbers(backend);
  const joined = record((x) => {
    const half = scaleBy(0.5, restrict(x, "even"));
    // the odd half of a field that has this half is the half itself
    return [merge(half, shift(half, 0)), merge(half, restrict(shift(merge(half, restrict(x, "odd")), 1), "odd"))];
  }, q);
  expect(verify(lower(joined.program), q.lattice)).toEqual([]);
  expect(joined.run(q).map((y) => [...y.toArray()])).toEqual([[0.5, 0.5, 2, 2], [0.5, 2, 0.5, 2]]);
});

test("a scalar that waits for a field loads no field", () => {
  const q = numbers("js");
  const plan = record((x) => after(sum(x), square(x)), q);
  expect(verify(lower(plan.program), q.lattice)).toEqual([]);
  expect(plan.run(q)).toBe(10);
});

test.each(backends)("%s: a solve takes the half of a field as its right-hand side", (backend) => {
  const L = makeLattice([2, 2], { backend });
  const b = new Field(L, vectorType(L, 1)).set(Float64Array.of(1, 0, 2, 0, 3, 0, 4, 0));
  const x = record((v) => solve((y) => scale(2, y), restrict(v, "even")), b).run(b);
  expect([...x.toArray()]).toEqual([0.5, 0, 0, 0, 0, 0, 2, 0]);
});

test.each(backends)("%s: a solve inside the operator of another on the same vectors converges", (backend) => {
  const L = makeLattice([4, 4], { backend });
  const values = Float64Array.from({ length: 16 }, (_, n) => 0.5 + ((5 * n) % 16) / 4);
  const r = new Field(L, realType()).set(values);
  const b = new Field(L, vectorType(L, 2));
  b.set(Float64Array.from({ length: b.length }, (_, k) => Math.sin(1 + 1.7 * k)));
  const plan = record(
    (s, v) => {
      const inner = (y: Vector<2>): Vector<2> => solve((z) => add(scale(1.5, z), scale(square(s), z)), y, { tolerance: 1e-14 });
      return solve((y) => add(scale(s, y), inner(y)), v, { maxIterations: 200 });
    },
    r,
    b,
  );
  const x = plan.run(r, b).toArray();
  // diagonal: x = b / (r + 1 / (1.5 + r^2)) at every site
  const want = b.toArray().map((v, k) => v / (values[k >> 2]! + 1 / (1.5 + values[k >> 2]! ** 2)));
  expect(Math.max(...x.map((v, k) => Math.abs(v - want[k]!)))).toBeLessThan(1e-11);
});

test.each(backends)("%s: a solve takes a half that lies in the memory of the whole as its right-hand side", (backend) => {
  const L = makeLattice([2, 2], { backend });
  const b = new Field(L, vectorType(L, 1)).set(Float64Array.of(1, 0, 2, 0, 3, 0, 4, 0));
  const [whole, x] = record((v) => {
    const half = scaleBy(3, restrict(v, "even"));
    return [extend(half), solve((y) => scale(2, y), half)];
  }, b).run(b);
  expect([...whole!.toArray()]).toEqual([3, 0, 0, 0, 0, 0, 12, 0]);
  expect([...x!.toArray()]).toEqual([1.5, 0, 0, 0, 0, 0, 6, 0]);
});

test.each(backends)("%s: weights act on a half that lies in the memory of the whole", (backend) => {
  const lattice = makeLattice([2, 2], { backend });
  const x = new Field(lattice, channelsType(1)).set(Float64Array.of(1, 2, 3, 4));
  const w = new Tensor([1, 1, 2, 1], Float64Array.of(7, 11));
  const [, y] = record((c, weights) => {
    const [even, odd] = [scaleBy(3, restrict(c, "even")), scaleBy(5, restrict(c, "odd"))];
    return [merge(even, odd), siteConv(even, weights, undefined, { domain: "odd" })];
  }, x, w).run(x, w);
  // tap 0 reads the neighbour in x, tap 1 stays on odd sites, where the even half has nothing
  expect([...y!.toArray()]).toEqual([0, 21, 84, 0]);
});
