/** Correlations of loops against products of links site by site, sum rules, and the independent plaquettes of U(1) in two dimensions. */
import { describe, expect, test } from "vitest";
import { type LinkField, type Loop, U1, closedFormLinks, heatbath, hot, lattice, loopCorrelation, loopCorrelator, polyakovLoops } from "gaugegrad";
import { besselI } from "gaugegrad/util";
import { GeometryError } from "../../src/errors.ts";
import { HostLinks, trace } from "./host.ts";

/** tr(loop)/N at a site, the mean over paths. */
function onHost(U: LinkField, paths: readonly (readonly number[])[]): (x: readonly number[]) => [number, number] {
  const links = new HostLinks(U);
  return (x) => {
    const all = paths.map((path) => trace(links.product(x, path), U.N));
    return [all.reduce((s, [re]) => s + re, 0) / (U.N * all.length), all.reduce((s, [, im]) => s + im, 0) / (U.N * all.length)];
  };
}

const chair = [1, 2, -1, 3, -2, -3];
const cases: readonly (readonly [string, readonly number[], number, Loop, readonly (readonly number[])[], Loop, readonly (readonly number[])[]])[] = [
  ["plaquettes and a chair, SU(3)", [2, 3, 4], 3, { name: "plaquette" }, [[1, 2, -1, -2], [1, 3, -1, -3], [2, 3, -2, -3]], { path: "+x +y -x +t -y -t" }, [chair]],
  ["lines around time, U(1)", [4, 3], 1, { name: "polyakov-t" }, [[2, 2, 2]], { name: "polyakov-t" }, [[2, 2, 2]]],
];

describe.each(cases)("%s", (_name, extents, N, A, pathsA, B, pathsB) => {
  const U = closedFormLinks(lattice(extents), N, 0.9) as LinkField;
  const { lattice: geo } = U;
  const [a, b] = [onHost(U, pathsA), onHost(U, pathsB)];
  const sites = Array.from({ length: geo.volume }, (_, n) => geo.coordinates(n));

  test("C(r) = mean of O_A(n) O_B(n + r)^*", () => {
    const separations = [extents.map(() => 0), extents.map((_, mu) => 1 - 2 * (mu % 2)), extents.map((L, mu) => L + mu)];
    const { re, im, means } = loopCorrelation(U, A, separations, B);
    separations.forEach((r, k) => {
      const z = sites.map((x) => [a(x), b(geo.coordinates(geo.site(x.map((v, mu) => v + r[mu]!))))] as const);
      expect(re[k]).toBeCloseTo(z.reduce((s, [[p, q], [u, v]]) => s + (p * u + q * v) / geo.volume, 0), 12);
      expect(im[k]).toBeCloseTo(z.reduce((s, [[p, q], [u, v]]) => s + (q * u - p * v) / geo.volume, 0), 12);
    });
    expect(means[0][0]).toBeCloseTo(sites.reduce((s, x) => s + a(x)[0] / geo.volume, 0), 12);
    expect(means[1][1]).toBeCloseTo(sites.reduce((s, x) => s + b(x)[1] / geo.volume, 0), 12);
  });

  test("C(t) is the mean of C(r) over space, its mean over t the product of the means", () => {
    const { re, im, means: [[p, q], [u, v]] } = loopCorrelator(U, A, B);
    const T = extents.at(-1)!;
    for (let t = 0; t < T; t++) {
      const all = loopCorrelation(U, A, sites.filter((x) => x.at(-1) === t), B);
      expect(re[t]).toBeCloseTo(all.re.reduce((s, x) => s + x, 0) / all.re.length, 12);
      expect(im[t]).toBeCloseTo(all.im.reduce((s, x) => s + x, 0) / all.im.length, 12);
    }
    expect(re.reduce((s, x) => s + x / T, 0)).toBeCloseTo(p * u + q * v, 12);
    expect(im.reduce((s, x) => s + x / T, 0)).toBeCloseTo(q * u - p * v, 12);
  });
});

test("a line with itself at a distance of nothing is its mean modulus squared", () => {
  const U = hot(lattice([3, 4]), U1, { seed: 2 }) as LinkField;
  const { re, means } = loopCorrelation(U, { name: "polyakov-t" }, [[0, 0]]);
  // phases: |P| = 1 at every site
  expect(re[0]).toBeCloseTo(1, 13);
  expect(means[0]).toEqual(polyakovLoops(U)["t"]!.map((x) => expect.closeTo(x, 13)));
});

test("U(1) in two dimensions, beta = 2: plaquettes are independent phases of mean u = I_1/I_0, so that connected correlations are (1 - u^2)/L at t = 0 and vanish else", () => {
  const geo = lattice([6, 8]);
  const U = hot(geo, U1, { seed: 5 }) as LinkField;
  const sweeps = heatbath({ beta: 2, overrelaxation: 1, seed: 6 });
  const values: number[][] = [];
  for (let k = 0; k < 420; k++) {
    sweeps.step(U as never);
    if (k < 20) continue;
    const { re, means } = loopCorrelator(U, { path: "+x +t -x -t" });
    values.push([means[0][0], re[0]!, re[1]!, re[3]!]);
  }
  const mean = (j: number): number => values.reduce((s, v) => s + v[j]! / values.length, 0);
  const variance = (1 - (besselI(1, 2) / besselI(0, 2)) ** 2) / 6;
  const error = (j: number): number => Math.sqrt(values.reduce((s, v) => s + (v[j]! - v[0]! * mean(0) - (mean(j) - mean(0) ** 2)) ** 2, 0)) / values.length;
  const connected = (j: number): number => mean(j) - mean(0) ** 2;
  expect(variance / error(1)).toBeGreaterThan(20);
  expect(Math.abs(connected(1) - variance) / error(1)).toBeLessThan(5);
  for (const j of [2, 3]) expect(Math.abs(connected(j)) / error(j)).toBeLessThan(5);
});

test("bad arguments", () => {
  const U = hot(lattice([3, 4]), U1, { seed: 2 }) as LinkField;
  expect(() => loopCorrelation(U, { name: "plaquette" }, [[0, 0, 1]])).toThrow(/separation \[0, 0, 1\], expected 2 integers/);
  expect(() => loopCorrelator(U, { name: "chair" })).toThrow(GeometryError);
  expect(() => loopCorrelator(hot(lattice([2, 2], { batch: 2 }), U1, { seed: 1 }) as LinkField, { name: "plaquette" })).toThrow(/one configuration: take sampleOf/);
});
