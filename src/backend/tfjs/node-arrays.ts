/**
 * Arrays in float64 through the raw ops of the node addon, which knows tensors of any TensorFlow type although the TensorFlow.js API does not.
 * The addon moves float32 only, so a double travels as the sum of three floats: exact for 2^-70 < |x| < 2^127, to 2^-149 absolutely below.
 */
import { type Arrays, type BinaryFunction, type DeviceArray, Owners, type Pair, Session, type UnaryFunction } from "./arrays.ts";
import type { NodeAttribute, NodeBinding, NodeTensor } from "./tf.ts";

/** Type numbers of TensorFlow (tf_datatype.h) that the addon does not name. */
const [DOUBLE, COMPLEX128] = [2, 18];

const UNARY: Readonly<Record<UnaryFunction, string>> = { neg: "Neg", sqrt: "Sqrt", abs: "Abs", sin: "Sin", cos: "Cos", tan: "Tan", tanh: "Tanh", exp: "Exp", log: "Log" };
const BINARY: Readonly<Record<BinaryFunction, string>> = { add: "AddV2", sub: "Sub", mul: "Mul", div: "RealDiv", maximum: "Maximum", atan2: "Atan2" };

const id = (x: DeviceArray): number => (x as NodeTensor).id;

export class NodeArrays implements Arrays {
  readonly roundoff = 2 ** -53;
  readonly #binding: NodeBinding;
  readonly #session: Session;
  readonly #alive: Map<number, number>;

