/**
 * A Dirac operator as one declaration: pseudofermions, determinants and run files are made from it, for the operators of the library and for
 * those of users alike.
 */
import { kind, type Lattice, type Links, type Scalar, type Vector, type VectorType, complex, constantReal, extend, restrict, scale } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type Kind, describe, guard, is } from "../util/index.ts";

/** Numbers of an operator that actions differentiate: mass, kappa, ... */
export type OperatorParameters = { readonly [name: string]: number };

/** The operator on given links; what depends on links alone is made once, outside of the solvers. */
export interface DiracMaps<N extends number = number> {
  /** M x. */
  readonly D: (x: Vector<N>) => Vector<N>;
  /** M^+ x. */
  readonly Ddag: (x: Vector<N>) => Vector<N>;
  /** M^+M x, on x's own sites; default D^+(D x). */
  readonly normal?: (x: Vector<N>) => Vector<N>;
}

/**
 * M[U; parameters] on vectors of one type. A declaration of one's own, D = m + hopping say, is `{ name, parameters: { mass }, type, flavours: () => 1,
 * on: (U, { mass }) => ({ D, Ddag }) }`.
 */
export interface DiracOperator<P extends OperatorParameters = OperatorParameters> {
  readonly name: string;
  readonly parameters: P;
  /** Type of the vectors, with their boundary signs. @throws GeometryError on lattices that the operator does not fit. */
  type<N extends number>(lattice: Lattice, N: N): VectorType<N>;
  /** Records M on the links. */
  on<N extends number>(U: Links<N>, parameters: { readonly [K in keyof P]: Scalar }): DiracMaps<N>;
  /** Number of flavours that one power of |det M| describes. */
  flavours(lattice: Lattice): number;
  /** True when M^+M leaves even sites even and the determinant of this block is |det M|, as for staggered fields. */
  readonly evenBlock?: boolean;
  /** ln |det| of what has been eliminated from the operator, a function of the links: the determinant of the fermions is |det M| times its exponential. */
  eliminated?<N extends number>(U: Links<N>, parameters: { readonly [K in keyof P]: Scalar }): Scalar;
  /** c with M^+M = X + c, X the same for all parameters: m^2 of staggered fields. Ratios of such operators are functions of one of them. */
  normalShift?(parameters: P): number;
  /** Bounds of the eigenvalues of M^+M that hold for every field of unitary links; those left out are measured where they are needed. */
  spectrum?(lattice: Lattice, parameters: P): { readonly low?: number; readonly high?: number };
  /** Parameters of the Pauli-Villars field, whose determinant divides that of M. */
  readonly pauliVillars?: P;
  /** ln |det M| over that of the Pauli-Villars field, where there is a cheaper way to it than the matrix of M. With `positive` another sign is an error. */
  logDet?<N extends number>(U: Links<N>, parameters: { readonly [K in keyof P]: Scalar }, positive: boolean): Scalar;
}

/** What an operator's declaration lacks. */
function lacking(x: unknown): string | undefined {
  if (!is.object.holds(x)) return "make one with staggered, wilson, domainWall, overlap, or declare one";
  const given = x as Readonly<Record<string, unknown>>;
  const method = ["type", "on", "flavours"].find((name) => typeof given[name] !== "function");
  if (method !== undefined) return `its ${method} is ${describe(given[method])}, give a function${method === "flavours" ? ", flavours: () => 1" : method === "type" ? ", type: (lattice, N) => vectorType(lattice, N)" : ", on: (U, parameters) => ({ D, Ddag })"}`;
  if (!is.object.holds(given["parameters"])) return `its parameters are ${describe(given["parameters"])}, give an object of numbers, parameters: { mass: 0.1 }`;
  const wrong = Object.entries(given["parameters"] as object).find(([, value]) => !Number.isFinite(value));
  if (wrong) return `its parameter ${wrong[0]} is ${describe(wrong[1])}, give a finite number`;
  return typeof given["name"] === "string" ? undefined : `its name is ${describe(given["name"])}, give a string`;
}

