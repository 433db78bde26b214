/** The native emitter: kernels as C, compiled by the system's compiler and called on the same memory. */
import { type Lanes, type NativeOptions, Wasm, findToolchain, loadNative, normalsModule, openCache, poolSource, wasmMemory } from "../backend/index.ts";
import { BackendError } from "../errors.ts";
import { cSource } from "./emit-c.ts";
import type { Emitter } from "./emitter.ts";
import { chunkBlocks } from "./kernels.ts";

export interface NativeEmitterOptions extends NativeOptions {
  /** Multiply then add, two lanes: the arithmetic of the strict WebAssembly backend. */
  readonly strict?: boolean;
  /** Threads, counting the main one. */
  readonly threads?: number;
  /** Sites in a block; the widest vector of the machine when left out. */
  readonly lanes?: Lanes;
  /** Numbers of fields are floats, twice as many in a block. */
  readonly single?: boolean;
}

const stopPool = new FinalizationRegistry<() => void>((stop) => stop());

/** Emits C; addresses count numbers of fields. @throws BackendError without a compiler or without koffi, or when the compiler fails. */
export function nativeEmitter(options: NativeEmitterOptions = {}): Emitter {
  const { strict = false, threads = 1, single = false } = options;
  const tools = findToolchain(options);
  const flags = [strict ? "-ffp-contract=off" : "-ffp-contract=fast"];
  const kept = { ...options, cache: openCache(options) };
  const runtime = loadNative([poolSource], [], kept);
  const address = runtime.func("int64_t address(void* p)");
  const pool = threads > 1 ? runtime.func("int64_t pool_start(int32_t threads)")(threads) : 0;
  if (threads > 1 && pool === 0) throw new BackendError(`backend native: the system refused ${threads} threads: use fewer`);
  const bytes = wasmMemory(false);
  let known: ArrayBufferLike | undefined;
  let memory = 0;
  const { sin, cos, log } = Math;
  const emitter: Emitter = {
    name: "native",
    lanes: options.lanes ?? (((single ? 2 : 1) * (strict ? 2 : tools.lanes)) as Lanes),
    addressUnit: single ? 4 : 8,
    ...(single ? { single } : {}),
    threads,
    joins: true,
    memory: () => bytes,
    compile(plans, context) {
      const source = cSource(plans, context, single);
      const library = loadNative(source, flags, kept);
      const launch = library.func("void launch(int64_t memory, int32_t k, int64_t P, int64_t S, int64_t scratch, int64_t first, int64_t last, int32_t chunks, int64_t threads)");
      const ranges = plans.map((p) => context.order(p.step.domain));
      return {
        source: source.join("\n"),
        launch(k, heap, parameters, scratch, chunks, scratchBytes) {
          const buffer = heap.f64.buffer;
          if (buffer !== known) [known, memory] = [buffer, address(buffer)];
          launch(memory, k, parameters, scratch, scratchBytes / emitter.addressUnit, ranges[k]!.first, ranges[k]!.last, chunks, pool);
        },
      };
    },
    // random fields are drawn in float64 and rounded
    ...(single ? {} : { normals(map, layout) {
      const binary = normalsModule(map, layout.width, chunkBlocks(layout.siteLanes), false);
      const { exports } = new Wasm.Instance(new Wasm.Module(binary), { env: { memory: bytes.memory, sin, cos, log } });
      return { source: `wasm module of ${binary.length} bytes, random fields`, launch: (_k, _heap, parameters, scratch, chunks) => void exports["k0"]!(parameters * 4, scratch * 8, 0, chunks) };
    } }),
    exports: (binary) => new Wasm.Instance(new Wasm.Module(binary(false)), { env: { memory: bytes.memory } }).exports,
  };
  if (pool !== 0) {
    const stop = runtime.func("void pool_stop(int64_t pool)");
    stopPool.register(emitter, () => void stop(pool));
  }
  return emitter;
}
