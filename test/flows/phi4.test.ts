/** The phi^4 flow at the couplings E1 of arXiv:1904.12072 after a short training, and its free field. */
import { expect, test } from "vitest";
import { Field, Plan, type Real, type Scalar, realType } from "../../src/autograd/index.ts";
import { independenceStep, independenceSummary, phi4Flow, weightSummary } from "../../src/flows/index.ts";
import { freeField } from "../../src/flows/generative/free-field.ts";
import { lattice } from "../../src/gauge/index.ts";
import { adam, schedules } from "../../src/training/index.ts";
import { PURPOSE, randomStream } from "../../src/util/index.ts";

test("the free field: its propagator in momentum space, log det, inverse", () => {
  const L = lattice([4, 6]);
  const z = new Field(L, realType()).set(Float64Array.from({ length: 24 }, (_, n) => (n === 0 ? 1 : 0))) as Field;
  const c = Array.from({ length: 12 }, (_, k) => 0.1 * Math.cos(k));
  const run = (back: boolean, x: Field): { field: Float64Array; logDet: number } => {
    const plan = new Plan(((y: Real, w: readonly Scalar[]) => freeField(y, w, back)) as never, [x, c] as readonly unknown[]);
    const { field, logDet } = plan.run(x, c) as unknown as { field: Field; logDet: number };
    return { field: field.toArray(), logDet };
  };
  const { field, logDet } = run(false, z);
  // eigenvalues of the kernel: e^c (2 k^2 + 2)^(-1/2); those of the 12 classes k_x <= 2, k_t <= 3 in the order of their first site
  let sum = 0;
  for (let kx = 0; kx < 4; kx++)
    for (let kt = 0; kt < 6; kt++) {
      const lambda = field.reduce((s, x, n) => s + x * Math.cos((2 * Math.PI * kx * (n % 4)) / 4 + (2 * Math.PI * kt * Math.floor(n / 4)) / 6), 0);
      const k = Math.min(kx, 4 - kx) + 3 * Math.min(kt, 6 - kt);
      const k2 = 4 * Math.sin((Math.PI * kx) / 4) ** 2 + 4 * Math.sin((Math.PI * kt) / 6) ** 2;
      expect(lambda).toBeCloseTo(Math.exp(c[k]!) / Math.sqrt(2 * k2 + 2), 12);
      sum += Math.log(lambda);
    }
  expect(logDet).toBeCloseTo(sum, 11);
  const back = run(true, new Field(L, realType()).set(field) as Field);
  expect(back.logDet).toBeCloseTo(-sum, 11);
  back.field.forEach((x, n) => expect(x).toBeCloseTo(n === 0 ? 1 : 0, 12));
});

test("E1: acceptance above 0.55 after 250 steps, moments as those of a long hybrid Monte Carlo", { timeout: 300_000 }, () => {
  const model = phi4Flow({ lattice: lattice([6, 6]), seed: 1, m2: -4, lambda: 6.975 });
  const [batch, iterations] = [64, 250];
  const optimiser = adam({ rate: schedules.cosine({ initial: 2e-3, final: 2e-5, steps: iterations }) });
  let theta = model.start(1);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < iterations; k++) {
    const { gradient } = model.gradient(theta, Array.from({ length: batch }, (_, b) => k * batch + b));
    ({ parameters: theta, state: memory } = optimiser.step(theta, { gradient: () => gradient }, memory));
  }
  const samples = model.samples(theta, Array.from({ length: 2000 }, (_, k) => k));
  const random = randomStream(4);
  let chain: Parameters<typeof independenceStep>[0];
  const steps = samples.map((s, k) => {
    const next = independenceStep(chain, s, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: next.state.values };
  });
  const { acceptance, values } = independenceSummary(steps);
  expect(acceptance.mean).toBeGreaterThan(0.55);
  expect(weightSummary(samples.map((s) => s.logWeight)).sd).toBeLessThan(0.8);
  for (const [name, value, error] of [["phi2", 0.161378, 0.000028], ["chi2", 1.0636, 0.0014], ["phi4", 0.052572, 0.000017], ["modulus", 0.14151, 0.00011]] as const)
    expect(Math.abs(values[name]!.mean - value), name).toBeLessThan(4 * Math.hypot(values[name]!.error, error));
});

test("a sample does not depend on those that are drawn with it, nor on threads", () => {
  const numbers = [3, 4, 5, 6, 9];
  const options = { seed: 1, m2: -4, lambda: 6.975, layers: 2 };
  const model = phi4Flow({ lattice: lattice([6, 6], { threads: 1 }), ...options });
  const theta = model.start(2).map((x, k) => x + 0.1 * Math.sin(k));
  const all = model.samples(theta, numbers);
  expect(all.map((s) => s.index)).toEqual(numbers);
  numbers.forEach((n, k) => expect(model.sample(theta, n)).toEqual(all[k]));
  expect(phi4Flow({ lattice: lattice([6, 6], { threads: 2 }), ...options }).samples(theta, numbers)).toEqual(all);
});
