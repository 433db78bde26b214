/**
 * A stand-in for the node packages: the raw ops that the backend calls, in float64 on the host, with TensorFlow's attribute and type rules
 * enforced. It shows that the calls are well formed and the arithmetic around them is right; it cannot show what a real libtensorflow does.
 */
import type { NodeAttribute, NodeBinding, NodeKernelBackend, NodeTensor, TfModule, TfTensor } from "../../src/backend/tfjs/tf.ts";

const [FLOAT, INT32, BOOL, COMPLEX64] = [1, 3, 10, 8];

interface Tensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly re: Float64Array;
  readonly im?: Float64Array;
}

const size = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

/** Rounds to 10 explicit bits of mantissa, as TF32 does with the inputs of a product. */
export function toTf32(x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer);
  bits[0] = (bits[0]! + 0x1000) & ~0x1fff;
  return new Float32Array(bits.buffer)[0]!;
}

/** Indices of the operands of every element of a broadcast result. */
function broadcast(shapes: readonly (readonly number[])[]): { shape: number[]; at: (n: number, k: number) => number } {
  const rank = Math.max(...shapes.map((s) => s.length));
  const padded = shapes.map((s) => [...Array.from({ length: rank - s.length }, () => 1), ...s]);
  const shape = Array.from({ length: rank }, (_, d) => Math.max(...padded.map((s) => s[d]!)));
  for (const s of padded) if (s.some((L, d) => L !== 1 && L !== shape[d])) throw new Error(`incompatible shapes ${JSON.stringify(shapes)}`);
  const at = (n: number, k: number): number => {
    let [index, stride] = [0, 1];
    for (let d = rank - 1; d >= 0; d--) {
      const x = n % shape[d]!;
      n = (n - x) / shape[d]!;
      if (padded[k]![d]! > 1) index += x * stride;
      stride *= padded[k]![d]!;
    }
    return index;
  };
  return { shape, at };
}

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Neg: (x) => -x, Sqrt: Math.sqrt, Abs: Math.abs, Sin: Math.sin, Cos: Math.cos, Tan: Math.tan, Tanh: Math.tanh, Exp: Math.exp, Log: Math.log,
};
const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = {
  AddV2: (x, y) => x + y, Sub: (x, y) => x - y, Mul: (x, y) => x * y, RealDiv: (x, y) => x / y, Maximum: Math.max, Atan2: Math.atan2,
};

/** Attribute and argument types of each op: attribute -> positions of the inputs of that type. */
const TYPES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  Cast: { SrcT: [0] }, Greater: { T: [0, 1] }, SelectV2: { T: [1, 2] }, GatherV2: { Tparams: [0], Tindices: [1], Taxis: [2] },
  BatchMatMulV2: { T: [0, 1] }, Complex: { T: [0, 1] }, Real: { T: [0] }, Imag: { T: [0] }, Reshape: { T: [0], Tshape: [1] }, Slice: { T: [0], Index: [1, 2] },
  Transpose: { T: [0], Tperm: [1] }, Sum: { T: [0], Tidx: [1] }, ConcatV2: {},
};

export class FakeBinding implements NodeBinding {
  readonly TF_FLOAT = FLOAT;
  readonly TF_INT32 = INT32;
  readonly TF_BOOL = BOOL;
  readonly TF_ATTR_INT = 1;
  readonly TF_ATTR_BOOL = 3;
  readonly TF_ATTR_TYPE = 4;
  readonly tensors = new Map<number, Tensor>();
  readonly #tf32: boolean;
  #next = 1;

