/** The native emitter: kernels as C, compiled by the system's compiler and called on memory of its own, which is bounded by the machine alone. */
import { type Lanes, type NativeOptions, findToolchain, loadNative, nativeMemory, openCache, poolSource, replaySource } from "../../backend/index.ts";
import { BackendError } from "../../errors.ts";
import type { ContractionLoops } from "../contraction/contraction-kernel.ts";
import { CONTRACTIONS, contractionHead, contractionSource } from "../contraction/contraction-source.ts";
import { cSource } from "./emit-c.ts";
import type { Emitter } from "../emitter.ts";
import { REFINEMENTS } from "../refine/refinements.ts";
import { tiledNormals } from "../tiled-normals.ts";

export interface NativeEmitterOptions extends NativeOptions {
  /** Multiply then add, two lanes: the arithmetic of the strict WebAssembly backend. */
  readonly strict?: boolean;
  /** Threads, counting the main one. */
  readonly threads?: number;
  /** Sites in a block; the widest vector of the machine when left out. */
  readonly lanes?: Lanes;
  /** Numbers of fields are floats, twice as many in a block. */
  readonly single?: boolean;
  /** Most bytes of fields; what the machine has when left out. */
  readonly limit?: number;
}

const stopPool = new FinalizationRegistry<() => void>((stop) => stop());

/** Emits C; addresses count numbers of fields. @throws BackendError without a compiler or without koffi, or when the compiler fails. */
export function nativeEmitter(options: NativeEmitterOptions = {}): Emitter {
  const { strict = false, threads = 1, single = false } = options;
  const tools = findToolchain(options);
  const flags = [strict ? "-ffp-contract=off" : "-ffp-contract=fast"];
  const kept = { ...options, cache: openCache(options) };
  const runtime = loadNative([poolSource, replaySource()], [], kept);
  const address = runtime.func("int64_t address(void* p)") as (memory: ArrayBufferLike | ArrayBufferView) => number;
  const pool = threads > 1 ? runtime.func("int64_t pool_start(int32_t threads)")(threads) : 0;
  if (threads > 1 && pool === 0) throw new BackendError(`backend native: the system refused ${threads} threads: use fewer`);
  const memory = nativeMemory(address, options.limit);
  const unit = single ? 4 : 8;
  const replay = runtime.func("int64_t replay(int64_t memory, int64_t list, int64_t count, int64_t S, int64_t scratch, int64_t batch, int64_t lanes, int64_t unit, int64_t tile, int64_t pool, int64_t near)");
  const gradient = runtime.func("int64_t gradient(int64_t memory, int64_t block, int64_t S, int64_t scratch, int64_t unit, int64_t pool, int64_t near)");
  const join = runtime.func("int64_t join(int64_t turns, int64_t board, int64_t beat, int64_t rank, int64_t size, int64_t spin, int64_t again, int64_t sleep)");
  const emitter: Emitter = {
    name: "native",
    lanes: options.lanes ?? (((single ? 2 : 1) * (strict ? 2 : tools.lanes)) as Lanes),
    addressUnit: unit,
    ...(single ? { single } : {}),
    threads,
    joins: true,
    // sums in another order: strict arithmetic has the bits of the other backends
    ...(strict ? {} : { refine: REFINEMENTS }),
    parameterWords: 2,
    memory: () => memory,
    compile(plans, context) {
      const source = cSource(plans, context, single);
      const library = loadNative(source, flags, kept);
      const launch = library.func("void launch(int64_t memory, int32_t k, int64_t P, int64_t S, int64_t scratch, int64_t first, int64_t last, int32_t c0, int32_t c1, int64_t threads)");
      const nameOf = library.func("int64_t name(int32_t k)");
      const ranges = plans.map((p) => context.order(p.step.domain));
      return {
        source: source.join("\n"),
        launch(k, _heap, parameters, scratch, chunks, scratchBytes, from = 0, to = chunks) {
          launch(memory.address(), k, parameters, scratch, scratchBytes / emitter.addressUnit, ranges[k]!.first, ranges[k]!.last, from, to, to - from === chunks ? pool : 0);
        },
        names: () => plans.map((_, k) => nameOf(k)),
      };
    },
    replay: {
      run: (list, launches, scratch, scratchBytes, samples, lanes, tile, ranks) => replay(memory.address(), list, launches, scratch, scratchBytes / unit, samples, lanes, unit, tile, pool, ranks),
      gradient: (entries, scratch, scratchBytes, ranks) => gradient(memory.address(), entries, scratch, scratchBytes / unit, unit, pool, ranks),
      // exchanges of lists count doubles
      ...(single ? {} : { ranks: {
        join: (rank, size, { turns, board, beat, patience }) => join(address(turns), address(board), address(beat), rank, size, ...patience),
        address: (bytes) => address(bytes),
      } }),
    },
    // random fields are drawn in float64 and rounded
    ...(single ? {} : { drawNormals: tiledNormals }),
    contractions(width) {
      const library = loadNative([contractionSource(width)], ["-ffp-contract=off"], kept);
      const loops = CONTRACTIONS.map((name) => {
        const call = library.func(contractionHead(name));
        return [name, (...args: number[]) => void call(memory.address(), ...args)];
      });
      return { ...Object.fromEntries(loops), wide: true } as ContractionLoops;
    },
  };
  if (pool !== 0) {
    const stop = runtime.func("void pool_stop(int64_t pool)");
    stopPool.register(emitter, () => void stop(pool));
  }
  return emitter;
}
