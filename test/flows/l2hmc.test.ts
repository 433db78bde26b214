/** L2HMC and the demon method on angles of two-dimensional U(1), with actions written here. */
import { describe, expect, test } from "vitest";
import { demonCoupling, demonEnergy, demonSweepU1, exactLogZ2d, l2Dynamics, l2Step } from "../../src/flows/index.ts";
import { gammaMethod, randomStream } from "../../src/util/index.ts";

const close = (a: number, b: number, tolerance: number): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);
const wrap = (x: number): number => x - 2 * Math.PI * Math.round(x / (2 * Math.PI));

/** S = beta sum (1 - cos P) of angles mu V + x + L t. */
function theory(L: number, beta: number): { readonly S: (x: Float64Array) => number; readonly dS: (x: Float64Array) => Float64Array } {
  const V = L * L;
  const n = (x: number, t: number): number => ((x + L) % L) + L * ((t + L) % L);
  const P = (a: Float64Array, x: number, t: number): number => a[n(x, t)]! + a[V + n(x + 1, t)]! - a[n(x, t + 1)]! - a[V + n(x, t)]!;
  const each = <T>(f: (x: number, t: number) => T): T[] => Array.from({ length: V }, (_, k) => f(k % L, Math.floor(k / L)));
  return {
    S: (a) => beta * each((x, t) => 1 - Math.cos(P(a, x, t))).reduce((s, y) => s + y, 0),
    dS: (a) => {
      const out = new Float64Array(2 * V);
      each((x, t) => {
        const s = beta * Math.sin(P(a, x, t));
        out[n(x, t)]! += s;
        out[V + n(x + 1, t)]! += s;
        out[n(x, t + 1)]! -= s;
        out[V + n(x, t)]! -= s;
      });
      return out;
    },
  };
}

describe.each([
  [4, 2, 0.2, 22.549393836899, 21.656370639188, -0.2258931481466, -3.0754581762968, -0.9361830806151],
  [8, 4, 0.1, 152.538903965815, 151.881122715963, -0.4893473959844, 3.1092899357003, -0.9608909557204],
])("one step on %i^2, beta = %f", (L, beta, eps, H0, H1, logDet, x0, v1) => {
  const { S, dS } = theory(L, beta);
  const V = L * L;
  const on = (f: (x: number, t: number, mu: number) => number): Float64Array => Float64Array.from({ length: 2 * V }, (_, k) => f(k % L, Math.floor((k % V) / L), Math.floor(k / V)));
  const mask = on((x, t) => (x + t) % 2 === 0 ? 1 : 0);
  const dynamics = l2Dynamics({
    gradient: dS, mask, step: eps, steps: 1,
    networks: {
      momentum: (x, force) => ({ s: x.map((y) => 0.3 * Math.sin(y)), t: x.map((y) => 0.2 * Math.cos(y)), q: force.map((y) => 0.1 * Math.sin(y)) }),
      position: (x, v) => ({ s: v.map((y, i) => 0.4 * Math.cos(y) + 0.1 * Math.sin(x[i]!)), t: v.map((y) => 0.2 * Math.sin(y)), q: x.map((y) => 0.1 * Math.cos(y)) }),
    },
  });
  const x = on((a, t, mu) => wrap(2 * Math.sin(1 + 0.37 * (a + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * a + t) - 0.4 * mu)));
  const v = on((a, t, mu) => Math.cos(1 + 0.3 * a + 0.5 * t + 0.7 * mu));
  const H = (s: { x: Float64Array; v: Float64Array }): number => S(s.x) + s.v.reduce((e, y) => e + (y * y) / 2, 0);

  test("energies, log det, positions", () => {
    const end = dynamics.forward(x, v);
    close(H({ x, v }), H0, 1e-12);
    close(H(end), H1, 1e-12);
    close(end.logDet, logDet, 1e-11);
    close(end.x[0]!, x0, 1e-12);
    close(end.v[V + 1 + 2 * L]!, v1, 1e-12);
  });
  test("round trip to rounding, log det of the inverse", () => {
    const end = dynamics.forward(x, v);
    const back = dynamics.backward(end.x, end.v);
    back.x.forEach((y, i) => expect(Math.abs(wrap(y - x[i]!))).toBeLessThan(1e-13));
    back.v.forEach((y, i) => expect(Math.abs(y - v[i]!)).toBeLessThan(1e-13));
    close(back.logDet, -end.logDet, 1e-12);
  });
});

test("the chain of wild networks has the exact plaquette", () => {
  const [L, beta] = [4, 2];
  const { S, dS } = theory(L, beta);
  const V = L * L;
  const mask = Float64Array.from({ length: 2 * V }, (_, k) => ((k % L) + Math.floor((k % V) / L)) % 2);
  const dynamics = l2Dynamics({
    gradient: dS, mask, step: 0.25, steps: 3,
    networks: {
      momentum: (x, force) => ({ s: x.map((y) => 0.2 * Math.sin(y)), t: x.map((y) => 0.2 * Math.cos(y)), q: force.map((y) => 0.1 * Math.sin(y)) }),
      position: (x, v) => ({ s: v.map((y, i) => 0.3 * Math.cos(y) + 0.1 * Math.sin(x[i]!)), t: v.map((y) => 0.2 * Math.sin(y)), q: x.map((y) => 0.1 * Math.cos(y)) }),
    },
  });
  const random = randomStream(11).sequence(16);
  const normal = (): number => Math.sqrt(-2 * Math.log(random.next())) * Math.cos(2 * Math.PI * random.next());
  let x: Float64Array = new Float64Array(2 * V);
  const [plaquettes, weights]: [number[], number[]] = [[], []];
  for (let k = 0; k < 6000; k++) {
    const step = l2Step(dynamics, S, x, Float64Array.from({ length: 2 * V }, normal), [random.next(), random.next()]);
    x = step.x;
    if (k < 200) continue;
    plaquettes.push(1 - S(x) / (beta * V));
    weights.push(Math.exp(step.exponent));
  }
  const d = 1e-4;
  const exact = 1 + (exactLogZ2d({ beta: beta + d, N: 1, volume: V }) - exactLogZ2d({ beta: beta - d, N: 1, volume: V })) / (2 * d * V);
  const [p, w] = [gammaMethod(plaquettes), gammaMethod(weights)];
  expect(p.error).toBeLessThan(0.006);
  expect(Math.abs(p.mean - exact)).toBeLessThan(4 * p.error);
  expect(Math.abs(w.mean - 1)).toBeLessThan(4 * w.error);
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
