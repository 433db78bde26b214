/**
 * Inverse of a matrix field: A^-1 runs the path of A backwards. Rule, with Y = A^-1: A' = -Y^+ C' Y^+.
 * Gauss-Jordan elimination in place with the largest entry of the column as pivot, chosen site by site.
 */
import { CovarianceError } from "../../errors.ts";
import { applyOp } from "../apply.ts";
import type { Op, Samples } from "../op.ts";
import { type C, type M, type Site, type V, complexOps, matrixOps } from "../site.ts";
import type { Matrix } from "../tape.ts";
import { type MatrixType, linkType, typeText, isQuaternion } from "../types.ts";
import { adj } from "./adj.ts";
import { neg } from "./combine.ts";
import { mul } from "./mul.ts";

/** Exchanges two entries where d > 0. */
function exchange(b: Site, d: V, a: C[], i: number, j: number): void {
  const [x, y] = [a[i]!, a[j]!];
  a[i] = { re: b.positive(d, y.re, x.re), im: b.positive(d, y.im, x.im) };
  a[j] = { re: b.positive(d, x.re, y.re), im: b.positive(d, x.im, y.im) };
}

/** Brings the largest entry of column p, rows p and below, to the diagonal by exchanging rows; returns the conditions (> 0: exchanged with p). */
export function pivot(b: Site, N: number, a: C[], p: number): { readonly row: number; readonly taken: V }[] {
  const c = complexOps(b);
  return Array.from({ length: N - 1 - p }, (_, k) => {
    const row = p + 1 + k;
    const taken = b.sub(c.abs2(a[row * N + p]!), c.abs2(a[p * N + p]!));
    for (let j = 0; j < N; j++) exchange(b, taken, a, p * N + j, row * N + j);
    return { row, taken };
  });
}

/** A^-1 at one site; infinite or NaN where A is singular. `pivots: false` for hermitian positive A, which needs none. */
export function inverseAt(b: Site, N: number, x: M, pivots = true): M {
  const m = matrixOps(b, N);
  const a = [...x];
  const rows: ReturnType<typeof pivot>[] = [];
  for (let p = 0; p < N; p++) {
    rows.push(pivots ? pivot(b, N, a, p) : []);
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
  // rows that were exchanged before are columns that are exchanged after, in reverse
  for (let p = N - 1; p >= 0; p--)
    for (const { row, taken } of rows[p]!.reverse()) for (let i = 0; i < N; i++) exchange(b, taken, a, i * N + p, i * N + row);
  return a;
}

export const inverseOp: Op = {
  name: "inverse",
  quaternion: ([x]) => isQuaternion(x!),
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix") throw new CovarianceError(`inverse: got ${typeText(lattice, a!)}, expected a matrix field`);
    return { ...a!, start: a!.end, end: a!.start, algebra: false };
  },
  simplify: (tape, [a]) => {
    const n = tape.node(a!.id);
    return n.op === inverseOp ? tape.traced(n.inputs[0]!) : undefined;
  },
  vjp: ({ output, cotangent }) => {
    const y = adj(output as Matrix);
    return [neg(mul(mul(y, cotangent as Matrix), y))];
  },
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const m = matrixOps(b, N);
    return m.flat(inverseAt(b, N, m.load(x!)));
  },
  cost: ([a]) => 12 * (a as MatrixType).N ** 3,
};

export const inverseSamples: Samples = (lattice, N) => [{ label: "of a path", inputs: [linkType(lattice, N, 0)], apply: ([a]) => inverse(a as Matrix) }];

/**
 * A^-1 of a matrix field, with end points exchanged: where A runs from x to y, A^-1 runs from y to x. Of links use `adj`, which costs
 * nothing. Infinite or NaN where A is singular. @throws CovarianceError for anything but a matrix field.
 */
export function inverse<N extends number>(a: Matrix<N>): Matrix<N> {
  return applyOp("inverse", inverseOp, [a]) as Matrix<N>;
}
