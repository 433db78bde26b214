/** The seam between the compiler and its emitters: JavaScript, WebAssembly, C. */
import type { Domain } from "../autograd/lattice.ts";
import type { ByteSource, Heap } from "../backend/heap.ts";
import type { KernelPlan } from "./kernels.ts";

export interface EmitContext {
  /** First and last+1 block of a loop; scalars loop once. */
  range(domain: Domain | "one"): readonly [number, number];
  /** Lanes of a block. */
  readonly width: number;
}

export interface CompiledKernels {
  /** Readable text of what was made. */
  readonly source: string;
  /** Runs chunks c0 <= c < c1 of kernel k. `parameters` is the index of its table in 32-bit words, `scratch` an address; each thread has `scratchBytes` of it. */
  launch(k: number, heap: Heap, parameters: number, scratch: number, c0: number, c1: number, scratchBytes: number): void;
}

export interface Emitter {
  readonly name: string;
  /** Sites in a block that it asks for; the layout may give 1 instead. */
  readonly lanes: 1 | 2;
  /** Bytes per unit of an address: 8 for indices into a Float64Array, 1 for byte addresses. */
  readonly addressUnit: 1 | 8;
  /** Threads that a launch may use, counting the main one. */
  readonly threads: number;
  memory(): ByteSource;
  compile(kernels: readonly KernelPlan[], context: EmitContext): CompiledKernels;
}
