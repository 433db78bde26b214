/**
 * A gauge action with a free coupling for each kind of loop, to be trained together with a network:
 * S = sum_i beta_i sum_{loops of kind i} (1 - Re tr(loop) / N), plaquettes and rectangles, and beta_t, beta_s times the same for the
 * Polyakov loops that wind in time and in space, each closed loop counted once.
 */
import { type Links, type Scalar, add, number, reTrace, scale, scaleBy, sub, sum } from "../autograd/index.ts";
import { GaugeAction, pathProduct, plaquetteSum, rectangleSum } from "../gauge/index.ts";

/** Couplings; a positive one favours loops near 1. */
export interface Couplings {
  readonly plaquette: number;
  readonly rectangle: number;
  readonly polyakovTime: number;
  readonly polyakovSpace: number;
}

/** Sum of Re tr / N over the different loops that wind once along mu. */
function windingSum(U: Links, mu: number): Scalar {
  const L = U.lattice.extents[mu]!;
  return scaleBy(1 / (L * U.N), sum(reTrace(pathProduct(U, Array.from({ length: L }, () => mu + 1)))));
}

/** The action with these couplings; those not given are 0. `plaquette` alone is the Wilson action with beta = plaquette. */
export function couplingsAction(couplings: Partial<Couplings>): GaugeAction<number, Couplings> {
  const inputs: Couplings = { plaquette: 0, rectangle: 0, polyakovTime: 0, polyakovSpace: 0, ...couplings };
  return new GaugeAction<number, Couplings>("gauge couplings", inputs, (U, c) => {
    const { tape } = U[0]!;
    const { volume, dim, extents } = U.lattice;
    const planes = (volume * dim * (dim - 1)) / 2;
    const missing = (count: number, loops: Scalar): Scalar => sub(number(tape, count), loops);
    const winding = (mu: number): Scalar => missing(volume / extents[mu]!, windingSum(U, mu));
    return add(
      scale(c.plaquette, missing(planes, plaquetteSum(U))),
      scale(c.rectangle, missing(2 * planes, rectangleSum(U))),
      scale(c.polyakovTime, winding(dim - 1)),
      ...Array.from({ length: dim - 1 }, (_, mu) => scale(c.polyakovSpace, winding(mu))),
    );
  });
}
