/** C = A^+ (conjugate transpose); end points swap. Rule: A' = C'^+. For a complex site scalar: the conjugate. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps, matrixOps } from "../site.ts";
import type { Complex, Matrix } from "../tape.ts";
import { type MatrixType, complexType, linkType, typeText, isQuaternion } from "../types.ts";
import { scaleBy } from "./combine.ts";
import { factored } from "./factor.ts";
import { shift, shiftOp } from "./shift.ts";
import { unitOp } from "./constants.ts";

export const adjOp: Op = {
  name: "adj",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view", adjoint: true },
  linear: true,
  infer([a], _attributes, lattice) {
    if (a!.kind === "complex") return a!;
    if (a!.kind !== "matrix") throw new CovarianceError(`adj: got ${typeText(lattice, a!)}, expected a matrix field or a complex site scalar`);
    return { ...a!, start: a!.end, end: a!.start };
  },
  simplify(tape, [a]) {
    const n = tape.node(a!.id);
    if (n.op === adjOp) return tape.traced(n.inputs[0]!);
    if (n.op === unitOp) return a;
    if (a!.type.kind === "matrix" && a!.type.algebra) return scaleBy(-1, a!);
    if (n.op === shiftOp) return shift(adj(tape.traced(n.inputs[0]!) as Matrix), n.attributes["displacement"] as number[]);
    return factored(tape, a!, (x) => adj(x as Matrix));
  },
  vjp: ({ cotangent }) => [adj(cotangent as Matrix)],
  site(b, [x], _attributes, types) {
    if (types[0]!.kind === "complex") {
      const c = complexOps(b);
      return c.flat([c.conj(c.of(x!, 0))]);
    }
    const m = matrixOps(b, (types[0] as MatrixType).N);
    return m.flat(m.dagger(m.load(x!)));
  },
  cost: () => 0,
};

export const adjSamples: Samples = (lattice, N) => [
  { label: "link", inputs: [linkType(lattice, N, 0)], apply: ([a]) => adj(a as Matrix) },
  { label: "complex", inputs: [complexType()], apply: ([z]) => conj(z as Complex) },
];

/** Conjugate transpose of a matrix field; runs the path backwards. */
export function adj<N extends number>(a: Matrix<N>): Matrix<N> {
  return applyOp("adj", adjOp, [a]) as Matrix<N>;
}

/** Complex conjugate of a site scalar. */
export function conj(z: Complex): Complex {
  return applyOp("conj", adjOp, [z]) as Complex;
}
