/**
 * Topological charge. Four dimensions: Q = -(1/4 pi^2) sum_x tr[G_xy G_zt - G_xz G_yt + G_xt G_yz] = (1/32 pi^2) sum eps_{mnrs} tr F_mn F_rs
 * with F = -iG, eps_{xyzt} = +1. Two dimensions, U(1): the geometric charge, an integer.
 */
import { kind, type Algebra, type LinkField, type Links, type Real, add, argDet, dot, scaleBy, sub, sum } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { cloverStrength, plaquetteStrength, rectangleStrength } from "./field-strength.ts";
import { plaquette } from "./loops.ts";
import { perLattice } from "./per-lattice.ts";
import { guard, is } from "../util/index.ts";

/**
 * Discretisations, all equal in the continuum: `plaquette` (one plaquette a plane), `clover` (four), `rectangle` (eight 1 x 2 leaves),
 * `improved` = (5/3) Q_clover - (2/3) Q_rectangle, `bilsonThompson`: (5/3) G_clover - (2/3) G_rectangle contracted with itself.
 */
export type ChargeMethod = "plaquette" | "clover" | "rectangle" | "improved" | "bilsonThompson";

type Strength = (U: Links, mu: number, nu: number) => Algebra;

/** (1/4 pi^2) [(xy, zt) - (xz, yt) + (xt, yz)]; -tr(G H) = Re tr(G^+ H). */
function contract(U: Links, G: Strength): Real {
  const pair = (a: number, b: number, c: number, d: number): Real => dot(G(U, a, b), G(U, c, d));
  return scaleBy(1 / (4 * Math.PI ** 2), add(sub(pair(0, 1, 2, 3), pair(0, 2, 1, 3)), pair(0, 3, 1, 2)));
}

const improvedStrength: Strength = (U, mu, nu) => sub(scaleBy(5 / 3, cloverStrength(U, mu, nu)), scaleBy(2 / 3, rectangleStrength(U, mu, nu)));

const DENSITY: { readonly [M in ChargeMethod]: (U: Links) => Real } = {
  plaquette: (U) => contract(U, plaquetteStrength),
  clover: (U) => contract(U, cloverStrength),
  rectangle: (U) => contract(U, rectangleStrength),
  improved: (U) => sub(scaleBy(5 / 3, DENSITY.clover(U)), scaleBy(2 / 3, DENSITY.rectangle(U))),
  bilsonThompson: (U) => contract(U, improvedStrength),
};

const eachMethod = <T>(f: (method: ChargeMethod) => T): { readonly [M in ChargeMethod]: T } => ({
  plaquette: f("plaquette"),
  clover: f("clover"),
  rectangle: f("rectangle"),
  improved: f("improved"),
  bilsonThompson: f("bilsonThompson"),
});

const charges = eachMethod((method) => perLattice((U) => sum(DENSITY[method](U))));
const densities = eachMethod((method) => perLattice((U) => DENSITY[method](U)));

function expectFour(U: LinkField): void {
  if (U.lattice.dim !== 4) throw new GeometryError(`topological charge: got ${U.lattice.dim} dimensions, expected 4: in two dimensions geometricCharge is for U(1)`);
}

/** Topological charge of a field in four dimensions. @throws GeometryError in other dimensions. */
export function topologicalCharge(U: LinkField, method: ChargeMethod = "clover"): number {
  guard("topologicalCharge", { U: [U, kind.linkField], method: [method, is.oneOf(...Object.keys(DENSITY))] });
  expectFour(U);
  return charges[method](U);
}

/** Its density, one number a site in lexicographic order; the sum is the charge. @throws GeometryError unless in four dimensions. */
export function topologicalChargeDensity(U: LinkField, method: ChargeMethod = "clover"): Float64Array {
  guard("topologicalChargeDensity", { U: [U, kind.linkField], method: [method, is.oneOf(...Object.keys(DENSITY))] });
  expectFour(U);
  return densities[method](U).toArray();
}

const geometricDensity = (U: Links): Real => scaleBy(1 / (2 * Math.PI), argDet(plaquette(U, 0, 1)));
const geometric = perLattice((U) => sum(geometricDensity(U)));
const geometricDensities = perLattice(geometricDensity);

function expectPlane(U: LinkField, what: string): void {
  if (U.lattice.dim !== 2 || U.N !== 1) throw new GeometryError(`${what}: got N = ${U.N} in ${U.lattice.dim} dimensions, expected U(1) in 2`);
}

/** Q = (1/2 pi) sum_P arg U_P with arg in (-pi, pi], orientation x then t: an integer up to rounding. @throws GeometryError unless U(1) in 2D. */
export function geometricCharge(U: LinkField): number {
  guard("geometricCharge", { U: [U, kind.linkField] });
  expectPlane(U, "geometricCharge");
  return geometric(U);
}

/** Its density (1/2 pi) arg U_P, one number a site in lexicographic order. @throws GeometryError unless U(1) in 2D. */
export function geometricChargeDensity(U: LinkField): Float64Array {
  guard("geometricChargeDensity", { U: [U, kind.linkField] });
  expectPlane(U, "geometricChargeDensity");
  return geometricDensities(U).toArray();
}
