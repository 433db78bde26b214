/**
 * Exact determinants of operators against independent dense programs (their figures are those of the physics notes: staggered, Wilson, clover, domain wall,
 * complex boundary phases), against differences, and against an operator of this file's own.
 */
import { describe, expect, test } from "vitest";
import {
  type DiracOperator, type LinkField, type Links, type Matrix, type Scalar, type Vector, GaugeAction, add, adj, closedFormLinks, determinantAction, domainWall, grad, hisq, hot, SU, lattice, logDet, logDeterminant, mul, number, readGauge, record,
  scale, scaleBy, shift, solve, staggered, staggeredNormal, staggeredType, sub, vectorType, wilson, wilsonD, wilsonType,
} from "gaugegrad";
import { existsSync } from "node:fs";
import { GeometryError, SolverError } from "../../src/errors.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const close = (x: number, y: number, relative: number): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));
const K = (N: number, extents: readonly number[], options = {}): LinkField => closedFormLinks(lattice(extents, options), N, 0.8) as LinkField;

/** +ln det: one power of one field. */
const ofField = <P extends Record<string, number>>(operator: DiracOperator<P>): GaugeAction<number, P> => determinantAction(operator, { flavours: 1 }) as GaugeAction<number, P>;

describe("staggered: ln det, F2, F2max, dS_X, one element of the force", () => {
  test.each([
    [2, [4, 4, 4, 4], 0.3, 146.578092416805, 2.2872112019363, 0.00923113752366685, 29.9850962720198, -0.00365354988722, 0.0359924358714],
    [2, [4, 4, 4, 4], 0.1, 127.276176701958, 5.49895744477629, 0.0267243039514794, 48.4669622898923, 0.0124618299723, 0.0285819150225],
    [3, [2, 2, 2, 2], 0.3, -0.866486064907406, 8.56890372741335, 0.320447767765169, -3.39320635563847, -0.0167604982871, 0.0298719736413],
  ] as const)("N = %i on %j, m = %d", (N, extents, mass, lnDet, F2, F2max, dSX, re, im) => {
    for (const backend of extents[0] === 2 ? (["js", "wasm", "native", "interpret"] as const) : (["wasm", "native"] as const)) {
      const U = K(N, extents, { backend });
      // force and derivative are those of S = -ln det A
      const S = determinantAction(staggered({ mass }), { flavours: 4 });
      close(S.value(U), -lnDet, 1e-12);
      const F = S.force(U);
      const norms = forceNorms(F);
      close(norms.F2, F2, 1e-10);
      close(norms.F2max, F2max, 1e-10);
      close(norms.dSX, dSX, 1e-10);
      close(F.toArray(0)[2]!, re, 1e-11);
      close(F.toArray(0)[3]!, im, 1e-11);
    }
  });
});

test("the derivative with the mass is the condensate", () => {
  const U = K(2, [4, 4, 4, 4]);
  const S = determinantAction(staggered({ mass: 0.3 }), { flavours: 4 });
  const { gradient } = S.parameterGradient(U);
  // m tr (m^2 - D^2)^{-1} over all sites is sum 1/(m + i lambda)
  const h = 1e-3;
  const at = (mass: number): number => logDeterminant(U, staggered({ mass }));
  close(gradient.mass, -(8 * (at(0.3 + h) - at(0.3 - h)) - (at(0.3 + 2 * h) - at(0.3 - 2 * h))) / (12 * h), 1e-9);
});

describe("Wilson and clover: ln det", () => {
  test.each([
    ["K2", 2, [4, 4, 4, 4], 0, 20.0114140147127],
    ["K2", 2, [4, 4, 4, 4], 1.5, 0.240760315065009],
    ["K3s", 3, [2, 2, 2, 2], 0, -2.88111702514337],
    ["K3s", 3, [2, 2, 2, 2], 1.5, -4.40374261670029],
  ] as const)("%s, N = %i, %j, c_SW = %d", (_name, N, extents, clover, lnDet) => {
    const S = ofField(wilson({ kappa: 0.13, clover }));
    close(S.value(K(N, extents)), -lnDet, 1e-11);
  });

  test("the stored configuration", (context) => {
    const file = "../shared/reference/configs/qcdmeasurements_jl/testconf.txt";
    if (!existsSync(file)) return context.skip(`${file} is not here`);
    const { U } = readGauge(file);
    close(ofField(wilson({ kappa: 0.13 })).value(U), -18.3434015662278, 1e-11);
    close(ofField(wilson({ kappa: 0.13, clover: 1.5 })).value(U), 25.3714417056228, 1e-11);
  }, 120_000);
});

