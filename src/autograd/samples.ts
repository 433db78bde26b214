/** Samples of a batch as fields of their own, and back. */
import { GeometryError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { DirectionalField, Field } from "./field.ts";
import * as kind from "./kinds.ts";
import type { Lattice } from "./lattice.ts";
import { type ValueType, components, typeText } from "./types.ts";

/** @throws GeometryError for a lattice with a batch of samples: `where` works on one. */
export function oneSample(where: string, lattice: Lattice): void {
  guard("oneSample", { where: [where, is.text], lattice: [lattice, kind.lattice] });
  if (lattice.batch > 1) throw new GeometryError(`${where}: got fields of ${lattice.batch} samples, expected one: take sampleOf(U, b)`);
}

const anyField = is.either(kind.field, kind.directionalField);

/** Sites of sample b of a batch. */
const sitesOf = ({ volume }: Lattice, b: number): Int32Array => Int32Array.from({ length: volume }, (_, n) => b * volume + n);

function read(x: Field, b: number): Float64Array {
  const size = components(x.type);
  if (x.type.kind === "scalar") return x.toArray().slice(b, b + 1);
  return x.readSites(sitesOf(x.lattice, b), new Float64Array(x.lattice.volume * size));
}

function write(x: Field, b: number, data: Float64Array): void {
  if (x.type.kind !== "scalar") x.writeSites(sitesOf(x.lattice, b), data);
  else {
    const all = x.toArray();
    all[b] = data[0]!;
    x.set(all);
  }
}

function expectSample(where: string, { lattice }: { readonly lattice: Lattice }, b: number): void {
  if (!Number.isInteger(b) || b < 0 || b >= lattice.batch) throw new GeometryError(`${where}: got sample ${String(b)} of ${lattice}, expected 0 to ${lattice.batch - 1}`);
}

/** A copy of sample b of a batch as a field on the lattice of one sample, `x.lattice.single`. @throws GeometryError for a sample that does not exist. */
export function sampleOf<X extends Field | DirectionalField>(x: X, b: number): X {
  guard("sampleOf", { x: [x, anyField] });
  expectSample("sampleOf", x, b);
  const { single } = x.lattice;
  if (x instanceof DirectionalField) return new DirectionalField(single, x.N as number, x.role as "links").set(x.fields.map((f) => read(f as Field, b))) as unknown as X;
  return new Field(single, (x as Field).type).set(read(x as Field, b)) as unknown as X;
}

/**
 * Writes a field of one sample to sample b of a batch.
 * @throws GeometryError for a field of another kind or of other extents, or a sample that does not exist.
 */
export function setSample<X extends Field | DirectionalField>(x: X, b: number, from: NoInfer<X>): X {
  guard("setSample", { x: [x, anyField], from: [from, anyField] });
  expectSample("setSample", x, b);
  const [to, given] = [x, from].map((f) => (f instanceof Field ? [f] : f.fields) as readonly Field[]) as [readonly Field[], readonly Field[]];
  const text = (f: Field): string => typeText(f.lattice, f.type as ValueType);
  if (from.lattice.batch > 1 || from.lattice.extents.join() !== x.lattice.extents.join() || to.length !== given.length || to.some((f, k) => text(f) !== text(given[k]!)))
    throw new GeometryError(`setSample: got ${String(from)}, expected one sample of ${String(x)}`);
  to.forEach((f, k) => write(f, b, read(given[k]!, 0)));
  return x;
}
