/** What recording and the exponential do at their edges: common scalars go outside sums, and exponents too large for float64 give NaN. */
import { describe, expect, test } from "vitest";
import { type Field, type MatrixType, type Scalar, SU, add, adj, broadcast, exp, gaugeAction, hmc, hot, lattice, mul, plaquette, record, scale, ta } from "gaugegrad";
import { NaNError } from "../../src/errors.ts";

describe.each(["js", "wasm"] as const)("%s", (backend) => {
  const L = lattice([4, 4], { backend });
  const U = hot(L, SU(3), { seed: 3 });

  test("c x + y + c z multiplies with c once", () => {
    const plan = record((V, c: Scalar) => {
      const [x, y] = [plaquette(V, 0, 1), plaquette(V, 1, 0)];
      return add(scale(c, x), y, scale(c, mul(x, x)), scale(c, adj(x)));
    }, U, 0.3);
    expect(plan.describe().match(/scale\(|\bcombine\(c/g) ?? []).toHaveLength(1);
    const [x, y, xx, xd] = record((V) => {
      const p = plaquette(V, 0, 1);
      return [p, plaquette(V, 1, 0), mul(p, p), adj(p)] as const;
    }, U).run(U).map((f) => f.toArray());
    const worst = plan.run(U, 0.3).toArray().reduce((m, v, k) => Math.max(m, Math.abs(v - (y![k]! + 0.3 * (x![k]! + xx![k]! + xd![k]!)))), 0);
    expect(worst).toBeLessThan(1e-14);
  });

  test("a number on even sites times a field is on even sites", () => {
    const [half, whole] = record((V, c: Scalar) => [scale(broadcast(c, "even"), V[0]!), V[0]!] as const, U, 0.3).run(U, 0.3);
    expect(half.type.domain).toBe("even");
    const n = 18;
    whole.toArray().forEach((x, k) => {
      const [i, j] = [Math.floor(k / n / 4), Math.floor(k / n) % 4];
      expect(half.toArray()[k]).toBe((i + j) % 2 === 0 ? 0.3 * x : 0);
    });
  });

  test.each([1e16, 1e100, 1e200])("exp of a field of size %d ends, with NaN", (size) => {
    const A = record((V) => ta(plaquette(V, 0, 1)), U).run(U) as unknown as Field<MatrixType>;
    A.set(A.toArray().map((x) => size * x));
    expect(record((a) => exp(a), A as never).run(A as never).toArray().every(Number.isNaN)).toBe(true);
  });

  test("a trajectory that runs away ends with an error", () => {
    const V = U.clone();
    expect(() => hmc({ action: gaugeAction.wilson({ beta: 1e200 }), length: 1, steps: 4, integrator: "leapfrogQPQ", seed: 1 }).step(V)).toThrow(NaNError);
    expect(V.fields[0]!.toArray()).toEqual(U.fields[0]!.toArray());
  });
});
