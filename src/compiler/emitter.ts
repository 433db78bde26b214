/**
 * The seam between the compiler and its emitters: JavaScript, WebAssembly, C. An emitter turns kernel plans into something that runs on
 * its memory: it prints each micro-kernel (straight-line arithmetic on one block of W sites) once, and each kernel as a loop over chunks of
 * blocks that resolves operands through the parameter table and calls the micro-kernels. Everything else (buffers, lifetimes,
 * order of the sums) is fixed before, so all emitters agree to rounding. That for CUDA takes W = 1, a thread a block, and memory of the device.
 */
import type { Engine, Program, Storage } from "../autograd/index.ts";
import type { ByteSource, CommonMemory, FieldMemory, Heap, Lanes, Layout } from "../backend/index.ts";
import type { ContractionLoops } from "./contraction/contraction-kernel.ts";
import type { Analysis } from "./analysis/analysis.ts";
import type { LoopDomain } from "./ir.ts";
import type { KernelPlan, Parameter } from "./kernels.ts";

export type { LoopDomain } from "./ir.ts";

/**
 * The blocks of a loop: i = first .. last - 1 stands for block i, or where `half` is not zero for block floor(i / 2) + (i mod 2) half: even
 * and odd blocks of one place in turn, so that a loop over all sites finds its neighbours in the cache.
 */
export interface LoopOrder {
  readonly first: number;
  readonly last: number;
  readonly half: number;
  /** The loop runs over these blocks of so many copies (see `Layout`), one after the other. */
  readonly copies: number;
  /** Blocks of a chunk, and chunks of each copy. */
  readonly chunk: number;
  readonly chunks: number;
}

export interface EmitContext {
  order(domain: LoopDomain): LoopOrder;
  /** Lanes of a block, and how displacements permute them. */
  readonly layout: Layout;
  /** The value of a parameter that stays as long as the kernels are there: places in the arena and tables, not those of the caller's fields. */
  known?(parameter: Parameter): number | undefined;
  /** Blocks that a list of launches works on at a time. */
  readonly blocks: number;
}

export interface CompiledKernels {
  /** Readable text of what was made. */
  readonly source: string;
  /**
   * Runs all chunks of kernel k, or those from `first` to before `last`, which one thread does alone. `parameters` is the index of its table in 32-bit words, `scratch` an address; each
   * thread has `scratchBytes` of it.
   */
  launch(k: number, heap: Heap, parameters: number, scratch: number, chunks: number, scratchBytes: number, first?: number, last?: number): void;
  /** Where kernels leave no chunks of their sums: totals of kernel k, those of sum 0 first, one a sample, written to the numbers at these indices. */
  total?(k: number, to: Int32Array): void;
  /** What lists of launches call the kernels by, from now until `drop`; present where the emitter has a `replay`. */
  names?(): readonly number[];
  drop?(): void;
}

/** Many launches in one call (see backend/replay.ts): lists and entries are indices or addresses as those of parameter tables. Both return the nanoseconds of exchanges and sums over ranks. */
export interface Replay {
  /** `samples` numbers in each scalar, on so many lanes; all launches for `tile` samples, then for the next ones. */
  run(list: number, launches: number, scratch: number, scratchBytes: number, samples: number, lanes: number, tile: number, ranks: number): number;
  /** Iterations of conjugate gradient. */
  gradient(entries: number, scratch: number, scratchBytes: number, ranks: number): number;
  /** Present where lists may hold exchanges, and sums over ranks of one machine. */
  readonly ranks?: {
    /** What compiled code knows these ranks by. */
    join(rank: number, size: number, memory: CommonMemory): number;
    address(memory: ArrayBufferView): number;
  };
}

/** Where random fields are drawn: the memory of an engine, and what brings fields there. */
export interface FieldPlace {
  readonly heap: Heap;
  readonly memory: FieldMemory;
  readonly layout: Layout;
  readonly lattice: { readonly batch: number };
  readonly emitter: Pick<Emitter, "addressUnit">;
  /** Address and bytes of the scratch of a thread. */
  readonly scratch: { readonly address: number; readonly bytes: number };
  range(domain: LoopDomain): readonly [number, number];
  use(fields: readonly Storage[]): void;
  reserveScratch(reals: number): void;
}

/** A program that computes the same in another way, and values of it that are stored whatever it costs; undefined where the given one is as good. */
export type Refinement = (analysis: Analysis) => { readonly program: Program; readonly kept: readonly number[] } | undefined;

export interface Emitter {
  readonly name: string;
  /** Sites in a block that it asks for; the layout may give fewer. */
  readonly lanes: Lanes;
  /** Bytes per unit of an address: 8 for indices into a Float64Array, 4 into a Float32Array, 1 for byte addresses. */
  readonly addressUnit: 1 | 4 | 8;
  /** 32-bit words of an entry of a parameter table: two where memory may be larger than one can address. */
  readonly parameterWords: 1 | 2;
  /** Are numbers of fields and scalars those of single precision? Sums over sites are float64 in any case. */
  readonly single?: boolean;
  /** Threads that a launch may use, counting the main one. */
  readonly threads: number;
  /** Are small micro-kernels joined before it gets them? */
  readonly joins: boolean;
  /** What programs go through, one after the other, where bits may differ from those of other backends. */
  readonly refine?: readonly Refinement[];
  memory(): ByteSource;
  compile(kernels: readonly KernelPlan[], context: EmitContext): CompiledKernels;
  /** Absent where launches are under the control of JavaScript. */
  readonly replay?: Replay | undefined;
  /** Random fields in the memory of an engine (see backend/normals.ts). */
  drawNormals?(fields: FieldPlace): NonNullable<Engine["drawNormals"]>;
  /** Compiled loops of weights on channels, for blocks of so many float64 sites. */
  contractions?(width: number): ContractionLoops;
}
