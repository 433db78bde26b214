/** Fields with values: what users hold, and what plans read and write. Their memory belongs to the lattice's engine. */
import { GeometryError, LifetimeError } from "../errors.ts";
import { DISPLAY, type MimeBundle, describe } from "../util/index.ts";
import type { Storage } from "./engine.ts";
import { Lattice } from "./lattice.ts";
import { enlist, strike } from "./scope.ts";
import { type MatrixType, type ValueType, components, fits, linkType, realsOf, siteMatrixType, typeText } from "./types.ts";

const reclaim = new FinalizationRegistry<Storage>((storage) => storage.dispose());

/** Node's console.log asks for this method. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** What JSON and console.log show of a field. */
export interface FieldSummary {
  readonly kind: string;
  readonly lattice: readonly number[];
  /** The first numbers at the origin; absent after `dispose`, and where the engine reads asynchronously only. */
  readonly origin?: readonly number[];
}

/** One field (or scalar) with values in memory. Freed by `dispose` / `using`, at the end of a `scope`, or when nobody holds it any more. */
export class Field<T extends ValueType = ValueType> {
  readonly lattice: Lattice;
  readonly type: T;
  #storage: Storage | undefined;

  /** Zero-filled. @throws BackendError when memory ends. */
  constructor(lattice: Lattice, type: T, storage?: Storage) {
    if (!(lattice instanceof Lattice)) throw new GeometryError(`field: got ${describe(lattice)}, expected a lattice: make one with lattice(extents)`);
    components(type);
    this.lattice = lattice;
    this.type = type;
    this.#storage = storage ?? lattice.engine.allocateGroup([type])[0]!;
    if (!this.#storage.collected) reclaim.register(this, this.#storage, this);
    enlist(this);
  }

  /** Where the values lie. @throws LifetimeError after `dispose`. */
  get storage(): Storage {
    if (this.#storage === undefined) throw new LifetimeError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got a field that has been disposed, expected one in use: dispose it after its last use, or return it from its scope`);
    return this.#storage;
  }

  /** True after `dispose`. */
  get disposed(): boolean {
    return this.#storage === undefined;
  }

  /** Number of reals in the canonical array. */
  get length(): number {
    return realsOf(this.lattice, this.type);
  }

  /** Values in canonical order: samples of a batch one after the other, sites lexicographic (first coordinate fastest), components inside, matrices row by row, (re, im). */
  toArray(out: Float64Array = new Float64Array(this.length)): Float64Array {
    this.#expectLength(out);
    this.lattice.engine.read(this.storage, this.type, out);
    return out;
  }

  /** As `toArray`, for engines that read asynchronously (tfjs on webgpu); works on every engine. */
  async toArrayAsync(out: Float64Array = new Float64Array(this.length)): Promise<Float64Array> {
    this.#expectLength(out);
    const { engine } = this.lattice;
    if (engine.readAsync) await engine.readAsync(this.storage, this.type, out);
    else engine.read(this.storage, this.type, out);
    return out;
  }

  /** Sets the values from canonical order. @throws GeometryError for an array of another length. */
  set(data: Float64Array): this {
    this.#expectLength(data);
    this.lattice.engine.write(this.storage, this.type, data);
    return this;
  }

  /**
   * Sets the values of some sites, for data that come in pieces: the components of site sites[k] stand at data[offset + k * stride]. Site n of sample b
   * of a batch is number b V + n.
   * @throws GeometryError for sites outside the lattice and data too short.
   */
  writeSites(sites: Int32Array, data: Float64Array, offset = 0, stride = components(this.type)): this {
    this.#expectSites(sites, data, offset, stride);
    this.lattice.engine.writeSites(this.storage, this.type, sites, data, offset, stride);
    return this;
  }

  /** Values of some sites, laid out as for `writeSites`. */
  readSites(sites: Int32Array, out: Float64Array, offset = 0, stride = components(this.type)): Float64Array {
    this.#expectSites(sites, out, offset, stride);
    this.lattice.engine.readSites(this.storage, this.type, sites, out, offset, stride);
    return out;
  }

  /** As `readSites`, for sites of this process (`forOwnSites`): on a lattice that is divided over ranks the others need not ask. Sites of others are left out. */
  readOwnSites(sites: Int32Array, out: Float64Array, offset = 0, stride = components(this.type)): Float64Array {
    this.#expectSites(sites, out, offset, stride);
    const { engine } = this.lattice;
    engine[engine.readOwn ? "readOwn" : "readSites"]!(this.storage, this.type, sites, out, offset, stride);
    return out;
  }

  /** Copies the values of a field of the same type: kind, N, end points, boundary signs, sites. @throws GeometryError for any other. */
  copyFrom(other: Field<T>): this {
    if (!(other instanceof Field) || other.lattice !== this.lattice || !fits(this.lattice, other.type, this.type))
      throw new GeometryError(`copyFrom: got ${other instanceof Field ? `${typeText(other.lattice, other.type)} on ${other.lattice}` : describe(other)}, expected ${typeText(this.lattice, this.type)} on the same lattice object ${this.lattice}: use set(other.toArray()) to take over the numbers alone`);
    this.lattice.engine.copy([other.storage], [this.storage], [this.type]);
    return this;
  }

  clone(): Field<T> {
    return new Field(this.lattice, this.type).copyFrom(this);
  }

  /** Frees the memory at once; later uses are errors, a second call does nothing. */
  dispose(): void {
    if (this.#storage === undefined) return;
    strike(this);
    reclaim.unregister(this);
    this.#storage.dispose();
    this.#storage = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `${typeText(this.lattice, this.type)} on ${this.lattice}${this.disposed ? " (disposed)" : ""}`;
  }

  toJSON(): FieldSummary {
    return { kind: typeText(this.lattice, this.type), lattice: this.lattice.extents, ...summary(this) };
  }

  [INSPECT](): string {
    return `Field<${this.toString()}>${originText(this)}`;
  }

  /** In a notebook. */
  [DISPLAY](): MimeBundle {
    return { "text/plain": this[INSPECT]() };
  }

  #expectSites(sites: Int32Array, data: Float64Array, offset: number, stride: number): void {
    const [list, numbers] = [sites instanceof Int32Array, data instanceof Float64Array];
    if (!list || !numbers || !Number.isInteger(offset) || !Number.isInteger(stride))
      throw new GeometryError(`field ${typeText(this.lattice, this.type)}: got ${describe(list ? (numbers ? offset : data) : sites)}, expected sites as an Int32Array, numbers as a Float64Array, an integer offset and stride`);
    const last = this.type.kind === "scalar" ? 0 : this.lattice.batch * this.lattice.volume - 1;
    if (this.type.kind === "scalar" || sites.some((n) => n < 0 || n > last))
      throw new GeometryError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got a site that does not exist, expected 0 to ${last}`);
    const need = sites.length === 0 ? 0 : offset + (sites.length - 1) * stride + components(this.type);
    if (offset < 0 || stride < components(this.type) || data.length < need)
      throw new GeometryError(`field ${typeText(this.lattice, this.type)}: got ${data.length} numbers with offset ${offset} and stride ${stride}, expected at least ${need} for ${sites.length} sites`);
  }

  #expectLength(a: Float64Array): void {
    if (!(a instanceof Float64Array)) throw new GeometryError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got ${describe(a)}, expected a Float64Array of ${this.length} numbers`);
    if (a.length !== this.length)
      throw new GeometryError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got ${a.length} numbers, expected ${this.length}: give every site's components, first coordinate fastest`);
  }
}

/** The first numbers at the origin. */
function summary(field: Field): { readonly origin?: readonly number[] } {
  const { lattice, type } = field;
  if (field.disposed || lattice.engine.readAsync) return {};
  const values = type.kind === "scalar" ? field.toArray() : field.readSites(Int32Array.of(0), new Float64Array(components(type)));
  return { origin: Array.from(values.subarray(0, 6)) };
}

function originText(field: Field): string {
  const { origin } = summary(field);
  return origin === undefined ? "" : ` [${origin.map((x) => x.toPrecision(5)).join(", ")}${components(field.type) > origin.length ? ", ..." : ""}]`;
}

/** One matrix field a direction: links U_mu, or an algebra field with a component for every link. */
export class DirectionalField<N extends number = number, R extends "links" | "algebra" = "links" | "algebra"> {
  readonly lattice: Lattice;
  readonly N: N;
  readonly role: R;
  readonly fields: readonly Field<MatrixType<N>>[];

