/** Fields of one lattice as arrays of a TensorFlow.js engine. Scalars stay on the host, in float64. */
import { type CompileOptions, type Executable, type Lattice, type Program, type Storage, type ValueType, components } from "../../autograd/index.ts";
import type { Arrays, LoadedEngine } from "../../backend/index.ts";
import type { SolverEngine } from "../conjugate-gradient.ts";
import { type Value, arraysOf } from "./layout.ts";
import { FieldStore } from "./store.ts";

/** A field or scalar of this engine. Arrays are immutable, so fields may share them. */
export interface TfjsStorage extends Storage {
  readonly type: ValueType;
  /** Undefined stands for zero. */
  value: Value | undefined;
}

/** What a lattice that was collected leaves on the device. */
const reclaim = new FinalizationRegistry<readonly (() => void)[]>((releases) => {
  for (const release of releases) release();
});

export abstract class TfjsMachine implements SolverEngine {
  readonly name = "tfjs";
  readonly lattice: Lattice;
  readonly loaded: LoadedEngine;
  readonly arrays: Arrays;
  readonly store: FieldStore;
  /** What is given back when the lattice is collected. */
  protected readonly releases: (() => void)[];

  constructor(lattice: Lattice, loaded: LoadedEngine) {
    this.lattice = lattice;
    this.loaded = loaded;
    this.arrays = loaded.arrays.session();
    this.store = new FieldStore(lattice, loaded.arrays, loaded.formulation);
    this.releases = [this.store.release];
    reclaim.register(this, this.releases);
  }

  /** Bytes of a value on the device. */
  bytes(type: ValueType): number {
    return type.kind === "scalar" ? 0 : (this.loaded.precision === "f64" ? 8 : 4) * components(type) * this.lattice.volume;
  }

  allocate(type: ValueType): TfjsStorage {
    const storage: TfjsStorage = { type, value: undefined, bytes: this.bytes(type), dispose: () => this.assign(storage, undefined) };
    return storage;
  }

  allocateGroup(types: readonly ValueType[]): TfjsStorage[] {
    return types.map((t) => this.allocate(t));
  }

  /** Makes a storage hold a value. */
  assign(to: TfjsStorage, value: Value | undefined): void {
    if (value !== undefined) for (const a of arraysOf(value)) this.arrays.retain(a);
    if (to.value !== undefined) for (const a of arraysOf(to.value)) this.arrays.release(a);
    to.value = value;
  }

  valueOf(from: TfjsStorage): Value {
    if (from.value === undefined) {
      if (from.type.kind === "scalar") return 0;
      this.write(from, from.type, new Float64Array(components(from.type) * this.lattice.volume));
    }
    return from.value!;
  }

  write(to: Storage, type: ValueType, data: Float64Array): void {
    if (type.kind === "scalar") return this.writeScalar(to, data[0]!);
    const value = this.store.layout.upload(this.arrays, type, data);
    this.assign(to as TfjsStorage, value);
    this.arrays.sweep(0, []);
  }

  read(from: Storage, type: ValueType, out: Float64Array): void {
    const { value } = from as TfjsStorage;
    if (value === undefined) out.fill(0);
    else if (typeof value === "number") out[0] = value;
    else this.store.layout.unpack(type, arraysOf(value).map((a) => this.arrays.download(a)), out);
  }

  /** As `read`, for engines that read asynchronously only. */
  async readAsync(from: Storage, type: ValueType, out: Float64Array): Promise<void> {
    const { value } = from as TfjsStorage;
    if (value === undefined) out.fill(0);
    else if (typeof value === "number") out[0] = value;
    else this.store.layout.unpack(type, await Promise.all(arraysOf(value).map((a) => this.arrays.downloadAsync(a))), out);
  }

  writeSites(to: Storage, type: ValueType, sites: Int32Array, data: Float64Array, offset: number, stride: number): void {
    const n = components(type);
    const all = new Float64Array(n * this.lattice.volume);
    this.read(to, type, all);
    sites.forEach((site, k) => {
      for (let c = 0; c < n; c++) all[site * n + c] = data[offset + k * stride + c]!;
    });
    this.write(to, type, all);
  }

  readSites(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void {
    const n = components(type);
    const all = new Float64Array(n * this.lattice.volume);
    this.read(from, type, all);
    sites.forEach((site, k) => {
      for (let c = 0; c < n; c++) out[offset + k * stride + c] = all[site * n + c]!;
    });
  }

  writeScalar(to: Storage, x: number): void {
    (to as TfjsStorage).value = x;
  }

  readScalar(from: Storage): number {
    return ((from as TfjsStorage).value as number | undefined) ?? 0;
  }

  copy(from: Storage, to: Storage): void {
    this.assign(to as TfjsStorage, (from as TfjsStorage).value);
  }

  abstract compile(program: Program, options?: CompileOptions): Executable;

  abstract operator(key: string, make: () => Program): Executable;
}
