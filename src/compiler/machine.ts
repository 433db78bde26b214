/** What the kernels of one lattice work on: fields in blocks of sites, neighbour tables, scratch memory of threads. */
import {
  type CompileOptions, type Displacement, type Domain, type Engine, type Executable, type HostSites, type Lattice, type Program, type Storage, type ValueType, components, domainOf, isQuaternion, isShared, realsOf, storedComponents,
} from "../autograd/index.ts";
import { FieldMemory, type Handle, Heap, type Layout, type Part, makeLayout } from "../backend/index.ts";
import { BackendError } from "../errors.ts";
import { BoxSites, Halos, gatherSites, localLayout } from "#platform/compiler/divide/divided";
import { copyFields } from "./copies.ts";
import { debugKernels } from "./debug.ts";
import type { Emitter, LoopDomain, LoopOrder, Replay } from "./emitter.ts";
import { tensorLength } from "./ir.ts";
import { chunkBlocks } from "./kernels.ts";
import { expectQuaternion, secondRow } from "./quaternion-rows.ts";
import type { MicroKernel } from "./scalar.ts";

/** Memory of a field: a byte address in the lattice's heap and the bytes from one block of sites to the next. */
export interface HeapStorage extends Storage {
  readonly address: number;
  readonly stride: number;
  /** Absent where the memory stays in its place: `use` is then not needed before its address is. */
  readonly handle?: Handle;
  /** On a divided lattice, the reads of ghost blocks that are up to date: see halos.ts. Whatever writes the field clears it. */
  readonly fresh?: Set<number>;
}

/** A field of a caller's, whose group may leave the heap while it is idle. */
class MovingStorage implements HeapStorage {
  readonly bytes: number;
  readonly stride: number;
  readonly handle: Handle;
  readonly collected = true;
  readonly fresh?: Set<number>;
  readonly #memory: FieldMemory;
  readonly #offset: number;
  #mine = true;

  constructor(memory: FieldMemory, handle: Handle, offset: number, stride: number, bytes: number, divided: boolean) {
    if (divided) this.fresh = new Set();
    this.#memory = memory;
    this.handle = handle;
    this.#offset = offset;
    this.stride = stride;
    this.bytes = bytes;
  }

  get address(): number {
    return this.#memory.touch(this.handle) + this.#offset;
  }

  dispose(): void {
    if (this.#mine) this.#memory.release(this.handle);
    this.#mine = false;
  }
}

/** Links of the samples that lists of launches are walked for at a time, for each thread: what a force of SU(2) keeps for so many stays in a second-level cache of 1 MiB. */
const TILE_LINKS = 1024;

export abstract class Machine implements Engine {
  readonly name: string;
  readonly lattice: Lattice;
  readonly emitter: Emitter;
  readonly heap: Heap;
  readonly memory: FieldMemory;
  readonly layout: Layout;
  readonly microKernels = new Map<string, MicroKernel>();
  readonly #tables = new Map<string, number>();
  readonly #operators = new Map<string, Executable>();
  /** This rank's part of a divided lattice. */
  readonly part: Part | undefined;
  readonly halos: Halos | undefined;
  #ownSites: Int32Array | undefined;
  /** Milliseconds spent in exchanges and in sums over ranks. */
  exchangeTime = 0;
  #scratch = { address: 0, bytes: 0 };

  /** @throws BackendError for a lattice on which no field fits. */
  constructor(lattice: Lattice, emitter: Emitter, part?: Part) {
    this.name = emitter.name;
    this.lattice = lattice;
    this.emitter = emitter;
    this.heap = new Heap(emitter.memory(), emitter.single ? 4 : 8);
    const least = (this.heap.realBytes * lattice.volume * lattice.batch) / (part?.comm.size ?? 1);
    if (least > this.heap.limit) throw new BackendError(`lattice ${lattice}: one number a site takes ${least} bytes, backend ${emitter.name} holds at most ${this.heap.limit}: use smaller extents${emitter.name === "wasm" ? ", or backend native, which the memory of the machine bounds" : ""}`);
    this.memory = new FieldMemory(this.heap, String(lattice));
    this.part = part;
    const local = part && localLayout(lattice, emitter.lanes, part);
    this.layout = local ?? makeLayout(lattice, emitter.lanes);
    this.halos = local && new Halos(local.halo, lattice);
  }

