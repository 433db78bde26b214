/** Batches: every sample has the bits that it has alone, whatever the backend, the lanes and the other samples. */
import { describe, expect, test } from "vitest";
import { type DirectionalField, Field, type Links, PerSample, type Scalar, batchMean, batchSum, checkpoint, perSample, record, sampleOf, scale, setSample, valueAndGrad } from "../../src/autograd/index.ts";
import type { EngineOptions } from "../../src/compiler/index.ts";
import { conjugateGradient, staggeredNormal, staggeredType } from "../../src/fermions/index.ts";
import { SU, U1, gaugeAction, hot, lattice, plaquettes } from "../../src/gauge/index.ts";
import { check } from "../../src/check/index.ts";
import { writeGauge } from "../../src/io/index.ts";
import { heatbath, hmc, runChain, summarise } from "../../src/samplers/index.ts";
import { stout } from "../../src/models/index.ts";
import { nativeMissing } from "./backends.ts";

const missing = nativeMissing();
const group = (N: number): never => (N === 1 ? U1 : SU(N)) as never;

const cases: readonly [readonly number[], number, number, EngineOptions][] = [
  [[4, 4], 1, 4, { backend: "js" }],
  [[4, 4], 1, 4, { backend: "wasm" }],
  [[4, 4], 3, 3, { backend: "wasm" }],
  [[4, 6], 2, 2, { backend: "wasm", strict: true }],
  [[3, 5], 2, 4, { backend: "wasm" }],
  [[16, 16], 2, 6, { backend: "wasm", threads: 2 }],
  [[4, 4, 4, 4], 2, 2, { backend: "wasm" }],
  [[3, 4], 2, 2, { backend: "interpret" }],
  ...(missing ? [] : ([[[8, 8], 2, 8, { backend: "native", lanes: 8 }], [[8, 8], 2, 3, { backend: "native", lanes: 4 }], [[16, 16], 1, 4, { backend: "native", lanes: 4 }]] satisfies [number[], number, number, EngineOptions][])),
];

const same = (a: Field, b: Field): boolean => {
  const [x, y] = [a.toArray(), b.toArray()];
  return x.length === y.length && x.every((v, k) => v === y[k]);
};

for (const [extents, N, batch, options] of cases)
  describe(`${batch} samples of ${extents.join("x")}, N = ${N}, ${JSON.stringify(options)}`, () => {
    const geo = lattice(extents, { ...options, batch });
    const U = hot(geo, group(N), { seed: 3, stream: 5 });
    const alone = Array.from({ length: batch }, (_, b) => hot(geo.single, group(N), { seed: 3, stream: 5 + b }));

    test("random links are those of the streams", () => {
      alone.forEach((V, b) => sampleOf(U, b).fields.forEach((f, mu) => expect(same(f as Field, V.fields[mu] as Field)).toBe(true)));
    });

    test("value and force of an action behind a layer", () => {
      const S = gaugeAction.wilson({ beta: 2.5 }).after(stout({ rho: 0.1 }) as never);
      const values = perSample(S.value(U as never));
      const F = S.force(U as never);
      alone.forEach((V, b) => {
        expect(values[b]).toBe(S.value(V as never));
        const G = S.force(V as never);
        sampleOf(F, b).fields.forEach((f, mu) => expect(same(f as Field, G.fields[mu] as Field)).toBe(true));
      });
    });

    test("observables", () => {
      const { planes } = plaquettes(U);
      alone.forEach((V, b) => expect(perSample(Object.values(planes)[0]!)[b]).toBe(Object.values(plaquettes(V).planes)[0]));
    });

    test("recomputed shared numbers stay shared: derivatives through a checkpoint, against differences", () => {
      const inside = checkpoint(([beta, V]: readonly [Scalar, Links]): Scalar => {
        const s = scale(beta, beta);
        return scale(scale(s, beta), gaugeAction.wilson({ beta: 1 }).evaluate(V as never, { beta: s } as never));
      });
      const energy = (beta: Scalar, V: Links): Scalar => batchMean(inside([beta, V] as never));
      const value = (beta: number): number => record(energy as never, beta as never, U).run(beta as never, U) as never;
      const { grad } = valueAndGrad(energy)(0.7 as never, U as never) as unknown as { grad: number };
      const h = 1e-3;
      expect(grad / ((8 * (value(0.7 + h) - value(0.7 - h)) - value(0.7 + 2 * h) + value(0.7 - 2 * h)) / (12 * h))).toBeCloseTo(1, 9);
    });

    test("the gradient of a shared coupling is summed over the samples", () => {
      const energy = (beta: Scalar, V: Links): Scalar => batchMean(scale(beta, gaugeAction.wilson({ beta: 1 }).evaluate(V as never, { beta } as never)));
      const { value, grad: slope } = valueAndGrad(energy)(0.7 as never, U as never) as unknown as { value: number; grad: number };
      const each = alone.map((V) => gaugeAction.wilson({ beta: 1 }).value(V as never));
      const mean = each.reduce((s, x) => s + x, 0) / batch;
      expect(value).toBeCloseTo(0.49 * mean, 10);
      expect(slope).toBeCloseTo(1.4 * mean, 10);
    });

    test("a number of every sample goes back in as an argument", () => {
      const S = perSample(gaugeAction.wilson({ beta: 1 }).value(U as never));
      const twice = record((s: Scalar, V: Links) => ({ own: scale(s, s), all: batchSum(s), V: V.map((mu) => scale(s, V[mu]!)) }) as never, S as never, U);
      const out = twice.run(S as never, U) as unknown as { own: number; all: number; V: DirectionalField };
      expect([...perSample(out.own)]).toEqual([...S].map((x) => x * x));
      expect(out.all).toBeCloseTo(S.reduce((s, x) => s + x, 0), 9);
      const at = batch - 1;
      expect(sampleOf(out.V, at).toArray(0)[0]).toBe(S[at]! * alone[at]!.toArray(0)[0]!);
    });
  });

