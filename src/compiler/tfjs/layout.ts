/**
 * Fields as device arrays of rank 3: matrices are N x N, colour vectors N x 1 or N x spin, classical spins 3 x 1 (real), site scalars 1 x 1 at every site; real and imaginary part
 * apart. The site axis comes first or last, whatever the product formulation of the engine wants.
 */
import { type Lattice, type ValueType, components } from "../../autograd/index.ts";
import type { Arrays, DeviceArray, Pair } from "../../backend/index.ts";

/** A field, or a scalar, which is a number of the host. */
export type Value = number | Pair;

/** Rows and columns at a site. */
export function extent(type: ValueType): readonly [number, number] {
  if (type.kind === "spin") return [3, 1];
  return type.kind === "matrix" || type.kind === "vector" ? [type.N, components(type) / (2 * type.N)] : [1, 1];
}

/** Types with one real array instead of a real and an imaginary part. */
const isReal = (type: ValueType): boolean => type.kind === "real" || type.kind === "spin";

export class FieldLayout {
  readonly lattice: Lattice;
  readonly sitesFirst: boolean;
  /** Positions of the three axes. */
  readonly site: number;
  readonly row: number;
  readonly column: number;
  readonly #parity: Uint8Array;

  constructor(lattice: Lattice, sitesFirst: boolean) {
    this.lattice = lattice;
    this.sitesFirst = sitesFirst;
    [this.site, this.row, this.column] = sitesFirst ? [0, 1, 2] : [2, 0, 1];
    this.#parity = Uint8Array.from({ length: lattice.volume }, (_, n) => lattice.parity(n));
  }

  shape(rows: number, columns: number, sites = this.lattice.volume): number[] {
    return this.sitesFirst ? [sites, rows, columns] : [rows, columns, sites];
  }

  /** Site-local matrix transpose. */
  get transposed(): readonly number[] {
    return this.sitesFirst ? [0, 2, 1] : [1, 0, 2];
  }

  /** Is a value on this domain defined at the site? */
  inside(type: ValueType, site: number): boolean {
    return type.kind === "scalar" || type.domain === "all" || this.#parity[site] === (type.domain === "even" ? 0 : 1);
  }

  /** Canonical data to the device; zero where the type is not defined. */
  upload(b: Arrays, type: ValueType, data: Float64Array): Pair {
    const [rows, columns] = extent(type);
    const parts = isReal(type) ? 1 : 2;
    const V = this.lattice.volume;
    const n = rows * columns;
    const arrays = Array.from({ length: parts }, (_, part) => {
      const out = new Float64Array(V * n);
      for (let s = 0; s < V; s++) if (this.inside(type, s)) for (let k = 0; k < n; k++) out[this.sitesFirst ? s * n + k : k * V + s] = data[(s * n + k) * parts + part]!;
      return b.upload(out, this.shape(rows, columns));
    });
    return arrays[1] ? { re: arrays[0]!, im: arrays[1] } : { re: arrays[0]! };
  }

  /** Values of the device, part by part, to canonical data; zero where the type is not defined. */
  unpack(type: ValueType, parts: readonly Float64Array[], data: Float64Array): void {
    const [rows, columns] = extent(type);
    const V = this.lattice.volume;
    const n = rows * columns;
    parts.forEach((x, part) => {
      for (let s = 0; s < V; s++)
        for (let k = 0; k < n; k++) data[(s * n + k) * parts.length + part] = this.inside(type, s) ? x[this.sitesFirst ? s * n + k : k * V + s]! : 0;
    });
  }

  /** Component (i, j) of every site, as arrays of one row and column. */
  components(b: Arrays, type: ValueType, x: Pair): DeviceArray[] {
    const [rows, columns] = extent(type);
    if (rows * columns === 1) return x.im ? [x.re, x.im] : [x.re];
    const V = this.lattice.volume;
    const flat = arraysOf(x).map((p) => b.reshape(p, this.shape(1, rows * columns)));
    return Array.from({ length: flat.length * rows * columns }, (_, k) => {
      const at = Math.floor(k / flat.length);
      return b.slice(flat[k % flat.length]!, this.sitesFirst ? [0, 0, at] : [0, at, 0], this.sitesFirst ? [V, 1, 1] : [1, 1, V]);
    });
  }

  /** Inverse of `components`. */
  join(b: Arrays, type: ValueType, components: readonly DeviceArray[]): Pair {
    const [rows, columns] = extent(type);
    const parts = isReal(type) ? 1 : 2;
    const part = (p: number): DeviceArray => {
      const list = components.filter((_, k) => k % parts === p);
      return list.length === 1 ? list[0]! : b.reshape(b.concat(list, this.column), this.shape(rows, columns));
    };
    return parts === 1 ? { re: part(0) } : { re: part(0), im: part(1) };
  }
}

/** The arrays of a value. */
export function arraysOf(x: Value): DeviceArray[] {
  if (typeof x === "number") return [];
  return x.im ? [x.re, x.im] : [x.re];
}
