import { describe, expect, test } from "vitest";
import {
  type CaskParameters, type GaugeAction, type LinkField, DirectionalField, SU, antiperiodic, cask, caskNetwork, closedFormSource, covariantNetwork, gaugeTransform, hot, lattice, parameterSpace, pseudofermions, randomGaugeTransformation, randomWeights, reflect, rotate, staggered, stout, swapAxes, translate,
} from "gaugegrad";
import { K2, K3, distance, expectClose, forceNorms, linksOn, plaquetteOf, polyakovOf, wilson } from "./fields.ts";

const weights = { rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04 };

/** S_f at m = 0.4 with the closed-form source. */
function fermions(U: LinkField): GaugeAction<number, unknown> {
  const f = pseudofermions(staggered({ mass: 0.4, boundary: antiperiodic(U.lattice) }), { lattice: U.lattice, group: SU(U.N), flavours: 4, tolerance: 1e-15 });
  return f.action.with({ mass: 0.4, phi: closedFormSource(U.lattice, U.N) }) as GaugeAction<number, unknown>;
}

/** PHYSICS 3.6: plaquette, plaquette of U^A, Polyakov loop t. */
const rows = [
  { variant: "code", length: 1, K2: [0.920500696748954, 0.842994643966604, 0.974266496496339, 0], K3: [0.856108334988398, 0.70624101279208, 0.682663045893131, -0.0163706791509648] },
  { variant: "code", length: 3, K2: [0.916717727127445, 0.754590947238046, 0.965062832268824, 0], K3: [0.852688382081258, 0.605201974791943, 0.664538918239912, -0.0136676963431961] },
  { variant: "symmetric", length: 1, K2: [0.919643881192885, 0.854617250314366, 0.975190602284374, 0], K3: [0.850552345951512, 0.712601455202191, 0.68530201846411, -0.0105232447186407] },
  { variant: "symmetric", length: 3, K2: [0.916734154468608, 0.806933520010593, 0.880377337156719, 0], K3: [0.844925520057887, 0.629726486134692, 0.589643530535559, 0.0139199189755513] },
] as const;