  /** Bytes of a field or scalar. */
  bytes(type: ValueType, ghosts = this.layout.halo?.standard ?? 0): number {
    return this.blockBytes(type) * (this.blocksOf(type) + (type.kind === "scalar" || type.kind === "tensor" ? 0 : ghosts));
  }

  /** Blocks of a field or scalar. */
  blocksOf(type: ValueType): number {
    if (type.kind === "scalar") return isShared(type) ? 1 : this.layout.scalarBlocks;
    if (type.kind === "tensor") return Math.ceil(realsOf(this.lattice, type) / this.layout.width);
    return this.layout.blocks;
  }

  /** Bytes that programs and solvers keep besides the fields of their callers, but for the scratch of threads. */
  get programBytes(): number {
    return this.memory.fixed - this.#scratch.bytes * this.emitter.threads;
  }

  /** Bytes of one block of sites. */
  blockBytes(type: ValueType): number {
    return this.heap.realBytes * this.layout.width * storedComponents(type);
  }

  /** Memory that stays in its place until it is disposed. */
  allocate(type: ValueType): HeapStorage {
    const bytes = this.bytes(type);
    const address = this.memory.allocate(bytes, "work fields");
    let live = true;
    return {
      address,
      stride: this.blockBytes(type),
      bytes,
      ...(this.part ? { fresh: new Set<number>() } : {}),
      dispose: () => {
        if (live) this.memory.free(address, bytes, "work fields");
        live = false;
      },
    };
  }

  /** Fields that are used together, block by block side by side: fewer streams through memory. Freed when the last one is. */
  allocateGroup(types: readonly ValueType[]): HeapStorage[] {
    const strides = types.map((t) => this.blockBytes(t));
    const stride = strides.reduce((s, x) => s + x, 0);
    const bytes = types.reduce((s, t) => s + this.bytes(t), 0);
    const handle = this.memory.group(bytes, types.length, groupText(types));
    let at = 0;
    return types.map((t, k) => {
      const offset = at;
      at += strides[k]!;
      return new MovingStorage(this.memory, handle, offset, stride, this.bytes(t), this.part !== undefined);
    });
  }

  /** Brings fields to the heap together: their addresses hold until the next use begins. */
  use(fields: readonly Storage[], others: readonly Storage[] = []): void {
    this.memory.begin();
    for (let k = 0; k < fields.length; k++) this.#touch(fields[k] as HeapStorage);
    for (let k = 0; k < others.length; k++) this.#touch(others[k] as HeapStorage);
  }

  /** Before the host reads a value, or changes some of it, where kernels run in another memory. */
  attend(x: Storage, type: ValueType, change: boolean): void {
    const { address, stride } = x as HeapStorage;
    this.heap.mirror?.host(address, type.kind === "tensor" ? this.bytes(type) : stride * (this.blocksOf(type) - 1) + this.blockBytes(type), change);
  }

  #touch({ handle }: HeapStorage): void {
    if (handle) this.memory.touch(handle);
  }

  write(to: Storage, type: ValueType, data: Float64Array): void {
    // the address first: bringing a field back may grow the heap
    const at = (to as HeapStorage).address / this.heap.realBytes;
    if (type.kind === "tensor") {
      this.attend(to, type, true);
      this.heap.reals.set(data, at);
      return;
    }
    if (type.kind === "scalar") this.#scalars(to, type, data, true);
    else this.#write(to, type, undefined, data, 0, components(type));
  }

  read(from: Storage, type: ValueType, out: Float64Array): void {
    const at = (from as HeapStorage).address / this.heap.realBytes;
    if (type.kind === "tensor") {
      this.attend(from, type, false);
      out.set(this.heap.reals.subarray(at, at + realsOf(this.lattice, type)));
      return;
    }
    if (type.kind === "scalar") this.#scalars(from, type, out, false);
    else this.#read(from, type, undefined, out, 0, components(type));
  }

  writeSites(to: Storage, type: ValueType, sites: Int32Array, data: Float64Array, offset: number, stride: number): void {
    this.#write(to, type, sites, data, offset, stride);
  }