test.each([
  ["K2", 2, [4, 4, 4, 4], -10.7036467111333 - 10.6725720673839],
  ["K3s", 3, [2, 2, 2, 2], -0.489903597511979 - 0.506452268693617],
] as const)("site matrices of clover fermions, kappa = 0.13, c_SW = 1.5 on %s: ln det T of even and odd sites", (_name, N, extents, lnDet) => {
  const U = K(N, extents);
  const value = record((V: Links) => logDet((x) => add(x, sub(wilsonD(V, x, number(V[0]!.tape, 0.13), 1.5), wilsonD(V, x, number(V[0]!.tape, 0.13)))), wilsonType(V.lattice, V.N), V), U as never).run(U as never) as never as number;
  close(value, lnDet, 1e-11);
});

test("complex boundary phases", () => {
  const twist = [(2 * Math.PI) / 5, -Math.PI / 7, 0, 0.4];
  close(ofField(staggered({ mass: 0.3, twist })).value(K(3, [2, 2, 2, 2])) * 4, -6.50966167399021, 1e-11);
  close(determinantAction(staggered({ mass: 0.3, twist }), { flavours: 4 }).value(K(2, [4, 4, 4, 4])), -149.794370336843, 1e-11);
  close(ofField(wilson({ kappa: 0.13, twist })).value(K(3, [2, 2, 2, 2])), 0.257255377532561, 1e-11);
  close(ofField(wilson({ kappa: 0.13, twist })).value(K(2, [4, 4, 4, 4])), -21.0345844010783, 1e-11);
});

test("links of a slice times an element of the centre, and the boundary by its inverse: the same determinant", () => {
  const U = hot(lattice([2, 2, 2, 4]), SU(3), { seed: 3 }) as LinkField;
  const angle = (2 * Math.PI) / 3;
  const V = U.clone();
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const t = V.toArray(3);
  for (let n = 0; n < V.lattice.volume; n++)
    if (V.lattice.coordinates(n)[3] === 1) for (let k = 18 * n; k < 18 * (n + 1); k += 2) [t[k], t[k + 1]] = [c * t[k]! - s * t[k + 1]!, c * t[k + 1]! + s * t[k]!];
  V.fields[3]!.set(t);
  for (const make of [(twist: number[]) => ofField(wilson({ kappa: 0.12, twist })), (twist: number[]) => ofField(staggered({ mass: 0.2, twist }))]) {
    const [a, b] = [make([0, 0, 0, 0.3]).value(U), make([0, 0, 0, 0.3 - angle]).value(V)];
    close(a, b, 1e-11);
    expect(Math.abs(make([0, 0, 0, 0.3]).value(V) - a)).toBeGreaterThan(1e-4);
  }
});

describe("domain wall over Pauli-Villars, M5 = 1.6, m = 0.1 on K3s: ln det ratio", () => {
  test.each([
    ["Shamir", 4, 1, 0, -9.79311222691],
    ["Shamir", 8, 1, 0, -8.23781118998],
    ["Moebius", 8, 1.5, 0.5, -7.87482494448],
    ["b = c = 1", 8, 1, 1, -18.7497547473],
  ])("%s, Ls = %i", (_name, Ls, b, c, lnDet) => {
    close(ofField(domainWall({ mass: 0.1, Ls, height: 1.6, b, c })).value(K(3, [2, 2, 2, 2])), -lnDet, 1e-10);
  });
});

/** Forces against differences along the direction field, for operators of every structure. */
describe("forces against differences", () => {
  const cases: readonly (readonly [string, number, readonly number[], GaugeAction<number, never>])[] = [
    ["Wilson", 2, [2, 2, 2, 2], determinantAction(wilson({ kappa: 0.13 }), { flavours: 2 })],
    ["clover", 3, [2, 2, 2, 2], determinantAction(wilson({ kappa: 0.13, clover: 1.5 }), { flavours: 2 })],
    ["Wilson with odd extents", 1, [3, 5], determinantAction(wilson({ kappa: 0.2 }), { flavours: 2 })],
    ["domain wall", 2, [4, 2], determinantAction(domainWall({ mass: 0.1, Ls: 4 }), { flavours: 2 })],
    ["HISQ", 2, [4, 4, 2, 2], determinantAction(staggered({ mass: 0.3, operator: hisq() }), { flavours: 3 })],
    ["twisted staggered", 3, [4, 2, 2, 2], determinantAction(staggered({ mass: 0.3, twist: [0, 0.3, 0, 0.4] }), { flavours: 2 })],
  ] as never;
  test.each(cases)("%s", (_name, N, extents, S) => {
    const U = closedFormLinks(lattice(extents), N, 0.6) as LinkField;
    close(forceNorms(S.force(U)).dSX, alongDirection((V) => S.value(V), U, 2e-3), 1e-8);
  });
});

