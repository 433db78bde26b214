/** Single precision against float64: every op, forces, mixed-precision conjugate gradient, molecular dynamics. */
import { describe, expect, test } from "vitest";
import { Field, type Traced, type ValueType, allOps, number, record } from "../../src/autograd/index.ts";
import { sampleInputs } from "../../src/autograd/ops/sample-inputs.ts";
import { conjugateGradient, staggeredNormal, staggeredType } from "../../src/fermions/index.ts";
import { SU, gaugeAction, hot, lattice, unitarityDefect } from "../../src/gauge/index.ts";
import { forceOn, hmc } from "../../src/samplers/index.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native single precision skipped: ${missing}`);

/** Rounding of a float, and how many of them the result of an op may be off, by its largest component. */
const [ROUNDOFF, MANY] = [2 ** -24, 400];

function sampleField(geo: ReturnType<typeof lattice>, type: ValueType, salt: number): Field {
  const field = new Field(geo, type);
  const data = Float64Array.from({ length: field.length }, (_, k) => 0.4 * Math.sin((k + 1) * (1.37 + salt) + salt));
  if (type.kind === "matrix") {
    const size = 2 * type.N ** 2;
    for (let n = 0; n < data.length / size; n++)
      for (let i = 0; i < type.N; i++)
        if (!type.algebra) data[n * size + 2 * i * (type.N + 1)]! += 1 + 0.5 * type.N;
        else for (let j = 0; j <= i; j++) {
          const [a, b] = [n * size + 2 * (i * type.N + j), n * size + 2 * (j * type.N + i)];
          [data[b], data[b + 1]] = [-data[a]!, data[a + 1]!];
          if (i === j) data[a] = 0;
          if (i === j) data[a + 1] = i === type.N - 1 && type.N > 1 ? -Array.from({ length: i }, (_, k) => data[n * size + 2 * k * (type.N + 1) + 1]!).reduce((s, x) => s + x, 0) : data[a + 1]!;
        }
  }
  return field.set(data);
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [most, size] = [0, 1e-30];
  for (let k = 0; k < a.length; k++) [most, size] = [Math.max(most, Math.abs(a[k]! - b[k]!)), Math.max(size, Math.abs(a[k]!))];
  return most / size;
};

/** Lattices whose blocks have four sites that displacements permute, one site, two; samples in the lanes, and copies. */
const shapes = [[[4, 4], 1], [[3, 5], 1], [[4, 6], 1], [[4, 4], 4], [[4, 4], 2]] as const;

