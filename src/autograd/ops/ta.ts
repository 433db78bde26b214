/**
 * Projection on the algebra: TA(M) = (M - M^+)/2 - tr(M - M^+)/(2N); for N = 1 (U(1)) without removing the trace.
 * It is an orthogonal projection, so A' = TA(C').
 */
import { applyOp } from "../apply.ts";
import type { Op, Samples } from "../op.ts";
import { type C, complexOps } from "../site.ts";
import type { Algebra, Matrix } from "../tape.ts";
import { type MatrixType, siteMatrixType } from "../types.ts";
import { factored } from "./factor.ts";
import { closed } from "./trace.ts";

export const taOp: Op = {
  name: "ta",
  linear: true,
  infer: ([a], _attributes, lattice) => ({ ...closed("ta", lattice, a!), algebra: true }),
  simplify(tape, [a]) {
    closed("ta", tape.lattice, a!.type);
    if ((a!.type as MatrixType).algebra) return a;
    return factored(tape, a!, (x) => ta(x as Matrix));
  },
  vjp: ({ cotangent }) => [ta(cotangent as Matrix)],
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const c = complexOps(b);
    const half = b.constant(0.5);
    const out: C[] = [];
    let t = x!(1);
    for (let i = 1; i < N; i++) t = b.add(t, x!(2 * (i * N + i) + 1));
    const mean = b.mul(b.constant(N === 1 ? 0 : 1 / N), t);
    for (let i = 0; i < N; i++) {
      out[i * N + i] = { re: b.constant(0), im: b.sub(x!(2 * (i * N + i) + 1), mean) };
      for (let j = i + 1; j < N; j++) {
        const [p, q] = [c.of(x!, i * N + j), c.of(x!, j * N + i)];
        const re = b.mul(half, b.sub(p.re, q.re));
        const im = b.mul(half, b.add(p.im, q.im));
        out[i * N + j] = { re, im };
        out[j * N + i] = { re: b.neg(re), im };
      }
    }
    return c.flat(out);
  },
  cost: ([a]) => 3 * (a as MatrixType).N ** 2,
};

export const taSamples: Samples = (lattice, N) => [{ label: "closed matrix", inputs: [siteMatrixType(lattice, N)], apply: ([a]) => ta(a as Matrix) }];

/** Traceless antihermitian part of a closed path. @throws CovarianceError when the path is open. */
export function ta<N extends number>(a: Matrix<N>): Algebra<N> {
  return applyOp("ta", taOp, [a]) as Algebra<N>;
}
