/** Makes lattices: extents, backend and threads in one place. */
import { type EngineOptions, makeLattice } from "../compiler/index.ts";
import type { Lattice } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";

/** Backend, threads and arithmetic of a lattice's programs. Results do not depend on the number of threads. */
export type LatticeOptions = EngineOptions;

/**
 * A periodic lattice of 2, 3 or 4 dimensions, for instance `lattice([8, 8, 8, 8])`; the last direction is time. All fields made from
 * it share its memory.
 * @throws GeometryError for extents that are not positive integers; BackendError when the backend is not present.
 */
export function lattice(extents: readonly number[], options: LatticeOptions = {}): Lattice {
  guard("lattice", { options: [options, is.object] });
  return makeLattice(extents, options);
}