test("arithmetic with the numbers of a batch is refused", () => {
  const geo = lattice([4, 4], { batch: 3 });
  const S = gaugeAction.wilson({ beta: 1 }).value(hot(geo, SU(2), { seed: 1 }));
  expect(() => S + 1).toThrow(/3 samples where one number is expected.*perSample/);
  expect(perSample(S)).toHaveLength(3);
  expect([...perSample(2.5)]).toEqual([2.5]);
});

test("samples go in and out", () => {
  const geo = lattice([4, 4], { batch: 3 });
  const U = hot(geo, SU(2), { seed: 1 });
  const V = hot(geo.single, SU(2), { seed: 9 });
  setSample(U, 1, V);
  expect(same(sampleOf(U, 1).fields[1] as Field, V.fields[1] as Field)).toBe(true);
  expect(same(sampleOf(U, 2).fields[1] as Field, hot(geo.single, SU(2), { seed: 1, stream: 2 }).fields[1] as Field)).toBe(true);
  expect(() => sampleOf(U, 3)).toThrow(/sample 3 of 3 samples of 4x4, expected 0 to 2/);
});

test.each(["js", "wasm", "interpret"] as const)("a solve on a batch, %s: every sample takes its own steps", (backend) => {
  const geo = lattice([4, 4], { batch: 4, backend });
  const U = hot(geo, SU(3), { seed: 3 });
  const type = staggeredType(geo, 3);
  const b = new Field(geo, type);
  const data = Float64Array.from({ length: b.length }, (_, k) => Math.sin(1 + k));
  // samples of very different difficulty, one of them trivial
  data.fill(0, 2 * (data.length / 4), 3 * (data.length / 4));
  b.set(data);
  const solve = (V: typeof U, rhs: Field) => conjugateGradient((x, { W, mass }) => staggeredNormal(W as never, x as never, mass as never), rhs as never, { inputs: { W: V, mass: 0.3 }, tolerance: 1e-10 });
  const { solution, converged, residual } = solve(U, b as never);
  expect(converged).toBe(true);
  expect(residual).toBeLessThan(2e-10);
  for (let s = 0; s < 4; s++) {
    const one = solve(sampleOf(U, s), sampleOf(b as never, s));
    const [x, y] = [sampleOf(solution as unknown as Field, s).toArray(), (one.solution as unknown as Field).toArray()];
    expect(x.every((v, k) => v === y[k])).toBe(true);
  }
});


