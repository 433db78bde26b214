/** One number a sample: what a scalar of a batch is outside of recordings. */
import { GeometryError } from "../errors.ts";
import { describe, guard, is } from "../util/index.ts";

/**
 * The numbers of a scalar for every sample of a batch, in place of the one number that a lattice with one sample has. Arithmetic with it as if it
 * were a number is an error: take `perSample(x)`, or batchMean or batchSum while recording.
 */
export class PerSample extends Float64Array {
  /** Arrays made from it are plain ones. */
  static get [Symbol.species](): Float64ArrayConstructor {
    return Float64Array;
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return `[${Array.from(this.subarray(0, 8)).join(", ")}${this.length > 8 ? ", ..." : ""}]`;
    throw new GeometryError(`a scalar of a batch: got the numbers of ${this.length} samples where one number is expected: take perSample(x)[b], or record batchMean or batchSum`);
  }
}

/** f of numbers, sample by sample where one of them is that of a batch. */
export function samplewise(f: (...x: number[]) => number, ...xs: readonly (number | PerSample)[]): number {
  guard("samplewise", { f: [f, is.callable] });
  const batch = xs.find((x) => x instanceof PerSample);
  if (batch === undefined) return f(...(xs as number[]));
  const out = new PerSample(batch.length);
  for (let b = 0; b < out.length; b++) out[b] = f(...xs.map((x) => (typeof x === "number" ? x : x[b]!)));
  // batches of numbers stand where the one number of a single sample does
  return out as unknown as number;
}

/** The sum over the samples of a batch. */
export const totalOf = (x: number | PerSample): number => perSample(x).reduce((s, y) => s + y, 0);

/** The numbers of a result, one a sample: those of a batch, or the one number of a lattice with one sample. @throws GeometryError for anything else. */
export function perSample(x: number | PerSample): Float64Array {
  if (x instanceof PerSample) return x;
  if (typeof x !== "number") throw new GeometryError(`perSample: got ${describe(x)}, expected a number, or the numbers of a batch, as plans and actions return them`);
  return Float64Array.of(x);
}
