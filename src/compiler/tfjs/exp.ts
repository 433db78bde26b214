/**
 * E(A; X_1..X_k), the mixed derivative of exp along X_1..X_k at A, as the upper right block of the exponential of nested triangular matrices:
 * exp([[A, X], [0, A]]) = [[exp A, E(A; X)], [0, exp A]], and so on with A replaced by the whole block matrix. A is halved until its
 * Frobenius norm is at most 1 at every site; the truncated Taylor series is evaluated in powers of A^3; then squarings.
 */
import type { Pair } from "../../backend/index.ts";
import { type Value, extent } from "./layout.ts";
import { type RuleContext, type Steps, inner, product, times } from "./arithmetic.ts";

/**
 * Last power of the series without directions: the first one left out is 2e-9 in float32, 4e-19 in float64. The k-th derivative of A^n / n!
 * is of the size A^(n-k) / (n-k)!, so every direction needs one power more.
 */
const LAST = { f32: 11, f64: 19 } as const;

export function* expRule(c: RuleContext, inputs: readonly Value[]): Steps<Value> {
  const { b, store } = c;
  const [N] = extent(c.type);
  const [A, ...directions] = inputs as readonly Pair[];
  const norms = yield inner(c, A!, A!);
  let largest = 0;
  for (let n = 0; n < norms.length; n++) if (store.layout.inside(c.types[0]!, n) && norms[n]! > largest) largest = norms[n]!;
  const halvings = Number.isFinite(largest) ? Math.max(0, Math.ceil(0.5 * Math.log2(Math.max(largest, 1)))) : 0;
  let M = times(c, 2 ** -halvings, A!);
  let size = N;
  for (const X of directions) {
    M = triangular(c, M, diagonal(c, times(c, 2 ** -halvings, X), N, size), size);
    size *= 2;
  }
  let E = series(c, M, size, directions.length);
  for (let k = 0; k < halvings; k++) E = product(c, E, E);
  if (directions.length === 0) return E;
  const V = store.layout.lattice.volume;
  const begin = store.layout.shape(0, size - N, 0);
  const part = (x: Pair["re"]): Pair["re"] => b.slice(x, begin, store.layout.shape(N, N, V));
  return { re: part(E.re), im: part(E.im!) };
}

/** sum_n M^n / n! up to the order of the precision. */
function series(c: RuleContext, M: Pair, size: number, directions: number): Pair {
  const { b, store } = c;
  // cubic blocks after the first, which ends with the power 2
  const blocks = Math.ceil(((b.roundoff > 1e-10 ? LAST.f32 : LAST.f64) + directions - 2) / 3);
  const M2 = product(c, M, M);
  const M3 = product(c, M2, M);
  const inverse = [1];
  for (let n = 1; n < 3 * blocks + 3; n++) inverse.push(inverse[n - 1]! / n);
  const plus = (x: Pair, y: Pair): Pair => ({ re: b.binary("add", x.re, y.re), im: b.binary("add", x.im!, y.im!) });
  const block = (j: number): Pair => {
    const x = plus(times(c, inverse[3 * j + 1]!, M), times(c, inverse[3 * j + 2]!, M2));
    const one = b.binary("mul", store.identity(size), b.upload(Float64Array.of(inverse[3 * j]!), []));
    return { re: b.binary("add", x.re, one), im: x.im! };
  };
  let sum = block(blocks);
  for (let j = blocks - 1; j >= 0; j--) sum = plus(product(c, sum, M3), block(j));
  return sum;
}

/** [[M, X], [0, M]] with blocks of the given size. */
function triangular({ b, store }: RuleContext, M: Pair, X: Pair, size: number): Pair {
  const { row, column } = store.layout;
  const zero = store.constant("zeros", size, size, 0);
  const part = (m: Pair["re"], x: Pair["re"]): Pair["re"] => b.concat([b.concat([m, x], column), b.concat([zero, m], column)], row);
  return { re: part(M.re, X.re), im: part(M.im!, X.im!) };
}

/** X on the diagonal of a block matrix of the given size. */
function diagonal(c: RuleContext, X: Pair, N: number, size: number): Pair {
  if (size === N) return X;
  const half = diagonal(c, X, N, size / 2);
  const zero = c.store.constant("zeros", size / 2, size / 2, 0);
  return triangular(c, half, { re: zero, im: zero }, size / 2);
}
