/**
 * Types of values in a program. A matrix field has two end points: M(n) -> g(n + start) M(n) g(n + end)^+ under a
 * gauge transformation; a vector field has one: v(n) -> g(n + at) v(n). Classical spins, site scalars and scalars are invariant.
 */
import { GeometryError, RecordingError } from "../errors.ts";
import { describe } from "../util/index.ts";
import { type Displacement, type Domain, type Lattice, displacementText } from "./lattice.ts";

/**
 * Complex N x N matrix at every site. `algebra` marks antihermitian fields (traceless for N >= 2). `quaternion` marks N = 2 fields in the real span of SU(2), a + i b sigma with
 * real a and b, whose second row follows from the first, on lattices that store the first row alone.
 */
export interface MatrixType<N extends number = number> {
  readonly kind: "matrix";
  readonly N: N;
  readonly start: Displacement;
  readonly end: Displacement;
  readonly domain: Domain;
  readonly algebra: boolean;
  readonly quaternion?: true;
}

/** N complex numbers at every site, or N x spin of them row by row; `boundary` has the sign that each direction's wrap multiplies. */
export interface VectorType<N extends number = number> {
  readonly kind: "vector";
  readonly N: N;
  readonly at: Displacement;
  readonly boundary: readonly (1 | -1)[];
  readonly domain: Domain;
  /** Number of spin components of each colour; absent for one. */
  readonly spin?: number;
}

/** Number of spin components. */
export const spinOf = (t: VectorType): number => t?.spin ?? 1;

/** One real number at every site. */
export interface RealType {
  readonly kind: "real";
  readonly domain: Domain;
}

/** One complex number at every site. */
export interface ComplexType {
  readonly kind: "complex";
  readonly domain: Domain;
}

/** Classical O(3) spin: three real components at every site. `unit` marks unit vectors, whose gradients lie in the tangent plane. */
export interface SpinType {
  readonly kind: "spin";
  readonly domain: Domain;
  readonly unit: boolean;
}

/** One real number for the whole lattice: an action, a loss, a parameter; on a batch one for each sample, or `shared` by all of them. */
export interface ScalarType {
  readonly kind: "scalar";
  /** One for all samples of a batch; absent on lattices with one sample. */
  readonly shared?: true;
}

/** Real numbers at every site: `count` channels of site scalars, for instance features of a network. */
export interface ChannelsType {
  readonly kind: "channels";
  readonly count: number;
  readonly domain: Domain;
}

/** Weights of a network: real numbers in rows of the last dimension, the same for all sites and all samples of a batch. */
export interface TensorType {
  readonly kind: "tensor";
  readonly shape: readonly number[];
  /** "all": weights belong to no site. */
  readonly domain: Domain;
}

/** Types of everything that a program can hold: matrices, vectors, spins, real and complex site scalars, channels of them, tensors of weights, scalars. */
export type ValueType<N extends number = number> = MatrixType<N> | VectorType<N> | SpinType | RealType | ComplexType | ChannelsType | TensorType | ScalarType;
/** Types of fields: all but scalars and tensors. */
export type SiteType<N extends number = number> = MatrixType<N> | VectorType<N> | SpinType | RealType | ComplexType | ChannelsType;

const KINDS: readonly unknown[] = ["matrix", "vector", "spin", "complex", "real", "channels", "tensor", "scalar"];

function expectLattice(where: string, lattice: Lattice, N: number): void {
  if (typeof lattice?.wrap !== "function") throw new GeometryError(`${where}: got ${describe(lattice)}, expected a lattice`);
  if (!Number.isInteger(N) || N < 1) throw new GeometryError(`${where}: got ${describe(N)} as N, expected a positive integer`);
}

function expectType(where: string, type: ValueType): void {
  if (!KINDS.includes(type?.kind)) throw new RecordingError(`${where}: got ${describe(type)}, expected the type of a field or scalar`);
}

/** Number of real components at a site; one of a tensor, whose numbers take the place of sites. */
export function components(type: ValueType): number {
  expectType("components", type);
  switch (type.kind) {
    case "matrix":
      return 2 * type.N * type.N;
    case "vector":
      return 2 * type.N * spinOf(type);
    case "spin":
      return 3;
    case "complex":
      return 2;
    case "channels":
      return type.count;
    default:
      return 1;
  }
}

