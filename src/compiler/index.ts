/** Compiler room: programs to kernels to executables. */
import { Lattice } from "../autograd/lattice.ts";
import { hasSimd } from "../backend/features.ts";
import { BackendError } from "../errors.ts";
import { KernelEngine } from "./engine.ts";
import { jsEmitter } from "./emit-js.ts";
import type { Emitter } from "./emitter.ts";
import { wasmEmitter } from "./emit-wasm.ts";

/** Backends of the compiler. */
export type BackendName = "js" | "wasm";

export interface EngineOptions {
  readonly backend?: BackendName | "auto";
  /** Threads, counting the main one; "auto" (default) takes one for small lattices and two for larger ones. */
  readonly threads?: number | "auto";
  /** Multiply then add instead of fused multiply-add. */
  readonly strict?: boolean;
}

/** Sites above which a second thread pays. */
const THREADED_VOLUME = 2048;

function emitter(volume: number, options: EngineOptions): Emitter {
  const { backend = "auto", threads = "auto", strict = false } = options;
  if (backend === "js" || (backend === "auto" && !hasSimd())) return jsEmitter;
  if (backend !== "auto" && backend !== "wasm") throw new BackendError(`backend: got "${backend as string}", expected auto, js or wasm`);
  if (!hasSimd()) throw new BackendError("backend wasm: this engine has no WebAssembly SIMD, expected Node 20 or newer on a 64-bit machine: use backend js");
  return wasmEmitter({ strict, threads: threads === "auto" ? (volume >= THREADED_VOLUME ? 2 : 1) : threads });
}

/** A lattice whose programs run on the given backend. */
export function makeLattice(extents: readonly number[], options: EngineOptions = {}): Lattice {
  return new Lattice(extents, (lattice) => new KernelEngine(lattice, emitter(lattice.volume, options)));
}
