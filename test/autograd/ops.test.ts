/**
 * Every op of the list: reverse mode against fourth-order finite differences, first and second order, linearity in the
 * cotangent. One random direction and one random covector test all components at once.
 */
import { describe, expect, test } from "vitest";
import { pullback } from "../../src/autograd/backward.ts";
import { Field } from "../../src/autograd/field.ts";
import { scaleBy } from "../../src/autograd/ops/combine.ts";
import { number } from "../../src/autograd/ops/constants.ts";
import { allOps } from "../../src/autograd/ops/index.ts";
import { record } from "../../src/autograd/plan.ts";
import type { Lattice } from "../../src/autograd/lattice.ts";
import type { Scalar, Traced } from "../../src/autograd/tape.ts";
import { pairing } from "../../src/autograd/transforms.ts";
import { openTape } from "../../src/autograd/index.ts";
import { type MatrixType, type ValueType, components } from "../../src/autograd/types.ts";
import { sampleInputs } from "../../src/autograd/ops/sample-inputs.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";

/** Deterministic numbers in (-1, 1) with no structure that an op could share. */
function noise(length: number, salt: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => {
    const x = Math.sin((k + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

function randomField(lattice: Lattice, type: ValueType, salt: number): Field {
  const field = new Field(lattice, type);
  const data = noise(field.length, salt);
  const t = type as MatrixType;
  if (type.kind === "matrix" && type.algebra) project(data, t.N);
  else if (type.kind === "matrix") for (let n = 0; n < lattice.volume; n++) for (let i = 0; i < t.N; i++) data[n * 2 * t.N * t.N + 2 * (i * t.N + i)]! += 1.5 + 0.5 * t.N;
  else if (type.kind === "spin") for (let n = 0; n < lattice.volume; n++) data[3 * n + 2]! += 2.5;
  return field.set(data);
}

/** Antihermitian, traceless for N > 1. */
function project(data: Float64Array, N: number): void {
  for (let at = 0; at < data.length; at += 2 * N * N) {
    let trace = 0;
    for (let i = 0; i < N; i++) {
      for (let j = 0; j <= i; j++) {
        const [p, q] = [at + 2 * (i * N + j), at + 2 * (j * N + i)];
        const [re, im] = [(data[p]! - data[q]!) / 2, (data[p + 1]! + data[q + 1]!) / 2];
        [data[p], data[q], data[p + 1], data[q + 1]] = [re, -re, im, im];
        if (i === j) [data[p], trace] = [0, trace + im];
      }
    }
    if (N > 1) for (let i = 0; i < N; i++) data[at + 2 * (i * N + i) + 1]! -= trace / N;
  }
}

test("every op has its samples, or says that there are none", () => {
  expect(Object.keys(sampleInputs).sort()).toEqual(allOps.map((op) => op.name).sort());
});

/** A rule is the same ops on every backend, and test/compiler/conformance.test.ts holds the backends to each other: every lattice and every N has both of them, not every pair. */
const backendOf = (k: number, N: number): EngineOptions => ((k + N) % 2 === 0 ? { backend: "wasm", strict: k === 1 } : { backend: "js" });

for (const [k, extents] of [[4, 2], [3, 2, 2], [2, 4, 2, 2]].entries()) {
  for (let N = 1; N <= 4; N++) {
    const options = backendOf(k, N);
    const lattice = makeLattice(extents, options);
    describe(`ops on ${lattice}, N = ${N}, ${options.backend}`, () => {
      for (const op of allOps)
        for (const sample of sampleInputs[op.name]!(lattice, N))
          test(`${op.name}: ${sample.label}`, () => {
            const xs = sample.inputs.map((t, k) => randomField(lattice, t, k + 1));
            const vs = sample.inputs.map((t, k) => directionField(lattice, t, k + 11));
            const tape = openTape(lattice);
            const { nodes, outputs } = tape.finish([sample.apply(sample.inputs.map((t) => tape.input(t)))]);
            const outType = nodes[outputs[0]!]!.type;
            const w = directionField(lattice, outType, 21);
            // S(x) = <w, y> + <y, y>/2, so that the cotangent depends on x as well
            const S = (a: readonly Traced[], b: Traced): Scalar => {
              const y = sample.apply(a);
              return pairing([y, scaleBy(0.5, y)], [b, y]);
            };
            const plan = record(
              ((a: Traced[], b: Traced, v: Traced[]) => {
                const s = S(a, b);
                const cts = pullback(s, number(s.tape, 1), a);
                const first = directional(a, cts, v);
                const again = first ? pullback(first, number(s.tape, 1), a) : [];
                const doubled = pullback(s, number(s.tape, 2), a);
                const second = directional(a, again, v);
                return { s, first: first ?? scaleBy(0, s), second: second ?? scaleBy(0, s), doubled: directional(a, doubled, v) ?? scaleBy(0, s) };
              }) as never,
              xs as never, w as never, vs as never,
            );
            const at = (h: number): { s: number; first: number; second: number; doubled: number } => {
              const moved = xs.map((x, k) => {
                const f = new Field(lattice, x.type);
                const [a, v] = [x.toArray(), vs[k]!.toArray()];
                return f.set(a.map((y, i) => y + h * v[i]!));
              });
              return { ...(plan.run(moved as never, w as never, vs as never) as unknown as { s: number; first: number; second: number; doubled: number }) };
            };
            const h = 2e-3;
            const [m2, m1, p1, p2, o] = [at(-2 * h), at(-h), at(h), at(2 * h), at(0)];
            const fd = (k: "s" | "first"): number => (8 * (p1[k] - m1[k]) - (p2[k] - m2[k])) / (12 * h);
            const scale = Math.abs(o.s) + 1;
            expect(Math.abs(o.first - fd("s")) / (Math.abs(o.first) + scale)).toBeLessThan(2e-9);
            expect(Math.abs(o.second - fd("first")) / (Math.abs(o.second) + Math.abs(o.first) + scale)).toBeLessThan(2e-8);
            expect(Math.abs(o.doubled - 2 * o.first)).toBeLessThanOrEqual(1e-12 * (Math.abs(o.first) + scale));
          });
    });
  }
}

function directionField(lattice: Lattice, type: ValueType, salt: number): Field {
  const field = new Field(lattice, type);
  const data = noise(field.length, salt);
  if (type.kind === "matrix" && type.algebra) project(data, type.N);
  return field.set(data);
}

function directional(a: readonly Traced[], cts: readonly (Traced | undefined)[], v: readonly Traced[]): Scalar | undefined {
  const pairs = a.map((_, k) => [cts[k], v[k]!] as const).filter((p): p is [Traced, Traced] => p[0] !== undefined);
  return pairs.length === 0 ? undefined : pairing(pairs.map((p) => p[0]), pairs.map((p) => p[1]));
}

test("component counts", () => {
  expect(components({ kind: "scalar" })).toBe(1);
});
