/**
 * First derivative of the exponential of su(3), E = d/de exp(A + e X) at e = 0 for any X, with the structure of A: imaginary on the diagonal, antihermitian.
 *
 * exp A = q0 + q1 A + q2 A^2 with functions q of c1 = tr A^2 / 2 and c0 = tr A^3 / 3 = det A (Cayley and Hamilton; arXiv:hep-lat/0311018). The trace t of X/3 commutes and
 * is a factor; with q_i' = dq_i/dc1 tr(A X) + dq_i/dc0 (tr(A^2 X) - 2 t c1)
 *   E = u0 + u1 A + u2 A^2 + q1 X + q2 (A X + X A),   u0 = q0' + t (q0 - q1),  u1 = q1' + t (q1 - 2 q2),  u2 = q2' + t q2.
 * Horner's rule on p_m = sum_(n >= m) A^(n-m) / n! with A^3 = c1 A + c0 gives (q0, q1, q2) of p_0 and their derivatives d by c1. Those by c0 need no recursion: the part
 * gamma_n of A^2 in A^n has the generating function G = x^2 / (1 - c1 x^2 - c0 x^3), whose derivatives are G^2 and x G^2. So with q2 and d2 of p_1 and p_2
 *   dq2/dc0 = d2(p_1),   dq1/dc0 = dq2/dc1 = d2(p_0),   dq0/dc0 = q2(p_1) + c0 d2(p_2).
 */
import { type C, type M, type Operand, type Site, type V, matrixOps } from "../site.ts";

/** The halvings of A, and how it is undone. */
export interface Halved {
  /** How often A is halved, from |A|^2, and 2^-s. */
  halvings(norm2: V): { readonly s: V; readonly factor: V };
  /** Last power of the Taylor series. */
  readonly last: number;
}

/** A of su(3): i a_k on the diagonal, above it A_01, A_02 and A_12; the same for A^2, whose diagonal h is real. */
export interface Parts {
  readonly a: readonly [V, V, V];
  readonly above: readonly [C, C, C];
  readonly h: readonly [V, V, V];
  readonly above2: readonly [C, C, C];
  readonly c1: V;
  /** c0 = i c. */
  readonly c: V;
}

export const PAIRS = [[0, 1], [0, 2], [1, 2]] as const;
/** Entry (i, j), i != j, from those above the diagonal: `sign` times the conjugate of that at (j, i) below it. */
const entryOf = (b: Site, above: readonly C[], i: number, j: number, sign: 1 | -1): C => {
  const z = above[i + j - 1]!;
  return i < j ? z : sign > 0 ? { re: z.re, im: b.neg(z.im) } : { re: b.neg(z.re), im: z.im };
};
/** Entry (i, j) of u0 + u1 A + u2 A^2. */
function polynomial(b: Site, { a, above, h, above2 }: Parts, [u0, u1, u2]: readonly [C, C, C], i: number, j: number): C {
  const m = matrixOps(b, 3);
  if (i !== j) return m.fma(u1, entryOf(b, above, i, j, -1), m.mul(u2, entryOf(b, above2, i, j, 1)));
  return { re: b.fnma(u1.im, a[i]!, b.fma(u2.re, h[i]!, u0.re)), im: b.fma(u1.re, a[i]!, b.fma(u2.im, h[i]!, u0.im)) };
}

