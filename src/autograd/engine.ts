/** What a lattice needs from the rooms that store fields and run programs; implemented by the compiler room. */
import type { Part } from "../backend/index.ts";
import type { RandomStream, SparseMap } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import type { Program } from "./tape.ts";
import type { ValueType } from "./types.ts";

/** Which numbers of a stream. */
export interface NormalCounter {
  /** Component of the counter of the first pair of numbers of a site; the next pairs have the next ones. */
  readonly first: number;
  readonly trajectory: number;
  readonly purpose: number;
}

/** Opaque memory of one field or scalar; its layout is the engine's own affair. */
export interface Storage {
  readonly bytes: number;
  /** True where the engine frees the memory itself when nobody can reach the storage any more. */
  readonly collected?: boolean;
  dispose(): void;
}

/** A compiled program: run it as often as needed, it allocates nothing. */
export interface Executable {
  /** Bytes of intermediate fields, laid out by liveness, known before the first run. */
  readonly arenaBytes: number;
  /** Reads the inputs, writes the outputs; an output may be the same storage as an input. */
  run(inputs: readonly Storage[], outputs: readonly Storage[]): void;
  /** Runs once more on the storages of the last run, which must not have moved since. */
  repeat(): void;
  /** As `run`, where the engine's own reads are asynchronous. */
  runAsync?(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void>;
  /** Kernels with their loads, flop and bytes per site. */
  describe(): string;
  dispose(): void;
}

/** The sites of a rank on arrays of the host, of one sample: its own in ascending order, behind them those of other ranks that it reads. */
export interface HostSites {
  /** Numbers of the own sites, by place. */
  readonly own: Int32Array;
  /** Places that are there: to be asked for when all are known. */
  readonly count: number;
  /** Place of a site, which is read in the array of this direction from now on. */
  place(n: number, mu: number): number;
  /** Fills what is read of others in the array of a direction, on the sites of one parity or on all. Collective. */
  exchange(values: Float64Array, mu: number, parity?: 0 | 1): void;
}

/** What a backend offers to lattices and plans: memory of fields, transfers in canonical order, compiled programs. */
export interface Engine {
  /** Backend name: js, wasm, native, tfjs. */
  readonly name: string;
  /** Memory of the engine's own: it stays in its place until it is disposed. */
  allocate(type: ValueType): Storage;
  /** Memory of fields that are used together; the engine may move it while no program uses it. */
  allocateGroup(types: readonly ValueType[]): Storage[];
  /** Canonical data: samples of a batch one after the other, sites lexicographic, components inside; fields on one parity still have an entry for every site. */
  write(to: Storage, type: ValueType, data: Float64Array): void;
  read(from: Storage, type: ValueType, out: Float64Array): void;
  /** As `read`, where the engine's own reads are asynchronous. */
  readAsync?(from: Storage, type: ValueType, out: Float64Array): Promise<void>;
  /** Some sites only: the components of site sites[k] stand at data[offset + k * stride] and after. */
  writeSites(to: Storage, type: ValueType, sites: Int32Array, data: Float64Array, offset: number, stride: number): void;
  readSites(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void;
  /** Sites of this rank in ascending order, on a lattice that is divided. */
  readonly ownSites?: Int32Array | undefined;
  /** As `readSites`, for sites of this rank: the others need not ask. */
  readOwn?(from: Storage, type: ValueType, sites: Int32Array, out: Float64Array, offset: number, stride: number): void;
  /** On a lattice that is divided, for arrays with so many reals a site. */
  hostSites?(size: number): HostSites | undefined;
  /** The same number for all samples. */
  writeScalar(to: Storage, x: number): void;
  /** The number of the only sample, or the one that all share. */
  readScalar(from: Storage): number;
  /** Values of some fields to others of the same types, each to its own. */
  copy(from: readonly Storage[], to: readonly Storage[], types: readonly ValueType[]): void;
  /** This rank's part of a lattice that is divided; what is read then are the sites of all ranks, which all have to ask. */
  readonly part?: Part | undefined;
  /** A lattice of the same extents, samples and division in single precision, made when it is first asked for. @throws BackendError or ConfigurationError where there is none. */
  readonly single?: () => Lattice;
  /** Bytes that programs and solvers keep besides the fields of their callers. */
  readonly programBytes?: number;
  /** Milliseconds so far in which ranks waited for each other. */
  readonly exchangeTime?: number;
  /** Random fields drawn in the engine's own memory; without it they are drawn site by site and written. See `drawNormals`. */
  drawNormals?(to: readonly Storage[], types: readonly ValueType[], map: SparseMap, random: RandomStream, counter: NormalCounter): void;
  compile(program: Program, options?: CompileOptions): Executable;
}

/** How one program is compiled: the check of its results, and the memory of its intermediate fields. */
export interface CompileOptions {
  /** Check every result, and trace one that is not finite to the op, site and layer that made it first. Default: that of the lattice. */
  readonly debugNaN?: boolean;
  /** Most memory for intermediate fields, in link fields of the program's N: more is computed again instead of kept. @throws BackendError when that is not enough */
  readonly maxFields?: number;
}
