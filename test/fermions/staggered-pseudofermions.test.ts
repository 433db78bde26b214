/** Staggered pseudofermions: reference numbers, the hand-written force, differences, refresh, shared phi. */
import { describe, expect, test } from "vitest";
import {
  type LinkField, DirectionalField, SU, U1, adj, antiperiodic, chain, closedFormLinks, closedFormSource, exp, gaugeAction, lattice, layer, mul, pseudofermions, real, record, scale, solve, staggered, staggeredD, staggeredNormal, staples, ta,
} from "gaugegrad";
import { ConfigurationError, SolverError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms, hop } from "./helpers.ts";

const stout = layer({
  name: "stout",
  params: { rho: real(0.1) },
  forward: (U, { rho }) => U.map((mu) => mul(exp(ta(scale(rho, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)),
});

const reference = [
  { N: 2, extents: [4, 4, 4, 4], S3: 216.663236825328, S4: 190.442728635527, F: [805.079626594615, 7.02409247353572, 96.4623290959793] },
  { N: 3, extents: [4, 6, 4, 8], S3: 920.167425841624, S4: 800.736144297095, F: [7475.9951802405, 33.3852980173414, 713.508047710485] },
] as const;

describe.each(reference)("closed-form field SU($N) $extents", ({ N, extents, S3, S4, F }) => {
  const geo = lattice(extents);
  const U = closedFormLinks(geo, N, 0.8) as LinkField;
  const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(N as number), flavours: 4 });
  f.phi.copyFrom(closedFormSource(geo, N as number));

  test("S_f at two masses, force from one solve", () => {
    expect(Math.abs(f.value(U) / S3 - 1)).toBeLessThan(1e-11);
    expect(Math.abs(f.action.with({ mass: 0.4, phi: f.phi }).value(U) / S4 - 1)).toBeLessThan(1e-11);
    const force = new DirectionalField(geo, N as number, "algebra");
    expect(Math.abs(f.valueAndForce(U, force) / S3 - 1)).toBeLessThan(1e-11);
    const { F2, F2max, dSX } = forceNorms(force);
    [F2, F2max, dSX].forEach((x, i) => expect(Math.abs(x / F[i]! - 1)).toBeLessThan(1e-10));
    expect(f.action.describe(U).match(/^solve/gm)).toHaveLength(1);
  });
});

test("force formula: F = -(1/2) eta TA(U Y X^+) on even and +(1/2) eta TA(U X Y^+) on odd sites, X = A^{-1} phi, Y = D X", () => {
  const geo = lattice([4, 4, 2, 4]);
  const N = 3;
  const U = closedFormLinks(geo, N, 0.8) as LinkField;
  const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(N as number), flavours: 4 });
  f.phi.copyFrom(closedFormSource(geo, N as number));
  const { X, Y } = record((u, phi, m) => {
    const X = solve((x) => staggeredNormal(u, x, m), phi);
    return { X, Y: staggeredD(u, X) };
  }, U, f.phi, 0.3).fresh(U, f.phi, 0.3);
  const [x, y] = [X.toArray(), Y.toArray()];
  const force = f.force(U);
  for (let mu = 0; mu < 4; mu++) {
    const [u, got] = [U.toArray(mu), force.toArray(mu)];
    for (let n = 0; n < geo.volume; n++) {
      const { neighbour, factor } = hop(geo, n, mu, antiperiodic(geo));
      const even = geo.parity(n) === 0;
      const [v, w] = even ? [y, x] : [x, y];
      // M = U v(n+mu) w(n)^+
      const M = new Float64Array(18);
      for (let i = 0; i < N; i++) {
        let [re, im] = [0, 0];
        for (let k = 0; k < N; k++) {
          const [ur, ui] = [u[18 * n + 2 * (N * i + k)]!, u[18 * n + 2 * (N * i + k) + 1]!];
          const [vr, vi] = [v[2 * (neighbour * N + k)]!, v[2 * (neighbour * N + k) + 1]!];
          re += ur * vr - ui * vi;
          im += ur * vi + ui * vr;
        }
        for (let j = 0; j < N; j++) {
          const [wr, wi] = [w[2 * (n * N + j)]!, -w[2 * (n * N + j) + 1]!];
          M[2 * (N * i + j)] = re * wr - im * wi;
          M[2 * (N * i + j) + 1] = re * wi + im * wr;
        }
      }
      const trace = (M[1]! + M[9]! + M[17]!) / N;
      const c = (even ? -0.5 : 0.5) * factor;
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) {
          const [p, q] = [2 * (N * i + j), 2 * (N * j + i)];
          expect(Math.abs(c * 0.5 * (M[p]! - M[q]!) - got[18 * n + p]!)).toBeLessThan(1e-10);
          expect(Math.abs(c * (0.5 * (M[p + 1]! + M[q + 1]!) - (i === j ? trace : 0)) - got[18 * n + p + 1]!)).toBeLessThan(1e-10);
        }
    }
  }
});

