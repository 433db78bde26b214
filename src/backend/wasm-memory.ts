/** WebAssembly memory as a source of bytes; shared between threads when there are several. */
import { BackendError } from "../errors.ts";
import type { ByteSource } from "./heap.ts";
import { Wasm, type WasmMemory } from "./webassembly.ts";

const PAGE = 65536;

/** A source of bytes that WebAssembly kernels import as their memory. */
export interface WasmBytes extends ByteSource {
  readonly memory: WasmMemory;
}

/** WebAssembly memory of four pages that grows up to 4 GiB; `shared` for worker threads. Its `grow` @throws BackendError when the system refuses. */
export function wasmMemory(shared: boolean): WasmBytes {
  const memory = new Wasm.Memory({ initial: 4, maximum: 65536, shared });
  return {
    memory,
    limit: 65536 * PAGE,
    elsewhere: ", or backend native, which the memory of the machine bounds",
    buffer: () => memory.buffer,
    grow(bytes) {
      const pages = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
      try {
        if (pages > 0) memory.grow(pages);
      } catch {
        throw new BackendError(`memory: the system refused ${bytes} bytes: use a smaller lattice, fewer fields, or checkpoint`);
      }
    },
  };
}
