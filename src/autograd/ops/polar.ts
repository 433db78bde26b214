/**
 * Unitary polar part W = M (M^+ M)^{-1/2}, by Newton's iteration X -> (X + X^{-+})/2 with determinant-free scaling.
 * Rule: with H = W^+ M, M' = W X where X H + H X = W^+ W' - W'^+ W. The Sylvester equation is an op of its own:
 * X = lyap(H, B) solves X H + H X = B for hermitian positive H; with Y = lyap(H, X'): B' = Y, H' = -(X^+ Y + Y X^+).
 */
import { CovarianceError } from "../../errors.ts";
import type { Op } from "../op.ts";
import { type C, type M, type Site, type V, matrixOps } from "../site.ts";
import type { Matrix, Real, Traced } from "../tape.ts";
import { type MatrixType, linkType, realType, siteMatrixType, typeText } from "../types.ts";
import { adj } from "./adj.ts";
import { add, neg, scaleBy, sub } from "./combine.ts";
import { complex } from "./complex.ts";
import { unit } from "./constants.ts";
import { mul } from "./mul.ts";
import { scale } from "./scale.ts";
import { cos, sin } from "./unary.ts";
import { closed } from "./trace.ts";

/** Newton steps: quadratic, after halving the logarithm of the condition number, which may reach 1e4. */
const STEPS = 20;

/** Inverse by Gauss-Jordan elimination; needs leading minors that do not vanish (hermitian positive matrices have them). */
function inverse(b: Site, N: number, x: M): M {
  const m = matrixOps(b, N);
  const a = x.map((z) => z);
  for (let p = 0; p < N; p++) {
    const d = m.inverse(a[p * N + p]!);
    a[p * N + p] = m.constant(1);
    for (let j = 0; j < N; j++) a[p * N + j] = m.mul(a[p * N + j]!, d);
    for (let i = 0; i < N; i++) {
      if (i === p) continue;
      const f = m.neg(a[i * N + p]!);
      a[i * N + p] = m.constant(0);
      for (let j = 0; j < N; j++) a[i * N + j] = m.fma(f, a[p * N + j]!, a[i * N + j]!);
    }
  }
  return a;
}

const unflatten = (v: readonly V[]): C[] => Array.from({ length: v.length / 2 }, (_, i) => ({ re: v[2 * i]!, im: v[2 * i + 1]! }));

export const polarOp: Op = {
  name: "polar",
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix") throw new CovarianceError(`polar: got ${typeText(lattice, a!)}, expected a matrix field`);
    return { ...a!, algebra: false };
  },
  vjp: ({ inputs: [a], output, cotangent }) => {
    const [w, c] = [output as Matrix, cotangent as Matrix];
    const wc = mul(adj(w), c);
    return [mul(w, lyap(mul(adj(w), a as Matrix), sub(wc, adj(wc))))];
  },
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const m = matrixOps(b, N);
    const a = m.load(x!);
    // (M^+M)^{-1/2}: sign iteration on [[0, H],[1, 0]]: Y -> (Y + Z^-1)/2, Z -> (Z + Y^-1)/2, Y -> H^{1/2}, Z -> H^{-1/2}
    const h = m.times(m.dagger(a), a);
    const size = b.div(b.constant(N), m.trace(h).re);
    const out = b.loop(b.constant(STEPS), [...m.flat(m.rscale(size, h)), ...m.flat(m.unit())], (v) => {
      const [y, z] = [unflatten(v.slice(0, 2 * N * N)), unflatten(v.slice(2 * N * N))];
      const half = b.constant(0.5);
      return [...m.flat(m.rscale(half, m.plus(y, inverse(b, N, z)))), ...m.flat(m.rscale(half, m.plus(z, inverse(b, N, y))))];
    });
    return m.flat(m.rscale(b.sqrt(size), m.times(a, unflatten(out.slice(2 * N * N)))));
  },
  cost: ([a]) => STEPS * 32 * (a as MatrixType).N ** 3,
  samples: (lattice, N) => [{ label: "near a link", inputs: [linkType(lattice, N, 0)], apply: ([a]) => polar(a as Matrix) }],
};

