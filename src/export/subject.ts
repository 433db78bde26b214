/** What can be exported: recorded actions and layers, seen as functions of links and of one structure of inputs. */
import type { Field, Links, Scalar } from "../autograd/index.ts";
import { Field as FieldClass } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { describe, leavesOf, nameOf, valueAt, type Path } from "../util/index.ts";

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
  if (typeof x !== "object" || x === null || typeof (x as { name?: unknown }).name !== "string") return undefined;
  const { name } = x as { name: string };
  if (has(x, "evaluate")) return { kind: "action", name, inputs: (x as { inputs?: unknown }).inputs ?? {}, evaluate: (x as ExportSubject).evaluate };
  if (has(x, "forward") && "parameters" in x) return { kind: "layer", name, inputs: x.parameters, evaluate: (x as unknown as { forward: ExportSubject["evaluate"] }).forward };
  const { action } = x as { action?: unknown };
  return has(x, "value") && action !== x ? subjectOf(action) : undefined;
}

/** @throws ConfigurationError for a leaf of the inputs that is neither number nor field. */
export function parametersOf(subject: ExportSubject): readonly ExportParameter[] {
  return leavesOf(subject.inputs).flatMap(({ value, path }) => {
    if (typeof value === "number") return [{ name: nameOf(path), path, value }];
    if (value instanceof FieldClass) return [];
    throw new ConfigurationError(`export: got ${describe(value)} as the input ${nameOf(path)} of ${subject.name}, expected numbers and fields`);
  });
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
