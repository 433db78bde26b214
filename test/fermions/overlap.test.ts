/**
 * Overlap fermions and the domain walls that approach them, through the eigenvectors of the kernel: the figures are those of section 2 of the physics notes
 * on fermions (independent dense programs); forces against differences, backends against the interpreter, which knows no eigenvectors.
 */
import { describe, expect, test } from "vitest";
import { type DiracOperator, type LinkField, type Links, type Vector, type VectorType, DirectionalField, Field, cdot, closedFormLinks, determinantAction, directionField, domainWall, dot, exactOverlap, gamma5, gaugeAction, hvp, im, lattice, number, overlap, overlapSign, re, record, spinMul, sum, wilsonType } from "gaugegrad";
import { OverlapMatrix } from "gaugegrad/linalg";
import { signOf, signSlope } from "../../src/linalg/overlap-matrix.ts";
import { ConfigurationError, RecordingError, SolverError } from "../../src/errors.ts";
import { alongDirection, closedForm, forceNorms } from "./helpers.ts";

const height = 1.6;
const K3s = (): LinkField => closedFormLinks(lattice([2, 2, 2, 2]), 3, 0.8) as LinkField;

/** ln |det| of one flavour. */
const lnDet = (U: LinkField, operator: DiracOperator<{ readonly mass: number }>): number => -determinantAction(operator, { flavours: 1 }).value(U);

describe("ln det on K(3, 0.8), 2^4, M5 = 1.6", () => {
  test.each([
    ["wilson", 0.1, -16.9282432614],
    ["wilson", 0.3, -14.6919742959],
    ["shamir", 0.1, -7.59390446575],
    ["shamir", 0.3, -6.62904457248],
  ] as const)("overlap, kernel %s, m = %f", (kernel, mass, expected) => expect(lnDet(K3s(), overlap({ mass, kernel, height }))).toBeCloseTo(expected, 9));

  test.each([
    [4, 1, 0, -9.79311222691],
    [8, 1, 0, -8.23781118998],
    [16, 1, 0, -7.87697887361],
    [32, 1, 0, -7.66158202994],
    [8, 1.5, 0.5, -7.87482494448],
    [8, 1, 1, -18.7497547473],
  ])("domain wall Ls = %i, b = %f, c = %f", (Ls, b, c, expected) => expect(lnDet(K3s(), domainWall({ mass: 0.1, Ls, b, c, height }))).toBeCloseTo(expected, 9));
});

test("domain walls of several extents and the sign from the same eigenvectors of one kernel", () => {
  const D = exactOverlap(K3s(), { height, kernel: { b: 1, c: 0 } });
  expect([4, 8, 16, 32, 0].map((Ls) => D.logDet(0.1, Ls))).toEqual([-9.79311222691, -8.23781118998, -7.87697887361, -7.66158202994, -7.59390446575].map((x) => expect.closeTo(x, 9)));
  expect(D.logDet(0.3)).toBeCloseTo(-6.62904457248, 9);
  expect(() => D.logDet(0.1, -1)).toThrow(ConfigurationError);
});

describe("the sign as a rational function on K(3, 0.8), 2^4", () => {
  test.each([
    ["wilson", 0.05, 49.3407626805, 41.7522900101, -44.0018943271, -0.430793264825, -0.787968069385, 118.055502674],
    ["shamir", 0.03, 44.1945881835, 100.748239601, -34.585358453, -0.0283319137352, -1.06948103086, 147.258497722],
  ] as const)("kernel %s", (kernel, lowest, quadratic, chiralRe, chiralIm, real, imaginary, norm2) => {
    const U = K3s();
    const { lattice: geo } = U;
    const psi = closedForm(new Field(geo, wilsonType(geo, 3 as number)) as Field<VectorType>);
    const options = { kernel, height, lowest };
    const out = record(
      (V: Links, x: Vector) => {
        const e = overlapSign(V, x, options);
        const chiral = cdot(x, spinMul(e, gamma5(geo)));
        const D = overlap({ ...options, mass: 0.1 }).on(V, { mass: number(x.tape, 0.1) });
        return { e, d: sum(dot(x, e)), chiral: [re(chiral), im(chiral)].map(sum), norm2: sum(dot(D.D(x), D.D(x))), normal: sum(dot(x, D.normal!(x))) };
      },
      U,
      psi,
    ).fresh(U, psi) as unknown as { e: Field; d: number; chiral: number[]; norm2: number; normal: number };
    expect(out.d).toBeCloseTo(quadratic, 8);
    expect(out.norm2).toBeCloseTo(norm2, 8);
    expect(out.normal).toBeCloseTo(norm2, 8);
    const at = 2 * ((geo.site([1, 1, 0, 1]) * 3 + 1) * 4 + 2);
    expect(out.e.toArray()[at]).toBeCloseTo(real, 9);
    expect(out.e.toArray()[at + 1]).toBeCloseTo(imaginary, 9);
    expect(out.chiral[0]).toBeCloseTo(chiralRe, 8);
    expect(out.chiral[1]).toBeCloseTo(chiralIm, 8);
  });
});

const operators = [
  ["sign(H_W)", overlap({ mass: 0.1 })],
  ["sign(H_T)", overlap({ mass: 0.1, kernel: "shamir", height: 1.2 })],
  ["Shamir, Ls = 8", domainWall({ mass: 0.1, Ls: 8 })],
  ["Moebius, Ls = 7", domainWall({ mass: 0.1, Ls: 7, b: 1.5, c: 0.5, height: 1.2 })],
  ["b = c = 1, Ls = 4", domainWall({ mass: 0.1, Ls: 4, b: 1, c: 1, height: 1.2 })],
] as const;

