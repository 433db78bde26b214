/**
 * The projection of the first derivative of the exponential on su(3), TA(E(A; X)): what a force has of an exponential (Lambda of arXiv:hep-lat/0311018). With A = i G, G Hermitian and
 * traceless, and E = u0 + u1 A + u2 A^2 + q1 X + q2 (A X + X A) as in exp-derivative.ts, TA(E) = i M without its trace,
 *   M = Re(u1) G + Im(u2) A^2 + Y + G K + K G,   i Y = antihermitian part of q1 X,   K = Hermitian part of q2 X,
 * so that half of the numbers of u, of the sums with X and of the products are needed. Where A was halved, which is rare, E is made, squared and projected.
 */
import { type C, type Operand, type Site, type V, matrixOps } from "../site.ts";
import { PAIRS, type Su3Derivative, beginDerivative, scaledDerivative, squaredDerivative } from "./exp-derivative.ts";
import { halvedOnce } from "./exp.ts";
import { taOp } from "./ta.ts";
import type { MatrixType } from "../types.ts";

/** TA(E) for A and X scaled. */
function projected(b: Site, { parts, coefficients: { q, d1, d0 }, factor }: Su3Derivative, X: Operand): V[] {
  const m = matrixOps(b, 3);
  const { a, above, h, above2, c1 } = parts;
  const x = m.load(X);
  const diagonal = [0, 1, 2].map((i) => x[4 * i]!);
  // X_ji + X_ij and X_ji - X_ij beyond the diagonal
  const sums = PAIRS.map(([i, j]) => m.add(x[3 * j + i]!, x[3 * i + j]!));
  const differences = PAIRS.map(([i, j]) => m.sub(x[3 * j + i]!, x[3 * i + j]!));
  const t = m.scale(b.mul(factor, b.constant(1 / 3)), m.trace(x));
  const [zero, half] = [m.constant(0), b.constant(0.5)];
  // tr(A X) and tr(A^2 X)
  let [e1, raw0] = [zero, zero];
  diagonal.forEach((z, i) => {
    e1 = { re: b.fnma(a[i]!, z.im, e1.re), im: b.fma(a[i]!, z.re, e1.im) };
    raw0 = { re: b.fma(h[i]!, z.re, raw0.re), im: b.fma(h[i]!, z.im, raw0.im) };
  });
  PAIRS.forEach((_, k) => {
    const [z, w, s, d] = [above[k]!, above2[k]!, sums[k]!, differences[k]!];
    e1 = { re: b.fnma(z.im, s.im, b.fma(z.re, d.re, e1.re)), im: b.fma(z.im, s.re, b.fma(z.re, d.im, e1.im)) };
    raw0 = { re: b.fnma(w.im, d.im, b.fma(w.re, s.re, raw0.re)), im: b.fma(w.im, d.re, b.fma(w.re, s.im, raw0.im)) };
  });
  e1 = m.scale(factor, e1);
  const e0 = m.sub(m.scale(factor, raw0), m.scale(b.add(c1, c1), t));
  const real = (u: C, v: C, plus: V): V => b.fnma(u.im, v.im, b.fma(u.re, v.re, plus));
  const imaginary = (u: C, v: C, plus: V): V => b.fma(u.im, v.re, b.fma(u.re, v.im, plus));
  const none = b.constant(0);
  const u1 = real(d1[1], e1, real(d0[1], e0, real(t, m.sub(q[1], m.add(q[2], q[2])), none)));
  const u2 = imaginary(d1[2], e1, imaginary(d0[2], e0, imaginary(t, q[2], none)));
  const [r1, r2] = [q[1], q[2]].map((z) => m.scale(factor, z)) as [C, C];
  const [f1, f2] = [r1, r2].map((z) => m.scale(half, z)) as [C, C];
  const G = above.map((z): C => ({ re: z.im, im: b.neg(z.re) })) as [C, C, C];
  const k = diagonal.map((z) => real(r2, z, none)) as [V, V, V];
  const K = sums.map((s, n): C => ({ re: real(f2, s, none), im: b.neg(imaginary(f2, differences[n]!, none)) })) as [C, C, C];
  // 2 Re(G_ij K_ij^*), part of two numbers on the diagonal
  const inner = G.map((g, n) => b.fma(g.im, K[n]!.im, b.mul(g.re, K[n]!.re))).map((z) => b.add(z, z)) as [V, V, V];
  const on = [[0, 1], [0, 2], [1, 2]].map(([n, l], i) => b.fma(u1, a[i]!, b.fma(u2, h[i]!, b.fma(b.add(a[i]!, a[i]!), k[i]!, b.add(inner[n!]!, b.add(inner[l!]!, imaginary(r1, diagonal[i]!, none)))))));
  // G K + K G: for 02 through 1, for 01 and 12 through the third with its adjoint
  const { conj, fma } = m;
  const through = [fma(G[1], conj(K[2]), m.mul(K[1], conj(G[2]))), fma(G[0], K[2], m.mul(K[0], G[2])), fma(conj(G[0]), K[1], m.mul(conj(K[0]), G[1]))];
  const beyond = PAIRS.map(([i, j], n): C => {
    const [ga, ka, g, w, z] = [b.add(a[i], a[j]), b.add(k[i], k[j]), G[n]!, K[n]!, through[n]!];
    const y = { re: imaginary(f1, sums[n]!, none), im: real(f1, differences[n]!, none) };
    const part = (of: "re" | "im"): V => b.fma(u1, g[of], b.fma(u2, above2[n]![of], b.fma(ga, w[of], b.fma(ka, g[of], b.add(z[of], y[of])))));
    return { re: part("re"), im: part("im") };
  });
  const mean = b.mul(b.constant(1 / 3), b.add(on[0]!, b.add(on[1]!, on[2]!)));
  return m.flat(m.build((i, j) => {
    if (i === j) return { re: none, im: b.sub(on[i]!, mean) };
    const z = beyond[i + j - 1]!;
    return i < j ? { re: b.neg(z.im), im: z.re } : { re: z.im, im: z.re };
  }));
}

/** TA(E(A; X)) for A in su(3), of this type. */
export function projectedDerivativeOfSu3(b: Site, A: Operand, X: Operand, type: MatrixType): V[] {
  const d = beginDerivative(b, A, halvedOnce(b));
  return b.loop(b.positive(d.s, b.constant(1), b.constant(0)), projected(b, d, X), () => {
    const whole = squaredDerivative(b, d, scaledDerivative(b, d, X));
    return taOp.site!(b, [(i) => whole[i]!], {}, [type]);
  });
}
