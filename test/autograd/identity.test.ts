/** Identity by content: the names of masks, constants and custom ops are labels, and one action is one formula. All numbers are computed site by site here, or known in closed form. */
import { describe, expect, test } from "vitest";
import {
  type Links,
  type Real,
  type Scalar,
  type Vector,
  Field,
  SU,
  action,
  add,
  adj,
  checkpoint,
  customOp,
  dot,
  exp,
  gaugeAction,
  grad,
  hot,
  lattice,
  layer,
  mask,
  mul,
  number,
  plaquette,
  reTrace,
  real,
  realType,
  record,
  scale,
  scaleBy,
  solve,
  square,
  staples,
  sub,
  sum,
  ta,
  vectorType,
  vjp,
} from "gaugegrad";
import { applyOp, constantReal, localOp } from "../../src/autograd/index.ts";
import { evaluate } from "../../src/compiler/interpret/evaluate.ts";

const evenX = (n: readonly number[]): boolean => n[0]! % 2 === 0;
const oddX = (n: readonly number[]): boolean => n[0]! % 2 === 1;

describe.each(["js", "wasm"] as const)("masks and constants on %s", (backend) => {
  const L = lattice([4, 2, 6], { backend });
  const U = hot(L, SU(2), { seed: 5 });
  const loop = (V: Links): Real => scaleBy(1 / 2, reTrace(plaquette(V, 0, 1)));

  test("two masks of one name in one program", () => {
    const p = record(loop, U).run(U).toArray();
    const expected = p.reduce((s, x, n) => s + (evenX(L.coordinates(n)) ? x : -x), 0);
    const S = action({ name: "sublattices", evaluate: (V: Links) => sub(sum(mask(loop(V), "m", evenX)), sum(mask(loop(V), "m", oddX))) });
    expect(Math.abs(expected)).toBeGreaterThan(0.1);
    expect(S.value(U as never)).toBeCloseTo(expected, 12);
  });

  test("two site functions of one name, and one with the name of an op", () => {
    const times = (name: string, c: number) => localOp({ name, infer: (types) => types[0]!, forward: (b, [x]) => [b.mul(b.constant(c), x!(0))] });
    const [double, triple, mul4] = [times("times", 2), times("times", 3), times("mul", 4)];
    const p = record(loop, U).run(U).toArray().reduce((s, x) => s + x, 0);
    const on = (op: typeof double, x: Real): Real => applyOp("times", op, [x]) as Real;
    const f = (V: Links): Scalar => sum(add(on(double, loop(V)), on(triple, square(loop(V))), on(mul4, on(double, loop(V)))));
    const p2 = record(loop, U).run(U).toArray().reduce((s, x) => s + x * x, 0);
    expect(record(f, U).run(U)).toBeCloseTo(2 * p + 3 * p2 + 8 * p, 10);
    const { program } = record(f, U);
    expect(evaluate(program, U.fields.map((x) => x.toArray())).at(-1)![0]).toBeCloseTo(2 * p + 3 * p2 + 8 * p, 10);
    const along = record((V: Links) => vjp(f)(V, number(V[0]!.tape, 1)), U).run(U).toArray(0);
    const reference = record((V: Links) => vjp((W: Links) => sum(add(scaleBy(10, loop(W)), scaleBy(3, square(loop(W))))))(V, number(V[0]!.tape, 1)), U).run(U).toArray(0);
    expect(Math.max(...along.map((x, k) => Math.abs(x - reference[k]!)))).toBeLessThan(1e-12);
  });

  test("equal data are one constant, whatever their names", () => {
    const { program } = record((V) => [mask(loop(V), "a", evenX), mask(loop(V), "b", evenX), mask(loop(V), "a", oddX)], U);
    expect(program.nodes.filter((n) => n.op.name === "constant")).toHaveLength(2);
    expect(program.outputs[0]).toBe(program.outputs[1]);
    expect(program.outputs[2]).not.toBe(program.outputs[0]);
  });

  test("layers of different authors that give their masks one name", () => {
    const half = (keep: (n: readonly number[]) => boolean) =>
      layer({ name: "half", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => mul(exp(mask(ta(scale(rho, mul(staples(V, mu), adj(V[mu]!)))), "half", keep)), V[mu]!)) });
    const moved = (keep: (n: readonly number[]) => boolean): boolean[] => {
      const [before, after] = [U.fields[0]!.toArray(), half(keep).apply(U as never).fields[0]!.toArray()];
      return Array.from({ length: L.volume }, (_, n) => before.subarray(8 * n, 8 * n + 8).some((x, c) => Math.abs(x - after[8 * n + c]!) > 1e-6));
    };
    expect(moved(evenX)).toEqual(Array.from({ length: L.volume }, (_, n) => evenX(L.coordinates(n))));
    expect(moved(oddX)).toEqual(Array.from({ length: L.volume }, (_, n) => oddX(L.coordinates(n))));
  });

  test("operators of solves, whose kernels are kept for the lattice", () => {
    const b = new Field(L, vectorType(L, 2)).set(Float64Array.from({ length: 4 * L.volume }, (_, k) => Math.sin(k + 1)));
    // (2 + m) x = b has the solution b / (2 + m) at every site
    for (const [keep, size] of [[evenX, 1], [oddX, 1], [oddX, 7]] as const) {
      const x = record((v: Vector) => solve((y: Vector) => add(scaleBy(2, y), scale(constantReal(y.tape, "m", (n) => (keep(L.coordinates(n)) ? size : 0)), y)), v), b).run(b).toArray();
      const given = b.toArray();
      x.forEach((value, k) => expect(Math.abs(value - given[k]! / (keep(L.coordinates(Math.floor(k / 4))) ? 2 + size : 2))).toBeLessThan(1e-11));
    }
  });
});

