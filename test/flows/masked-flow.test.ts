/** The flow in half steps: its log det against the determinant of the whole Jacobian, its inverse, its gradient, and the Wilson flow that it tends to. */
import { describe, expect, test } from "vitest";
import { type LinkField, type Links, Plan } from "../../src/autograd/index.ts";
import { check, jacobianLogDet } from "../../src/check/index.ts";
import { closedFormLinks, gaugeAction, gaugeTransform, groupOf, hot, lattice, randomGaugeTransformation } from "../../src/gauge/index.ts";
import { type Bijection, type FlowCoefficients, type OperatorName, actionFlow, casimir, operatorsOf, trivialisingAction } from "../../src/flows/index.ts";
import { MaskedFlow } from "../../src/flows/action-flow.ts";
import { coloursOf } from "../../src/flows/colours.ts";

const close = (a: number, b: number, tolerance: number): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);
const ALL: readonly OperatorName[] = operatorsOf(99);
/** Coefficients without any symmetry, of all eight operators whether they are independent or not. */
const wild = (N: number, size: number, names = ALL): FlowCoefficients => Object.fromEntries(names.map((name, k) => [name, [size * Math.sin(k + N + 1), size * Math.cos(2 * k + N)]])) as FlowCoefficients;

describe("log det is that of the whole Jacobian", () => {
  const rows: readonly (readonly [N: number, extents: readonly number[], size: number, steps: number])[] = [[1, [4, 4], 0.06, 2], [1, [3, 5], 0.03, 1], [2, [3, 3], 0.03, 1], [1, [3, 3, 3], 0.02, 1]];
  test.each(rows)("N = %i on %j", (N, extents, size, steps) => {
    const V = hot(lattice(extents), groupOf(N), { seed: 5 }) as LinkField;
    const F = actionFlow({ coefficients: wild(N, size), steps });
    const claimed = F.logDet(V);
    expect(Math.abs(claimed)).toBeGreaterThan(0.1);
    close(claimed, jacobianLogDet((W) => F.apply(W), V), 1e-9);
    // the recording of the whole is the same map
    if (extents.length === 2 && N === 1 && steps === 2) {
      const G = actionFlow({ coefficients: { plaquette: [0.1, 0.2], crossed: [0, 0.05] }, steps: 1 });
      const plan = new Plan(((W: Links, p: never) => G.forward(W, p).logDet) as never, [V, G.parameters] as readonly unknown[]);
      close(plan.run(V, G.parameters) as never, G.logDet(V), 1e-12);
    }
  });
  // every operator alone: none hides behind another; N = 3 and 4
  test.each([...ALL.map((name) => ({ N: 2, names: [name] })), { N: 3, names: ALL }, { N: 4, names: ALL }])("$names, N = $N", ({ N, names }) => {
    const V = hot(lattice([3, 3]), groupOf(N), { seed: 6 }) as LinkField;
    const half = actionFlow({ coefficients: wild(N, N === 2 ? 0.1 : 0.03 / N, names), steps: 1 }).stepsOn(V.lattice)[10]!;
    const { logDet } = half.image(V);
    // D D^+ does not depend on the link itself
    expect(Math.abs(logDet)).toBeGreaterThan(1e-3);
    close(logDet, jacobianLogDet((W) => half.image(W).links, V), 1e-8);
  });
});

test("links of a colour do not see each other; four colours where extents are multiples of 4", () => {
  for (const extents of [[8, 8], [4, 12]]) for (const mu of [0, 1]) expect(coloursOf(lattice(extents), mu).count).toBe(4);
  const L = lattice([4, 4]);
  const report = check(actionFlow({ coefficients: wild(1, 0.04), steps: 1 }).stepsOn(L)[5]! as Bijection, hot(L, groupOf(1), { seed: 1 }) as LinkField);
  expect(report.passed, String(report)).toBe(true);
  for (const name of ["log det on", "active links", "round trip", "sign"]) expect(report.items.find((i) => i.name.startsWith(name))!.status, name).toBe("pass");
});

test("round trip in three dimensions, log det is gauge invariant", () => {
  const V = hot(lattice([3, 4, 3]), groupOf(2), { seed: 2 }) as LinkField;
  const F = actionFlow({ coefficients: trivialisingAction({ beta: 1, N: 2 }), steps: 1 });
  const back = F.inverse(F.apply(V));
  V.fields.forEach((f, mu) => f.toArray().forEach((x, i) => expect(Math.abs(x - back.toArray(mu)[i]!)).toBeLessThan(1e-12)));
  close(F.logDet(gaugeTransform(V, randomGaugeTransformation(V.lattice, 2, { seed: 4 })) as LinkField), F.logDet(V), 1e-12);
});

test("the Wilson flow of T = 0.1: first order in the step, to the value of the continuum", () => {
  const rows = [[1, [4, 4], -4.86708924037], [2, [4, 3], -12.81656514401], [3, [3, 3], -23.95272305431]] as const;
  for (const [N, extents, continuum] of rows) {
    const V = closedFormLinks(lattice(extents), N, 0.8) as LinkField;
    const coefficients = trivialisingAction({ beta: 0.1 * (N === 1 ? 4 : 8 * N * casimir(N)), N, order: 0 });
    const error = (steps: number): number => actionFlow({ coefficients, steps }).logDet(V) - continuum;
    const [coarse, fine] = [error(16), error(32)];
    expect(coarse / fine).toBeGreaterThan(1.8);
    expect(coarse / fine).toBeLessThan(2.2);
    expect(Math.abs(2 * fine - coarse)).toBeLessThan(2e-3 * Math.abs(continuum));
  }
});

test("gradient of S(F(V)) - log det with respect to the coefficients", () => {
  for (const [N, extents] of [[1, [4, 4]], [3, [3, 3]]] as const) {
    const V = hot(lattice(extents), groupOf(N), { seed: 3 }) as LinkField;
    const S = gaugeAction.wilson({ beta: 1.3 });
    const c = wild(N, 0.04 / N, operatorsOf(N));
    const flow = new MaskedFlow(2);
    const { loss, gradient } = flow.gradient(V, c, S);
    const F = actionFlow({ coefficients: c, steps: 2 });
    const at = (x: number): number => {
      const { links, logDet } = F.with({ coefficients: { ...c, ...(c.pair && { pair: c.pair.map((y, k) => y + x * (k + 1)) }), crossed: c.crossed!.map((y, k) => y - x * (k - 2)) } as FlowCoefficients }).image(V);
      return S.value(links) - logDet;
    };
    close(loss, at(0), 1e-12);
    const numeric = (8 * (at(5e-5) - at(-5e-5)) - (at(1e-4) - at(-1e-4))) / 6e-4;
    close((gradient.pair ? gradient.pair[0]! + 2 * gradient.pair[1]! : 0) + 2 * gradient.crossed![0]! + gradient.crossed![1]!, numeric, 1e-8);
  }
});
