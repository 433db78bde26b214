/** Lists that are walked for a few samples at a time: the bits are those of launches for all, fields inside of a list are small, and no field is over before the last tile. */
import { expect, test } from "vitest";
import { type LatticeOptions, type LinkField, type Links, type Scalar, SU, add, batchMean, conjugateGradient, hot, lattice, plaquette, reTrace, record, scale, staggeredNormal, sum, valueAndGrad } from "gaugegrad";
import { Field, type Vector, realType, solve, vectorType } from "../../src/autograd/index.ts";
import { placeArena, overlaps } from "../../src/compiler/arena.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import type { Emitter } from "../../src/compiler/emitter.ts";
import { lower } from "../../src/compiler/lower.ts";
import { runsOf, tiled } from "../../src/compiler/replay/tiles.ts";
import { verify } from "../../src/compiler/analysis/verify.ts";
import { nativeMissing } from "./backends.ts";
import { stoutStep, testPrograms } from "./programs.ts";

const energy = (U: Links): Scalar => sum(add(reTrace(plaquette(U, 0, 1)), reTrace(plaquette(U, 1, 2))));

/** A force through a number that all samples share, which divides its kernels into lists. */
const shared = (U: Links): Scalar => {
  const V = stoutStep(U);
  return batchMean(scale(batchMean(energy(U)), add(energy(V), scale(batchMean(energy(V)), energy(stoutStep(V))))));
};

const backends: LatticeOptions[] = [{ backend: "wasm", batch: 22 }, { backend: "wasm", batch: 21 }, ...(nativeMissing() ? [] : [{ backend: "native" as const, threads: 2, batch: 40, lanes: 4 as const }])];

test.each(backends)("$backend, $batch samples: forces through numbers that all share, and solves", (options) => {
  const results = [true, false].map((together) => {
    const L = lattice([4, 4, 4], { threads: 1, ...options });
    const engine = L.engine as KernelEngine;
    if (!together) (engine.emitter as { -readonly [K in keyof Emitter]: Emitter[K] }).replay = undefined;
    expect(engine.tile < engine.layout.scalarBlocks).toBe(together);
    const U = hot(L, SU(2), { seed: 5 }) as unknown as LinkField;
    const plan = record((V: Links) => valueAndGrad(shared)(V) as never, U);
    // twice: fields of one tile begin again with the first
    plan.run(U);
    const { value, grad } = plan.run(U) as unknown as { value: number; grad: LinkField };
    const b = new Field(L, vectorType(L, 2));
    b.set(Float64Array.from({ length: b.length }, (_, k) => Math.sin(1 + k * k) * (1 + (k % 7))));
    const r = conjugateGradient((x: Vector, { V, mass }: { V: Links; mass: Scalar }) => staggeredNormal(V, x, mass), b as never, { inputs: { V: U, mass: 0.3 }, tolerance: 1e-10 });
    return [value, r.iterations, r.residual, ...grad.fields.map((f) => f.toArray().join()), r.solution.toArray().join()];
  });
  expect(results[0]).toEqual(results[1]);
});

test.each(backends)("$backend, $batch samples: the error of a solve is that of the sample that fails first, whatever is iterated together", (options) => {
  const L = lattice([4, 4, 4], { threads: 1, ...options });
  const engine = L.engine as KernelEngine;
  const last = L.batch - 1;
  const a = new Field(L, realType());
  // sample 1 fails in the second iteration, the last one in the first
  a.set(Float64Array.from({ length: a.length }, (_, k) => (k === L.volume ? -9 : k < last * L.volume ? 1 : -1)));
  const b = new Field(L, vectorType(L, 1));
  b.set(new Float64Array(b.length).fill(1));
  for (const together of [true, false]) {
    if (!together) (engine.emitter as { -readonly [K in keyof Emitter]: Emitter[K] }).replay = undefined;
    const plan = record((s, v) => solve((x: Vector) => scale(s, x), v as Vector), a, b);
    expect(() => plan.run(a, b)).toThrow(`<p, A p> of sample ${last} = -128 in iteration 1,`);
  }
});

test("the error of a solve that does not converge is that of the sample which is farthest", () => {
  const L = lattice([4, 4, 4], { backend: "wasm", batch: 5, threads: 1 });
  const worst = L.batch - 2;
  const a = new Field(L, realType());
  // one number for all sites converges at once, many do not
  a.set(Float64Array.from({ length: a.length }, (_, k) => (Math.floor(k / L.volume) === worst ? 1 + (k % 11) : 1)));
  const b = new Field(L, vectorType(L, 1));
  b.set(new Float64Array(b.length).fill(1));
  const v = new Field(L, vectorType(L, 1));
  v.set(Float64Array.from({ length: v.length }, (_, k) => Math.sin(k)));
  const named = new RegExp(`relative residual [\\d.e-]+ of sample ${worst} after 2 iterations`);
  for (const method of ["cg", "bicgstab"] as const) {
    const plan = record((s, x) => solve((y: Vector) => scale(s, y), x as Vector, { method, maxIterations: 2 }), a, b);
    expect(() => plan.run(a, b)).toThrow(named);
  }
  const deflated = record((s, x, w) => solve((y: Vector) => scale(s, y), x as Vector, { deflation: [w as Vector], maxIterations: 2 }), a, b, v);
  expect(() => deflated.run(a, b, v)).toThrow(named);
  const report = conjugateGradient((y: Vector, { s }) => scale(s as never, y), b as never, { inputs: { s: a as never }, maxIterations: 2 });
  expect([report.converged, report.sample]).toEqual([false, worst]);
});

test("what a force keeps does not grow with the batch", () => {
  const bytes = [16, 64].map((batch) => {
    const U = hot(lattice([4, 4, 4], { backend: "wasm", threads: 1, batch }), SU(2), { seed: 5 }) as unknown as LinkField;
    return record((V: Links) => valueAndGrad((W: Links) => energy(stoutStep(W)))(V) as never, U).arenaBytes;
  });
  expect(bytes[1]! / bytes[0]!).toBeLessThan(1.1);
});

const geo = lattice([4, 4, 2, 4], { backend: "wasm", batch: 48, threads: 1 });
for (const [name, program] of Object.entries(testPrograms(geo)))
  test(`${name}: memory is lent between fields of one tile, or after the last tile`, () => {
    const engine = geo.engine as KernelEngine;
    expect(engine.tile).toBeLessThan(engine.layout.scalarBlocks);
    const schedule = tiled(engine, lower(program));
    expect(verify(schedule, geo)).toEqual([]);
    const arena = placeArena(schedule.buffers, engine);
    expect(overlaps(arena)).toEqual([]);
    const runs = runsOf(schedule.steps);
    const small = (p: (typeof arena.pieces)[number]): boolean => p.buffers.every((b) => schedule.buffers[b]!.blocks !== undefined);
    const numbers = (p: (typeof arena.pieces)[number]): boolean => p.buffers.every((b) => schedule.buffers[b]!.type.kind === "scalar");
    arena.pieces.forEach((p, k) => {
      for (const q of arena.pieces.slice(0, k)) {
        if (p.at >= q.at + q.size || q.at >= p.at + p.size || (numbers(p) && numbers(q)) || (small(p) && small(q))) continue;
        const [one, other] = p.first < q.first ? [p, q] : [q, p];
        expect(runs[one.last]![1]).toBeLessThan(runs[other.first]![0]);
      }
    });
  });
