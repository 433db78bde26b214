/** Meson correlators: the pion of other functions, identities over all channels, invariance, translations in momentum. */
import { expect, test } from "vitest";
import { type LinkField, closedFormLinks, gaugeTransform, lattice, mesonChannels, mesonCorrelators, pointPropagator, randomGaugeTransformation, signFunction, wilsonPion, wilsonPropagator } from "gaugegrad";
import { ConfigurationError, GeometryError } from "../../src/errors.ts";

const U = closedFormLinks(lattice([2, 3, 2, 4]), 2, 0.7) as LinkField;
const options = { kappa: 0.12 };
const momenta = [[0, 0, 0], [0, 1, 0], [0, -1, 0], [1, 0, 0]];
const all = mesonCorrelators(U.lattice, 2, wilsonPropagator(U, options), { momenta });
const of = (channel: string, momentum = [0, 0, 0]) => all.find((c) => c.channel === channel && c.momentum.join() === momentum.join())!;

test("P at rest is the pion of wilsonPion", () => {
  const { PP } = wilsonPion(U, options);
  of("P").re.forEach((x, t) => expect(Math.abs(x / PP[t]! - 1)).toBeLessThan(1e-10));
  of("P").im.forEach((x) => expect(Math.abs(x)).toBeLessThan(1e-12));
});

test("completeness: sum over the 16 channels of tr[G S G^+ g5 S^+ g5] = 4 |tr S|^2 in spin, with colours open", () => {
  expect(Object.keys(mesonChannels(U.lattice))).toEqual(["S", "P", "Vx", "Vy", "Vz", "Vt", "Ax", "Ay", "Az", "At", "Txy", "Txz", "Txt", "Tyz", "Tyt", "Tzt"]);
  const S = wilsonPropagator(U, options);
  const columns = Array.from({ length: 8 }, (_, k) => S(k >> 2, k % 4).slice());
  const g5 = [-1, -1, 1, 1];
  const T = 4;
  const expected = new Float64Array(T);
  for (let n = 0; n < U.lattice.volume; n++)
    for (let to = 0; to < 2; to++)
      for (let from = 0; from < 2; from++) {
        const trace = (sign: (s: number) => number): [number, number] => [0, 1, 2, 3].reduce(([re, im], s): [number, number] => [re + sign(s) * columns[from * 4 + s]![2 * ((n * 2 + to) * 4 + s)]!, im + sign(s) * columns[from * 4 + s]![2 * ((n * 2 + to) * 4 + s) + 1]!], [0, 0]);
        // tr S conj(tr g5 S g5) = |tr S|^2
        const [re, im] = trace((s) => g5[s]! * g5[s]!);
        expected[Math.floor(n / 12)]! += 4 * (re * re + im * im);
      }
  expected.forEach((x, t) => expect(Object.keys(mesonChannels(U.lattice)).reduce((s, c) => s + of(c).re[t]!, 0)).toBeCloseTo(x, 11));
});

test("momenta: p and -p are conjugate, values do not depend on the gauge, moduli at most those at rest", () => {
  const V = gaugeTransform(U, randomGaugeTransformation(U.lattice, 2 as number, { seed: 3 }));
  const other = mesonCorrelators(U.lattice, 2, wilsonPropagator(V, options), { channels: ["P", "Vx"], momenta: [[0, 1, 0]] });
  for (const c of other) {
    const mine = of(c.channel, [0, 1, 0]);
    c.re.forEach((x, t) => expect(Math.abs(x - mine.re[t]!)).toBeLessThan(1e-11));
    c.im.forEach((x, t) => expect(Math.abs(x - mine.im[t]!)).toBeLessThan(1e-11));
  }
  const [plus, minus] = [of("P", [0, 1, 0]), of("P", [0, -1, 0])];
  plus.re.forEach((x, t) => expect(x).toBeCloseTo(minus.re[t]!, 11));
  plus.im.forEach((x, t) => expect(x).toBeCloseTo(-minus.im[t]!, 11));
  plus.re.forEach((x, t) => expect(Math.hypot(x, plus.im[t]!)).toBeLessThan(of("P").re[t]!));
});

test("any propagator: overlap fermions", () => {
  const W = closedFormLinks(lattice([2, 2, 2, 2]), 2, 0.4) as LinkField;
  const D = signFunction(W, { height: 1.4, deflate: 2, precision: 1e-9 });
  const column = (colour: number, spin: number): Float64Array => {
    const b = new Float64Array(2 * 8 * 16);
    b[2 * (colour * 4 + spin)] = 1;
    return D.solve(0.4, b, { tolerance: 1e-7 }).map((x, k) => (x - b[k]!) / 0.6);
  };
  const [P] = mesonCorrelators(W.lattice, 2, column, { channels: ["P"] });
  D.pion(0.4, { tolerance: 1e-7 }).forEach((x, t) => expect(Math.abs(P!.re[t]! / x - 1)).toBeLessThan(1e-5));
});

test("errors", () => {
  expect(() => mesonCorrelators(U.lattice, 2, () => new Float64Array(0), { channels: ["X"] })).toThrow(ConfigurationError);
  expect(() => mesonCorrelators(U.lattice, 2, () => new Float64Array(0), { momenta: [[1, 0]] })).toThrow(ConfigurationError);
  expect(() => wilsonPropagator(U, options)(2, 0)).toThrow(/^point source: got the colour 2, expected 0 to 1/);
  expect(() => wilsonPropagator(U, options)(0, 4)).toThrow(/^point source: got the spin 4, expected 0 to 3/);
  expect(() => wilsonPropagator(U, options)(0, 0.5)).toThrow(/^point source: got the spin 0.5/);
  expect(() => pointPropagator(U, 2, { mass: 0.3 })).toThrow(GeometryError);
});