test("hmc on a batch: the chains of the streams, bit for bit, each with its own decisions", () => {
  const geo = lattice([4, 4], { batch: 6 });
  const action = gaugeAction.wilson({ beta: 2 });
  const options = { action, integrator: "omelyan", steps: 2, length: 2, seed: 4 } as const;
  const U = hot(geo, SU(2), { seed: 1 });
  const batch = hmc(options);
  const alone = Array.from({ length: 6 }, (_, b) => ({ V: hot(geo.single, SU(2), { seed: 1, stream: b }), sampler: hmc({ ...options, stream: b }) }));
  let rejected = 0;
  for (let t = 0; t < 4; t++) {
    const result = batch.step(U);
    const each = alone.map(({ V, sampler }) => sampler.step(V));
    expect(result.samples).toEqual(each);
    rejected += each.filter((r) => !r.accepted).length;
    expect(result.dH).toBeCloseTo(each.reduce((s, r) => s + r.dH, 0) / 6, 12);
  }
  // both decisions were made in one step at least
  expect(rejected).toBeGreaterThan(0);
  expect(rejected).toBeLessThan(24);
  alone.forEach(({ V }, b) => sampleOf(U, b).fields.forEach((f, mu) => expect(same(f as Field, V.fields[mu] as Field)).toBe(true)));
  const { maxDifference } = batch.reversibility(U);
  expect(maxDifference).toBeLessThan(1e-10);
});

test("heatbath on a batch", () => {
  const geo = lattice([4, 4], { batch: 3 });
  const U = hot(geo, SU(2), { seed: 1 });
  heatbath({ beta: 2, seed: 5 }).step(U);
  for (let b = 0; b < 3; b++) {
    const V = hot(geo.single, SU(2), { seed: 1, stream: b });
    heatbath({ beta: 2, seed: 5, stream: b }).step(V);
    expect(same(sampleOf(U, b).fields[0] as Field, V.fields[0] as Field)).toBe(true);
  }
});

test("a chain on a batch has the means over its samples as series", () => {
  const geo = lattice([4, 4], { batch: 4 });
  const U = hot(geo, U1, { seed: 1 });
  const series = runChain({ sampler: hmc({ action: gaugeAction.wilson({ beta: 1 }), integrator: "leapfrogPQP", steps: 4, length: 1, seed: 2 }), U, trajectories: 12, measure: { plaquette: (V) => plaquettes(V).mean } });
  expect(series.values["plaquette"]!.at(-1)).toBeCloseTo(perSample(plaquettes(U).mean).reduce((s, x) => s + x, 0) / 4, 14);
  const { acceptance, expMinusDH } = summarise(series);
  expect(acceptance.mean).toBeGreaterThan(0.5);
  expect(expMinusDH!.mean).toBeGreaterThan(0.5);
});

test("the check takes the sum of all samples", () => {
  const geo = lattice([4, 4], { batch: 2 });
  const U = hot(geo, SU(2), { seed: 1 });
  const S = gaugeAction.wilson({ beta: 2 }).after(stout({ rho: 0.1 }) as never);
  expect(check(S as never, U as never).items.filter((i) => i.status === "fail")).toEqual([]);
  expect(check(stout({ rho: 0.1 }) as never, U as never).items.filter((i) => i.status === "fail")).toEqual([]);
  // a rule that is wrong for one sample alone is found
  const wrong = { name: "wrong", value: (V: typeof U) => S.value(V as never), force: (V: typeof U) => setSample(S.force(V as never), 1, sampleOf(S.force(V as never), 0)) };
  expect(check(wrong as never, U as never).items.find((i) => i.name === "gradient")?.status).toBe("fail");
});

test("what works on one sample says so", () => {
  const U = hot(lattice([4, 4], { batch: 2 }), SU(2), { seed: 1 });
  expect(() => writeGauge("/nonexistent/x.npy", U, "npy")).toThrow(/writeGauge: got fields of 2 samples, expected one: take sampleOf\(U, b\)/);
  expect(() => lattice([4, 4], { batch: 0 })).toThrow(/batch/);
  expect(() => record(((x: Scalar, V: Links) => scale(x, V[0]!)) as never, 1 as never, U).run(perSample(new PerSample(2) as never) as never, U)).toThrow(/2 samples, expected one number/);
});
