/** Kinds of arguments that know the tape: what `guard` expects of traced values, fields, lattices and directions. */
import { GeometryError, RecordingError } from "../errors.ts";
import { type Kind, is } from "../util/index.ts";
import { DirectionalField, Field } from "./field.ts";
import { Lattice } from "./lattice.ts";
import { Tape, Traced } from "./tape.ts";
import { Directional } from "./tree.ts";
import type { ValueType } from "./types.ts";

/** What to do with something that is not traced where a traced value is due. */
function traceIt(x: unknown): string | undefined {
  if (x instanceof Field || x instanceof DirectionalField) return "a field with values is passed as an argument of the recorded function (record, grad, layer, action)";
  if (typeof x === "number") return "make a scalar of it, number(tape, x), or multiply with it, scale(x, y)";
  if (x instanceof Directional) return "take one direction, U[mu]";
  if (x === undefined) return "a missing return, or a direction that the lattice lacks, gives undefined";
  return undefined;
}

/** What to do with a traced value where one with numbers is due. */
function runIt(x: unknown): string | undefined {
  if (x instanceof Traced || x instanceof Directional) return "it has no numbers while it is being recorded: call this outside of recorded functions";
  return undefined;
}

const tracedKind = (text: string, holds: (t: ValueType) => boolean): Kind => ({ text, holds: (x) => x instanceof Traced && holds(x.type as ValueType), fix: traceIt, error: RecordingError });

export const traced = tracedKind("a traced value", () => true);
export const real = tracedKind("a traced real site scalar", (t) => t.kind === "real");
export const scalar = tracedKind("a traced scalar", (t) => t.kind === "scalar");
export const realOrScalar = tracedKind("a traced real site scalar or scalar", (t) => t.kind === "real" || t.kind === "scalar");
export const matrix = tracedKind("a traced matrix field", (t) => t.kind === "matrix");
export const vector = tracedKind("a traced colour vector", (t) => t.kind === "vector");
export const vectorOrReal = tracedKind("a traced colour vector or real site scalar", (t) => t.kind === "vector" || t.kind === "real");
export const factor: Kind = { text: "a finite number or a traced scalar or site scalar", holds: (x) => (typeof x === "number" ? Number.isFinite(x) : x instanceof Traced), fix: (x) => (typeof x === "number" ? undefined : traceIt(x)), error: RecordingError };
/** A number, or a traced scalar in its place. */
export const coefficient: Kind = { ...factor, text: "a finite number or a traced scalar", holds: (x) => (x instanceof Traced ? x.type.kind === "scalar" : Number.isFinite(x)) };

const directional = (role: "links" | "algebra"): Kind => ({
  text: role === "links" ? "traced links" : "a traced algebra field",
  holds: (x) => x instanceof Directional && x.role === role,
  fix: (x) => (x instanceof Traced ? "got one direction of them, pass all" : traceIt(x)),
  error: RecordingError,
});
export const links = directional("links");
export const algebras = directional("algebra");
export const tape = is.instanceOf(Tape, "a tape (x.tape of a traced value)", { error: RecordingError });

const inUse = (x: { readonly disposed: boolean } | undefined): string | undefined => (x?.disposed ? "it has been disposed" : undefined);
export const field = is.instanceOf(Field, "a field with values", { fix: runIt, error: RecordingError });
export const directionalField = is.instanceOf(DirectionalField, "a link or algebra field with values", { fix: runIt, error: RecordingError });
const concrete = (role: "links" | "algebra", text: string): Kind => ({ text, holds: (x) => x instanceof DirectionalField && x.role === role, fix: (x) => runIt(x) ?? inUse(x instanceof Field ? x : undefined), error: RecordingError });
export const linkField = concrete("links", "a link field with values");
/** Links of one sample: what is measured column by column or site by site has no form for batches. */
export const configuration: Kind = { ...linkField, text: "the links of one configuration", holds: (x) => linkField.holds(x) && (x as DirectionalField).lattice.batch === 1, fix: (x) => (linkField.holds(x) ? "take sampleOf(U, b) of a batch" : linkField.fix!(x)) };
export const algebraField = concrete("algebra", "an algebra field with values");

export const lattice = is.instanceOf(Lattice, "a lattice", { fix: (x) => (Array.isArray(x) ? "make one with lattice(extents)" : undefined), error: GeometryError });
export const domain = is.oneOf("all", "even", "odd");
export const parity = is.oneOf("even", "odd");

/** A direction of a lattice; of none in particular where the lattice is not known. */
export function direction(of?: { readonly dim: number }): Kind {
  const dim = of?.dim ?? 4;
  return { text: `a direction from 0 to ${dim - 1}`, holds: (x) => Number.isInteger(x) && (x as number) >= 0 && (x as number) < dim, error: GeometryError };
}

/** Direction nu of a plane whose other one is mu. */
export function otherDirection(mu: number, of?: { readonly dim: number }): Kind {
  const any = direction(of);
  return { ...any, text: `${any.text} other than mu = ${mu}`, holds: (x) => any.holds(x) && x !== mu };
}

/** One integer a direction. */
export function displacement(of: { readonly dim: number } | undefined): Kind {
  const dim = of?.dim ?? 4;
  return { text: `${dim} integers, one a direction`, holds: (x) => Array.isArray(x) && x.length === dim && x.every(Number.isSafeInteger), error: GeometryError };
}

/** The sign of each direction's boundary. */
export function boundary(of: { readonly dim: number } | undefined): Kind {
  const dim = of?.dim ?? 4;
  return { text: `the boundary signs of ${dim} directions, each 1 or -1`, holds: (x) => Array.isArray(x) && x.length === dim && x.every((s) => s === 1 || s === -1), error: GeometryError };
}

export const colours = { ...is.count, text: "the number of colours N, a positive integer of at most 64", holds: (x: unknown) => Number.isInteger(x) && (x as number) >= 1 && (x as number) <= 64, error: GeometryError };
