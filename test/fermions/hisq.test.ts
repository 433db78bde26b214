/** Fat7 and HISQ: fingerprints of other codes, the free dispersion relation, covariance, gradients. */
import { describe, expect, test } from "vitest";
import {
  type LinkField, type VectorType, DirectionalField, Field, SU, chiralCondensate, closedFormLinks, fat7Links, gaugeTransform, hisq, hisqD, hisqLinks, largestEigenvalue, lattice, logDeterminant, pionCorrelator, pointPropagator, pseudofermions, randomGaugeTransformation, record, staggered, staggeredType,
} from "gaugegrad";
import { ConfigurationError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const largest = (a: Float64Array, b: Float64Array): number => a.reduce((w, x, i) => Math.max(w, Math.abs(x - b[i]!)), 0);

/** `unit` + `factor` (0.013(2r - c + s + 3mu) + 0.017 i (r + 2c - s + mu)), s = x + 3y + 5z + 7t, all one-based. */
function linear(unit: number, factor: number): LinkField {
  const geo = lattice([4, 4, 4, 4]);
  return new DirectionalField(geo, 3, "links").set(
    [1, 2, 3, 4].map((mu) => {
      const out = new Float64Array(geo.volume * 18);
      for (let n = 0; n < geo.volume; n++) {
        const s = geo.coordinates(n).reduce((sum, x, k) => sum + [1, 3, 5, 7][k]! * (x + 1), 0);
        for (let r = 1; r <= 3; r++)
          for (let c = 1; c <= 3; c++) {
            const at = n * 18 + 2 * (3 * (r - 1) + c - 1);
            out[at] = factor * 0.013 * (2 * r - c + s + 3 * mu) + (r === c ? unit : 0);
            out[at + 1] = factor * 0.017 * (r + 2 * c - s + mu);
          }
      }
      return out;
    }),
  ) as LinkField;
}

/** sum Re, sum Im, sum i Re, sum i Im, sum |v|^2; rows vary fastest, then columns, then sites. */
function fingerprint(v: Float64Array): number[] {
  const s = [0, 0, 0, 0, 0];
  for (let n = 0; n < v.length / 18; n++)
    for (let r = 0; r < 3; r++)
      for (let c = 0; c < 3; c++) {
        const [re, im] = [v[18 * n + 2 * (3 * r + c)]!, v[18 * n + 2 * (3 * r + c) + 1]!];
        const i = 9 * n + 3 * c + r + 1;
        [re, im, i * re, i * im, re * re + im * im].forEach((x, k) => (s[k]! += x));
      }
  return s;
}

const same = (v: Float64Array, expected: readonly number[]): void => fingerprint(v).forEach((x, k) => expect(Math.abs(x / expected[k]! - 1)).toBeLessThan(1e-11));

test("Fat7 of links that are not unitary", () => {
  const expected = [
    [114531.3933907014, -113676.94385310293, 157887254.55079165, -155410539.92300072, 14529410.344861686],
    [115419.01644607708, -105133.77020051634, 159713642.8088337, -143984662.85621107, 14168242.841688637],
    [113113.92391727271, -94687.90269753605, 157584705.8468417, -130843680.65564176, 13660180.153343556],
    [107767.61936873378, -82915.12943421246, 152643046.05234742, -120030977.8007717, 13044245.423952268],
  ];
  const U = linear(0, 1);
  const V = record((u) => fat7Links(u), U).fresh(U);
  expected.forEach((e, mu) => same(V.toArray(mu), e));
});

test("fat and long links of the complete chain, eps_N = -0.083", () => {
  const expected = {
    fat: [
      [853.4118333364048, -66.39794398689061, 983245.2166633991, -80498.63152678325, 954.1550930776216],
      [853.587497449566, -63.995520058562, 983448.6716116093, -77868.55785015096, 954.1618767521686],
      [853.7514488863354, -61.54373059172986, 983584.746078855, -75956.09479529677, 954.175121861576],
      [853.9029122998176, -59.042186117717975, 983434.348117775, -78085.28536842395, 954.1945225327936],
    ],
    long: [
      [746.943431964222, -177.21277936443548, 858538.5362153687, -213969.95381318283, 768],
      [748.4229872091264, -170.90286991902855, 860369.1990465659, -206524.7738402886, 768],
      [749.8837430292117, -164.45467537282036, 862363.7539149612, -198084.5212248724, 768],
      [751.3207369279972, -157.86624416021118, 865254.3048196903, -185197.79308273623, 768],
    ],
  };
  const U = linear(1, 0.05);
  const { fat, long } = record((u) => hisqLinks(u, -0.083), U).fresh(U);
  expected.fat.forEach((e, mu) => same(fat.toArray(mu), e));
  expected.long.forEach((e, mu) => same((long[mu] as Field).toArray(), e));
});

const filled = (geo: ReturnType<typeof lattice>, N: number): Field<VectorType> => {
  const chi = new Field(geo, staggeredType(geo, N));
  return chi.set(Float64Array.from({ length: chi.length }, (_, k) => Math.sin(1 + 3 * k) + Math.cos(k * k)));
};

test.each([0, -0.083, 0.21])("free field: plane waves have sum_mu (sin p + (1 + eps) sin^3 p / 6)^2, the improved dispersion, eps = %d", (epsilon) => {
  const geo = lattice([4, 4, 4, 8]);
  const U = closedFormLinks(geo, 1, 0) as LinkField;
  const p = [0, Math.PI / 2, 0, (3 * Math.PI) / 8];
  const chi = new Field(geo, staggeredType(geo, 1 as number));
  const data = new Float64Array(chi.length);
  for (let n = 0; n < geo.volume; n++) {
    const phase = geo.coordinates(n).reduce((s, x, mu) => s + p[mu]! * x, 0);
    data.set([Math.cos(phase), Math.sin(phase)], 2 * n);
  }
  chi.set(data);
  const D2 = record((u, x) => { const D = hisq({ epsilon })(u); return D(D(x)); }, U, chi).fresh(U, chi).toArray();
  // exactly ((9 + eps)/8) sin p - ((1 + eps)/24) sin 3p: the paths of the second level sum to (9 + eps)/8
  const lambda2 = p.reduce((s, q) => s + (Math.sin(q) + ((1 + epsilon) * Math.sin(q) ** 3) / 6) ** 2, 0);
  expect(largest(D2, data.map((x) => -lambda2 * x))).toBeLessThan(1e-13);
});

describe.each([[2, [4, 4, 4, 4]], [3, [2, 4, 2, 4]], [3, [4, 2, 4]], [1, [4, 6]]] as const)("SU(%s) on %s", (N, extents) => {
  const geo = lattice(extents);
  const U = closedFormLinks(geo, N as number, 0.4) as LinkField;

  test("covariance, antihermiticity", () => {
    const chi = filled(geo, N);
    const g = randomGaugeTransformation(geo, N as number, { seed: 4 });
    const D = record((u, x) => hisqD(hisqLinks(u, 0.1), x, 0.1), U, chi);
    const turn = (v: Float64Array): Float64Array => {
      const [out, G] = [new Float64Array(v.length), g.toArray()];
      for (let n = 0; n < geo.volume; n++)
        for (let i = 0; i < N; i++)
          for (let j = 0; j < N; j++) {
            const [re, im] = [G[2 * (n * N * N + i * N + j)]!, G[2 * (n * N * N + i * N + j) + 1]!];
            const at = 2 * (n * N + j);
            out[2 * (n * N + i)]! += re * v[at]! - im * v[at + 1]!;
            out[2 * (n * N + i) + 1]! += re * v[at + 1]! + im * v[at]!;
          }
      return out;
    };
    const [x, y] = [chi.toArray(), D.fresh(U, chi).toArray()];
    expect(largest(D.fresh(gaugeTransform(U, g), chi.clone().set(turn(x))).toArray(), turn(y))).toBeLessThan(1e-12);
    // Re <x, D x> = 0
    expect(Math.abs(x.reduce((s, a, k) => s + a * y[k]!, 0))).toBeLessThan(1e-11);
  });

  test("pseudofermions: force along a direction of all links", () => {
    const flavours = 2 ** Math.ceil(extents.length / 2);
    const group = N === 1 ? { name: "U(1)", N: 1 as number, generators: 1 } : SU(N as number);
    const f = pseudofermions(staggered({ mass: 0.3, operator: hisq({ epsilon: -0.05 }) }), { lattice: geo, group, flavours, tolerance: 1e-14 });
    f.refresh(U, 0, randomStream(3));
    const { dSX } = forceNorms(f.force(U));
    expect(Math.abs(alongDirection((V) => f.value(V), U, 4e-3) / dSX - 1)).toBeLessThan(1e-7);
  });
});

test("free field: ln det, condensate and largest eigenvalue from the momenta", () => {
  const extents = [4, 4, 4, 8];
  const geo = lattice(extents);
  const U = closedFormLinks(geo, 1, 0) as LinkField;
  const operator = hisq();
  const mass = 0.2;
  const lambda2 = Array.from({ length: geo.volume }, (_, n) =>
    geo.coordinates(n).reduce((s, k, mu) => {
      const q = Math.sin((2 * Math.PI * (mu === 3 ? k + 0.5 : k)) / extents[mu]!);
      return s + (q + q ** 3 / 6) ** 2;
    }, 0),
  );
  const sum = (f: (x: number) => number): number => lambda2.reduce((s, x) => s + f(x), 0);
  expect(Math.abs(logDeterminant(U, staggered({ mass, operator })) / sum((x) => Math.log(mass ** 2 + x) / 2) - 1)).toBeLessThan(1e-12);
  expect(Math.abs(chiralCondensate(U, { mass, operator }).value / sum((x) => mass / (mass ** 2 + x) / geo.volume) - 1)).toBeLessThan(1e-12);
  expect(Math.abs(largestEigenvalue(U, { operator }) / Math.sqrt(Math.max(...lambda2)) - 1)).toBeLessThan(1e-11);
});

test("pion: m sum_t C(t) = Re sum_a M^{-1}(0,a; 0,a); one flavour by rational approximation", () => {
  const geo = lattice([4, 4, 4, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.4) as LinkField;
  const operator = hisq();
  const mass = 0.2;
  const total = pionCorrelator(U, { mass, operator }).reduce((s, x) => s + x, 0);
  const trace = [0, 1].reduce((s, a) => s + pointPropagator(U, a, { mass, operator })[2 * a]!, 0);
  expect(Math.abs((mass * total) / trace - 1)).toBeLessThan(1e-10);
  const [quarks, options] = [staggered({ mass, operator }), { lattice: geo, group: SU(2 as number), flavours: 1 }];
  expect(() => pseudofermions(quarks, options)).toThrow(ConfigurationError);
  const f = pseudofermions(quarks, { ...options, interval: [mass ** 2 / 2, 1.5 * largestEigenvalue(U, { operator }) ** 2], tolerance: 1e-14 });
  f.refresh(U, 0, randomStream(5));
  expect(Math.abs(alongDirection((V) => f.value(V), U, 4e-3) / forceNorms(f.force(U)).dSX - 1)).toBeLessThan(1e-7);
});
