/**
 * Arrays through the raw ops of the node addon, which knows tensors of any TensorFlow type although the TensorFlow.js API does not, and has complex ones. Lists of
 * integers that ops take (axes, shapes) are made once.
 * The addon moves float32 only, so a double travels as the sum of three floats: exact for 2^-70 < |x| < 2^127, to 2^-149 absolutely below.
 */
import { type Arrays, type BinaryFunction, type Calls, type ComplexArrays, type DeviceArray, Owners, Scalars, Session, type UnaryFunction } from "./arrays.ts";
import type { NodeAttribute, NodeBinding, NodeTensor } from "./tf.ts";

/** Type numbers of TensorFlow (tf_datatype.h) that the addon does not name. */
const [DOUBLE, COMPLEX64, COMPLEX128] = [2, 8, 18];

/** Bytes of an element by type number, 4 for the others. */
const BYTES: Readonly<Record<number, number>> = { [DOUBLE]: 8, [COMPLEX64]: 8, [COMPLEX128]: 16 };

const UNARY: Readonly<Record<UnaryFunction, string>> = { neg: "Neg", sqrt: "Sqrt", abs: "Abs", sin: "Sin", cos: "Cos", tan: "Tan", tanh: "Tanh", exp: "Exp", log: "Log" };
const BINARY: Readonly<Record<BinaryFunction, string>> = { add: "AddV2", sub: "Sub", mul: "Mul", div: "RealDiv", maximum: "Maximum", atan2: "Atan2" };

const id = (x: DeviceArray): number => (x as NodeTensor).id;
const typeOf = (x: DeviceArray): number => (x as NodeTensor).dtype;

/** What the sessions of one engine share. */
interface Shared {
  readonly owners: Owners;
  readonly scalars: Scalars;
  /** Bytes of the tensors that are alive, by number. */
  readonly alive: Map<number, number>;
  readonly integers: Map<string, DeviceArray>;
}

export class NodeArrays implements Arrays {
  readonly roundoff: number;
  readonly complex: ComplexArrays;
  readonly #binding: NodeBinding;
  readonly #double: boolean;
  /** Type numbers of real and complex tensors. */
  readonly #real: number;
  readonly #complexType: number;
  readonly #shared: Shared;
  readonly #session: Session;

