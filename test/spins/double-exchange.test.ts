/** Exact weights against closed spectra and the reference numbers; the gradient against differences along great circles. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { doubleExchange, ferromagnet, neel, randomSpins, spinField, staggeredMagnetisation } from "gaugegrad/spins";
import { closedForm, difference, inner, moved, noise } from "./fields.ts";

const six = lattice([6, 6]);
const four = lattice([4, 4]);

/** ln W of given levels, by the definition. */
const logWeight = (levels: readonly number[], T: number, mu = 0): number => levels.reduce((s, E) => s + Math.log1p(Math.exp(-Math.abs((E - mu) / T))) + Math.max(0, (mu - E) / T), 0);

function bands(L: number): number[] {
  const k = Array.from({ length: L }, (_, n) => (2 * Math.PI * n) / L);
  return k.flatMap((kx) => k.map((ky) => -2 * (Math.cos(kx) + Math.cos(ky))));
}

/** Lattice, T, ln W of the ferromagnet and the Neel state to the printed digits. */
const printed: readonly [typeof six, number, number, number][] = [
  [six, 0.05, 1220.00127117, 1256.60095362],
  [six, 0.2, 307.21781934, 315.78798304],
  [four, 0.05, 540.00054479, 551.0941498],
  [four, 0.2, 135.95113013, 138.72061203],
];

test.each(printed)("ordered states on %s, T = %s", (geometry, T, fm, af) => {
  const model = doubleExchange(geometry, { J: 1, T });
  const eps = bands(geometry.extents[0]!);
  const levelsFm = eps.flatMap((e) => [e - 0.5, e + 0.5]).sort((a, b) => a - b);
  const levelsAf = eps.flatMap((e) => [Math.sqrt(e * e + 0.25), -Math.sqrt(e * e + 0.25)]).sort((a, b) => a - b);
  model.spectrum(ferromagnet(geometry)).forEach((E, n) => expect(E).toBeCloseTo(levelsFm[n]!, 12));
  model.spectrum(neel(geometry)).forEach((E, n) => expect(E).toBeCloseTo(levelsAf[n]!, 12));
  expect(Math.abs(model.value(ferromagnet(geometry)) - logWeight(levelsFm, T))).toBeLessThan(1e-9);
  expect(Math.abs(model.value(neel(geometry)) - logWeight(levelsAf, T))).toBeLessThan(1e-9);
  expect(Math.abs(model.value(ferromagnet(geometry)) - fm)).toBeLessThan(6e-9);
  expect(Math.abs(model.value(neel(geometry)) - af)).toBeLessThan(6e-9);
});

/** Lattice, couplings, then ln W, g.g, tangential g.g, lowest level, particle number. */
const closed: readonly [typeof six, { J: number; T: number; mu: number }, number, number, number, number, number?][] = [
  [four, { J: 1, T: 0.2, mu: 0 }, 133.807346262415, 7.43712471371527, 0.425068425505939, -4.23127517733391],
  [four, { J: 1.5, T: 0.1, mu: -0.5 }, 205.906460616981, 82.0781252878147, 0.714198606677039, -4.39112626378675, 11.9785498572879],
  [six, { J: 1, T: 0.05, mu: 0 }, 1201.72390582089, 314.721810022882, 16.3344743636997, -4.16400099975543],
  [six, { J: 1.5, T: 0.1, mu: -0.5 }, 467.801438935297, 193.063714681118, 0.757580394655349, -4.31853176794985, 29.4137376758988],
];

