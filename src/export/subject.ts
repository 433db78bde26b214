/** What can be exported: recorded actions and layers, seen as functions of links and of one structure of inputs. */
import type { Field, Lattice, Links, Scalar, Traced } from "../autograd/index.ts";
import { DirectionalField, Field as FieldClass } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type FieldKinds, groupOf, startFields } from "../gauge/index.ts";
import { Tensor, describe, guard, is, isBranch, leavesOf, mapLeaves, nameOf, valueAt, type Path } from "../util/index.ts";

/** An action S[U; inputs] or a layer U -> V[U; inputs]. */
export interface ExportSubject {
  readonly kind: "action" | "layer";
  readonly name: string;
  /** Numbers (the parameters) and fields (set by the host, for instance pseudofermions). */
  readonly inputs: unknown;
  /** The forward map on traced values. */
  readonly evaluate: (U: Links, inputs: never) => Scalar | Links;
  /** Kinds of the fields of an action of several, which stand among its inputs once it has a lattice (`placed`). */
  readonly kinds?: FieldKinds;
  /** So many of its fields, the first ones, are what an action is a function of as others are of links: the library has their forces. */
  readonly moved?: number;
  /** It is no function of links. */
  readonly linkless?: boolean;
}

/** A number among the inputs. */
export interface ExportParameter {
  readonly name: string;
  readonly path: Path;
  /** Its place among the numbers of a tensor, row by row. */
  readonly element?: number;
  readonly value: number;
}

/** A field among the inputs. */
export interface ExportField {
  readonly name: string;
  readonly path: Path;
  readonly field: Field;
}

const has = (x: object, key: string): boolean => typeof (x as Record<string, unknown>)[key] === "function";

/** The recorded action or layer that an object is or stands for (effective actions and pseudofermions hold theirs); undefined for anything else. */
export function subjectOf(x: unknown): ExportSubject | undefined {
  if (typeof x !== "object" || x === null || typeof (x as { name?: unknown }).name !== "string" || refusalOf(x) !== undefined) return undefined;
  const { name, fields } = x as { name: string; fields?: FieldKinds };
  if (has(x, "evaluate") && typeof fields === "object") return { kind: "action", name, inputs: (x as { inputs?: unknown }).inputs ?? {}, evaluate: (x as ExportSubject).evaluate, kinds: fields };
  if (has(x, "evaluate")) return { kind: "action", name, inputs: (x as { inputs?: unknown }).inputs ?? {}, evaluate: (x as ExportSubject).evaluate };
  if (has(x, "forward") && "parameters" in x) return { kind: "layer", name, inputs: x.parameters, evaluate: (x as unknown as { forward: ExportSubject["evaluate"] }).forward };
  const { action } = x as { action?: unknown };
  return has(x, "value") && action !== x ? subjectOf(action) : undefined;
}

/** Why something that looks like a subject is none. */
export function refusalOf(x: unknown): string | undefined {
  if (typeof x !== "object" || x === null) return undefined;
  const { name, fields } = x as { readonly name?: unknown; readonly fields?: unknown };
  const links = has(x, "evaluate") && typeof fields === "object" && fields !== null ? linksOf(fields as FieldKinds) : [];
  if (links.length > 1) return `${String(name)} is an action of the links ${links.join(", ")}: a library has functions of one field of links; give the fields of the others as inputs of action({ name, inputs, evaluate })`;
  if (has(x, "image") && has(x, "stepsOn")) return `${String(name)} is a map with log det: export its links as new Layer(F.name, F.parameters, (U, p) => F.forward(U, p).links)`;
  return undefined;
}

/** Names of fields that are links. */
const linksOf = (kinds: FieldKinds): readonly string[] => Object.keys(kinds).filter((name) => kinds[name] === "links");

