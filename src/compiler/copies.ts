/** Copies of fields within the memory of one lattice. */
import { type ValueType, storedComponents } from "../autograd/index.ts";
import type { Heap, Layout } from "../backend/index.ts";

/** What is to be known of a field, as `HeapStorage` has it. */
interface Placed {
  readonly address: number;
  readonly stride: number;
  readonly fresh?: Set<number>;
}

interface Engine {
  readonly heap: Heap;
  readonly layout: Layout;
  blocksOf(type: ValueType): number;
  blockBytes(type: ValueType): number;
}

/** Values of fields in use to others of the same types. */
export function copyFields(engine: Engine, from: readonly Placed[], to: readonly Placed[], types: readonly ValueType[]): void {
  const { mirror, reals, realBytes } = engine.heap;
  /** Bytes of the fields before, while both sides are groups whose fields lie side by side in this order. */
  let group = 0;
  types.forEach((type, k) => {
    const [x, y] = [from[k]!, to[k]!];
    if (x.address !== from[0]!.address + group || y.address !== to[0]!.address + group || x.stride !== y.stride || mirror) group = NaN;
    group += engine.blockBytes(type);
    y.fresh?.clear();
  });
  types.forEach((type, k) => {
    const [{ address, stride }, y, blocks] = [from[k]!, to[k]!, engine.blocksOf(type)];
    if (mirror) return mirror.copy(address, stride, y.address, y.stride, engine.blockBytes(type), blocks);
    if (group === stride) {
      // the whole group at once
      if (k === 0) reals.copyWithin(y.address / realBytes, address / realBytes, (address + blocks * stride) / realBytes);
      return;
    }
    const n = engine.layout.width * storedComponents(type);
    const [skip, step] = [stride / realBytes, y.stride / realBytes];
    for (let b = 0, at = address / realBytes, into = y.address / realBytes; b < blocks; b++, at += skip, into += step) for (let c = 0; c < n; c++) reals[into + c] = reals[at + c]!;
  });
}
