/** The debugging backend: everything that a lattice offers, with the numbers of the compiled ones. */
import { expect, test } from "vitest";
import { DirectionalField, Field, SU, gaugeAction, hot, lattice, log, realType, record, stout, sum, vectorType } from "gaugegrad";
import { Plan } from "../../src/autograd/plan.ts";
import { BackendError, NaNError, SolverError } from "../../src/errors.ts";
import { solve, scale } from "../../src/autograd/index.ts";

test("an action through a network has the compiled value and force", () => {
  const [slow, fast] = (["interpret", "js"] as const).map((backend) => {
    const U = hot(lattice([2, 4], { backend }), SU(3), { seed: 5 });
    const S = gaugeAction.wilson({ beta: 5 }).after(stout({ rho: 0.1 }));
    const F = new DirectionalField(U.lattice, 3, "algebra");
    return { value: S.valueAndForce(U, F), force: F.toArray(1) };
  });
  expect(Math.abs(slow!.value - fast!.value)).toBeLessThan(1e-12);
  slow!.force.forEach((x, k) => expect(Math.abs(x - fast!.force[k]!)).toBeLessThan(1e-12));
});

test("fields are written, read and copied, on one parity too", () => {
  const L = lattice([2, 2], { backend: "interpret" });
  const f = new Field(L, vectorType(L, 1, { domain: "odd" })).set(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  expect([...f.toArray()]).toEqual([0, 0, 3, 4, 5, 6, 0, 0]);
  const g = f.clone().writeSites(Int32Array.of(0, 2), Float64Array.of(9, 9, 8, 7));
  expect([...g.toArray()]).toEqual([0, 0, 3, 4, 8, 7, 0, 0]);
  expect([...g.readSites(Int32Array.of(2), new Float64Array(2))]).toEqual([8, 7]);
});

test("an output may be an input's memory", () => {
  const L = lattice([2], { backend: "interpret" });
  const [a, b] = [1, 2].map((x) => new Field(L, realType()).set(Float64Array.of(x, x))) as [Field, Field];
  record((x, y) => [y, x] as never, a as never, b as never).runInto([a, b] as never, a as never, b as never);
  expect([a.toArray()[0], b.toArray()[0]]).toEqual([2, 1]);
});

test("what it cannot do it says", () => {
  const L = lattice([2, 2], { backend: "interpret" });
  const q = new Field(L, realType()).set(Float64Array.of(1, 1, -1, 1));
  expect(() => new Plan(((x: never) => log(x)) as never, [q], { debugNaN: true }).run(q as never)).toThrow(NaNError);
  expect(() => new Plan(((x: never) => sum(log(x))) as never, [q], { maxFields: 0.1 })).toThrow(BackendError);
  const b = new Field(L, vectorType(L, 1)).set(Float64Array.of(1, 0, 2, 0, 3, 0, 4, 0));
  expect(() => record((v) => solve((x) => scale(-1, x), v as never) as never, b as never).run(b as never)).toThrow(SolverError);
});
