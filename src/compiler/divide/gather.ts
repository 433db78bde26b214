/** The sites of a divided field for all ranks, and those of its ghost blocks. */
import { type ValueType, components, storedComponents } from "../../autograd/index.ts";
import type { Comm, Halo } from "../../backend/index.ts";
import type { HeapStorage, Machine } from "../machine.ts";

/** Ghost blocks of a field whose values at all sites are known everywhere. */
export function writeGhosts({ layout: { width, blocks, halo }, heap: { reals, realBytes } }: Machine, to: HeapStorage, type: ValueType, data: Float64Array, ghosts: number): void {
  const [n, stored] = [components(type), storedComponents(type)];
  for (let g = 0; g < ghosts; g++)
    for (let lane = 0; lane < width; lane++) {
      const from = n * halo!.site(g, lane);
      const at = (to.address + (blocks + g) * to.stride) / realBytes + lane;
      for (let c = 0; c < stored; c++) reals[at + c * width] = data[from + c]!;
    }
}

/**
 * Completes `out`, which has a rank's own sites (all of them, or those of a list that is the same everywhere): the components of the k-th one stand at
 * out[offset + k * stride] and after. Bytes are handed on, so that a zero keeps its sign.
 */
export function gatherSites(comm: Comm, halo: Halo, components: number, sites: Int32Array | undefined, out: Float64Array, offset: number, stride: number): void {
  const lists = ownersOf(comm, halo, sites);
  for (let root = 0; root < comm.size; root++) {
    const own = lists[root]!;
    if (own.length === 0) continue;
    const data = new Float64Array(own.length * components);
    const copy = (back: boolean): void => {
      for (let j = 0, at = 0; j < own.length; j++) {
        const from = offset + own[j]! * stride;
        for (let c = 0; c < components; c++, at++) {
          if (back) out[from + c] = data[at]!;
          else data[at] = out[from + c]!;
        }
      }
    };
    if (root === comm.rank) copy(false);
    comm.broadcast(new Uint8Array(data.buffer), root);
    if (root !== comm.rank) copy(true);
  }
}

/** Places in the list of the sites of each rank. */
function ownersOf(comm: Comm, halo: Halo, sites: Int32Array | undefined): number[][] {
  const lists: number[][] = Array.from({ length: comm.size }, () => []);
  const count = sites?.length ?? halo.volume;
  for (let k = 0; k < count; k++) lists[halo.owner(sites ? sites[k]! : k)]!.push(k);
  return lists;
}
