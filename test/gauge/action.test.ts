/** One action object serves every group and lattice: recordings belong to (lattice, N). */
import { expect, test } from "vitest";
import { SU, U1, cold, gaugeAction, hot, lattice } from "gaugegrad";

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
