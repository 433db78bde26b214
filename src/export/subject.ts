/** What can be exported: recorded actions and layers, seen as functions of links and of one structure of inputs. */
import type { Field, Links, Scalar } from "../autograd/index.ts";
import { DirectionalField, Field as FieldClass } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { Tensor, describe, guard, is, leavesOf, nameOf, valueAt, type Path } from "../util/index.ts";

/** An action S[U; inputs] or a layer U -> V[U; inputs]. */
export interface ExportSubject {
  readonly kind: "action" | "layer";
  readonly name: string;
  /** Numbers (the parameters) and fields (set by the host, for instance pseudofermions). */
  readonly inputs: unknown;
  /** The forward map on traced values. */
  readonly evaluate: (U: Links, inputs: never) => Scalar | Links;
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
  const { name } = x as { name: string };
  if (has(x, "evaluate")) return { kind: "action", name, inputs: (x as { inputs?: unknown }).inputs ?? {}, evaluate: (x as ExportSubject).evaluate };
  if (has(x, "forward") && "parameters" in x) return { kind: "layer", name, inputs: x.parameters, evaluate: (x as unknown as { forward: ExportSubject["evaluate"] }).forward };
  const { action } = x as { action?: unknown };
  return has(x, "value") && action !== x ? subjectOf(action) : undefined;
}

/** Why something that looks like a subject is none. */
export function refusalOf(x: unknown): string | undefined {
  if (typeof x !== "object" || x === null) return undefined;
  const { name, fields } = x as { readonly name?: unknown; readonly fields?: unknown };
  if (has(x, "evaluate") && typeof fields === "object" && fields !== null) return `${String(name)} is an action of the fields ${Object.keys(fields).join(", ")}: a library has functions of links; give the others as inputs of action({ name, inputs, evaluate })`;
  if (has(x, "image") && has(x, "stepsOn")) return `${String(name)} is a map with log det: export its links as new Layer(F.name, F.parameters, (U, p) => F.forward(U, p).links)`;
  return undefined;
}

/** Colours and extents of the fields among the inputs; undefined where there are none. @throws ConfigurationError for anything else than a subject. */
export function placeOf(subject: ExportSubject): { readonly N: number | undefined; readonly extents: readonly number[] | undefined } {
  guard("placeOf", { subject: [subject, is.withFields("a subject of subjectOf", "inputs")] });
  const fields = fieldsOf(subject);
  const N = fields.flatMap(({ field: { type } }) => ("N" in type ? [Number(type.N)] : []))[0];
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
