/** Gaussian algebra fields. */
import { type AlgebraField, drawNormals } from "../autograd/index.ts";
import type { RandomStream } from "../util/index.ts";
import { algebraMap } from "./group.ts";

/** X_mu(n) = sum_a x^a T_a with independent x^a ~ N(0, 1), component mu G + a of the site's numbers, G generators. */
export function drawAlgebra(X: AlgebraField, random: RandomStream, trajectory: number, purpose: number): void {
  drawNormals(X.fields, algebraMap(X.lattice.dim, X.N), random, { first: 0, trajectory, purpose });
}
