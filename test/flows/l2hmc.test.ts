/** L2HMC and the demon method on two-dimensional U(1). */
import { describe, expect, test } from "vitest";
import { Field, type LinkField, type Links, Plan, type Real, type Scalar, add, cos, realType, scaleBy, sin } from "../../src/autograd/index.ts";
import { type L2Networks, demonCoupling, demonEnergy, demonSweepU1, exactLogZ2d, l2Trajectory, l2hmc } from "../../src/flows/index.ts";
import { U1, cold, gaugeAction, hot, lattice, plaquettes } from "../../src/gauge/index.ts";
import { hmc } from "../../src/samplers/index.ts";
import { gammaMethod, randomStream } from "../../src/util/index.ts";

const close = (a: number, b: number, tolerance: number): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);
const wrap = (x: number): number => x - 2 * Math.PI * Math.round(x / (2 * Math.PI));

/** Links of angles mu V + x + L t, and momenta, on an L x L lattice. */
function system(L: number) {
  const geometry = lattice([L, L]);
  const V = L * L;
  const order = Array.from({ length: V }, (_, n) => geometry.coordinates(n));
  const on = (f: (x: number, t: number, mu: number) => number): Float64Array[] => [0, 1].map((mu) => Float64Array.from(order, ([x, t]) => f(x!, t!, mu)));
  const links = (angles: readonly Float64Array[]): LinkField => cold(geometry, U1).set(angles.map((a) => Float64Array.from({ length: 2 * V }, (_, k) => (k % 2 === 0 ? Math.cos(a[k >> 1]!) : Math.sin(a[k >> 1]!))))) as LinkField;
  const momenta = (v: readonly Float64Array[]): Field[] => v.map((p) => new Field(geometry, realType()).set(p) as Field);
  const angleOf = (U: LinkField, mu: number): Float64Array => Float64Array.from({ length: V }, (_, n) => Math.atan2(U.toArray(mu)[2 * n + 1]!, U.toArray(mu)[2 * n]!));
  return { geometry, on, links, momenta, angleOf, site: (x: number, t: number) => geometry.site([x, t]) };
}

/** The networks of the reference numbers: functions of sines and cosines, of forces and of momenta. */
const closed: L2Networks<unknown> = {
  momentum: (x, force) => ({ s: x.sin.map((y) => scaleBy(0.3, y)), t: x.cos.map((y) => scaleBy(0.2, y)), q: force.map((y) => scaleBy(0.1, sin(y))) }),
  position: (x, v) => ({ s: v.map((y, mu) => add(scaleBy(0.4, cos(y)), scaleBy(0.1, x.sin[mu]!))), t: v.map((y) => scaleBy(0.2, sin(y))), q: x.cos.map((y) => scaleBy(0.1, y)) }),
};

describe.each([
  [4, 2, 0.2, 22.549393836899, 21.656370639188, -0.2258931481466, -3.0754581762968, -0.9361830806151],
  [8, 4, 0.1, 152.538903965815, 151.881122715963, -0.4893473959844, 3.1092899357003, -0.9608909557204],
])("one step on %i^2, beta = %f", (L, beta, eps, H0, H1, logDet, x0, v1) => {
  const { geometry, on, links, momenta, angleOf, site } = system(L);
  const action = gaugeAction.wilson({ beta });
  const U = links(on((x, t, mu) => wrap(2 * Math.sin(1 + 0.37 * (x + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * x + t) - 0.4 * mu))));
  const v = momenta(on((x, t, mu) => Math.cos(1 + 0.3 * x + 0.5 * t + 0.7 * mu)));
  type State = { readonly links: LinkField; readonly momenta: readonly Field[]; readonly logDet: number };
  const map = (direction: 1 | -1, steps = 1) => {
    const plan = new Plan(((W: Links, p: readonly Real[], step: Scalar) => l2Trajectory({ action, networks: closed, steps }, direction, { links: W, momenta: p, step, weights: undefined })) as never, [U, v, eps] as readonly unknown[]);
    return (W: LinkField, p: readonly Field[]): State => {
      const found = plan.run(W, p, eps) as unknown as State;
      return { links: found.links.clone(), momenta: found.momenta.map((f) => f.clone() as Field), logDet: found.logDet };
    };
  };
  const H = (W: LinkField, p: readonly Field[]): number => action.value(W) + p.reduce((s, f) => s + f.toArray().reduce((e, y) => e + (y * y) / 2, 0), 0);

  test("energies, log det, positions", () => {
    const end = map(1)(U, v);
    close(H(U, v), H0, 1e-12);
    close(H(end.links, end.momenta), H1, 1e-12);
    close(end.logDet, logDet, 1e-11);
    close(wrap(angleOf(end.links, 0)[site(0, 0)]! - x0), 0, 1e-12);
    close(end.momenta[1]!.toArray()[site(1, 2)]!, v1, 1e-12);
  });
  test("round trip to rounding, log det of the inverse", () => {
    const end = map(1, 3)(U, v);
    const back = map(-1, 3)(end.links, end.momenta);
    U.fields.forEach((f, mu) => f.toArray().forEach((y, i) => expect(Math.abs(y - back.links.toArray(mu)[i]!)).toBeLessThan(1e-13)));
    v.forEach((f, mu) => f.toArray().forEach((y, i) => expect(Math.abs(y - back.momenta[mu]!.toArray()[i]!)).toBeLessThan(1e-13)));
    close(back.logDet, -end.logDet, 1e-12);
    expect(geometry.volume).toBe(L * L);
  });
});