describe("reference numbers", () => {
  test.each(rows)("$variant, S = $length", ({ variant, length, ...row }) => {
    for (const [U, expected] of [[K2, row.K2], [K3, row.K3]] as const) {
      const V = cask({ ...weights, variant, length }).apply(U);
      const { rho: _, ...attention } = weights;
      const UA = cask({ ...attention, variant, length, finalStep: false }).apply(U);
      expectClose(plaquetteOf(V), expected[0], 1e-13);
      expectClose(plaquetteOf(UA), expected[1], 1e-13);
      polyakovOf(V, 3).forEach((p, k) => expectClose(p, expected[2 + k]!, 1e-12, 1));
    }
  });

  test("attention at positive nu, S = 3: largest, sum, sum of squares", () => {
    for (const [U, expected] of [[K2, [0.450957092084047, -419.47386311864, 63.4056910616431]], [K3, [0.324388705035243, -1119.28810133117, 128.43921423583]]] as const) {
      const a = Object.entries(cask({ ...weights, variant: "code" }).attention(U));
      expect(a.length).toBe(36);
      const values = a.flatMap(([, f]) => [...f.toArray()]);
      expectClose(values.reduce((m, x) => Math.max(m, Math.abs(x)), 0), expected[0], 1e-12);
      expectClose(values.reduce((s, x) => s + x, 0), expected[1], 1e-12);
      expectClose(values.reduce((s, x) => s + x * x, 0), expected[2], 1e-12);
    }
  });

  test.each([
    { variant: "code", K2: [182.845292070205, 47.58830567], K3: [734.023912743971, 424.5821288], dK2: [-85.81357328, 33.11211431, 12.28143259, -8.217035243], dK3: [-767.8141498, 84.38942687, -85.30865543, 21.81977542] },
    { variant: "symmetric", K2: [180.967535493123, 32.55737297], K3: [747.785135474692, 400.6898498], dK2: [-119.3456286, -33.4125062, -77.17330885, 12.41597264], dK3: [-661.113348, -96.78749372, -555.613182, 47.7587431] },
  ] as const)("pseudofermion action after one $variant layer: value, derivative along X, along the weights", ({ variant, ...row }) => {
    for (const [U, [value, dSX], derivatives] of [[K2, row.K2, row.dK2], [K3, row.K3, row.dK3]] as const) {
      const S = fermions(U).after(cask({ ...weights, variant }));
      const F = new DirectionalField(U.lattice, U.N, "algebra");
      expectClose(S.valueAndForce(U, F), value, 1e-11);
      expectClose(forceNorms(F, U).dSX, dSX, 1e-9);
      const { rho, rhoQ, rhoK, rhoV } = S.parameterGradient(U).gradient.layer as { [K in keyof typeof weights]: number };
      const largest = Math.max(...derivatives.map(Math.abs));
      [rho, rhoQ, rhoK, rhoV].forEach((d, k) => expectClose(d, derivatives[k]!, 5e-10, largest));
    }
  });

  test("pseudofermion action after the six-parameter network", () => {
    const N6 = covariantNetwork({ layers: [[0.1, 0.05, -0.03], [0.07, -0.04, 0.02]] });
    for (const [U, value, F2, dSX, d] of [
      [K2, 174.004630655171, 45.9203209899208, 14.4814115503688, [-38.55897232, 12.27419889, -28.37314073, -40.46732338, -0.3074608879, -38.52086495]],
      [K3, 677.181229000232, 540.537350581801, 295.855148017645, [-219.7580828, -178.2597525, 67.42426117, -205.1922907, -95.10534849, 52.35611056]],
    ] as const) {
      const S = fermions(U).after(N6);
      expectClose(S.value(U), value, 1e-11);
      const force = forceNorms(S.force(U), U);
      expectClose(force.F2, F2, 1e-9);
      expectClose(force.dSX, dSX, 1e-9);
      const g = S.parameterGradient(U).gradient.layer.flatMap(({ rho }) => [rho.plaq, rho.poly4, rho.polys]);
      g.forEach((x, k) => expectClose(x, d[k]!, 5e-10, Math.max(...d.map(Math.abs))));
    }
  });
});