describe("against differences of the value", () => {
  const settings = [
    { extents: [4, 4], group: U1, flavours: 2 },
    { extents: [4, 4], group: U1, flavours: 4 },
    { extents: [4, 4, 4], group: SU(2), flavours: 8 },
    { extents: [4, 2, 4, 4], group: SU(3), flavours: 4 },
    { extents: [2, 2, 4, 4], group: SU(2), flavours: 8, boundary: [1, 1, 1, 1] },
  ] as const;
  test.each(settings)("force and mass derivative, $extents $group.name Nf=$flavours", ({ extents, group, flavours, ...rest }) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, group.N as number, 0.7) as LinkField;
    const f = pseudofermions(staggered({ mass: 0.4, ...rest }), { lattice: geo, group: group as { N: number; name: string; generators: number }, flavours, tolerance: 1e-14 });
    f.refresh(U, 0, randomStream(4));
    const { dSX } = forceNorms(f.force(U));
    expect(Math.abs(alongDirection((V) => f.value(V), U, 2e-3) / dSX - 1)).toBeLessThan(1e-8);
    const { gradient } = f.action.parameterGradient(U);
    const S = (mass: number): number => f.action.with({ mass, phi: f.phi }).value(U);
    const difference = (h: number): number => (S(0.4 + h) - S(0.4 - h)) / (2 * h);
    expect(Math.abs((4 * difference(1e-3) - difference(2e-3)) / 3 / gradient.mass - 1)).toBeLessThan(1e-8);
  });
});

test("a guide: Wilson plus the action of another mass after a network, sharing the target's phi", () => {
  const geo = lattice([4, 4, 4, 4]);
  const U = closedFormLinks(geo, 2, 0.8);
  const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 4 });
  const guide = gaugeAction.wilson({ beta: 2.7 }).plus(f.action.with({ mass: 0.4, phi: f.phi }).after(chain(stout, stout.with({ rho: 0.05 }))));
  f.refresh(U, 0, randomStream(1));
  const before = guide.value(U);
  const { dSX } = forceNorms(guide.force(U));
  expect(Math.abs(alongDirection((V) => guide.value(V), U, 2e-3) / dSX - 1)).toBeLessThan(1e-8);
  expect(guide.describe(U).match(/^solve/gm)).toHaveLength(1);
  // the refresh of the target changes the guide
  f.refresh(U, 1, randomStream(1));
  expect(Math.abs(guide.value(U) / before - 1)).toBeGreaterThan(1e-3);
});

describe("refresh", () => {
  test.each([{ flavours: 4, half: 2 }, { flavours: 8, half: 1 }])("S_f after it is |xi|^2 of the used half: mean and variance of a chi-squared, Nf=$flavours", ({ flavours, half }) => {
    const geo = lattice([4, 4, 4, 4]);
    const U = closedFormLinks(geo, 2, 0.8);
    const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours });
    const S = Array.from({ length: 40 }, (_, t) => {
      f.refresh(U, t, randomStream(7));
      return f.value(U);
    });
    // S_f is a sum of d squared moduli with mean 1 and variance 1 each
    const d = (2 * geo.volume) / half;
    const mean = S.reduce((a, b) => a + b, 0) / S.length;
    expect(Math.abs(mean - d) / Math.sqrt(d / S.length)).toBeLessThan(4);
    const variance = S.reduce((a, b) => a + (b - mean) ** 2, 0) / (S.length - 1);
    expect(Math.abs(variance / d - 1) / Math.sqrt(2 / (S.length - 1))).toBeLessThan(4);
  });

  test("same chain and trajectory, same bits; another index, trajectory or seed, other numbers", () => {
    const geo = lattice([4, 4]);
    const U = closedFormLinks(geo, 1, 0.8);
    const draw = (index: number, trajectory: number, seed: number): string => {
      const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: U1, flavours: 2, index });
      f.refresh(U, trajectory, randomStream(seed));
      return f.phi.toArray().join();
    };
    expect(draw(0, 3, 5)).toBe(draw(0, 3, 5));
    expect(new Set([draw(0, 3, 5), draw(1, 3, 5), draw(0, 4, 5), draw(0, 3, 6)]).size).toBe(4);
  });
});

describe("errors", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2, 0.8) as LinkField;
  test("a solver that does not converge", () => {
    const f = pseudofermions(staggered({ mass: 0.01 }), { lattice: geo, group: SU(2 as number), flavours: 2, maxIterations: 3 });
    f.phi.copyFrom(closedFormSource(geo, 2 as number));
    expect(() => f.value(U)).toThrow(SolverError);
    expect(() => f.force(U)).toThrow(/residual .* after 3 iterations/);
  });
  test("flavours and mass", () => {
    expect(() => pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: SU(2), flavours: 5 })).toThrow(ConfigurationError);
    expect(() => pseudofermions(staggered({ mass: 0 }), { lattice: geo, group: SU(2), flavours: 2 })).toThrow(ConfigurationError);
  });
});
