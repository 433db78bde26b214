/** SU(2) as quaternions: the numbers of matrices up to rounding, half of the memory and of the arithmetic, and matrices where a value is no quaternion. */
import { describe, expect, test } from "vitest";
import { Field, type LinkField, type Links, type Matrix, type Real, type Scalar, abs2, add, adj, checkpoint, complex, exp, grad, im, mul, projectSU, re, reTrace, record, repeat, restrict, scale, scaleBy, siteMatrixType, sub, sum, ta, trace, where } from "../../src/autograd/index.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import type { EngineOptions } from "../../src/compiler/index.ts";
import { SU, closedFormLinks, gaugeAction, hot, lattice, plaquette, staples } from "../../src/gauge/index.ts";
import { hmc } from "../../src/samplers/index.ts";
import { nativeMissing } from "./backends.ts";

const extents = [4, 4, 2, 4];
const missing = nativeMissing();
if (missing) console.log(`native quaternions skipped: ${missing}`);
/** Backends and programs: one that compiles slowly has a few. */
const cases: readonly (readonly [EngineOptions, readonly string[]])[] = [
  [{ backend: "wasm" }, ["plaquettes", "smeared", "complex traces", "a complex factor", "selected", "projected", "parities", "in a loop", "a loop that leaves them", "computed again"]],
  [{ backend: "js" }, ["complex traces", "a loop that leaves them"]],
  ...(missing ? [] : [[{ backend: "native", lanes: 4 }, ["plaquettes"]] as const]),
];

