/** Attention blocks: reference numbers, derivatives along great circles and in the parameters, equivariance. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { LinearModel, type TransformerParameters, distanceShells, randomSpins, shellCorrelations, spinTransformer } from "gaugegrad/spins";
import { closedForm, difference, inner, moved, noise } from "./fields.ts";

const six = lattice([6, 6]);
/** Step of differences, so small that no argument of a ReLU changes its sign on the way: about a thousand of them a layer. */
const STEP = 2e-6;
const shells = [0, 1, 2, 3, 4, 5, 6];
const block = { Q: shells.map((n) => 0.3 * Math.cos(n)), K: shells.map((n) => 0.3 * Math.sin(1 + n)), V: shells.map((n) => 0.2 * Math.cos(2 * n)) };
const parameters = (layers: number): TransformerParameters => ({ J: shells.slice(1).map((n) => 0.02 / n), E0: 0, layers: Array.from({ length: layers }, () => block) });

test("shells of 6 x 6 and their pair sums", () => {
  const list = distanceShells(six, 9).slice(1);
  expect(list.map((s) => s.r2)).toEqual([1, 2, 4, 5, 8, 9, 10, 13, 18]);
  expect(list.map((s) => (s.displacements.length * 36) / 2)).toEqual([72, 72, 72, 144, 72, 36, 72, 72, 18]);
  const reference = [32.7177386147204, 15.5478804173887, -18.2462099760354, -17.9920786800315, 3.68056781142959, -20.4967278771024, -21.9849337736997, 7.38701302564707, 4.72183718748221];
  shellCorrelations(six, closedForm(six).toArray(), 9).forEach((x, n) => expect(Math.abs(x - reference[n]!)).toBeLessThan(1e-12));
});

test.each([
  [0, 1, -0.544631628216612],
  [1, 1, -0.0906054680739761],
  [2, 1, 0.00241067053427961],
  [1, 1 / Math.sqrt(3), -0.0968656890441391],
  [2, 1 / Math.sqrt(3), 0.186438542202459],
])("H_eff after %s layers with c = %s", (layers, gram, H) => {
  const model = spinTransformer(six, { T: 0.05, layers, gram }, parameters(layers));
  expect(Math.abs(model.energy(closedForm(six)) - H)).toBeLessThan(1e-13);
  expect(model.logWeight(closedForm(six).toArray())).toBeCloseTo(-H / 0.05, 12);
});

test("sum of spins after one layer", () => {
  const spins = spinTransformer(six, { T: 0.05 }, parameters(1)).transformed(closedForm(six)).toArray();
  const sum = [0, 1, 2].map((c) => spins.reduce((s, x, k) => (k % 3 === c ? s + x : s), 0));
  [-0.990063039114142, 0.248658035562995, 1.38988931047614].forEach((x, c) => expect(Math.abs(sum[c]! - x)).toBeLessThan(2e-12));
});

describe.each([0, 1, 2])("%s layers", (layers) => {
  const geometry = lattice([4, 6]);
  const model = spinTransformer(geometry, { T: 0.5, layers, reach: 3, shells: 4 }).randomised({ seed: 5, width: 0.4 });
  const trained = model.with(model.theta.map((x, k) => x + 0.1 * Math.cos(k)));
  const S = randomSpins(geometry, { seed: 2 });
  const spins = S.toArray();

  test("gradient on the sphere", () => {
    const g = trained.gradient(S).toArray();
    const v = noise(spins.length, 7);
    const tangent = new Float64Array(spins.length);
    for (let n = 0; n < spins.length; n += 3) {
      expect(Math.abs(inner(g.subarray(n, n + 3), spins.subarray(n, n + 3)))).toBeLessThan(1e-13 * (1 + Math.sqrt(inner(g, g))));
      const along = inner(v.subarray(n, n + 3), spins.subarray(n, n + 3));
      for (let c = 0; c < 3; c++) tangent[n + c] = v[n + c]! - along * spins[n + c]!;
    }
    const slope = difference((h) => trained.logWeight(moved(spins, v, h)), STEP);
    expect(Math.abs(slope - inner(g, tangent))).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
  });

  test("gradient in the parameters", () => {
    const { value, gradient } = trained.valueAndGradient(spins);
    expect(value).toBeCloseTo(trained.logWeight(spins), 12);
    const direction = noise(trained.size, 9);
    const slope = difference((h) => trained.with(trained.theta.map((x, k) => x + h * direction[k]!)).logWeight(spins), STEP);
    expect(Math.abs(slope - inner(gradient, direction))).toBeLessThan(1e-7 * (1 + Math.abs(slope)));
  });
});

test("without layers it is the linear model", () => {
  const p = parameters(0);
  const spins = closedForm(six).toArray();
  const linear = new LinearModel(six, 0.05, p.J, 0.7);
  expect(spinTransformer(six, { T: 0.05, layers: 0 }, { ...p, E0: 0.7 }).logWeight(spins)).toBeCloseTo(linear.logWeight(spins), 11);
});

test("bad options are refused", () => {
  expect(() => spinTransformer(six, { T: 0 })).toThrow(/temperature above 0/);
  expect(() => spinTransformer(six, { T: 1, layers: 1.5 })).toThrow(/1.5 layers/);
  expect(() => spinTransformer(six, { T: 1, shells: 10 })).toThrow(/from 0 to 9/);
  expect(() => spinTransformer(six, { T: 1 }, parameters(2))).toThrow(/an array of length 2.*expected/);
});
