/**
 * Dense arrays on a TensorFlow.js engine: immutable, counted, and recorded by the session that makes them, so that everything a step leaves
 * behind can be given back at once. Two implementations: the public API in float32, and the raw ops of the node addon in float64.
 */

/** An array on the device; only the engine that made it knows what is inside. */
export interface DeviceArray {
  readonly shape: readonly number[];
}

/** Functions of one real array, element by element; angles in radians. */
export type UnaryFunction = "neg" | "sqrt" | "abs" | "sin" | "cos" | "tan" | "tanh" | "exp" | "log";
/** Functions of two real arrays, element by element with broadcasting. */
export type BinaryFunction = "add" | "sub" | "mul" | "div" | "maximum" | "atan2";

/** Numbers of an engine's own complex type, for which `binary` (add, sub, mul) and what moves elements work as for real ones. */
export interface ComplexArrays {
  /** A real number as a complex scalar, made once. */
  number(x: number): DeviceArray;
  pack(re: DeviceArray, im: DeviceArray): DeviceArray;
  /** Real numbers as complex ones. */
  lift(x: DeviceArray): DeviceArray;
  re(z: DeviceArray): DeviceArray;
  im(z: DeviceArray): DeviceArray;
  conj(z: DeviceArray): DeviceArray;
  /** Conjugate transpose of [B, n, m]. */
  adjoint(z: DeviceArray): DeviceArray;
  /** Batched product of [B, n, m] and [B, m, p], or of their adjoints. */
  matMul(x: DeviceArray, y: DeviceArray, adjointX: boolean, adjointY: boolean): DeviceArray;
}

/** What an engine was asked for so far: ops, arrays that went to the device, arrays that came back. */
export interface Calls {
  readonly ops: number;
  readonly uploads: number;
  readonly downloads: number;
}

/** Array operations with the usual broadcasting. Every result belongs to this session until it is retained. */
export interface Arrays {
  /** Unit roundoff of the arithmetic: 2^-24 or 2^-53. */
  readonly roundoff: number;
  readonly complex?: ComplexArrays;
  /** A scalar, made once and kept on the device while it is in use. */
  number(x: number): DeviceArray;
  upload(data: Float64Array, shape: readonly number[]): DeviceArray;
  uploadIndices(data: Int32Array): DeviceArray;
  /** A new array with the values; never a view of device memory. */
  download(x: DeviceArray): Float64Array;
  downloadAsync(x: DeviceArray): Promise<Float64Array>;
  unary(name: UnaryFunction, x: DeviceArray): DeviceArray;
  binary(name: BinaryFunction, x: DeviceArray, y: DeviceArray): DeviceArray;
  /** c > 0 ? a : b, element by element. */
  positive(c: DeviceArray, a: DeviceArray, b: DeviceArray): DeviceArray;
  gather(x: DeviceArray, indices: DeviceArray, axis: number): DeviceArray;
  /** Batched real product of [B, n, m] and [B, m, p], or of their transposes. */
  matMul(x: DeviceArray, y: DeviceArray, transposeX?: boolean, transposeY?: boolean): DeviceArray;
  concat(xs: readonly DeviceArray[], axis: number): DeviceArray;
  reshape(x: DeviceArray, shape: readonly number[]): DeviceArray;
  slice(x: DeviceArray, begin: readonly number[], size: readonly number[]): DeviceArray;
  transpose(x: DeviceArray, permutation: readonly number[]): DeviceArray;
  /** Sum over axes, which stay with length 1 unless they are dropped. */
  sum(x: DeviceArray, axes: readonly number[], drop?: boolean): DeviceArray;
  /** Arrays and bytes alive on this engine, whoever made them. */
  memory(): { readonly arrays: number; readonly bytes: number };
  /** Calls of all sessions so far. */
  calls(): Calls;
  /** Position in this session's list of results. */
  mark(): number;
  /** Gives back the results since a mark, except those to keep. */
  sweep(mark: number, keep: Iterable<DeviceArray>): void;
  /** Nothing made with `number` is in use any more. */
  letGo(): void;
  /** One more owner: the array outlives the session until it is released as often. */
  retain(x: DeviceArray): void;
  release(x: DeviceArray): void;
  /** A session of its own on the same engine, for a program that runs beside others. */
  session(): Arrays;
}

/** Owners of arrays, shared by the sessions of one engine, and what these have asked for. */
export class Owners {
  readonly calls = { ops: 0, uploads: 0, downloads: 0 };
  readonly #count = new Map<DeviceArray, number>();
  readonly #free: (x: DeviceArray) => void;
  constructor(free: (x: DeviceArray) => void) {
    this.#free = free;
  }
  retain(x: DeviceArray): void {
    this.#count.set(x, (this.#count.get(x) ?? 0) + 1);
  }
  release(x: DeviceArray): void {
    const n = this.#count.get(x);
    if (n === undefined) return;
    if (n > 1) this.#count.set(x, n - 1);
    else {
      this.#count.delete(x);
      this.#free(x);
    }
  }
  has(x: DeviceArray): boolean {
    return this.#count.has(x);
  }
  free(x: DeviceArray): void {
    if (!this.#count.has(x)) this.#free(x);
  }
}

/** Scalars kept on a device: those used last, by what they are. Shared by the sessions of one engine. */
export class Scalars {
  readonly #kept = new Map<string, DeviceArray>();
  readonly #owners: Owners;
  constructor(owners: Owners) {
    this.#owners = owners;
  }
  /** The scalar of this name; one that has not been used for long makes room. */
  get(name: string, make: () => DeviceArray): DeviceArray {
    let x = this.#kept.get(name);
    this.#kept.delete(name);
    if (!x) {
      this.#owners.retain((x = make()));
      if (this.#kept.size >= MOST_SCALARS) {
        const [oldest, array] = this.#kept.entries().next().value!;
        this.#kept.delete(oldest);
        this.#owners.release(array);
      }
    }
    this.#kept.set(name, x);
    return x;
  }
}

/** Steps of solvers are new numbers in every iteration: some of the last ones are kept. */
const MOST_SCALARS = 256;

/** Results of one session in the order in which they were made. */
export class Session {
  readonly owners: Owners;
  readonly scalars: Scalars;
  #made: DeviceArray[] = [];
  /** Scalars in use, which nobody may free before the session is done with them. */
  readonly #held = new Set<DeviceArray>();
  constructor(owners: Owners, scalars: Scalars) {
    this.owners = owners;
    this.scalars = scalars;
  }
  hold(x: DeviceArray): DeviceArray {
    if (!this.#held.has(x)) {
      this.#held.add(x);
      this.owners.retain(x);
    }
    return x;
  }
  own<T extends DeviceArray>(x: T): T {
    this.#made.push(x);
    return x;
  }
  letGo(): void {
    for (const x of this.#held) this.owners.release(x);
    this.#held.clear();
  }
  mark(): number {
    return this.#made.length;
  }
  /** Gives back the results since a mark, which are these. */
  drop(mark: number, made: readonly DeviceArray[]): void {
    this.#made.length = mark;
    for (const x of made) this.owners.free(x);
  }
  sweep(mark: number, keep: Iterable<DeviceArray>): void {
    const kept = new Set(keep);
    const rest: DeviceArray[] = [];
    for (let k = mark; k < this.#made.length; k++) {
      const x = this.#made[k]!;
      if (kept.has(x)) rest.push(x);
      else this.owners.free(x);
    }
    this.#made.length = mark;
    // a retained result is its owners' affair
    for (const x of rest) if (!this.owners.has(x)) this.#made.push(x);
  }
}
