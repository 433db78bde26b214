/** Makes lattices: extents, backend and threads in one place. */
import { type EngineOptions, makeLattice } from "../compiler/index.ts";
import type { Lattice } from "../autograd/index.ts";
import { type Kind, guard, is } from "../util/index.ts";

/** Backend, threads and arithmetic of a lattice's programs. Results do not depend on the number of threads. */
export type LatticeOptions = EngineOptions;

const KEYS = Object.keys({ backend: 1, threads: 1, strict: 1, maxFields: 1, debugNaN: 1, lanes: 1, precision: 1, quaternions: 1, batch: 1, engine: 1, comm: 1, grid: 1, ghosts: 1 } satisfies Record<keyof LatticeOptions, 1>);

/** An object of options for lattices, or of these and some others. */
export const latticeKeys = (...others: readonly string[]): Kind => is.keysOf(...KEYS, ...others);

/** Those of the options that are for lattices. */
export function ofLattice(options: LatticeOptions): LatticeOptions {
  guard("ofLattice", { options: [options, is.object] });
  return Object.fromEntries(Object.entries(options).filter(([key]) => KEYS.includes(key)));
}

/**
 * A periodic lattice of 2, 3 or 4 dimensions, for instance `lattice([8, 8, 8, 8])`; the last direction is time. All fields made from
 * it share its memory.
 * @throws GeometryError for extents that are not positive integers; BackendError when the backend is not present.
 */
export function lattice(extents: readonly number[], options: LatticeOptions = {}): Lattice {
  guard("lattice", { options: [options, latticeKeys()] });
  return makeLattice(extents, options);
}
