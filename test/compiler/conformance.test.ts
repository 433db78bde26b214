/**
 * Every op of the list, value and derivative, on every backend: equal to the JavaScript reference to rounding, equal bits for any
 * number of threads.
 */
import { describe, expect, test } from "vitest";
import { pullback } from "../../src/autograd/backward.ts";
import { Field } from "../../src/autograd/field.ts";
import { scaleBy } from "../../src/autograd/ops/combine.ts";
import { number } from "../../src/autograd/ops/constants.ts";
import { allOps } from "../../src/autograd/ops/index.ts";
import { record } from "../../src/autograd/plan.ts";
import type { Lattice } from "../../src/autograd/lattice.ts";
import type { Traced } from "../../src/autograd/tape.ts";
import { pairing } from "../../src/autograd/transforms.ts";
import type { MatrixType, ValueType } from "../../src/autograd/types.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native backends skipped: ${missing}`);

/** Well-conditioned numbers without structure: matrices near the unit matrix, algebra elements antihermitian and traceless. */
function sampleField(lattice: Lattice, type: ValueType, salt: number): Field {
  const field = new Field(lattice, type);
  const data = Float64Array.from({ length: field.length }, (_, k) => 0.4 * Math.sin((k + 1) * (1.37 + salt) + salt));
  if (type.kind === "matrix") for (let n = 0; n < lattice.volume; n++) fillMatrix(data.subarray(2 * type.N ** 2 * n, 2 * type.N ** 2 * (n + 1)), type);
  return field.set(data);
}

function fillMatrix(m: Float64Array, { N, algebra }: MatrixType): void {
  if (!algebra) {
    for (let i = 0; i < N; i++) m[2 * i * (N + 1)]! += 1 + 0.5 * N;
    return;
  }
  let trace = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      m[2 * (j * N + i)] = -m[2 * (i * N + j)]!;
      m[2 * (j * N + i) + 1] = m[2 * (i * N + j) + 1]!;
    }
    m[2 * i * (N + 1)] = 0;
    trace += m[2 * i * (N + 1) + 1]!;
  }
  if (N > 1) for (let i = 0; i < N; i++) m[2 * i * (N + 1) + 1]! -= trace / N;
}

/** Values and derivatives of all samples of all ops as one program. */
function evaluate(extents: readonly number[], N: number, options: EngineOptions): { labels: string[]; values: Float64Array[] } {
  const lattice = makeLattice(extents, options);
  const samples = allOps.flatMap((op) => op.samples(lattice, N).map((s) => ({ ...s, label: `${op.name}: ${s.label}` })));
  const inputs = samples.map((s) => s.inputs.map((t, k) => sampleField(lattice, t, k + 1)));
  const labels: string[] = [];
  const plan = record(
    ((groups: Traced[][]) => {
      const out: Traced[] = [];
      labels.length = 0;
      samples.forEach((s, k) => {
        const y = s.apply(groups[k]!);
        const S = pairing([y], [y]);
        out.push(scaleBy(1, y));
        labels.push(`${s.label} value`);
        pullback(S, number(S.tape, 0.5), groups[k]!).forEach((ct, i) => {
          if (!ct) return;
          out.push(ct);
          labels.push(`${s.label} d${i}`);
        });
      });
      return out;
    }) as never,
    inputs as never,
  );
  const values = (plan.run(inputs as never) as unknown as (number | Field)[]).map((y) => (typeof y === "number" ? Float64Array.of(y) : y.toArray()));
  return { labels, values };
}

/** Extents, N, lanes asked of the native backend (undefined: not run, a compilation takes seconds). */
const cases: readonly [extents: readonly number[], N: number, lanes?: 2 | 4 | 8][] = [
  [[8, 4], 1, 8],
  [[3, 5], 2, 2],
  [[4, 6, 2], 4, 2],
  [[3, 4, 2], 3, 4],
  [[2, 2, 2, 2], 2],
  [[4, 2, 4, 8], 2, 8],
  [[2, 4, 2, 4], 3],
  [[4, 4, 2, 4], 3, 8],
  [[3, 2, 5, 2], 1, 4],
];

for (const [extents, N, lanes] of cases)
  describe(`all ops on ${extents.join("x")}, N = ${N}`, () => {
    const reference = evaluate(extents, N, { backend: "js" });
    const agree = (options: EngineOptions): void => {
      const { values } = evaluate(extents, N, options);
      const wrong = values.flatMap((y, k) => {
        const x = reference.values[k]!;
        const size = x.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
        const error = y.reduce((m, v, i) => Math.max(m, Math.abs(v - x[i]!)), y.length === x.length ? 0 : Infinity);
        return error <= 1e-13 * size ? [] : [`${reference.labels[k]}: ${error / size}`];
      });
      expect(wrong).toEqual([]);
    };
    test("wasm", () => agree({ backend: "wasm" }));
    if (!lanes) test("wasm, strict", () => agree({ backend: "wasm", strict: true }));
    if (lanes) test.skipIf(missing !== undefined)(`native, ${lanes} lanes`, () => agree({ backend: "native", lanes }));
  });