  constructor(binding: NodeBinding, shared?: { owners: Owners; alive: Map<number, number> }) {
    this.#binding = binding;
    this.#alive = shared?.alive ?? new Map();
    const free = (x: DeviceArray): void => {
      if (this.#alive.delete(id(x))) binding.deleteTensor(id(x));
    };
    this.#session = new Session(shared?.owners ?? new Owners(free));
  }

  session(): NodeArrays {
    return new NodeArrays(this.#binding, { owners: this.#session.owners, alive: this.#alive });
  }

  upload(data: Float64Array, shape: readonly number[]): DeviceArray {
    let rest = data;
    let sum: DeviceArray | undefined;
    for (let part = 0; part < 3; part++) {
      const high = new Float32Array(rest);
      rest = rest.map((x, k) => (Number.isFinite(high[k]!) ? x - high[k]! : 0));
      const wide = this.#cast(this.#create(this.#binding.TF_FLOAT, high, shape), this.#binding.TF_FLOAT, DOUBLE);
      sum = sum ? this.binary("add", sum, wide) : wide;
    }
    return sum!;
  }
  uploadIndices(data: Int32Array): DeviceArray {
    return this.#create(this.#binding.TF_INT32, data.slice(), [data.length]);
  }
  download(x: DeviceArray): Float64Array {
    const mark = this.mark();
    const out = new Float64Array(x.shape.reduce((n, s) => n * s, 1));
    let rest = x;
    for (let part = 0; part < 3; part++) {
      const high = this.#cast(rest, DOUBLE, this.#binding.TF_FLOAT);
      const values = this.#binding.tensorDataSync(id(high));
      // an infinity or NaN has no remainder
      for (let k = 0; k < out.length; k++) if (part === 0 || Number.isFinite(out[k]!)) out[k]! += values[k]!;
      if (part < 2) rest = this.binary("sub", rest, this.#cast(high, this.#binding.TF_FLOAT, DOUBLE));
    }
    this.sweep(mark, []);
    return out;
  }
  downloadAsync(x: DeviceArray): Promise<Float64Array> {
    return Promise.resolve(this.download(x));
  }
  unary(name: UnaryFunction, x: DeviceArray): DeviceArray {
    return this.#op(UNARY[name], [this.#type("T")], [x]);
  }
  binary(name: BinaryFunction, x: DeviceArray, y: DeviceArray): DeviceArray {
    return this.#op(BINARY[name], [this.#type("T")], [x, y]);
  }
  positive(c: DeviceArray, a: DeviceArray, b: DeviceArray): DeviceArray {
    const condition = this.#op("Greater", [this.#type("T")], [c, this.upload(new Float64Array(1), [])]);
    return this.#op("SelectV2", [this.#type("T")], [condition, a, b]);
  }
  gather(x: DeviceArray, indices: DeviceArray, axis: number): DeviceArray {
    const { TF_INT32, TF_ATTR_INT } = this.#binding;
    const attributes = [{ name: "batch_dims", type: TF_ATTR_INT, value: 0 }, this.#type("Tparams"), this.#type("Tindices", TF_INT32), this.#type("Taxis", TF_INT32)];
    return this.#op("GatherV2", attributes, [x, indices, this.#integers([axis], [])]);
  }
  matMul(x: DeviceArray, y: DeviceArray): DeviceArray {
    return this.#product(x, y, DOUBLE);
  }
  complexMatMul(x: Pair, y: Pair): Pair {
    const [a, b] = [x, y].map((z) => this.#op("Complex", [this.#type("T"), this.#type("Tout", COMPLEX128)], [z.re, z.im!]));
    const c = this.#product(a!, b!, COMPLEX128);
    const part = (name: "Real" | "Imag"): DeviceArray => this.#op(name, [this.#type("T", COMPLEX128), this.#type("Tout")], [c]);
    return { re: part("Real"), im: part("Imag") };
  }
  concat(xs: readonly DeviceArray[], axis: number): DeviceArray {
    const { TF_INT32, TF_ATTR_INT } = this.#binding;
    return this.#op("ConcatV2", [{ name: "N", type: TF_ATTR_INT, value: xs.length }, this.#type("Tidx", TF_INT32), this.#type("T")], [...xs, this.#integers([axis], [])]);
  }
  reshape(x: DeviceArray, shape: readonly number[]): DeviceArray {
    return this.#op("Reshape", [this.#type("T"), this.#type("Tshape", this.#binding.TF_INT32)], [x, this.#integers(shape)]);
  }
  slice(x: DeviceArray, begin: readonly number[], size: readonly number[]): DeviceArray {
    return this.#op("Slice", [this.#type("T"), this.#type("Index", this.#binding.TF_INT32)], [x, this.#integers(begin), this.#integers(size)]);
  }
  transpose(x: DeviceArray, permutation: readonly number[]): DeviceArray {
    return this.#op("Transpose", [this.#type("T"), this.#type("Tperm", this.#binding.TF_INT32)], [x, this.#integers(permutation)]);
  }
  sum(x: DeviceArray, axes: readonly number[]): DeviceArray {
    const { TF_INT32, TF_ATTR_BOOL } = this.#binding;
    return this.#op("Sum", [{ name: "keep_dims", type: TF_ATTR_BOOL, value: true }, this.#type("T"), this.#type("Tidx", TF_INT32)], [x, this.#integers(axes)]);
  }
  memory(): { readonly arrays: number; readonly bytes: number } {
    return { arrays: this.#alive.size, bytes: [...this.#alive.values()].reduce((s, b) => s + b, 0) };
  }
  mark(): number {
    return this.#session.mark();
  }
  sweep(mark: number, keep: Iterable<DeviceArray>): void {
    this.#session.sweep(mark, keep);
  }
  retain(x: DeviceArray): void {
    this.#session.owners.retain(x);
  }
  release(x: DeviceArray): void {
    this.#session.owners.release(x);
  }

  #type(name: string, value = DOUBLE): NodeAttribute {
    return { name, type: this.#binding.TF_ATTR_TYPE, value };
  }
  #integers(values: readonly number[], shape: readonly number[] = [values.length]): DeviceArray {
    return this.#create(this.#binding.TF_INT32, Int32Array.from(values), shape);
  }
  #create(dtype: number, data: Float32Array | Int32Array, shape: readonly number[]): DeviceArray {
    return this.#track({ id: this.#binding.createTensor(shape, dtype, data), shape, dtype }, data.byteLength);
  }
  #cast(x: DeviceArray, from: number, to: number): DeviceArray {
    return this.#op("Cast", [this.#type("SrcT", from), this.#type("DstT", to), { name: "Truncate", type: this.#binding.TF_ATTR_BOOL, value: false }], [x]);
  }
  #product(x: DeviceArray, y: DeviceArray, type: number): DeviceArray {
    const { TF_ATTR_BOOL } = this.#binding;
    const straight = ["adj_x", "adj_y"].map((name) => ({ name, type: TF_ATTR_BOOL, value: false }));
    return this.#op("BatchMatMulV2", [this.#type("T", type), ...straight], [x, y]);
  }
  #op(name: string, attributes: readonly NodeAttribute[], inputs: readonly DeviceArray[]): DeviceArray {
    const [out] = this.#binding.executeOp(name, attributes, inputs.map(id), 1);
    return this.#track(out!, 8 * out!.shape.reduce((n, s) => n * s, 1));
  }
  #track(x: NodeTensor, bytes: number): DeviceArray {
    this.#alive.set(x.id, bytes);
    return this.#session.own(x);
  }
}
