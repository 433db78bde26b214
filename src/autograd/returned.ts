/** What recorded functions must return, and the values that they are given: checked once, when the function is recorded or its values change. */
import { CovarianceError, RecordingError } from "../errors.ts";
import { type LeafRule, Tensor, describe, expectStructure, isBranch, leavesOf } from "../util/index.ts";
import { DirectionalField, Field } from "./field.ts";
import { type Scalar, Traced } from "./tape.ts";
import { Directional, type Links, leaves } from "./tree.ts";
import { type ValueType, components, linkType, sameType, typeText } from "./types.ts";

/** What to do about something that is not traced. */
function advice(x: unknown): string {
  if (x === undefined) return ": add a return";
  if (x instanceof Promise) return ": the function is asynchronous, make it synchronous";
  if (x instanceof Field || x instanceof DirectionalField || typeof x === "number") return ": a value that is computed from the traced arguments";
  return "";
}

/** @throws RecordingError unless y is a traced scalar. */
export function returnedScalar(where: string, y: unknown): Scalar {
  if (y instanceof Traced && y.type.kind === "scalar") return y as Scalar;
  const fix = y instanceof Traced ? ": take sum or mean of a real site scalar" : advice(y);
  throw new RecordingError(`${where}: the function returned ${describe(y)}, expected a traced scalar${fix}`);
}

/** Traced leaves of what a recorded function returned. @throws RecordingError for anything else, and for nothing at all. */
export function returnedLeaves(where: string, y: unknown): Traced[] {
  const structure = y instanceof Traced || y instanceof Directional || isBranch(y);
  const list = structure ? leaves(y, where) : [];
  if (list.length === 0) throw new RecordingError(`${where}: the function returned ${describe(y)}, expected traced values, or arrays and plain objects of them${advice(y)}`);
  for (const { value } of leavesOf(y)) if (value instanceof Directional && value.role === "links") returnedLinks(where, value);
  return list;
}

/**
 * The same links, each of which runs from the site to its neighbour along its direction, in the number and of the N of `like`.
 * @throws RecordingError for anything but links, CovarianceError for a direction that runs elsewhere.
 */
export function returnedLinks<N extends number>(where: string, V: unknown, like?: Links<N>): Links<N> {
  if (!(V instanceof Directional) || V.role !== "links") throw new RecordingError(`${where}: forward returned ${describe(V)}, expected traced links, U.map((mu) => ...)${advice(V)}`);
  const { lattice, N } = V as Links<N>;
  if (V.dim !== lattice.dim || (like && N !== like.N)) throw new RecordingError(`${where}: forward returned links in ${V.dim} directions with N = ${N}, expected ${lattice.dim} directions${like ? ` with N = ${like.N}` : ""}`);
  V.values().forEach((v, mu) => {
    const expected = linkType(lattice, N, mu);
    if (!sameType(lattice, v.type, expected))
      throw new CovarianceError(`${where}: direction ${mu} of the links is ${typeText(lattice, v.type)}, expected ${typeText(lattice, expected)}, from the site to its neighbour along ${lattice.axis(mu)}: multiply a closed path with U[${mu}]`);
  });
  return V as Links<N>;
}

/**
 * Values of inputs or parameters in the structure of `like`: finite numbers, fields of the same kinds, the same keys and lengths.
 * @throws ConfigurationError with the name of the first that differs.
 */
export function expectInputs(where: string, given: unknown, like: unknown = given): void {
  expectStructure(where, given, like, withValues);
}

/**
 * Traced inputs or parameters in the structure of their values `like`; numbers may stand as they are, and real fields for numbers.
 * @throws ConfigurationError with the name of the first that differs.
 */
export function expectTracedInputs(where: string, given: unknown, like: unknown): void {
  expectStructure(where, given, like, traced);
}

const withValues: LeafRule = (given, like) => {
  if (like instanceof Tensor) {
    if (!(given instanceof Tensor) || given.shape.join() !== like.shape.join()) return `a ${like}`;
    return given.data.every(Number.isFinite) ? undefined : "finite weights";
  }
  if (like instanceof Field) return given instanceof Field && sameKind(given.type, like.type) ? undefined : `a field ${typeText(like.lattice, like.type)}`;
  if (like instanceof DirectionalField) return given instanceof DirectionalField && given.role === like.role && given.N === like.N ? undefined : `${like.role} with N = ${like.N}`;
  return Number.isFinite(given) ? undefined : "a finite number";
};

const traced: LeafRule = (given, like) => {
  if (like instanceof Tensor) return given instanceof Traced && given.type.kind === "tensor" && given.type.shape.join() === like.shape.join() ? undefined : `a traced ${like}`;
  if (like instanceof Field) return given instanceof Traced && sameKind(given.type, like.type) ? undefined : `a traced field ${typeText(like.lattice, like.type)}`;
  if (like instanceof DirectionalField) return given instanceof Directional && given.role === like.role && given.N === like.N ? undefined : `traced ${like.role} with N = ${like.N}`;
  return Number.isFinite(given) || (given instanceof Traced && (given.type.kind === "scalar" || given.type.kind === "real")) ? undefined : "a traced or finite number";
};

const sameKind = (a: ValueType, b: ValueType): boolean => a.kind === b.kind && components(a) === components(b);
