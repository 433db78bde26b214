/** Condensate, determinant, eigenvalues, pion: closed-form fields, the free field, stored configurations, fixtures of the Rust port. */
import { describe, expect, test } from "vitest";
import {
  type LinkField, SU, chiralCondensate, closedFormLinks, cold, exactOverlap, fixGauge, gaugeFunctional, hot, largestEigenvalue, lattice, logDeterminant, lowModes, lowestEigenvalues, normalSpectrum, pionCorrelator, pointPropagator,
  pseudofermionAction, pseudofermions, setSample, signFunction, staggered, wilsonPion,
} from "gaugegrad";
import { randomStream } from "gaugegrad/util";
import { ConfigurationError, GeometryError } from "../../src/errors.ts";
import { phases } from "./helpers.ts";

const close = (got: number, expected: number, tolerance: number): void => expect(Math.abs(got / expected - 1)).toBeLessThan(tolerance);

const fields = [
  { N: 2, extents: [4, 4, 4, 4], low: 0.146063706161158, high: 1.90582463398449, pbp: 0.482326022707887, lnDet: 146.578092416805, pion: [0.957503020348987, 0.324609487972727, 0.150167338812218, 0.368808737261764] },
  {
    N: 3, extents: [4, 6, 4, 8], low: 0.0782041176491104, high: 2.09065212392396, pbp: 0.810896473124298, lnDet: 596.657139627718,
    pion: [1.86031058888887, 0.35279878691671, 0.104222488452509, 0.0372558282722121, 0.0144468069290091, 0.0599800264329936, 0.147347049343246, 0.559863445547058],
  },
] as const;

describe.each(fields)("closed-form field SU($N) $extents, m = 0.3", ({ N, extents, low, high, pbp, lnDet, pion }) => {
  const geo = lattice(extents);
  const U = closedFormLinks(geo, N, 0.8) as LinkField;

  test("lambda_min, lambda_max", () => {
    close(lowestEigenvalues(U)[0]!, low, 1e-11);
    close(largestEigenvalue(U), high, 1e-11);
  });

  test("condensate and ln det", () => {
    const { value, error } = chiralCondensate(U, { mass: 0.3 });
    expect(error).toBe(0);
    close(value, pbp, 1e-12);
    close(logDeterminant(U, staggered({ mass: 0.3 })), lnDet, 1e-12);
  });

  test("pion and its Ward identity m sum_t C(t) = Re sum_a M^{-1}(0,a; 0,a)", () => {
    const C = pionCorrelator(U, { mass: 0.3 });
    expect(C).toHaveLength(pion.length);
    pion.forEach((x, t) => close(C[t]!, x, 1e-9));
    let trace = 0;
    for (let a = 0; a < N; a++) trace += pointPropagator(U, a, { mass: 0.3 })[2 * a]!;
    close(0.3 * C.reduce((s, x) => s + x, 0), trace, 1e-11);
  });

  test("noisy condensate", () => {
    const { value, error } = chiralCondensate(U, { mass: 0.3, method: { sources: 24, seed: 3 } });
    expect(error).toBeGreaterThan(0);
    expect(Math.abs(value - pbp) / error).toBeLessThan(4);
    expect(error / pbp).toBeLessThan(0.05);
  });
});

test("the derivative of ln det with respect to the mass is V pbp", () => {
  const geo = lattice([4, 4, 4]);
  const U = closedFormLinks(geo, 2, 0.9) as LinkField;
  const D = (h: number): number => (logDeterminant(U, staggered({ mass: 0.4 + h })) - logDeterminant(U, staggered({ mass: 0.4 - h }))) / (2 * h);
  close((4 * D(1e-3) - D(2e-3)) / 3, geo.volume * chiralCondensate(U, { mass: 0.4 }).value, 1e-9);
});