/** A times `factor`, its square and its invariants, from the squares of the numbers of A. */
function partsOf(b: Site, raw: { readonly a: readonly V[]; readonly above: readonly C[] }, squares: { readonly a: readonly V[]; readonly above: readonly V[] }, factor: V): Parts {
  const m = matrixOps(b, 3);
  const f2 = b.mul(factor, factor);
  const a = raw.a.map((x) => b.mul(factor, x)) as [V, V, V];
  const above = raw.above.map((z) => m.scale(factor, z)) as [C, C, C];
  const [a2, n] = [squares.a, squares.above].map((list) => list.map((x) => b.mul(f2, x))) as [V[], V[]];
  const h = [[0, 0, 1], [1, 0, 2], [2, 1, 2]].map(([k, x, y]) => b.neg(b.add(a2[k!]!, b.add(n[x!]!, n[y!]!)))) as [V, V, V];
  const [p, q, r] = above;
  // i (a_i + a_j) = -i a_k for the third k
  const turned = (z: C, k: number): C => ({ re: b.mul(a[k]!, z.im), im: b.neg(b.mul(a[k]!, z.re)) });
  const above2: [C, C, C] = [m.fma(m.neg(q), m.conj(r), turned(p, 2)), m.fma(p, r, turned(q, 1)), m.fma(m.neg(m.conj(p)), q, turned(r, 0))];
  const pr = m.mul(p, r);
  const twice = b.fnma(pr.re, q.im, b.mul(pr.im, q.re));
  // det G for A = i G
  const det = b.fma(a[0], b.sub(b.mul(a[1], a[2]), n[2]!), b.fnma(a[1], n[1]!, b.fnma(a[2], n[0]!, b.add(twice, twice))));
  return { a, above, h, above2, c1: b.mul(b.constant(0.5), b.add(h[0], b.add(h[1], h[2]))), c: b.neg(det) };
}

/** Functions of c1 and c0. */
export interface Coefficients {
  readonly q: readonly [C, C, C];
  /** Derivatives by c1 and by c0. */
  readonly d1: readonly [C, C, C];
  readonly d0: readonly [C, C, C];
}

function coefficients(b: Site, { c1, c }: Parts, last: number): Coefficients {
  const m = matrixOps(b, 3);
  const inverse = [1];
  for (let n = 1; n <= last; n++) inverse.push(inverse[n - 1]! / n);
  const timesC0 = ({ re, im }: C, plus: C): C => ({ re: b.fnma(c, im, plus.re), im: b.fma(c, re, plus.im) });
  const timesC1 = ({ re, im }: C, plus: C): C => ({ re: b.fma(c1, re, plus.re), im: b.fma(c1, im, plus.im) });
  const zero = m.constant(0);
  let [q, d]: [C, C, C][] = [[m.constant(inverse[last]!), zero, zero], [zero, zero, zero]];
  let [q2, d2, d22] = [zero, zero, zero];
  for (let n = last - 1; n >= 0; n--) {
    [q2, d2, d22] = [q![2], d![2], d2];
    d = [timesC0(d2, zero), timesC1(d2, m.add(d![0], q2)), d![1]];
    q = [timesC0(q2, m.constant(inverse[n]!)), timesC1(q2, q![0]), q![1]];
  }
  return { q: q!, d1: d!, d0: [timesC0(d22, q2), d![2], d2] };
}

/** tr(K X) with i k on the diagonal of K (k where it is `real`), and K_ji = sign K_ij^*. */
function traceWith(b: Site, X: M, diagonal: readonly V[], above: readonly C[], hermitian: boolean): C {
  const m = matrixOps(b, 3);
  let s = m.constant(0);
  diagonal.forEach((k, i) => {
    const x = X[4 * i]!;
    s = hermitian ? { re: b.fma(k, x.re, s.re), im: b.fma(k, x.im, s.im) } : { re: b.fnma(k, x.im, s.re), im: b.fma(k, x.re, s.im) };
  });
  PAIRS.forEach(([i, j], k) => {
    const z = above[k]!;
    s = m.fma(z, X[3 * j + i]!, s);
    s = m.fma(hermitian ? m.conj(z) : m.neg(m.conj(z)), X[3 * i + j]!, s);
  });
  return s;
}

