/**
 * Polar part and Lyapunov equation by the iterations of their ops (autograd/ops/polar.ts), with the inverse of a hermitian positive matrix
 * by Faddeev-LeVerrier: c_k = -tr(A M_k)/k, M_{k+1} = A M_k + c_k, A^{-1} = -M_N / c_N. It needs batched products only, where elimination
 * component by component takes thousands of small calls.
 */
import type { DeviceArray, Pair } from "../../backend/tfjs/arrays.ts";
import { extent } from "./layout.ts";
import { type Rule, type RuleContext, adjoint, diagonalSum, inner, product, times } from "./rules.ts";

/** Newton steps, as many as the ops make. */
const STEPS = 20;

const plus = ({ b }: RuleContext, x: Pair, y: Pair): Pair => ({ re: b.binary("add", x.re, y.re), im: b.binary("add", x.im!, y.im!) });
const scaled = ({ b }: RuleContext, r: DeviceArray, x: Pair): Pair => ({ re: b.binary("mul", r, x.re), im: b.binary("mul", r, x.im!) });
const half = (c: RuleContext, x: Pair): Pair => times(c, 0.5, x);
const real = (c: RuleContext, x: number): DeviceArray => c.b.upload(Float64Array.of(x), []);

/** A^{-1} of a hermitian positive A. */
function inverse(c: RuleContext, A: Pair, N: number): Pair {
  const { b, store } = c;
  const addDiagonal = (x: Pair, r: DeviceArray): Pair => ({ re: b.binary("add", x.re, b.binary("mul", r, store.identity(N))), im: x.im! });
  let M = unitMatrix(c, N);
  let coefficient = b.binary("mul", real(c, -1), diagonalSum(c, A.re, N));
  for (let k = 2; k <= N; k++) {
    M = addDiagonal(k === 2 ? A : product(c, A, M), coefficient);
    // tr(A M) = Re sum conj(A) M for hermitian A
    coefficient = b.binary("mul", real(c, -1 / k), inner(c, A, M));
  }
  return scaled(c, b.binary("div", real(c, -1), coefficient), M);
}

function unitMatrix({ b, store }: RuleContext, N: number): Pair {
  const zero = store.constant("zeros", N, N, 0);
  return { re: b.binary("add", store.identity(N), zero), im: zero };
}

/** N / tr H: brings the eigenvalues near 1. */
function normalisation(c: RuleContext, H: Pair, N: number): DeviceArray {
  return c.b.binary("div", real(c, N), diagonalSum(c, H.re, N));
}

/** Repeats a step on matrices, giving back what each leaves behind. */
function iterate(c: RuleContext, start: readonly [Pair, Pair], step: (x: Pair, y: Pair) => readonly [Pair, Pair]): readonly [Pair, Pair] {
  const mark = c.b.mark();
  let state = start;
  for (let k = 0; k < STEPS; k++) {
    state = step(...state);
    c.b.sweep(mark, state.flatMap((x) => [x.re, x.im!]));
  }
  return state;
}

export const polarRule: Rule = (c, [x]) => {
  const [N] = extent(c.type);
  const A = x as Pair;
  const H = product(c, adjoint(c, A), A);
  const size = normalisation(c, H, N);
  const [, Z] = iterate(c, [scaled(c, size, H), unitMatrix(c, N)], (y, z) => [half(c, plus(c, y, inverse(c, z, N))), half(c, plus(c, z, inverse(c, y, N)))]);
  return scaled(c, c.b.unary("sqrt", size), product(c, A, Z));
};

export const lyapRule: Rule = (c, [h, y]) => {
  const [N] = extent(c.type);
  const size = normalisation(c, h as Pair, N);
  const [, X] = iterate(c, [scaled(c, size, h as Pair), scaled(c, size, y as Pair)], (H, B) => {
    const inv = inverse(c, H, N);
    return [half(c, plus(c, H, inv)), half(c, plus(c, B, product(c, product(c, inv, B), inv)))];
  });
  return half(c, X);
};
