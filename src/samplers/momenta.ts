/** Gaussian momenta. */
import type { AlgebraField } from "../autograd/index.ts";
import { algebraElement, groupOf } from "../gauge/index.ts";
import { PURPOSE, type RandomStream, fillNormals } from "../util/index.ts";

/** P_mu(n) = sum_a p^a T_a with independent p^a ~ N(0, 1): density exp(-K). Component mu G + a of the site, G generators. */
export function drawMomenta(P: AlgebraField, random: RandomStream, trajectory: number): void {
  const { lattice, N } = P;
  const { generators } = groupOf(N);
  const components = lattice.dim * generators;
  const p = new Float64Array(lattice.volume * components);
  fillNormals(random, { sites: lattice.volume, components, trajectory, purpose: PURPOSE.momentum }, p);
  const size = 2 * N * N;
  P.fields.forEach((field, mu) => {
    const out = new Float64Array(lattice.volume * size);
    for (let n = 0; n < lattice.volume; n++) algebraElement(N, p, n * components + mu * generators, out, n * size);
    field.set(out);
  });
}