/** E for A as it is, X times `factor`. */
function scaled(b: Site, parts: Parts, { q, d1, d0 }: Coefficients, X: M, factor: V): M {
  const m = matrixOps(b, 3);
  const { a, above, h, above2, c1 } = parts;
  const t = m.scale(b.mul(factor, b.constant(1 / 3)), m.trace(X));
  const e1 = m.scale(factor, traceWith(b, X, a, above, false));
  const raw0 = m.scale(factor, traceWith(b, X, h, above2, true));
  const e0 = m.sub(raw0, m.scale(b.add(c1, c1), t));
  const moved = (k: number, plus: C): C => m.fma(d1[k]!, e1, m.fma(d0[k]!, e0, m.mul(t, plus)));
  const u = [moved(0, m.sub(q[0], q[1])), moved(1, m.sub(q[1], m.add(q[2], q[2]))), moved(2, q[2])] as const;
  const [r1, r2] = [m.scale(factor, q[1]), m.scale(factor, q[2])];
  // B = q1 / 2 + q2 A: beyond the diagonal, and sums of two numbers on it
  const beyond = m.build((i, j) => (i === j ? r1 : m.mul(r2, entryOf(b, above, i, j, -1))));
  const B = (i: number, j: number): C => beyond[3 * i + j]!;
  const sums = [...a.map((k) => b.neg(k)), ...a.map((k) => b.add(k, k))].map((k): C => ({ re: b.fnma(r2.im, k, r1.re), im: b.fma(r2.re, k, r1.im) }));
  return m.build((i, j) => {
    let s = m.fma(sums[i === j ? 3 + i : 3 - i - j]!, X[3 * i + j]!, polynomial(b, parts, u, i, j));
    for (let k = 0; k < 3; k++) {
      if (k !== i) s = m.fma(B(i, k), X[3 * k + j]!, s);
      if (k !== j) s = m.fma(X[3 * i + k]!, B(k, j), s);
    }
    return s;
  });
}

/** What the derivative is made of: A scaled, functions of its invariants, and how often the result is squared again. */
export interface Su3Derivative {
  readonly parts: Parts;
  readonly coefficients: Coefficients;
  readonly s: V;
  readonly factor: V;
}

/** For A in su(3). */
export function beginDerivative(b: Site, A: Operand, { halvings, last }: Halved): Su3Derivative {
  const m = matrixOps(b, 3);
  const raw = { a: [A(1), A(9), A(17)], above: [m.of(A, 1), m.of(A, 2), m.of(A, 5)] };
  const squares = { a: raw.a.map((x) => b.mul(x, x)), above: raw.above.map((z) => m.abs2(z)) };
  const sum = squares.above.reduce((s, x) => b.add(s, x));
  const { s, factor } = halvings(squares.a.reduce((x, y) => b.add(x, y), b.add(sum, sum)));
  const parts = partsOf(b, raw, squares, factor);
  return { parts, coefficients: coefficients(b, parts, last), s, factor };
}

/** E for A and X scaled. */
export const scaledDerivative = (b: Site, { parts, coefficients: c, factor }: Su3Derivative, X: Operand): V[] => {
  const m = matrixOps(b, 3);
  return m.flat(scaled(b, parts, c, m.load(X), factor));
};

/** E where A was halved, from that of A and X scaled. */
export function squaredDerivative(b: Site, { parts, coefficients: c, s }: Su3Derivative, first: readonly V[]): V[] {
  const m = matrixOps(b, 3);
  const unflat = (v: readonly V[]): C[] => Array.from({ length: 9 }, (_, k) => ({ re: v[2 * k]!, im: v[2 * k + 1]! }));
  const value = m.build((i, j) => polynomial(b, parts, c.q, i, j));
  return b.loop(s, [...m.flat(value), ...first], (v) => {
    const [e, x] = [unflat(v.slice(0, 18)), unflat(v.slice(18))];
    return [...m.flat(m.times(e, e)), ...m.flat(m.timesPlus(x, e, m.times(e, x)))];
  }).slice(18);
}

/** E(A; X) for A in su(3). */
export function derivativeOfSu3(b: Site, A: Operand, X: Operand, halved: Halved): V[] {
  const d = beginDerivative(b, A, halved);
  const small = scaledDerivative(b, d, X);
  // what is squared again is rare: exp A itself is needed for nothing else
  return b.loop(b.positive(d.s, b.constant(1), b.constant(0)), small, (first) => squaredDerivative(b, d, first));
}
