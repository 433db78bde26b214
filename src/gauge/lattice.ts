/** Makes lattices: extents, backend and threads in one place. */
import { makeLattice, type BackendName } from "../compiler/index.ts";
import type { Lattice } from "../autograd/index.ts";

export interface LatticeOptions {
  /** Which emitter runs the programs; default: the fastest that works here. */
  readonly backend?: BackendName | "auto";
  /** Worker threads, counting the main one. Results do not depend on it. Default: chosen by lattice size. */
  readonly threads?: number;
}

/**
 * A periodic lattice of 2, 3 or 4 dimensions, for instance `lattice([8, 8, 8, 8])`; the last direction is time. All fields made from
 * it share its memory.
 * @throws GeometryError for extents that are not positive integers; BackendError when the backend is not present.
 */
export function lattice(extents: readonly number[], options: LatticeOptions = {}): Lattice {
  return makeLattice(extents, options);
}