describe.each(closed)("closed form on %s with %o", (geometry, options, lnW, free, tangential, lowest, particles) => {
  const model = doubleExchange(geometry, options);
  const S = closedForm(geometry);
  test("reference numbers", () => {
    const relative = (x: number, y: number): void => expect(Math.abs(x / y - 1)).toBeLessThan(1e-11);
    relative(model.value(S), lnW);
    const [g, h] = [model.freeGradient(S).toArray(), model.gradient(S).toArray()];
    relative(inner(g, g), free);
    relative(inner(h, h), tangential);
    relative(model.spectrum(S)[0]!, lowest);
    if (particles !== undefined) relative(model.particleNumber(S), particles);
    else expect(model.particleNumber(S)).toBeCloseTo(geometry.volume, 9);
  });
  test("the gradient is the derivative along great circles, and tangent", () => {
    const spins = S.toArray();
    const v = noise(spins.length, 3);
    const [g, tangent] = [model.gradient(S).toArray(), new Float64Array(spins.length)];
    for (let n = 0; n < spins.length; n += 3) {
      expect(Math.abs(inner(g.subarray(n, n + 3), spins.subarray(n, n + 3)))).toBeLessThan(1e-12 * Math.sqrt(inner(g, g)));
      const along = inner(v.subarray(n, n + 3), spins.subarray(n, n + 3));
      for (let c = 0; c < 3; c++) tangent[n + c] = v[n + c]! - along * spins[n + c]!;
    }
    const slope = difference((h) => model.logWeight(moved(spins, v, h)), 1e-3);
    expect(Math.abs(slope - inner(g, tangent))).toBeLessThan(1e-7 * Math.sqrt(inner(g, g) * inner(tangent, tangent)));
  });
});

test("degenerate levels: the gradient at the ferromagnet and at the Neel state is finite and along the spins", () => {
  const model = doubleExchange(four, { J: 1, T: 0.2 });
  for (const S of [ferromagnet(four), neel(four)]) {
    const g = model.gradient(S).toArray();
    expect(Math.max(...g.map(Math.abs))).toBeLessThan(1e-12);
    expect(inner(model.freeGradient(S).toArray(), S.toArray())).not.toBe(0);
  }
});

test("invariance under global rotations and translations", () => {
  const model = doubleExchange(six, { J: 1.3, T: 0.1, mu: 0.2 });
  const spins = randomSpins(six, { seed: 4 }).toArray();
  const value = model.logWeight(spins);
  // an exchange of axes with a reflection, and a shift by one column
  const turned = spins.map((_, k) => [spins[k - (k % 3) + 2]!, -spins[k - (k % 3)]!, spins[k - (k % 3) + 1]!][k % 3]!);
  const shifted = spins.map((_, k) => spins[3 * six.site([(Math.floor(k / 3) % 6) + 1, Math.floor(k / 18)]) + (k % 3)]!);
  expect(Math.abs(model.logWeight(turned) - value)).toBeLessThan(1e-10);
  expect(Math.abs(model.logWeight(shifted) - value)).toBeLessThan(1e-10);
});

test("bad input is refused with what was expected", () => {
  expect(() => doubleExchange(six, { J: 1, T: 0 })).toThrow(/T = 0, expected a temperature above 0/);
  expect(() => doubleExchange(six, { J: 1, T: -0.1 })).toThrow(/temperature above 0/);
  expect(() => doubleExchange(six, { J: Number.NaN, T: 0.1 })).toThrow(/J = NaN/);
  expect(() => doubleExchange(lattice([4, 4, 4]), { J: 1, T: 0.1 })).toThrow(/two extents/);
  expect(() => doubleExchange(lattice([2, 4]), { J: 1, T: 0.1 })).toThrow(/at least 3/);
  expect(() => neel(lattice([5, 4]))).toThrow(/even extents/);
  expect(() => staggeredMagnetisation(lattice([5, 4]), new Float64Array(60))).toThrow(/even extents/);
  expect(() => spinField(four, new Float64Array(48).fill(0.5))).toThrow(/\|S\| = 0\.866.* at site \[0,0\], expected unit vectors/);
  expect(() => spinField(four, new Float64Array(47))).toThrow(/got 47 numbers, expected 48/);
  const S = closedForm(four);
  S.set(S.toArray().map((x) => 1.1 * x));
  expect(() => doubleExchange(four, { J: 1, T: 0.1 }).value(S)).toThrow(/expected unit vectors/);
});
