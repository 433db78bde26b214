/**
 * Configurations of several named fields: links, real and complex site scalars, several real ones, colour vectors, algebra-valued fields. An action says by
 * kinds which fields it is a function of; samplers move all of them together.
 */
import {
  type AlgebraField, type ChannelsType, type ComplexType, DirectionalField, Field, type Lattice, type LinkField, type MatrixType, type RealType, type SiteType, type TracedOf, type VectorType,
  channelsType, complexType, drawNormals, kind, realType, siteMatrixType, typeText, vectorType,
} from "../autograd/index.ts";
import { CovarianceError } from "../errors.ts";
import { type Kind, PURPOSE, SparseMap, describe, guard, is, randomStream } from "../util/index.ts";
import { type Group, algebraMap } from "./group.ts";
import { aGroup } from "./kinds.ts";
import { cold, hot, nearUnit } from "./starts.ts";

/**
 * Kind of a named field: `links`; `real`, `complex` or `{ channels: n }`, that is one, two or n real numbers a site, all gauge invariant; `vector`, N complex numbers
 * that turn with g(n) as a field in the fundamental representation (for U(1): charge 1); `algebra`, an element of su(N) a site, the adjoint representation.
 */
export type FieldKind = "links" | "real" | "complex" | "vector" | "algebra" | { readonly channels: number };

/** Kinds by name. */
export type FieldKinds = { readonly [name: string]: FieldKind };

/** The field of a kind. */
export type FieldOfKind<K extends FieldKind, N extends number = number> = K extends "links"
  ? LinkField<N>
  : K extends "real"
    ? Field<RealType>
    : K extends "complex"
      ? Field<ComplexType>
      : K extends "vector"
        ? Field<VectorType<N>>
        : K extends "algebra"
          ? Field<MatrixType<N>>
          : Field<ChannelsType>;

/** Fields with values, by name. */
export type FieldsOf<K extends FieldKinds, N extends number = number> = { readonly [name in keyof K]: FieldOfKind<K[name], N> };
/** The same traced. */
export type TracedFields<K extends FieldKinds, N extends number = number> = TracedOf<FieldsOf<K, N>>;
/** Force or momenta of these fields: of links an algebra field, of others a field of the same kind. */
export type ForcesOf<K extends FieldKinds, N extends number = number> = { readonly [name in keyof K]: K[name] extends "links" ? AlgebraField<N> : FieldOfKind<K[name], N> };

/** Any fields by name: what a sampler moves, if not links alone. */
export type Configuration = { readonly [name: string]: LinkField | Field };

const NAMES: readonly unknown[] = ["links", "real", "complex", "vector", "algebra"];
const isKind = (x: unknown): x is FieldKind => NAMES.includes(x) || (is.keysOf("channels").holds(x) && is.atMost(1024).holds((x as { channels: unknown }).channels));

/** Kinds of fields by name, at least one. */
export const fieldKinds: Kind = {
  text: 'the kinds of named fields, each "links", "real", "complex", "vector", "algebra" or { channels: n }',
  holds: (x) => is.object.holds(x) && Object.keys(x as object).length > 0 && Object.values(x as object).every(isKind),
};

/** Type of a site field of a kind. */
function typeOf(of: Exclude<FieldKind, "links">, lattice: Lattice, N: number): SiteType {
  if (typeof of === "object") return channelsType(of.channels);
  return { real: () => realType(), complex: () => complexType(), vector: () => vectorType(lattice, N), algebra: () => siteMatrixType(lattice, N, true) }[of]();
}

/** Is this the field of a kind? */
function isOfKind(x: unknown, of: FieldKind): boolean {
  if (of === "links") return x instanceof DirectionalField && x.role === "links";
  if (!(x instanceof Field)) return false;
  const t = x.type as SiteType;
  if (typeof of === "object") return t.kind === "channels" && t.count === of.channels;
  return of === "algebra" ? t.kind === "matrix" && t.algebra : t.kind === of;
}

/** @throws CovarianceError for a field that is missing or of another kind. */
export function expectFields(where: string, x: unknown, kinds: FieldKinds): void {
  for (const name of Object.keys(kinds)) {
    const given = typeof x === "object" && x !== null ? (x as Record<string, unknown>)[name] : undefined;
    if (isOfKind(given, kinds[name]!)) continue;
    const of = kinds[name]!;
    const got = given instanceof Field ? typeText(given.lattice, given.type) : describe(given ?? x);
    throw new CovarianceError(`${where}: got ${got}${given === undefined ? "" : ` as ${name}`}, expected the fields ${Object.keys(kinds).join(", ")} by name, ${name} of the kind ${typeof of === "object" ? `{ channels: ${of.channels} }` : of}`);
  }
}

/** Normal numbers to the components of a site field: one for each real component, one a generator for algebra fields. */
export function normalMap(type: SiteType, size: number): SparseMap {
  guard("normalMap", { type: [type, is.withFields("the type of a field", "kind")], size: [size, is.count] });
  if (type.kind === "matrix" && type.algebra) return algebraMap(1, type.N);
  return new SparseMap(size, [Array.from({ length: size }, (_, input) => [{ input, factor: 1 }])]);
}

/** Where a configuration starts. */
export interface FieldStart {
  /** Of links and of what turns with them; default U(1). */
  readonly group?: Group;
  /** cold: links 1, other fields zero; hot: Haar-distributed links, normal fields of `width`; near-unit: exp(width X) and normal fields of `width`. Default "hot". */
  readonly start?: "cold" | "hot" | "near-unit";
  /** Default 1, near-unit 0.5. */
  readonly width?: number;
  readonly seed?: number;
  readonly stream?: number;
}

/** Further fields of a start have random numbers of their own, from this component of their purpose on; links take fewer. */
const MATTER = 1 << 16;
/** Components of each of them. */
const ROOM = 1 << 10;

/**
 * New fields of these kinds. Random numbers depend on seed, stream, site and the place of a field's name among the names in alphabetical order.
 * @throws ConfigurationError for kinds that do not exist.
 */
export function startFields<const K extends FieldKinds>(kinds: K, lattice: Lattice, options: FieldStart = {}): FieldsOf<K> {
  guard("startFields", { kinds: [kinds, fieldKinds], lattice: [lattice, kind.lattice], options: [options, is.keysOf("group", "start", "width", "seed", "stream")] });
  const { group = { name: "U(1)", N: 1, generators: 1 }, start = "hot", width = start === "near-unit" ? 0.5 : 1, seed = 0, stream = 0 } = options;
  guard("startFields", { group: [group, aGroup], start: [start, is.oneOf("cold", "hot", "near-unit")], width: [width, is.finite], seed: [seed, is.natural], stream: [stream, is.natural] });
  const random = randomStream(seed, stream);
  const names = Object.keys(kinds).toSorted();
  const made = names.map((name, k) => {
    const of = kinds[name]!;
    if (of === "links") return [name, start === "cold" ? cold(lattice, group) : start === "hot" ? hot(lattice, group, { seed, stream }) : nearUnit(lattice, group, { seed, stream, width })];
    const type = typeOf(of, lattice, group.N);
    const field = new Field(lattice, type);
    if (start === "cold") return [name, field];
    drawNormals([field as Field], normalMap(type, field.length / (lattice.batch * lattice.volume)), random, { first: MATTER + k * ROOM, trajectory: 0, purpose: PURPOSE.start });
    return [name, field.set(field.toArray().map((x) => width * x))];
  });
  return Object.fromEntries(made) as FieldsOf<K>;
}
