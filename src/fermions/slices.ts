/** Sums over time slices. */
import { type Lattice, numbersBySite } from "../autograd/index.ts";

/** Sums over the sites of each time slice of `count` numbers a site, which `make` adds to zeros for some sites of this process: one array over t for each number. Collective. */
export function slices(lattice: Lattice, count: number, make: (sites: Int32Array, out: Float64Array) => void): Float64Array[] {
  const T = lattice.extents[lattice.dim - 1]!;
  const out = Array.from({ length: count }, () => new Float64Array(T));
  numbersBySite(lattice, count, make).forEach((x, k) => {
    const t = Math.floor((k * T) / (count * lattice.volume));
    out[k % count]![t]! += x;
  });
  return out;
}