  constructor(tf32: boolean) {
    this.#tf32 = tf32;
  }

  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array): number {
    if (data instanceof Float32Array !== (dtype === FLOAT)) throw new Error("Tensor type does not match typed array");
    if (data.length !== size(shape)) throw new Error(`Shape does not match typed-array in bindData() (num_elements=${size(shape)}, array_length=${data.length})`);
    return this.put({ dtype, shape: [...shape], re: Float64Array.from(data) }).id;
  }
  deleteTensor(id: number): void {
    if (!this.tensors.delete(id)) throw new Error(`Delete called on a Tensor not referenced (tensor_id: ${id})`);
  }
  tensorDataSync(id: number): ArrayLike<number> {
    const x = this.get(id);
    if (x.dtype !== FLOAT && x.dtype !== INT32) throw new Error(`Unsupported TF_DataType: ${x.dtype}`);
    return x.dtype === FLOAT ? new Float32Array(x.re) : new Int32Array(x.re);
  }
  executeOp(name: string, attributes: readonly NodeAttribute[], ids: readonly number[]): readonly NodeTensor[] {
    const inputs = ids.map((id) => this.get(id));
    const a = new Map(attributes.map((x) => [x.name, x.value]));
    for (const [attribute, positions] of Object.entries(TYPES[name] ?? { T: inputs.map((_, k) => k) }))
      for (const k of positions) if (inputs[k]!.dtype !== a.get(attribute)) throw new Error(`${name}: ${attribute} = ${String(a.get(attribute))}, input ${k} has type ${inputs[k]!.dtype}`);
    return [this.put(this.#evaluate(name, a, inputs))];
  }
  get(id: number): Tensor {
    const x = this.tensors.get(id);
    if (!x) throw new Error(`tensor ${id} has been deleted`);
    return x;
  }
  put(x: Tensor): NodeTensor {
    const round = (p: Float64Array): Float64Array => (x.dtype === FLOAT || x.dtype === COMPLEX64 ? Float64Array.from(new Float32Array(p)) : p);
    this.tensors.set(this.#next, { ...x, re: round(x.re), ...(x.im ? { im: round(x.im) } : {}) });
    return { id: this.#next++, shape: x.shape, dtype: x.dtype };
  }

  #evaluate(name: string, a: ReadonlyMap<string, number | boolean>, inputs: readonly Tensor[]): Tensor {
    const [x, y, z] = inputs as [Tensor, Tensor, Tensor];
    const { dtype, shape } = x;
    if (UNARY[name]) return { dtype, shape, re: x.re.map(UNARY[name]) };
    if (BINARY[name] || name === "Greater" || name === "SelectV2") {
      const b = broadcast(inputs.map((t) => t.shape));
      const v = (k: number, n: number): number => inputs[k]!.re[b.at(n, k)]!;
      const f = name === "SelectV2" ? (n: number) => (v(0, n) !== 0 ? v(1, n) : v(2, n)) : name === "Greater" ? (n: number) => Number(v(0, n) > v(1, n)) : (n: number) => BINARY[name]!(v(0, n), v(1, n));
      if (name === "SelectV2" && dtype !== BOOL) throw new Error("SelectV2: expected a bool condition");
      return { dtype: name === "Greater" ? BOOL : name === "SelectV2" ? y.dtype : dtype, shape: b.shape, re: Float64Array.from({ length: size(b.shape) }, (_, n) => f(n)) };
    }
    switch (name) {
      case "Cast":
        return { dtype: a.get("DstT") as number, shape, re: x.re };
      case "Complex":
        return { dtype: a.get("Tout") as number, shape, re: x.re, im: y.re };
      case "Real":
      case "Imag":
        return { dtype: a.get("Tout") as number, shape, re: name === "Real" ? x.re : x.im! };
      case "Reshape":
        return { dtype, shape: [...y.re], re: x.re };
      case "BatchMatMulV2":
        return this.#product(x, y);
    }
    // what remains moves elements: position in the result -> position in an input
    const move = (out: readonly number[], from: (index: number[]) => number, source = x): Tensor => ({
      dtype,
      shape: out,
      re: Float64Array.from({ length: size(out) }, (_, n) => {
        const index: number[] = [];
        for (let d = out.length - 1; d >= 0; d--) {
          index[d] = n % out[d]!;
          n = Math.floor(n / out[d]!);
        }
        return source.re[from(index)]!;
      }),
    });
    const flat = (s: readonly number[], index: readonly number[]): number => index.reduce((n, i, d) => n * s[d]! + i, 0);
    switch (name) {
      case "Transpose":
        return move([...y.re].map((p) => shape[p]!), (index) => flat(shape, shape.map((_, d) => index[y.re.indexOf(d)]!)));
      case "Slice":
        return move([...z.re], (index) => flat(shape, index.map((i, d) => i + y.re[d]!)));
      case "GatherV2":
        return move(shape.map((L, d) => (d === z.re[0] ? y.re.length : L)), (index) => flat(shape, index.map((i, d) => (d === z.re[0] ? y.re[i]! : i))));
      case "Sum": {
        const out = shape.map((L, d) => (y.re.includes(d) ? 1 : L));
        const b = broadcast([shape, out]);
        const re = new Float64Array(size(out));
        x.re.forEach((v, n) => (re[b.at(n, 1)]! += v));
        return { dtype, shape: out, re };
      }
      case "ConcatV2": {
        const list = inputs.slice(0, -1);
        const axis = inputs[inputs.length - 1]!.re[0]!;
        if (a.get("N") !== list.length) throw new Error("ConcatV2: N differs from the number of inputs");
        const out = shape.map((L, d) => (d === axis ? list.reduce((s, t) => s + t.shape[d]!, 0) : L));
        const all = Float64Array.from(list.flatMap((t) => [...t.re]));
        const starts = list.map((_, k) => list.slice(0, k).reduce((s, t) => s + t.re.length, 0));
        return move(out, (index) => {
          let [i, k] = [index[axis]!, 0];
          while (i >= list[k]!.shape[axis]!) i -= list[k++]!.shape[axis]!;
          return starts[k]! + flat(list[k]!.shape, index.map((j, d) => (d === axis ? i : j)));
        }, { dtype, shape: [all.length], re: all });
      }
      default:
        throw new Error(`Op type not registered '${name}'`);
    }
  }

  #product(x: Tensor, y: Tensor): Tensor {
    const [B, n, m] = x.shape as [number, number, number];
    const p = y.shape[2]!;
    const r = this.#tf32 ? toTf32 : (v: number): number => v;
    const part = (t: Float64Array | undefined, k: number): number => r(t?.[k] ?? 0);
    const [re, im] = [new Float64Array(B * n * p), new Float64Array(B * n * p)];
    for (let v = 0; v < B; v++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < p; j++)
          for (let k = 0; k < m; k++) {
            const [s, t, o] = [(v * n + i) * m + k, (v * m + k) * p + j, (v * n + i) * p + j];
            re[o]! += part(x.re, s) * part(y.re, t) - part(x.im, s) * part(y.im, t);
            im[o]! += part(x.re, s) * part(y.im, t) + part(x.im, s) * part(y.re, t);
          }
    return { dtype: x.dtype, shape: [B, n, p], re, ...(x.im ? { im } : {}) };
  }
}

/** The part of a node package's API that the backend uses, over the raw ops. */
export function fakeNodeModule(options: { gpu?: boolean; tf32?: boolean } = {}): TfModule & { readonly binding: FakeBinding } {
  const binding = new FakeBinding(options.tf32 ?? false);
  interface Handle extends TfTensor, NodeTensor {}
  const handle = (t: NodeTensor): Handle => {
    let open = true;
    const dispose = (): void => {
      if (open) binding.deleteTensor(t.id);
      open = false;
    };
    return { ...t, dispose, dataSync: () => binding.tensorDataSync(t.id), data: () => Promise.resolve(binding.tensorDataSync(t.id)) };
  };
  const id = (x: TfTensor): number => (x as Handle).id;
  const type = (name: string, value: number): NodeAttribute => ({ name, type: 4, value });
  const run = (name: string, attributes: readonly NodeAttribute[], xs: readonly TfTensor[]): Handle => handle(binding.executeOp(name, attributes, xs.map(id))[0]!);
  const op = (name: string) => (...xs: TfTensor[]) => run(name, [type("T", (xs[0] as Handle).dtype)], xs);
  const ints = (v: readonly number[], shape = [v.length]): Handle => handle({ id: binding.createTensor(shape, INT32, Int32Array.from(v)), shape, dtype: INT32 });
  const withInts = (name: string, attribute: string, x: TfTensor, lists: readonly (readonly number[])[], more: readonly NodeAttribute[] = []): Handle => {
    const extra = lists.map((v) => ints(v));
    const out = run(name, [type("T", (x as Handle).dtype), type(attribute, INT32), ...more], [x, ...extra]);
    for (const e of extra) e.dispose();
    return out;
  };
  const product = op("BatchMatMulV2");
  const backend: NodeKernelBackend = { binding, isUsingGpuDevice: options.gpu ?? false, executeSingleOutput: run };
  return {
    binding,
    version: { "tfjs-core": "4.22.0" },
    tensor: (values, shape, dtype) => handle({ id: binding.createTensor(shape, dtype === "int32" ? INT32 : FLOAT, values), shape, dtype: dtype === "int32" ? INT32 : FLOAT }),
    add: op("AddV2"), sub: op("Sub"), mul: op("Mul"), div: op("RealDiv"), maximum: op("Maximum"), atan2: op("Atan2"), greater: op("Greater"),
    neg: op("Neg"), sqrt: op("Sqrt"), abs: op("Abs"), sin: op("Sin"), cos: op("Cos"), tan: op("Tan"), tanh: op("Tanh"), exp: op("Exp"), log: op("Log"),
    complex: (x, y) => run("Complex", [type("T", FLOAT), type("Tout", COMPLEX64)], [x, y]),
    real: (x) => run("Real", [type("T", COMPLEX64), type("Tout", FLOAT)], [x]),
    imag: (x) => run("Imag", [type("T", COMPLEX64), type("Tout", FLOAT)], [x]),
    where: (c, x, y) => run("SelectV2", [type("T", FLOAT)], [c, x, y]),
    gather: () => {
      throw new Error("the public gather reads its indices back at every call");
    },
    matMul: (x, y) => product(x, y),
    concat: (xs, axis) => {
      const at = ints([axis], []);
      const out = run("ConcatV2", [{ name: "N", type: 1, value: xs.length }, type("T", FLOAT)], [...xs, at]);
      at.dispose();
      return out;
    },
    reshape: (x, shape) => withInts("Reshape", "Tshape", x, [shape]),
    slice: (x, begin, s) => withInts("Slice", "Index", x, [begin, s]),
    transpose: (x, p) => withInts("Transpose", "Tperm", x, [p]),
    sum: (x, axes) => withInts("Sum", "Tidx", x, [axes]),
    memory: () => ({ numTensors: binding.tensors.size, numBytes: [...binding.tensors.values()].reduce((s, t) => s + 4 * t.re.length, 0) }),
    env: () => ({ set: () => undefined }),
    getBackend: () => "tensorflow",
    setBackend: () => Promise.resolve(true),
    backend: () => backend,
  };
}

