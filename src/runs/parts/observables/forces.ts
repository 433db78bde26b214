/** Root mean square and largest size of the force of every part of the actions. */
import { type AlgebraField, DirectionalField, numbersBySite } from "../../../autograd/index.ts";
import type { ForceSize } from "../../records.ts";
import { observable } from "../part.ts";
import type { GuideParts, System } from "../../system-types.ts";
import { none } from "./options.ts";

export const forces = observable({ name: "forces", options: none, measure: () => ({}), record: (system, guide) => ({ forces: forceSizes(system, guide) }) });

function forceSizes({ gauge, fermions, target, U }: System, guide: GuideParts | undefined): Readonly<Record<string, ForceSize>> {
  const F: AlgebraField = new DirectionalField(U.lattice, U.N, "algebra");
  const parts = { gauge, ...Object.fromEntries(fermions.map((f, k) => [fermions.length === 1 ? "fermions" : `fermions.${k}`, f])), ...(fermions.length > 0 ? { target } : {}), ...(guide ? { guide: guide.whole } : {}) };
  const sizes = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, sizeOf(part.force(U, F))]));
  F[Symbol.dispose]();
  return sizes;
}

/** |F|^2 = -2 tr F^2 = 2 sum |F_ij|^2 of each link; U(1): |F|^2. */
function sizeOf(F: AlgebraField): ForceSize {
  const size = 2 * F.N * F.N;
  const norm = F.N === 1 ? 1 : 2;
  let [sum, max, links] = [0, 0, 0];
  for (const field of F.fields) {
    const squares = numbersBySite(F.lattice, 1, (sites, to) => {
      const f = field.readOwnSites(sites, new Float64Array(size * sites.length));
      for (let k = 0; k < f.length; k++) to[Math.floor(k / size)]! += norm * f[k]! * f[k]!;
    });
    for (const s of squares) {
      sum += s;
      max = Math.max(max, s);
      links++;
    }
  }
  return { rms: Math.sqrt(sum / links), max: Math.sqrt(max) };
}
