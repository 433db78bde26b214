/** Loops against the same steps written one after the other, finite differences, and counts of memory and of programs. */
import { describe, expect, test } from "vitest";
import {
  type Algebras, Field, type Links, type Matrix, type Real, type Scalar, type Traced, type Vector, add, adj, batchMean, checkpoint, constantReal, dot, exp, extend, grad, hvp, mul, number, openTape, perSample, polar, record, repeat, reTrace, restrict, sampleOf, scale, scaleBy, shift, sin, sub, sum, ta, unit, valueAndGrad,
} from "../../src/autograd/index.ts";
import { realType } from "../../src/autograd/types.ts";
import type { EngineOptions } from "../../src/compiler/index.ts";
import { split } from "../../src/compiler/loop.ts";
import { lower } from "../../src/compiler/lower.ts";
import { verify } from "../../src/compiler/analysis/verify.ts";
import { RecordingError } from "../../src/errors.ts";
import { staggeredD, staggeredType } from "../../src/fermions/index.ts";
import { SU, U1, directionField, gaugeAction, hot, lattice, staples } from "../../src/gauge/index.ts";
import { nativeMissing } from "../compiler/backends.ts";

const missing = nativeMissing();
const backends: readonly EngineOptions[] = [{ backend: "js" }, { backend: "wasm" }, { backend: "wasm", threads: 2 }, { backend: "interpret" }, ...(missing ? [] : [{ backend: "native" } as const])];

/** A stout step whose size depends on its number, and on a number that it captures. */
const smear = (V: Links, rho: Scalar, s: Scalar): Links => {
  const size = scale(rho, add(number(s.tape, 1), scaleBy(-0.1, s)));
  return V.map((mu) => mul(exp(ta(scale(size, mul(staples(V, mu), adj(V[mu]!))))), V[mu]!));
};

/** The loop as it is meant. */
function unrolled<X>(n: number, f: (x: X, s: Scalar) => X, x: X, tape: Traced["tape"]): X {
  for (let s = 0; s < n; s++) x = f(x, number(tape, s));
  return x;
}

const plaquetteSum = (V: Links): Scalar => sum(V.map((mu) => mul(V[mu]!, adj(staples(V, mu)))).values().map((m) => reTrace(m)).reduce((a, b) => add(a, b)));

const difference = (a: readonly Float64Array[], b: readonly Float64Array[]): number => {
  let [most, size] = [0, 1e-300];
  a.forEach((x, k) => x.forEach((v, i) => ([most, size] = [Math.max(most, Math.abs(v - b[k]![i]!)), Math.max(size, Math.abs(v))])));
  return most / size;
};

for (const options of backends)
  describe(JSON.stringify(options), () => {
    const geo = lattice([4, 2, 2], options);
    const U = hot(geo, SU(2), { seed: 4 });
    const n = 6;
    const looped = (how: object) => valueAndGrad(({ V, rho }: { V: Links; rho: Scalar }) => plaquetteSum(repeat(n, (W, s) => smear(W, rho, s), V, how)));
    const straight = valueAndGrad(({ V, rho }: { V: Links; rho: Scalar }) => plaquetteSum(unrolled(n, (W, s) => smear(W, rho, s), V, rho.tape)));
    const expected = straight({ V: U as never, rho: 0.05 }) as unknown as { value: number; grad: { V: { fields: Field[] }; rho: number } };

    test.each([{}, { checkpoints: 1 }, { checkpoints: 3 }, { checkpoints: 100 }])("links and a captured number, %j: the steps one after the other", (how) => {
      const found = looped(how)({ V: U as never, rho: 0.05 }) as unknown as typeof expected;
      expect(Math.abs(found.value / expected.value - 1)).toBeLessThan(2e-14);
      expect(difference(found.grad.V.fields.map((f) => f.toArray()), expected.grad.V.fields.map((f) => f.toArray()))).toBeLessThan(2e-13);
      expect(Math.abs(found.grad.rho / expected.grad.rho - 1)).toBeLessThan(2e-13);
    });

    test("the number of checkpoints changes no bit", () => {
      const [a, b] = [{ checkpoints: 2 }, { checkpoints: 100 }].map((how) => looped(how)({ V: U as never, rho: 0.05 }) as unknown as typeof expected);
      expect(a!.grad.rho).toBe(b!.grad.rho);
      a!.grad.V.fields.forEach((f, mu) => expect(f.toArray()).toEqual(b!.grad.V.fields[mu]!.toArray()));
    });

    test("values are those of the step's own plan, bit for bit", () => {
      const loop = record((V: Links) => repeat(3, (W, s) => smear(W, number(s.tape, 0.07), s), V), U);
      const step = record((V: Links, s: Scalar) => smear(V, number(s.tape, 0.07), s), U, 0);
      let W = U;
      for (let s = 0; s < 3; s++) W = step.fresh(W, s) as typeof U;
      (loop.run(U) as typeof U).fields.forEach((f, mu) => expect(f.toArray()).toEqual(W.fields[mu]!.toArray()));
    });
  });

