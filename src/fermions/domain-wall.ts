/**
 * Domain-wall fermions: spinors psi_s on slices s = 0 ... Ls-1 of a fifth dimension, kept as 4 Ls spin components. With the Wilson operator
 * D_W = (dim - M5) - Hop/2 of negative mass and S psi_s = P_- psi_{s+1} + P_+ psi_{s-1}, psi_Ls -> -m psi_0, psi_{-1} -> -m psi_{Ls-1},
 *
 *     D psi = D_W (b + c S) psi + (1 - S) psi,   P_+- = (1 +- gamma_5)/2.
 *
 * b = 1, c = 0: Shamir; else Moebius (hep-lat/0409118). det D(m) / det D(1) is the determinant of an overlap operator whose sign function is
 * tanh(Ls artanh H) with H = gamma_5 (b+c) D_W / (2 + (b-c) D_W).
 */
import { ConfigurationError, GeometryError } from "../errors.ts";
import { kind, type Lattice, type Links, type Scalar, type SpinMatrix, type Vector, type VectorType, add, overlapLogDet, scale, scaleBy, spinMul, spinOf, sub, vectorType } from "../autograd/index.ts";
import { type DiracOperator, type Twist, expectBounds, expectOperands, twisted } from "./operator.ts";
import type { Boundary } from "./staggered.ts";
import { dagger, gamma5, repeated, wilsonHopping, wilsonType } from "./wilson.ts";
import { guard, is } from "../util/index.ts";

/** Parameters that an action keeps fixed. */
export interface DomainWallShape {
  /** Domain-wall height M5; default 1. */
  readonly height?: number;
  /** Moebius parameters; default 1 and 0, Shamir. */
  readonly b?: number;
  readonly c?: number;
}

/** Type of a five-dimensional spinor. @throws GeometryError when Ls is not an integer of at least 2, or as `wilsonType`. */
export function domainWallType<N extends number>(lattice: Lattice, N: N, options: { readonly Ls: number; readonly boundary?: Boundary | undefined }): VectorType<N> {
  guard("domainWallType", { lattice: [lattice, kind.lattice], N: [N, kind.colours], options: [options, is.keysOf("Ls", "boundary")] });
  const { Ls, boundary } = options;
  guard("domainWallType", { Ls: [Ls, is.atMost(4096)], boundary: [boundary, is.optional(kind.boundary(lattice))] });
  if (!Number.isInteger(Ls) || Ls < 2) throw new GeometryError(`domain-wall fermions: got Ls = ${Ls}, expected an integer of at least 2`);
  const four = wilsonType(lattice, N, { boundary });
  return vectorType(lattice, N, { boundary: four.boundary, spin: Ls * spinOf(four) });
}

/** Signs of gamma_5, which is diagonal. */
export function chirality(lattice: Lattice): number[] {
  return gamma5(lattice).map((row, i) => row[i]![0]);
}

/** S = inside - m around, as matrices on all 4 Ls components. */
function slices(lattice: Lattice, Ls: number): { inside: SpinMatrix; around: SpinMatrix } {
  const signs = chirality(lattice);
  const spins = signs.length;
  const matrix = (from: (s: number, sign: number) => number): SpinMatrix =>
    Array.from({ length: Ls * spins }, (_, r) => Array.from({ length: Ls * spins }, (_c, k) => [k % spins === r % spins && Math.floor(k / spins) === from(Math.floor(r / spins), signs[r % spins]!) ? 1 : 0, 0] as const));
  return {
    inside: matrix((s, sign) => s - sign),
    around: matrix((s, sign) => (sign < 0 && s === Ls - 1 ? 0 : sign > 0 && s === 0 ? Ls - 1 : -1)),
  };
}

/** D psi or, with the adjoint of every matrix and in reverse order, D^+ psi. */
function operate<N extends number>(U: Links<N>, psi: Vector<N>, mass: Scalar, { height = 1, b = 1, c = 0 }: DomainWallShape, adjoint: boolean): Vector<N> {
  const { lattice } = U;
  const signs = chirality(lattice);
  const Ls = spinOf(psi.type) / signs.length;
  const { inside, around } = slices(lattice, Ls);
  const g5 = repeated(gamma5(lattice), Ls);
  const on = (v: Vector<N>, m: SpinMatrix): Vector<N> => spinMul(v, adjoint ? dagger(m) : m);
  const S = (v: Vector<N>): Vector<N> => sub(on(v, inside), scale(mass, on(v, around)));
  const wilson = (v: Vector<N>): Vector<N> => sub(scaleBy(lattice.dim - height, v), scaleBy(0.5, wilsonHopping(U, v, Ls)));
  const mixed = (v: Vector<N>): Vector<N> => (c === 0 ? scaleBy(b, v) : add(scaleBy(b, v), scaleBy(c, S(v))));
  const kernel = adjoint ? mixed(spinMul(wilson(spinMul(psi, g5)), g5)) : wilson(mixed(psi));
  return add(kernel, sub(psi, S(psi)));
}

