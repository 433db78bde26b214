/** Fields of one lattice as arrays of a TensorFlow.js engine. Scalars stay on the host, in float64, or are open until somebody reads them. */
import { type CompileOptions, type Executable, type Lattice, type Program, type Storage, type ValueType, components } from "../../autograd/index.ts";
import type { Arrays, DeviceArray, LoadedEngine, Numbers } from "../../backend/index.ts";
import type { SolverEngine } from "../solve/solver-programs.ts";
import type { Pending } from "./pending.ts";
import { FieldStore } from "./store.ts";

/** A field or scalar of this engine. Arrays are immutable, so fields may share them: a field is member `at` of those that stand one after the other. */
export interface TfjsStorage extends Storage {
  readonly type: ValueType;
  /** Undefined stands for zero. */
  value: number | Numbers | Pending | undefined;
  /** Member of the numbers, or item of the open ones. */
  at: number;
  /** Fields that are used together: those that were set one by one are joined when a program uses them. */
  group?: readonly TfjsStorage[];
}

/** Most reals that stand one after the other: on engines that start kernels, where memory is the limit, and on those that compute in the caller's thread. */
const [DEVICE_REALS, HOST_REALS] = [2 ** 27, 2 ** 15];

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
  /** Numbers that nobody has read yet. */
  readonly pending = new Set<Pending>();
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

  /** Fields of a type that are computed at once: one call for several is worth it while making a call takes longer than what it does. */
  fieldsAtOnce(type: ValueType): number {
    const most = this.store.formulation.packed ? DEVICE_REALS : HOST_REALS;
    return Math.max(1, Math.floor(most / (components(type) * this.lattice.volume)));
  }

  allocate(type: ValueType): TfjsStorage {
    const storage: TfjsStorage = { type, value: undefined, at: 0, bytes: this.bytes(type), dispose: () => this.assign(storage, undefined) };
    return storage;
  }

  allocateGroup(types: readonly ValueType[]): TfjsStorage[] {
    const group = types.map((t) => this.allocate(t));
    // what a program computes for one field at a time is not joined either
    if (group.length > 1 && types.every((t) => t.kind === "matrix" && this.fieldsAtOnce(t) >= types.length)) for (const s of group) s.group = group;
    return group;
  }

  /** Makes a storage hold a value. */
  assign(to: TfjsStorage, value: TfjsStorage["value"], at = 0): void {
    if (typeof value === "object") value.retain();
    if (typeof to.value === "object") to.value.release();
    to.value = value;
    to.at = at;
  }

  /** The numbers of which a field is member `at`. */
  numbersOf(from: TfjsStorage): Numbers {
    if (from.value === undefined) this.write(from, from.type, new Float64Array(components(from.type) * this.lattice.volume));
    if (from.group) this.#join(from.group);
    return from.value as Numbers;
  }

  /** Lets the fields of a group stand one after the other, if each stands alone. */
  #join(group: readonly TfjsStorage[]): void {
    const { layout } = this.store;
    const alone = group.map(({ value }) => value).filter((x): x is Numbers => typeof x === "object" && layout.count(x as Numbers) === 1);
    if (alone.length < group.length) return;
    const held = alone.map((x) => this.store.hold(x));
    const bound = alone.reduce((s, x) => Math.max(s, x.bound), 0);
    const joined = held[0]!.with(held[0]!.parts.map((_, p) => this.arrays.concat(held.map((x) => x.parts[p]!), layout.site)), bound);
    group.forEach((s, at) => this.assign(s, joined, at));
    this.arrays.sweep(0, []);
  }

  /** The numbers of a field alone, or the number of a scalar; arrays made here belong to the session. */
  valueOf(b: Arrays, from: TfjsStorage): number | Numbers {
    return from.type.kind === "scalar" ? this.readScalar(from) : this.store.layout.member(b, this.numbersOf(from), from.at);
  }

  write(to: Storage, type: ValueType, data: Float64Array): void {
    if (type.kind === "scalar") return this.writeScalar(to, data[0]!);
    const value = this.store.layout.upload(this.arrays, type, data);
    this.assign(to as TfjsStorage, value);
    this.arrays.sweep(0, []);
  }

  read(from: Storage, type: ValueType, out: Float64Array): void {
    if (type.kind === "scalar") out[0] = this.readScalar(from);
    else if ((from as TfjsStorage).value === undefined) out.fill(0);
    else {
      this.store.layout.unpack(type, this.#parts(from as TfjsStorage).map((a) => this.arrays.download(a)), out);
      this.arrays.sweep(0, []);
    }
  }

  /** As `read`, for engines that read asynchronously only. */
  async readAsync(from: Storage, type: ValueType, out: Float64Array): Promise<void> {
    const { value } = from as TfjsStorage;
    if (type.kind === "scalar") {
      if (typeof value === "object") await (value as Pending).known();
      out[0] = this.readScalar(from);
    } else if (value === undefined) out.fill(0);
    else {
      const parts = this.#parts(from as TfjsStorage);
      for (const a of parts) this.arrays.retain(a);
      try {
        this.store.layout.unpack(type, await Promise.all(parts.map((a) => this.arrays.downloadAsync(a))), out);
      } finally {
        for (const a of parts) this.arrays.release(a);
      }
    }
  }

  /** Real and imaginary part of a field. */
  #parts(from: TfjsStorage): DeviceArray[] {
    const x = this.store.layout.member(this.arrays, from.value as Numbers, from.at);
    return x.real ? [x.re] : [x.re, x.im];
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
    this.assign(to as TfjsStorage, x);
  }

  readScalar(from: Storage): number {
    const s = from as TfjsStorage;
    if (typeof s.value === "object") this.assign(s, (s.value as Pending).number(s.at));
    return (s.value as number | undefined) ?? 0;
  }

  copy(from: readonly Storage[], to: readonly Storage[]): void {
    (from as readonly TfjsStorage[]).forEach((x, k) => this.assign(to[k] as TfjsStorage, x.value, x.at));
  }

  abstract compile(program: Program, options?: CompileOptions): Executable;

  abstract operator(key: string, make: () => Program): Executable;
}