describe("derivatives", () => {
  const geo = lattice([4, 4], { backend: "wasm" });
  const U = hot(geo, U1, { seed: 2 });
  const X = directionField(geo, 1);

  /** d/dh f(h) at 0 from differences of fourth order. */
  const slope = (f: (h: number) => number, h = 1e-2): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
  const moved = record((V: Links, A: Algebras, h: Scalar) => V.map((mu) => mul(exp(scale(h, A[mu]!)), V[mu]!)), U, X, 0);

  test("hvp through a loop, against differences of the gradient", () => {
    const S = (V: Links): Scalar => plaquetteSum(repeat(4, (W, s) => smear(W, number(s.tape, 0.05), s), V));
    const along = record((V: Links, A: Algebras) => ({ h: sum(hvp(S)(V, A as never).map((mu) => mul(A[mu]!, A[mu]!) as never).values().map((m) => reTrace(m)).reduce((a, b) => add(a, b))), d: sum(hvp(S)(V, A as never).values().map((m, mu) => reTrace(mul(m, A[mu]!))).reduce((a, b) => add(a, b))) }), U, X);
    const first = record((V: Links, A: Algebras) => sum(grad(S)(V).values().map((m, mu) => reTrace(mul(m, A[mu]!))).reduce((a, b) => add(a, b))), U, X);
    const fd = slope((h) => first.run(moved.run(U, X, h) as typeof U, X));
    expect(Math.abs((along.run(U, X) as { d: number }).d / fd - 1)).toBeLessThan(1e-6);
  });

  test("a bijection run backwards: gradient of the loop with checkpoints, its derivative is a loop again", () => {
    const r = new Field(geo, realType());
    r.set(Float64Array.from({ length: 16 }, (_, k) => Math.sin(k + 1)));
    // momentum and position of a leapfrog step of a pendulum
    const step = ({ q, p }: { q: Real; p: Real }, s: Scalar): { q: Real; p: Real } => {
      const half = sub(p, scaleBy(0.1, sin(q)));
      const next = add(q, scale(add(number(s.tape, 0.2), scaleBy(1e-4, s)), half));
      return { q: next, p: sub(half, scaleBy(0.1, sin(next))) };
    };
    const inverse = ({ q, p }: { q: Real; p: Real }, s: Scalar): { q: Real; p: Real } => {
      const half = add(p, scaleBy(0.1, sin(q)));
      const before = sub(q, scale(add(number(s.tape, 0.2), scaleBy(1e-4, s)), half));
      return { q: before, p: add(half, scaleBy(0.1, sin(before))) };
    };
    const S = (how: object) => (q: Real): Scalar => {
      const y = repeat(200, step, { q, p: scaleBy(0.3, q) }, how);
      return add(sum(dot(y.q, y.p)), sum(y.q));
    };
    const [back, kept] = [valueAndGrad(S({ inverse })), valueAndGrad(S({}))].map((f) => f(r) as unknown as { value: number; grad: Field });
    expect(back!.value).toBe(kept!.value);
    expect(difference([back!.grad.toArray()], [kept!.grad.toArray()])).toBeLessThan(1e-11);
    const v = new Field(geo, realType()).set(Float64Array.from({ length: 16 }, (_, k) => Math.cos(3 * k)));
    const [hb, hk] = [hvp(S({ inverse })), hvp(S({}))].map((f) => f(r as never, v as never) as unknown as Field);
    expect(difference([hb!.toArray()], [hk!.toArray()])).toBeLessThan(1e-9);
    // one state instead of many
    const bytes = (how: object): number => record((q: Real) => grad(S(how))(q) as Real, r).arenaBytes;
    expect(bytes({ inverse })).toBeLessThan(bytes({}) / 2);
  });

  test("fields on one parity, colour vectors and shared numbers in the state", () => {
    const g4 = lattice([4, 4], { backend: "wasm" });
    const V = hot(g4, SU(2), { seed: 8 });
    const chi = new Field(g4, staggeredType(g4, 2, { domain: "even" }));
    chi.set(Float64Array.from({ length: chi.length }, (_, k) => Math.sin(1.3 * k + 1)));
    const f = (W: Links, x: Vector): { x: Vector; z: Scalar } => repeat(5, ({ x: y, z }, s) => ({ x: add(scaleBy(0.9, y), scaleBy(0.05, staggeredD(W, staggeredD(W, y)))), z: add(z, scale(s, sum(dot(y, y)))) }), { x, z: number(x.tape, 0) });
    const g = (W: Links, x: Vector): { x: Vector; z: Scalar } => unrolled(5, ({ x: y, z }: { x: Vector; z: Scalar }, s) => ({ x: add(scaleBy(0.9, y), scaleBy(0.05, staggeredD(W, staggeredD(W, y)))), z: add(z, scale(s, sum(dot(y, y)))) }), { x, z: number(x.tape, 0) }, x.tape);
    const [a, b] = [f, g].map((h) => valueAndGrad((W: Links, x: Vector) => { const y = h(W, x); return add(y.z, sum(dot(y.x, restrict(x, "even") as Vector))); })(V as never, chi as never) as unknown as { value: number; grad: { fields: Field[] } });
    expect(Math.abs(a!.value / b!.value - 1)).toBeLessThan(1e-13);
    expect(difference(a!.grad.fields.map((x) => x.toArray()), b!.grad.fields.map((x) => x.toArray()))).toBeLessThan(1e-12);
  });
});

