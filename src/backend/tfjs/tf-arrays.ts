/** Real arrays in float32 through the public TensorFlow.js API. */
import { BackendError } from "../../errors.ts";
import { type Arrays, type BinaryFunction, type Calls, type DeviceArray, Owners, Scalars, Session, type UnaryFunction } from "./arrays.ts";
import type { TfModule, TfTensor } from "./tf.ts";

export interface TfArraysOptions {
  readonly tf: TfModule;
  /** Name under which the engine is registered in the module. */
  readonly backend: string;
  /** Largest batch of one matrix product. */
  readonly maxBatch: number;
}

const t = (x: DeviceArray): TfTensor => x as TfTensor;

export class TfArrays implements Arrays {
  readonly roundoff = 2 ** -24;
  readonly #options: TfArraysOptions;
  readonly #session: Session;
  readonly #tf: TfModule;

  constructor(options: TfArraysOptions, shared?: { readonly owners: Owners; readonly scalars: Scalars }) {
    this.#options = options;
    this.#tf = options.tf;
    const owners = shared?.owners ?? new Owners((x) => t(x).dispose());
    this.#session = new Session(owners, shared?.scalars ?? new Scalars(owners));
  }

  session(): TfArrays {
    return new TfArrays(this.#options, this.#session);
  }

  number(x: number): DeviceArray {
    return this.#session.hold(this.#session.scalars.get(Object.is(x, -0) ? "-0" : String(x), () => this.upload(Float64Array.of(x), [])));
  }
  upload(data: Float64Array, shape: readonly number[]): DeviceArray {
    // a fresh array for every upload: some engines go on reading from it
    return this.#own((tf) => tf.tensor(new Float32Array(data), shape, "float32"), "uploads");
  }
  uploadIndices(data: Int32Array): DeviceArray {
    return this.#own((tf) => tf.tensor(data.slice(), [data.length], "int32"), "uploads");
  }
  download(x: DeviceArray): Float64Array {
    this.#activate();
    this.#session.owners.calls.downloads++;
    let values: ArrayLike<number>;
    try {
      values = t(x).dataSync();
    } catch (error) {
      throw new BackendError(`tfjs ${this.#options.backend}: values cannot be read synchronously (${error instanceof Error ? error.message.split("\n")[0]! : String(error)}): use runAsync and toArrayAsync`);
    }
    return Float64Array.from(values);
  }
  async downloadAsync(x: DeviceArray): Promise<Float64Array> {
    this.#activate();
    this.#session.owners.calls.downloads++;
    return Float64Array.from(await t(x).data());
  }
  unary(name: UnaryFunction, x: DeviceArray): DeviceArray {
    return this.#own((tf) => tf[name](t(x)));
  }
  binary(name: BinaryFunction, x: DeviceArray, y: DeviceArray): DeviceArray {
    return this.#own((tf) => tf[name](t(x), t(y)));
  }
  positive(c: DeviceArray, a: DeviceArray, b: DeviceArray): DeviceArray {
    const zero = this.number(0);
    const condition = this.#own((tf) => tf.greater(t(c), t(zero)));
    return this.#own((tf) => tf.where(t(condition), t(a), t(b)));
  }
  gather(x: DeviceArray, indices: DeviceArray, axis: number): DeviceArray {
    return this.#own((tf) => tf.gather(t(x), t(indices), axis));
  }
  matMul(x: DeviceArray, y: DeviceArray, transposeX = false, transposeY = false): DeviceArray {
    const batch = x.shape[0]!;
    const { maxBatch } = this.#options;
    if (batch <= maxBatch) return this.#own((tf) => tf.matMul(t(x), t(y), transposeX, transposeY));
    const parts: DeviceArray[] = [];
    for (let from = 0; from < batch; from += maxBatch) {
      const [p, q] = [x, y].map((z) => this.slice(z, [from, 0, 0], [Math.min(maxBatch, batch - from), z.shape[1]!, z.shape[2]!]));
      parts.push(this.#own((tf) => tf.matMul(t(p!), t(q!), transposeX, transposeY)));
    }
    return this.concat(parts, 0);
  }
  concat(xs: readonly DeviceArray[], axis: number): DeviceArray {
    return this.#own((tf) => tf.concat(xs.map(t), axis));
  }
  reshape(x: DeviceArray, shape: readonly number[]): DeviceArray {
    return this.#own((tf) => tf.reshape(t(x), shape));
  }
  slice(x: DeviceArray, begin: readonly number[], size: readonly number[]): DeviceArray {
    return this.#own((tf) => tf.slice(t(x), begin, size));
  }
  transpose(x: DeviceArray, permutation: readonly number[]): DeviceArray {
    return this.#own((tf) => tf.transpose(t(x), permutation));
  }
  sum(x: DeviceArray, axes: readonly number[], drop = false): DeviceArray {
    return this.#own((tf) => tf.sum(t(x), axes, !drop));
  }
  memory(): { readonly arrays: number; readonly bytes: number } {
    const m = this.#tf.memory();
    return { arrays: m.numTensors, bytes: m.numBytes };
  }
  calls(): Calls {
    return { ...this.#session.owners.calls };
  }
  mark(): number {
    return this.#session.mark();
  }
  sweep(mark: number, keep: Iterable<DeviceArray>): void {
    this.#session.sweep(mark, keep);
  }
  letGo(): void {
    this.#session.letGo();
  }
  retain(x: DeviceArray): void {
    this.#session.owners.retain(x);
  }
  release(x: DeviceArray): void {
    this.#session.owners.release(x);
  }

  #own(make: (tf: TfModule) => TfTensor, kind: "ops" | "uploads" = "ops"): DeviceArray {
    this.#activate();
    this.#session.owners.calls[kind]++;
    return this.#session.own(make(this.#tf));
  }

  /** Several engines may share one TensorFlow.js module; switching to one that has been started happens at once. */
  #activate(): void {
    if (this.#tf.getBackend() !== this.#options.backend) void this.#tf.setBackend(this.#options.backend);
  }
}