/** D psi. Ls follows from psi's type. */
export function domainWallD<N extends number>(U: Links<N>, psi: Vector<N>, mass: Scalar, shape: DomainWallShape = {}): Vector<N> {
  guard("domainWallD", { U: [U, kind.links], psi: [psi, kind.vector], mass: [mass, kind.scalar], shape: [shape, is.object] });
  return operate(U, psi, mass, shape, false);
}

/** D^+ psi. */
export function domainWallDdag<N extends number>(U: Links<N>, psi: Vector<N>, mass: Scalar, shape: DomainWallShape = {}): Vector<N> {
  guard("domainWallDdag", { U: [U, kind.links], psi: [psi, kind.vector], mass: [mass, kind.scalar], shape: [shape, is.object] });
  return operate(U, psi, mass, shape, true);
}

/** D^+ D psi, hermitian and positive. */
export function domainWallNormal<N extends number>(U: Links<N>, psi: Vector<N>, mass: Scalar, shape: DomainWallShape = {}): Vector<N> {
  guard("domainWallNormal", { U: [U, kind.links], psi: [psi, kind.vector], mass: [mass, kind.scalar], shape: [shape, is.object] });
  return domainWallDdag(U, domainWallD(U, psi, mass, shape), mass, shape);
}

/** D_- psi = (1 - c D_W) psi slice by slice, which multiplies the sources of the physical field. */
export function domainWallMinus<N extends number>(U: Links<N>, psi: Vector<N>, { height = 1, c = 0 }: DomainWallShape): Vector<N> {
  const Ls = spinOf(psi.type) / chirality(U.lattice).length;
  return c === 0 ? psi : add(scaleBy(1 - c * (U.lattice.dim - height), psi), scaleBy(c / 2, wilsonHopping(U, psi, Ls)));
}

/** A domain-wall field, Shamir or Moebius. */
export interface DomainWallParameters extends DomainWallShape {
  /** Bare mass in lattice units, below 1, where the fermions and the Pauli-Villars fields are the same. */
  readonly mass: number;
  /** Extent of the fifth dimension. */
  readonly Ls: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Angles on top of the signs; default none. */
  readonly twist?: Twist;
}

/**
 * One flavour of domain-wall fermions with their Pauli-Villars field, det D(m) / det D(1): the fifth dimension's bulk cancels, so that weight and force
 * stay finite as Ls grows. |D_W| <= |dim - M5| + dim and |S| <= max(1, |m|).
 * @throws ConfigurationError for a mass that is not finite, GeometryError (at its first use) for Ls < 2.
 */
export function domainWall(options: DomainWallParameters): DiracOperator<{ readonly mass: number }> {
  guard("domainWall", { options: [options, is.keysOf("mass", "Ls", "boundary", "twist", "height", "b", "c")] });
  const { mass, Ls, boundary, twist, ...shape } = options;
  if (!Number.isFinite(mass)) throw new ConfigurationError(`domain-wall fermions: got mass = ${mass}, expected a finite number`);
  const { height = 1, b = 1, c = 0 } = shape;
  return {
    name: `domain wall Ls=${Ls}`,
    parameters: { mass },
    type: (lattice, N) => domainWallType(lattice, N, { Ls, boundary }),
    on(links, parameters) {
      expectOperands("domainWall", links, parameters);
      const { mass: m } = parameters;
      const U = twisted(links, twist);
      return { D: (x) => domainWallD(U, x, m, shape), Ddag: (x) => domainWallDdag(U, x, m, shape) };
    },
    flavours: () => 1,
    spectrum(lattice, parameters) {
      expectBounds("domainWall", lattice, parameters);
      const [{ dim }, { mass: m }] = [lattice, parameters];
      const S = Math.max(1, Math.abs(m));
      return { high: ((Math.abs(dim - height) + dim) * (Math.abs(b) + Math.abs(c) * S) + 1 + S) ** 2 };
    },
    pauliVillars: { mass: 1 },
    // det D(m) / det D(1) by the four-dimensional operator, whose matrix is smaller by a factor Ls
    logDet: (links, parameters, positive) => {
      expectOperands("domainWall", links, parameters);
      const m = parameters.mass;
      const U = twisted(links, twist);
      const wilson = <N extends number>(x: Vector<N>): Vector<N> => sub(scaleBy(U.lattice.dim - height, x), scaleBy(0.5, wilsonHopping(U as never, x)));
      return overlapLogDet(wilson, wilsonType(U.lattice, U.N, { boundary }), m, U, { signature: chirality(U.lattice), b, c, Ls, ...(positive ? { positive } : {}) });
    },
  };
}
