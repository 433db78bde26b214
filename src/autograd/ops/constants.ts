/** Values known while recording: a number, a real field given site by site, the unit matrix. They have no cotangent. */
import { RecordingError } from "../../errors.ts";
import type { Op } from "../op.ts";
import type { Matrix, Real, Scalar, Tape } from "../tape.ts";
import { realType, scalarType } from "../types.ts";

/** One number. */
export const numberOp: Op = {
  name: "number",
  infer: () => scalarType,
  vjp: () => [],
  site: (b, _inputs, attributes) => [b.constant(attributes["value"] as number)],
  cost: () => 0,
  samples: () => [],
};

/** A fixed real field, identified by its data; the attribute `label` is for people. */
export const constantOp: Op = {
  name: "constant",
  infer: () => realType(),
  vjp: () => [],
  cost: () => 0,
  samples: () => [],
};

/** The unit matrix as a closed path at one site. */
export const unitOp: Op = {
  name: "unit",
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
  samples: () => [],
};

/** A number as a scalar of this recording. */
export function number(tape: Tape, value: number): Scalar {
  return tape.apply(numberOp, [], { value }) as Scalar;
}

/** A fixed real field f(site). The label is what listings and messages call it: fields are identified by their data. @throws RecordingError for a value that is not finite. */
export function constantReal(tape: Tape, label: string, f: (site: number) => number): Real {
  const data = new Float64Array(tape.lattice.volume);
  for (let n = 0; n < data.length; n++) data[n] = f(n);
  for (let n = 0; n < data.length; n++)
    if (!Number.isFinite(data[n])) throw new RecordingError(`constant field "${label}": got ${data[n]} at site [${tape.lattice.coordinates(n).join(",")}], expected finite numbers`);
  return tape.apply(constantOp, [], { label, data }) as Real;
}

/** The unit matrix, closed at displacement `at` (default: the site itself). */
export function unit<N extends number>(tape: Tape, N: N, at?: readonly number[]): Matrix<N> {
  return tape.apply(unitOp, [], { N, at: [...tape.lattice.wrap(at ?? [])] }) as Matrix<N>;
}
