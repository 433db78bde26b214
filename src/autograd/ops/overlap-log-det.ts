/**
 * ln |det D(m)| of the overlap operator of a kernel A[U], and of what a fifth dimension of extent L makes of it, through the eigenvectors of the hermitian
 *
 *     H = (b + c) G A [2 + (b - c) A]^{-1},   D(m) = (1 + m)/2 + (1 - m)/2 G eps(H),   eps = sign, or eps(x) = tanh(L artanh x):
 *
 * domain walls have det D_5(m) / det D_5(1) = det D(m) with their D_W as A, gamma_5 as G. Where eps is the sign it jumps where an eigenvalue of H passes
 * through 0; the derivative is that between the jumps.
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import type { DenseWork, Op } from "../op.ts";
import type { Attributes, Program, Scalar, Traced, Vector } from "../tape.ts";
import { type Directional, leaves } from "../tree.ts";
import { type VectorType, isQuaternion, scalarType, spinOf } from "../types.ts";
import { capturedOperator } from "./log-det.ts";
import { scale } from "./scale.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

const work = (attributes: Attributes): DenseWork => ({
  factors: [{ operator: attributes["factor0"] as Program, inverse: false }],
  ...(attributes["input"] === undefined ? {} : { gradient: { factor: 0, input: attributes["input"] as number } }),
  positive: attributes["positive"] === true,
  overlap: { signature: attributes["signature"] as readonly number[], b: attributes["b"] as number, c: attributes["c"] as number, Ls: attributes["Ls"] as number },
});

export const overlapLogDetOp: Op = {
  name: "overlapLogDet",
  role: { is: "dense", work },
  infer: () => scalarType,
  vjp: ({ inputs, cotangent, needs, attributes }) => inputs.map((x, input) => (needs[input] ? scale(cotangent as Scalar, x.tape.apply(overlapGradientOp, inputs, { ...attributes, input }) as never) : undefined)),
};

/** The derivative of ln |det D(m)| with respect to one captured value or m; made by the rule above only. */
export const overlapGradientOp: Op = {
  name: "overlapGradient",
  role: { is: "dense", work },
  quaternion: (_types, result) => isQuaternion(result),
  infer(types, attributes) {
    const t = types[attributes["input"] as number]!;
    return t.kind === "matrix" ? { ...t, algebra: false } : t;
  },
  vjp() {
    throw new RecordingError("overlapLogDet: got a second derivative, expected the first: force matching needs another guide, or another target");
  },
};

/** The kernel and the approximation of its sign. */
export interface OverlapLogDetOptions {
  /** G: 1 or -1 for each spin component. */
  readonly signature: readonly number[];
  /** H = (b + c) G A [2 + (b - c) A]^{-1}; default 1 and 1, H = G A. */
  readonly b?: number;
  readonly c?: number;
  /** Extent L of eps = tanh(L artanh H); without it the sign. */
  readonly Ls?: number;
  /** True: a determinant that is not positive is an error. */
  readonly positive?: boolean;
}

/**
 * ln |det[(1+m)/2 + (1-m)/2 G eps(H)]| of the kernel A that `operator` records, a scalar; `on` is any traced value of the recording. Work and memory grow as
 * for `logDet`, about ten times as much for the eigenvectors. It has first derivatives.
 * @throws CovarianceError when A x is not of x's type or the signature not that of its spin, RecordingError for a second derivative; a plan throws
 * GeometryError for more than 6144 rows and SolverError, which names it, for an eigenvalue of H that vanishes where its sign is asked for.
 */
export function overlapLogDet<N extends number>(operator: (x: Vector<N>) => Vector<N>, type: VectorType<N>, mass: Scalar, on: Traced | Directional<N, "links">, options: OverlapLogDetOptions): Scalar {
  guard("overlapLogDet", { operator: [operator, is.callable], type: [type, is.withFields("the type of a vector", "kind", "boundary")], mass: [mass, kind.scalar], on: [on, is.present], options: [options, is.keysOf("signature", "b", "c", "Ls", "positive")] });
  const { signature, b = 1, c = 1, Ls = 0, positive = false } = options;
  guard("overlapLogDet", { signature: [signature, is.listOf(is.oneOf(1, -1))], b: [b, is.finite], c: [c, is.finite], Ls: [Ls, is.integer], positive: [positive, is.oneOf(true, false)] });
  if (signature.length !== spinOf(type)) throw new CovarianceError(`overlapLogDet: got ${signature.length} signs, expected ${spinOf(type)}, one a spin component`);
  const [any] = leaves(on, "overlapLogDet");
  guard("overlapLogDet", { on: [any, kind.traced] });
  const { captured, program } = capturedOperator("overlapLogDet", any!.tape, operator, type);
  return any!.tape.apply(overlapLogDetOp, [...captured, mass], { factor0: program, signature, b, c, Ls, ...(positive ? { positive } : {}) }) as Scalar;
}
