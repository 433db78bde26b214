/**
 * Structured arguments: a recorded function takes and returns values inside plain objects and arrays. A link field is traced as
 * `Links` (U[mu], U.map), an algebra field as `Algebras`, a number as a scalar.
 */
import { RecordingError } from "../errors.ts";
import { Tensor, describe, guard, is, leavesOf, mapLeaves, valueAt } from "../util/index.ts";
import { DirectionalField, Field } from "./field.ts";
import type { Lattice } from "./lattice.ts";
import { PerSample } from "./per-sample.ts";
import { type Matrix, type Scalar, Traced } from "./tape.ts";
import { type MatrixType, type ScalarType, type TensorType, type ValueType, isShared, scalarType, sharedScalarType, tensorType } from "./types.ts";

/** Traced matrix fields, one a direction. `U[mu]` is a direction, `U.map(mu => ...)` builds new ones. */
export class Directional<N extends number = number, R extends "links" | "algebra" = "links" | "algebra"> {
  readonly role: R;
  readonly #values: readonly Matrix<N>[];
  readonly [mu: number]: Matrix<N>;
  /** @throws RecordingError for values that are no traced matrix fields, with the direction. */
  constructor(role: R, values: readonly Matrix<N>[]) {
    if (!Array.isArray(values) || values.length === 0) throw new RecordingError(`${role}: got ${describe(values)}, expected one traced matrix field a direction`);
    values.forEach((v, mu) => {
      if (!(v instanceof Traced) || v.type.kind !== "matrix") throw new RecordingError(`${role}: got ${describe(v)} for direction ${mu}, expected a traced matrix field${v === undefined ? ": add a return to the function of mu" : ""}`);
    });
    this.role = role;
    this.#values = values;
    values.forEach((v, mu) => Object.defineProperty(this, mu, { value: v, enumerable: true }));
  }
  /** Number of directions. */
  get dim(): number {
    return this.#values.length;
  }
  get lattice(): Lattice {
    return this.#values[0]!.lattice;
  }
  get N(): N {
    return this.#values[0]!.type.N;
  }
  /** New values for every direction, from the same input. */
  map(f: (mu: number) => Matrix<N>): Directional<N, R> {
    if (typeof f !== "function") throw new RecordingError(`map: got ${describe(f)}, expected a function of the direction`);
    return new Directional(this.role, this.#values.map((_, mu) => f(mu)));
  }
  values(): readonly Matrix<N>[] {
    return this.#values;
  }
}

/** Traced link field of all directions: U_mu(n) -> g(n) U_mu(n) g(n + mu)^+. */
export type Links<N extends number = number> = Directional<N, "links">;
/** Traced algebra field of all directions: antihermitian N x N matrices, A_mu(n) -> g(n) A_mu(n) g(n)^+. */
export type Algebras<N extends number = number> = Directional<N, "algebra">;

/** A nested structure with leaves that can be traced. */
export type Concrete = number | Tensor | Field | DirectionalField | readonly Concrete[] | { readonly [key: string]: Concrete };

/** What a concrete argument looks like while recording. */
export type TracedOf<X> = unknown extends X ? unknown : X extends number
  ? Scalar
  : X extends Tensor
  ? Traced<TensorType>
  : X extends DirectionalField<infer N, infer R>
    ? Directional<N, R>
    : X extends Field<infer T>
      ? Traced<T>
      : { readonly [K in keyof X]: TracedOf<X[K]> };

/** What a traced result looks like when it has values: scalars are numbers, fields belong to the caller. */
export type ConcreteOf<X> = unknown extends X ? unknown : X extends Directional<infer N, infer R>
  ? DirectionalField<N, R>
  : X extends Traced<infer T>
    ? T extends { kind: "scalar" }
      ? number
      : T extends { kind: "tensor" }
        ? Tensor
        : Field<T>
    : { readonly [K in keyof X]: ConcreteOf<X[K]> };

/** What may be given for a traced argument: a field of the same kind and N, a number for a scalar, or a structure of them. */
export type ArgumentOf<X> = unknown extends X ? unknown : X extends Directional<infer N, infer R>
  ? DirectionalField<N, R>
  : X extends Traced<infer T>
    ? T extends { kind: "scalar" }
      ? number | Field<ScalarType>
      : T extends TensorType
      ? Tensor | Field<TensorType>
      : T extends MatrixType<infer N>
        ? Field<MatrixType<N>>
        : Field<T>
    : X extends number
      ? number
      : { readonly [K in keyof X]: ArgumentOf<X[K]> };

/** Tangent of a traced argument: links have an algebra field, everything else has its own kind. */
export type TangentOf<X> = unknown extends X ? unknown : X extends Directional<infer N, "links" | "algebra">
  ? Directional<N, "algebra">
  : X extends Traced
    ? X
    : { readonly [K in keyof X]: TangentOf<X[K]> };

function isTraced(x: unknown): x is Traced {
  return x instanceof Traced;
}

/** The traced values of a leaf. */
const members = (x: unknown): readonly Traced[] | undefined => (isTraced(x) ? [x] : x instanceof Directional ? x.values() : undefined);

/** Leaves of a traced structure, in the order of all leaves. @throws RecordingError for anything else in it. */
export function leaves(x: unknown, where = "traced structure"): Traced[] {
  return leavesOf(x).flatMap(({ value }) => {
    const found = members(value);
    if (!found) throw new RecordingError(`${where}: got ${describe(value)}, expected traced values, or arrays and plain objects of them`);
    return found;
  });
}

/** Leaves of x in the places that the leaves of `like` have in it, whatever the order of its keys. @throws RecordingError for another structure. */
export function leavesLike(where: string, like: unknown, x: unknown): Traced[] {
  const [expected, found] = [leaves(like, where), leaves(x, where)];
  const list = leavesOf(like).flatMap(({ value, path }) => {
    const there = members(valueAt(x, path));
    return there?.length === members(value)!.length ? there : [];
  });
  if (list.length !== found.length || list.length !== expected.length)
    throw new RecordingError(`${where}: got ${expected.length} and ${found.length} traced values, ${list.length} of them in the same places, expected two structures of the same kind`);
  return list;
}

/** The same structure with new leaves; `algebra` makes links into algebra fields. */
export function rebuild(x: unknown, next: () => Traced, algebra = false): unknown {
  return mapLeaves(x, (y) => (y instanceof Directional ? new Directional(algebra ? "algebra" : y.role, y.values().map(() => next() as Matrix)) : next()));
}

/** True when a structure holds traced values already. */
export function holdsTraced(x: unknown): boolean {
  return leavesOf(x).some(({ value }) => members(value) !== undefined);
}

/** A leaf with values: a field, a number, the numbers of a batch, or weights. */
export type ConcreteValue = number | PerSample | Tensor | Field;

/** One leaf of a concrete structure: its type and, for fields, its memory. */
export interface ConcreteLeaf {
  readonly type: ValueType;
  readonly value: ConcreteValue;
}

/** Type of a leaf on a lattice: a number is the same for all samples of a batch. */
export function leafTypeOn(lattice: Lattice, leaf: ConcreteLeaf): ValueType {
  guard("leafTypeOn", { lattice: [lattice, is.withMethods("a lattice", "wrap")], leaf: [leaf, is.withFields("a leaf", "type", "value")] });
  return typeof leaf.value === "number" ? sharedScalarType(lattice) : leaf.type;
}

/** Numbers and fields of a structure, in the order of all leaves. @throws RecordingError for anything else in it. */
export function concreteLeaves(x: unknown): ConcreteLeaf[] {
  return leavesOf(x).flatMap(({ value }): ConcreteLeaf[] => {
    if (typeof value === "number" || value instanceof PerSample) return [{ type: scalarType, value }];
    if (value instanceof Tensor) return [{ type: tensorType(value.shape), value }];
    if (value instanceof Field) return [{ type: value.type as ValueType, value: value as Field }];
    if (value instanceof DirectionalField) return value.fields.map((f) => ({ type: f.type as ValueType, value: f as Field }));
    return refuseArgument(value);
  });
}

function refuseArgument(x: unknown): never {
  throw new RecordingError(`arguments: got ${describe(x)}, expected fields, link fields, numbers, or arrays and plain objects of them`);
}

/** The walk over arguments or results, laid down from an example (concrete or traced): leaves can then be visited in their order without allocating anything. */
export type Shape = "leaf" | { readonly count: number } | { readonly keys: readonly string[]; readonly items: readonly Shape[] };

const isValue = (x: unknown): x is ConcreteValue => typeof x === "number" || x instanceof Field || x instanceof PerSample || x instanceof Tensor;

export function shapeOf(x: unknown): Shape {
  if (isValue(x) || isTraced(x)) return "leaf";
  if (x instanceof DirectionalField) return { count: x.fields.length };
  if (x instanceof Directional) return { count: x.dim };
  const keys = Object.keys(x as object);
  return { keys, items: keys.map((k) => shapeOf((x as Record<string, unknown>)[k])) };
}

/** Calls `at` for every leaf of x, numbered from k on, in the order of `concreteLeaves`; returns the next number, or -1 where x has another structure. */
export function visitLeaves(shape: Shape, x: unknown, k: number, at: (value: ConcreteValue, k: number) => void): number {
  if (shape === "leaf") {
    if (!isValue(x)) return -1;
    at(x, k);
    return k + 1;
  }
  if ("count" in shape) {
    if (!(x instanceof DirectionalField) || x.fields.length !== shape.count) return -1;
    for (let mu = 0; mu < shape.count; mu++) at(x.fields[mu] as Field, k + mu);
    return k + shape.count;
  }
  if (typeof x !== "object" || x === null) return -1;
  if (!Array.isArray(x) || x.length !== shape.keys.length) {
    let more = -shape.keys.length;
    for (const _ in x) more++;
    if (more > 0) return -1;
  }
  for (let j = 0; j < shape.keys.length && k >= 0; j++) k = visitLeaves(shape.items[j]!, (x as Record<string, unknown>)[shape.keys[j]!], k, at);
  return k;
}

/** A key of x that the shape does not have, with those that it has there; undefined where there is none. */
export function foreignKey(shape: Shape, x: unknown): string | undefined {
  if (shape === "leaf" || "count" in shape || typeof x !== "object" || x === null) return undefined;
  const { keys, items } = shape;
  const foreign = Object.keys(x).find((k) => !keys.includes(k));
  if (foreign !== undefined) return `${foreign}, expected no other keys than ${keys.join(", ") || "none"}`;
  return keys.map((k, j) => foreignKey(items[j]!, (x as Record<string, unknown>)[k])).find((found) => found !== undefined);
}

/** The traced twin of a concrete structure, with leaves in the order of `concreteLeaves`. */
export function tracedTwin(x: unknown, next: () => Traced): unknown {
  if (typeof next !== "function") throw new RecordingError(`tracedTwin: got ${describe(next)}, expected a function that gives the traced values`);
  return mapLeaves(x, (y) => {
    if (isValue(y)) return next();
    return y instanceof DirectionalField ? new Directional(y.role, y.fields.map(() => next() as Matrix)) : refuseArgument(y);
  });
}

/** The number of a scalar, or the numbers of the samples of a batch. */
export function readNumber(scalar: Field<ScalarType>): number {
  if (!(scalar instanceof Field) || (scalar.type as ValueType).kind !== "scalar") throw new RecordingError(`readNumber: got ${describe(scalar)}, expected a scalar field`);
  const { lattice, type, storage } = scalar;
  if (lattice.batch === 1 || isShared(type)) return lattice.engine.readScalar(storage);
  const values = new PerSample(lattice.batch);
  lattice.engine.read(storage, type, values);
  // batches of numbers stand where the one number of a single sample does
  return values as unknown as number;
}

/** Fields for the results of a traced structure. Scalars become boxes that are read as numbers. */
export function concreteTwin(x: unknown, lattice: Lattice): { fields: Field[]; read: () => unknown } {
  if (isTraced(x)) {
    const f = new Field(lattice, x.type as ValueType);
    const { type } = f;
    if (type.kind === "tensor") return { fields: [f], read: () => new Tensor(type.shape, f.toArray()) };
    return { fields: [f], read: x.type.kind === "scalar" ? () => readNumber(f as Field<ScalarType>) : () => f };
  }
  if (x instanceof Directional) {
    const d = new DirectionalField(lattice, x.N as number, x.role as "links" | "algebra");
    return { fields: [...d.fields], read: () => d };
  }
  const keys = Object.keys(x as object);
  const parts = keys.map((k) => concreteTwin((x as Record<string, unknown>)[k], lattice));
  const result: Record<string, unknown> | unknown[] = Array.isArray(x) ? [] : {};
  return {
    fields: parts.flatMap((p) => p.fields),
    read: () => {
      for (let i = 0; i < keys.length; i++) (result as Record<string, unknown>)[keys[i]!] = parts[i]!.read();
      return result;
    },
  };
}
