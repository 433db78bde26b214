/** Index, correlators, residual masses and spectra of overlap fermions and domain walls: figures of section 2.3 of the physics notes on fermions, and identities. */
import { describe, expect, test } from "vitest";
import { type LinkField, type Links, type Vector, type VectorType, DirectionalField, Field, closedFormLinks, domainWallPion, effectiveDomainWall, exactOverlap, geometricCharge, lattice, number, overlap, pseudofermions, record, signFunction, U1, wilsonType } from "gaugegrad";
import { largestEigenpairs } from "gaugegrad/linalg";
import { GeometryError, SolverError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const height = 1.6;
const K3s = (): LinkField => closedFormLinks(lattice([2, 2, 2, 2]), 3, 0.8) as LinkField;
const close = (x: ArrayLike<number>, y: readonly number[], relative: number): void => y.forEach((v, k) => expect(Math.abs(x[k]! - v) / Math.max(1e-3, Math.abs(v)), `${x[k]} and ${v}`).toBeLessThan(relative));

const table = [
  ["wilson", [-0.0872123768416, 0.102541846148, 0.289078958215, -0.299283591191], 5.64136698275, [1.24787556705, 2.5144794427], 0.391794191502, [0.1100044066, 0.1382842837, 0.2910556076, 0.3308004953]],
  ["shamir", [-0.0437767274579, 0.0514524518868, 0.144636855241, -0.150591905413], 0.810363595325, [0.530157994566, 0.983921091292], 0.164701681234, [0.1855795647, 0.2111218836, 0.5192052019, 0.5560134614]],
] as const;

describe.each(table)("overlap on K(3, 0.8), 2^4, kernel %s", (kernel, lowest, largest, pion, condensate, normal) => {
  test("through eigenvectors", () => {
    const D = exactOverlap(K3s(), { height, kernel });
    close(D.eigenvalues, lowest, 1e-9);
    expect(Math.abs(D.eigenvalues.at(-1)!)).toBeCloseTo(largest, 10);
    expect([D.signature, D.index]).toEqual([0, 0]);
    close(D.pion(0.1), pion, 1e-9);
    expect(D.condensate(0.1)).toBeCloseTo(condensate, 10);
    expect(D.residualMass(0.1)).toBeLessThan(1e-12);
    expect(D.ginspargWilson()).toBeLessThan(1e-11);
    // in pairs
    close(D.normalEigenvalues(), normal.flatMap((x) => [x, x]), 1e-8);
  });

  test("through the sign function", () => {
    const D = signFunction(K3s(), { height, kernel, deflate: 4, precision: 1e-10 });
    close(D.eigenvalues, lowest, 1e-9);
    const v = Float64Array.from({ length: 2 * 192 }, (_, i) => Math.sin(1 + i));
    expect(Math.hypot(...D.apply(D.apply(v)).map((x, k) => x - v[k]!)) / Math.hypot(...v)).toBeLessThan(1e-9);
    if (kernel === "wilson") close(D.pion(0.1, { tolerance: 1e-8 }), pion, 1e-6);
    expect(() => D.solve(0.1, new Float64Array(2 * 192), { tolerance: 1e-12 })).toThrow(SolverError);
  });
});

describe("domain walls of finite extent", () => {
  test.each([
    [4, [0.52767333684, 0.886473506095], 0.2417488009, 0.2710637887],
    [8, [0.530775522337, 0.961251035112], 0.09808756424, 0.097938083],
    [16, [0.526386352344, 0.971352651994], 0.04325253046, 0.03818632608],
    [32, [0.527293475871, 0.978396283673], 0.01023862449, 0.008757881178],
  ])("Shamir, Ls = %i: pion and residual mass, also from five dimensions", (Ls, pion, all, origin) => {
    const D = exactOverlap(K3s(), { height, kernel: "shamir", Ls });
    close(D.pion(0.1), pion, 1e-9);
    expect(D.residualMass(0.1)).toBeCloseTo(all, 9);
    expect(D.residualMass(0.1, "origin")).toBeCloseTo(origin, 9);
    if (Ls > 8) return;
    const five = domainWallPion(K3s(), { mass: 0.1, Ls, height });
    close(five.PP, pion, 1e-8);
    expect(five.midpoint.reduce((s, x) => s + x, 0) / five.PP.reduce((s, x) => s + x, 0)).toBeCloseTo(origin, 8);
  });

  test.each([[{ b: 1.5, c: 0.5 }, [0.526463297276, 0.971562574374]], [{ b: 1, c: 1 }, [1.2474849962, 2.45653070624]]] as const)("%j, Ls = 8", (kernel, pion) => {
    close(exactOverlap(K3s(), { height, kernel, Ls: 8 }).pion(0.1), pion, 1e-9);
  });
});

describe.each([[{ b: 1.5, c: 0.5 }], [{ b: 1, c: 1 }], [{ b: 0.7, c: -0.2 }]])("%j: pion and midpoint of the origin from five dimensions are those of the dense matrices", (kernel) => {
  test.each([[1, [4, 4], 6, 1.1], [2, [4, 2], 4, 0.9], [1, [3, 4], 2, 1.2]] as const)("N = %i on %j, Ls = %i, M5 = %f", (N, extents, Ls, M5) => {
    const U = closedFormLinks(lattice([...extents]), N as number, 0.7) as LinkField;
    const D = exactOverlap(U, { kernel, Ls, height: M5 });
    const { PP, midpoint } = domainWallPion(U, { mass: 0.2, Ls, height: M5, ...kernel });
    close(PP, [...D.pion(0.2)], 1e-8);
    const sum = (C: Float64Array): number => C.reduce((s, x) => s + x, 0);
    expect(sum(midpoint) / sum(PP) / D.residualMass(0.2, "origin")).toBeCloseTo(1, 8);
  });
});

test.each([[{ b: 1, c: 0 }], [{ b: 1.5, c: 0.5 }], [{ b: 1, c: 1 }]])("the four-dimensional operator of domain walls with %j", (kernel) => {
  const U = closedFormLinks(lattice([4, 4]), 1 as number, 0.7) as LinkField;
  const { lattice: geo } = U;
  const D = effectiveDomainWall({ mass: 0.2, Ls: 6, height: 1.1, ...kernel });
  const x = new Field(geo, wilsonType(geo, 1 as number)) as Field<VectorType>;
  x.set(Float64Array.from({ length: x.length }, (_, i) => Math.sin(1 + i * i)));
  const on = (V: Links, v: Vector, m: number) => D.on(V, { mass: number(v.tape, m) });
  const Dx = record((V: Links, v: Vector) => on(V, v, 0.2).D(v), U, x).fresh(U, x).toArray();
  close(Dx, [...exactOverlap(U, { kernel, Ls: 6, height: 1.1 }).apply(0.2, x.toArray())], 1e-9);
  // <D x, D x> = <D^+ D x, x>
  const y = new Field(geo, x.type).set(Dx) as Field<VectorType>;
  const back = record((V: Links, v: Vector) => on(V, v, 0.2).Ddag(v), U, y).fresh(U, y).toArray();
  expect(back.reduce((s, v, k) => s + v * x.toArray()[k]!, 0)).toBeCloseTo(Dx.reduce((s, v) => s + v * v, 0), 9);
});

test("a field shared by overlap and domain walls: the guide sees the target's pseudofermions", () => {
  const U = closedFormLinks(lattice([4, 4]), 1, 0.7);
  const place = { lattice: U.lattice, group: U1, flavours: 2, tolerance: 1e-11 };
  const target = pseudofermions(overlap({ mass: 0.3, kernel: "shamir", lowest: 0.05, precision: 1e-13 }), place);
  const guide = pseudofermions(effectiveDomainWall({ mass: 0.3, Ls: 6 }), place);
  target.refresh(U, 0, randomStream(3));
  const S = guide.action.with({ mass: 0.3, phi: target.phi } as never);
  const { dSX } = forceNorms(S.force(U));
  expect(Math.abs(alongDirection((V) => S.value(V), U, 4e-3) / dSX - 1)).toBeLessThan(1e-7);
  // Ls = 6 is close to the overlap operator of its kernel
  expect(Math.abs(S.value(U) / target.value(U) - 1)).toBeLessThan(0.05);
});

test("U(1) fields of constant strength in two dimensions: index = -Q, zero modes of one chirality", () => {
  const geo = lattice([6, 6]);
  for (const Q of [-1, 0, 1, 2]) {
    const w = (2 * Math.PI * Q) / 36;
    const angle = (mu: number, [x, t]: readonly number[]): number => (mu === 1 ? w * x! : x === 5 ? -6 * w * t! : 0);
    const U = new DirectionalField(geo, 1, "links").set([0, 1].map((mu) => Float64Array.from({ length: 2 * geo.volume }, (_, k) => (k % 2 ? Math.sin : Math.cos)(angle(mu, geo.coordinates(k >> 1)))))) as LinkField;
    expect(geometricCharge(U)).toBeCloseTo(Q, 10);
    for (const kernel of ["wilson", "shamir"] as const) {
      const D = exactOverlap(U, { kernel });
      expect(D.index).toBe(Q === 0 ? 0 : -Q);
      expect(D.normalEigenvalues().filter((x) => Math.abs(x) < 1e-12)).toHaveLength(Math.abs(Q));
      expect(D.ginspargWilson()).toBeLessThan(1e-11);
    }
  }
});

test("eigenpairs of largest modulus, degenerate ones with all their vectors", () => {
  const values = [5, -5, 5, 4, 4, -3, 2, 1, 0.5, 0.1, 0, 0];
  const { values: found, vectors } = largestEigenpairs(values.length, (v, out) => values.forEach((x, i) => out.set([x * v[2 * i]!, x * v[2 * i + 1]!], 2 * i)), 5);
  expect(found.map((x) => Math.round(1e9 * x) / 1e9).toSorted((a, b) => b - a)).toEqual([5, 5, 4, 4, -5]);
  vectors.forEach((u, a) => vectors.forEach((v, b) => expect(Math.abs(u.reduce((s, x, k) => s + x * v[k]!, 0) - Number(a === b))).toBeLessThan(a === b ? 1e-10 : 2)));
});

test("errors", () => {
  expect(() => exactOverlap(closedFormLinks(lattice([8, 8, 8, 8]), 2, 0.5) as LinkField)).toThrow(GeometryError);
  expect(() => signFunction(K3s(), { deflate: -1 })).toThrow();
});
