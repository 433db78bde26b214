/** Gauge-invariant loops around a link that no half step of its direction and parity moves: what weights of staples may depend on. */
import { type Links, type Matrix, type Real, add, addDisplacements, adj, mul, reTrace, restrict, scaleBy, shift } from "../autograd/index.ts";

/** Number of features that `gateFeatures` has. */
export const GATE_FEATURES = 2;

/**
 * f_0(n): mean over nu != mu of Re tr/N of the loop 1 x 2 that surrounds the link (n, mu) in the plane mu nu, from n - nu to n + nu: its mu links are of the
 * other parity. f_1(n): mean of Re tr P/N of the plaquettes at n without links along mu (zero in two dimensions).
 */
export function gateFeatures(U: Links, mu: number, parity: "even" | "odd"): Real[] {
  const { lattice } = U;
  const on = (x: Matrix, d: readonly number[]): Matrix => restrict(shift(x, d), parity);
  const others = lattice.extents.map((_, nu) => nu).filter((nu) => nu !== mu);
  const zero = lattice.step(mu, 0);
  const around = others.map((nu) => {
    const [down, right] = [lattice.step(nu, -1), lattice.step(mu)];
    // from n - nu to n + nu + mu: along mu below and then up, and up and then along mu above
    const below = mul(mul(on(U[mu]!, down), on(U[nu]!, addDisplacements(down, right))), on(U[nu]!, right));
    const above = mul(mul(on(U[nu]!, down), on(U[nu]!, zero)), on(U[mu]!, lattice.step(nu)));
    return reTrace(mul(below, adj(above)));
  });
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
