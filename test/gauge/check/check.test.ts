/** Good actions and layers pass every item; each item fails for something broken on purpose. */
import { describe, expect, test } from "vitest";
import {
  DirectionalField, type AlgebraField, type LinkField, type Links, type Matrix, SU, U1, adj, add, action, type Scalar, chain, check, type CheckReport, constantReal, customOp, detach, exp, gaugeAction, hot, lattice, layer, mul, nearUnit, neg,
  plaquette, projectSU, reTrace, real, relu, scale, scaleBy, shift, square, staple, staples, sum, ta, tanh, grad, unit,
} from "gaugegrad";

const stout = (rho = 0.1) =>
  layer({ name: "stout", params: { rho: real(rho) }, forward: (U, { rho: r }) => U.map((mu) => mul(exp(ta(scale(r, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)) });

/** Stout step whose weight is a tanh of the plaquettes at the two ends of the link. */
const gated = layer({
  name: "gated stout",
  params: { rho: real(0.1), w: real(0.7), b: [real(0.2)] },
  forward: (U, { rho, w, b }) => {
    const planes = U.map((mu) => U[mu]!).values().flatMap((_, mu) => U.values().flatMap((__, nu) => (nu === mu ? [] : [corners(U, mu, nu)])));
    const local = scaleBy(1 / (U.N * planes.length), add(planes[0]!, ...planes.slice(1)));
    return U.map((mu) => {
      const ends = add(local, shift(local, mu));
      const weight = tanh(add(scale(w, ends), scale(b[0]!, constantReal(U[0]!.tape, "one", () => 1))));
      return mul(exp(ta(scale(rho, scale(weight, mul(staples(U, mu), adj(U[mu]!)))))), U[mu]!);
    });
  },
});

/** Re tr of the four plaquettes of a plane that touch the site: a reflection-symmetric local plaquette. */
function corners(U: Links, mu: number, nu: number) {
  const p = reTrace(plaquette(U, mu, nu));
  return add(p, shift(p, mu, -1), shift(p, nu, -1), shift(shift(p, mu, -1), nu, -1));
}

const item = (r: CheckReport, name: string) => {
  const found = r.items.find((i) => i.name === name);
  if (!found) throw new Error(`no item ${name} in\n${r}`);
  return found;
};
const failed = (r: CheckReport): string[] => r.items.filter((i) => i.status === "fail").map((i) => i.name);

const groups = { 1: U1, 2: SU(2), 3: SU(3) } as const;

describe.each([[[4, 4], 1], [[3, 5], 3], [[4, 3, 3], 2], [[3, 2, 4], 1], [[2, 2, 2, 2], 2], [[3, 3, 2, 2], 3]] as const)("hot fields on %s, N = %d", (extents, N) => {
  const U = hot(lattice(extents), groups[N], { seed: 11 }) as LinkField;
  test("actions pass", () => {
    for (const S of [gaugeAction.wilson({ beta: 2.3 }), gaugeAction.symanzik({ beta: 3.1 }), gaugeAction.wilson({ beta: 1.7 }).after(chain(stout(0.08), stout(-0.05)))]) {
      const r = check(S, U);
      expect(failed(r), String(r)).toEqual([]);
      expect(r.passed).toBe(true);
      expect(item(r, "gradient").order ?? 4).toBeGreaterThan(3.5);
    }
  });
  test("layers pass", () => {
    for (const f of [stout(), gated]) {
      const r = check(f, U, { seed: 5 });
      expect(failed(r), String(r)).toEqual([]);
    }
  });
});
