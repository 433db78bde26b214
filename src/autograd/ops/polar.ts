/**
 * Unitary polar part W = M (M^+ M)^{-1/2}, by Newton's iteration X -> (g X + X^{-+}/g)/2 on M itself, scaled by g = (|X^-1|/|X|)^{1/2}
 * with Frobenius norms (N. J. Higham, SIAM J. Sci. Stat. Comput. 7 (1986) 1160): M^+ M, whose condition number is the square, does not enter.
 * Rule: with H = W^+ M, M' = W X where X H + H X = W^+ W' - W'^+ W. The Sylvester equation is an op of its own:
 * X = lyap(H, B) solves X H + H X = B for hermitian positive H; with Y = lyap(H, X'): B' = Y, H' = -(X^+ Y + Y X^+).
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import { type C, type M, type Site, type V, matrixOps } from "../site.ts";
import type { Matrix, Real } from "../tape.ts";
import { type MatrixType, linkType, realType, siteMatrixType, typeText, isQuaternion } from "../types.ts";
import { adj } from "./adj.ts";
import { add, neg, scaleBy, sub } from "./combine.ts";
import { complex } from "./complex.ts";
import { unit } from "./constants.ts";
import { inverseAt } from "./inverse.ts";
import { mul } from "./mul.ts";
import { scale } from "./scale.ts";
import { cos, sin } from "./unary.ts";
import { closed } from "./trace.ts";
import { guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/**
 * Newton steps until singular values that differ by factors up to 10^14 are equal to rounding, measured for each N: one needs none
 * beyond its norm, one step makes two of them equal, for more the logarithm of their ratio is halved until steps are quadratic.
 */
export const newtonSteps = (N: number): number => [0, 2, 6, 8, 9][N - 1] ?? 10;

/** (|M| |M^-1|)^2 beyond which a matrix is singular to rounding. */
const SINGULAR = 1e30;

const unflatten = (v: readonly V[]): C[] => Array.from({ length: v.length / 2 }, (_, i) => ({ re: v[2 * i]!, im: v[2 * i + 1]! }));

/** Higham's factor g = (|X^-1| / |X|)^(1/2) from the squared norms: g X has singular values around 1. */
const balance = (b: Site, norm2: V, inverseNorm2: V): V => b.sqrt(b.sqrt(b.div(inverseNorm2, norm2)));

export const polarOp: Op = {
  name: "polar",
  quaternion: ([x]) => isQuaternion(x!),
  partial: "the matrix is singular",
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
    const size = b.div(b.constant(1), b.sqrt(m.norm2(a)));
    const out = b.loop(b.constant(newtonSteps(N)), [b.constant(0), ...m.flat(m.rscale(size, a))], ([condition2, ...v]) => {
      const x2 = unflatten(v);
      const inverse = inverseAt(b, N, x2);
      const [n, i] = [m.norm2(x2), m.norm2(inverse)];
      const g = balance(b, n, i);
      const next = m.plus(m.rscale(b.mul(b.constant(0.5), g), x2), m.rscale(b.div(b.constant(0.5), g), m.dagger(inverse)));
      return [b.max(b.mul(n, i), condition2!), ...m.flat(next)];
    });
    const regular = b.positive(b.sub(b.constant(SINGULAR), out[0]!), b.constant(1), b.constant(Number.NaN));
    return m.flat(m.rscale(regular, unflatten(out.slice(1))));
  },
  cost: ([a]) => newtonSteps((a as MatrixType).N) * 20 * (a as MatrixType).N ** 3,
};

export const polarSamples: Samples = (lattice, N) => [{ label: "near a link", inputs: [linkType(lattice, N, 0)], apply: ([a]) => polar(a as Matrix) }];

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
    // matrix sign function of [[H, B],[0, -H]]: H -> (g H + H^-1/g)/2, B -> (g B + H^-1 B H^-1/g)/2 tends to (1, 2X)
    const h = m.load(x!);
    const size = b.div(b.constant(N), m.trace(h).re);
    const out = b.loop(b.constant(newtonSteps(N) + 1), [...m.flat(m.rscale(size, h)), ...m.flat(m.rscale(size, m.load(y!)))], (v) => {
      const [hk, bk] = [unflatten(v.slice(0, 2 * N * N)), unflatten(v.slice(2 * N * N))];
      const inv = inverseAt(b, N, hk, false);
      const g = balance(b, m.norm2(hk), m.norm2(inv));
      const [p, q] = [b.mul(b.constant(0.5), g), b.div(b.constant(0.5), g)];
      return [...m.flat(m.plus(m.rscale(p, hk), m.rscale(q, inv))), ...m.flat(m.plus(m.rscale(p, bk), m.rscale(q, m.times(m.times(inv, bk), inv))))];
    });
    return m.flat(m.rscale(b.constant(0.5), unflatten(out.slice(2 * N * N))));
  },
  cost: ([a]) => newtonSteps((a as MatrixType).N) * 24 * (a as MatrixType).N ** 3,
};

export const lyapSamples: Samples = (lattice, N) => {
  const t = siteMatrixType(lattice, N);
  return [
    {
      label: "hermitian positive",
      inputs: [t, t],
      apply: ([a, c]) => lyap(add(mul(adj(a as Matrix), a as Matrix), unit(a!.tape, N)), c as Matrix),
    },
  ];
};

/** theta = arg det W in (-pi, pi] of a unitary field. Rule: W' = i theta' W. */
export const argDetOp: Op = {
  name: "argDet",
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix") throw new CovarianceError(`argDet: got ${typeText(lattice, a!)}, expected a matrix field`);
    // the determinant of a U(1) path is its phase, which rotates with the gauge unless the path is closed
    return realType(a!.N === 1 ? closed("argDet", lattice, a!).domain : a!.domain);
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
};

export const argDetSamples: Samples = (lattice, N) => [{ label: "of a polar part", inputs: [N === 1 ? siteMatrixType(lattice, N) : linkType(lattice, N, 0)], apply: ([a]) => argDet(polar(a as Matrix)) }];

/**
 * Unitary polar part M (M^+ M)^{-1/2}: U(N), the determinant keeps its phase; unitary to rounding up to condition numbers of 10^14.
 * NaN where M is singular (beyond 10^15): a plan whose results it reaches throws NaNError, which names the site.
 */
export function polar<N extends number>(a: Matrix<N>): Matrix<N> {
  return applyOp("polar", polarOp, [a]) as Matrix<N>;
}

/** X with X H + H X = B, H hermitian and positive. */
export function lyap<N extends number>(h: Matrix<N>, b: Matrix<N>): Matrix<N> {
  return applyOp("lyap", lyapOp, [h, b]) as Matrix<N>;
}

/** arg det W in (-pi, pi] of a unitary field. @throws CovarianceError for an open path of N = 1. */
export function argDet(w: Matrix): Real {
  return applyOp("argDet", argDetOp, [w]) as Real;
}

/** SU(N) projection: polar part times exp(-i arg det / N); for N = 1 the polar part (U(1)). */
export function projectSU<N extends number>(a: Matrix<N>): Matrix<N> {
  guard("projectSU", { a: [a, kind.matrix] });
  const w = polar(a);
  // the polar part of a quaternion has determinant 1
  if (w.type.N === 1 || isQuaternion(w.type)) return w;
  const phase = scaleBy(-1 / w.type.N, argDet(w));
  return scale(complex(cos(phase), sin(phase)), w);
}
