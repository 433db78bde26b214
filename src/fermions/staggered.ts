/**
 * Naive staggered Dirac operator M = m + D,
 * (D chi)(n) = (1/2) sum_mu eta_mu(n) [ U_mu(n) chi(n+mu) - U_mu(n-mu)^+ chi(n-mu) ], eta_mu(n) = (-1)^{n_0 + ... + n_{mu-1}}.
 * D^+ = -D connects even with odd sites only, so M^+M = m^2 - D^2 is block diagonal in parity. Boundary signs belong to the vectors.
 */
import { ConfigurationError, GeometryError } from "../errors.ts";
import { kind, type Lattice, type Links, type Matrix, type Scalar, type Vector, type VectorType, add, adj, constantReal, mul, scale, scaleBy, shift, sub, vectorType } from "../autograd/index.ts";
import { perObject } from "./cached-plan.ts";
import { type DiracOperator, type Twist, expectBounds, expectOperands, twisted } from "./operator.ts";
import { guard, is } from "../util/index.ts";

/** One sign a direction: what a fermion field is multiplied with when it goes once around the lattice. */
export type Boundary = readonly (1 | -1)[];

/** Periodic in space, antiperiodic in time. */
export function antiperiodic(lattice: Lattice): Boundary {
  guard("antiperiodic", { lattice: [lattice, kind.lattice] });
  return lattice.extents.map((_, mu) => (mu === lattice.dim - 1 ? -1 : 1));
}

/**
 * Type of a staggered field. @throws GeometryError when an extent is odd (parity is not defined then) or the number of boundary signs
 * is not the dimension.
 */
export function staggeredType<N extends number>(lattice: Lattice, N: N, options: { boundary?: Boundary | undefined; domain?: "all" | "even" | "odd" } = {}): VectorType<N> {
  guard("staggeredType", { lattice: [lattice, kind.lattice], N: [N, kind.colours], options: [options, is.keysOf("boundary", "domain")] });
  const { boundary = antiperiodic(lattice), domain = "all" } = options;
  if (!lattice.bipartite) throw new GeometryError(`staggered fermions: got ${lattice}, expected even extents: parity is not defined with an odd one`);
  if (boundary.length !== lattice.dim) throw new GeometryError(`staggered fermions: got ${boundary.length} boundary signs, expected ${lattice.dim}, one a direction`);
  return vectorType(lattice, N, { boundary, domain });
}

/** Number of Dirac flavours that one field M describes: 2^D components of a hypercube over the 2^{D/2} components of a spinor; 4 in 4D, 2 in 2D. */
export function tastes(lattice: Lattice): number {
  guard("tastes", { lattice: [lattice, kind.lattice] });
  return 2 ** Math.ceil(lattice.dim / 2);
}

/** eta_mu V: a field of its own, so that a solver stores it once and its iterations multiply with it only. */
export function eta<N extends number>(mu: number, V: Matrix<N>): Matrix<N> {
  if (mu === 0) return V;
  const { lattice } = V;
  return scale(constantReal(V.tape, `eta_${mu}`, (n) => 1 - 2 * (lattice.coordinates(n).slice(0, mu).reduce((s, x) => s + x, 0) % 2)), V);
}

/** sum_mu [V_mu(n) chi(n + length mu) - V_mu(n - length mu)^+ chi(n - length mu)] for V_mu that lead over `length` links. */
export function hopping<N extends number>(chi: Vector<N>, V: (mu: number) => Matrix<N>, length: number): Vector<N> {
  // the links that lead back are moved, not the product: a solver then holds them where they are used
  const terms = chi.lattice.extents.map((_, mu) => sub(mul(V(mu), shift(chi, mu, length)), mul(shift(adj(V(mu)), mu, -length), shift(chi, mu, -length))));
  return add(terms[0]!, ...terms.slice(1));
}

