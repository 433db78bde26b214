/** A pseudofermion field without random numbers. */
import { kind, Field, type Lattice, type VectorType } from "../autograd/index.ts";
import { type Boundary, staggeredType } from "./staggered.ts";
import { guard, is } from "../util/index.ts";

/**
 * phi_a(n) = sin(0.3 + 0.7a + 0.41(x+2y+3z+5t)) + i cos(0.9 - 0.5a + 0.29(3x+y+2z+7t)) on even sites, zero-based a. In D dimensions the first D
 * coordinates' weights are used, in the order x, y, z, t.
 */
export function closedFormSource<N extends number>(lattice: Lattice, N: N, boundary?: Boundary): Field<VectorType<N>> {
  guard("closedFormSource", { lattice: [lattice, kind.lattice], N: [N, kind.colours], boundary: [boundary, is.optional(kind.boundary(lattice))] });
  const [w, v] = [[1, 2, 3, 5], [3, 1, 2, 7]];
  const phi = new Field(lattice, staggeredType(lattice, N, { boundary, domain: "even" }));
  const data = new Float64Array(phi.length);
  for (let n = 0; n < lattice.volume; n++) {
    if (lattice.parity(n) === 1) continue;
    const x = lattice.coordinates(n);
    const [p, q] = [w, v].map((c) => x.reduce((s, xi, k) => s + c[k]! * xi, 0));
    for (let a = 0; a < N; a++) {
      data[2 * (n * N + a)] = Math.sin(0.3 + 0.7 * a + 0.41 * p!);
      data[2 * (n * N + a) + 1] = Math.cos(0.9 - 0.5 * a + 0.29 * q!);
    }
  }
  return phi.set(data);
}
