/** Fields with values: what users hold, and what plans read and write. Their memory belongs to the lattice's engine. */
import { GeometryError } from "../errors.ts";
import type { Storage } from "./engine.ts";
import type { Lattice } from "./lattice.ts";
import { type MatrixType, type ValueType, components, linkType, siteMatrixType, typeText } from "./types.ts";

const reclaim = new FinalizationRegistry<Storage>((storage) => storage.dispose());

/** One field (or scalar) with values in memory. Freed when collected, or at once by `dispose` / `using`. */
export class Field<T extends ValueType = ValueType> {
  readonly lattice: Lattice;
  readonly type: T;
  readonly storage: Storage;

  /** Zero-filled. */
  constructor(lattice: Lattice, type: T, storage: Storage = lattice.engine.allocate(type)) {
    this.lattice = lattice;
    this.type = type;
    this.storage = storage;
    reclaim.register(this, this.storage, this);
  }

  /** Number of reals in the canonical array. */
  get length(): number {
    return (this.type.kind === "scalar" ? 1 : this.lattice.volume) * components(this.type);
  }

  /** Values in canonical order: sites lexicographic (first coordinate fastest), components inside, matrices row by row, (re, im). */
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
   * Sets the values of some sites, for data that come in pieces: the components of site sites[k] stand at data[offset + k * stride].
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

  /** Copies the values of a field of the same type. */
  copyFrom(other: Field<T>): this {
    if (other.lattice !== this.lattice || components(other.type) !== components(this.type))
      throw new GeometryError(`copyFrom: got ${typeText(other.lattice, other.type)} on ${other.lattice}, expected ${typeText(this.lattice, this.type)} on the same lattice`);
    this.lattice.engine.copy(other.storage, this.storage, this.type);
    return this;
  }

  clone(): Field<T> {
    return new Field(this.lattice, this.type).copyFrom(this);
  }

  [Symbol.dispose](): void {
    reclaim.unregister(this);
    this.storage.dispose();
  }

  #expectSites(sites: Int32Array, data: Float64Array, offset: number, stride: number): void {
    const last = this.type.kind === "scalar" ? 0 : this.lattice.volume - 1;
    if (this.type.kind === "scalar" || sites.some((n) => n < 0 || n > last))
      throw new GeometryError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got a site that does not exist, expected 0 to ${last}`);
    const need = sites.length === 0 ? 0 : offset + (sites.length - 1) * stride + components(this.type);
    if (offset < 0 || stride < components(this.type) || data.length < need)
      throw new GeometryError(`field ${typeText(this.lattice, this.type)}: got ${data.length} numbers with offset ${offset} and stride ${stride}, expected at least ${need} for ${sites.length} sites`);
  }

  #expectLength(a: Float64Array): void {
    if (a.length !== this.length)
      throw new GeometryError(`field ${typeText(this.lattice, this.type)} on ${this.lattice}: got ${a.length} numbers, expected ${this.length}: give every site's components, first coordinate fastest`);
  }
}

/** One matrix field a direction: links U_mu, or an algebra field with a component for every link. */
export class DirectionalField<N extends number = number, R extends "links" | "algebra" = "links" | "algebra"> {
  readonly lattice: Lattice;
  readonly N: N;
  readonly role: R;
  readonly fields: readonly Field<MatrixType<N>>[];

  constructor(lattice: Lattice, N: N, role: R) {
    if (!Number.isInteger(N) || N < 1) throw new GeometryError(`got N = ${N}, expected a positive integer`);
    this.lattice = lattice;
    this.N = N;
    this.role = role;
    const types = lattice.extents.map((_, mu) => (role === "links" ? linkType(lattice, N, mu) : siteMatrixType(lattice, N, true)));
    const storages = lattice.engine.allocateGroup(types);
    this.fields = types.map((t, mu) => new Field(lattice, t, storages[mu]!));
  }

  /** Canonical values of direction mu. */
  toArray(mu: number, out?: Float64Array): Float64Array {
    return this.fields[mu]!.toArray(out);
  }

  /** Sets every direction from canonical arrays. @throws GeometryError for a wrong number or length of arrays. */
  set(data: readonly Float64Array[]): this {
    if (data.length !== this.lattice.dim) throw new GeometryError(`${this.role} on ${this.lattice}: got ${data.length} arrays, expected one for each of ${this.lattice.dim} directions`);
    this.fields.forEach((f, mu) => f.set(data[mu]!));
    return this;
  }

  copyFrom(other: DirectionalField<N, R>): this {
    this.fields.forEach((f, mu) => f.copyFrom(other.fields[mu]!));
    return this;
  }

  clone(): DirectionalField<N, R> {
    return new DirectionalField(this.lattice, this.N, this.role).copyFrom(this);
  }

  [Symbol.dispose](): void {
    for (const f of this.fields) f[Symbol.dispose]();
  }
}

/** Link field U_mu(n) in SU(N) (U(1) for N = 1), from n to n + mu. */
export type LinkField<N extends number = number> = DirectionalField<N, "links">;
/** Algebra-valued field with one element a link: forces, momenta, directions of differentiation. */
export type AlgebraField<N extends number = number> = DirectionalField<N, "algebra">;
