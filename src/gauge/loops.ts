/**
 * Paths and loops from a path language: `+x +y -x -y` is the plaquette. A step +mu multiplies with U_mu(n) and moves to n + mu, a step
 * -mu multiplies with U_mu(n - mu)^+ and moves to n - mu; `+2x` repeats.
 */
import { CovarianceError, GeometryError } from "../errors.ts";
import { kind, type Complex, type Lattice, type Links, type Matrix, type Scalar, add, adj, displacementText, mul, reTrace, scaleBy, shift, sum, trace, unit } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";
import { aPath, steps } from "./kinds.ts";

/** Signed directions: +1 is +x, -1 is -x, +2 is +y, ... */
export type Path = readonly number[];

/** Parses `+x +y -x -2t`. Names are the lattice's: the last direction is t. @throws CovarianceError for unknown steps. */
export function parsePath(lattice: Lattice, text: string): Path {
  guard("parsePath", { lattice: [lattice, kind.lattice], text: [text, is.text] });
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
  guard("pathText", { lattice: [lattice, kind.lattice], path: [path, steps] });
  return path.map((s) => `${s > 0 ? "+" : "-"}${lattice.axis(Math.abs(s) - 1)}`).join(" ");
}

/** The same path walked backwards: its product is the adjoint. */
export function reversePath(path: Path): Path {
  guard("reversePath", { path: [path, steps] });
  return path.map((s) => -s).reverse();
}

/** Product of `length` links straight along +mu from the site, by halves, so that lines of all lengths share their parts. */
export function line<N extends number>(U: Links<N>, mu: number, length: number): Matrix<N> {
  guard("line", { U: [U, kind.links], mu: [mu, kind.direction(U)], length: [length, is.count] });
  if (length === 1) return U[mu]!;
  const half = Math.ceil(length / 2);
  return mul(line(U, mu, half), shift(line(U, mu, length - half), mu, half));
}

/** Ordered product of the links along a path that starts at the site. @throws CovarianceError for a direction that the lattice lacks. */
export function pathProduct<N extends number>(U: Links<N>, path: Path | string): Matrix<N> {
  guard("pathProduct", { U: [U, kind.links], path: [path, aPath] });
  const { lattice } = U;
  const at = lattice.extents.map(() => 0);
  let product: Matrix<N> | undefined;
  for (const [step, length] of runs(typeof path === "string" ? parsePath(lattice, path) : path)) {
    const mu = Math.abs(step) - 1;
    if (!(mu >= 0 && mu < lattice.dim)) throw new CovarianceError(`path [${String(path)}]: got the step ${step}, expected +-1 to +-${lattice.dim} on ${lattice}`);
    if (step < 0) at[mu]! -= length;
    const part = shift(line(U, mu, length), [...at]);
    if (step > 0) at[mu]! += length;
    const factor = step > 0 ? part : adj(part);
    product = product ? mul(product, factor) : factor;
  }
  return product ?? unit(U[0]!.tape, U.N);
}

/** Equal steps in a row, with their number. */
function runs(path: Path): [step: number, length: number][] {
  const out: [number, number][] = [];
  for (const s of path) {
    const last = out.at(-1);
    if (last?.[0] === s) last[1]++;
    else out.push([s, 1]);
  }
  return out;
}

/**
 * Product around a closed path, as first half times adjoint of the second half backwards: neighbouring loops share the halves.
 * @throws CovarianceError for an open path.
 */
export function loopProduct<N extends number>(U: Links<N>, path: Path | string): Matrix<N> {
  guard("loopProduct", { U: [U, kind.links], path: [path, aPath] });
  const steps = typeof path === "string" ? parsePath(U.lattice, path) : path;
  expectClosed(U.lattice, steps);
  const half = Math.ceil(steps.length / 2);
  if (steps.length < 2) return pathProduct(U, steps);
  return mul(pathProduct(U, steps.slice(0, half)), adj(pathProduct(U, reversePath(steps.slice(half)))));
}