/** D chi; on even sites for chi on odd sites, and the other way round. Boundary signs are those of chi's type. */
export function staggeredD<N extends number>(U: Links<N>, chi: Vector<N>): Vector<N> {
  guard("staggeredD", { U: [U, kind.links], chi: [chi, kind.vector] });
  return scaleBy(0.5, hopping(chi, (mu) => eta(mu, U[mu]!), 1));
}

/** A massless anti-hermitian operator that connects even with odd sites: what it makes of the links once, and then of each vector. */
export type StaggeredOperator = <N extends number>(U: Links<N>) => (chi: Vector<N>) => Vector<N>;

/** The operator with single links. */
export const naive: StaggeredOperator = (U) => (chi) => staggeredD(U, chi);

/** (m^2 - D^2) chi, hermitian and positive for m > 0; on chi's own sites. */
export function staggeredNormal<N extends number>(U: Links<N>, chi: Vector<N>, mass: Scalar): Vector<N> {
  guard("staggeredNormal", { U: [U, kind.links], chi: [chi, kind.vector], mass: [mass, kind.scalar] });
  return massive((x) => staggeredD(U, x), chi, mass);
}

/** (m^2 - D^2) chi for any such D. */
export function massive<N extends number>(D: (chi: Vector<N>) => Vector<N>, chi: Vector<N>, mass: Scalar): Vector<N> {
  return sub(scale(scale(mass, mass), chi), D(D(chi)));
}

/** A staggered field. */
export interface StaggeredParameters {
  /** Bare mass in lattice units, M = mass + D. */
  readonly mass: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Angles on top of the signs; default none. */
  readonly twist?: Twist;
  /** Default `naive`; `hisq()` for improved quarks. Plans belong to this very object: keep one `hisq()`. */
  readonly operator?: StaggeredOperator;
}

/** Keys of the parameters. */
export const STAGGERED = ["mass", "boundary", "twist", "operator"];

/** D with its twist; the operator itself without one, so that plans which belong to it are found again. */
export function twistedOperator({ operator = naive, twist }: Pick<StaggeredParameters, "operator" | "twist">): StaggeredOperator {
  return twist ? (U) => operator(twisted(U, twist)) : operator;
}

type Maps = DiracOperator<{ readonly mass: number }>["on"];

const mapsOf = perObject((operator: StaggeredOperator): Maps => (U, parameters) => {
  expectOperands("staggered", U, parameters);
  const { mass: m } = parameters;
  const D = operator(U);
  return { D: (x) => add(scale(m, x), D(x)), Ddag: (x) => sub(scale(m, x), D(x)), normal: (x) => massive(D, x, m) };
});

/**
 * The staggered field M = m + D with `tastes` flavours. M^+M = m^2 - D^2 lies in [m^2, m^2 + D^2] in D dimensions with single links.
 * @throws ConfigurationError for mass 0.
 */
export function staggered(options: StaggeredParameters): DiracOperator<{ readonly mass: number }> {
  guard("staggered", { options: [options, is.keysOf(...STAGGERED)] });
  const { mass, boundary, twist, operator = naive } = options;
  if (!Number.isFinite(mass) || mass === 0) throw new ConfigurationError(`staggered fermions: got mass = ${mass}, expected a number that is not zero`);
  return {
    name: "staggered",
    parameters: { mass },
    type: (lattice, N) => staggeredType(lattice, N, { boundary }),
    on: mapsOf(twistedOperator({ operator, ...(twist && { twist }) })),
    flavours: tastes,
    evenBlock: true,
    normalShift: (parameters) => {
      guard("staggered.normalShift", { parameters: [parameters, is.object] });
      return parameters.mass * parameters.mass;
    },
    spectrum(lattice, parameters) {
      expectBounds("staggered", lattice, parameters);
      const { mass: m } = parameters;
      return { low: m * m, ...(operator === naive && { high: m * m + lattice.dim ** 2 }) };
    },
  };
}