/** An action of several fields as one of links, if there are any, and of inputs, of which the first are its other fields on a lattice; anything else as it is. */
export function placed(subject: ExportSubject, lattice: Lattice, N: number): ExportSubject {
  const { kinds, name, evaluate, inputs } = subject;
  if (!kinds) return subject;
  const [links] = linksOf(kinds);
  const sites = Object.fromEntries(Object.entries(kinds).filter(([field]) => field !== links));
  const names = Object.keys(sites);
  const fields = names.length > 0 ? startFields(sites, lattice, { group: groupOf(N), start: "cold" }) : {};
  const side = isBranch(inputs) && !Array.isArray(inputs) && !names.some((field) => Object.hasOwn(inputs, field));
  const pick = (all: Readonly<Record<string, unknown>>, taken: boolean): unknown => Object.fromEntries(Object.entries(all).filter(([key]) => names.includes(key) === taken));
  return {
    kind: "action", name, moved: names.length, linkless: links === undefined, inputs: side ? { ...fields, ...inputs } : { ...fields, inputs },
    evaluate: (U, all: Readonly<Record<string, unknown>>) => (evaluate as unknown as (x: unknown, inputs: unknown) => Scalar)({ ...(pick(all, true) as object), ...(links === undefined ? {} : { [links]: U }) }, side ? pick(all, false) : all["inputs"]),
  };
}

/** The fields that an action is a function of, with such values, in a structure like that of its inputs. */
export function withMoved(subject: ExportSubject, structure: unknown, moved: readonly Traced[]): never {
  const fields = fieldsOf(subject);
  return mapLeaves(subject.inputs, (_x, path) => moved[fieldAt(subject, fields, path)] ?? valueAt(structure, path)) as never;
}

/** These fields in a structure like that of the inputs. */
export const movedOf = (subject: ExportSubject, structure: unknown): readonly Traced[] => fieldsOf(subject).slice(0, subject.moved ?? 0).map(({ path }) => valueAt(structure, path) as Traced);

/** Colours and extents of the fields among the inputs; undefined where there are none. @throws ConfigurationError for anything else than a subject. */
export function placeOf(subject: ExportSubject): { readonly N: number | undefined; readonly extents: readonly number[] | undefined } {
  guard("placeOf", { subject: [subject, is.withFields("a subject of subjectOf", "inputs")] });
  const fields = fieldsOf(subject);
  const N = fields.flatMap(({ field: { type } }) => ("N" in type ? [Number(type.N)] : []))[0];
  // site scalars alone have no colours
  if (subject.kinds && !Object.values(subject.kinds).some((k) => k === "links" || k === "vector" || k === "algebra")) return { N: N ?? 1, extents: fields[0]?.field.lattice.extents };
  return { N, extents: fields[0]?.field.lattice.extents };
}

/** Numbers and weights, one parameter a number. @throws ConfigurationError for another leaf of the inputs than numbers, weights and fields. */
export function parametersOf(subject: ExportSubject): readonly ExportParameter[] {
  return leavesOf(subject.inputs).flatMap(({ value, path }): ExportParameter[] => {
    if (typeof value === "number") return [{ name: nameOf(path), path, value }];
    if (value instanceof Tensor) return Array.from(value.data, (x, element) => ({ name: `${nameOf(path)}[${element}]`, path, element, value: x }));
    if (value instanceof FieldClass) return [];
    const list = value instanceof DirectionalField ? `: give ${nameOf(path)}.fields, the list of its directions` : "";
    throw new ConfigurationError(`export: got ${describe(value)} as the input ${nameOf(path)} of ${subject.name}, expected numbers, weights and fields${list}`);
  });
}

/** The number of the first parameter of every leaf with numbers. */
export function firstParameters(subject: ExportSubject): readonly number[] {
  const all = parametersOf(subject);
  return all.flatMap(({ element }, k) => (element === undefined || element === 0 ? [k] : []));
}

/** The number of a parameter in a structure like that of the inputs. */
export function numberOf(structure: unknown, { path, element }: ExportParameter): number {
  const x = valueAt(structure, path);
  return element === undefined ? (x as number) : (x as Tensor).data[element]!;
}

/** Fields among the inputs, each once. */
export function fieldsOf(subject: ExportSubject): readonly ExportField[] {
  const seen = new Set<unknown>();
  return leavesOf(subject.inputs).flatMap(({ value, path }) => {
    if (!(value instanceof FieldClass) || seen.has(value)) return [];
    seen.add(value);
    return [{ name: nameOf(path), path, field: value as Field }];
  });
}

/** Number of the field that stands at a place of the inputs. */
export function fieldAt(subject: ExportSubject, fields: readonly ExportField[], path: Path): number {
  return fields.findIndex((f) => f.field === valueAt(subject.inputs, path));
}
