/** Loop operators, their Laplacians, flows along them: against numbers of independent programs. */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type LinkField, type Links, Plan, type Scalar, grad } from "../../src/autograd/index.ts";
import { jacobian, logDet } from "../../src/check/jacobian.ts";
import { SU, U1, closedFormLinks, gaugeAction, groupOf, hot, lattice } from "../../src/gauge/index.ts";
import { type OperatorName, actionFlow, casimir, laplacianOf, operatorValues, operatorsOf, trivialisingAction } from "../../src/flows/index.ts";
import { descent } from "../../src/flows/loop-gradient.ts";
import { actionOf } from "../../src/flows/masked-action-flow.ts";
import { inner } from "./helpers.ts";

const close = (a: number, b: number, tolerance = 1e-11): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);
const values = (U: LinkField): Record<OperatorName, number> => new Plan(((V: Links) => operatorValues(V)) as never, [U]).run(U) as never;
const field = (N: number, extents: readonly number[], kappa = 0.8): LinkField => closedFormLinks(lattice(extents), N, kappa) as LinkField;

test.each([[1, [4, 3], 8.635825908287, 9.607069195097], [2, [4, 3], 20.725761094161, 32.65735340629], [3, [3, 3], 21.299829741319, 29.888758044382]] as const)("plaquettes and rectangles, N = %i on %j", (N, extents, plaq, rect) => {
  const W = values(field(N, extents));
  close(W.plaquette, plaq);
  close(W.bent, 2 * rect);
});

test.each([[2, 0.7, 147.054630183419, 257.084127511788, 538.497829730532], [3, 0.6, 214.428039836092, 365.197288319445, 775.158630046322]] as const)("three dimensions, N = %i", (N, kappa, plaq, rect, chairs) => {
  const W = values(field(N, [3, 3, 3], kappa));
  close(W.plaquette, plaq);
  close(W.bent, 2 * (rect + chairs));
});

test("Laplacians of one plaquette's operators, SU(3) on 3x3", () => {
  const W = values(field(3, [3, 3]));
  close(W.modulus, 52.509408247511);
  close(W.square, 52.437574408212);
  close(W.double, 9.837914925573);
  const laplacian = (name: OperatorName): number => {
    const { of, constant } = laplacianOf(name, 3);
    return 9 * constant + Object.entries(of).reduce((s, [k, f]) => s + f * W[k as OperatorName], 0);
  };
  close(laplacian("modulus"), -522.1128989701);
  close(laplacian("square"), -528.7690208456);
  close(laplacian("double"), -301.5708369382);
});

/** Lap S~1 = (1/(4 C_F)) [sum (dS)^2 - its Haar average]. */
test.each([[1, [4, 4]], [2, [4, 3]], [3, [3, 3]], [4, [3, 3]], [2, [3, 3, 3]], [3, [3, 3, 4]], [3, [3, 3, 3, 3]]] as const)("the action of order t, N = %i on %j", (N, extents) => {
  const U = hot(lattice(extents), groupOf(N), { seed: 7 }) as LinkField;
  const beta = 1.7;
  const c = trivialisingAction({ beta, N, order: 1 });
  const W = values(U);
  const plaquettes = (U.lattice.volume * extents.length * (extents.length - 1)) / 2;
  const atOne = (Object.entries(c) as [OperatorName, readonly number[]][]).reduce((s, [name, [at0, at1]]) => {
    const { of, constant } = laplacianOf(name, N);
    return s + (at1! - at0!) * (plaquettes * constant + Object.entries(of).reduce((x, [k, f]) => x + f * W[k as OperatorName], 0));
  }, 0);
  const F = gaugeAction.wilson({ beta }).force(U) as AlgebraField;
  const C = casimir(N);
  const kappa = N === 1 ? 1 / 2 : N === 2 ? 3 / 4 : C / 2;
  close(atOne, (inner(F, F) - (beta / N) ** 2 * 4 * plaquettes * kappa) / (4 * C), 1e-10);
});

describe("Runge-Kutta steps of the Wilson flow to T = 0.1", () => {
  type Row = readonly [N: number, extents: readonly number[], steps: number, exact: number, quadrature: number];
  const rows: readonly Row[] = [
    [1, [4, 4], 1, -4.8904372761, -4.8669647261], [1, [4, 4], 4, -4.8673474066, -4.8670858012], [2, [4, 3], 1, -12.9225240569, -12.8144745043], [2, [4, 3], 2, -12.8269486272, -12.8163115902],
    [3, [3, 3], 1, -24.0862291003, -23.9494145282], [3, [3, 3], 4, -23.9542335876, -23.9526652947],
  ];
  test.each(rows.map((row) => ({ row })))("$row", ({ row: [N, extents, steps, exact, quadrature] }) => {
    const V = field(N, extents);
    const beta = 0.1 * (N === 1 ? 4 : 8 * N * casimir(N));
    const F = actionFlow({ coefficients: trivialisingAction({ beta, N, order: 0 }), steps, scheme: "runge-kutta" });
    close(F.logDet(V), quadrature, 1e-10);
    const J = jacobian((W) => F.image(W).links, V);
    close(logDet(J.sixth, J.size).value, exact, 1e-9);
  });
});