describe("batches", () => {
  test.each(backends.slice(0, 4))("every sample is alone, %j", (options) => {
    const geo = lattice([4, 2], { ...options, batch: 3 });
    const U = hot(geo, SU(2), { seed: 4 });
    // one number is shared, the other becomes each sample's own in the first step
    const S = ({ V, rho }: { V: Links; rho: Scalar }): Scalar => {
      const y = repeat(4, ({ W, z, r }, s) => ({ W: smear(W, r, s), z: add(z, scale(s, plaquetteSum(W))), r: scaleBy(0.9, r) }), { W: V, z: number(rho.tape, 0), r: rho });
      return add(y.z, plaquetteSum(y.W));
    };
    const all = valueAndGrad((x: { V: Links; rho: Scalar }) => batchMean(S(x)))({ V: U as never, rho: 0.05 }) as unknown as { value: number; grad: { V: typeof U; rho: number } };
    const each = Array.from({ length: 3 }, (_, b) => valueAndGrad(S)({ V: sampleOf(U, b) as never, rho: 0.05 }) as unknown as { value: number; grad: { V: typeof U; rho: number } });
    expect(Math.abs(all.value / (each.reduce((s, x) => s + x.value, 0) / 3) - 1)).toBeLessThan(1e-14);
    expect(Math.abs(all.grad.rho / (each.reduce((s, x) => s + x.grad.rho, 0) / 3) - 1)).toBeLessThan(1e-13);
    each.forEach((x, b) => expect(difference(sampleOf(all.grad.V, b).fields.map((f) => f.toArray().map((v) => 3 * v)), x.grad.V.fields.map((f) => f.toArray()))).toBeLessThan(1e-13));
    const values = record(S, { V: U, rho: 0.05 } as never).run({ V: U, rho: 0.05 } as never);
    each.forEach((x, b) => expect(perSample(values as number)[b]).toBe(record(S, { V: sampleOf(U, b), rho: 0.05 } as never).run({ V: sampleOf(U, b), rho: 0.05 } as never)));
  });
});