const path = (U: Links): Matrix => add(mul(staples(U, 0), adj(U[0]!)), scaleBy(0.3, plaquette(U, 1, 2)));
const smeared = (U: Links): Links => U.map((mu) => mul(exp(ta(scaleBy(0.07, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));

/** Values of links that meet the ops: sums, products, exponentials, selections, projections, loops, checkpoints, and factors that leave the quaternions. */
const programs: Readonly<Record<string, (U: Links) => Scalar>> = {
  plaquettes: (U) => sum(reTrace(add(plaquette(U, 0, 1), plaquette(U, 2, 3)))),
  smeared: (U) => sum(reTrace(plaquette(smeared(smeared(U)), 0, 3))),
  "complex traces": (U) => sum(abs2(add(trace(path(U)), scaleBy(0.2, complex(re(trace(plaquette(U, 0, 1))), im(trace(ta(path(U))))))))),
  "a complex factor": (U) => sum(reTrace(mul(scale(complex(reTrace(path(U)), scaleBy(0.3, reTrace(plaquette(U, 0, 3)))), path(U)), adj(path(U))))),
  selected: (U) => sum(reTrace(where(sub(reTrace(plaquette(U, 0, 1)), scaleBy(0.9, reTrace(plaquette(U, 1, 3)))) as Real, path(U), scaleBy(0.5, plaquette(U, 0, 2))))),
  projected: (U) => sum(abs2(trace(projectSU(add(path(U), scaleBy(2, plaquette(U, 0, 1))))))),
  parities: (U) => sum(reTrace(restrict(mul(path(U), path(U)), "odd"))),
  "in a loop": (U) => sum(reTrace(repeat(4, (x) => mul(exp(ta(scaleBy(0.1, x))), x), path(U)))),
  "a loop that leaves them": (U) => sum(reTrace(repeat(3, (x) => scale(complex(reTrace(plaquette(U, 0, 1)), scaleBy(0.1, reTrace(plaquette(U, 0, 1)))), scaleBy(0.5, mul(path(U), x))), path(U)))),
  "computed again": (U) => sum(reTrace(checkpoint((x: Matrix) => mul(exp(ta(x)), x))(path(U)))),
};

const far = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(...Array.from(a, (x, k) => Math.abs(x - b[k]!)));

describe.each(cases)("%j", (options, names) => {
  const [plain, quaternions] = [lattice(extents, options), lattice(extents, { ...options, quaternions: true })];
  const [U, V] = [plain, quaternions].map((geo) => closedFormLinks(geo, 2, 0.7) as LinkField<2>) as [LinkField<2>, LinkField<2>];

  test.each(names)("%s", (name) => {
    const f = programs[name]!;
    const [value, of] = [U, V].map((X) => (record(f as never, X as never) as unknown as { run(x: unknown): number }).run(X)) as [number, number];
    expect(Math.abs(of / value - 1)).toBeLessThan(1e-13);
    const [F, G] = [U, V].map((X) => grad(f as never)(X as never) as unknown as LinkField<2>) as [LinkField<2>, LinkField<2>];
    const size = Math.max(...F.fields.flatMap((x) => Array.from(x.toArray(), Math.abs)));
    F.fields.forEach((x, mu) => expect(far(x.toArray(), G.fields[mu]!.toArray())).toBeLessThan(1e-12 * size));
  });

  if (options.backend === "wasm") test("a gradient of a gradient", () => {
    const force2 = (X: Links): Scalar => {
      const g = grad(programs["smeared"] as never)(X as never) as unknown as Links;
      return sum(add(...(g.map((mu) => mul(g[mu]!, g[mu]!)).values().map((x) => abs2(trace(x))) as [Real, ...Real[]])));
    };
    const [F, G] = [U, V].map((X) => (grad(force2 as never)(X as never) as unknown as LinkField<2>).fields[1]!.toArray()) as [Float64Array, Float64Array];
    expect(far(F, G)).toBeLessThan(1e-11 * Math.max(...Array.from(F, Math.abs)));
  });

  test("trajectories, files of sites, and half of the memory", () => {
    const runs = [plain, quaternions].map((geo) => {
      const W = hot(geo, SU(2), { seed: 3 });
      const chain = hmc({ action: gaugeAction.wilson({ beta: 2.2 }) as never, length: 0.5, steps: 4, integrator: "omelyan", seed: 9 });
      return { dH: chain.step(W as never).dH, W };
    });
    expect(Math.abs(runs[0]!.dH - runs[1]!.dH)).toBeLessThan(1e-10);
    runs[0]!.W.fields.forEach((f, mu) => expect(far(f.toArray(), runs[1]!.W.fields[mu]!.toArray())).toBeLessThan(1e-12));
    expect((V.fields[0] as unknown as Field).storage.bytes * 2).toBe((U.fields[0] as unknown as Field).storage.bytes);
    expect((quaternions.engine as KernelEngine).bytes(siteMatrixType(quaternions, 2))).toBe((plain.engine as KernelEngine).bytes(siteMatrixType(plain, 2)));
  });

  test("matrices are refused where quaternions are stored", () => {
    const bad = U.fields[0]!.toArray();
    bad[6]! += 0.01;
    expect(() => (V.fields[0] as unknown as Field).set(bad)).toThrow(/set: got a matrix that differs by 0.01\d* from a multiple of an SU\(2\) matrix, expected one on a lattice of quaternions/);
    const general = new Field(quaternions, siteMatrixType(quaternions, 2)).set(bad);
    expect(far(general.toArray(), bad)).toBe(0);
  });
});

test("the option is for lattices whose kernels are compiled, and changes nothing for other groups", () => {
  expect(() => lattice([4, 4], { backend: "interpret", quaternions: true })).toThrow(/^quaternions: got backend interpret, expected backend js, wasm, native or cuda$/);
  expect(() => lattice([4, 4], { quaternions: 1 as never })).toThrow(/^quaternions: got the number 1, expected true or false$/);
  const [a, b] = [{}, { quaternions: true }].map((o) => (grad(programs["plaquettes"] as never)(closedFormLinks(lattice(extents, o), 3, 0.7) as never) as unknown as LinkField).fields[0]!.toArray()) as [Float64Array, Float64Array];
  expect(far(a, b)).toBe(0);
});
