/** Molecular dynamics against the table of PHYSICS 3.6 (no random numbers), orders of the integrators, reversibility, nesting. */
import { describe, expect, test } from "vitest";
import type { AlgebraField, LinkField } from "../../src/autograd/index.ts";
import { type Action, closedFormLinks, directionField, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { type IntegratorName, drift, integrate, integrateLevels, integrators, kick, kineticEnergy, schedule } from "../../src/samplers/index.ts";
import { halved, plaquetteOf } from "./helpers.ts";

interface System {
  U: LinkField;
  P: AlgebraField;
  S: Action;
}

function system(extents: number[], N: number, beta: number): System {
  const geo = lattice(extents);
  return { U: closedFormLinks(geo, N, 0.8), P: halved(directionField(geo, N)), S: gaugeAction.wilson({ beta }) };
}

/** dH and K at the end of a trajectory of length 0.2 from fresh copies of the fields. */
function run({ U, P, S }: System, integrator: IntegratorName, steps: number, length = 0.2): { dH: number; K: number; plaquette: number } {
  const [V, Q] = [U.clone(), P.clone()];
  const before = kineticEnergy(Q) + S.value(V);
  integrate(S, V, Q, { integrator, steps, length });
  const K = kineticEnergy(Q);
  return { dH: K + S.value(V) - before, K, plaquette: plaquetteOf(V) };
}

const K2 = system([4, 4, 4, 4], 2, 2.2);
const K3 = system([4, 6, 4, 8], 3, 5.7);

describe("PHYSICS 3.6 table, K2 and K3", () => {
  // the table has ten digits of dH; a difference of numbers of size H carries 1e-13 H
  const cases: { name: string; s: System; K0: number; S0: number; K1: number; plaq1: number; K1omelyan: number; dH: [IntegratorName, number, number][] }[] = [
    {
      name: "K2, beta 2.2",
      s: K2,
      K0: 149.37967289483,
      S0: 493.301342842279,
      K1: 80.5315638957225,
      plaq1: 0.833648007861686,
      K1omelyan: 80.5305887526189,
      dH: [["leapfrogQPQ", 10, -0.01280000759], ["leapfrogQPQ", 20, -0.003200456756], ["leapfrogPQP", 10, 0.01291800926], ["leapfrogPQP", 20, 0.003228867601], ["omelyan", 10, 0.0001423549131], ["omelyan", 20, 3.561173105e-5]],
    },
    {
      name: "K3, beta 5.7",
      s: K3,
      K0: 1240.8125665919,
      S0: 6576.75852554761,
      K1: 885.769358712212,
      plaq1: 0.736088282674,
      K1omelyan: 885.529726776534,
      dH: [["leapfrogQPQ", 10, -0.002130829504], ["leapfrogQPQ", 20, -0.0005659043418], ["leapfrogPQP", 10, -0.000353887438], ["leapfrogPQP", 20, -9.908327775e-5], ["omelyan", 10, -0.0003797370255], ["omelyan", 20, -9.556963596e-5]],
    },
  ];
  for (const c of cases) {
    test(`${c.name}: start`, () => {
      expect(Math.abs(kineticEnergy(c.s.P) / c.K0 - 1)).toBeLessThan(1e-13);
      expect(Math.abs(c.s.S.value(c.s.U) / c.S0 - 1)).toBeLessThan(1e-13);
    });
    for (const [integrator, steps, dH] of c.dH)
      test(`${c.name}: ${integrator}, ${steps} steps`, () => {
        const r = run(c.s, integrator, steps);
        expect(Math.abs(r.dH - dH)).toBeLessThan(1e-9 * Math.abs(dH) + 1e-14 * (c.K0 + c.S0));
        if (integrator === "leapfrogQPQ" && steps === 10) {
          expect(Math.abs(r.K / c.K1 - 1)).toBeLessThan(1e-12);
          expect(Math.abs(r.plaquette / c.plaq1 - 1)).toBeLessThan(2e-12);
        }
        if (integrator === "omelyan" && steps === 20) expect(Math.abs(r.K / c.K1omelyan - 1)).toBeLessThan(1e-12);
      });
  }
});

describe("integrators", () => {
  const small = system([4, 4], 2, 2);
  for (const name of Object.keys(integrators) as IntegratorName[])
    test(`${name}: the error of H has the stated order, fractions add up to one step`, () => {
      const { order, stages } = integrators[name];
      for (const kind of ["kick", "drift"]) expect(stages.filter((s) => s[0] === kind).reduce((t, s) => t + s[1], 0)).toBeCloseTo(1, 14);
      const steps = order === 4 ? 8 : 32;
      const [coarse, fine] = [run(small, name, steps, 1), run(small, name, 2 * steps, 1)];
      expect(Math.abs(Math.log2(coarse.dH / fine.dH) - order)).toBeLessThan(0.1);
    });

  for (const name of Object.keys(integrators) as IntegratorName[])
    test(`${name}: reversible to rounding`, () => {
      const [V, Q] = [K2.U.clone(), K2.P.clone()];
      const options = { integrator: name, steps: 10, length: 1 } as const;
      integrate(K2.S, V, Q, options);
      kick(Q, Q, 2);
      integrate(K2.S, V, Q, options);
      let worst = 0;
      for (let mu = 0; mu < 4; mu++) {
        const [a, b] = [V.toArray(mu), K2.U.toArray(mu)];
        a.forEach((x, i) => (worst = Math.max(worst, Math.abs(x - b[i]!))));
        const [p, q] = [Q.toArray(mu), K2.P.toArray(mu)];
        p.forEach((x, i) => (worst = Math.max(worst, Math.abs(x + q[i]!))));
      }
      expect(worst).toBeLessThan(1e-10);
      expect(worst).toBeGreaterThan(0);
    });

  test("a drift is exp(eps P) U and a kick is P - eps F: checked on one U(1) link", () => {
    const { U, P, S } = system([4, 4], 1, 1.3);
    const [V, Q] = [U.clone(), P.clone()];
    drift(V, Q, 0.37);
    const [u, v, p] = [U.toArray(1), V.toArray(1), P.toArray(1)];
    for (let n = 0; n < 16; n++) expect(Math.atan2(v[2 * n + 1]!, v[2 * n]!) - Math.atan2(u[2 * n + 1]!, u[2 * n]!)).toBeCloseTo(0.37 * p[2 * n + 1]!, 13);
    const F = S.force(U);
    kick(Q, F, 0.21);
    Q.toArray(0).forEach((q, i) => expect(q).toBeCloseTo(P.toArray(0)[i]! - 0.21 * F.toArray(0)[i]!, 14));
  });
});

describe("nested time scales", () => {
  test("schedule of PQP over two levels", () => {
    const moves = schedule([{ integrator: "leapfrogPQP", steps: 1 }, { integrator: "leapfrogPQP", steps: 2 }], 1);
    expect(moves).toEqual([
      { kind: "kick", level: 0, time: 0.5 },
      { kind: "kick", level: 1, time: 0.25 },
      { kind: "drift", time: 0.5 },
      { kind: "kick", level: 1, time: 0.5 },
      { kind: "drift", time: 0.5 },
      { kind: "kick", level: 1, time: 0.25 },
      { kind: "kick", level: 0, time: 0.5 },
    ]);
  });

  test("neighbouring moves are merged: n steps of leapfrog cost n or n + 1 forces", () => {
    const kicks = (integrator: IntegratorName, steps: number): number => schedule([{ integrator, steps }], 1).filter((m) => m.kind === "kick").length;
    expect(kicks("leapfrogQPQ", 10)).toBe(10);
    expect(kicks("leapfrogPQP", 10)).toBe(11);
    expect(kicks("omelyan", 10)).toBe(21);
    expect(kicks("omf4", 10)).toBe(51);
    expect(schedule([{ integrator: "leapfrogPQP", steps: 4 }, { integrator: "omelyan", steps: 3 }], 1).filter((m) => m.kind === "kick" && m.level === 0)).toHaveLength(5);
  });

  test("an action split over two levels with equal step sizes is the action on one level", () => {
    const { U, P } = system([4, 4], 3, 6);
    const one = { U: U.clone(), P: P.clone() };
    const two = { U: U.clone(), P: P.clone() };
    integrate(gaugeAction.wilson({ beta: 6 }), one.U, one.P, { integrator: "leapfrogPQP", steps: 8, length: 0.8 });
    const part = (beta: number) => ({ action: gaugeAction.wilson({ beta }), integrator: "leapfrogPQP" as const });
    integrateLevels([{ ...part(2), steps: 8 }, { ...part(4), steps: 1 }], two.U, two.P, 0.8);
    one.U.toArray(0).forEach((x, i) => expect(Math.abs(x - two.U.toArray(0)[i]!)).toBeLessThan(1e-13));
  });

  test("error of H of a nested integration is of second order", () => {
    const { U, P } = system([4, 4], 2, 2);
    const S = [gaugeAction.wilson({ beta: 0.5 }), gaugeAction.wilson({ beta: 1.5 })];
    const dH = (steps: number): number => {
      const [V, Q] = [U.clone(), P.clone()];
      const H = (): number => kineticEnergy(Q) + S[0]!.value(V) + S[1]!.value(V);
      const before = H();
      integrateLevels([{ action: S[0]!, integrator: "omelyan", steps }, { action: S[1]!, integrator: "leapfrogQPQ", steps: 3 }], V, Q, 1);
      return H() - before;
    };
    expect(Math.abs(Math.log2(dH(12) / dH(24)) - 2)).toBeLessThan(0.1);
  });

  test("steps and lengths out of range are refused", () => {
    expect(() => schedule([{ integrator: "omelyan", steps: 0 }], 1)).toThrow(/steps = 0/);
    expect(() => schedule([{ integrator: "omelyan", steps: 1.5 }], 1)).toThrow(/positive integer/);
    expect(() => schedule([{ integrator: "omelyan", steps: 1 }], Number.NaN)).toThrow(/length/);
    expect(() => schedule([], 1)).toThrow(/level/);
    expect(() => schedule([{ integrator: "euler" as IntegratorName, steps: 1 }], 1)).toThrow(/euler/);
  });
});
