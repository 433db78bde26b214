/** The sites whose values a process has. */
import { guard, is } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import * as kind from "./kinds.ts";

/**
 * Calls f with the sites of this process in ascending order, at most `most` at a time: those of its part of a lattice that is divided over ranks, else all, those of
 * sample b of a batch from b V on.
 */
export function forOwnSites(lattice: Lattice, most: number, f: (sites: Int32Array) => void): void {
  guard("forOwnSites", { lattice: [lattice, kind.lattice], most: [most, is.count], f: [f, is.callable] });
  const { engine: { ownSites }, batch, volume } = lattice;
  const count = ownSites?.length ?? batch * volume;
  for (let first = 0; first < count; first += most) {
    const end = Math.min(first + most, count);
    f(ownSites ? ownSites.subarray(first, end) : Int32Array.from({ length: end - first }, (_, k) => first + k));
  }
}

/** How many sites are looked at together: so many at most; all where an engine hands out fields as a whole, so that each piece would cost as much. */
export function atOnce(lattice: Lattice, most: number): number {
  guard("atOnce", { lattice: [lattice, kind.lattice], most: [most, is.count] });
  const { engine, batch, volume } = lattice;
  return engine.readOwn ? Math.min(most, engine.ownSites?.length ?? batch * volume) : batch * volume;
}

/** The largest x of all ranks that a lattice is divided over; NaN where one has it. */
export function largest(lattice: Lattice, x: number): number {
  guard("largest", { lattice: [lattice, kind.lattice], x: [x, is.number] });
  const { part } = lattice.engine;
  if (!part) return x;
  const all = Float64Array.of(Number.isNaN(x) ? 1 : 0, Number.isNaN(x) ? 0 : x);
  part.comm.max(all);
  return all[0] === 1 ? Number.NaN : all[1]!;
}