describe("limits", () => {
  test.each([1, 2, 3])("zero weights are the identity, and rho^Q = rho^K = 0 is plain stout bit for bit: N = %i", (N) => {
    for (const extents of [[4, 4], [3, 4, 2], [2, 3, 4, 2]])
      for (const variant of ["symmetric", "code"] as const) {
        const U = linksOn(extents, N);
        expect(distance(cask({ variant }).apply(U), U)).toBe(0);
        const V = cask({ variant, rho: 0.07, rhoV: 0.2 }).apply(U);
        expect(distance(V, stout({ rho: 0.07 }).apply(U))).toBe(0);
        expect(distance(cask({ variant, rhoV: 0.2, finalStep: false }).apply(U), U)).toBe(0);
      }
  });

  test("every activation, pattern and loop set vanishes with the weights", () => {
    const U = linksOn([4, 3, 2], 2);
    const loops = { plaquette: 0, rectangle: 0, polyakov: 0 };
    for (const activation of ["tan", "tanh", "relu", "softmax"] as const)
      for (const pattern of ["full", "sparse", "star"] as const) {
        const layer = cask({ activation, pattern, rho: loops, rhoQ: [loops, loops], rhoK: [loops, loops], rhoV: [{ ...loops, rectangle: 0.1 }, loops] });
        expect(distance(layer.apply(U), U)).toBeLessThan(1e-14);
      }
  });

  test("heads have attention of their own; equal heads have equal attention", () => {
    const U = linksOn([4, 4, 2], 2);
    const { rho: _, ...p } = weights;
    const once = cask({ ...p, finalStep: false, rhoV: 0 }).attention(U);
    const twice = cask({ rhoQ: [p.rhoQ, p.rhoQ], rhoK: [p.rhoK, p.rhoK], rhoV: [0, 0], finalStep: false }).attention(U);
    for (const [name, a] of Object.entries(once)) for (const h of [1, 2]) expect([...twice[`${name} head ${h}`]!.toArray()]).toEqual([...a.toArray()]);
    expect(Object.keys(twice).length).toBe(2 * Object.keys(once).length);
  });

  test("sparse attention is the full one without the odd distances; the relay adds the same to every link", () => {
    const U = linksOn([4, 4, 4], 2);
    const { rho: _, ...p } = weights;
    const full = cask({ ...p, length: 4, finalStep: false }).attention(U);
    const sparse = cask({ ...p, length: 4, finalStep: false, pattern: "sparse" }).attention(U);
    expect(Object.keys(sparse).every((name) => !name.includes("3"))).toBe(true);
    for (const [name, a] of Object.entries(sparse)) expect([...a.toArray()]).toEqual([...full[name]!.toArray()]);
    const star = cask({ ...p, length: 4, finalStep: false, pattern: "star", relay: 0.5 }).attention(U);
    const shifts = Object.entries(star).flatMap(([name, a]) => [...a.toArray()].map((x, n) => x - full[name]!.toArray()[n]!));
    const mean = shifts.reduce((s, x) => s + x, 0) / shifts.length;
    expect(Math.abs(mean)).toBeGreaterThan(1e-4);
    expect(Math.max(...shifts.map((x) => Math.abs(x - mean)))).toBeLessThan(1e-14);
  });

  test("softmax weights of the links joined to one link add up to zero", () => {
    const U = linksOn([4, 3, 2], 3);
    const a = Object.entries(cask({ ...weights, activation: "softmax" }).attention(U)).filter(([name]) => name.startsWith("x"));
    const sum = new Float64Array(U.lattice.volume);
    for (const [, f] of a) f.toArray().forEach((x, n) => (sum[n]! += x));
    expect(Math.max(...sum.map(Math.abs))).toBeLessThan(1e-14);
    expect(Math.max(...a[0]![1].toArray().map(Math.abs))).toBeGreaterThan(1e-3);
  });
});

describe("symmetries on random SU(2) links, rho = (0.1, 0.15, -0.12, 0.08), S = 3", () => {
  const U = hot(lattice([4, 4, 4, 4]), SU(2), { seed: 5 });
  const p: CaskParameters = { rho: 0.1, rhoQ: 0.15, rhoK: -0.12, rhoV: 0.08 };
  const g = randomGaugeTransformation(U.lattice, 2, { seed: 6 });
  const maps = {
    gauge: (V: LinkField) => gaugeTransform(V as LinkField<2>, g) as LinkField,
    translation: (V: LinkField) => translate(V, [1, 0, 2, 3]),
    swap: (V: LinkField) => swapAxes(V, 0, 2),
    reflection: (V: LinkField) => reflect(V, 1),
    rotation: (V: LinkField) => rotate(V, 0, 3),
  };
  const violations = (layer: { apply(V: LinkField): LinkField }): Record<keyof typeof maps, number> => {
    const out = layer.apply(U);
    return Object.fromEntries(Object.entries(maps).map(([name, T]) => [name, distance(layer.apply(T(U)), T(out))])) as Record<keyof typeof maps, number>;
  };
  test("attention is gauge invariant and moves along with a translation", () => {
    const layer = cask(p);
    const [a, b, c] = [U, maps.gauge(U), maps.translation(U)].map((V) => layer.attention(V));
    for (const name of ["x+1y", "t-3x"]) {
      const [x, y, z] = [a, b, c].map((m) => m![name]!.toArray());
      x!.forEach((v, n) => expectClose(y![n]!, v, 1e-13, 1));
      x!.forEach((v, n) => expect(z![U.lattice.site(U.lattice.coordinates(n).map((k, mu) => k + [1, 0, 2, 3][mu]!))]).toBe(v));
    }
  });
  test("the symmetric variant has all of them", () => {
    for (const v of Object.values(violations(cask(p)))) expect(v).toBeLessThan(1e-14);
    for (const pattern of ["sparse", "star"] as const)
      for (const v of Object.values(violations(cask({ ...p, activation: "softmax", pattern })))) expect(v).toBeLessThan(1e-14);
  });
  test("the code variant breaks reflections and rotations", () => {
    const v = violations(cask({ ...p, variant: "code" }));
    for (const name of ["gauge", "translation", "swap"] as const) expect(v[name]).toBeLessThan(1e-14);
    for (const name of ["reflection", "rotation"] as const) {
      expect(v[name]).toBeGreaterThan(0.2);
      expect(v[name]).toBeLessThan(1.2);
    }
  });
  test("stout has all of them", () => {
    for (const v of Object.values(violations(stout({ rho: { plaquette: 0.1, rectangle: 0.03, chair: -0.02 } })))) expect(v).toBeLessThan(1e-14);
  });
});

