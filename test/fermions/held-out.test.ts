/** Determinants, solves and signs on fields, extents, boundaries and parameters that no table has, against dense matrices written out from the formulas. */
import { describe, expect, test } from "vitest";
import {
  type DiracOperator, type Group, type LinkField, Field, SU, U1, determinantAction, domainWall, exactOverlap, hot, lattice, logDeterminant, nearUnit, overlap, pseudofermions, rootPseudofermions, staggered, wilson, wilsonPion,
} from "gaugegrad";
import { type ComplexMatrix, combine, determinant, product, quotient } from "./complex-matrix.ts";
import { alongDirection, forceNorms } from "./helpers.ts";
import { type Phases, adjoint, hostDomainWall, hostGamma5, hostKernel, hostStaggered, hostWilson, identity } from "./host-operators.ts";

const close = (x: number, y: number, relative: number): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));
const lnDet = (m: ComplexMatrix): number => Math.log(Math.hypot(...determinant(m)));
const det = <P extends Record<string, number>>(D: DiracOperator<P>, U: LinkField): number => determinantAction(D, { flavours: 2 * D.flavours(U.lattice) }).value(U) / -2;

const fields: readonly (readonly [string, Group, readonly number[], Phases])[] = [
  ["U(1), 2 x 6, twisted, imaginary chemical potential", U1, [2, 6], { twist: [0.7, -1.1] }],
  ["SU(3), 2 x 2, periodic", SU(3), [2, 2], { boundary: [1, 1] }],
  ["SU(2), 3 x 3, odd", SU(2), [3, 3], { twist: [0.4, 0.2] }],
  ["SU(2), 2^4, twisted, antiperiodic along x too", SU(2), [2, 2, 2, 2], { boundary: [-1, 1, 1, -1], twist: [0.3, 0, -0.5, 0.9] }],
  ["SU(3), 2 x 1 x 3 x 1", SU(3), [2, 1, 3, 1], {}],
];

describe.each(fields)("%s", (_name, group, extents, phases) => {
  const U = (extents.length === 2 ? hot(lattice(extents), group, { seed: 11 }) : nearUnit(lattice(extents), group, { seed: 12, width: 0.8 })) as LinkField;
  const of = phases as { boundary?: (1 | -1)[]; twist?: number[] };
  const even = U.lattice.bipartite;

  test.each([[0.17, 0], [0.11, 1.4]])("Wilson, kappa = %f, c_SW = %f: ln det, also even-odd, force, pion", (kappa, clover) => {
    const host = hostWilson(U, kappa, clover, phases);
    const exact = lnDet(host);
    for (const evenOdd of even ? [false, true] : [false]) {
      const D = wilson({ kappa, clover, evenOdd, ...of });
      close(det(D, U), exact, 1e-10);
      const S = determinantAction(D, { flavours: 3 });
      if (clover !== 0 && U.lattice.dim === 2) close(forceNorms(S.force(U)).dSX, alongDirection((V) => S.value(V), U, 2e-3), 1e-7);
    }
    if (of.twist) return;
    // C(t) from the columns of the dense inverse: |D^{-1}|^2 does not know the basis of spins
    const inverse = quotient(identity(host.n), host);
    const T = extents.at(-1)!;
    const components = (host.n / U.lattice.volume);
    const C = new Float64Array(T);
    for (let r = 0; r < host.n; r++) for (let k = 0; k < 2 * components; k++) C[Math.floor((r * T) / host.n)]! += inverse.data[2 * r * host.n + k]! ** 2;
    wilsonPion(U, { kappa, clover, ...of }).PP.forEach((x, t) => close(x / C[t]!, 1, 1e-8));
  });

  test("staggered: ln det, force", () => {
    if (!even) return void expect(() => det(staggered({ mass: 0.23, ...of }), U)).toThrow(/even/);
    const D = staggered({ mass: 0.23, ...of });
    close(det(D, U), lnDet(hostStaggered(U, 0.23, phases)), 1e-10);
    close(logDeterminant(U, D), lnDet(hostStaggered(U, 0.23, phases)), 1e-10);
    const S = determinantAction(D, { flavours: 3 });
    close(forceNorms(S.force(U)).dSX, alongDirection((V) => S.value(V), U, 2e-3), 1e-7);
  });

  if (extents.length === 2) test("overlap and domain walls: ln det with Pauli-Villars fields, sign by Newton's iteration, force", () => {
    const [height, mass] = [1.15, 0.21];
    for (const [b, c, Ls] of [[1, 0, 3], [1.3, 0.4, 4], [1, 1, 2]] as const) {
      const walls = { mass, Ls, height, b, c };
      const [M, V] = [mass, 1].map((m) => lnDet(hostDomainWall(U, { ...walls, ...phases, mass: m }))) as [number, number];
      close(det(domainWall({ ...walls, ...of }), U), M - V, 1e-9);
    }
    const [W, g5] = [hostKernel(U, height, phases), hostGamma5(U)];
    const one = identity(W.n);
    for (const kernel of ["wilson", "shamir"] as const) {
      let X = product(g5, kernel === "wilson" ? W : quotient(W, combine(2, one, 1, W)));
      for (let k = 0; k < 40; k++) X = combine(0.5, X, 0.5, quotient(one, X));
      const exact = lnDet(combine((1 + mass) / 2, one, (1 - mass) / 2, product(g5, X)));
      close(det(overlap({ mass, height, kernel, ...of }), U), exact, 1e-8);
      close(exactOverlap(U, { height, kernel, ...of }).logDet(mass), exact, 1e-8);
    }
  });
});