describe("custom ops of one name", () => {
  const L = lattice([2, 2]);
  const r = new Field(L, realType()).set(Float64Array.of(1, 2, 3, 4));

  test("keep their own rules", () => {
    const own = (k: number) => customOp<[Real], Real>("own", (x) => square(x), (_x, _y, c) => [scaleBy(k, c)]);
    const g = grad((x: Real) => sum(add(own(3)(x), own(5)(x))))(r) as unknown as Field;
    expect([...g.toArray()]).toEqual([8, 8, 8, 8]);
  });

  test("also inside of operators", () => {
    // x = b / m; the rule multiplies the cotangent of m by k
    const times = (k: number) => customOp<[Real, Vector], Vector>("times", (m, x) => scale(m, x), ([m, x], _y, c) => [scaleBy(k, dot(x as Vector, c as Vector)), scale(m as Real, c as Vector)]);
    const b = new Field(L, vectorType(L, 1)).set(Float64Array.of(1, 0, 2, 0, 0, 3, 1, 1));
    const S = (...ks: number[]) => (m: Real, v: Vector): Scalar => sum(ks.map((k) => dot(v, solve((x: Vector) => times(k)(m, x), v))).reduce((s, x) => add(s, x)));
    const one = (grad(S(1) as never) as unknown as (...a: unknown[]) => Field)(r, b).toArray();
    const both = (grad(S(1, 3) as never) as unknown as (...a: unknown[]) => Field)(r, b).toArray();
    const norms = [1, 4, 9, 2];
    r.toArray().forEach((m, n) => {
      expect(one[n]).toBeCloseTo(-norms[n]! / m ** 2, 10);
      expect(both[n]).toBeCloseTo((-4 * norms[n]!) / m ** 2, 10);
    });
  });
});

describe("one action, one formula", () => {
  const L = lattice([4, 2, 2, 6]);
  const U = hot(L, SU(2), { seed: 3 });
  const norm2 = (F: { fields: readonly Field[] }): number => F.fields.reduce((s, f) => f.toArray().reduce((t, x) => t + 2 * x * x, s), 0);
  const formula = (beta: () => number) => (V: Links): Scalar => scaleBy(-beta() / 2, sum(reTrace(plaquette(V, 0, 1))));

  test("a variable that was captured and changed changes neither value nor force", () => {
    let beta = 2;
    const S = action({ name: "own", evaluate: formula(() => beta) });
    const fresh = action({ name: "fresh", evaluate: formula(() => 2) });
    const value = S.value(U as never);
    beta = 4;
    expect(S.value(U as never)).toBe(value);
    expect(value).toBe(fresh.value(U as never));
    expect(norm2(S.force(U as never) as never)).toBe(norm2(fresh.force(U as never) as never));
    expect(S.plus(S).value(U as never)).toBeCloseTo(2 * value, 10);
    expect(norm2(S.plus(S).force(U as never) as never)).toBeCloseTo(4 * norm2(fresh.force(U as never) as never), 8);
  });

  test("nor the derivative with respect to inputs", () => {
    let power = 1;
    const S = action({ name: "own", inputs: { c: 3 }, evaluate: (V: Links, { c }: { c: Scalar }) => scale(power === 1 ? c : scale(c, c), sum(reTrace(plaquette(V, 0, 1)))) });
    const value = S.value(U as never);
    power = 2;
    const { value: again, gradient } = S.parameterGradient(U as never);
    expect(again).toBe(value);
    expect(gradient.c).toBeCloseTo(value / 3, 10);
  });

  test("a layer applied, and the same layer inside an action", () => {
    let rho = 0.1;
    const stout = layer({ name: "stout", params: {}, forward: (V) => V.map((mu) => mul(exp(ta(scaleBy(rho, mul(staples(V, mu), adj(V[mu]!))))), V[mu]!)) });
    const smeared = stout.apply(U as never);
    rho = 0.2;
    const S = gaugeAction.wilson({ beta: 2 });
    expect(S.after(stout).value(U as never)).toBeCloseTo(S.value(smeared), 9);
  });

  test("a checkpoint inside a recorded function stays one: less memory, the same force", () => {
    const step = (V: Links): Links => V.map((mu) => mul(exp(ta(scaleBy(0.1, mul(staples(V, mu), adj(V[mu]!))))), V[mu]!));
    const deep = (wrap: (f: typeof step) => typeof step) => (V: Links): Scalar => sum(reTrace(plaquette([1, 2, 3, 4, 5].reduce((W) => wrap(step)(W), V), 0, 1)));
    const formulas = [deep((f) => f), deep((f) => checkpoint(f) as typeof step)] as const;
    const peak = (S: (V: Links) => Scalar): number => record((V: Links) => grad(S)(V) as never, U).peakFields;
    const [kept, again] = formulas.map((evaluate) => action({ name: "deep", evaluate })) as [ReturnType<typeof action>, ReturnType<typeof action>];
    expect(peak((V) => again.evaluate(V, {}))).toBe(peak(formulas[1]));
    expect(peak(formulas[1])).toBeLessThan(peak(formulas[0]));
    expect(norm2(again.force(U as never) as never)).toBeCloseTo(norm2(kept.force(U as never) as never), 8);
  });
});
