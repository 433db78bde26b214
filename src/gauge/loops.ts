/**
 * Paths and loops from a path language: `+x +y -x -y` is the plaquette. A step +mu multiplies with U_mu(n) and moves to n + mu, a step
 * -mu multiplies with U_mu(n - mu)^+ and moves to n - mu; `+2x` repeats.
 */
import { CovarianceError } from "../errors.ts";
import { type Lattice, type Links, type Matrix, add, adj, mul, shift, unit } from "../autograd/index.ts";

/** Signed directions: +1 is +x, -1 is -x, +2 is +y, ... */
export type Path = readonly number[];

/** Parses `+x +y -x -2t`. Names are the lattice's: the last direction is t. @throws CovarianceError for unknown steps. */
export function parsePath(lattice: Lattice, text: string): Path {
  const steps = text.trim().split(/\s+/);
  return steps.flatMap((s) => {
    const m = /^([+-])(\d*)([a-z])$/.exec(s);
    const mu = m ? lattice.extents.findIndex((_, k) => lattice.axis(k) === m[3]) : -1;
    if (!m || mu < 0)
      throw new CovarianceError(`path "${text}": got the step "${s}", expected +x, -y, +2t, ... with directions ${lattice.extents.map((_, k) => lattice.axis(k)).join(", ")}`);
    return Array.from({ length: m[2] === "" ? 1 : Number(m[2]) }, () => (m[1] === "+" ? mu + 1 : -(mu + 1)));
  });
}

/** `+x +y -x -y`. */
export function pathText(lattice: Lattice, path: Path): string {
  return path.map((s) => `${s > 0 ? "+" : "-"}${lattice.axis(Math.abs(s) - 1)}`).join(" ");
}

/** Ordered product of the links along a path that starts at the site. */
export function pathProduct<N extends number>(U: Links<N>, path: Path | string): Matrix<N> {
  const { lattice } = U;
  const steps = typeof path === "string" ? parsePath(lattice, path) : path;
  const at = lattice.extents.map(() => 0);
  let product: Matrix<N> | undefined;
  for (const s of steps) {
    const mu = Math.abs(s) - 1;
    if (s < 0) at[mu]!--;
    const link = shift(U[mu]!, [...at]);
    if (s > 0) at[mu]!++;
    const factor = s > 0 ? link : adj(link);
    product = product ? mul(product, factor) : factor;
  }
  return product ?? unit(U[0]!.tape, U.N);
}

/** Plaquette P_mn(n) = U_m(n) U_n(n+m) U_m(n+n)^+ U_n(n)^+, closed at n. */
export function plaquette<N extends number>(U: Links<N>, mu: number, nu: number): Matrix<N> {
  const up = mul(U[mu]!, shift(U[nu]!, mu));
  const over = mul(U[nu]!, shift(U[mu]!, nu));
  return mul(up, adj(over));
}

/**
 * The path from n to n + mu over `length` links along nu: above (+1), below (-1). Both are built on the corner product
 * U_mu(n) U_nu(n + mu), so that sums of staples and their derivatives share it.
 */
export function staple<N extends number>(U: Links<N>, mu: number, nu: number, sign: 1 | -1, length = 1): Matrix<N> {
  const side = pathProduct(U, Array.from({ length }, () => nu + 1));
  if (sign === 1) return mul(mul(side, shift(U[mu]!, nu, length)), adj(shift(side, mu)));
  return shift(mul(adj(side), mul(U[mu]!, shift(side, mu))), nu, -length);
}

/**
 * Sum of the 2(D-1) staples of U_mu(n), oriented like the link: C_mu(n) = sum_{nu != mu} [ U_nu(n) U_mu(n+nu) U_nu(n+mu)^+ +
 * U_nu(n-nu)^+ U_mu(n-nu) U_nu(n-nu+mu) ]. `directions` restricts nu.
 */
export function staples<N extends number>(U: Links<N>, mu: number, directions?: readonly number[]): Matrix<N> {
  const nus = (directions ?? U.lattice.extents.map((_, nu) => nu)).filter((nu) => nu !== mu);
  const parts = nus.flatMap((nu) => [staple(U, mu, nu, 1), staple(U, mu, nu, -1)]);
  return add(parts[0]!, ...parts.slice(1));
}
