/** The part of a TensorFlow.js module in use, typed here because the packages are optional. */

export interface TfTensor {
  readonly shape: readonly number[];
  dispose(): void;
  dataSync(): ArrayLike<number>;
  data(): Promise<ArrayLike<number>>;
}

type Binary = (a: TfTensor, b: TfTensor) => TfTensor;
type Unary = (a: TfTensor) => TfTensor;

export interface TfModule {
  readonly version_core?: string;
  readonly version?: { readonly [name: string]: string };
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype: "float32" | "int32"): TfTensor;
  add: Binary;
  sub: Binary;
  mul: Binary;
  div: Binary;
  maximum: Binary;
  atan2: Binary;
  greater: Binary;
  neg: Unary;
  sqrt: Unary;
  abs: Unary;
  sin: Unary;
  cos: Unary;
  tan: Unary;
  tanh: Unary;
  exp: Unary;
  log: Unary;
  where(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor;
  gather(x: TfTensor, indices: TfTensor, axis: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  concat(xs: readonly TfTensor[], axis: number): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  transpose(x: TfTensor, permutation: readonly number[]): TfTensor;
  sum(x: TfTensor, axes: readonly number[], keepDims: boolean): TfTensor;
  memory(): { readonly numTensors: number; readonly numBytes: number };
  env(): { set(flag: string, value: boolean | number): void };
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  backend(): unknown;
}

/** Attribute of a raw op. */
export interface NodeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** Tensor of the node addon: a number that stands for a TensorFlow handle. */
export interface NodeTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** The native addon of tfjs-node and tfjs-node-gpu. */
export interface NodeBinding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayLike<number>;
  executeOp(name: string, attributes: readonly NodeAttribute[], inputs: readonly number[], outputs: number): readonly NodeTensor[];
}

/** What `tf.backend()` is in the node packages. */
export interface NodeKernelBackend {
  readonly binding: NodeBinding;
  readonly isUsingGpuDevice: boolean;
}