/** Is it a field of quaternions, of which the first row is stored? */
export const isQuaternion = (type: ValueType): boolean => type?.kind === "matrix" && type.quaternion === true;

/** Number of real components at a site as they are stored: those of the first row of a quaternion. */
export const storedComponents = (type: ValueType): number => (isQuaternion(type) ? 4 : components(type));

/** The type of a matrix with or without the mark of quaternions; other types as they are. @throws RecordingError for what is no type. */
export function asQuaternion<T extends ValueType>(type: T, is: boolean): T {
  expectType("asQuaternion", type);
  if (type.kind !== "matrix" || isQuaternion(type) === is) return type;
  const { quaternion: _, ...plain } = type as MatrixType;
  return (is ? { ...plain, quaternion: true } : plain) as T;
}

/** Type of the link field U_mu: from n to n + mu. */
export function linkType<N extends number>(lattice: Lattice, N: N, mu: number): MatrixType<N> {
  expectLattice("linkType", lattice, N);
  return asQuaternion({ kind: "matrix", N, start: lattice.wrap([]), end: lattice.wrap(lattice.step(mu)), domain: "all", algebra: false }, N === 2 && lattice.quaternions);
}

/** Closed matrix field at the site itself. */
export function siteMatrixType<N extends number>(lattice: Lattice, N: N, algebra = false): MatrixType<N> {
  expectLattice("siteMatrixType", lattice, N);
  return asQuaternion({ kind: "matrix", N, start: lattice.wrap([]), end: lattice.wrap([]), domain: "all", algebra }, N === 2 && algebra && lattice.quaternions);
}

/** Colour vector at the site, with the boundary sign of every direction (default: periodic). */
export function vectorType<N extends number>(
  lattice: Lattice,
  N: N,
  options: { boundary?: readonly (1 | -1)[]; domain?: Domain; spin?: number } = {},
): VectorType<N> {
  expectLattice("vectorType", lattice, N);
  if (typeof options !== "object" || options === null) throw new GeometryError(`vectorType: got ${describe(options)}, expected an object with boundary, domain or spin`);
  return {
    kind: "vector",
    N,
    at: lattice.wrap([]),
    boundary: options.boundary ?? lattice.extents.map(() => 1 as const),
    domain: options.domain ?? "all",
    ...(options.spin !== undefined && options.spin > 1 && { spin: options.spin }),
  };
}

/** Classical spins; `unit` for unit vectors. */
export const spinType = (unit = false, domain: Domain = "all"): SpinType => ({ kind: "spin", domain, unit });
/** One real number at every site of the domain. */
export const realType = (domain: Domain = "all"): RealType => ({ kind: "real", domain });
/** One complex number at every site of the domain. */
export const complexType = (domain: Domain = "all"): ComplexType => ({ kind: "complex", domain });
/** `count` real numbers at every site of the domain. @throws GeometryError unless the count is a positive integer. */
export function channelsType(count: number, domain: Domain = "all"): ChannelsType {
  if (!Number.isInteger(count) || count < 1) throw new GeometryError(`channelsType: got ${describe(count)} channels, expected a positive integer`);
  return { kind: "channels", count, domain };
}
/** Weights of this shape. @throws GeometryError unless every length is a positive integer. */
export function tensorType(shape: readonly number[]): TensorType {
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n > 0) || sizeOf(shape) > 2 ** 28)
    throw new GeometryError(`tensorType: got the shape ${Array.isArray(shape) ? `[${shape.map(String).join(", ")}]` : describe(shape)}, expected one or more positive integers, for instance [16, 8], with a product of at most 2^28`);
  return { kind: "tensor", shape: [...shape], domain: "all" };
}
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, L) => n * L, 1);
/** One real number for the whole lattice. */
export const scalarType: ScalarType = Object.freeze({ kind: "scalar" });