  constructor(lattice: Lattice, N: N, role: R) {
    if (!(lattice instanceof Lattice)) throw new GeometryError(`links or algebra field: got ${describe(lattice)}, expected a lattice: make one with lattice(extents)`);
    if (!Number.isInteger(N) || N < 1 || N > 64) throw new GeometryError(`links or algebra field: got ${describe(N)} as N, expected an integer from 1 to 64`);
    if (role !== "links" && role !== "algebra") throw new GeometryError(`links or algebra field: got the role ${describe(role)}, expected "links" or "algebra"`);
    this.lattice = lattice;
    this.N = N;
    this.role = role;
    const types = lattice.extents.map((_, mu) => (role === "links" ? linkType(lattice, N, mu) : siteMatrixType(lattice, N, true)));
    const storages = lattice.engine.allocateGroup(types);
    this.fields = types.map((t, mu) => new Field(lattice, t, storages[mu]!));
  }

  /** Canonical values of direction mu. */
  toArray(mu: number, out?: Float64Array): Float64Array {
    const field = this.fields[mu];
    if (!field) throw new GeometryError(`${this.toString()}: got ${describe(mu)} as direction, expected 0 to ${this.lattice.dim - 1}`);
    return field.toArray(out);
  }

  /** Sets every direction from canonical arrays. @throws GeometryError for a wrong number or length of arrays. */
  set(data: readonly Float64Array[]): this {
    if (!Array.isArray(data) || data.length !== this.lattice.dim) throw new GeometryError(`${this.role} on ${this.lattice}: got ${describe(data)}, expected one for each of ${this.lattice.dim} directions`);
    this.fields.forEach((f, mu) => f.set(data[mu]!));
    return this;
  }