describe.each(["wasm", ...(missing ? [] : ["native" as const])] as const)("single precision, %s", (backend) => {
  test.each(backend === "wasm" ? shapes : shapes.slice(0, 1))("every op, %j in batches of %d", (extents, batch) => {
    const N = 2;
    const [f64, f32] = (["f64", "f32"] as const).map((precision) => {
      const geo = lattice(extents, { backend, precision, batch, threads: 1 });
      // determinants and dense solves are not taken sample by sample, and weights are filled with a number that samples share
      const samples = allOps.filter((op) => batch === 1 || !/logDet|LogDet|traceGradient|solve|^fill/.test(op.name)).flatMap((op) => sampleInputs[op.name]!(geo, N).map((s) => ({ ...s, label: `${op.name}: ${s.label}` })));
      const inputs = samples.map((s) => s.inputs.map((t, k) => sampleField(geo, t, k + 1)));
      const plan = record(((groups: Traced[][]) => samples.map((s, j) => [s.apply(groups[j]!)])) as never, inputs as never);
      const results = plan.run(inputs as never) as unknown as (Field | number | Float64Array | { data: Float64Array })[][];
      return samples.map((s, j) => ({ label: s.label, values: results[j]!.map((x) => (typeof x === "number" ? Float64Array.of(x) : x instanceof Float64Array ? x : x instanceof Field ? x.toArray() : x.data)) }));
    });
    f64!.forEach(({ label, values }, j) => {
      // solves and dense algebra lose digits
      const most = /solve|logDet|traceGradient|overlap|lyap|polar|updateLogDet|inverse/.test(label) ? 5e-4 : MANY * ROUNDOFF;
      values.forEach((x, k) => expect([label, k, difference(x, f32![j]!.values[k]!) < most]).toEqual([label, k, true]));
    });
  });

  test("a force on two threads has the bits of one thread, and the digits of a float", () => {
    const [a, b, c] = [{ backend }, { backend, precision: "f32", threads: 1 }, { backend, precision: "f32", threads: 2 }].map((options) => {
      const geo = lattice([8, 8, 8, 8], options as never);
      const S = gaugeAction.wilson({ beta: 6 });
      const U = hot(geo, SU(2), { seed: 5 });
      return { value: S.value(U as never), force: S.force(U as never).fields.map((f) => f.toArray()) };
    });
    expect(Math.abs(b!.value / a!.value - 1)).toBeLessThan(4 * ROUNDOFF);
    a!.force.forEach((f, mu) => expect(difference(f, b!.force[mu]!)).toBeLessThan(20 * ROUNDOFF));
    expect(c!.value).toBe(b!.value);
    b!.force.forEach((f, mu) => expect(c!.force[mu]).toEqual(f));
  });

  test("mixed-precision conjugate gradient: the float64 residual, as many iterations, the solution of float64", () => {
    const geo = lattice([4, 4, 4, 8], { backend });
    const inner = lattice([4, 4, 4, 8], { backend, precision: "f32" });
    const U = hot(geo, SU(3), { seed: 3 });
    const b = new Field(geo, staggeredType(geo, 3, { domain: "even" }));
    b.set(Float64Array.from({ length: b.length }, (_, k) => Math.sin(1.7 * k * k + k)));
    const normal = record((V: never, x: never) => staggeredNormal(V, x, number((x as Traced).tape, 0.1)) as never, U as never, b as never);
    for (const tolerance of [1e-6, 1e-10, 1e-13]) {
      const [plain, mixed] = [{}, { inner }].map((how) => conjugateGradient((x, { V, mass }) => staggeredNormal(V as never, x as never, mass) as never, b as never, { inputs: { V: U, mass: 0.1 }, tolerance, ...how }));
      const Ax = (normal.run(U as never, mixed!.solution as never) as unknown as Field).toArray();
      const want = b.toArray();
      const residual = Math.hypot(...Ax.map((v, k) => v - want[k]!)) / Math.hypot(...want);
      expect(mixed!.converged).toBe(true);
      expect(residual).toBeLessThan(tolerance);
      expect(Math.abs(residual / mixed!.residual - 1)).toBeLessThan(0.05);
      expect(mixed!.iterations).toBeLessThan(1.1 * plain!.iterations + 5);
      expect(difference(plain!.solution.toArray(), mixed!.solution.toArray())).toBeLessThan(20 * tolerance);
    }
    expect(() => conjugateGradient((x) => x, b as never, { inputs: {}, inner: lattice([4, 4], { precision: "f32" }) })).toThrow(/expected the same extents/);
  });

  test("HMC with forces in single precision: energies of float64, reversible to the roundoff of a float", () => {
    const geo = lattice([4, 4, 4, 4], { backend });
    const S = gaugeAction.wilson({ beta: 2.3 });
    const run = (forcePrecision: "f64" | "f32") => {
      const U = hot(geo, SU(2), { seed: 1 });
      const sampler = hmc({ action: S as never, length: 1, steps: 8, integrator: "omelyan", seed: 2, forcePrecision });
      const first = sampler.step(U as never);
      return { first, value: S.value(U as never), back: sampler.reversibility(U as never) };
    };
    const [exact, single] = [run("f64"), run("f32")];
    expect(single.first.action).toBe(single.value);
    expect(single.first.kinetic).toBe(exact.first.kinetic);
    expect(Math.abs(single.first.dH - exact.first.dH)).toBeLessThan(1e-3);
    expect(single.first.dH).not.toBe(exact.first.dH);
    expect(single.back.maxDifference).toBeLessThan(1e-6);
    expect(Math.abs(single.back.dH)).toBeLessThan(1e-4);
    // the force is that of the lattice in single precision
    const U = hot(geo, SU(2), { seed: 1 });
    const [F, G] = [forceOn(lattice([4, 4, 4, 4], { backend, precision: "f32" }), S as never).force(U as never), S.force(U as never)];
    F.fields.forEach((f, mu) => expect(difference(G.fields[mu]!.toArray(), f.toArray())).toBeLessThan(20 * ROUNDOFF));
    const other = hot(lattice([4, 4, 4, 4], { backend, batch: 2 }), SU(2), { seed: 1 });
    expect(() => forceOn(lattice([4, 4, 4, 4], { backend, precision: "f32" }), S as never).force(other as never)).toThrow(/^forceOn: got fields on 2 samples of 4x4x4x4, expected 4x4x4x4: make both lattices with equal extents and as many samples$/);
  });

  test("the links stay in the group, as momenta are those of the algebra in float64", () => {
    const geo = lattice([4, 4, 4, 4], { backend });
    const U = hot(geo, SU(3), { seed: 1 });
    const sampler = hmc({ action: gaugeAction.wilson({ beta: 5.7 }) as never, length: 1, steps: 10, integrator: "omelyan", seed: 2, forcePrecision: "f32" });
    for (let k = 0; k < 3; k++) sampler.step(U as never);
    const { unitarity, determinant } = unitarityDefect(U as never);
    expect(unitarity).toBeLessThan(1e-13);
    expect(determinant).toBeLessThan(1e-13);
    console.log(`links after forward and back: ${sampler.reversibility(U as never).maxDifference.toExponential(0)}`);
  });
});

test("other backends refuse single precision in one line", () => {
  for (const backend of ["js", "interpret"] as const) expect(() => lattice([4, 4], { backend, precision: "f32" })).toThrow(/precision "f32": got backend (js|interpret), expected /);
  expect(() => lattice([4, 4], { precision: "half" as never })).toThrow(/precision: got/);
});