describe("log weights of Haar-distributed V", () => {
  const rows: readonly (readonly [name: string, N: number, beta: number, order: 0 | 1, sd: number])[] = [
    ["U(1)", 1, 0.5, 0, 0.462], ["U(1)", 1, 1, 1, 0.625], ["SU(2)", 2, 1, 1, 0.089], ["SU(3)", 3, 2, 1, 0.0589],
  ];
  test.each(rows)("%s, N = %i, beta = %f, order %i", (_name, N, beta, order, sd) => {
    const L = lattice([8, 8]);
    const F = actionFlow({ coefficients: trivialisingAction({ beta, N, order }), steps: 6, scheme: "runge-kutta" });
    const S = gaugeAction.wilson({ beta });
    const n = 200;
    const w = Array.from({ length: n }, (_, k) => {
      const { links, logDet: d } = F.image(hot(L, N === 1 ? U1 : SU(N), { seed: 3, stream: k }) as LinkField);
      return d - S.value(links);
    });
    const mean = w.reduce((a, b) => a + b, 0) / n;
    const found = Math.sqrt(w.reduce((s, x) => s + (x - mean) ** 2, 0) / (n - 1));
    expect(Math.abs(found / sd - 1)).toBeLessThan(4 / Math.sqrt(2 * n) + 0.02);
  });
  test("independent operators", () => {
    expect(operatorsOf(3)).toHaveLength(7);
  });
});

test("gradients with respect to the coefficients", () => {
  const U = field(3, [3, 3]);
  const c = trivialisingAction({ beta: 2, N: 3 });
  const F = actionFlow({ coefficients: c, steps: 2, scheme: "runge-kutta" });
  const d = (x: number): number => F.with({ coefficients: { ...c, pair: [c.pair![0]!, c.pair![1]! + x] } }).logDet(U);
  const numeric = (8 * (d(5e-4) - d(-5e-4)) - (d(1e-3) - d(-1e-3))) / 6e-3;
  const plan = new Plan(((V: Links, p: never) => gradOf(F, V, p)) as never, [U, F.parameters]);
  const { coefficients } = plan.run(U, F.parameters) as never as { coefficients: Record<string, number[]> };
  close(coefficients["pair"]![1]!, numeric, 1e-8);
});

test("a step keeps its links for the reverse pass, and what lies between is computed again", () => {
  const U = field(3, [3, 3]);
  const kept = (steps: number): number => {
    const F = actionFlow({ coefficients: trivialisingAction({ beta: 2, N: 3 }), steps, scheme: "runge-kutta" });
    return new Plan(((V: Links, p: never) => gradOf(F, V, p)) as never, [U, F.parameters]).peakFields;
  };
  // without checkpoints 21 link fields a step
  expect(kept(5) - kept(3)).toBeLessThan(2 * 4);
});

const gradOf = (F: ReturnType<typeof actionFlow>, V: Links, p: never): unknown => grad((q: never): Scalar => F.forward(V, q).logDet)(p);

/** What the reverse pass of the operators gives, and their values. */
test.each([[1, [4, 3], 2], [3, [3, 4], 7], [3, [3, 4], 8], [2, [3, 3, 4], 8]] as const)("the gradient that is written out, N = %i on %j, %i operators", (N, extents, count) => {
  const U = field(N, extents);
  const names: readonly OperatorName[] = (["plaquette", "bent", "square", "modulus", "pair", "antipair", "crossed", "double"] as const).slice(0, count);
  const c = Object.fromEntries(names.map((name, k) => [name, 0.3 - 0.11 * k]));
  const plan = new Plan(((V: Links, x: never) => {
    const { algebra, values } = descent(V, x);
    return { algebra, values: values(), expected: grad((W: Links) => actionOf(W, x))(V), direct: operatorValues(V) };
  }) as never, [U, c]);
  const found = plan.run(U, c) as never as { algebra: AlgebraField; expected: AlgebraField; values: Record<OperatorName, number>; direct: Record<OperatorName, number> };
  for (const [k, F] of found.expected.fields.entries()) {
    const [a, b] = [found.algebra.fields[k]!.toArray(), F.toArray()];
    expect(b.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeGreaterThan(0.1);
    expect(b.reduce((most, x, n) => Math.max(most, Math.abs(x + a[n]!)), 0)).toBeLessThan(1e-12);
  }
  for (const name of Object.keys(found.direct) as OperatorName[]) close(found.values[name], found.direct[name]);
});