/** An operator, as `guard` expects it. */
export const anOperator: Kind = { text: "a Dirac operator, { name, parameters, type, flavours, on }", holds: (x) => lacking(x) === undefined, fix: lacking };

/** The operator's maps on traced links. @throws ConfigurationError for what are no maps. */
export function mapsOf<N extends number, P extends OperatorParameters>(operator: DiracOperator<P>, U: Links<N>, parameters: { readonly [K in keyof P]: Scalar }): DiracMaps<N> {
  const maps = operator.on(U, parameters);
  guard(`${operator.name}: on`, { "what it returns": [maps, is.withMethods("{ D, Ddag }, functions of a vector", "D", "Ddag")] });
  return maps;
}

/** The type of the operator's vectors. @throws ConfigurationError for what is none. */
export function typeOf<N extends number>(operator: DiracOperator<never> | DiracOperator, lattice: Lattice, N: N): VectorType<N> {
  const type = operator.type(lattice, N);
  const fits = (x: unknown): boolean => is.object.holds(x) && (x as VectorType).kind === "vector" && (x as VectorType).N === N && (x as VectorType).boundary?.length === lattice.dim;
  guard(`${operator.name}: type`, { "what it returns": [type, { text: `a type of vectors of ${N} colours on this lattice, vectorType(lattice, N, { spin, boundary })`, holds: fits }] });
  return type;
}

/** M^+M x. With `evenBlock` maps without one of their own take vectors of one parity too: what M^+M makes of them stays there. */
export function normalOf<N extends number>(options: DiracMaps<N>, evenBlock = false): (x: Vector<N>) => Vector<N> {
  guard("normalOf", { options: [options, is.withMethods("{ D, Ddag } of a Dirac operator, functions of a vector", "D", "Ddag")], evenBlock: [evenBlock, is.oneOf(true, false)] });
  const { D, Ddag, normal } = options;
  if (normal) return normal;
  return (x) => {
    const { domain } = x.type;
    return evenBlock && domain !== "all" ? restrict(Ddag(D(extend(x))), domain) : Ddag(D(x));
  };
}

/** Angles theta, one a direction: psi(n + L_mu mu) = e^{i theta_mu} psi(n), on top of the boundary sign. theta_t = L_t mu_I is an imaginary chemical potential. */
export type Twist = readonly number[];

/**
 * Links that carry a twist: e^{i theta_mu} on the hop over the boundary of each direction, forwards, and its conjugate backwards. Products of links
 * take up the phase of their path, so smeared and long links need nothing more.
 * @throws ConfigurationError for a number of angles that is not the dimension, or angles that are not finite.
 */
export function twisted<N extends number>(U: Links<N>, twist: Twist | undefined): Links<N> {
  guard("twisted", { U: [U, kind.links] });
  if (!twist || twist.every((theta) => theta === 0)) return U;
  const { lattice } = U;
  if (twist.length !== lattice.dim || !twist.every(Number.isFinite)) throw new ConfigurationError(`fermions: got the twist [${twist.join(", ")}], expected ${lattice.dim} angles, one a direction`);
  return U.map((mu) => {
    const [theta, V] = [twist[mu]!, U[mu]!];
    if (theta === 0) return V;
    const last = (n: number): boolean => lattice.coordinates(n)[mu] === lattice.extents[mu]! - 1;
    const part = (name: string, inside: number, at: number) => constantReal(V.tape, `${name}(twist ${theta} along ${mu})`, (n) => (last(n) ? at : inside));
    return scale(complex(part("cos", 1, Math.cos(theta)), part("sin", 0, Math.sin(theta))), V);
  }) as Links<N>;
}

/** Arguments of an operator's maps: traced links, and its parameters as traced scalars or numbers. */
export function expectOperands(name: string, U: unknown, parameters: unknown): void {
  guard(`${name}.on`, { U: [U, kind.links], parameters: [parameters, is.object] });
}

/** Arguments of an operator's bounds. */
export function expectBounds(name: string, lattice: unknown, parameters: unknown): void {
  guard(`${name}.spectrum`, { lattice: [lattice, kind.lattice], parameters: [parameters, is.object] });
}