describe("networks of blocks", () => {
  const U = linksOn([4, 3, 2], 2);
  const settings = { length: 2, rho: 0, rhoQ: 0, rhoK: 0, rhoV: 0 } as const;
  test("CASK_2 is one block after the other; attention of the second block is that of its links", () => {
    const network = randomWeights(caskNetwork({ ...settings, blocks: 2 }), { seed: 4, width: 0.2 });
    expect(new Set(parameterSpace(network.parameters).flatten(network.parameters)).size).toBe(8);
    expect(parameterSpace(network.parameters).names.slice(4)).toEqual(["1.rho", "1.rhoQ", "1.rhoK", "1.rhoV"]);
    const [first, second] = network.parameters.map((p) => cask({ length: 2 }).with(p));
    const between = first!.apply(U);
    expect(distance(network.apply(U), second!.apply(between))).toBeLessThan(1e-14);
    const [a, b] = [network.attention(U, 1), second!.attention(between)];
    for (const [name, f] of Object.entries(a)) expect([...f.toArray()]).toEqual([...b[name]!.toArray()]);
    expect(() => network.attention(U, 2)).toThrow(/got block 2, expected 0 to 1/);
  });
  test("recomputation gives the same force and weight gradient", () => {
    const [kept, again] = [false, true].map((recompute) => wilson.after(randomWeights(caskNetwork({ ...settings, blocks: 2, recompute }), { seed: 4, width: 0.2 })));
    const [F, G] = [kept!.force(U), again!.force(U)];
    F.fields.forEach((f, mu) => f.toArray().forEach((x, k) => expectClose(x, G.fields[mu]!.toArray()[k]!, 1e-13, 1)));
    const [p, q] = [kept!, again!].map((S) => parameterSpace(S.inputs.layer).flatten(S.parameterGradient(U).gradient.layer));
    p!.forEach((x, k) => expectClose(x, q![k]!, 1e-12, Math.max(...p!.map(Math.abs))));
  });
  test("random weights are a function of the seed and lie within the width", () => {
    const of = (seed: number): number[] => [...parameterSpace(covariantNetwork().parameters).flatten(randomWeights(covariantNetwork(), { seed, width: 0.02 }).parameters)];
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(Math.max(...of(1).map(Math.abs))).toBeLessThan(0.02);
    expect(Math.max(...of(1).map(Math.abs))).toBeGreaterThan(0.005);
  });
});

test("errors say what does not fit", () => {
  expect(() => cask({ length: 0 })).toThrow(/cask: got length = 0, expected an integer >= 1/);
  expect(() => cask({ rhoQ: [0.1, 0.2], rhoK: 0.1 })).toThrow(/got 2, 0, 0 heads/);
  expect(() => cask({ rho: { plaquette: 0 } })).toThrow(/expected the same loops/);
  expect(() => cask({ relay: 0.1 })).toThrow(/expected the pattern "star"/);
  expect(() => covariantNetwork({ layers: 1.5 })).toThrow(/got layers = 1.5, expected a positive integer/);
  expect(() => caskNetwork({ blocks: 0 })).toThrow(/got 0 blocks/);
  expect(() => stout({ rho: { a: 0.1 }, loops: { b: "plaquette" } })).toThrow(/a loop for "b" without a weight/);
});
