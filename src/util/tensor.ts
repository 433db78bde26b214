/** Weights as plain data: what a parameter declared with `tensor` holds, and what its gradient comes back as. */
import { GeometryError } from "../errors.ts";
import { describe } from "./guard.ts";

/** Real numbers of a shape, in rows of the last dimension. One leaf among parameters, however many numbers it has. */
export class Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;

  /** The data are taken over, not copied; zeros without them. @throws GeometryError for data of another length than the shape asks for. */
  constructor(shape: readonly number[], data?: Float64Array) {
    if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n > 0) || shape.reduce((n, L) => n * L, 1) > 2 ** 28)
      throw new GeometryError(`tensor: got the shape ${Array.isArray(shape) ? `[${shape.map(String).join(", ")}]` : describe(shape)}, expected one or more positive integers, for instance [16, 8], with a product of at most 2^28`);
    this.shape = Object.freeze([...shape]);
    const size = this.shape.reduce((n, L) => n * L, 1);
    if (data !== undefined && !(data instanceof Float64Array && data.length === size))
      throw new GeometryError(`tensor of ${shape.join(" x ")}: got ${data instanceof Float64Array ? `${data.length} numbers` : describe(data)}, expected a Float64Array of ${size}`);
    this.data = data ?? new Float64Array(size);
  }

  /** Number of weights. */
  get size(): number {
    return this.data.length;
  }

  toString(): string {
    return `tensor of ${this.shape.join(" x ")}`;
  }
}
