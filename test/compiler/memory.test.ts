/** Memory of the reverse pass: known before running, bounded by a budget, and one clear error when it cannot be had. */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type LinkField, type Links, type Scalar, checkpoint, record, valueAndGrad } from "../../src/autograd/index.ts";
import { Plan } from "../../src/autograd/plan.ts";
import { Heap, plainMemory } from "../../src/backend/heap.ts";
import { nativeMemory } from "../../src/backend/native-memory.ts";
import { wasmMemory } from "../../src/backend/wasm-memory.ts";
import { BackendError } from "../../src/errors.ts";
import { SU, closedFormLinks, cold, hot, lattice } from "../../src/gauge/index.ts";
import { plaquettes, stoutStep } from "./programs.ts";

type Result = { value: number; grad: AlgebraField };
const deep = (layers: number, wrap = (f: (V: Links) => Links) => f) => (U: Links): Scalar => plaquettes(Array.from({ length: layers }).reduce((V: Links) => wrap(stoutStep)(V), U));

describe("plaquette action of stout layers, value and gradient", () => {
  const U = closedFormLinks(lattice([4, 4, 4, 4], { backend: "wasm" }), 3, 0.5);
  for (const [layers, most] of [[1, 12], [3, 20], [6, 32]] as const)
    test(`${layers} layers take at most ${most} link fields`, () => {
      const plan = record((V: Links) => valueAndGrad(deep(layers))(V) as never, U);
      expect(plan.peakFields).toBeLessThanOrEqual(most);
      expect(plan.peakFields).toBeCloseTo(plan.arenaBytes / (4 ** 4 * 4 * 144), 12);
    });

  test("checkpoint trades it down further", () => {
    const kept = record((V: Links) => valueAndGrad(deep(6))(V) as never, U).peakFields;
    const again = record((V: Links) => valueAndGrad(deep(6, (f) => checkpoint(f) as never))(V) as never, U).peakFields;
    expect(again).toBeLessThan(0.8 * kept);
  });

  test("a budget changes the memory, not the numbers", () => {
    const f = (V: Links) => valueAndGrad(deep(2))(V);
    const free = new Plan(f as never, [U]);
    const bounded = new Plan(f as never, [U], { maxFields: 0.9 * free.peakFields });
    expect(bounded.peakFields).toBeLessThanOrEqual(0.9 * free.peakFields);
    const [a, b] = [free.run(U as never), bounded.run(U as never)] as unknown as [Result, Result];
    expect(Math.abs(a.value / b.value - 1)).toBeLessThan(1e-13);
    a.grad.fields.forEach((x, mu) => {
      const y = b.grad.fields[mu]!.toArray();
      x.toArray().forEach((v, k) => expect(Math.abs(v - y[k]!)).toBeLessThan(1e-12));
    });
  });

  test("a budget that cannot be met is an error with the fields needed", () => {
    const f = (V: Links) => valueAndGrad(deep(2))(V);
    expect(() => new Plan(f as never, [U], { maxFields: 0.5 })).toThrow(/take \d+\.\d link fields, got a budget of maxFields = 0.5: raise it, or wrap parts of the program in checkpoint/);
    expect(() => record(f as never, closedFormLinks(lattice([4, 4, 4, 4], { maxFields: 0.1 }), 3, 0.5) as never)).toThrow(BackendError);
  });
});

test("what does not fit is refused before anything is allocated, with the bytes needed", () => {
  for (const source of [plainMemory(), wasmMemory(false)]) {
    const heap = new Heap(source);
    const before = source.buffer().byteLength;
    expect(() => heap.allocate(5e9)).toThrow(/memory: this needs 5\d{9} bytes in all, the backend holds at most 4294967296: use a smaller lattice, fewer fields, or checkpoint/);
    expect(source.buffer().byteLength).toBe(before);
  }
});

test("a plan's links are a field of the caller's", () => {
  const U = closedFormLinks(lattice([4, 4]), 2, 0.5) as LinkField;
  expect(record((V: Links) => valueAndGrad(plaquettes)(V) as never, U as never).arenaBytes).toBe(0);
});

describe("lattices too large for their backend", () => {
  test.each(["js", "wasm"] as const)("%s refuses them before it lays them out", (backend) => {
    const begin = performance.now();
    expect(() => cold(lattice([96, 96, 96, 96], { backend, threads: 1 }), SU(3))).toThrow(/^memory: this needs 4892\d{7} bytes in all, the backend holds at most 4294967296: [^\n]*$/);
    expect(() => hot(lattice([128, 128, 128, 128], { backend, threads: 1 }), SU(2), { seed: 1 })).toThrow(BackendError);
    expect(() => lattice([256, 256, 256, 128], { backend, threads: 1 })).toThrow(new RegExp(`^lattice 256x256x256x128: one number a site takes 17179869184 bytes, backend ${backend} holds at most 4294967296: [^\\n]*$`));
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});

test("native memory keeps all of its bytes as it grows, wherever the system puts it", () => {
  for (const rest of [0, 16, 48]) {
    let calls = 0;
    const source = nativeMemory(() => 2 ** 20 + ((rest + 16 * calls++) % 64), 2 ** 22);
    const heap = new Heap(source);
    const pieces = Array.from({ length: 5000 }, (_, k) => {
      const at = heap.allocate(64) / 8;
      heap.f64.fill(k, at, at + 8);
      return at;
    });
    expect(heap.generation).toBeGreaterThan(3);
    expect(pieces.every((at, k) => heap.f64.subarray(at, at + 8).every((x) => x === k))).toBe(true);
    expect(source.address() % 64).toBe(0);
  }
});
