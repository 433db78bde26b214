/** Gaussian momenta. */
import type { AlgebraField } from "../autograd/index.ts";
import { drawAlgebra } from "../gauge/index.ts";
import { PURPOSE, type RandomStream } from "../util/index.ts";

/** P_mu(n) = sum_a p^a T_a with independent p^a ~ N(0, 1): density exp(-K). Component mu G + a of the site, G generators. */
export function drawMomenta(P: AlgebraField, random: RandomStream, trajectory: number): void {
  drawAlgebra(P, random, trajectory, PURPOSE.momentum);
}