describe("fields of ratios and solves of every method", () => {
  const geo = lattice([2, 4]);
  const U = hot(geo, SU(2), { seed: 4 }) as LinkField;
  const of = { boundary: [1, -1] as (1 | -1)[], twist: [0.6, -0.8] };
  const place = { lattice: geo, group: SU(2) as Group };
  /** x on even sites in canonical order. */
  const drawn = (phi: Field): Float64Array => {
    const components = phi.length / geo.volume;
    return Float64Array.from({ length: phi.length }, (_, k) => ((phi.type as { domain?: string }).domain === "even" && geo.parity(Math.floor(k / components)) === 1 ? 0 : Math.sin(1 + 3 * k)));
  };
  const quadratic = (v: Float64Array, A: ComplexMatrix): number => {
    let s = 0;
    for (let r = 0; r < A.n; r++) for (let k = 0; k < A.n; k++) s += (v[2 * r]! * v[2 * k]! + v[2 * r + 1]! * v[2 * k + 1]!) * A.data[2 * (r * A.n + k)]! - (v[2 * r]! * v[2 * k + 1]! - v[2 * r + 1]! * v[2 * k]!) * A.data[2 * (r * A.n + k) + 1]!;
    return s;
  };

  test("phi^+ (M^+M)^{-1} phi of staggered fields: cg, mixed, deflated", () => {
    const M = hostStaggered(U, 0.3, of);
    const A = product(adjoint(M), M);
    for (const more of [{}, { solver: "mixed" as const }, { deflate: 3 }]) {
      const f = pseudofermions(staggered({ mass: 0.3, ...of }), { ...place, flavours: 2, ...more });
      const x = drawn(f.phi as Field);
      f.phi.set(x);
      close(f.value(U), quadratic(x, quotient(identity(A.n), A)), 1e-9);
    }
  });

  test("two fields of power 1/2 and four of 1/4 of A(0.3)/A(0.5): the square of each is that of the whole", () => {
    const [A, B] = [0.3, 0.5].map((m) => hostStaggered(U, m, of)).map((M) => product(adjoint(M), M)) as [ComplexMatrix, ComplexMatrix];
    // phi^+ R^{-1/k} phi with R = A B^{-1}: the root of B A^{-1} by Newton's iteration, once or twice
    const root = (X: ComplexMatrix): ComplexMatrix => {
      let [Y, Z] = [X, identity(X.n)];
      for (let k = 0; k < 30; k++) [Y, Z] = [combine(0.5, Y, 0.5, quotient(identity(X.n), Z)), combine(0.5, Z, 0.5, quotient(identity(X.n), Y))];
      return Y;
    };
    const half = root(quotient(B, A));
    for (const [roots, exact] of [[2, half], [4, root(half)]] as const) {
      const f = rootPseudofermions(staggered({ mass: 0.3, ...of }), { ...place, flavours: 2, numerator: staggered({ mass: 0.5, ...of }), roots });
      let expected = 0;
      for (const { phi } of f.fields) {
        phi.set(drawn(phi as Field));
        expected += quadratic(phi.toArray(), exact);
      }
      close(f.value(U), expected, 1e-9);
    }
  });
});
