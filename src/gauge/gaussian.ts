/** Gaussian algebra fields. */
import { kind, type AlgebraField, drawNormals } from "../autograd/index.ts";
import type { RandomStream } from "../util/index.ts";
import { algebraMap } from "./group.ts";
import { guard, is } from "../util/index.ts";
import { aStream } from "./kinds.ts";

/** X_mu(n) = sum_a x^a T_a with independent x^a ~ N(0, 1), component mu G + a of the site's numbers, G generators. */
export function drawAlgebra(X: AlgebraField, random: RandomStream, trajectory: number, purpose: number): void {
  guard("drawAlgebra", { X: [X, kind.algebraField], random: [random, aStream], trajectory: [trajectory, is.natural], purpose: [purpose, is.natural] });
  drawNormals(X.fields, algebraMap(X.lattice.dim, X.N), random, { first: 0, trajectory, purpose });
}
