/**
 * Quaternions among 2 x 2 matrices. Q(M) = (M + s M* s^+) / 2 with s = i sigma_2: the orthogonal projection on a + i b sigma with real a and b, the real span of SU(2); it is its own adjoint,
 * Q' = Q(C'). A cotangent is only paired with changes of its value, so that of a quaternion may be projected.
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import type { Matrix, Traced } from "../tape.ts";
import { type ValueType, components, isQuaternion, siteMatrixType, typeText } from "../types.ts";

export const quaternionPartOp: Op = {
  name: "quaternionPart",
  linear: true,
  quaternion: () => true,
  infer([a], _attributes, lattice) {
    if (a!.kind !== "matrix" || a!.N !== 2) throw new CovarianceError(`quaternionPart: got ${typeText(lattice, a!)}, expected a matrix field of N = 2`);
    return a!;
  },
  simplify: (_tape, [a]) => (isQuaternion(a!.type) ? a : undefined),
  vjp: ({ cotangent }) => [quaternionPart(cotangent as Matrix)],
  site(b, [x]) {
    const half = b.constant(0.5);
    const [re, im, above, beside] = [b.add(x!(0), x!(6)), b.sub(x!(1), x!(7)), b.sub(x!(2), x!(4)), b.add(x!(3), x!(5))].map((y) => b.mul(half, y)) as [ReturnType<typeof b.mul>, ReturnType<typeof b.mul>, ReturnType<typeof b.mul>, ReturnType<typeof b.mul>];
    return [re, im, above, beside, b.neg(above), beside, re, b.neg(im)];
  },
  cost: () => 8,
};

export const quaternionPartSamples: Samples = (lattice, N) => (N === 2 ? [{ label: "matrix", inputs: [siteMatrixType(lattice, 2)], apply: ([a]) => quaternionPart(a as Matrix) }] : []);

/** A value of eight numbers where four are known to be enough: for loops and joined parities, whose other values are no quaternions. */
export const asMatrixOp: Op = {
  name: "asMatrix",
  linear: true,
  // values in the algebra would be stored as quaternions again
  infer: ([a]) => (a!.kind === "matrix" ? { ...a!, algebra: false } : a!),
  simplify: (_tape, [a]) => (isQuaternion(a!.type) ? undefined : a),
  vjp: ({ cotangent }) => [cotangent],
  site: (_b, [x], _attributes, types) => Array.from({ length: components(types[0]!) }, (_, i) => x!(i)),
  cost: () => 0,
};

/** The quaternion nearest to a matrix of N = 2: a + i b sigma with real a and b. @throws CovarianceError for other values. */
export function quaternionPart(a: Matrix): Matrix {
  return applyOp("quaternionPart", quaternionPartOp, [a]) as Matrix;
}

/** The same matrix, not known to be a quaternion. */
export function asMatrix(a: Traced): Traced {
  return applyOp("asMatrix", asMatrixOp, [a]);
}

/** A value, or the quaternion nearest to it, stored as one of the given type is. */
export function storedAs(x: Traced, type: ValueType): Traced {
  if (x.type.kind !== "matrix" || isQuaternion(x.type) === isQuaternion(type)) return x;
  return isQuaternion(type) ? quaternionPart(x as Matrix) : asMatrix(x);
}