describe("free field", () => {
  // [extents, m, pbp antiperiodic, periodic, ln det antiperiodic, periodic], per colour
  const rows: [number[], number, number, number, number, number][] = [
    [[2, 2, 2, 2], 0.5, 0.4, 2.0, 1.78514841, -11.09035489],
    [[4, 4, 4, 4], 0.3, 0.1881960149, 0.3598246207, 79.94712218, 66.24783125],
    [[4, 4, 4, 4], 0.4, 0.2361712012, 0.349556526, 85.39806206, 75.27640857],
    [[4, 4, 4, 4], 0.5, 0.2753246753, 0.354147813, 91.96358186, 84.26720088],
    [[4, 4, 4, 4], 1, 0.3682539683, 0.3875, 134.6672577, 132.15102249],
  ];
  test.each(rows)("%s m = %s", (extents, mass, antiperiodic, periodic, lnDetAntiperiodic, lnDetPeriodic) => {
    const U = closedFormLinks(lattice(extents), 1, 0) as LinkField;
    const boundary = [1, 1, 1, 1] as const;
    expect(Math.abs(chiralCondensate(U, { mass }).value - antiperiodic)).toBeLessThan(6e-11);
    expect(Math.abs(chiralCondensate(U, { mass, boundary }).value - periodic)).toBeLessThan(6e-11);
    expect(Math.abs(logDeterminant(U, staggered({ mass })) - lnDetAntiperiodic)).toBeLessThan(6e-9);
    expect(Math.abs(logDeterminant(U, staggered({ mass, boundary })) - lnDetPeriodic)).toBeLessThan(6e-9);
  });
  test("8^3 x 4, m = 0.5", () => {
    const U = closedFormLinks(lattice([8, 8, 8, 4]), 1, 0) as LinkField;
    expect(Math.abs(chiralCondensate(U, { mass: 0.5 }).value - 0.2434454434)).toBeLessThan(6e-11);
    expect(Math.abs(logDeterminant(U, staggered({ mass: 0.5, boundary: [1, 1, 1, 1] })) - 750.98707733)).toBeLessThan(6e-9);
  });
  test("three colours: three times one", () => {
    const [one, three] = [1, 3].map((N) => closedFormLinks(lattice([4, 4, 4, 4]), N, 0) as LinkField);
    close(logDeterminant(three!, staggered({ mass: 0.3 })), 3 * logDeterminant(one!, staggered({ mass: 0.3 })), 1e-13);
  });
});

test("two dimensions, U(1): ln det and condensate", () => {
  const U = phases();
  close(logDeterminant(U, staggered({ mass: 0.1 })), -16.8390373251226, 1e-12);
  close(logDeterminant(U, staggered({ mass: 0.3 })), -7.91241309449105, 1e-12);
  close(chiralCondensate(U, { mass: 0.1 }).value, 0.760685924703174, 1e-12);
  close(chiralCondensate(U, { mass: 0.3 }).value, 0.667782150412791, 1e-12);
});

test("errors: too few sources, mass 0, dense matrices out of reach", () => {
  const U = closedFormLinks(lattice([4, 4]), 2, 0.5) as LinkField;
  expect(() => chiralCondensate(U, { mass: 0.1, method: { sources: 1, seed: 1 } })).toThrow(ConfigurationError);
  expect(() => logDeterminant(U, staggered({ mass: 0 }))).toThrow(ConfigurationError);
  const large = closedFormLinks(lattice([16, 16, 8, 8]), 1, 0) as LinkField;
  expect(() => chiralCondensate(large, { mass: 0.1 })).toThrow(GeometryError);
});

test("a batch has no measurement that takes one configuration apart, and every sample of it has its spectrum looked at", () => {
  const extents = [2, 2, 2, 4];
  const one = lattice(extents);
  const [rough, smooth] = [hot(one, SU(2), { seed: 1 }), cold(one, SU(2))];
  const U = hot(lattice(extents, { batch: 2 }), SU(2), { seed: 1 });
  const S = staggered({ mass: 0.5 });
  const all: readonly ((V: LinkField) => unknown)[] = [
    (V) => pionCorrelator(V, { mass: 0.5 }), (V) => pointPropagator(V, 0, { mass: 0.5 }), (V) => chiralCondensate(V, { mass: 0.5 }), (V) => pseudofermionAction(V, { mass: 0.5 }), (V) => wilsonPion(V, { kappa: 0.1 }), (V) => lowModes(V, S, { count: 2 }),
    (V) => lowestEigenvalues(V, { count: 2 }), (V) => largestEigenvalue(V), (V) => logDeterminant(V, S), (V) => signFunction(V, {}), (V) => exactOverlap(V), (V) => gaugeFunctional(V, "landau"), (V) => fixGauge(V, { gauge: "landau" }),
  ];
  for (const measure of all) expect(() => measure(U as never)).toThrow(/got a DirectionalField \(links N=2 on 2 samples of 2x2x2x4\) as U, expected the links of one configuration: take sampleOf\(U, b\) of a batch$/);
  // on two sites a direction the hops of a smooth field cancel
  const { high } = normalSpectrum(smooth as never, S);
  expect(normalSpectrum(rough as never, S).high).toBeGreaterThan(2 * high);
  const f = pseudofermions(S, { lattice: U.lattice, group: SU(2), flavours: 2, interval: [0.2, 1.05 * high] });
  for (const b of [0, 1]) setSample(U, b, smooth as never);
  expect(() => f.refresh(U, 0, randomStream(1))).not.toThrow();
  setSample(U, 1, rough as never);
  expect(() => f.refresh(U, 0, randomStream(1))).toThrow(/expected them inside/);
});
