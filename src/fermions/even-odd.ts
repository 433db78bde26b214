/**
 * Wilson and clover fermions in even-odd form. With T = 1 - kappa c_SW sum_{m<n} gamma_m gamma_n F_mn, hermitian at every site and diagonal in chirality,
 *
 *     D = [[T_e, -kappa H_eo], [-kappa H_oe, T_o]],   Dh = T_e - kappa^2 H_eo T_o^{-1} H_oe on even sites,   det D = det T_o det Dh,
 *
 * gamma_5 Dh gamma_5 = Dh^+: half of the components, and a spectrum that is easier to solve. ln det T_o is a function of the links.
 */
import {
  type Complex, type Links, type Matrix, type Scalar, type SpinMatrix, type Vector, add, adj, complex, constantReal, det, inverse, log, mul, neg, re, restrict, scale, scaleBy, spinMul, spinOf, square, sub, sum, unit,
} from "../autograd/index.ts";
import { leaves } from "../gauge/index.ts";
import type { DiracMaps } from "./operator.ts";
import { gamma, gamma5, product, wilsonHopping } from "./wilson.ts";

/** Colour matrices by row and column of the spins of one chirality, in the order of the spins. */
type Chiral<N extends number> = readonly (readonly Matrix<N>[])[];

/** T of both chiralities. */
function siteMatrices<N extends number>(U: Links<N>, kappa: Scalar, clover: number): Chiral<N>[] {
  const { lattice, N } = U;
  const { tape } = U[0]!;
  const h = gamma5(lattice).length / 2;
  const planes: { readonly F: Matrix<N>; readonly sigma: SpinMatrix }[] = [];
  for (let mu = 0; mu < lattice.dim; mu++)
    for (let nu = mu + 1; nu < lattice.dim; nu++) {
      const Q = leaves(U, mu, nu);
      planes.push({ F: sub(Q, adj(Q)) as Matrix<N>, sigma: product(gamma(lattice, mu), gamma(lattice, nu)) });
    }
  const constant = (x: number) => constantReal(tape, `${x}`, () => x);
  const i: Complex = complex(constant(0), constant(1));
  const factor = scale(-clover / 8, kappa);
  return [0, 1].map((chirality) =>
    Array.from({ length: h }, (_, r) =>
      Array.from({ length: h }, (_c, c): Matrix<N> => {
        const terms = planes.flatMap(({ F, sigma }) => {
          const [x, y] = sigma[chirality * h + r]![chirality * h + c]!;
          return [...(x === 0 ? [] : [scaleBy(x, F)]), ...(y === 0 ? [] : [scaleBy(y, scale(i, F))])];
        });
        const [first, ...rest] = terms;
        const one = r === c ? [unit(tape, N)] : [];
        return first ? add(scale(factor, add(first, ...rest)), ...one) as Matrix<N> : one[0] ?? (scaleBy(0, unit(tape, N)) as Matrix<N>);
      }),
    ),
  );
}

/** C - B^+ A^{-1} B of [[A, B], [B^+, C]]. */
function schur<N extends number>(T: Chiral<N>): Matrix<N> {
  const [[A, B], [Bd, C]] = T as [readonly Matrix<N>[], readonly Matrix<N>[]];
  return sub(C!, mul(Bd!, mul(inverse(A!), B!))) as Matrix<N>;
}

function inverted<N extends number>(T: Chiral<N>): Chiral<N> {
  if (T.length === 1) return [[inverse(T[0]![0]!)]];
  const [[A, B], [Bd]] = T as [readonly Matrix<N>[], readonly Matrix<N>[]];
  const [Ai, Si] = [inverse(A!), inverse(schur(T))];
  const [left, right] = [mul(Ai, B!) as Matrix<N>, mul(Bd!, Ai) as Matrix<N>];
  const corner = mul(left, Si) as Matrix<N>;
  return [
    [add(Ai, mul(corner, right)) as Matrix<N>, neg(corner) as Matrix<N>],
    [neg(mul(Si, right)) as Matrix<N>, Si],
  ];
}

/** sum over odd sites of ln det T. */
function logDetOdd<N extends number>(chiral: readonly Chiral<N>[]): Scalar {
  const factors = chiral.flatMap((T) => (T.length === 1 ? [T[0]![0]!] : [T[0]![0]!, schur(T)]));
  const terms = factors.map((A) => sum(log(re(det(restrict(A, "odd"))))));
  return add(terms[0]!, ...terms.slice(1));
}

/** The site matrices times a vector. */
function multiply<N extends number>(chiral: readonly Chiral<N>[], x: Vector<N>): Vector<N> {
  const spins = spinOf(x.type);
  const terms = chiral.flatMap((T, chirality) =>
    T.flatMap((row, r) =>
      row.map((A, c) => {
        const [to, from] = [chirality * T.length + r, chirality * T.length + c];
        const entry = (k: number, at: number): readonly [number, number] => [k === at ? 1 : 0, 0];
        const one = spinMul(x, [Array.from({ length: spins }, (_, k) => entry(k, from))]);
        return spinMul(mul(A, one), Array.from({ length: spins }, (_, k) => [entry(k, to)]));
      }),
    ),
  );
  return add(terms[0]!, ...terms.slice(1));
}

/** Dh, and ln det T_o where there is a clover term. */
export function evenOddWilson<N extends number>(U: Links<N>, kappa: Scalar, clover: number): DiracMaps<N> & { readonly eliminated?: () => Scalar } {
  const g5 = gamma5(U.lattice);
  const H = (x: Vector<N>): Vector<N> => wilsonHopping(U, x);
  const adjoint = (D: (x: Vector<N>) => Vector<N>) => (x: Vector<N>): Vector<N> => spinMul(D(spinMul(x, g5)), g5);
  if (clover === 0) {
    const D = (x: Vector<N>): Vector<N> => sub(x, scale(square(kappa), H(H(x))));
    return { D, Ddag: adjoint(D) };
  }
  const T = siteMatrices(U, kappa, clover);
  const Ti = T.map((t) => inverted(t));
  const D = (x: Vector<N>): Vector<N> => sub(multiply(T, x), scale(square(kappa), H(multiply(Ti, H(x)))));
  return { D, Ddag: adjoint(D), eliminated: () => logDetOdd(T) };
}