function expectClosed(lattice: Lattice, path: Path): void {
  const end = lattice.wrap(lattice.extents.map((_, mu) => path.reduce((x, s) => x + (Math.abs(s) - 1 === mu ? Math.sign(s) : 0), 0)));
  if (end.some((x) => x !== 0))
    throw new CovarianceError(`loop ${pathText(lattice, path)}: the path is open: got [0 -> ${displacementText(lattice, end)}], expected one that returns to its start on ${lattice}: add the missing steps, or use pathProduct`);
}

/** (1/N) tr of a closed path, a complex number a site. @throws CovarianceError for an open path. */
export function loopTrace(U: Links, path: Path | string): Complex {
  guard("loopTrace", { U: [U, kind.links], path: [path, aPath] });
  return scaleBy(1 / U.N, trace(loopProduct(U, path)));
}

/** Sum over sites and the given closed paths of Re tr / N. @throws CovarianceError for an open path. */
export function loopSum(U: Links, paths: readonly Path[]): Scalar {
  guard("loopSum", { U: [U, kind.links], paths: [paths, is.listOf(aPath, 1)] });
  const terms = paths.map((p) => reTrace(loopProduct(U, p)));
  return scaleBy(1 / U.N, sum(add(terms[0]!, ...terms.slice(1))));
}

/** Plaquette P_mn(n) = U_m(n) U_n(n+m) U_m(n+n)^+ U_n(n)^+, closed at n. */
export function plaquette<N extends number>(U: Links<N>, mu: number, nu: number): Matrix<N> {
  guard("plaquette", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)] });
  return loopProduct(U, [mu + 1, nu + 1, -mu - 1, -nu - 1]);
}

/**
 * `middle`, which leads from n to n + mu, displaced over `side` of `length` links along nu: above (+1) or below (-1). The one staple formula: of links,
 * of smeared links, of staples inside of staples.
 */
export function detour<N extends number>(side: Matrix<N>, middle: Matrix<N>, mu: number, nu: number, sign: 1 | -1, length = 1): Matrix<N> {
  guard("detour", { side: [side, kind.matrix], middle: [middle, kind.matrix], mu: [mu, kind.direction(side?.lattice)], nu: [nu, kind.otherDirection(mu, side?.lattice)], sign: [sign, is.oneOf(1, -1)], length: [length, is.count] });
  if (sign === 1) return mul(mul(side, shift(middle, nu, length)), adj(shift(side, mu)));
  return shift(mul(adj(side), mul(middle, shift(side, mu))), nu, -length);
}

/**
 * The path from n to n + mu over `length` links along nu: above (+1), below (-1). Both are built on the corner product
 * U_mu(n) U_nu(n + mu), so that sums of staples and their derivatives share it.
 */
export function staple<N extends number>(U: Links<N>, mu: number, nu: number, sign: 1 | -1, length = 1): Matrix<N> {
  guard("staple", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)], sign: [sign, is.oneOf(1, -1)], length: [length, is.count] });
  return detour(line(U, nu, length), U[mu]!, mu, nu, sign, length);
}

/**
 * Sum of the 2(D-1) staples of U_mu(n), oriented like the link: C_mu(n) = sum_{nu != mu} [ U_nu(n) U_mu(n+nu) U_nu(n+mu)^+ +
 * U_nu(n-nu)^+ U_mu(n-nu) U_nu(n-nu+mu) ]. `directions` restricts nu.
 */
export function staples<N extends number>(U: Links<N>, mu: number, directions?: readonly number[]): Matrix<N> {
  guard("staples", { U: [U, kind.links], mu: [mu, kind.direction(U)], directions: [directions, is.optional(is.listOf(kind.direction(U), 1))] });
  const nus = (directions ?? U.lattice.extents.map((_, nu) => nu)).filter((nu) => nu !== mu);
  if (nus.length === 0) throw new GeometryError(`staples: got no direction other than mu = ${mu}, expected at least one: a staple lies in a plane`);
  const parts = nus.flatMap((nu) => [staple(U, mu, nu, 1), staple(U, mu, nu, -1)]);
  return add(parts[0]!, ...parts.slice(1));
}
