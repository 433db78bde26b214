/**
 * What samplers move: links, or several named fields, each with momenta of its own. Links have momenta in the algebra and K = (1/2) sum p^a p^a; every real component
 * of another field (of an algebra-valued one, every generator) has one momentum pi with K = pi^2/(2 m), m the mass of the field. Momenta are kept as pi/sqrt(m), which
 * are normal numbers: fields then move by p/sqrt(m) and momenta by -F/sqrt(m).
 */
import { type AlgebraField, DirectionalField, Field, type FieldData, type LinkField, LiveValues, type SiteType, atOnce, drawNormals, forOwnSites, kind, largest, setFields } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { type Configuration, algebraMap, normalMap } from "../gauge/index.ts";
import { type Kind, PURPOSE, type RandomStream, SparseMap, guard, is } from "../util/index.ts";

/** Links, or fields by name. */
export type Movable = LinkField | Configuration;
/** Their momenta or forces. */
export type Momenta = AlgebraField | { readonly [name: string]: AlgebraField | Field };
/** Masses of the kinetic terms by the names of fields; 1 where none is given. */
export type Masses = { readonly [name: string]: number };

type Part = LinkField | AlgebraField | Field;

const namedFields: Kind = {
  text: "fields by name",
  holds: (x) => is.object.holds(x) && !(x instanceof DirectionalField) && !(x instanceof Field) && Object.keys(x as object).length > 0 && Object.values(x as object).every((f) => (f instanceof Field || (f instanceof DirectionalField && f.role === "links")) && !f.disposed),
};

/** A link field, or fields by name, with values. */
export const movable: Kind = { ...kind.linkField, text: `${kind.linkField.text}, or ${namedFields.text}`, holds: (x) => kind.linkField.holds(x) || namedFields.holds(x) };

/** Names in the order of random numbers, alphabetical; links alone have none. */
export const namesOf = (x: object): string[] => Object.keys(x).toSorted();
const partsOf = (x: Movable | Momenta): readonly Part[] => (x instanceof DirectionalField ? [x] : namesOf(x).map((name) => x[name]!));
/** The fields of all parts. */
const fieldsOf = (x: Movable | Momenta): readonly Field[] => partsOf(x).flatMap((p) => (p instanceof Field ? [p] : p.fields) as readonly Field[]);

export const latticeOf = (x: Movable): LinkField["lattice"] => partsOf(x)[0]!.lattice;

function mapped(x: Movable, f: (part: LinkField | Field) => Part): Movable | Momenta {
  return x instanceof DirectionalField ? (f(x) as LinkField) : (Object.fromEntries(Object.keys(x).map((name) => [name, f(x[name]!)])) as Configuration);
}

/** New fields for momenta or forces, zero. */
export function momentaLike(x: Movable): Momenta {
  guard("momentaLike", { x: [x, movable] });
  return mapped(x, (p) => (p instanceof Field ? new Field(p.lattice, p.type) : new DirectionalField(p.lattice, p.N as number, "algebra"))) as Momenta;
}

/** A copy. */
export function copyOf<X>(x: X): X {
  guard("copyOf", { x: [x, movable] });
  return mapped(x as Movable, (p) => p.clone()) as X;
}

/** Copies the values of the same fields. @throws GeometryError for others. */
export function copyInto<X>(to: X, from: X): void {
  guard("copyInto", { to: [to, movable], from: [from, movable] });
  const [a, b] = [partsOf(to as Movable), partsOf(from as Movable)];
  if (a.length !== b.length) throw new GeometryError(`copyInto: got ${b.length} fields for ${a.length}, expected the same fields by name`);
  a.forEach((f, k) => f.copyFrom(b[k] as never));
}

/** The links among what is moved, or none. */
export function linksOf(x: Movable): LinkField | undefined {
  guard("linksOf", { x: [x, movable] });
  return partsOf(x).find((p): p is LinkField => p instanceof DirectionalField);
}

/** Frees all parts. */
export function disposeOf(x: Movable | Momenta): void {
  for (const part of partsOf(x)) part.dispose();
}

/** True for two structures of the same fields on the same lattice object. */
export function alike(a: Movable, b: Movable): boolean {
  const [x, y] = [fieldsOf(a), fieldsOf(b)];
  return (a instanceof DirectionalField) === (b instanceof DirectionalField) && (a instanceof DirectionalField || namesOf(a).join() === namesOf(b).join()) && x.length === y.length && x.every((f, k) => f.lattice === y[k]!.lattice && f.length === y[k]!.length && f.type.kind === y[k]!.type.kind);
}

/** Sites that are looked at together. */
const PIECE = 4096;

/** Largest difference of a component. */
export function maxDifference(a: Movable, b: Movable): number {
  const lattice = latticeOf(a);
  const [mine, other] = [liveValues(a), liveValues(b)];
  const size = mine.components.reduce((s, n) => s + n, 0);
  const piece = atOnce(lattice, PIECE);
  const [x, y] = [new Float64Array(piece * size), new Float64Array(piece * size)];
  let worst = 0;
  forOwnSites(lattice, piece, (sites) => {
    mine.read(sites, x);
    other.read(sites, y);
    for (let k = 0; k < sites.length * size; k++) worst = Math.max(worst, Math.abs(x[k]! - y[k]!));
  });
  return largest(lattice, worst);
}

/** Canonical values of all fields, in the alphabetical order of their names and direction by direction. */
export function valuesOf(x: Movable): Float64Array[] {
  guard("valuesOf", { x: [x, movable] });
  return fieldsOf(x).map((f) => f.toArray());
}

/** The values of all fields in the order of `valuesOf`, by site. */
export function liveValues(x: Movable): LiveValues {
  guard("liveValues", { x: [x, movable] });
  return new LiveValues(fieldsOf(x));
}

/** Sets all values, as `valuesOf` or `liveValues` give them. @throws GeometryError for those of other fields. */
export function setValues(x: Movable, values: FieldData): void {
  guard("setValues", { x: [x, movable], values: [values, is.either(is.listOf(is.instanceOf(Float64Array, "a Float64Array")), is.withMethods("values by site", "read"))] });
  setFields(fieldsOf(x), values);
}

/** Maps of the normal numbers of a site to momenta, by the type of a field. */
const maps = new Map<string, SparseMap>();

function mapOf(part: Part): SparseMap {
  if (part instanceof DirectionalField) return algebraMap(part.lattice.dim, part.N as number);
  const key = JSON.stringify(part.type);
  let map = maps.get(key);
  if (!map) maps.set(key, (map = normalMap(part.type as SiteType, part.length / (part.lattice.batch * part.lattice.volume))));
  return map;
}

/**
 * Independent normal numbers for all momenta: density exp(-K). Of several fields each takes the components of the counter that follow those of the fields before it, in the
 * alphabetical order of their names.
 */
export function drawMomenta(P: Momenta, random: RandomStream, trajectory: number): void {
  let first = 0;
  for (const part of partsOf(P)) {
    const map = mapOf(part);
    drawNormals(part instanceof Field ? [part] : (part.fields as readonly Field[]), map, random, { first, trajectory, purpose: PURPOSE.momentum });
    first += Math.ceil(map.inputs / 2);
  }
}