describe("size", () => {
  const geo = lattice([4, 4, 4, 4], { backend: "wasm" });
  const U = hot(geo, SU(2), { seed: 1 });
  const action = gaugeAction.wilson({ beta: 2 });
  const planOf = (n: number) => record((V: Links) => valueAndGrad((W: Links) => action.evaluate(repeat(n, (Y, s) => smear(Y, number(s.tape, 0.001), s), W) as never, action.inputs as never))(V) as never, U);

  test("1000 steps are the program of one: as many nodes, memory that grows with the square root", () => {
    const [few, many] = [planOf(10), planOf(1000)];
    expect(many.program.nodes.length).toBe(few.program.nodes.length);
    expect(many.describe().split("\n").length).toBe(few.describe().split("\n").length);
    // ceil(sqrt(2000)) = 45 states of one link field, 4 between them, and those of one step
    expect(many.peakFields - few.peakFields).toBe(45 - 5);
    const values = record((V: Links) => repeat(1000, (Y, s) => smear(Y, number(s.tape, 0.001), s), V), U);
    expect(values.peakFields).toBeLessThan(4);
  });
});

describe("refusals", () => {
  const geo = lattice([4, 4], { backend: "js" });
  const U = hot(geo, SU(2), { seed: 1 });
  const recorded = (f: (V: Links) => unknown) => () => record(f as never, U);

  test("a value of the body used outside", () => {
    const kept: Scalar[] = [];
    expect(recorded((V) => {
      repeat(3, (W, s) => { kept.push(plaquetteSum(W)); return smear(W, number(s.tape, 0.1), s); }, V);
      return kept[0]!;
    })).toThrow(/repeat: a value of the loop's body was used outside/);
  });

  test("another type of state, a count that is none, no traced value", () => {
    expect(recorded((V) => repeat(2, (x) => mul(x, x) as never, V[0]!))).toThrow(/mul: A ends at/);
    expect(recorded((V) => repeat(2, (x) => adj(x) as never, V[0]!))).toThrow(/repeat: the function returned/);
    expect(recorded((V) => repeat(1.5, (x) => x, V))).toThrow(/count/);
    expect(recorded(() => repeat(2, (x) => x, []))).toThrow(RecordingError);
    expect(recorded((V) => repeat(2, (x) => ({ ...x, other: 1 }) as never, { V }))).toThrow(RecordingError);
  });

  test("a step without a value is an error, not NaN", () => {
    const m = record((V: Links) => repeat(2, (W) => W.map((mu) => polar(scaleBy(0, W[mu]!))), V), U);
    expect(() => m.run(U)).toThrow(/repeat: a step with .* at site/);
  });

  test("second derivatives of loops that are too long to be recorded", () => {
    const S = (V: Links): Scalar => plaquetteSum(repeat(5000, (W, s) => smear(W, number(s.tape, 0.1), s), V));
    expect(() => record((V: Links, A: Algebras) => hvp(S)(V, A as never) as never, U, directionField(geo, 2))).toThrow(/second derivative of a loop of 5000 steps/);
  });
});

/** Evaluations besides the first of each step, by dynamic programming. */
function least(): (steps: number, c: number) => number {
  const known = new Map<string, number>();
  const cost = (l: number, c: number): number => {
    if (l === 1) return 0;
    if (c === 1) return (l * (l - 1)) / 2;
    const key = `${l} ${c}`;
    let best = known.get(key);
    if (best === undefined) {
      best = Infinity;
      for (let m = 1; m < l; m++) best = Math.min(best, m + cost(l - m, c - 1) + cost(m, c));
      known.set(key, best);
    }
    return best;
  };
  return cost;
}

test("checkpoints stand where the fewest steps are computed again", () => {
  const cost = least();
  const ours = (l: number, c: number): number => {
    if (l === 1) return 0;
    if (c === 1) return (l * (l - 1)) / 2;
    const m = split(l, c);
    return m + ours(l - m, c - 1) + ours(m, c);
  };
  for (let l = 1; l <= 60; l++) for (let c = 1; c <= 12; c++) expect([l, c, ours(l, c)]).toEqual([l, c, cost(l, c)]);
  // the default: every step at most twice more
  for (const n of [10, 100, 1000]) expect(ours(n, Math.ceil(Math.sqrt(2 * n)))).toBeLessThanOrEqual(2 * n);
});

describe("a state that is written into the loops that use it", () => {
  for (const options of backends.filter((b) => b.backend !== "interpret"))
    test(`starts from the unit matrix on ${JSON.stringify(options)}`, () => {
      const geo = lattice([2, 2], options);
      const U = hot(geo, SU(2), { seed: 3 });
      // W_0 = 1, W_{k+1} = U_0 U_1 U_0^+ U_1^+ W_k / 2: the cube of the loop
      const loop = (V: Links): Matrix => {
        const [a, b] = [V[0]!, V[1]!];
        const round = mul(mul(mul(a, shift(b, 0)), adj(shift(a, 1))), adj(b));
        return repeat(3, (W: Matrix) => scaleBy(0.5, mul(round, W)) as Matrix, unit(round.tape, 2) as Matrix);
      };
      const want = (V: Links): Matrix => {
        const [a, b] = [V[0]!, V[1]!];
        const round = mul(mul(mul(a, shift(b, 0)), adj(shift(a, 1))), adj(b));
        return scaleBy(0.125, mul(round, mul(round, round))) as Matrix;
      };
      const [x, y] = [loop, want].map((f) => record((V: Links) => f(V), U).fresh(U).toArray());
      expect(difference([x!], [y!])).toBeLessThan(1e-14);
    });
});

test.each(backends)("a loop that a checkpoint region computes a second time has its gradient on %j", (options) => {
  const geo = lattice([4], options);
  const x = new Field(geo, realType()).set(Float64Array.of(0.3, 0.4, 0.5, 0.6));
  const S = (a: Real): Scalar => {
    const c = sin(a);
    const y = checkpoint((z0: Real) => scale(repeat(2, (z: Real, s: Scalar) => add(scaleBy(0.8, z), scale(scaleBy(0.1, add(s, number(s.tape, 1))), c)), z0), c))(a);
    return sum(scale(y, y));
  };
  // y = z c with z = 0.64 a + 0.28 c, c = sin a
  const want = x.toArray().map((a) => {
    const [z, c] = [0.64 * a + 0.28 * Math.sin(a), Math.sin(a)];
    return 2 * z * c * ((0.64 + 0.28 * Math.cos(a)) * c + z * Math.cos(a));
  });
  expect(difference([grad(S)(x).toArray()], [want])).toBeLessThan(1e-14);
});

test.each(backends)("a loop starts from a field that is known while recording, moved, on %j", (options) => {
  const geo = lattice([4, 2], options);
  const x = new Field(geo, realType()).set(Float64Array.from({ length: 8 }, (_, n) => 0.1 * n));
  const loop = (a: Real): Real => repeat(2, (z: Real) => add(sin(z), a), shift(constantReal(a.tape, "slope", (n) => 0.3 * n), 0) as Real);
  const got = record(loop, x).fresh(x).toArray();
  const want = x.toArray().map((a, n) => Math.sin(Math.sin(0.3 * geo.site(geo.coordinates(n).map((c, mu) => c + Number(mu === 0)))) + a) + a);
  expect(difference([got], [want])).toBeLessThan(1e-14);
});

test("a loop takes a half that lies in the buffer of the whole", () => {
  const geo = lattice([2, 2], { backend: "js" });
  const tape = openTape(geo);
  const a = tape.input(realType("odd")) as Real;
  const b = sin(a);
  const program = tape.finish([extend(b), repeat(2, (z: Real) => add(scaleBy(0.8, z), b), a)]);
  expect(verify(lower(program), geo)).toEqual([]);
});
