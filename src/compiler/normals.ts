/** Random fields in an engine's memory: one compiled kernel a map, written to the blocks of the fields. */
import { type Engine, type Storage, type ValueType, domainOf, isQuaternion, storedComponents } from "../autograd/index.ts";
import { NORMALS, normalsScratch } from "../backend/index.ts";
import { SparseMap } from "../util/index.ts";
import type { CompiledKernels, FieldPlace } from "./emitter.ts";
import type { HeapStorage } from "./machine.ts";
import { chunkBlocks } from "./kernels.ts";

export type DrawNormals = NonNullable<Engine["drawNormals"]>;

interface Kernel {
  readonly compiled: CompiledKernels;
  /** Index of the parameter table in 32-bit words. */
  readonly table: number;
}

/** Writes what does not depend on the fields to a parameter table. */
export function enterCounter(table: Int32Array, at: number, ...[{ key }, { first, trajectory, purpose }]: [Parameters<DrawNormals>[3], Parameters<DrawNormals>[4]]): void {
  table[at + NORMALS.key0] = key[0]!;
  table[at + NORMALS.key1] = key[1]!;
  table[at + NORMALS.component] = first;
  table[at + NORMALS.trajectory] = trajectory;
  table[at + NORMALS.purpose] = purpose;
}

/** Writes the lexicographic site of every position in memory from index `at` on. */
export function enterSites({ layout }: FieldPlace, table: Int32Array, at: number): void {
  layout.position.forEach((p, n) => {
    if (p >= 0) table[at + p] = n;
  });
}

/** Maps to what is stored: to the first rows of quaternions. */
export function storedMaps(): (map: SparseMap, types: readonly ValueType[]) => SparseMap {
  const first = new WeakMap<SparseMap, SparseMap>();
  return (map, types) => {
    if (!types.some(isQuaternion)) return map;
    let m = first.get(map);
    if (!m) first.set(map, (m = new SparseMap(map.inputs, map.outputs.map((terms, f) => terms.slice(0, storedComponents(types[f]!))))));
    return m;
  };
}

/** Zeros where fields on one parity have no values. */
export function clearOutside(engine: FieldPlace, to: readonly Storage[], types: readonly ValueType[]): void {
  const { heap, layout } = engine;
  const [first, last] = engine.range(domainOf(types[0]!));
  for (let f = 0; f < to.length; f++) {
    const { address, stride, fresh } = to[f] as HeapStorage;
    fresh?.clear();
    const reals = storedComponents(types[f]!) * layout.width;
    for (const [from, end] of [[0, first], [last, layout.blocks]] as const)
      for (let b = from; b < end; b++) heap.f64.fill(0, (address + b * stride) / 8, (address + b * stride) / 8 + reals);
  }
}

/** `drawNormals` of an engine; `compile` makes the kernel of a map. */
export function normalFields(engine: FieldPlace, compile: (map: SparseMap) => CompiledKernels): DrawNormals {
  const { emitter, heap, layout } = engine;
  const kernels = new WeakMap<SparseMap, Kernel>();
  const asStored = storedMaps();
  let sites: number | undefined;

  /** Index, in 32-bit words, of the table of sites. */
  const siteTable = (): number => {
    if (sites === undefined) {
      sites = engine.memory.allocate(4 * layout.blocks * layout.width, "neighbour tables") / 4;
      enterSites(engine, heap.i32, sites);
    }
    return sites;
  };

  return (to, types, given, random, counter) => {
    const map = asStored(given, types);
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
    enterCounter(i32, table, random, counter);
    for (let f = 0; f < to.length; f++) {
      const { address, stride } = to[f] as HeapStorage;
      i32[table + NORMALS.fields + 2 * f] = address;
      i32[table + NORMALS.fields + 2 * f + 1] = stride;
    }
    clearOutside(engine, to, types);
    const { address, bytes } = engine.scratch;
    compiled.launch(0, heap, table, address / emitter.addressUnit, Math.ceil((lastBlock - firstBlock) / chunkBlocks(layout.siteLanes)), bytes);
  };
}
