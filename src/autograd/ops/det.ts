/**
 * z = det A by elimination with pivots. Rule: A' = z' conj(z) A^-+, the transposed cofactors conjugated, for A that is not singular.
 */
import { CovarianceError } from "../../errors.ts";
import { displacementText } from "../lattice.ts";
import { applyOp } from "../apply.ts";
import type { Op, Samples } from "../op.ts";
import { type C, matrixOps } from "../site.ts";
import type { Complex, Matrix } from "../tape.ts";
import { type MatrixType, complexType, linkType, sameDisplacement, siteMatrixType, typeText } from "../types.ts";
import { adj, conj } from "./adj.ts";
import { inverse, pivot } from "./inverse.ts";
import { scale } from "./scale.ts";

export const detOp: Op = {
  name: "det",
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix") throw new CovarianceError(`det: got ${typeText(lattice, a!)}, expected a matrix field`);
    if (a!.N === 1 && !sameDisplacement(lattice, a!.start, a!.end)) {
      const [p, q] = [displacementText(lattice, a!.start), displacementText(lattice, a!.end)];
      throw new CovarianceError(`det: the path is open: got [${p} -> ${q}] with N = 1, expected equal end points: the determinant of a U(1) path is its phase, close the path`);
    }
    return complexType(a!.domain);
  },
  vjp: ({ inputs: [a], output, cotangent }) => [scale(cotangent as Complex, scale(conj(output as Complex), adj(inverse(a as Matrix))))],
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const m = matrixOps(b, N);
    const a: C[] = m.load(x!);
    let z: C = m.constant(1);
    for (let p = 0; p < N; p++) {
      for (const { taken } of pivot(b, N, a, p)) {
        const sign = b.positive(taken, b.constant(-1), b.constant(1));
        z = { re: b.mul(sign, z.re), im: b.mul(sign, z.im) };
      }
      const d = a[p * N + p]!;
      z = m.mul(z, d);
      // a column of zeros: the product is zero already
      const size = m.abs2(d);
      const inverse = b.positive(size, b.div(b.constant(1), size), b.constant(0));
      for (let i = p + 1; i < N; i++) {
        const f = m.neg(m.scale(inverse, m.mul(a[i * N + p]!, m.conj(d))));
        for (let j = p + 1; j < N; j++) a[i * N + j] = m.fma(f, a[p * N + j]!, a[i * N + j]!);
      }
    }
    return m.flat([z]);
  },
  cost: ([a]) => 4 * (a as MatrixType).N ** 3,
};

export const detSamples: Samples = (lattice, N) => [{ label: "of a path", inputs: [N === 1 ? siteMatrixType(lattice, N) : linkType(lattice, N, 0)], apply: ([a]) => det(a as Matrix) }];

/**
 * det A, a complex site scalar, invariant under SU(N). Exact zero where a column vanishes; the derivative needs A that is not singular.
 * @throws CovarianceError for an open path of N = 1, whose determinant is a phase that rotates with the gauge.
 */
export function det(a: Matrix): Complex {
  return applyOp("det", detOp, [a]) as Complex;
}