  readSites(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void {
    this.#read(from, type, sites, out, offset, stride);
  }

  readOwn(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void {
    this.#transfer(from, type, sites, out, offset, stride, false);
  }

  get ownSites(): Int32Array | undefined {
    if (this.part && !this.#ownSites) {
      const { position } = this.layout;
      this.#ownSites = Int32Array.from(position.keys()).filter((n) => position[n]! >= 0);
    }
    return this.#ownSites;
  }

  hostSites(size: number): HostSites | undefined {
    return this.part && new BoxSites(this.lattice, this.part, this.ownSites!, size);
  }

  /** A rank of a divided lattice keeps what is its own. */
  #write(to: Storage, type: ValueType, sites: Int32Array | undefined, data: Float64Array, offset: number, stride: number): void {
    (to as HeapStorage).fresh?.clear();
    this.#transfer(to, type, sites, data, offset, stride, true);
  }

  /** On a divided lattice every rank gets the sites of all; all of them have to ask. */
  #read(from: Storage, type: ValueType, sites: Int32Array | undefined, out: Float64Array, offset: number, stride: number): void {
    this.#transfer(from, type, sites, out, offset, stride, false);
    if (this.part && this.part.comm.size > 1) gatherSites(this.part.comm, this.layout.halo!, components(type), sites, out, offset, stride);
  }

  writeScalar(to: Storage, x: number): void {
    const { address } = to as HeapStorage;
    const { mirror, reals, realBytes } = this.heap;
    const [at, end] = [address / realBytes, (address + to.bytes) / realBytes];
    // a number that stays the same is not handed over again
    if (mirror?.has(address, to.bytes) && reals.subarray(at, end).every((y) => Object.is(y, x))) return;
    mirror?.host(address, to.bytes, true);
    reals.fill(x, at, end);
  }

  readScalar(from: Storage): number {
    // the address first: bringing the scalar back may grow the heap
    const { address } = from as HeapStorage;
    const at = address / this.heap.realBytes;
    this.heap.mirror?.host(address, 8, false);
    return this.heap.reals[at]!;
  }

  copy(from: readonly Storage[], to: readonly Storage[], types: readonly ValueType[]): void {
    this.use(from, to);
    copyFields(this, from as readonly HeapStorage[], to as readonly HeapStorage[], types);
  }

  abstract compile(program: Program, options?: CompileOptions): Executable;

  /** A sub-program of a solver, compiled once. */
  operator(key: string, make: () => Program): Executable {
    let e = this.#operators.get(key);
    if (!e) this.#operators.set(key, (e = this.compile(make())));
    return e;
  }

  /** Index, in 32-bit words, of the neighbour table of a displacement. */
  table(d: Displacement): number {
    const key = d.join(",");
    let at = this.#tables.get(key);
    if (at === undefined) {
      const t = this.layout.table(d);
      at = this.memory.allocate(4 * t.length, "neighbour tables") / 4;
      this.heap.mirror?.host(4 * at, 4 * t.length, true);
      this.heap.i32.set(t, at);
      this.#tables.set(key, at);
    }
    return at;
  }

  /** Writes an entry of a parameter table or list, the lower word first. */
  enter(entry: number, value: number): void {
    const { heap: { i32 }, emitter: { parameterWords } } = this;
    i32[entry] = value;
    if (parameterWords === 2) i32[entry + 1] = Math.floor(value / 2 ** 32);
  }

