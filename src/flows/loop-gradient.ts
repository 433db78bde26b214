/**
 * Gradient of S = sum_k c_k W_k for the operators of loop-operators.ts, written out, with the values of the operators from the same products. For a plaquette P = U1 U2 U3^+ U4^+
 * (U1 along mu, U2 along nu from n + mu) the loops that begin with each of its links are P1 = P, P2 = U2 U3^+ U4^+ U1, P3 = Q^+ with Q = U4^+ U1 U2 U3^+, and P4 = P^+. With K_l the
 * derivative of S by D_l, Re tr(dD_l K_l), and X that by the plaquette itself, all that S has of this plaquette is Re tr(dP A + dP2 B + dQ C),
 *   A = K_mu(n) + K_nu(n)^+ + X,   B = K_nu(n + mu),   C = K_mu(n + nu)^+,
 * and with E = A U1 + U1 B, Z = U2 U3^+, V = U1 Z, W = Z U4^+, G = (E Z + V C) U4^+ its derivative Re tr(T M_i) for U_i -> exp(T) U_i is that of
 *   M1 = G + P A - A P,   M2 = W E + Z C U4^+ U1,   M3 = -(C Q + U4^+ E Z),   M4 = -G:
 * 19 products, where the reverse pass of the operators takes 35.
 */
import { type Algebras, Directional, type Links, type Matrix, type Scalar, add, adj, conj, metric, mul, neg, scale, scaleBy, shift, sub, ta, trace, unit } from "../autograd/index.ts";
import { type OperatorName, expectApart, valuesOf } from "./loop-operators.ts";

type Coefficients = { readonly [name in OperatorName]?: Scalar };

const sumOf = (...terms: readonly (Matrix | undefined)[]): Matrix | undefined => {
  const [first, ...rest] = terms.filter((x) => x !== undefined);
  return first && add(first, ...rest);
};
/** Products of what is there. */
const times = (a: Matrix | undefined, b: Matrix | undefined): Matrix | undefined => a && b && mul(a, b);
/** sum of factor c, of those that are given. */
const combined = (...terms: readonly (readonly [factor: number, c: Scalar | undefined])[]): Scalar | undefined => {
  const [first, ...rest] = terms.flatMap(([factor, c]) => (c ? [scaleBy(factor, c)] : []));
  return first && add(first, ...rest);
};

/** constant + adjoint B^+ + same B + trace tr B + conjugate (tr B)^*. */
function derivative(B: Matrix, c: { readonly constant?: Scalar | undefined; readonly adjoint?: Scalar | undefined; readonly same: Scalar | undefined; readonly trace: Scalar | undefined; readonly conjugate: Scalar | undefined }): Matrix | undefined {
  const one = unit(B.tape, B.type.N);
  const t = trace(B);
  const z = c.trace ? (c.conjugate ? add(scale(c.trace, t), scale(c.conjugate, conj(t))) : scale(c.trace, t)) : c.conjugate && scale(c.conjugate, conj(t));
  return sumOf(c.adjoint && scale(c.adjoint, adj(B)), c.same && scale(c.same, B), z && scale(z, one), c.constant && scale(c.constant, one));
}

/** Plaquettes with what their derivatives share. */
function cornersOf(U: Links, mu: number, nu: number) {
  const [U1, U2, U3, U4] = [U[mu]!, shift(U[nu]!, mu), shift(U[mu]!, nu), U[nu]!];
  const Z = mul(U2, adj(U3));
  const [V, W, T] = [mul(U1, Z), mul(Z, adj(U4)), mul(adj(U4), U1)];
  return { mu, nu, U1, U4, Z, V, W, T, P: mul(V, adj(U4)), P2: mul(W, U1), Q: mul(T, Z) };
}

/** -dS as an algebra field, and the values of all operators. */
export function descent(U: Links, c: Coefficients): { readonly algebra: Algebras; readonly values: () => Readonly<Record<OperatorName, Scalar>> } {
  const { lattice } = U;
  expectApart(lattice);
  const corners = lattice.extents.flatMap((_, mu) => lattice.extents.slice(mu + 1).map((__, k) => cornersOf(U, mu, mu + 1 + k)));
  /** Sum over the plaquettes of a link: as its first and third link along mu, second and fourth along nu. */
  const gathered = (k: number, of: (i: number) => readonly [first: Matrix | undefined, second: Matrix | undefined, third: Matrix | undefined, fourth: Matrix | undefined]): Matrix | undefined =>
    sumOf(...corners.flatMap(({ mu, nu }, i) => {
      if (k !== mu && k !== nu) return [];
      const [first, second, third, fourth] = of(i);
      return k === mu ? [first, third && shift(third, nu, -1)] : [fourth, second && shift(second, mu, -1)];
    }));
  const D = lattice.extents.map((_, k) => gathered(k, (i) => [corners[i]!.P, corners[i]!.P2, adj(corners[i]!.Q), adj(corners[i]!.P)])!);
  const K = D.map((d) => derivative(d, { adjoint: combined([2, c.bent]), same: combined([2, c.crossed]), trace: combined([2, c.pair]), conjugate: combined([2, c.antipair]) }));
  const moments = corners.map(({ mu, nu, U1, U4, Z, V, W, T, P, Q }) => {
    const X = derivative(P, { constant: c.plaquette, same: combined([2, c.double], [-8, c.crossed]), trace: combined([2, c.square], [-8, c.pair]), conjugate: combined([2, c.modulus], [-8, c.antipair]) });
    const [Ka, Kb] = [K[mu], K[nu]];
    const [A, B, C] = [sumOf(Ka, Kb && adj(Kb), X)!, Kb && shift(Kb, mu), Ka && adj(shift(Ka, nu))];
    const E = sumOf(mul(A, U1), times(U1, B))!;
    const EZ = mul(E, Z);
    const G = mul(sumOf(EZ, times(V, C))!, adj(U4));
    return [add(G, sub(mul(P, A), mul(A, P))), sumOf(mul(W, E), times(times(Z, C), T)), neg(sumOf(times(C, Q), mul(adj(U4), EZ))!), neg(G)] as const;
  });
  const algebra = new Directional("algebra", D.map((_, k) => scaleBy(1 / metric(U.N), ta(gathered(k, (i) => moments[i]!)!))));
  return { algebra, values: () => valuesOf(lattice, corners.map(({ P }) => P), D) };
}
