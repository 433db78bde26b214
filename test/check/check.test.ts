/** Good actions and layers pass every item. */
import { describe, expect, test } from "vitest";
import {
  type CheckReport, type Group, type Links, type Real, SU, U1, add, adj, chain, check, constantReal, detach, exp, gaugeAction, hot, lattice, layer, mul, nearUnit, plaquette, projectSU, pseudofermions, staggered, reTrace, real, relu, scale, scaleBy, shift, staples,
  sub, ta, tanh,
} from "gaugegrad";
import { randomStream } from "../../src/util/index.ts";

const stout = (rho = 0.1) =>
  layer({ name: "stout", params: { rho: real(rho) }, forward: (U, { rho: r }) => U.map((mu) => mul(exp(ta(scale(r, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)) });

/** Stout step whose weight is a tanh of the plaquettes at the two ends of the link. */
const gated = layer({
  name: "gated stout",
  params: { rho: real(0.1), w: real(0.7), b: [real(0.2)] },
  forward: (U, { rho, w, b }) => {
    const planes = U.values().flatMap((_, mu) => U.values().flatMap((__, nu) => (nu <= mu ? [] : [corners(U, mu, nu)])));
    const local = scaleBy(1 / (U.N * planes.length), add(planes[0]!, ...planes.slice(1)));
    return U.map((mu) => {
      const ends = add(local, shift(local, mu));
      const weight = tanh(add(scale(w, ends), scale(b[0]!, constantReal(U[0]!.tape, "one", () => 1))));
      return mul(exp(ta(scale(rho, scale(weight, mul(staples(U, mu), adj(U[mu]!)))))), U[mu]!);
    });
  },
});

/** Re tr of the four plaquettes of a plane that touch the site: a reflection-symmetric local plaquette. */
function corners(U: Links, mu: number, nu: number): Real {
  const p = reTrace(plaquette(U, mu, nu));
  return add(p, shift(p, mu, -1), shift(p, nu, -1), shift(shift(p, mu, -1), nu, -1));
}

const item = (r: CheckReport, name: string) => {
  const found = r.items.find((i) => i.name === name);
  if (!found) throw new Error(`no item ${name} in\n${r}`);
  return found;
};
const strict = { rotations: true, reflections: true, chargeConjugation: true };
const failed = (r: CheckReport): string[] => r.items.filter((i) => i.status === "fail").map((i) => i.name);

const groups: Readonly<Record<number, Group>> = { 1: U1, 2: SU(2), 3: SU(3) };

describe.each([[[4, 4], 1], [[3, 5], 3], [[4, 3, 3], 2], [[3, 2, 4], 1], [[2, 2, 2, 2], 2], [[3, 3, 2, 2], 3]] as const)("hot fields on %s, N = %d", (extents, N) => {
  const U = hot(lattice(extents), groups[N]!, { seed: 11 });
  test("actions pass", () => {
    for (const S of [gaugeAction.symanzik({ beta: 3.1 }), gaugeAction.wilson({ beta: 1.7 }).after(chain(stout(0.08), stout(-0.05)))]) {
      const r = check(S, U, { expect: strict });
      expect(failed(r), String(r)).toEqual([]);
      expect(r.passed).toBe(true);
      expect(item(r, "gradient").order ?? 4).toBeGreaterThan(3.5);
    }
  });
  test("layers pass", () => {
    for (const f of [stout(), gated]) {
      const r = check(f, U, { seed: 5, expect: strict });
      expect(failed(r), String(r)).toEqual([]);
    }
  });
});

describe("beyond the plain cases", () => {
  const geo = lattice([3, 4, 2]);
  test("a projected layer near the unit field, and one with kinks", () => {
    const U = nearUnit(geo, SU(3), { seed: 2, width: 0.3 });
    const ape = layer({ name: "projected", params: { a: real(0.3) }, forward: (V, { a }) => V.map((mu) => projectSU(add(V[mu]!, scale(a, staples(V, mu))))) });
    const kinked = layer({
      name: "relu", params: { rho: real(0.1) },
      forward: (V, { rho }) => {
        const excess = sub(scaleBy(1 / V.N, corners(V, 0, 1)), constantReal(V[0]!.tape, "threshold", () => 0.1));
        return V.map((mu) => mul(exp(ta(scale(rho, scale(relu(add(excess, shift(excess, mu))), mul(staples(V, mu), adj(V[mu]!)))))), V[mu]!));
      },
    });
    expect(failed(check(ape, U, { expect: strict }))).toEqual([]);
    const r = check(kinked, hot(geo, SU(3), { seed: 2 }), { expect: { ...strict, rotations: false } });
    expect(failed(r), String(r)).toEqual([]);
    expect(r.items.filter((i) => i.status === "accepted").length).toBeGreaterThan(0);
  });
  test("six layers: the tolerance follows the rounding noise", () => {
    const U = hot(lattice([3, 4]), SU(2), { seed: 9 });
    const r = check(gaugeAction.iwasaki({ beta: 2 }).after(chain(...Array.from({ length: 6 }, () => stout(0.1)))), U);
    expect(failed(r), String(r)).toEqual([]);
    expect(item(r, "gradient").tolerance! / Math.abs(item(r, "gradient").value!)).toBeLessThan(1e-6);
  });
  test("general N", () => expect(failed(check(gaugeAction.wilson({ beta: 5 }).after(stout()), hot(lattice([2, 3]), SU(4), { seed: 6 })))).toEqual([]));
});

describe("what a check is told, and what it sees for itself", () => {
  const U = hot(lattice([4, 4]), SU(2), { seed: 3 });
  const frozen = layer({
    name: "frozen", params: { rho: real(0.1), w: [real(0.3), real(0.2)] },
    forward: (V, { rho, w }) => V.map((mu) => mul(exp(ta(scale(add(detach(rho), w[0]!, detach(w[1]!)), mul(staples(V, mu), adj(V[mu]!))))), V[mu]!)),
  });

  test("frozen parameters", () => {
    expect(failed(check(frozen, U))).toEqual(["parameter gradient", "second order"]);
    const r = check(frozen, U, { frozen: ["rho", "w[1]"] });
    expect(failed(r), String(r)).toEqual([]);
    expect(item(r, "parameter gradient")).toMatchObject({ status: "pass", where: "w[0]" });
    expect(item(check(frozen, U, { frozen: ["rho", "w"] }), "parameter gradient")).toMatchObject({ status: "fail", note: expect.stringContaining("declared as frozen, and has a derivative") });
    const all = layer({ name: "all frozen", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => mul(exp(ta(scale(detach(rho), mul(staples(V, mu), adj(V[mu]!))))), V[mu]!)) });
    expect(item(check(all, U, { frozen: ["rho"] }), "parameter gradient").status).toBe("skipped");
    expect(() => check(frozen, U, { frozen: ["beta"] })).toThrow('check: got the frozen parameter "beta", expected one of rho, w[0], w[1]');
  });

  test("numbers that are none are named", () => {
    const r = check({ ...frozen, parameters: { rho: Number.NaN, w: [0.3, Infinity] } }, U);
    expect(r.passed).toBe(false);
    expect(r.items.map((i) => i.name)).toEqual(["inputs"]);
    expect(String(r)).toContain("rho is NaN, w[1] is Infinity");
    const V = U.clone();
    V.set([0, 1].map((mu) => V.toArray(mu).fill(Number.NaN, 17, mu === 1 ? 18 : 17)));
    expect(item(check(frozen, V), "inputs").note).toContain("the link field along t is NaN in component 17");
  });

  test("pseudofermions: derivatives are as good as the solves behind them", () => {
    const geo = lattice([4, 4, 4, 4]);
    const V = hot(geo, SU(3), { seed: 0 });
    const f = pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: SU(3), flavours: 4 });
    f.refresh(V, 0, randomStream(3));
    const r = check(f, V, { seed: 0 });
    expect(failed(r), String(r)).toEqual([]);
    const mass = item(r, "parameter gradient");
    expect(mass.toleranceFrom).toContain("64 x solver tolerance 1.0e-12");
    expect(mass.tolerance! / Math.abs(mass.value!)).toBeLessThan(1e-9);
    // the wrong power of the mass in the derivative would be seen
    expect(item(r, "gradient").tolerance! / Math.abs(item(r, "gradient").value!)).toBeLessThan(1e-6);
  });
});
