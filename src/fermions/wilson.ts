/**
 * Wilson operator D = 1 - kappa sum_mu [ (1 - gamma_mu) U_mu(n) psi(n+mu) + (1 + gamma_mu) U_mu(n-mu)^+ psi(n-mu) ] and the clover term
 * - kappa c_SW sum_{m<n} gamma_m gamma_n F_mn, F = (Q - Q^+)/8 with the four leaves Q, not made traceless. Spinors are vectors with spin
 * components; boundary signs belong to them.
 *
 * All gamma matrices are off-diagonal, gamma_mu = [[0, B], [B^+, 0]] with unitary B, so that 1 -+ gamma_mu = (1; -+B^+) (1, -+B) acts on half spinors:
 * links multiply two components instead of four.
 */
import { GeometryError } from "../errors.ts";
import { kind, type Lattice, type Links, type Scalar, type SpinMatrix, type Vector, type VectorType, add, adj, mul, scale, scaleBy, shift, spinMul, sub, vectorType } from "../autograd/index.ts";
import { leaves } from "../gauge/index.ts";
import { type Boundary, antiperiodic } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

const [zero, one, i, minus, minusI] = [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]] as const;

/** B_mu of gamma_x, gamma_y, gamma_z, gamma_t in four dimensions, and of sigma_1 (x), sigma_2 (t) in two. */
const BLOCKS: Readonly<Record<number, readonly SpinMatrix[]>> = {
  2: [[[one]], [[minusI]]],
  4: [
    [[zero, minusI], [minusI, zero]],
    [[zero, minus], [one, zero]],
    [[minusI, zero], [zero, i]],
    [[minus, zero], [zero, minus]],
  ],
};

function blocks(lattice: Lattice): readonly SpinMatrix[] {
  const B = BLOCKS[lattice.dim];
  if (!B) throw new GeometryError(`Wilson fermions: got ${lattice.dim} dimensions, expected 2 or 4`);
  return B;
}

export const dagger = (m: SpinMatrix): SpinMatrix => m[0]!.map((_, c) => m.map((row) => [row[c]![0], 0 - row[c]![1]] as const));
const times = (m: SpinMatrix, s: number): SpinMatrix => m.map((row) => row.map(([re, im]) => [s * re + 0, s * im + 0] as const));
const identity = (n: number): SpinMatrix => Array.from({ length: n }, (_, r) => Array.from({ length: n }, (_c, c) => (r === c ? one : zero)));
const empty = (n: number): SpinMatrix => Array.from({ length: n }, () => Array.from({ length: n }, () => zero));
/** Blocks side by side, and one above the other. */
const beside = (a: SpinMatrix, b: SpinMatrix): SpinMatrix => a.map((row, r) => [...row, ...b[r]!]);
const above = (a: SpinMatrix, b: SpinMatrix): SpinMatrix => [...a, ...b];

/** a b. */
export function product(a: SpinMatrix, b: SpinMatrix): SpinMatrix {
  return a.map((row) =>
    b[0]!.map((_, c) =>
      row.reduce<readonly [number, number]>(([re, im], [x, y], k) => {
        const [u, v] = b[k]![c]!;
        return [re + x * u - y * v, im + x * v + y * u];
      }, zero),
    ),
  );
}

/** gamma_mu. @throws GeometryError in other than 2 or 4 dimensions. */
export function gamma(lattice: Lattice, mu: number): SpinMatrix {
  guard("gamma", { lattice: [lattice, kind.lattice], mu: [mu, kind.direction(lattice)] });
  const B = blocks(lattice)[mu]!;
  return above(beside(empty(B.length), B), beside(dagger(B), empty(B.length)));
}

/** Product of all gamma matrices in four dimensions, diag(-1,-1,1,1); sigma_3 in two. */
export function gamma5(lattice: Lattice): SpinMatrix {
  guard("gamma5", { lattice: [lattice, kind.lattice] });
  const n = blocks(lattice)[0]!.length;
  const sign = lattice.dim === 4 ? -1 : 1;
  return above(beside(times(identity(n), sign), empty(n)), beside(empty(n), times(identity(n), -sign)));
}

