/** One action object serves every group and lattice: recordings belong to (lattice, N). */
import { expect, test } from "vitest";
import { SU, U1, cold, gaugeAction, hot, lattice, loopAction } from "gaugegrad";

test("one action on several groups of one lattice", () => {
  const L = lattice([2, 4, 2, 2]);
  const S = gaugeAction.wilson({ beta: 2 });
  for (const group of [SU(2), SU(3), U1]) {
    expect(Math.abs(S.value(cold(L, group)))).toBeLessThan(1e-12);
    const U = hot(L, group, { seed: 3 });
    const F = S.force(U);
    expect(F.N).toBe(group.N);
    expect(S.value(U)).toBeGreaterThan(1);
    expect(S.parameterGradient(U).gradient.beta * 2).toBeCloseTo(S.value(U), 10);
  }
});

test("a parameter gradient stays what it is when another one is taken", () => {
  const L = lattice([4, 4]);
  const S = loopAction({ beta: 1, loops: [{ name: "plaquette", weight: 0.3 }, { path: "+x +x +t -x -x -t", weight: 0.1 }] });
  const [U, V] = [hot(L, SU(2), { seed: 1 }), hot(L, SU(2), { seed: 2 })];
  const { gradient } = S.parameterGradient(U);
  const before = JSON.stringify(gradient);
  const other = S.parameterGradient(V).gradient;
  expect(JSON.stringify(gradient)).toBe(before);
  expect(JSON.stringify(other)).not.toBe(before);
});
