/** Random fields in an engine's memory: one compiled kernel a map, written to the blocks of the fields. */
import { type Domain, type Engine, type Storage, type ValueType, domainOf, isQuaternion, storedComponents } from "../autograd/index.ts";
import { NORMALS, normalsScratch } from "../backend/index.ts";
import { type RandomStream, SparseMap, streamOfSample } from "../util/index.ts";
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
  table[at + NORMALS.key] = key[0]!;
  table[at + NORMALS.component] = first;
  table[at + NORMALS.trajectory] = trajectory;
  table[at + NORMALS.purpose] = purpose;
}

/** What is written at `NORMALS.sites`: for every position in memory its site and the second word of the key of its sample, anew for another stream. */
export function siteWords({ layout, lattice: { batch } }: FieldPlace): (table: Int32Array, at: number, random: RandomStream) => void {
  let [seed, stream] = [-1, -1];
  return (table, at, random) => {
    if (random.seed === seed && random.stream === stream) return;
    const { position } = layout;
    const volume = position.length / batch;
    for (let b = 0; b < batch; b++) {
      const key = streamOfSample(random, b).key[1]!;
      for (let n = 0; n < volume; n++) {
        const p = position[b * volume + n]!;
        if (p < 0) continue;
        table[at + 2 * p] = n;
        table[at + 2 * p + 1] = key;
      }
    }
    [seed, stream] = [random.seed, random.stream];
  };
}

/** Ranges of blocks that a domain consists of: one a sample, or one. */
export function rangesOf(engine: FieldPlace, domain: Domain): (readonly [number, number])[] {
  const { copies, copyBlocks } = engine.layout;
  const [first, last] = engine.range(domain);
  return last - first === copyBlocks ? [[0, copies * copyBlocks]] : Array.from({ length: copies }, (_, copy) => [copy * copyBlocks + first, copy * copyBlocks + last]);
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
  const domain = domainOf(types[0]!);
  if (domain === "all") return to.forEach((s) => (s as HeapStorage).fresh?.clear());
  const outside = rangesOf(engine, domain === "even" ? "odd" : "even");
  for (let f = 0; f < to.length; f++) {
    const { address, stride, fresh } = to[f] as HeapStorage;
    fresh?.clear();
    const reals = storedComponents(types[f]!) * layout.width;
    for (const [from, end] of outside)
      for (let b = from; b < end; b++) heap.f64.fill(0, (address + b * stride) / 8, (address + b * stride) / 8 + reals);
  }
}

/** `drawNormals` of an engine; `compile` makes the kernel of a map. */
export function normalFields(engine: FieldPlace, compile: (map: SparseMap) => CompiledKernels): DrawNormals {
  const { emitter, heap, layout } = engine;
  const kernels = new WeakMap<SparseMap, Kernel>();
  const asStored = storedMaps();
  /** Index of the words of sites. */
  let sites: number | undefined;
  const enterSites = siteWords(engine);

  return (to, types, given, random, counter) => {
    const map = asStored(given, types);
    let kernel = kernels.get(map);
    if (!kernel) kernels.set(map, (kernel = { compiled: compile(map), table: engine.memory.allocate(4 * (NORMALS.fields + 2 * to.length), "programs") / 4 }));
    const { compiled, table } = kernel;
    engine.reserveScratch(normalsScratch(map));
    sites ??= engine.memory.allocate(8 * layout.blocks * layout.width, "neighbour tables") / 4;
    engine.use(to);
    const i32 = heap.i32;
    enterSites(i32, sites, random);
    i32[table + NORMALS.sites] = 4 * sites;
    enterCounter(i32, table, random, counter);
    for (let f = 0; f < to.length; f++) {
      const { address, stride } = to[f] as HeapStorage;
      i32[table + NORMALS.fields + 2 * f] = address;
      i32[table + NORMALS.fields + 2 * f + 1] = stride;
    }
    clearOutside(engine, to, types);
    const { address, bytes } = engine.scratch;
    for (const [firstBlock, lastBlock] of rangesOf(engine, domainOf(types[0]!))) {
      i32[table + NORMALS.firstBlock] = firstBlock;
      i32[table + NORMALS.lastBlock] = lastBlock;
      compiled.launch(0, heap, table, address / emitter.addressUnit, Math.ceil((lastBlock - firstBlock) / chunkBlocks(layout.siteLanes)), bytes);
    }
  };
}
