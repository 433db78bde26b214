/** Domain-wall fermions: correlators of another code, adjoint, determinant against the overlap operator, pseudofermions. */
import { describe, expect, test } from "vitest";
import {
  type LinkField, type VectorType, Field, SU, U1, closedFormLinks, domainWall, domainWallD, domainWallDdag, domainWallPion, domainWallType, gamma5, lattice, pseudofermions, record, wilsonD, wilsonType,
} from "gaugegrad";
import { ConfigurationError, GeometryError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { type ComplexMatrix, combine, determinant, product, quotient } from "./complex-matrix.ts";
import { alongDirection, forceNorms, oneLink } from "./helpers.ts";

test("one modified link, M5 = 1, Ls = 4, m = 0.1: pion and midpoint", () => {
  const { PP, midpoint } = domainWallPion(oneLink(), { mass: 0.1, Ls: 4 });
  [0.14592222922302317, 0.09708834587494014, 0.059072177389470064, 0.09708834587494014].forEach((x, t) => expect(Math.abs(PP[t]! / x - 1)).toBeLessThan(1e-9));
  [0.04965575964000049, 0.002873080721585938, 0.00020791404200740403, 0.002873080721585938].forEach((x, t) => expect(Math.abs(midpoint[t]! / x - 1)).toBeLessThan(1e-9));
});

const shapes = [
  { name: "Shamir", height: 1.3, b: 1, c: 0 },
  { name: "Borici", height: 1.1, b: 1, c: 1 },
  { name: "Moebius", height: 1.4, b: 1.5, c: 0.5 },
];

/** Matrix of an operator, column by column. */
function dense(x: Field<VectorType>, apply: (x: Field<VectorType>) => Float64Array): ComplexMatrix {
  const n = x.length / 2;
  const data = new Float64Array(2 * n * n);
  for (let j = 0; j < n; j++) {
    const e = new Float64Array(2 * n);
    e[2 * j] = 1;
    apply(x.set(e)).forEach((v, k) => (data[2 * ((k >> 1) * n + j) + (k & 1)] = v));
  }
  return { n, data };
}

describe.each(shapes)("$name, height $height", ({ height, b, c }) => {
  const shape = { height, b, c };

  test("D^+ is the adjoint of D", () => {
    const geo = lattice([2, 4, 2, 2]);
    const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
    const [x, y] = [1, 2].map((k) => {
      const v = new Field(geo, domainWallType(geo, 2 as number, { Ls: 3 }));
      return v.set(Float64Array.from({ length: v.length }, (_, i) => Math.sin(k + k * i + i * i)));
    }) as [Field<VectorType>, Field<VectorType>];
    const D = record((u, v, m) => domainWallD(u, v, m, shape), U, x, 0.2).fresh(U, x, 0.2).toArray();
    const Ddag = record((u, v, m) => domainWallDdag(u, v, m, shape), U, y, 0.2).fresh(U, y, 0.2).toArray();
    const real = (p: Float64Array, q: Float64Array): number => p.reduce((s, v, k) => s + v * q[k]!, 0);
    const imaginary = (p: Float64Array, q: Float64Array): number => p.reduce((s, v, k) => s + (k % 2 === 0 ? v * q[k + 1]! : -v * q[k - 1]!), 0);
    expect(Math.abs(real(y.toArray(), D) - real(Ddag, x.toArray()))).toBeLessThan(1e-11);
    expect(Math.abs(imaginary(y.toArray(), D) - imaginary(Ddag, x.toArray()))).toBeLessThan(1e-11);
  });

  test("det D(m) / det D(1) = det[(1+m)/2 + (1-m)/2 gamma_5 tanh(Ls artanh H)]", () => {
    const geo = lattice([4, 2]);
    const U = closedFormLinks(geo, 1 as number, 0.9) as LinkField;
    const [Ls, mass] = [4, 0.3];
    const five = new Field(geo, domainWallType(geo, 1 as number, { Ls }));
    const D5 = record((u, v, m) => domainWallD(u, v, m, shape), U, five, mass);
    const ratio = [mass, 1].map((m) => determinant(dense(five, (x) => D5.run(U, x, m).toArray())));
    const four = new Field(geo, wilsonType(geo, 1 as number));
    // (dim - M5) - Hop/2
    const DW = record((u, v, k) => wilsonD(u, v, k), U, four, 0.1);
    const wilson = dense(four, (x) => DW.run(U, x, 1 / (2 * (2 - height))).toArray().map((v) => (2 - height) * v));
    const { n } = wilson;
    const one: ComplexMatrix = { n, data: Float64Array.from({ length: 2 * n * n }, (_, k) => (k % (2 * n + 2) === 0 ? 1 : 0)) };
    const g5: ComplexMatrix = { n, data: one.data.map((v, k) => v * gamma5(geo)[(k >> 1) % 2]![(k >> 1) % 2]![0]) };
    const H = product(g5, quotient(combine(b + c, wilson, 0, one), combine(2, one, b - c, wilson)));
    const power = (s: 1 | -1): ComplexMatrix => Array.from({ length: Ls }).reduce((p: ComplexMatrix) => product(p, combine(1, one, s, H)), one);
    const sign = quotient(combine(1, power(1), -1, power(-1)), combine(1, power(1), 1, power(-1)));
    const overlap = determinant(combine((1 + mass) / 2, one, (1 - mass) / 2, product(g5, sign)));
    expect(Math.abs(ratio[0]![0] / ratio[1]![0] / overlap[0] - 1)).toBeLessThan(1e-10);
  });

  test("pseudofermions: force and mass derivative; S_f = phi^+ phi at m = 1", () => {
    const geo = lattice([4, 4]);
    const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
    const f = pseudofermions(domainWall({ mass: 0.2, Ls: 4, ...shape }), { lattice: geo, group: SU(2 as number), flavours: 2, tolerance: 1e-14 });
    f.refresh(U, 0, randomStream(4));
    const { dSX } = forceNorms(f.force(U));
    expect(Math.abs(alongDirection((V) => f.value(V), U, 4e-3) / dSX - 1)).toBeLessThan(1e-7);
    const S = (mass: number): number => f.action.with({ mass, phi: f.phi }).value(U);
    const difference = (h: number): number => (S(0.2 + h) - S(0.2 - h)) / (2 * h);
    expect(Math.abs((4 * difference(1e-3) - difference(2e-3)) / 3 / f.action.parameterGradient(U).gradient.mass - 1)).toBeLessThan(1e-7);
    expect(Math.abs(S(1) / f.phi.toArray().reduce((s, x) => s + x * x, 0) - 1)).toBeLessThan(1e-12);
  });
});

test("refresh: S_f is a chi-squared with the number of complex components", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 1 as number, 0.7) as LinkField;
  const f = pseudofermions(domainWall({ mass: 0.2, Ls: 4 }), { lattice: geo, group: U1, flavours: 2 });
  const S = Array.from({ length: 40 }, (_, t) => {
    f.refresh(U as LinkField<1>, t, randomStream(9));
    return f.value(U as LinkField<1>);
  });
  const d = 8 * geo.volume;
  const mean = S.reduce((a, x) => a + x, 0) / S.length;
  expect(Math.abs(mean - d) / Math.sqrt(d / S.length)).toBeLessThan(4);
  const variance = S.reduce((a, x) => a + (x - mean) ** 2, 0) / (S.length - 1);
  expect(Math.abs(variance / d - 1) / Math.sqrt(2 / (S.length - 1))).toBeLessThan(4);
});

test("errors", () => {
  const geo = lattice([4, 4]);
  expect(() => domainWallType(geo, 2, { Ls: 1 })).toThrow(GeometryError);
  expect(() => domainWallPion(closedFormLinks(geo, 2, 0.5) as LinkField, { mass: 0.1, Ls: 5 })).toThrow(ConfigurationError);
});
