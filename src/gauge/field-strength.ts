/**
 * Lattice field strengths of one plane, antihermitian (traceless for N >= 2): G_mn(x) = TA(sum of the leaves at x) / (number times area
 * of the leaves), equal to a^2 F_mn up to O(a^4).
 */
import { kind, type Algebra, type Links, type Matrix, add, adj, mul, scaleBy, shift, ta } from "../autograd/index.ts";
import { line, plaquette } from "./loops.ts";
import { guard, is } from "../util/index.ts";

/** Sum of the four a x b rectangles (a links along mu, b along nu) in the mu-nu plane that start and end at x, with equal orientation. */
export function leaves<N extends number>(U: Links<N>, mu: number, nu: number, a = 1, b = 1): Matrix<N> {
  guard("leaves", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)], a: [a, is.count], b: [b, is.count] });
  const { lattice } = U;
  const [A, B] = [line(U, mu, a), line(U, nu, b)];
  const back = (...parts: [number, number][]): number[] => lattice.extents.map((_, k) => -parts.reduce((s, [axis, d]) => s + (axis === k ? d : 0), 0));
  // the two ways from x to the opposite corner
  const up = mul(A, shift(B, mu, a));
  const over = mul(B, shift(A, nu, b));
  return add(
    mul(up, adj(over)),
    mul(mul(B, adj(shift(over, back([mu, a])))), shift(A, back([mu, a]))),
    shift(mul(adj(over), up), back([mu, a], [nu, b])),
    mul(mul(adj(shift(B, back([nu, b]))), shift(up, back([nu, b]))), adj(A)),
  );
}

/** G_mn from one plaquette. */
export function plaquetteStrength<N extends number>(U: Links<N>, mu: number, nu: number): Algebra<N> {
  guard("plaquetteStrength", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)] });
  return ta(plaquette(U, mu, nu));
}

/** G_mn from the four plaquettes of the clover: (Q - Q^+)/8 without trace. */
export function cloverStrength<N extends number>(U: Links<N>, mu: number, nu: number): Algebra<N> {
  guard("cloverStrength", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)] });
  return scaleBy(1 / 4, ta(leaves(U, mu, nu))) as Algebra<N>;
}

/** G_mn from the eight 1 x 2 and 2 x 1 leaves of area 2. */
export function rectangleStrength<N extends number>(U: Links<N>, mu: number, nu: number): Algebra<N> {
  guard("rectangleStrength", { U: [U, kind.links], mu: [mu, kind.direction(U)], nu: [nu, kind.otherDirection(mu, U)] });
  return scaleBy(1 / 16, ta(add(leaves(U, mu, nu, 2, 1), leaves(U, mu, nu, 1, 2)))) as Algebra<N>;
}
