/**
 * Gauge-invariant operators whose Laplacians sum_links sum_a d^a d^a are operators of the same list: the plaquette and the products of two plaquettes of the
 * order-t action of the trivialising map (arXiv:0907.5491). P_i runs over the 2(D-1) plaquettes through a link, based at its start and running along it.
 *
 *   plaquette   sum_P Re tr P                                double   sum_P Re tr P^2
 *   bent        sum_links sum_{i != j} Re tr(P_i P_j^+)      square   sum_P Re (tr P)^2
 *   crossed     sum_links sum_{i != j} Re tr(P_i P_j)        modulus  sum_P |tr P|^2
 *   pair        sum_links sum_{i != j} Re(tr P_i tr P_j)
 *   antipair    sum_links sum_{i != j} Re(tr P_i tr P_j^*)
 *
 * Sums over all i, j are traces of D = sum_i P_i = U C^+: only products and traces are needed. Extents of at least 3: on smaller ones plaquettes share more links.
 */
import { type Lattice, type Links, type Matrix, type Real, type Scalar, abs2, add, adj, dot, im, kind, mul, number, re, reTrace, scaleBy, square, sub, sum, trace } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { plaquette, staples } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";

/** Names of the operators. */
export type OperatorName = "plaquette" | "bent" | "crossed" | "pair" | "antipair" | "double" | "square" | "modulus";

/** (N^2 - 1)/(2N); 1 for U(1), whose generator is i. */
export function casimir(N: number): number {
  guard("casimir", { N: [N, is.count] });
  return N === 1 ? 1 : (N * N - 1) / (2 * N);
}

/** The operators that are independent for a gauge group: for N = 1 and 2 several coincide, for N = 3 Re tr P^2 = Re (tr P)^2 - 2 Re tr P. */
export function operatorsOf(N: number): readonly OperatorName[] {
  if (N === 1) return ["plaquette", "bent", "crossed", "double"];
  if (N === 2) return ["plaquette", "bent", "crossed", "pair", "square"];
  if (N === 3) return ["plaquette", "bent", "crossed", "pair", "antipair", "square", "modulus"];
  return ["plaquette", "bent", "crossed", "pair", "antipair", "double", "square", "modulus"];
}

/** Values of all operators on traced links. @throws GeometryError for extents below 3, where plaquettes share more than a link. */
export function operatorValues(U: Links): Readonly<Record<OperatorName, Scalar>> {
  guard("operatorValues", { U: [U, kind.links] });
  const { lattice } = U;
  expectApart(lattice);
  const P = lattice.extents.flatMap((_, mu) => lattice.extents.slice(mu + 1).map((__, k) => plaquette(U, mu, mu + 1 + k)));
  return valuesOf(lattice, P, lattice.extents.map((_, mu) => mul(U[mu]!, adj(staples(U, mu)))));
}

/** @throws GeometryError for extents below 3. */
export function expectApart(lattice: Lattice): void {
  if (lattice.extents.some((L) => L < 3)) throw new GeometryError(`loop operators: got extents ${lattice.extents.join("x")}, expected at least 3: plaquettes share more than one link otherwise`);
}

/** Values of all operators from the plaquettes and the sums D of every direction. */
export function valuesOf(lattice: Lattice, P: readonly Matrix[], D: readonly Matrix[]): Readonly<Record<OperatorName, Scalar>> {
  const total = (xs: readonly Real[]): Scalar => sum(add(xs[0]!, ...xs.slice(1)));
  const squared = (z: ReturnType<typeof trace>): Real => sub(square(re(z)), square(im(z)));
  const [trP, trD] = [P.map((p) => trace(p)), D.map((d) => trace(d))];
  const one = {
    double: total(P.map((p) => reTrace(mul(p, p)))),
    square: total(trP.map(squared)),
    modulus: total(trP.map((z) => abs2(z))),
  };
  // every plaquette runs through four links
  const links = lattice.volume * lattice.dim;
  const without = (all: Scalar, diagonal: Scalar): Scalar => sub(all, scaleBy(4, diagonal));
  return {
    ...one,
    plaquette: total(P.map((p) => reTrace(p))),
    bent: add(total(D.map((d) => dot(d, d))), number(one.double.tape, -links * 2 * (lattice.dim - 1) * P[0]!.type.N)),
    crossed: without(total(D.map((d) => reTrace(mul(d, d)))), one.double),
    pair: without(total(trD.map(squared)), one.square),
    antipair: without(total(trD.map((z) => abs2(z))), one.modulus),
  };
}

/** Laplacian of an operator as a combination of operators, and a constant for each plaquette. */
export interface Laplacian {
  readonly of: Readonly<Partial<Record<OperatorName, number>>>;
  readonly constant: number;
}

/**
 * Every link that appears once in a product contributes -C_F; the shared one of two plaquettes, and those of the square of one, besides
 * sum_a tr(T_a A T_a B) = -(1/2)[tr A tr B - tr(AB)/N] and sum_a tr(T_a A) tr(T_a B) = -(1/2)[tr(AB) - tr A tr B/N].
 */
export function laplacianOf(name: OperatorName, N: number): Laplacian {
  const C = casimir(N);
  if (N === 1) {
    const eigenvalue = { plaquette: -4, bent: -6, crossed: -10, double: -16, pair: -10, antipair: -6, square: -16, modulus: 0 }[name];
    return { of: { [name]: eigenvalue }, constant: 0 };
  }
  const k = 8 * C - 1 / N;
  const table: Readonly<Record<OperatorName, Laplacian>> = {
    plaquette: { of: { plaquette: -4 * C }, constant: 0 },
    bent: { of: { bent: -6 * C }, constant: 0 },
    crossed: { of: { crossed: -k, pair: -1 }, constant: 0 },
    pair: { of: { pair: -k, crossed: -1 }, constant: 0 },
    antipair: { of: { antipair: -8 * C - 1 / N, bent: 1 }, constant: 0 },
    double: { of: { double: 4 * (-2 * C + 1 / N), square: -4 }, constant: 0 },
    square: { of: { square: 4 * (-2 * C + 1 / N), double: -4 }, constant: 0 },
    modulus: { of: { modulus: 4 * (-2 * C - 1 / N) }, constant: 4 * N },
  };
  return table[name];
}