describe.each(operators)("%s", (_name, operator) => {
  test.each([[1, [4, 6], 0.8], [2, [2, 2, 2, 2], 0.5]] as const)("force and mass derivative against differences, N = %i on %j", (N, extents, kappa) => {
    const U = closedFormLinks(lattice(extents), N as number, kappa) as LinkField;
    const S = determinantAction(operator, { flavours: 2 });
    const { dSX } = forceNorms(S.force(U));
    const scale = Math.max(1, Math.abs(dSX));
    expect(Math.abs(alongDirection((V) => S.value(V), U, 1e-3) - dSX) / scale).toBeLessThan(1e-8);
    const at = (mass: number): number => S.with({ mass }).value(U);
    const difference = (h: number): number => (at(0.1 + h) - at(0.1 - h)) / (2 * h);
    const { mass } = S.parameterGradient(U).gradient;
    expect(Math.abs((4 * difference(5e-4) - difference(1e-3)) / 3 - mass) / Math.abs(mass)).toBeLessThan(1e-8);
  });

  test("every backend agrees with the interpreter, in sums with other actions", () => {
    const of = (backend: "interpret" | "js" | "wasm" | "native"): { value: number; dSX: number } => {
      const U = closedFormLinks(lattice([4, 2], { backend }), 1 as number, 0.8) as LinkField;
      const S = gaugeAction.wilson({ beta: 2 }).plus(determinantAction(operator, { flavours: 2 }));
      return { value: S.value(U), dSX: forceNorms(S.force(U)).dSX };
    };
    const expected = of("interpret");
    for (const backend of ["js", "wasm", "native"] as const) {
      const { value, dSX } = of(backend);
      expect(Math.abs(value - expected.value)).toBeLessThan(1e-10);
      expect(Math.abs(dSX - expected.dSX)).toBeLessThan(1e-9);
    }
  });
});

const geo = lattice([4, 4]);

/** U(1) on 4 x 4 with the field strength q 2 pi / 16 on every plaquette but those of the last column. */
function withFlux(q: number): LinkField {
  const w = (2 * Math.PI * q) / 16;
  const angle = (mu: number, [x, t]: readonly number[]): number => (mu === 1 ? w * x! : x === 3 ? -4 * w * t! : 0);
  return new DirectionalField(geo, 1, "links").set([0, 1].map((mu) => Float64Array.from({ length: 2 * geo.volume }, (_, k) => (k % 2 ? Math.sin : Math.cos)(angle(mu, geo.coordinates(k >> 1)))))) as LinkField;
}

test("an eigenvalue of the kernel that vanishes is an error with its value", () => {
  // between the charges 0 and 1 the determinant jumps: bisection finds the field where the eigenvalue is 0 within rounding
  const S = determinantAction(overlap({ mass: 0.001 }), { flavours: 2 });
  let [low, high] = [0, 1];
  // a zero mode has the factor m^2
  expect(S.value(withFlux(high)) - S.value(withFlux(low))).toBeGreaterThan(-Math.log(0.001));
  let thrown: unknown;
  for (let k = 0; k < 60 && !thrown; k++) {
    const middle = (low + high) / 2;
    try {
      const value = S.value(withFlux(middle));
      if (Math.abs(value - S.value(withFlux(high))) < Math.abs(value - S.value(withFlux(low)))) high = middle;
      else low = middle;
    } catch (error) {
      thrown = error;
    }
  }
  expect(thrown).toBeInstanceOf(SolverError);
  expect((thrown as Error).message).toMatch(/overlap: the kernel has the eigenvalue -?\d(\.\d+)?e-1\d .*topology of this field, is not defined/);
});

test("the approximation of the sign and its slopes", () => {
  for (const Ls of [3, 4, 16])
    for (const x of [-1.7, -0.4, 0.02, 0.9, 3.2]) {
      if (Math.abs(x) < 1) expect(signOf(x, Ls)).toBeCloseTo(Math.tanh(Ls * Math.atanh(x)), 13);
      const h = 1e-3;
      const difference = (d: number): number => (signOf(x + d, Ls) - signOf(x - d, Ls)) / (2 * d);
      expect(signSlope(x, x, Ls)).toBeCloseTo((4 * difference(h / 2) - difference(h)) / 3, 6);
      expect(signSlope(x, 0.3, Ls)).toBeCloseTo((signOf(x, Ls) - signOf(0.3, Ls)) / (x - 0.3), 10);
    }
  expect(signSlope(0.2, -0.3, 0)).toBe(4);
  expect(signSlope(0.2, 0.3, 0)).toBe(0);
  expect(signOf(5.6, 256)).toBeLessThanOrEqual(1);
});

test("errors", () => {
  expect(() => overlap({ mass: 1 })).toThrow(ConfigurationError);
  expect(() => overlap({ mass: 0.1, height: 2 })).toThrow(ConfigurationError);
  const U = K3s();
  const S = determinantAction(overlap({ mass: 0.1, height }), { flavours: 2 });
  expect(() => hvp((V: Links) => S.evaluate(V, { mass: number(V[0]!.tape, 0.1) }))(U, directionField(U.lattice, 3))).toThrow(RecordingError);
  const D = new OverlapMatrix([1, -1], { b: 1, c: 1, Ls: 0 });
  expect(() => D.massDerivative()).toThrow(SolverError);
});
