/** Traces of closed paths. z = tr A: A' = z' 1. r = Re tr A: A' = r' 1. Re tr(A B) is recorded as dot(A^+, B). */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import { type Lattice, displacementText } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps } from "../site.ts";
import type { Complex, Matrix, Real } from "../tape.ts";
import { type MatrixType, type ValueType, complexType, realType, sameDisplacement, siteMatrixType, typeText } from "../types.ts";
import { adj } from "./adj.ts";
import { factored } from "./factor.ts";
import { unit } from "./constants.ts";
import { dot } from "./dot.ts";
import { mulOp } from "./mul.ts";
import { scale } from "./scale.ts";

/** @throws CovarianceError unless the type is a matrix field whose path closes. */
export function closed(op: string, lattice: Lattice, t: ValueType): MatrixType {
  if (t.kind !== "matrix") throw new CovarianceError(`${op}: got ${typeText(lattice, t)}, expected a matrix field`);
  if (!sameDisplacement(lattice, t.start, t.end)) {
    const [p, q] = [displacementText(lattice, t.start), displacementText(lattice, t.end)];
    throw new CovarianceError(
      `${op}: the path is open: got [${p} -> ${q}], expected equal end points: close it, for instance by mul(A, adj(B)) with B a path from ${p} to ${q} such as the link itself`,
    );
  }
  return t;
}

export const traceOp: Op = {
  name: "trace",
  linear: true,
  infer: ([a], _attributes, lattice) => complexType(closed("trace", lattice, a!).domain),
  vjp: ({ inputs: [a], cotangent }) => {
    const t = (a as Matrix).type;
    return [scale(cotangent as Complex, unit(a!.tape, t.N, t.start))];
  },
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    const c = complexOps(b);
    let s = c.of(x!, 0);
    for (let i = 1; i < N; i++) s = c.add(s, c.of(x!, i * N + i));
    return c.flat([s]);
  },
  cost: ([a]) => 2 * (a as MatrixType).N,
};

export const traceSamples: Samples = (lattice, N) => [{ label: "closed matrix", inputs: [siteMatrixType(lattice, N)], apply: ([a]) => trace(a as Matrix) }];

export const reTraceOp: Op = {
  name: "reTrace",
  linear: true,
  infer: ([a], _attributes, lattice) => realType(closed("reTrace", lattice, a!).domain),
  simplify(tape, [a]) {
    closed("reTrace", tape.lattice, a!.type);
    const n = tape.node(a!.id);
    if (n.op === mulOp) return dot(adj(tape.traced(n.inputs[0]!) as Matrix), tape.traced(n.inputs[1]!) as Matrix);
    return factored(tape, a!, (x) => reTrace(x as Matrix));
  },
  vjp: ({ inputs: [a], cotangent }) => {
    const t = (a as Matrix).type;
    return [scale(cotangent as Real, unit(a!.tape, t.N, t.start))];
  },
  site(b, [x], _attributes, types) {
    const N = (types[0] as MatrixType).N;
    let s = x!(0);
    for (let i = 1; i < N; i++) s = b.add(s, x!(2 * (i * N + i)));
    return [s];
  },
  cost: ([a]) => (a as MatrixType).N,
};

export const reTraceSamples: Samples = (lattice, N) => [{ label: "closed matrix", inputs: [siteMatrixType(lattice, N)], apply: ([a]) => reTrace(a as Matrix) }];

/** tr A of a closed path, a complex site scalar. @throws CovarianceError when the path is open. */
export function trace(a: Matrix): Complex {
  return applyOp("trace", traceOp, [a]) as Complex;
}

/** Re tr A of a closed path, a real site scalar. @throws CovarianceError when the path is open. */
export function reTrace(a: Matrix): Real {
  return applyOp("reTrace", reTraceOp, [a]) as Real;
}
