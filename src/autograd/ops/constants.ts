/** Values known while recording: a number, a real field given site by site, the unit matrix, a fixed matrix. They have no cotangent. */
import { CovarianceError, RecordingError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import type { Matrix, Real, Scalar, Tape } from "../tape.ts";
import { realType, scalarType, siteMatrixType } from "../types.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** One number, the same for all samples of a batch; with the attribute `each` as the number of every sample. */
export const numberOp: Op = {
  name: "number",
  role: { is: "leaf", data: (attributes) => Float64Array.of(attributes["value"] as number) },
  infer: () => scalarType,
  vjp: () => [],
  site: (b, _inputs, attributes) => [b.constant(attributes["value"] as number)],
  cost: () => 0,
};

/** A fixed real field, identified by its data; the attribute `label` is for people. */
export const constantOp: Op = {
  name: "constant",
  role: { is: "leaf", data: (attributes) => attributes["data"] as Float64Array },
  infer: () => realType(),
  vjp: () => [],
  cost: () => 0,
};

/** The unit matrix as a closed path at one site. */
export const unitOp: Op = {
  name: "unit",
  quaternion: () => true,
  role: { is: "leaf", inPlace: true },
  infer: (_inputs, attributes) => {
    const at = attributes["at"] as readonly number[];
    return { kind: "matrix", N: attributes["N"] as number, start: at, end: at, domain: "all", algebra: false };
  },
  vjp: () => [],
  site(b, _inputs, attributes) {
    const N = attributes["N"] as number;
    return Array.from({ length: 2 * N * N }, (_, k) => b.constant(k % 2 === 0 && k / 2 % (N + 1) === 0 ? 1 : 0));
  },
  cost: () => 0,
};

/** The same matrix at every site, as a closed path at one site. */
export const matrixOp: Op = {
  name: "matrix",
  infer: (_inputs, attributes) => {
    const at = attributes["at"] as readonly number[];
    return { kind: "matrix", N: attributes["N"] as number, start: at, end: at, domain: "all", algebra: false };
  },
  vjp: () => [],
  site: (b, _inputs, attributes) => (attributes["entries"] as readonly number[]).map((x) => b.constant(x)),
  cost: () => 0,
};

export const matrixSamples: Samples = (lattice, N) => [
  {
    label: "times a matrix", inputs: [siteMatrixType(lattice, N)],
    apply: ([a]) => a!.tape.rules.mul(constantMatrix(a!.tape, N, Array.from({ length: 2 * N * N }, (_, k) => Math.sin(k + 1)), { gaugeFixed: true }), a!),
  },
];

/** A number as a scalar of this recording. */
export function number(tape: Tape, value: number): Scalar {
  guard("number", { tape: [tape, kind.tape], value: [value, is.finite] });
  return tape.apply(numberOp, [], { value }) as Scalar;
}

/** A fixed real field f(site). The label is what listings and messages call it: fields are identified by their data. @throws RecordingError for a value that is not finite. */
export function constantReal(tape: Tape, label: string, f: (site: number) => number): Real {
  guard("constantReal", { tape: [tape, kind.tape], label: [label, is.text], f: [f, is.callable] });
  const data = new Float64Array(tape.lattice.volume);
  for (let n = 0; n < data.length; n++) data[n] = f(n);
  for (let n = 0; n < data.length; n++)
    if (!Number.isFinite(data[n])) throw new RecordingError(`constant field "${label}": got ${data[n]} at site [${tape.lattice.coordinates(n).join(",")}], expected finite numbers`);
  return tape.apply(constantOp, [], { label, data }) as Real;
}

/** The unit matrix, closed at displacement `at` (default: the site itself). */
export function unit<N extends number>(tape: Tape, N: N, at?: readonly number[]): Matrix<N> {
  guard("unit", { tape: [tape, kind.tape], N: [N, kind.colours], at: [at, is.optional(kind.displacement(tape?.lattice))] });
  return tape.apply(unitOp, [], { N, at: [...tape.lattice.wrap(at ?? [])] }) as Matrix<N>;
}

/** How a fixed matrix may be used. */
export interface ConstantMatrixOptions {
  /** Says that the caller knows: a fixed matrix does not rotate with the gauge. */
  readonly gaugeFixed?: boolean;
  /** Displacement of the site at which it stands; default the site itself. */
  readonly at?: readonly number[];
}

/**
 * The same N x N matrix at every site, entries row by row as re, im. Multiples of the unit matrix are covariant. Any other does not rotate
 * with the gauge: what is built with it is covariant in combinations only, such as sum_a T_a tr(T_a X), which recording cannot see, so it
 * has to be asked for by `gaugeFixed`; `check` tests the result.
 * @throws CovarianceError without it; RecordingError for the wrong number of entries, or entries that are not finite.
 */
export function constantMatrix<N extends number>(tape: Tape, N: N, entries: ArrayLike<number>, options: ConstantMatrixOptions = {}): Matrix<N> {
  guard("constantMatrix", { tape: [tape, kind.tape], N: [N, kind.colours], entries: [entries, is.listOf(is.finite)], options: [options, is.keysOf("gaugeFixed", "at")], at: [options?.at, is.optional(kind.displacement(tape?.lattice))] });
  const list = Array.from(entries);
  if (list.length !== 2 * N * N || !list.every(Number.isFinite)) throw new RecordingError(`constantMatrix: got ${list.length} entries${list.every(Number.isFinite) ? "" : ", not all finite"}, expected ${2 * N * N} finite numbers, re and im of every entry row by row`);
  const multiple = list.every((x, k) => x === (Math.floor(k / 2) % (N + 1) === 0 ? list[k % 2] : 0));
  if (!multiple && !options.gaugeFixed)
    throw new CovarianceError("constantMatrix: got a matrix that is no multiple of the unit matrix: it does not rotate with the gauge, so a layer made with it is not covariant: where the combination is, as sum_a T_a tr(T_a X), say { gaugeFixed: true } and check it");
  return tape.apply(matrixOp, [], { N, at: [...tape.lattice.wrap(options.at ?? [])], entries: list }) as Matrix<N>;
}