/** Type of a Wilson spinor: 4 spin components (2 in two dimensions). @throws GeometryError in other dimensions or for a wrong number of boundary signs. */
export function wilsonType<N extends number>(lattice: Lattice, N: N, options: { boundary?: Boundary | undefined } = {}): VectorType<N> {
  guard("wilsonType", { lattice: [lattice, kind.lattice], N: [N, kind.colours], options: [options, is.keysOf("boundary")] });
  const { boundary = antiperiodic(lattice) } = options;
  if (boundary.length !== lattice.dim) throw new GeometryError(`Wilson fermions: got ${boundary.length} boundary signs, expected ${lattice.dim}, one a direction`);
  return vectorType(lattice, N, { boundary, spin: 2 * blocks(lattice)[0]!.length });
}

/** The same matrix on each of several spinors in a row. */
export function repeated(m: SpinMatrix, copies: number): SpinMatrix {
  return Array.from({ length: copies }, (_, s) => m.map((row) => Array.from({ length: copies }, (_c, t) => (s === t ? row : row.map(() => zero))).flat())).flat();
}

/** sum_mu [(1 - gamma_mu) U_mu(n) psi(n+mu) + (1 + gamma_mu) U_mu(n-mu)^+ psi(n-mu)]; `copies` spinors in a row, as the slices of a fifth dimension. */
export function wilsonHopping<N extends number>(U: Links<N>, psi: Vector<N>, copies = 1): Vector<N> {
  const apply = (v: Vector<N>, m: SpinMatrix): Vector<N> => spinMul(v, repeated(m, copies));
  const hops = blocks(U.lattice).flatMap((B, mu) => {
    const half = identity(B.length);
    const ahead = apply(mul(U[mu]!, shift(apply(psi, beside(half, times(B, -1))), mu)), above(half, times(dagger(B), -1)));
    const behind = apply(shift(mul(adj(U[mu]!), apply(psi, beside(half, B))), mu, -1), above(half, dagger(B)));
    return [ahead, behind];
  });
  return add(hops[0]!, ...hops.slice(1));
}

/** D psi; with `clover` the coefficient c_SW. */
export function wilsonD<N extends number>(U: Links<N>, psi: Vector<N>, kappa: Scalar, clover = 0): Vector<N> {
  guard("wilsonD", { U: [U, kind.links], psi: [psi, kind.vector], kappa: [kappa, kind.scalar], clover: [clover, is.finite] });
  const { lattice } = U;
  const hopping = wilsonHopping(U, psi);
  if (clover === 0) return sub(psi, scale(kappa, hopping));
  const planes: Vector<N>[] = [];
  for (let mu = 0; mu < lattice.dim; mu++)
    for (let nu = mu + 1; nu < lattice.dim; nu++) {
      const Q = leaves(U, mu, nu);
      planes.push(mul(sub(Q, adj(Q)), spinMul(psi, product(gamma(lattice, mu), gamma(lattice, nu)))));
    }
  return sub(psi, scale(kappa, add(hopping, scaleBy(clover / 8, add(planes[0]!, ...planes.slice(1))))));
}

/** D^+ = gamma_5 D gamma_5. */
export function wilsonDdag<N extends number>(U: Links<N>, psi: Vector<N>, kappa: Scalar, clover = 0): Vector<N> {
  guard("wilsonDdag", { U: [U, kind.links], psi: [psi, kind.vector], kappa: [kappa, kind.scalar], clover: [clover, is.finite] });
  const g5 = gamma5(U.lattice);
  return spinMul(wilsonD(U, spinMul(psi, g5), kappa, clover), g5);
}

/** D^+ D psi, hermitian and positive. */
export function wilsonNormal<N extends number>(U: Links<N>, psi: Vector<N>, kappa: Scalar, clover = 0): Vector<N> {
  guard("wilsonNormal", { U: [U, kind.links], psi: [psi, kind.vector], kappa: [kappa, kind.scalar], clover: [clover, is.finite] });
  return wilsonDdag(U, wilsonD(U, psi, kappa, clover), kappa, clover);
}
