/**
 * Every op of the list, value and derivative, on every backend: equal to the JavaScript reference to rounding; with strict arithmetic the
 * value at a site is a function of the site alone, so that the bits are those of the reference, whatever the lanes and the layout.
 */
import { describe, expect, test } from "vitest";
import { pullback } from "../../src/autograd/backward.ts";
import { Field } from "../../src/autograd/field.ts";
import { scaleBy } from "../../src/autograd/ops/combine.ts";
import { number } from "../../src/autograd/ops/constants.ts";
import { dexp, exp } from "../../src/autograd/ops/exp.ts";
import { allOps } from "../../src/autograd/ops/index.ts";
import { record } from "../../src/autograd/plan.ts";
import type { Lattice } from "../../src/autograd/lattice.ts";
import type { Sample } from "../../src/autograd/op.ts";
import { type Node, type Traced } from "../../src/autograd/tape.ts";
import { Tensor, openTape } from "../../src/autograd/index.ts";
import { pairing } from "../../src/autograd/transforms.ts";
import type { MatrixType, ValueType } from "../../src/autograd/types.ts";
import { sampleInputs } from "../../src/autograd/ops/sample-inputs.ts";
import { type EngineOptions, makeLattice } from "../../src/compiler/index.ts";
import { type Statement, microKernel } from "../../src/compiler/scalar.ts";
import { fakeCuda } from "../cuda/fake.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native backends skipped: ${missing}`);

const cuda = fakeCuda() !== undefined;

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
function evaluate(extents: readonly number[], N: number, options: EngineOptions, chosen: (s: Sample) => boolean = () => true): { labels: string[]; values: Float64Array[] } {
  const lattice = makeLattice(extents, options);
  const samples = allOps.flatMap((op) => sampleInputs[op.name]!(lattice, N).map((s) => ({ ...s, label: `${op.name}: ${s.label}` }))).filter(chosen);
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
  const values = (plan.run(inputs as never) as unknown as (number | Field | Tensor)[]).map((y) => (typeof y === "number" ? Float64Array.of(y) : y instanceof Tensor ? y.data : y.toArray()));
  return { labels, values };
}

/** Nodes of a sample's value. */
function nodesOf(lattice: Lattice, s: Sample): readonly Node[] {
  const tape = openTape(lattice);
  return tape.finish([s.apply(s.inputs.map((t) => tape.input(t)))]).nodes;
}

/** Is the value at a site made from the sites around it alone? Sums over the lattice add in the order of the layout. */
const local = (lattice: Lattice, s: Sample): boolean => nodesOf(lattice, s).every((n) => n.type.kind !== "scalar" && n.type.kind !== "tensor" && n.op.name !== "solve");

/** Does it take elementary functions from the run-time library? That of C rounds in its own way. */
function callsLibrary(lattice: Lattice, s: Sample): boolean {
  const nodes = nodesOf(lattice, s);
  const calls = (list: readonly Statement[]): boolean => list.some((t) => t.kind === "call" || (t.kind === "loop" && calls(t.body)));
  return nodes.some((n) => n.op.site && calls(microKernel(n.op, n.inputs.map((i) => ({ type: nodes[i]!.type, dagger: false })), n.attributes, n.type).statements));
}

/** Extents, N, lanes asked of the native backend (undefined: not run, a compilation takes seconds). */
const cases: readonly [extents: readonly number[], N: number, lanes?: 2 | 4 | 8][] = [
  [[8, 4], 1, 8],
  [[3, 5], 2, 2],
  [[4, 6, 2], 4],
  [[3, 4, 2], 3, 4],
  [[2, 2, 2, 2], 2],
  [[4, 2, 4, 8], 2, 8],
  [[2, 4, 2, 4], 3],
  [[4, 4, 2, 4], 3, 8],
  [[3, 2, 5, 2], 1],
];

for (const [extents, N, lanes] of cases)
  describe(`all ops on ${extents.join("x")}, N = ${N}`, () => {
    const reference = evaluate(extents, N, { backend: "js" });
    const known = new Map(reference.labels.map((label, k) => [label, reference.values[k]!]));
    test("labels are told apart", () => expect(known.size).toBe(reference.labels.length));
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
    // site by site and number by number: larger lattices show it nothing new
    if (extents.reduce((v, n) => v * n, 1) < 100) test("interpreter", () => agree({ backend: "interpret" }));
    test("wasm", () => agree({ backend: "wasm" }));
    const same = (options: EngineOptions, chosen: (s: Sample) => boolean): void => {
      const lattice = makeLattice(extents);
      const { labels, values } = evaluate(extents, N, options, (s) => local(lattice, s) && chosen(s));
      expect(values.flatMap((y, k) => (y.every((v, i) => Object.is(v, known.get(labels[k]!)![i])) ? [] : [labels[k]]))).toEqual([]);
      expect(values.length).toBeGreaterThan(60);
    };
    test("wasm, strict: the bits of the reference", () => same({ backend: "wasm", strict: true }, () => true));
    // compilations take seconds: three of the cases
    if (lanes === 2 || (lanes === 4 && N === 3)) test.skipIf(missing !== undefined)(`native, strict, ${lanes} lanes: the bits of the reference`, () => same({ backend: "native", strict: true, lanes }, (s) => !callsLibrary(makeLattice(extents), s)));
    if (N === 1 && extents.length === 2) test.skipIf(!cuda)("CUDA kernels on the processor", () => agree({ backend: "cuda" }));
    if (lanes) test.skipIf(missing !== undefined)(`native, ${lanes} lanes`, () => agree({ backend: "native", lanes }));
  });

/** exp of i x sigma_3 / 2 with one large x among small ones, and the same without it. */
test("the number of halvings of exp is the site's own", () => {
  const backends: EngineOptions[] = [{ backend: "js" }, { backend: "wasm" }, ...(missing ? [] : [{ backend: "native" as const }])];
  for (const options of backends) {
    const lattice = makeLattice([8, 8], options);
    const type: MatrixType = { kind: "matrix", N: 3, start: [0, 0], end: [0, 0], domain: "all", algebra: true };
    const small = sampleField(lattice, type, 1);
    const plan = record((x: Traced) => [exp(x as never), dexp(x as never, x as never)] as Traced[], small as never);
    const run = (f: Field): Float64Array[] => (plan.run(f as never) as unknown as Field[]).map((y) => y.toArray().slice());
    const alone = run(small);
    for (const site of [0, 17, 63]) {
      const data = small.toArray().slice();
      for (let k = 18 * site; k < 18 * (site + 1); k++) data[k]! *= 4000;
      run(new Field(lattice, type).set(data)).forEach((y, j) => expect([...y].flatMap((v, k) => (v === alone[j]![k] || Math.floor(k / 18) === site ? [] : [k]))).toEqual([]));
    }
  }
});