export const lyapOp: Op = {
  name: "lyap",
  infer: ([h, c], _attributes, lattice) => {
    closed("lyap", lattice, h!);
    return { ...closed("lyap", lattice, c!), algebra: false };
  },
  vjp: ({ inputs: [h], output, cotangent, needs }) => {
    const [x, y] = [output as Matrix, lyap(h as Matrix, cotangent as Matrix)];
    return [needs[0] ? neg(add(mul(adj(x), y), mul(y, adj(x)))) : undefined, needs[1] ? y : undefined];
  },
  site(b, [x, y], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const m = matrixOps(b, N);
    // matrix sign function of [[H, B],[0, -H]]: H -> (H + H^-1)/2, B -> (B + H^-1 B H^-1)/2 tends to (1, 2X)
    const h = m.load(x!);
    const size = b.div(b.constant(N), m.trace(h).re);
    const out = b.loop(b.constant(STEPS), [...m.flat(m.rscale(size, h)), ...m.flat(m.rscale(size, m.load(y!)))], (v) => {
      const [hk, bk] = [unflatten(v.slice(0, 2 * N * N)), unflatten(v.slice(2 * N * N))];
      const inv = inverse(b, N, hk);
      const half = b.constant(0.5);
      return [...m.flat(m.rscale(half, m.plus(hk, inv))), ...m.flat(m.rscale(half, m.plus(bk, m.times(m.times(inv, bk), inv))))];
    });
    return m.flat(m.rscale(b.constant(0.5), unflatten(out.slice(2 * N * N))));
  },
  cost: ([a]) => STEPS * 24 * (a as MatrixType).N ** 3,
  samples: (lattice, N) => {
    const t = siteMatrixType(lattice, N);
    return [
      {
        label: "hermitian positive",
        inputs: [t, t],
        apply: ([a, c]) => lyap(add(mul(adj(a as Matrix), a as Matrix), unit(a!.tape, N)), c as Matrix),
      },
    ];
  },
};

/** theta = arg det W in (-pi, pi] of a unitary field. Rule: W' = i theta' W. */
export const argDetOp: Op = {
  name: "argDet",
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix") throw new CovarianceError(`argDet: got ${typeText(lattice, a!)}, expected a matrix field`);
    return realType(a!.domain);
  },
  vjp: ({ inputs: [w], cotangent }) => {
    const r = cotangent as Real;
    return [scale(complex(scaleBy(0, r), r), w as Matrix)];
  },
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const m = matrixOps(b, N);
    // Faddeev-LeVerrier: M_1 = 1, c_k = -tr(A M_k)/k, M_{k+1} = A M_k + c_k; det A = (-1)^N c_N
    const a = m.load(x!);
    let mk: M = m.unit();
    let c: C = m.constant(1);
    for (let k = 1; k <= N; k++) {
      const am = k === 1 ? a : m.times(a, mk);
      c = m.rscale(b.constant(-1 / k), [m.trace(am)])[0]!;
      mk = m.addDiagonal(c, am);
    }
    const sign = b.constant(N % 2 === 0 ? 1 : -1);
    return [b.call("atan2", b.mul(sign, c.im), b.mul(sign, c.re))];
  },
  cost: ([a]) => 8 * (a as MatrixType).N ** 4,
  samples: (lattice, N) => [{ label: "of a polar part", inputs: [linkType(lattice, N, 0)], apply: ([a]) => argDet(polar(a as Matrix)) }],
};

/** Unitary polar part M (M^+ M)^{-1/2}: U(N), the determinant keeps its phase. M must not be singular. */
export function polar<N extends number>(a: Matrix<N>): Matrix<N> {
  return (a as Traced).tape.apply(polarOp, [a]) as Matrix<N>;
}

/** X with X H + H X = B, H hermitian and positive. */
export function lyap<N extends number>(h: Matrix<N>, b: Matrix<N>): Matrix<N> {
  return (h as Traced).tape.apply(lyapOp, [h, b]) as Matrix<N>;
}

/** arg det W in (-pi, pi] of a unitary field. */
export function argDet(w: Matrix): Real {
  return (w as Traced).tape.apply(argDetOp, [w]) as Real;
}

/** SU(N) projection: polar part times exp(-i arg det / N); for N = 1 the polar part (U(1)). */
export function projectSU<N extends number>(a: Matrix<N>): Matrix<N> {
  const w = polar(a);
  if (w.type.N === 1) return w;
  const phase = scaleBy(-1 / w.type.N, argDet(w));
  return scale(complex(cos(phase), sin(phase)), w);
}
