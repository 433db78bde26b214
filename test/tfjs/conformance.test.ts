/**
 * Every op of the list on every engine that is present: value, first and second cotangents against the JavaScript backend in float64.
 * The tolerance follows from the precision: a number of roundoffs of the largest component, growing with the operations behind it.
 */
import { describe, expect, test } from "vitest";
import { pullback } from "../../src/autograd/backward.ts";
import { type Field, Field as FieldOf, type Lattice, type Matrix, type Traced, allOps, number, pairing, polar, record, scaleBy, siteMatrixType } from "../../src/autograd/index.ts";
import { inputOp } from "../../src/autograd/program.ts";
import { sampleInputs } from "../../src/autograd/ops/sample-inputs.ts";
import { makeLattice } from "../../src/compiler/index.ts";
import { ruleOf } from "../../src/compiler/tfjs/rules.ts";
import { loadTfjs } from "../../src/compiler/tfjs/index.ts";
import * as D from "../autograd/dense.ts";
import { fakeNodeModule } from "./fake-node.ts";
import { hasWeights, presentEngines, randomField } from "./helpers.ts";

/** Every engine that is present, in every precision that it has; the raw ops in float64 on a stand-in for the addon in any case. */
const backends = [
  ...(await presentEngines()),
  ...(await presentEngines(["tfjs-node-gpu", "tfjs-node"], "f64")),
  await loadTfjs({ engine: "tfjs-node", precision: "f64", module: fakeNodeModule() }),
];

/** Roundoffs of the largest component for a value; each derivative passes through a program about twice as long. */
const ROUNDOFFS = 32;

test("every op has a rule", () => {
  for (const op of [...allOps, inputOp].filter(({ role }) => role?.is !== "contraction" && role?.is !== "samples")) expect(ruleOf(op), op.name).toBeDefined();
});

test("an op without a rule and without a forward map at a site is found", () => {
  expect(ruleOf({ name: "foreign", infer: ([t]) => t!, vjp: () => [] })).toBeUndefined();
});

test("the engines of the npm registry are present", () => {
  expect(backends.map((b) => b.loaded.engine)).toEqual(expect.arrayContaining(["wasm", "cpu"]));
});

/** Value, gradient of S = <w, y> + <y, y>/2 and the gradient of <gradient, v>, as arrays. */
function evaluate(lattice: Lattice, apply: (inputs: readonly Traced[]) => Traced, types: readonly Field["type"][], salt: number): Float64Array[][] {
  const xs = types.map((t, k) => randomField(lattice, t, salt + k));
  const probe = record((a: Traced[]) => apply(a), xs as never);
  const w = randomField(lattice, probe.program.nodes[probe.program.outputs[0]!]!.type, salt + 20);
  const plan = record(
    ((a: Traced[], c: Traced) => {
      const y = apply(a);
      const s = pairing([y, scaleBy(0.5, y)], [c, y]);
      const first = pullback(s, number(s.tape, 1), a);
      const known = a.flatMap((x, k) => (first[k] ? [{ x, g: first[k] }] : []));
      const second = known.length === 0 ? [] : pullback(pairing(known.map((t) => t.g), known.map((t) => t.x)), number(s.tape, 1), a);
      const present = (list: readonly (Traced | undefined)[]): Traced[] => list.filter((t) => t !== undefined);
      return [[y], present(first), present(second)];
    }) as never,
    xs as never,
    w as never,
  );
  const out = plan.run(xs as never, w as never) as unknown as (Field | number)[][];
  return out.map((list) => list.map((f) => (typeof f === "number" ? Float64Array.of(f) : f.toArray())));
}

for (const backend of backends) {
  const { engine, precision, device } = backend.loaded;
  for (const [extents, N] of [[[4, 2], 1], [[2, 2, 4], 2], [[3, 2], 3], [[2, 2, 2, 2], 3], [[4, 2], 4]] as const) {
    // small calls are slow without a GPU, but for WebAssembly, and the rules are the same
    if (engine !== "wasm" && device !== "cuda" && (N > 3 || extents.length > 2)) continue;
    const lattice = makeLattice(extents, { engine: backend });
    const reference = makeLattice(extents, { backend: "js" });
    describe(`${engine} ${precision} on ${lattice}, N = ${N}`, () => {
      for (const op of allOps)
        for (const sample of sampleInputs[op.name]!(lattice, N).filter((s) => !hasWeights(lattice, s)))
          test(`${op.name}: ${sample.label}`, () => {
            const got = evaluate(lattice, sample.apply, sample.inputs, 1);
            const want = evaluate(reference, sample.apply, sample.inputs, 1);
            const roundoff = backend.loaded.arrays.roundoff;
            want.forEach((list, order) =>
              list.forEach((w, k) => {
                const size = w.reduce((s, x) => Math.max(s, Math.abs(x)), 1);
                const error = w.reduce((s, x, i) => Math.max(s, Math.abs(x - got[order]![k]![i]!)), 0);
                expect(error / size / roundoff, `order ${order}, argument ${k}, in roundoffs`).toBeLessThan(ROUNDOFFS * 2 ** order);
              }),
            );
          });
    });
  }
}

describe.each(backends.map((b) => [`${b.loaded.engine} ${b.loaded.precision}`, b] as const))("polar parts of ill-conditioned matrices on %s", (_name, backend) => {
  const roundoff = backend.loaded.arrays.roundoff;
  const lattice = makeLattice([4, 2], { engine: backend });
  let seed = 3;
  const random = (): number => ((seed = (seed * 16807) % 2147483647) / 2147483647) * 2 - 1;
  test.each([[1, 1], [2, 1], [2, 1e4], [3, 1e2], [3, 1e4], ...(roundoff < 1e-10 ? [[2, 1e8], [3, 1e8], [4, 1e8]] : [])] as [number, number][])("N = %d, condition %d", (N, condition) => {
    const sites = Array.from({ length: lattice.volume }, (_, n) => {
      const [U, W] = [D.unitary(N, random), D.dagger(D.unitary(N, random))];
      const S = D.diagonal(Array.from({ length: N }, (__, i) => (i === 0 ? 3 : i === N - 1 ? 3 / condition : 3 * condition ** (n % 2 === 0 ? -i / (N - 1) : -Math.abs(random())))));
      return { m: D.product(D.product(U, S), W), w: D.product(U, W) };
    });
    const x = new FieldOf(lattice, siteMatrixType(lattice, N)).set(Float64Array.from(sites.flatMap((s) => D.flat(s.m))));
    const got = (record(((m: Matrix) => polar(m)) as never, x as never).run(x as never) as unknown as Field).toArray();
    sites.forEach(({ w }, n) => {
      const W = D.at(got, N, n);
      expect(D.difference(D.product(W, D.dagger(W)), D.unitMatrix(N))).toBeLessThan(32 * roundoff);
      if (N > 1) expect(D.difference(W, w)).toBeLessThan(64 * roundoff * condition);
    });
  });
});
