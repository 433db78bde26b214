/**
 * C = A B for matrix fields; A must end where B starts. Rule: A' = C' B^+, B' = A^+ C'.
 * Matrix times vector: w = A v, for every spin component; A' = w' v^+, v' = A^+ w'.
 */
import { CovarianceError } from "../../errors.ts";
import { displacementText, shiftText } from "../lattice.ts";
import { applyOp } from "../apply.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps, matrixOps } from "../site.ts";
import type { Matrix, Traced, Vector } from "../tape.ts";
import { type MatrixType, type VectorType, linkType, sameDisplacement, siteMatrixType, spinOf, typeText, vectorType, isQuaternion } from "../types.ts";
import { adj } from "./adj.ts";
import { factored } from "./factor.ts";
import { jointDomain } from "./domain.ts";
import { scale, scaleOp } from "./scale.ts";
import { unitOp } from "./constants.ts";
import { outer } from "./outer.ts";

export const mulOp: Op = {
  name: "mul",
  quaternion: (types) => types.every(isQuaternion),
  role: { is: "product" },
  infer([a, b], _attributes, lattice) {
    if (a!.kind !== "matrix" || b!.kind !== "matrix" || a!.N !== b!.N)
      throw new CovarianceError(`mul: got ${typeText(lattice, a!)} and ${typeText(lattice, b!)}, expected two matrix fields of the same N, or a matrix and a vector`);
    if (!sameDisplacement(lattice, a!.end, b!.start)) {
      const [p, q] = [displacementText(lattice, a!.end), displacementText(lattice, b!.start)];
      throw new CovarianceError(
        `mul: A ends at ${p} but B starts at ${q}: got A [${displacementText(lattice, a!.start)} -> ${p}] and B [${q} -> ${displacementText(lattice, b!.end)}], expected B to start at ${p}: shift B, ${shiftText(lattice, "B", b!.start, a!.end)}, or take adj of one of them`,
      );
    }
    return { kind: "matrix", N: a!.N, start: a!.start, end: b!.end, domain: jointDomain("mul", a!, b!), algebra: false };
  },
  simplify(tape, [a, b]) {
    const [na, nb] = [tape.node(a!.id), tape.node(b!.id)];
    if (na.op === unitOp) return b;
    if (nb.op === unitOp) return a;
    for (const [n, x, left] of [[na, b!, true], [nb, a!, false]] as const) {
      const joined = (y: number): Traced => {
        const m = tape.traced(y) as Matrix;
        return left ? mul(m, x as Matrix) : mul(x as Matrix, m);
      };
      const outside = factored(tape, left ? a! : b!, (y) => joined(y.id));
      if (outside) return outside;
      if (n.op === scaleOp && tape.node(n.inputs[1]!).op === unitOp)
        return scale(tape.traced(n.inputs[0]!) as never, joined(n.inputs[1]!) as never);
    }
    return undefined;
  },
  vjp: ({ inputs: [a, b], cotangent: c, needs }) => [
    needs[0] ? mul(c as Matrix, adj(b as Matrix)) : undefined,
    needs[1] ? mul(adj(a as Matrix), c as Matrix) : undefined,
  ],
  site(b, [x, y], _attributes, types) {
    const m = matrixOps(b, (types[0] as MatrixType).N);
    return m.flat(m.times(m.load(x!), m.load(y!)));
  },
  cost: ([a]) => 8 * (a as MatrixType).N ** 3 - 2 * (a as MatrixType).N ** 2,
};

export const mulSamples: Samples = (lattice, N) => [
  { label: "link times adjoint", inputs: [linkType(lattice, N, 0), linkType(lattice, N, 0)], apply: ([a, b]) => mul(a as Matrix, adj(b as Matrix)) },
  { label: "square", inputs: [siteMatrixType(lattice, N)], apply: ([a]) => mul(a as Matrix, a as Matrix) },
];

export const mulVectorOp: Op = {
  name: "mulVector",
  role: { is: "product" },
  infer([a, v], _attributes, lattice) {
    if (a!.kind !== "matrix" || v!.kind !== "vector" || a!.N !== v!.N)
      throw new CovarianceError(`mul: got ${typeText(lattice, a!)} and ${typeText(lattice, v!)}, expected a matrix and a vector of the same N`);
    if (!sameDisplacement(lattice, a!.end, v!.at))
      throw new CovarianceError(
        `mul: the matrix ends at ${displacementText(lattice, a!.end)} but the vector sits at ${displacementText(lattice, v!.at)}: expected equal sites: shift the vector, ${shiftText(lattice, "v", v!.at, a!.end)}, or take adj of the matrix`,
      );
    return { ...v!, at: a!.start, domain: jointDomain("mul", a!, v!) };
  },
  simplify(tape, [a, v]) {
    const nv = tape.node(v!.id);
    if (tape.node(a!.id).op === unitOp) return v;
    const outside = factored(tape, v!, (w) => mul(a as Matrix, w as Vector)) ?? factored(tape, a!, (m) => mul(m as Matrix, v as Vector));
    if (outside) return outside;
    if (nv.op === scaleOp && nv.inputs[0] !== undefined && tape.node(nv.inputs[0]).type.kind !== "complex")
      return scale(tape.traced(nv.inputs[0]) as never, mul(a as Matrix, tape.traced(nv.inputs[1]!) as Vector) as never);
    return undefined;
  },
  vjp: ({ inputs: [a, v], cotangent: w, needs }) => [
    needs[0] ? outer(w as Vector, v as Vector) : undefined,
    needs[1] ? mul(adj(a as Matrix), w as Vector) : undefined,
  ],
  site(b, [x, v], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const columns = spinOf(types[1] as VectorType);
    const c = complexOps(b);
    return Array.from({ length: N * columns }, (_, e) => {
      const [i, j] = [Math.floor(e / columns), e % columns];
      let s = c.mul(c.of(x!, i * N), c.of(v!, j));
      for (let k = 1; k < N; k++) s = c.fma(c.of(x!, i * N + k), c.of(v!, k * columns + j), s);
      return [s.re, s.im];
    }).flat();
  },
  cost: ([a, v]) => spinOf(v as VectorType) * (8 * (a as MatrixType).N ** 2 - 2 * (a as MatrixType).N),
};

export const mulVectorSamples: Samples = (lattice, N) => [
  { label: "closed matrix times spinor", inputs: [siteMatrixType(lattice, N), vectorType(lattice, N, { spin: 2 })], apply: ([a, v]) => mul(a as Matrix, v as Vector) },
  { label: "closed matrix times vector", inputs: [siteMatrixType(lattice, N), vectorType(lattice, N)], apply: ([a, v]) => mul(a as Matrix, v as Vector) },
];

/** A B. The first matrix must end where the second factor starts. @throws CovarianceError otherwise. */
export function mul<N extends number>(a: Matrix<N>, b: Matrix<NoInfer<N>>): Matrix<N>;
export function mul<N extends number>(a: Matrix<N>, v: Vector<NoInfer<N>>): Vector<N>;
export function mul(a: Matrix, b: Traced): Traced {
  return applyOp("mul", b?.type?.kind === "vector" ? mulVectorOp : mulOp, [a, b]);
}
