/** Memory of concrete results: it comes back while synchronous code runs, by itself, by scope, by dispose; uses after dispose are errors. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { DirectionalField, Field, type LinkField, type Links, type Matrix, type Scalar, adj, grad, mul, number, outside, reTrace, record, scale, scope, siteMatrixType, sum } from "../../src/autograd/index.ts";
import { FieldMemory } from "../../src/backend/memory.ts";
import { Heap, plainMemory } from "../../src/backend/heap.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import { LifetimeError } from "../../src/errors.ts";
import { SU, closedFormLinks, gaugeAction, hot, lattice, plaquette, plaquettes } from "../../src/gauge/index.ts";
import { stout } from "../../src/models/index.ts";
import { heatbath, hmc, runChain } from "../../src/samplers/index.ts";

const heapOf = (U: LinkField): Heap => (U.lattice.engine as KernelEngine).heap;
const MiB = 2 ** 20;

describe.each(["js", "wasm"] as const)("%s: results that are dropped", (backend) => {
  const U = hot(lattice([4, 4, 4, 4], { backend, threads: 1 }), SU(3), { seed: 3 });
  const S = gaugeAction.wilson({ beta: 6 });

  test("forces in a synchronous loop leave heap and arrays as they were", () => {
    const rounds = backend === "js" ? 400 : 1500;
    const first = S.force(U).toArray(0);
    const loop = (n: number): void => {
      for (let k = 0; k < n; k++) S.force(U);
    };
    loop(200);
    const [heap, arrays] = [heapOf(U).used, process.memoryUsage().arrayBuffers];
    loop(rounds);
    // every force takes 147 kB: kept, they would be 59 or 221 MB
    expect(heapOf(U).used).toBeLessThanOrEqual(heap + 1 * MiB);
    expect(heapOf(U).used).toBeLessThan(24 * MiB);
    expect(process.memoryUsage().arrayBuffers - arrays).toBeLessThan(80 * MiB);
    expect(S.force(U).toArray(0)).toEqual(first);
  });

  test("a result that is kept has its values however many came after it, as argument, target and by itself", () => {
    const kept = S.force(U);
    const before = kept.fields.map((f) => f.toArray());
    const others = Array.from({ length: 300 }, () => S.force(U));
    expect(kept.fields.map((f) => f.toArray())).toEqual(before);
    expect(others[7]!.clone().toArray(2)).toEqual(before[2]);
    const square = record((a: Matrix) => sum(reTrace(mul(a, a))), kept.fields[1] as never) as unknown as { run(x: unknown): number };
    const value = square.run(kept.fields[1]);
    expect(others.every((o, k) => k % 50 !== 0 || square.run(o.fields[1]) === value)).toBe(true);
    S.force(U, others[3]);
    expect(others[3]!.toArray(1)).toEqual(before[1]);
  });

  test("a smeared observable inside runChain", () => {
    const layer = stout({ rho: 0.1 });
    const V = U.clone();
    const run = (trajectories: number) => runChain({ sampler: heatbath({ beta: 6, seed: 1 }), U: V, trajectories: 1, measure: { smeared: (W) => Array.from({ length: trajectories }, () => plaquettes(layer.apply(W)).mean).at(-1)! } });
    run(backend === "js" ? 120 : 150);
    const heap = heapOf(U).used;
    run(backend === "js" ? 100 : 400);
    expect(heapOf(U).used).toBeLessThanOrEqual(heap + 1 * MiB);
  });

  test("scope gives everything back at once, but what it returns", () => {
    S.force(U);
    const before = heapOf(U).used;
    const kept = scope(() => {
      const F = S.force(U);
      const G = F.clone();
      return { list: [G, 3] as const, nested: scope(() => S.force(U)) };
    });
    const field = (4 ** 4 * 4 * 144) + 320;
    expect(heapOf(U).used - before).toBeLessThanOrEqual(2 * field + 4096);
    expect(kept.list[0].toArray(1)).toEqual(kept.nested.toArray(1));
    kept.list[0].dispose();
    kept.nested.dispose();
    expect(heapOf(U).used).toBeLessThanOrEqual(before);
    const outer = scope(() => outside(() => S.force(U)));
    expect(outer.disposed).toBe(false);
  });

  test("what samplers and actions keep survives the scope in which it was made", () => {
    const W = hot(lattice([2, 2, 2, 2], { backend, threads: 1 }), SU(2), { seed: 3 });
    const sampler = hmc({ action: gaugeAction.wilson({ beta: 2 }), integrator: "omelyan", steps: 2, length: 0.1, seed: 1 });
    const f = grad((V: Links) => sum(reTrace(mul(V[0]!, adj(V[0]!)))));
    for (let k = 0; k < 2; k++) scope(() => [sampler.step(W), f(W)]);
    expect(sampler.trajectory).toBe(2);
  });
});

test("scope ends with its function: an error frees, an asynchronous function is refused", async () => {
  const U = closedFormLinks(lattice([2, 2]), 2, 0.5);
  let inner: LinkField | undefined;
  expect(() => scope(() => { inner = U.clone(); throw new Error("mine"); })).toThrow("mine");
  expect(inner!.disposed).toBe(true);
  expect(() => scope(async () => U.clone())).toThrow(/scope: got an asynchronous function, expected a synchronous one/);
  expect(() => scope(undefined as never)).toThrow(LifetimeError);
});

test("a field, a container or a plan is not used after dispose", () => {
  const U = closedFormLinks(lattice([2, 2]), 2, 0.5);
  const V = U.clone();
  const data = V.fields.map((f) => f.toArray());
  V.dispose();
  V[Symbol.dispose]();
  const message = /matrix N=2 \[0 -> \+x\] on 2x2: got a field that has been disposed, expected one in use/;
  for (const use of [() => V.toArray(0), () => V.set(data), () => V.clone(), () => U.copyFrom(V), () => V.copyFrom(U), () => V.fields[0]!.readSites(Int32Array.of(0), new Float64Array(8)), () => plaquettes(V), () => gaugeAction.wilson({ beta: 1 }).force(V)]) {
    expect(use).toThrow(LifetimeError);
    expect(use).toThrow(message);
  }
});

test("plans are disposable: their memory comes back, later runs are errors", () => {
  const U = closedFormLinks(lattice([4, 4], { threads: 1 }), 2, 0.5);
  const before = heapOf(U).used;
  const X = new Field(U.lattice, siteMatrixType(U.lattice, 2));
  const second = record((x: Matrix) => mul(x, mul(x, x)), X as never) as unknown as { run(x: unknown): Field; dispose(): void };
  const result = second.run(X);
  second.dispose();
  second.dispose();
  X.dispose();
  expect(heapOf(U).used).toBeLessThanOrEqual(before);
  expect(() => second.run(U.fields[0])).toThrow(LifetimeError);
  expect(() => result.toArray()).toThrow(LifetimeError);
});

test("copyFrom compares types", () => {
  const L = lattice([4, 4]);
  const [U, X] = [new DirectionalField(L, 2, "links"), new DirectionalField(L, 2, "algebra")];
  expect(() => U.fields[0]!.copyFrom(U.fields[1]! as never)).toThrow(/copyFrom: got matrix N=2 \[0 -> \+t\] on 4x4, expected matrix N=2 \[0 -> \+x\]/);
  expect(() => U.copyFrom(X as never)).toThrow(/copyFrom: got a DirectionalField \(algebra N=2 on 4x4\), expected links N=2 on 4x4/);
  expect(() => X.fields[0]!.copyFrom(new Field(L, siteMatrixType(L, 2)) as never)).toThrow(/expected algebra N=2/);
  expect(() => U.copyFrom(undefined as never)).toThrow(/copyFrom: got undefined/);
  expect(() => U.copyFrom(new DirectionalField(lattice([4, 4]), 2, "links"))).toThrow(/same lattice object/);
});

test("fields print their kind, lattice and first numbers", () => {
  const U = closedFormLinks(lattice([2, 2]), 2, 0);
  expect(inspect(U)).toBe("DirectionalField<links N=2 on 2x2> [1.0000, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000, ...]");
  expect(inspect(U.fields[1])).toMatch(/^Field<matrix N=2 \[0 -> \+t\] on 2x2> \[1\.0000/);
  expect(JSON.parse(JSON.stringify({ U }))).toEqual({ U: { kind: "links", N: 2, lattice: [2, 2], origin: [1, 0, 0, 0, 0, 0] } });
  U.dispose();
  expect(inspect(U)).toBe("DirectionalField<links N=2 on 2x2 (disposed)>");
  expect(JSON.stringify(U.fields[0])).toBe('{"kind":"matrix N=2 [0 -> +x]","lattice":[2,2]}');
});

test("a full memory says what holds it", () => {
  const memory = new FieldMemory(new Heap(plainMemory(64 * MiB)), "8x8");
  memory.allocate(40 * MiB, "parts of programs");
  const handles = Array.from({ length: 3 }, () => memory.group(8 * MiB, 1, "matrix N=3 fields"));
  // idle fields leave the heap first
  expect(memory.resident).toBeLessThanOrEqual(16 * MiB);
  expect(() => memory.allocate(30 * MiB, "scratch")).toThrow(
    /memory: this needs \d+ bytes in all, the backend holds at most 67108864: .*; the memory of lattice 8x8 is held by 1 parts of programs \(41943040 bytes\), 1 matrix N=3 fields \(8388608 bytes\): dispose fields and plans/,
  );
  for (const h of handles) {
    memory.begin();
    expect(memory.touch(h)).toBeGreaterThan(0);
  }
});

test("results go into given fields: layers, gradients, directional derivatives", () => {
  const U = closedFormLinks(lattice([4, 4], { threads: 1 }), 2, 0.5) as LinkField;
  const layer = stout({ rho: 0.1 });
  const f = (V: Links, rho: Scalar) => sum(reTrace(plaquette(V.map((mu) => scale(rho, V[mu]!)) as Links, 0, 1)));
  const g = grad(f);
  const expected = { smeared: layer.apply(U), force: g(U, 0.3) };
  const into = { smeared: U.clone(), force: g(U, 0.1) };
  const before = heapOf(U).used;
  for (let k = 0; k < 3; k++) {
    expect(layer.apply(U, into.smeared)).toBe(into.smeared);
    g.runInto(into.force, U, 0.3);
  }
  expect(heapOf(U).used).toBe(before);
  for (const mu of [0, 1]) {
    expect(into.smeared.toArray(mu)).toEqual(expected.smeared.toArray(mu));
    expect(into.force.toArray(mu)).toEqual(expected.force.toArray(mu));
  }
  // in place
  const V = U.clone();
  layer.apply(V, V);
  expect(V.toArray(1)).toEqual(expected.smeared.toArray(1));
  // what does not fit is refused in one line, and nothing is written
  for (const wrong of [() => layer.apply(U, into.force as never), () => layer.apply(U, closedFormLinks(lattice([4, 4]), 2, 0.5) as LinkField), () => g.runInto(U as never, U, 0.3), () => g.runInto(undefined as never, U, 0.3)]) expect(wrong).toThrow(/^[^\n]*expected[^\n]*$/);
  expect(() => record((W: Links) => (g.runInto(into.force as never, W as never, 0.3), f(W, number(W[0]!.tape, 1))), U)).toThrow(/^runInto: got traced values/);
});