/** A number that all samples of a batch have in common; on a lattice with one sample every scalar is one. */
export const sharedScalarType = (lattice: Lattice): ScalarType => (lattice.batch > 1 ? SHARED : scalarType);
const SHARED: ScalarType = Object.freeze({ kind: "scalar", shared: true });
/** Is it the same number for all samples of a batch? */
export const isShared = (type: ValueType): boolean => type?.kind === "scalar" && type.shared === true;

/** Length of the canonical array of a field or scalar: samples one after the other, sites lexicographic, components inside. */
export function realsOf(lattice: Lattice, type: ValueType): number {
  if (typeof lattice?.wrap !== "function") throw new GeometryError(`realsOf: got ${describe(lattice)}, expected a lattice`);
  if (type?.kind === "scalar") return type.shared ? 1 : lattice.batch;
  if (type?.kind === "tensor") return sizeOf(type.shape);
  return lattice.batch * lattice.volume * components(type);
}

/** Domain of any type; a scalar lives everywhere. */
export function domainOf(type: ValueType): Domain {
  expectType("domainOf", type);
  return type.kind === "scalar" ? "all" : type.domain;
}

export function sameDisplacement(lattice: Lattice, a: Displacement, b: Displacement): boolean {
  return lattice.extents.every((L, mu) => (a[mu]! - b[mu]!) % L === 0);
}

/** True when two types describe the same field: same kind, N, end points, boundary signs and domain. */
export function sameType(lattice: Lattice, a: ValueType, b: ValueType): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === "scalar" || b.kind === "scalar") return isShared(a) === isShared(b);
  if (a.domain !== b.domain) return false;
  if (a.kind === "matrix" && b.kind === "matrix")
    return a.N === b.N && sameDisplacement(lattice, a.start, b.start) && sameDisplacement(lattice, a.end, b.end);
  if (a.kind === "vector" && b.kind === "vector")
    return a.N === b.N && spinOf(a) === spinOf(b) && sameDisplacement(lattice, a.at, b.at) && a.boundary.every((s, mu) => s === b.boundary[mu]);
  if (a.kind === "channels" && b.kind === "channels") return a.count === b.count;
  if (a.kind === "tensor" && b.kind === "tensor") return a.shape.length === b.shape.length && a.shape.every((n, k) => n === b.shape[k]);
  return true;
}

/** True when values of the given type may stand where the expected one is wanted: the same field, stored alike, and in the algebra or of unit length where that is wanted. */
export function fits(lattice: Lattice, given: ValueType, expected: ValueType): boolean {
  if (!sameType(lattice, given, expected) || isQuaternion(given) !== isQuaternion(expected)) return false;
  if (expected.kind === "matrix" && given.kind === "matrix") return given.algebra || !expected.algebra;
  return expected.kind !== "spin" || given.kind !== "spin" || given.unit || !expected.unit;
}

/** `matrix SU(3) [0 -> +x]`, `vector N=2 at 0 (even)`, `real`: what error messages and listings print. */
export function typeText(lattice: Lattice, t: ValueType): string {
  components(t);
  if (typeof lattice?.wrap !== "function") throw new GeometryError(`typeText: got ${describe(lattice)}, expected a lattice`);
  const domain = t.kind !== "scalar" && t.domain !== "all" ? ` (${t.domain})` : "";
  if (t.kind === "matrix")
    return `${t.algebra ? "algebra" : t.quaternion ? "quaternion" : "matrix"} N=${t.N} [${displacementText(lattice, t.start)} -> ${displacementText(lattice, t.end)}]${domain}`;
  if (t.kind === "vector")
    return `vector N=${t.N}${spinOf(t) > 1 ? ` spin ${spinOf(t)}` : ""} at [${displacementText(lattice, t.at)}]${t.boundary.some((s) => s < 0) ? ` boundary (${t.boundary.join(",")})` : ""}${domain}`;
  if (t.kind === "tensor") return `tensor of ${t.shape.join(" x ")}`;
  if (t.kind === "channels") return `${t.count} channels${domain}`;
  return `${t.kind === "spin" && t.unit ? "unit " : ""}${isShared(t) ? "shared " : ""}${t.kind}${domain}`;
}
