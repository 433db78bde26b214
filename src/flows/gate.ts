/** Gauge-invariant loops around a link that no half step of its direction and parity moves: what weights of staples may depend on. */
import { type Links, type Matrix, type Real, add, adj, mul, reTrace, restrict, scaleBy, shift } from "../autograd/index.ts";

/** Number of features that `gateFeatures` has. */
export const GATE_FEATURES = 2;

/** The two staples of a link in a plane, from n to n + mu, on the sites of the links that move. */
export interface StaplePair {
  readonly above: Matrix;
  readonly below: Matrix;
}

/**
 * f_0(n): mean over nu != mu of Re tr/N of the loop 1 x 2 that surrounds the link (n, mu) in the plane mu nu, along the staple above and back along the one below: its mu links are of the
 * other parity. f_1(n): mean of Re tr P/N of the plaquettes at n without links along mu (zero in two dimensions).
 */
export function gateFeatures(U: Links, mu: number, parity: "even" | "odd", staples: readonly StaplePair[]): Real[] {
  const { lattice } = U;
  const on = (x: Matrix, d: readonly number[]): Matrix => restrict(shift(x, d), parity);
  const others = lattice.extents.map((_, nu) => nu).filter((nu) => nu !== mu);
  const zero = lattice.step(mu, 0);
  const around = staples.map(({ above, below }) => reTrace(mul(above, adj(below))));
  const across = others.flatMap((nu, k) =>
    others.slice(k + 1).map((la) => {
      const first = mul(on(U[nu]!, zero), on(U[la]!, lattice.step(nu)));
      const second = mul(on(U[la]!, zero), on(U[nu]!, lattice.step(la)));
      return reTrace(mul(first, adj(second)));
    }),
  );
  const mean = (xs: readonly Real[]): Real => scaleBy(1 / (U.N * xs.length), add(xs[0]!, ...xs.slice(1)));
  return [mean(around), across.length === 0 ? scaleBy(0, around[0]!) : mean(across)];
}
