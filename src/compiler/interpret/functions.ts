/** Functions of matrices, each by a method of its own: nothing is shared with the ops that are compiled. */
import { type CMatrix, combination, conjugate, dagger, divide, identity, norm, plus, product, scaled, zeros } from "./matrix.ts";

/** |A| beyond which no digit of a phase is left. */
const LARGEST = 2 ** 52;

/** A truncated polynomial in e_1 .. e_k with e_i^2 = 0: the coefficient of every subset, by its bit mask. */
type Polynomial = readonly CMatrix[];

function times(p: Polynomial, q: Polynomial): Polynomial {
  return p.map((first, mask) => {
    let sum = zeros(first.rows, first.columns);
    for (let part = 0; part <= mask; part++) if ((part & mask) === part) sum = plus(sum, product(p[part]!, q[mask ^ part]!));
    return sum;
  });
}

/**
 * d/de_1 .. d/de_k exp(A + e_1 X_1 + .. + e_k X_k) at e = 0, the coefficient of e_1 .. e_k: Taylor's series of the argument over 2^s,
 * until a term changes nothing, then s squarings. NaN where |A| has no digits after the point.
 */
export function exponential(a: CMatrix, directions: readonly CMatrix[]): CMatrix {
  const n = a.rows;
  if (!(norm(a) < LARGEST)) return scaled(Number.NaN, identity(n));
  const halvings = Math.max(0, Math.ceil(Math.log2(norm(a))) + 1);
  const size = 2 ** directions.length;
  const argument = Array.from({ length: size }, () => zeros(n, n));
  argument[0] = scaled(0.5 ** halvings, a);
  directions.forEach((x, i) => (argument[1 << i] = scaled(0.5 ** halvings, x)));
  let term: Polynomial = argument.map((_, mask) => (mask === 0 ? identity(n) : zeros(n, n)));
  let sum = term;
  for (let k = 1; k < 60; k++) {
    term = times(term, argument).map((x) => scaled(1 / k, x));
    const next = sum.map((x, mask) => plus(x, term[mask]!));
    const same = k > size && next.every((x, mask) => x.z.every((v, i) => v === sum[mask]!.z[i]));
    sum = next;
    if (same) break;
  }
  for (let s = 0; s < halvings; s++) sum = times(sum, sum);
  return sum[size - 1]!;
}

/** (M + s M* s^+) / 2 with s = i sigma_2, of a 2 x 2 matrix. */
export function quaternionPart(m: CMatrix): CMatrix {
  const s: CMatrix = { rows: 2, columns: 2, z: Float64Array.of(0, 0, 1, 0, -1, 0, 0, 0) };
  return combination(0.5, m, 0.5, product(product(s, conjugate(m)), dagger(s)));
}

/** Unitary polar part of M: Newton's iteration X -> (X + X^{-+})/2 from X = M, until it moves by rounding only. */
export function polarPart(m: CMatrix): CMatrix {
  let x = m;
  for (let k = 0; k < 200; k++) {
    const inverse = divide(x, identity(x.rows)).quotient;
    // the factor that makes |X| and |X^-1| equal brings the singular values near one quickly
    const factor = k < 60 ? Math.sqrt(norm(inverse) / norm(x)) : 1;
    const next = combination(factor / 2, x, 1 / (2 * factor), dagger(inverse));
    const moved = norm(combination(1, next, -1, x));
    x = next;
    if (!(moved > 1e-15 * norm(x))) break;
  }
  return x;
}

/** X with X H + H X = B: the N^2 linear equations for its entries. */
export function sylvester(h: CMatrix, b: CMatrix): CMatrix {
  const n = h.rows;
  const system = zeros(n * n, n * n);
  const put = (row: number, column: number, from: number): void => {
    for (const part of [0, 1]) system.z[2 * (row * n * n + column) + part]! += h.z[2 * from + part]!;
  };
  // (X H)_ij = sum_k X_ik H_kj, (H X)_ij = sum_k H_ik X_kj
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++) {
        put(i * n + j, i * n + k, k * n + j);
        put(i * n + j, k * n + j, i * n + k);
      }
  const { quotient } = divide(system, { rows: n * n, columns: 1, z: b.z });
  return { rows: n, columns: n, z: quotient.z };
}

/** arg det M in (-pi, pi]. */
export function argumentOfDeterminant(m: CMatrix): number {
  const [re, im] = divide(m, identity(m.rows)).determinant;
  return Math.atan2(im, re);
}
