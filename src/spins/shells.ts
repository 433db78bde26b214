/**
 * Distance shells of a periodic two-dimensional lattice: displacements with the same shortest length. Displacements are taken modulo
 * the extents, so one that is its own opposite round the torus counts once: on 6 x 6 the shell r^2 = 9 has 36 pairs.
 */
import { type Displacement, type Lattice, type Spin, add, shift } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { expectPlane } from "./spin-field.ts";

/** Displacements of one shortest length on the periodic lattice. */
export interface Shell {
  /** Square of the distance; 0 for the site itself. */
  readonly r2: number;
  /** Different displacements, components in [0, L). */
  readonly displacements: readonly Displacement[];
}

/** Shells 0 (the site itself) to `last`. @throws ConfigurationError when the lattice has fewer. */
export function distanceShells(lattice: Lattice, last: number): readonly Shell[] {
  expectPlane(lattice);
  const byDistance = new Map<number, Displacement[]>();
  for (let n = 0; n < lattice.volume; n++) {
    const d = lattice.coordinates(n);
    const r2 = d.reduce((s, x, mu) => s + Math.min(x, lattice.extents[mu]! - x) ** 2, 0);
    const list = byDistance.get(r2);
    if (list) list.push(d);
    else byDistance.set(r2, [d]);
  }
  const all = [...byDistance].sort(([a], [b]) => a - b).map(([r2, displacements]) => ({ r2, displacements }));
  if (!Number.isInteger(last) || last < 0 || last >= all.length) throw new ConfigurationError(`shells: got ${last} on ${lattice}, expected a number of distance shells from 0 to ${all.length - 1}`);
  return all.slice(0, last + 1);
}

/** sum over the shell of S(i + l). */
export function shellSum(S: Spin, shell: Shell): Spin {
  const terms = shell.displacements.map((d) => shift(S, d));
  return add(terms[0]!, ...terms.slice(1));
}

/** Sites of a shell around every site: neighbours[site * count + k]. */
export function neighbourTable(lattice: Lattice, shell: Shell): Int32Array {
  const count = shell.displacements.length;
  const out = new Int32Array(count * lattice.volume);
  for (let n = 0; n < lattice.volume; n++) {
    const x = lattice.coordinates(n);
    shell.displacements.forEach((d, k) => (out[n * count + k] = lattice.site(x.map((c, mu) => c + d[mu]!))));
  }
  return out;
}