/** D = m + (forward hops - backward hops)/2 with a site-dependent phase of its own, and a second operator with a hop over two links: nothing of the library's. */
function ownOperator(far: boolean): DiracOperator<{ readonly mass: number }> {
  const on = <N extends number>(U: Links<N>, { mass }: { readonly mass: Scalar }) => {
    const hop = (x: Vector<N>, mu: number): Vector<N> => sub(mul(U[mu]!, shift(x, mu)), shift(mul(adj(U[mu]!), x), mu, -1));
    const long = (x: Vector<N>): Vector<N> => mul(U[0]!, shift(mul(U[1]!, shift(x, 1)), 0));
    const D = (x: Vector<N>, s: number): Vector<N> => {
      const hops = scaleBy(0.5 * s, add(hop(x, 0), hop(x, 1)));
      return add(scale(mass, x), far ? add(hops, scaleBy(0.1, s > 0 ? long(x) : shift(mul(adj(U[1]!), shift(mul(adj(U[0]!), x), 0, -1)), 1, -1))) : hops);
    };
    return { D: (x: Vector<N>) => D(x, 1), Ddag: (x: Vector<N>) => D(x, -1) };
  };
  return { name: "own", parameters: { mass: 0.4 }, type: (geo, N) => vectorType(geo, N, { boundary: [1, -1] }), flavours: () => 1, on };
}

test.each([false, true])("an operator of one's own, with a hop over two links: %s", (far) => {
  const D = ownOperator(far);
  const U = closedFormLinks(lattice([4, 6]), 3 as number, 0.7) as LinkField;
  close(determinantAction(D, { flavours: 2 }).value(U), -2 * logDeterminant(U, D), 1e-12);
  const S = determinantAction(D, { flavours: 2 });
  close(forceNorms(S.force(U)).dSX, alongDirection((V) => S.value(V), U, 2e-3), 1e-9);
});

test("an operator that is no sum of paths is applied to unit vectors: the inverse of a staggered one", () => {
  const geo = lattice([4, 2]);
  const U = closedFormLinks(geo, 2 as number, 0.6) as LinkField;
  const type = staggeredType(geo, 2 as number, { domain: "even" });
  const inverse = (V: Links, m: Scalar): Scalar => logDet((x) => solve((v) => staggeredNormal(V, v, m), x, { tolerance: 1e-15 }), type, V);
  const direct = (V: Links, m: Scalar): Scalar => logDet((x) => staggeredNormal(V, x, m), type, V);
  const [a, b] = [inverse, direct].map((f) => record((V: Links, m: Scalar) => ({ value: f(V, m), force: (grad(f) as never as (V: Links, m: Scalar) => Links)(V, m) }), U as never, 0.3).run(U as never, 0.3) as never as { value: number; force: LinkField });
  close(a!.value, -b!.value, 1e-12);
  a!.force.toArray(0).forEach((x, k) => expect(Math.abs(x + b!.force.toArray(0)[k]!)).toBeLessThan(1e-11));
});

test("bad operators and matrices are refused", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 1 as number, 0.6) as LinkField;
  const type = staggeredType(geo, 1 as number);
  const run = (f: (V: Links) => Scalar): number => record(f as never, U as never).run(U as never) as never;
  expect(() => run((V) => logDet((x) => shift(x, 0), staggeredType(geo, 1, { domain: "even" }) as never, V))).toThrow(/maps/);
  expect(() => run((V) => logDet((x) => scaleBy(0, x), type as never, V))).toThrow(SolverError);
  // one flavour with a negative determinant
  const negative = (V: Links): Scalar => logDet((x) => sub(mul(V[0]! as Matrix<number>, shift(x as Vector, 0)), scaleBy(1.5, x as Vector)) as never, vectorType(lattice([3, 3]), 1) as never, V, { positive: true });
  const odd = closedFormLinks(lattice([3, 3]), 1 as number, 0) as LinkField;
  expect(() => record(negative as never, odd as never).run(odd as never)).toThrow(/phase/);
  const large = closedFormLinks(lattice([16, 16, 8, 8]), 1, 0) as LinkField;
  expect(() => ofField(staggered({ mass: 1 })).value(large)).toThrow(GeometryError);
  expect(() => determinantAction(staggered({ mass: 1 }), { flavours: 0 })).toThrow(/flavours/);
});