  /** Copies a field of the same role, N and lattice. @throws GeometryError for any other. */
  copyFrom(other: DirectionalField<N, R>): this {
    if (!(other instanceof DirectionalField) || other.role !== this.role || other.N !== this.N || other.lattice !== this.lattice)
      throw new GeometryError(`copyFrom: got ${describe(other)}, expected ${this.toString()}, the same lattice object`);
    this.lattice.engine.copy(other.fields.map((f) => f.storage), this.fields.map((f) => f.storage), this.fields.map((f) => f.type));
    return this;
  }

  clone(): DirectionalField<N, R> {
    return new DirectionalField(this.lattice, this.N, this.role).copyFrom(this);
  }

  /** True when a direction has been disposed. */
  get disposed(): boolean {
    return this.fields.some((f) => f.disposed);
  }

  /** Frees the memory at once; later uses are errors, a second call does nothing. */
  dispose(): void {
    for (const f of this.fields) f.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `${this.role} N=${this.N} on ${this.lattice}${this.disposed ? " (disposed)" : ""}`;
  }

  toJSON(): FieldSummary & { readonly N: number } {
    return { kind: this.role, N: this.N, lattice: this.lattice.extents, ...summary(this.fields[0] as Field) };
  }

  [INSPECT](): string {
    return `DirectionalField<${this.toString()}>${originText(this.fields[0] as Field)}`;
  }

  /** In a notebook. */
  [DISPLAY](): MimeBundle {
    return { "text/plain": this[INSPECT]() };
  }
}

/** Link field U_mu(n) in SU(N) (U(1) for N = 1), from n to n + mu. */
export type LinkField<N extends number = number> = DirectionalField<N, "links">;
/** Algebra-valued field with one element a link: forces, momenta, directions of differentiation. */
export type AlgebraField<N extends number = number> = DirectionalField<N, "algebra">;
