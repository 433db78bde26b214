/** Random fields in an engine's memory: one compiled kernel a map, written to the blocks of the fields. */
import { type Engine, components, domainOf } from "../autograd/index.ts";
import { NORMALS, normalsScratch } from "../backend/index.ts";
import type { SparseMap } from "../util/index.ts";
import type { CompiledKernels } from "./emitter.ts";
import type { HeapStorage, Machine } from "./machine.ts";
import { chunkBlocks } from "./kernels.ts";

interface Kernel {
  readonly compiled: CompiledKernels;
  /** Index of the parameter table in 32-bit words. */
  readonly table: number;
}

/** `drawNormals` of an engine; `compile` makes the kernel of a map. */
export function normalFields(engine: Machine, compile: (map: SparseMap) => CompiledKernels): NonNullable<Engine["drawNormals"]> {
  const { emitter, heap, layout } = engine;
  const kernels = new WeakMap<SparseMap, Kernel>();
  let sites: number | undefined;

  /** Index, in 32-bit words, of the lexicographic site of every position in memory. */
  const siteTable = (): number => {
    if (sites === undefined) {
      sites = engine.memory.allocate(4 * layout.blocks * layout.width, "neighbour tables") / 4;
      const i32 = heap.i32;
      layout.position.forEach((p, n) => {
        if (p >= 0) i32[sites! + p] = n;
      });
    }
    return sites;
  };

  return (to, types, map, { key }, { first, trajectory, purpose }) => {
    let kernel = kernels.get(map);
    if (!kernel) kernels.set(map, (kernel = { compiled: compile(map), table: engine.memory.allocate(4 * (NORMALS.fields + 2 * to.length), "programs") / 4 }));
    const { compiled, table } = kernel;
    const [firstBlock, lastBlock] = engine.range(domainOf(types[0]!));
    engine.reserveScratch(normalsScratch(map));
    const positions = siteTable();
    engine.use(to);
    const i32 = heap.i32;
    i32[table + NORMALS.sites] = 4 * positions;
    i32[table + NORMALS.firstBlock] = firstBlock;
    i32[table + NORMALS.lastBlock] = lastBlock;
    i32[table + NORMALS.key0] = key[0]!;
    i32[table + NORMALS.key1] = key[1]!;
    i32[table + NORMALS.component] = first;
    i32[table + NORMALS.trajectory] = trajectory;
    i32[table + NORMALS.purpose] = purpose;
    for (let f = 0; f < to.length; f++) {
      const { address, stride, fresh } = to[f] as HeapStorage;
      fresh?.clear();
      i32[table + NORMALS.fields + 2 * f] = address;
      i32[table + NORMALS.fields + 2 * f + 1] = stride;
      const reals = components(types[f]!) * layout.width;
      for (const [from, end] of [[0, firstBlock], [lastBlock, layout.blocks]] as const)
        for (let b = from; b < end; b++) heap.f64.fill(0, (address + b * stride) / 8, (address + b * stride) / 8 + reals);
    }
    const { address, bytes } = engine.scratch;
    compiled.launch(0, heap, table, address / emitter.addressUnit, Math.ceil((lastBlock - firstBlock) / chunkBlocks(layout.siteLanes)), bytes);
  };
}
