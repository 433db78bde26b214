/** Values between two lattices of the same extents whose fields are laid out differently, for instance in double and in single precision. */
import { type Engine, type Storage, type ValueType, storedComponents, domainOf, realsOf } from "../autograd/index.ts";
import { type HeapStorage, Machine } from "./machine.ts";

/** y <- factor x, from the memory of one engine to that of another; between lattices that are divided alike each rank transfers its own sites. */
export function transfer(x: Engine, from: Storage, y: Engine, to: Storage, type: ValueType, factor = 1): void {
  if (!(x instanceof Machine) || !(y instanceof Machine) || x.part?.grid.join() !== y.part?.grid.join() || type.kind === "scalar" || type.kind === "tensor") {
    const lattice = (x as Machine).lattice;
    const data = new Float64Array(realsOf(lattice, type));
    x.read(from, type, data);
    if (factor !== 1) for (let k = 0; k < data.length; k++) data[k]! *= factor;
    y.write(to, type, data);
    return;
  }
  x.attend(from, type, false);
  y.attend(to, type, true);
  const [a, b] = [placeOf(x, from), placeOf(y, to)];
  const [{ numbers: source, width }, { numbers: target, width: other }] = [a, b];
  const n = storedComponents(type);
  const parity = domainOf(type) === "all" ? -1 : domainOf(type) === "even" ? 0 : 1;
  const { lattice, layout: { position } } = x;
  (to as HeapStorage).fresh?.clear();
  for (let s = 0; s < lattice.batch * lattice.volume; s++) {
    if (position[s]! < 0) continue;
    if (parity >= 0 && lattice.parity(s % lattice.volume) !== parity) continue;
    for (let c = 0, i = a.at(s), j = b.at(s); c < n; c++, i += width, j += other) target[j] = factor * source[i]!;
  }
}

/** Where the first component of each site is. */
function placeOf(engine: Machine, storage: Storage): { readonly numbers: Float64Array | Float32Array; readonly width: number; at(site: number): number } {
  const { address, stride } = storage as HeapStorage;
  const { heap, layout: { width, position } } = engine;
  const [base, skip] = [address / heap.realBytes, stride / heap.realBytes];
  return {
    numbers: heap.reals,
    width,
    at: (site) => {
      const p = position[site]!;
      return base + ((p / width) | 0) * skip + (p % width);
    },
  };
}