/** Wild networks: every weight away from zero. */
const wild = (steps: number, U: LinkField): Float64Array => l2hmc({ action: gaugeAction.wilson({ beta: 2 }), step: 0.25, steps, seed: 4 }).weights(U).map((x, k) => (k === 0 ? 0.25 : x + 0.06 * Math.sin(1 + 3.7 * k)));

test("the chain of wild networks has the exact plaquette; without training it is leapfrog", { timeout: 300_000 }, () => {
  const U = hot(lattice([4, 4]), U1, { seed: 3 }) as LinkField;
  const action = gaugeAction.wilson({ beta: 2 });
  const sampler = l2hmc({ action, step: 0.25, steps: 2, seed: 4, weights: wild(2, U), acceptAlways: 5 });
  const [plaq, weights]: [number[], number[]] = [[], []];
  for (let k = 0; k < 3000; k++) {
    const { expMinusDH } = sampler.step(U);
    if (k < 100) continue;
    plaq.push(plaquettes(U).mean);
    weights.push(expMinusDH);
  }
  const d = 1e-4;
  const exact = 1 + (exactLogZ2d({ beta: 2 + d, N: 1, volume: 16 }) - exactLogZ2d({ beta: 2 - d, N: 1, volume: 16 })) / (2 * d * 16);
  const [p, w] = [gammaMethod(plaq), gammaMethod(weights)];
  expect(p.error).toBeLessThan(0.01);
  expect(Math.abs(p.mean - exact)).toBeLessThan(4 * p.error);
  expect(Math.abs(w.mean - 1)).toBeLessThan(4 * w.error);
  expect(sampler.reversibility(U).maxDifference).toBeLessThan(1e-13);
  // leapfrog of the same steps and momenta: the kicks between two steps are joined
  const [plain, leapfrog] = [l2hmc({ action, step: 0.25, steps: 2, seed: 4 }), hmc({ action, integrator: "leapfrogPQP", steps: 2, length: 0.5, seed: 4 })];
  expect(Math.abs(plain.reversibility(U).forwardDH - leapfrog.reversibility(U).forwardDH)).toBeLessThan(1e-12);
});

test("the gradient of what training makes small, against differences", { timeout: 300_000 }, () => {
  const U = hot(lattice([4, 4]), U1, { seed: 3 }) as LinkField;
  const weights = wild(1, U).map((x, k) => (k === 0 ? 0.3 : 0.3 * x));
  const sampler = l2hmc({ action: gaugeAction.wilson({ beta: 1 }), step: 0.3, steps: 1, seed: 9, weights });
  const { gradient } = sampler.loss(U, 2);
  for (const k of [0, 1, 40, weights.length - 1, Math.floor(weights.length / 2)]) {
    const h = 1e-4;
    const at = (x: number): number => {
      sampler.use(weights.map((w, i) => (i === k ? w + x : w)));
      return sampler.loss(U, 2).value;
    };
    const difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    expect(Math.abs(difference - gradient[k]!)).toBeLessThan(1e-7);
  }
});

test("demons: energies and couplings are inverse to each other, small couplings are smooth", () => {
  for (const beta of [-1, -1e-3, 0, 1e-4, 0.3, 2, 30]) close(demonCoupling(demonEnergy(beta, 5), 5), beta, 1e-6);
  close(demonEnergy(1e-3, 5), (-1e-3 * 25) / 3, 1e-6);
});

test("demons find the couplings of U(1) configurations with two operators", () => {
  const L = 8;
  const [b1, b2] = [2, 0.5];
  const V = L * L;
  const random = randomStream(5).sequence(16);
  const angles: [Float64Array, Float64Array] = [new Float64Array(V), new Float64Array(V)];
  const at = (x: number, t: number): number => ((x + L) % L) + L * ((t + L) % L);
  const P = (x: number, t: number): number => angles[0][at(x, t)]! + angles[1][at(x + 1, t)]! - angles[0][at(x, t + 1)]! - angles[1][at(x, t)]!;
  const local = (p: number): number => b1 * (1 - Math.cos(p)) + b2 * (1 - Math.cos(2 * p));
  const metropolis = (): void => {
    for (let n = 0; n < V; n++) for (const mu of [0, 1] as const) {
      const [x, t] = [n % L, Math.floor(n / L)];
      const energy = (): number => local(P(x, t)) + local(mu === 0 ? P(x, t - 1) : P(x - 1, t));
      const [before, old] = [energy(), angles[mu][n]!];
      angles[mu][n] = old + 2 * random.next() - 1;
      if (Math.log(random.next()) > before - energy()) angles[mu][n] = old;
    }
  };
  for (let k = 0; k < 50; k++) metropolis();
  const demons = new Float64Array(2);
  const energies: [number[], number[]] = [[], []];
  for (let k = 0; k < 3000; k++) {
    for (let j = 0; j < 3; j++) metropolis();
    // the demons visit a copy: the next configuration is that of the target's chain
    const copy: [Float64Array, Float64Array] = [angles[0].slice(), angles[1].slice()];
    demonSweepU1(copy, [L, L], demons, { most: 5, width: 1, uniform: () => random.next() });
    energies[0].push(demons[0]!);
    energies[1].push(demons[1]!);
  }
  [b1, b2].forEach((beta, k) => {
    const { mean, error } = gammaMethod(energies[k]!);
    const slope = (demonEnergy(beta + 1e-3, 5) - demonEnergy(beta - 1e-3, 5)) / 2e-3;
    expect(error / Math.abs(slope)).toBeLessThan(0.1);
    expect(Math.abs(demonCoupling(mean, 5) - beta)).toBeLessThan((5 * error) / Math.abs(slope));
  });
});
