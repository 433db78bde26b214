/**
 * Polar part and Lyapunov equation by dynamically weighted Halley steps X -> (b/c) X + (a - b/c) X (1 + c X^+ X)^{-1} (Y. Nakatsukasa,
 * Z. Bai, F. Gygi, SIAM J. Matrix Anal. Appl. 31 (2010) 2700): the same map of the singular values as the Newton steps of the ops strive for,
 * with one inverse of a hermitian matrix whose eigenvalues lie between 1 and 1 + c. With c bounded it is well conditioned, so that
 * Faddeev-LeVerrier gives it to a few roundoffs: c_k = -tr(A M_k)/k, M_{k+1} = A M_k + c_k, A^{-1} = -M_N / c_N. That needs batched products
 * only, where elimination component by component takes thousands of small calls.
 */
import { type DeviceArray, Numbers } from "../../backend/index.ts";
import { extent } from "./layout.ts";
import { type Rule, type RuleContext, inner, numbers, product, reTrace, times, timesReal, zip } from "./arithmetic.ts";

interface Weights {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Largest weight c, up to rounding. */
const LARGEST = 12;

/** Weights that bring singular values in [l, 1] closest to 1. */
function weightsFor(l: number): Weights {
  const d = Math.cbrt((4 * (1 - l * l)) / l ** 4);
  const a = Math.sqrt(1 + d) + 0.5 * Math.sqrt(8 - 4 * d + (8 * (2 - l * l)) / (l * l * Math.sqrt(1 + d)));
  const b = (a - 1) ** 2 / 4;
  return { a, b, c: a + b - 1 };
}

/** Steps until singular values between `least` and 1 are 1 to rounding. */
function schedule(least: number, roundoff: number): Weights[] {
  let bounded = 1;
  while (weightsFor(bounded).c < LARGEST) bounded *= 0.98;
  const steps: Weights[] = [];
  for (let l = least; 1 - l > roundoff && steps.length < 40; ) {
    const w = weightsFor(Math.min(1, Math.max(l, bounded)));
    steps.push(w);
    l = (l * (w.a + w.b * l * l)) / (1 + w.c * l * l);
  }
  return steps;
}

/** Condition numbers up to 10^8 in float64 and 10^4 in float32, with room for the Frobenius norm. */
const stepsFor = ({ b }: RuleContext): Weights[] => (b.roundoff > 1e-10 ? schedule(2e-5, b.roundoff) : schedule(2e-9, b.roundoff));

const plus = (c: RuleContext, x: Numbers, y: Numbers): Numbers => zip(c, "add", x, y);
const minus = (c: RuleContext, x: Numbers, y: Numbers): Numbers => zip(c, "sub", x, y);
const real = (c: RuleContext, x: number): DeviceArray => c.b.number(x);

/** (1 + w H)^{-1} of a hermitian H >= 0. */
function inverse(c: RuleContext, w: number, H: Numbers, N: number): Numbers {
  const { b } = c;
  const A = plusUnit(c, times(c, w, H), N);
  let M = N === 1 ? plusUnit(c, minus(c, A, A), N) : A;
  let coefficient = b.binary("mul", real(c, -1), reTrace(c, A, N));
  for (let k = 2; k <= N; k++) {
    M = plusUnit(c, k === 2 ? A : product(c, A, M), N, coefficient);
    // tr(A M) = Re sum conj(A) M for hermitian A
    coefficient = b.binary("mul", real(c, -1 / k), inner(c, A, M));
  }
  return timesReal(c, b.binary("div", real(c, -1), coefficient), M);
}

/** x + r for a real number at every site, or for 1. */
function plusUnit({ b, store }: RuleContext, x: Numbers, N: number, r?: DeviceArray): Numbers {
  const y = store.hold(x);
  const unit = store.unit(N, 1).parts[0]!;
  const u = r ? b.binary("mul", store.formulation.packed ? b.complex!.lift(r) : r, unit) : unit;
  return y.with(y.parts.map((p, k) => (k === 0 ? b.binary("add", p, u) : p)));
}

/** 1 / |X|: brings the singular values below 1. */
function normalisation(c: RuleContext, X: Numbers): DeviceArray {
  return c.b.binary("div", real(c, 1), c.b.unary("sqrt", inner(c, X, X)));
}

/** All steps on matrices, giving back what each leaves behind. */
function iterate<T extends readonly Numbers[]>(c: RuleContext, start: T, step: (w: Weights, state: T) => T): T {
  const mark = c.b.mark();
  let state = start;
  for (const w of stepsFor(c)) {
    state = step(w, state);
    c.b.sweep(mark, state.flatMap((x) => x.arrays));
  }
  return state;
}

export const polarRule: Rule = (c, [x]) => {
  const [N] = extent(c.type);
  const A = numbers(x);
  const [W] = iterate(c, [timesReal(c, normalisation(c, A), A)] as const, (w, [X]) => {
    const R = inverse(c, w.c, product(c, X, X, true), N);
    return [plus(c, times(c, w.b / w.c, X), times(c, w.a - w.b / w.c, product(c, X, R)))] as const;
  });
  return W;
};

/**
 * The same steps for the sign of Z = [[H, B], [0, -H]], which is [[1, 2X], [0, -1]]. With R = (1 + c H^2)^{-1} and K = H B - B H the upper
 * right block of Z (1 + c Z^2)^{-1} is B R - c H R K R.
 */
export const lyapRule: Rule = (c, [h, y]) => {
  const [N] = extent(c.type);
  const size = normalisation(c, numbers(h));
  const [, X] = iterate(c, [timesReal(c, size, numbers(h)), timesReal(c, size, numbers(y))] as const, (w, [H, B]) => {
    const R = inverse(c, w.c, product(c, H, H), N);
    const HR = product(c, H, R);
    const K = minus(c, product(c, H, B), product(c, B, H));
    const upper = minus(c, product(c, B, R), times(c, w.c, product(c, product(c, HR, K), R)));
    const [p, q] = [w.b / w.c, w.a - w.b / w.c];
    return [plus(c, times(c, p, H), times(c, q, HR)), plus(c, times(c, p, B), times(c, q, upper))] as const;
  });
  return times(c, 0.5, X);
};