  /** Makes room for `reals` components of scratch in every thread. */
  reserveScratch(reals: number): void {
    const bytes = Math.ceil((this.heap.realBytes * this.layout.width * reals) / 64) * 64 + 64;
    if (bytes <= this.#scratch.bytes) return;
    if (this.#scratch.bytes > 0) this.memory.free(this.#scratch.address, this.#scratch.bytes * this.emitter.threads, "scratch");
    this.#scratch = { address: this.memory.allocate(bytes * this.emitter.threads, "scratch"), bytes };
  }

  /** Address of the scratch memory in the emitter's unit, and its bytes per thread. */
  get scratch(): { readonly address: number; readonly bytes: number } {
    return this.#scratch;
  }

  /** What runs launches together: nothing where each is looked at. */
  get replay(): Replay | undefined {
    return debugKernels() ? undefined : this.emitter.replay;
  }

  /** Blocks of a scalar that every sample has of its own whose samples lists of launches are walked for at a time. */
  get tile(): number {
    const { lattice: { volume, dim, batch }, layout: { scalarBlocks }, emitter: { threads } } = this;
    if (!this.replay || this.part) return scalarBlocks;
    return Math.min(scalarBlocks, threads * Math.max(1, Math.floor((TILE_LINKS * scalarBlocks) / (batch * volume * dim))));
  }

  /** Blocks of a field for these samples. */
  get tileBlocks(): number {
    return this.tile * this.layout.copiesPerScalar * this.layout.copyBlocks;
  }

  /** First and last+1 block of a domain; scalars have one. */
  range(domain: LoopDomain): readonly [number, number] {
    if (domain === "shared") return [0, 1];
    const length = tensorLength(domain);
    if (length !== undefined) return [0, Math.ceil(length / this.layout.width)];
    return domain === "one" ? [0, this.layout.scalarBlocks] : this.layout.range(domain as Domain);
  }

  order(domain: LoopDomain): LoopOrder {
    const [first, last] = this.range(domain);
    const { tile } = this;
    const chunk = domain === "one" && tile < this.layout.scalarBlocks ? tile : chunkBlocks(this.layout.siteLanes);
    const chunks = Math.ceil((last - first) / chunk);
    const copies = domain === "one" || domain === "shared" || tensorLength(domain) !== undefined ? 1 : this.layout.copies;
    return { first, last, half: domain === "all" && this.lattice.bipartite ? last / 2 : 0, copies, chunk, chunks };
  }

  /** The numbers of all samples, between memory and an array. */
  #scalars(storage: Storage, type: ValueType, data: Float64Array, write: boolean): void {
    if (isShared(type)) {
      if (write) this.writeScalar(storage, data[0]!);
      else data[0] = this.readScalar(storage);
      return;
    }
    const at = (storage as HeapStorage).address / this.heap.realBytes;
    this.attend(storage, type, write);
    for (let b = 0; b < this.lattice.batch; b++) {
      const from = at + this.layout.scalarAt(b);
      if (write) this.heap.reals.fill(data[b]!, from, from + this.layout.scalarLanes);
      else data[b] = this.heap.reals[from]!;
    }
  }

  /** Between memory and canonical data, for all sites or those listed. */
  #transfer(storage: Storage, type: ValueType, sites: Int32Array | undefined, data: Float64Array, offset: number, skip: number, write: boolean): void {
    const base = (storage as HeapStorage).address / this.heap.realBytes;
    const stride = (storage as HeapStorage).stride / this.heap.realBytes;
    this.attend(storage, type, write);
    const f = this.heap.reals;
    const n = storedComponents(type);
    const quaternion = isQuaternion(type);
    const { width, position } = this.layout;
    const domain = domainOf(type);
    const parity = domain === "all" ? -1 : domain === "even" ? 0 : 1;
    const { copyBlocks } = this.layout;
    const half = copyBlocks / 2;
    const count = sites ? sites.length : position.length;
    for (let k = 0; k < count; k++) {
      const p = position[sites ? sites[k]! : k]!;
      if (p < 0) continue;
      const block = Math.floor(p / width);
      const at = base + block * stride + (p % width);
      const from = offset + k * skip;
      const outside = parity >= 0 && (block % copyBlocks < half ? 0 : 1) !== parity;
      if (quaternion && write && !outside) expectQuaternion(data, from);
      for (let c = 0; c < n; c++) {
        if (write) f[at + c * width] = outside ? 0 : data[from + c]!;
        else data[from + c] = outside ? 0 : f[at + c * width]!;
      }
      if (quaternion && !write) secondRow(data, from);
    }
  }
}

/** `4 x matrix N=3`: what messages about memory call a group of fields. */
function groupText(types: readonly ValueType[]): string {
  const name = types[0]!.kind === "matrix" || types[0]!.kind === "vector" ? `${types[0]!.kind} N=${types[0]!.N}` : types[0]!.kind;
  return types.length === 1 ? `${name} fields` : `${types.length} x ${name} fields`;
}
