/**
 * A stand-in for the node packages: the raw ops that the backend calls, in float64 on the host, with TensorFlow's attribute and type rules
 * enforced. It shows that the calls are well formed and the arithmetic around them is right; it cannot show what a real libtensorflow does.
 */
import type { NodeAttribute, NodeBinding, NodeKernelBackend, NodeTensor, TfModule } from "../../src/backend/tfjs/tf.ts";

const [FLOAT, INT32, BOOL, COMPLEX64, COMPLEX128] = [1, 3, 10, 8, 18];

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
  Transpose: { T: [0], Tperm: [1] }, ConjugateTranspose: { T: [0], Tperm: [1] }, Conj: { T: [0] }, Sum: { T: [0], Tidx: [1] }, ConcatV2: {},
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
    const parts = (f: (p: Float64Array) => Float64Array): Tensor => ({ dtype, shape, re: f(x.re), ...(x.im ? { im: f(x.im) } : {}) });
    if (UNARY[name]) {
      if (x.im && name !== "Neg") throw new Error(`${name}: not for complex numbers`);
      return parts((p) => p.map(UNARY[name]!));
    }
    if (BINARY[name] || name === "Greater" || name === "SelectV2") return this.#elementwise(name, inputs);
    switch (name) {
      case "Cast": {
        const to = a.get("DstT") as number;
        return { dtype: to, shape, re: x.re, ...(x.im || to === COMPLEX64 || to === COMPLEX128 ? { im: x.im ?? new Float64Array(x.re.length) } : {}) };
      }
      case "Complex":
        return { dtype: a.get("Tout") as number, shape, re: x.re, im: y.re };
      case "Real":
      case "Imag":
        return { dtype: a.get("Tout") as number, shape, re: name === "Real" ? x.re : x.im! };
      case "Conj":
        return { ...x, im: x.im!.map((v) => -v) };
      case "Reshape":
        return { ...x, shape: [...y.re] };
      case "BatchMatMulV2":
        return this.#product(x, y, a.get("adj_x") as boolean, a.get("adj_y") as boolean);
    }
    // what remains moves elements: position in the result -> position in an input
    const move = (out: readonly number[], from: (index: number[]) => number, source = x, sign = 1): Tensor => {
      const at = Int32Array.from({ length: size(out) }, (_, n) => {
        const index: number[] = [];
        for (let d = out.length - 1; d >= 0; d--) {
          index[d] = n % out[d]!;
          n = Math.floor(n / out[d]!);
        }
        return from(index);
      });
      const pick = (p: Float64Array, s: number): Float64Array => Float64Array.from(at, (k) => s * p[k]!);
      return { dtype, shape: out, re: pick(source.re, 1), ...(source.im ? { im: pick(source.im, sign) } : {}) };
    };
    const flat = (s: readonly number[], index: readonly number[]): number => index.reduce((n, i, d) => n * s[d]! + i, 0);
    switch (name) {
      case "Transpose":
      case "ConjugateTranspose":
        return move([...y.re].map((p) => shape[p]!), (index) => flat(shape, shape.map((_, d) => index[y.re.indexOf(d)]!)), x, name === "Transpose" ? 1 : -1);
      case "Slice":
        return move([...z.re], (index) => flat(shape, index.map((i, d) => i + y.re[d]!)));
      case "GatherV2":
        return move(shape.map((L, d) => (d === z.re[0] ? y.re.length : L)), (index) => flat(shape, index.map((i, d) => (d === z.re[0] ? y.re[i]! : i))));
      case "Sum": {
        const kept = shape.map((L, d) => (y.re.includes(d) ? 1 : L));
        const b = broadcast([shape, kept]);
        const sum = (p: Float64Array): Float64Array => {
          const s = new Float64Array(size(kept));
          p.forEach((v, n) => (s[b.at(n, 1)]! += v));
          return s;
        };
        return { ...parts(sum), shape: a.get("keep_dims") ? kept : shape.filter((_, d) => !y.re.includes(d)) };
      }
      case "ConcatV2": {
        const list = inputs.slice(0, -1);
        const axis = inputs[inputs.length - 1]!.re[0]!;
        if (a.get("N") !== list.length) throw new Error("ConcatV2: N differs from the number of inputs");
        const out = shape.map((L, d) => (d === axis ? list.reduce((s, t) => s + t.shape[d]!, 0) : L));
        if (list.some((t) => t.dtype !== dtype || a.get("T") !== dtype)) throw new Error("ConcatV2: inputs of different types");
        const all = (part: (t: Tensor) => Float64Array): Float64Array => Float64Array.from(list.flatMap((t) => [...part(t)]));
        const source: Tensor = { dtype, shape: [], re: all((t) => t.re), ...(x.im ? { im: all((t) => t.im!) } : {}) };
        const starts = list.map((_, k) => list.slice(0, k).reduce((s, t) => s + t.re.length, 0));
        return move(out, (index) => {
          let [i, k] = [index[axis]!, 0];
          while (i >= list[k]!.shape[axis]!) i -= list[k++]!.shape[axis]!;
          return starts[k]! + flat(list[k]!.shape, index.map((j, d) => (d === axis ? i : j)));
        }, source);
      }
      default:
        throw new Error(`Op type not registered '${name}'`);
    }
  }

  #elementwise(name: string, inputs: readonly Tensor[]): Tensor {
    const b = broadcast(inputs.map((t) => t.shape));
    const length = size(b.shape);
    const at = (k: number, part: "re" | "im", n: number): number => inputs[k]![part]![b.at(n, k)]!;
    const make = (dtype: number, f: (n: number) => number, g?: (n: number) => number): Tensor => ({ dtype, shape: b.shape, re: Float64Array.from({ length }, (_, n) => f(n)), ...(g ? { im: Float64Array.from({ length }, (_, n) => g(n)) } : {}) });
    const { dtype } = inputs[0]!;
    if (name === "SelectV2") {
      if (dtype !== BOOL) throw new Error("SelectV2: expected a bool condition");
      const pick = (part: "re" | "im") => (n: number) => (at(0, "re", n) !== 0 ? at(1, part, n) : at(2, part, n));
      return make(inputs[1]!.dtype, pick("re"), inputs[1]!.im && pick("im"));
    }
    if (name === "Greater") return make(BOOL, (n) => Number(at(0, "re", n) > at(1, "re", n)));
    const f = BINARY[name]!;
    if (!inputs[0]!.im) return make(dtype, (n) => f(at(0, "re", n), at(1, "re", n)));
    if (name === "AddV2" || name === "Sub") return make(dtype, (n) => f(at(0, "re", n), at(1, "re", n)), (n) => f(at(0, "im", n), at(1, "im", n)));
    if (name !== "Mul") throw new Error(`${name}: not for complex numbers here`);
    return make(dtype, (n) => at(0, "re", n) * at(1, "re", n) - at(0, "im", n) * at(1, "im", n), (n) => at(0, "re", n) * at(1, "im", n) + at(0, "im", n) * at(1, "re", n));
  }

  #product(x: Tensor, y: Tensor, adjointX: boolean, adjointY: boolean): Tensor {
    const [B, x1, x2] = x.shape as [number, number, number];
    const [n, m] = adjointX ? [x2, x1] : [x1, x2];
    const p = y.shape[adjointY ? 1 : 2]!;
    if (y.shape[0] !== B || y.shape[adjointY ? 2 : 1] !== m) throw new Error(`BatchMatMulV2: incompatible shapes [${x.shape.join()}] and [${y.shape.join()}]`);
    const r = this.#tf32 ? toTf32 : (v: number): number => v;
    const part = (t: Float64Array | undefined, k: number): number => r(t?.[k] ?? 0);
    const [re, im] = [new Float64Array(B * n * p), new Float64Array(B * n * p)];
    const [sx, sy] = [adjointX ? -1 : 1, adjointY ? -1 : 1];
    for (let v = 0; v < B; v++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < p; j++)
          for (let k = 0; k < m; k++) {
            const s = adjointX ? (v * m + k) * n + i : (v * n + i) * m + k;
            const t = adjointY ? (v * p + j) * m + k : (v * m + k) * p + j;
            const o = (v * n + i) * p + j;
            re[o]! += part(x.re, s) * part(y.re, t) - sx * part(x.im, s) * sy * part(y.im, t);
            im[o]! += part(x.re, s) * sy * part(y.im, t) + sx * part(x.im, s) * part(y.re, t);
          }
    return { dtype: x.dtype, shape: [B, n, p], re, ...(x.im ? { im } : {}) };
  }
}

/** The part of a node package that the backend uses: its addon. */
export function fakeNodeModule(options: { gpu?: boolean; tf32?: boolean } = {}): TfModule & { readonly binding: FakeBinding } {
  const binding = new FakeBinding(options.tf32 ?? false);
  const backend: NodeKernelBackend = { binding, isUsingGpuDevice: options.gpu ?? false };
  const module = { binding, version: { "tfjs-core": "4.22.0" }, env: () => ({ set: () => undefined }), getBackend: () => "tensorflow", setBackend: () => Promise.resolve(true), backend: () => backend };
  return module as unknown as TfModule & { readonly binding: FakeBinding };
}
