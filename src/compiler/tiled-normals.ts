/** Random fields where memory is not WebAssembly's: the same kernel and bits, drawn tile by tile on a small memory of its own and copied. */
import { domainOf } from "../autograd/index.ts";
import { NORMALS, Wasm, normalsModule, normalsScratch } from "../backend/index.ts";
import type { SparseMap } from "../util/index.ts";
import type { FieldPlace } from "./emitter.ts";
import { chunkBlocks } from "./kernels.ts";
import type { HeapStorage } from "./machine.ts";
import { type DrawNormals, clearOutside, enterCounter, rangesOf, siteWords, storedMaps } from "./normals.ts";

/** Chunks of blocks that are drawn at a time. */
const TILE = 8;
const PAGE = 65536;

interface Tile {
  readonly words: Int32Array;
  readonly reals: Float64Array;
  readonly run: (table: number, scratch: number, firstChunk: number, lastChunk: number) => void;
  /** Word of the sites of the tile, byte of the scratch, and bytes where each field begins. */
  readonly sites: number;
  readonly scratch: number;
  readonly fields: readonly number[];
}

/** The kernel of a map on memory that holds sites, numbers and fields of some blocks. */
function tileOf(map: SparseMap, width: number, chunk: number): Tile {
  const blocks = TILE * chunk;
  const aligned = (n: number): number => Math.ceil(n / 64) * 64;
  const sites = aligned(4 * (NORMALS.fields + 2 * map.outputs.length));
  const scratch = sites + aligned(8 * blocks * width);
  let end = scratch + aligned(8 * normalsScratch(map));
  const fields = map.outputs.map((c) => {
    const at = end;
    end += 8 * blocks * width * c.length;
    return at;
  });
  const pages = Math.ceil(end / PAGE);
  const memory = new Wasm.Memory({ initial: pages, maximum: pages });
  const { log, cos, sin } = Math;
  const { exports } = new Wasm.Instance(new Wasm.Module(normalsModule(map, width, chunk, false)), { env: { memory, log, cos, sin } });
  const words = new Int32Array(memory.buffer);
  words[NORMALS.sites] = sites;
  words[NORMALS.firstBlock] = 0;
  fields.forEach((at, f) => {
    words[NORMALS.fields + 2 * f] = at;
    words[NORMALS.fields + 2 * f + 1] = 8 * width * map.outputs[f]!.length;
  });
  return { words, reals: new Float64Array(memory.buffer), run: exports["k0"] as Tile["run"], sites: sites / 4, scratch, fields };
}

/** `drawNormals` of an engine. */
export function tiledNormals(engine: FieldPlace): DrawNormals {
  const { heap, layout } = engine;
  const { width } = layout;
  const chunk = chunkBlocks(layout.siteLanes);
  const tiles = new WeakMap<SparseMap, Tile>();
  const asStored = storedMaps();
  let sites: Int32Array | undefined;
  const enterSites = siteWords(engine);
  return (to, types, given, random, counter) => {
    const map = asStored(given, types);
    let tile = tiles.get(map);
    if (!tile) tiles.set(map, (tile = tileOf(map, width, chunk)));
    enterSites((sites ??= new Int32Array(2 * layout.blocks * width)), 0, random);
    engine.use(to);
    enterCounter(tile.words, 0, random, counter);
    clearOutside(engine, to, types);
    const [into, drawn] = [heap.f64, tile.reals];
    for (const [first, last] of rangesOf(engine, domainOf(types[0]!)))
      for (let begin = first; begin < last; begin += TILE * chunk) {
        const count = Math.min(TILE * chunk, last - begin);
        tile.words.set(sites.subarray(2 * begin * width, 2 * (begin + count) * width), tile.sites);
        tile.words[NORMALS.lastBlock] = count;
        tile.run(0, tile.scratch, 0, Math.ceil(count / chunk));
        for (let f = 0; f < to.length; f++) {
          const { address, stride } = to[f] as HeapStorage;
          const n = map.outputs[f]!.length * width;
          let from = tile.fields[f]! / 8;
          for (let at = (address + begin * stride) / 8, end = at + (count * stride) / 8; at < end; at += stride / 8) for (let k = 0; k < n; k++) into[at + k] = drawn[from++]!;
        }
      }
  };
}
