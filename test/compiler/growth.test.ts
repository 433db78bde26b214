/** Programs of thousands of weights and of many layers: they compile, with work in proportion to their size, and their derivatives are right. */
import { describe, expect, test } from "vitest";
import { type LinkField, type Links, type Real, type Scalar, SU, add, adj, chain, exp, gaugeAction, hot, lattice, layer, mul, plaquette, reTrace, real, record, scale, scaleBy, shift, staples, stout, ta, tanh, valueAndGrad } from "gaugegrad";
import type { Program } from "../../src/autograd/index.ts";
import { lower } from "../../src/compiler/lower.ts";

const total = <T extends Real>(terms: readonly T[]): T => add(terms[0]!, ...(terms.slice(1) as never[])) as T;

/** Stout steps whose size is a network 4 -> h -> h -> 1 of the four plaquettes at each site: h (h + 5) weights. */
function gated(h: number) {
  const matrix = (rows: number, columns: number) => Array.from({ length: rows }, (_r, i) => Array.from({ length: columns }, (_c, j) => real(0.2 * Math.sin(1 + 7 * i + 3 * j))));
  const forward = (U: Links, w: { first: readonly (readonly Scalar[])[]; second: readonly (readonly Scalar[])[]; last: readonly Scalar[] }): Links => {
    const p = scaleBy(1 / U.N, reTrace(plaquette(U, 0, 1)));
    const around = [p, shift(p, 0, -1), shift(p, 1, -1), shift(shift(p, 0, -1), 1, -1)];
    const dense = (rows: readonly (readonly Scalar[])[], x: readonly Real[]): Real[] => rows.map((row) => tanh(total(row.map((c, j) => scale(c, x[j]!)))));
    const gate = total(dense(w.second, dense(w.first, around)).map((x, j) => scale(w.last[j]!, x)));
    return U.map((mu) => mul(exp(ta(scale(gate, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  };
  return layer({ name: "gated", params: { first: matrix(h, 4), second: matrix(h, h), last: matrix(1, h)[0]! }, forward: forward as never });
}

describe("a network of scalar weights", () => {
  const L = lattice([4, 4], { backend: "wasm" });
  const U = hot(L, SU(2), { seed: 1 });

  test("4416 of them compile, and the gradient is the slope of the value", () => {
    const S = gaugeAction.wilson({ beta: 2 }).after(gated(64) as never) as unknown as {
      inputs: { action: unknown; layer: { first: number[][]; second: number[][]; last: number[] } };
      with(x: unknown): { value(U: unknown): number };
      parameterGradient(U: unknown): { gradient: { layer: { first: number[][]; second: number[][]; last: number[] } } };
    };
    const { gradient } = S.parameterGradient(U);
    expect([gradient.layer.first, gradient.layer.second, gradient.layer.last].flat(2)).toHaveLength(4416);
    const { first, second, last } = S.inputs.layer;
    const at = (e: number): number =>
      S.with({ ...S.inputs, layer: { first: first.map((r, i) => r.map((x, j) => (i === 5 && j === 2 ? x + e : x))), second: second.map((r, i) => r.map((x, j) => (i === 63 && j === 17 ? x + 2 * e : x))), last: last.map((x, j) => (j === 40 ? x - e : x)) } }).value(U);
    const e = 1e-2;
    const slope = (8 * (at(e) - at(-e)) - (at(2 * e) - at(-2 * e))) / (12 * e);
    const exact = gradient.layer.first[5]![2]! + 2 * gradient.layer.second[63]![17]! - gradient.layer.last[40]!;
    expect(Math.abs(exact)).toBeGreaterThan(1e-3);
    expect(Math.abs(slope / exact - 1)).toBeLessThan(1e-5);
  });

  test("nodes, instructions and memory are in proportion to the weights", () => {
    const size = (h: number): number[] => {
      const S = gaugeAction.wilson({ beta: 2 }).after(gated(h) as never);
      const plan = record((V, w) => (valueAndGrad((q: never) => S.evaluate(V as never, q)) as unknown as (w: unknown) => never)(w), U as LinkField, S.inputs as never);
      const instructions = plan.describe().split("\n").filter((line) => line.startsWith("  ")).length;
      return [plan.program.nodes.length, instructions, plan.arenaBytes].map((x) => x / (h * (h + 5)));
    };
    const [small, large] = [size(12), size(36)];
    // 7.2 times as many weights: quadratic growth would give 7.2
    large!.forEach((x, k) => expect(x).toBeLessThan(1.35 * small![k]!));
  });
});

/** How often the compiler looks at a node while it analyses and schedules a program, for each of its nodes and their inputs. */
function looks(program: Program): number {
  let count = 0;
  const nodes = new Proxy(program.nodes, { get: (list, key) => (count++, Reflect.get(list, key) as unknown) });
  lower({ ...program, nodes });
  return count / program.nodes.reduce((sum, n) => sum + 1 + n.inputs.length, 0);
}

describe("the work on a node does not grow with the program", () => {
  const U = hot(lattice([4, 4], { backend: "js" }), SU(2), { seed: 1 }) as LinkField;
  /** Programs of value, force and parameter gradient of the Wilson action behind a layer. */
  const programs = (made: unknown): Program[] => {
    const S = gaugeAction.wilson({ beta: 2 }).after(made as never);
    const [value, force, weights] = [
      record((V) => S.evaluate(V as never, S.inputs as never), U),
      record((V) => valueAndGrad((W: never) => S.evaluate(W, S.inputs as never))(V as never) as never, U),
      record((V, w) => (valueAndGrad((q: never) => S.evaluate(V as never, q)) as unknown as (w: unknown) => never)(w), U, S.inputs as never),
    ];
    return [value.program, force.program, weights.program];
  };
  const compare = (small: Program[], large: Program[], size: number): void =>
    large.forEach((p, k) => {
      // recording and differentiating: at most as many more nodes as there is more of the layer
      expect(p.nodes.length / small[k]!.nodes.length).toBeLessThan(size);
      // one pass more or less than for the small one; passes as deep as the program made this 4 for the layers
      expect(looks(p)).toBeLessThan(1.3 * looks(small[k]!));
    });

  test("from 6 to 24 stout layers", () => {
    const layers = (n: number): Program[] => programs(chain(...Array.from({ length: n }, () => stout({ rho: 0.02 }))));
    compare(layers(6), layers(24), 4.2);
  });

  test("from 204 to 1476 weights", () => {
    compare(programs(gated(12)), programs(gated(36)), 1476 / 204);
  });
});

test("thirty stout layers: value, and the force as its slope", () => {
  const U = hot(lattice([4, 4], { backend: "wasm" }), SU(2), { seed: 1 }) as LinkField;
  const S = gaugeAction.wilson({ beta: 2 }).after(chain(...Array.from({ length: 30 }, () => stout({ rho: 0.02 }))) as never);
  const F = S.force(U as never) as unknown as LinkField;
  const drift = record((V, X, s) => V.map((mu) => mul(exp(scale(s as Scalar, (X as never as Links)[mu]!)), V[mu]!)), U, F as never, 0.1 as never);
  const at = (s: number): number => S.value(drift.fresh(U, F as never, s as never) as never);
  const norm2 = F.fields.reduce((sum, f) => f.toArray().reduce((t, x) => t + 2 * x * x, sum), 0);
  const e = 1e-3;
  expect(Math.abs((8 * (at(e) - at(-e)) - (at(2 * e) - at(-2 * e))) / (12 * e) / norm2 - 1)).toBeLessThan(1e-6);
});

test("long sums without anything to store between their terms", () => {
  const U = hot(lattice([4, 4], { backend: "wasm" }), SU(2), { seed: 1 });
  const p = record((V) => reTrace(plaquette(V, 0, 1)), U).run(U).toArray();
  // every term passes through a function, so that the sum stays a chain
  const long = record((V) => {
    const x = reTrace(plaquette(V, 0, 1));
    return Array.from({ length: 4000 }).reduce((s: Real) => tanh(add(s, x)), x);
  }, U).run(U).toArray();
  const expected = p.map((x) => Array.from({ length: 4000 }).reduce((s: number) => Math.tanh(s + x), x));
  long.forEach((x, n) => expect(Math.abs(x - expected[n]!)).toBeLessThan(1e-12));
});
