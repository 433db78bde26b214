/** vjp of a function with many outputs is one reverse pass, and its value the sum over the outputs. */
import { expect, test } from "vitest";
import { type Real, Field, add, exponential, lattice, realType, record, scaleBy, sin, square, vjp } from "gaugegrad";

const L = lattice([3, 2]);
const x = new Field(L, realType()).set(Float64Array.of(0.1, -0.4, 0.9, 1.2, -0.7, 0.3));

/** n functions of one costly common part exp(sin(x)). */
const many = (n: number) => (r: Real): Real[] => {
  const common = exponential(sin(r));
  return Array.from({ length: n }, (_, k) => scaleBy(k + 1, square(common)));
};
const seeds = (n: number): Field[] => Array.from({ length: n }, (_, k) => new Field(L, realType()).set(Float64Array.from({ length: 6 }, (_v, i) => Math.cos(k + i))));

test("the sum over all outputs", () => {
  const n = 7;
  const w = seeds(n);
  const g = (vjp(many(n)) as unknown as (x: Field, w: Field[]) => Field)(x, w).toArray();
  x.toArray().forEach((v, i) => {
    const slope = 2 * Math.exp(2 * Math.sin(v)) * Math.cos(v);
    const expected = w.reduce((s, f, k) => s + (k + 1) * slope * f.toArray()[i]!, 0);
    expect(g[i]).toBeCloseTo(expected, 12);
  });
});

test("one output twice, and an output that is the argument itself", () => {
  const [a, b, c] = seeds(3) as [Field, Field, Field];
  const f = (r: Real): Real[] => {
    const y = square(r);
    return [y, y, r];
  };
  const g = (vjp(f) as unknown as (x: Field, w: Field[]) => Field)(x, [a, b, c]).toArray();
  x.toArray().forEach((v, i) => expect(g[i]).toBeCloseTo(2 * v * (a.toArray()[i]! + b.toArray()[i]!) + c.toArray()[i]!, 13));
});

test("results go into fields of the caller, also those of arguments, but not two into one", () => {
  const plan = record((r: Real, s: Real) => [add(r, s), scaleBy(2, r)], x, x);
  const [a, b] = seeds(2) as [Field<typeof x.type>, Field<typeof x.type>];
  const [sum, twice] = [a, a].map((f) => f.toArray()) as [Float64Array, Float64Array];
  plan.runInto([b, a], a, b);
  a.toArray().forEach((v, i) => expect(v).toBe(2 * twice[i]!));
  b.toArray().forEach((v, i) => expect(v).toBe(sum[i]! + Math.cos(1 + i)));
  expect(() => plan.runInto([a, a], x, x)).toThrow(/^runInto: got one field for the results 0 and 1, expected a field for each$/);
});

test("one more output does not pass through the common part again", () => {
  const nodes = (n: number) => record(((r: Real, w: readonly Real[]) => (vjp(many(n)) as unknown as (x: Real, w: readonly Real[]) => Real)(r, w)) as never, x as never, seeds(n) as never).program.nodes.filter((m) => m.op.name !== "input");
  expect(nodes(10).length).toBeLessThanOrEqual(nodes(2).length + 8);
  // exp, sin and the derivative of sin
  expect(nodes(10).filter((m) => m.op.name === "unary")).toHaveLength(3);
});

test("sums of more outputs than arguments fit on a stack", () => {
  const f = (r: Real): Real => Array.from({ length: 3000 }).reduce((s: Real) => add(s, r), r);
  const g = (vjp(f) as unknown as (x: Field, w: Field) => Field)(x, seeds(1)[0]!).toArray();
  g.forEach((v, i) => expect(v / seeds(1)[0]!.toArray()[i]!).toBeCloseTo(3001, 8));
});