  constructor(binding: NodeBinding, precision: "f32" | "f64", shared?: Shared) {
    this.#binding = binding;
    this.#double = precision === "f64";
    this.roundoff = this.#double ? 2 ** -53 : 2 ** -24;
    [this.#real, this.#complexType] = this.#double ? [DOUBLE, COMPLEX128] : [binding.TF_FLOAT, COMPLEX64];
    this.#shared = shared ?? sharedOn(binding);
    this.#session = new Session(this.#shared.owners, this.#shared.scalars);
    this.complex = this.#complexArrays();
  }

  session(): NodeArrays {
    return new NodeArrays(this.#binding, this.#double ? "f64" : "f32", this.#shared);
  }

  number(x: number): DeviceArray {
    return this.#session.hold(this.#shared.scalars.get(numberName("real", x), () => this.upload(Float64Array.of(x), [])));
  }
  upload(data: Float64Array, shape: readonly number[]): DeviceArray {
    if (!this.#double) return this.#create(this.#real, new Float32Array(data), shape);
    let rest = data;
    let sum: DeviceArray | undefined;
    for (let part = 0; part < 3; part++) {
      const high = new Float32Array(rest);
      rest = rest.map((x, k) => (Number.isFinite(high[k]!) ? x - high[k]! : 0));
      const wide = this.#cast(this.#create(this.#binding.TF_FLOAT, high, shape), DOUBLE);
      sum = sum ? this.binary("add", sum, wide) : wide;
    }
    return sum!;
  }
  uploadIndices(data: Int32Array): DeviceArray {
    return this.#create(this.#binding.TF_INT32, data.slice(), [data.length]);
  }
  download(x: DeviceArray): Float64Array {
    if (!this.#double) return Float64Array.from(this.#read(x));
    const mark = this.mark();
    const out = new Float64Array(x.shape.reduce((n, s) => n * s, 1));
    let rest = x;
    const parts: DeviceArray[] = [];
    for (let part = 0; part < 3; part++) {
      const high = this.#cast(rest, this.#binding.TF_FLOAT);
      parts.push(high);
      const values = this.#read(high);
      // an infinity or NaN has no remainder
      for (let k = 0; k < out.length; k++) if (part === 0 || Number.isFinite(out[k]!)) out[k]! += values[k]!;
      if (part < 2) {
        const wide = this.#cast(high, DOUBLE);
        rest = this.binary("sub", rest, wide);
        parts.push(wide, rest);
      }
    }
    this.#session.drop(mark, parts);
    return out;
  }
  downloadAsync(x: DeviceArray): Promise<Float64Array> {
    return Promise.resolve(this.download(x));
  }
  unary(name: UnaryFunction, x: DeviceArray): DeviceArray {
    return this.#op(UNARY[name], [this.#type("T", typeOf(x))], [x]);
  }
  binary(name: BinaryFunction, x: DeviceArray, y: DeviceArray): DeviceArray {
    return this.#op(BINARY[name], [this.#type("T", typeOf(x))], [x, y]);
  }
  positive(c: DeviceArray, a: DeviceArray, b: DeviceArray): DeviceArray {
    const condition = this.#op("Greater", [this.#type("T", this.#real)], [c, this.number(0)]);
    return this.#op("SelectV2", [this.#type("T", typeOf(a))], [condition, a, b]);
  }
  gather(x: DeviceArray, indices: DeviceArray, axis: number): DeviceArray {
    const { TF_INT32, TF_ATTR_INT } = this.#binding;
    const attributes = [{ name: "batch_dims", type: TF_ATTR_INT, value: 0 }, this.#type("Tparams", typeOf(x)), this.#type("Tindices", TF_INT32), this.#type("Taxis", TF_INT32)];
    return this.#op("GatherV2", attributes, [x, indices, this.#integers([axis], [])]);
  }
  matMul(x: DeviceArray, y: DeviceArray, transposeX = false, transposeY = false): DeviceArray {
    return this.#product(x, y, transposeX, transposeY);
  }
  concat(xs: readonly DeviceArray[], axis: number): DeviceArray {
    const { TF_INT32, TF_ATTR_INT } = this.#binding;
    return this.#op("ConcatV2", [{ name: "N", type: TF_ATTR_INT, value: xs.length }, this.#type("Tidx", TF_INT32), this.#type("T", typeOf(xs[0]!))], [...xs, this.#integers([axis], [])]);
  }
  reshape(x: DeviceArray, shape: readonly number[]): DeviceArray {
    return this.#op("Reshape", [this.#type("T", typeOf(x)), this.#type("Tshape", this.#binding.TF_INT32)], [x, this.#integers(shape)]);
  }
  slice(x: DeviceArray, begin: readonly number[], size: readonly number[]): DeviceArray {
    return this.#op("Slice", [this.#type("T", typeOf(x)), this.#type("Index", this.#binding.TF_INT32)], [x, this.#integers(begin), this.#integers(size)]);
  }
  transpose(x: DeviceArray, permutation: readonly number[]): DeviceArray {
    return this.#op("Transpose", [this.#type("T", typeOf(x)), this.#type("Tperm", this.#binding.TF_INT32)], [x, this.#integers(permutation)]);
  }
  sum(x: DeviceArray, axes: readonly number[], drop = false): DeviceArray {
    const { TF_INT32, TF_ATTR_BOOL } = this.#binding;
    return this.#op("Sum", [{ name: "keep_dims", type: TF_ATTR_BOOL, value: !drop }, this.#type("T", typeOf(x)), this.#type("Tidx", TF_INT32)], [x, this.#integers(axes)]);
  }
  memory(): { readonly arrays: number; readonly bytes: number } {
    const { alive } = this.#shared;
    return { arrays: alive.size, bytes: [...alive.values()].reduce((s, b) => s + b, 0) };
  }
  calls(): Calls {
    return { ...this.#shared.owners.calls };
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

  #complexArrays(): ComplexArrays {
    const [real, type] = [this.#real, this.#complexType];
    const part = (name: "Real" | "Imag") => (z: DeviceArray) => this.#op(name, [this.#type("T", type), this.#type("Tout", real)], [z]);
    const lift = (x: DeviceArray): DeviceArray => this.#cast(x, type);
    return {
      lift,
      re: part("Real"),
      im: part("Imag"),
      number: (x) => this.#session.hold(this.#shared.scalars.get(numberName("complex", x), () => lift(this.upload(Float64Array.of(x), [])))),
      pack: (re, im) => this.#op("Complex", [this.#type("T", real), this.#type("Tout", type)], [re, im]),
      conj: (z) => this.#op("Conj", [this.#type("T", type)], [z]),
      adjoint: (z) => this.#op("ConjugateTranspose", [this.#type("T", type), this.#type("Tperm", this.#binding.TF_INT32)], [z, this.#integers([0, 2, 1])]),
      matMul: (x, y, adjointX, adjointY) => this.#product(x, y, adjointX, adjointY),
    };
  }
  #type(name: string, value: number): NodeAttribute {
    return { name, type: this.#binding.TF_ATTR_TYPE, value };
  }
  #integers(values: readonly number[], shape: readonly number[] = [values.length]): DeviceArray {
    const { integers, owners } = this.#shared;
    const key = `${values.join()}/${shape.join()}`;
    let x = integers.get(key);
    if (!x) {
      owners.retain((x = this.#create(this.#binding.TF_INT32, Int32Array.from(values), shape)));
      integers.set(key, x);
    }
    return x;
  }
  #read(x: DeviceArray): ArrayLike<number> {
    this.#shared.owners.calls.downloads++;
    return this.#binding.tensorDataSync(id(x));
  }
  #create(dtype: number, data: Float32Array | Int32Array, shape: readonly number[]): DeviceArray {
    this.#shared.owners.calls.uploads++;
    return this.#track({ id: this.#binding.createTensor(shape, dtype, data), shape, dtype });
  }
  #cast(x: DeviceArray, to: number): DeviceArray {
    return this.#op("Cast", [this.#type("SrcT", typeOf(x)), this.#type("DstT", to), { name: "Truncate", type: this.#binding.TF_ATTR_BOOL, value: false }], [x]);
  }
  #product(x: DeviceArray, y: DeviceArray, adjointX: boolean, adjointY: boolean): DeviceArray {
    const { TF_ATTR_BOOL } = this.#binding;
    const flags = [{ name: "adj_x", type: TF_ATTR_BOOL, value: adjointX }, { name: "adj_y", type: TF_ATTR_BOOL, value: adjointY }];
    return this.#op("BatchMatMulV2", [this.#type("T", typeOf(x)), ...flags], [x, y]);
  }
  #op(name: string, attributes: readonly NodeAttribute[], inputs: readonly DeviceArray[]): DeviceArray {
    this.#shared.owners.calls.ops++;
    const [out] = this.#binding.executeOp(name, attributes, inputs.map(id), 1);
    return this.#track(out!);
  }
  #track(x: NodeTensor): DeviceArray {
    this.#shared.alive.set(x.id, (BYTES[x.dtype] ?? 4) * x.shape.reduce((n, s) => n * s, 1));
    return this.#session.own(x);
  }
}

function sharedOn(binding: NodeBinding): Shared {
  const alive = new Map<number, number>();
  const owners = new Owners((x) => {
    if (alive.delete(id(x))) binding.deleteTensor(id(x));
  });
  return { owners, scalars: new Scalars(owners), alive, integers: new Map() };
}

/** 0 and -0 differ. */
const numberName = (kind: string, x: number): string => `${kind} ${Object.is(x, -0) ? "-0" : x}`;
