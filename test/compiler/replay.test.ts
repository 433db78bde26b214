/** Programs and solves whose launches run in one call have the bits, and the errors, of those that are launched one by one. */
import { describe, expect, test } from "vitest";
import { type LatticeOptions, type LinkField, type Links, type Scalar, type Vector, SU, add, conjugateGradient, dot, hot, lattice, number, record, reTrace, plaquette, scaleBy, solve, staggeredNormal, sum, valueAndGrad } from "gaugegrad";
import { Field, realType, scalarType, vectorType } from "../../src/autograd/index.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import type { Emitter } from "../../src/compiler/emitter.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
const backends: LatticeOptions[] = [{ backend: "wasm" }, { backend: "wasm", precision: "f32" }, ...(missing ? [] : [{ backend: "native" as const, threads: 2 }, { backend: "native" as const, precision: "f32" as const }])];

/** A lattice, and one on which every launch is a call. */
function pair(extents: readonly number[], options: LatticeOptions): ReturnType<typeof lattice>[] {
  const [together, apart] = [lattice(extents, { threads: 1, ...options }), lattice(extents, { threads: 1, ...options })];
  const emitter = (apart.engine as KernelEngine).emitter as { -readonly [K in keyof Emitter]: Emitter[K] };
  expect(emitter.replay).toBeDefined();
  emitter.replay = undefined;
  return [together, apart];
}

const source = (L: ReturnType<typeof lattice>, change: (x: Float64Array) => void = () => undefined): Field => {
  const b = new Field(L, vectorType(L, 2));
  const data = Float64Array.from({ length: b.length }, (_, k) => Math.sin(1 + k * k) * (1 + (k % 7)));
  change(data);
  return b.set(data);
};

describe.each(backends)("$backend $precision, $threads threads", (options) => {
  test.each([1, 3, 8, 24])("%i samples: sums, forces and solves have the same bits", (batch) => {
    const results = pair([4, 2, 4], { ...options, batch }).map((L) => {
      const U = hot(L, SU(2), { seed: 5 }) as unknown as LinkField;
      const S = (V: Links): Scalar => sum(add(reTrace(plaquette(V, 0, 1)), reTrace(plaquette(V, 1, 2)), scaleBy(0.3, reTrace(plaquette(V, 0, 2)))));
      const plan = record((V: Links) => valueAndGrad(S)(V) as never, U);
      const { value, grad } = plan.run(U) as unknown as { value: number | { toArray(): Float64Array }; grad: LinkField };
      const b = source(L);
      const r = conjugateGradient((x: Vector, { V, mass }: { V: Links; mass: Scalar }) => staggeredNormal(V, x, mass), b as never, { inputs: { V: U, mass: 0.3 }, tolerance: options.precision ? 1e-5 : 1e-10 });
      const norm = record((x) => sum(dot(x as Vector, x as Vector)), r.solution).run(r.solution);
      return [String(value), String(norm), r.iterations, r.residual, ...grad.fields.map((f) => f.toArray().join()), r.solution.toArray().join()];
    });
    expect(results[0]![2]).toBeGreaterThan(5);
    expect(results[0]).toEqual(results[1]);
  });

  test("a solve finds the fields that it is given, in whatever order they take turns", () => {
    const L = lattice([4, 2, 4], { threads: 1, ...options });
    const S = (V: Links, x: Vector): Scalar => sum(dot(x, solve((y) => staggeredNormal(V, y, number(x.tape, 0.3)), x, options.precision ? {} : { tolerance: 1e-10 })));
    const links = [1, 2, 3].map((seed) => hot(L, SU(2), { seed }) as unknown as LinkField);
    const b = [source(L), source(L, (x) => x.reverse())];
    const alone = links.map((U) => b.map((x) => record(S as never, U, x as never).run(U, x as never)));
    const plan = record(S as never, links[2]!, b[0] as never);
    const into = [1, 2].map(() => new Field(L, scalarType));
    for (const [u, x] of [[0, 0], [0, 0], [1, 0], [0, 0], [0, 1], [2, 1], [2, 1], [0, 1]] as const) {
      expect(plan.run(links[u]!, b[x] as never)).toBe(alone[u]![x]);
      plan.runInto(into[x] as never, links[u]!, b[x] as never);
      expect(into[x]!.toArray()[0]).toBe(alone[u]![x]);
    }
  });

  test("copies of groups and of parts of them", () => {
    const L = lattice([4, 2, 4], { threads: 1, ...options });
    const [U, V] = [1, 2].map((seed) => hot(L, SU(2), { seed }) as unknown as LinkField) as [LinkField, LinkField];
    const W = V.clone();
    expect(W.fields.map((f) => f.toArray())).toEqual(V.fields.map((f) => f.toArray()));
    W.fields[1]!.copyFrom(U.fields[1]!);
    expect(W.fields.map((f) => f.toArray())).toEqual([V.fields[0]!.toArray(), U.fields[1]!.toArray(), V.fields[2]!.toArray()]);
  });

  test("sums of what is large, infinite or no number", () => {
    for (const special of [[], [1e300, -1e300], [Infinity], [Infinity, -Infinity], [NaN], [1e308, 1e308]]) {
      const [x, y] = pair([8, 8, 8, 6], options).map((L) => {
        const field = new Field(L, realType());
        const data = Float64Array.from({ length: field.length }, (_, k) => Math.cos(k) * 2 ** ((k % 60) - 30));
        special.forEach((v, k) => (data[700 * k + 7] = v));
        return record((r) => sum(r), field.set(data)).run(field) as number;
      });
      expect(Object.is(x, y)).toBe(true);
    }
  });

  test("a solve ends where it ended: too few iterations, no number, an operator that is not positive", () => {
    const outcome = (L: ReturnType<typeof lattice>, maxIterations: number, sign: number, change?: (x: Float64Array) => void, links?: (U: LinkField) => void): unknown => {
      const U = hot(L, SU(2), { seed: 5 }) as unknown as LinkField;
      links?.(U);
      try {
        const r = conjugateGradient((x: Vector, { V, mass }: { V: Links; mass: Scalar }) => scaleBy(sign, staggeredNormal(V, x, mass)), source(L, change) as never, { inputs: { V: U, mass: 0.1 }, maxIterations, tolerance: 1e-9 });
        return [r.converged, r.iterations, r.residual];
      } catch (e) {
        return (e as Error).message;
      }
    };
    const broken = (U: LinkField): void => {
      const data = U.fields[1]!.toArray();
      data[11] = NaN;
      U.fields[1]!.set(data);
    };
    const [together, apart] = pair([4, 2, 4], options).map((L) => [outcome(L, 4, 1), outcome(L, 1, 1), outcome(L, 90, -1), outcome(L, 90, 1, (x) => (x[3] = NaN)), outcome(L, 90, 1, (x) => x.fill(0)), outcome(L, 90, 1, undefined, broken)]);
    expect(together).toEqual(apart);
    expect(together![0]).toEqual([false, 4, expect.any(Number)]);
    expect(together![2]).toMatch(/<p, A p> = -.* in iteration 1,/);
    expect(together![5]).toMatch(/in iteration 1,/);
  });
});
