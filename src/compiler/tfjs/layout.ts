/**
 * Fields as device arrays of rank 3: matrices are N x N, colour vectors N x 1 or N x spin, classical spins 3 x 1 (real), site scalars 1 x 1 at every site. Several
 * fields of one type stand one after the other along the site axis, which comes first or last, whatever the product formulation of the engine wants.
 */
import { type Lattice, type ValueType, components } from "../../autograd/index.ts";
import { type Arrays, type DeviceArray, type Formulation, Numbers } from "../../backend/index.ts";

/** Fields, or a scalar, which is a number of the host. */
export type Value = number | Numbers;

/** Rows and columns at a site. */
export function extent(type: ValueType): readonly [number, number] {
  if (type.kind === "spin") return [3, 1];
  return type.kind === "matrix" || type.kind === "vector" ? [type.N, components(type) / (2 * type.N)] : [1, 1];
}

/** Types with one real array instead of a real and an imaginary part. */
export const isReal = (type: ValueType): boolean => type.kind === "real" || type.kind === "spin";

export class FieldLayout {
  readonly lattice: Lattice;
  readonly sitesFirst: boolean;
  readonly packed: boolean;
  /** Positions of the three axes. */
  readonly site: number;
  readonly row: number;
  readonly column: number;
  readonly #parity: Uint8Array;

  constructor(lattice: Lattice, { sitesFirst, packed }: Formulation) {
    this.lattice = lattice;
    this.sitesFirst = sitesFirst;
    this.packed = packed;
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

  /** Number of fields in an array. */
  count(x: Numbers): number {
    return x.shape[this.site]! / this.lattice.volume;
  }

  /** Field number `at` of several. */
  member(b: Arrays, x: Numbers, at: number): Numbers {
    if (this.count(x) === 1) return x;
    const V = this.lattice.volume;
    const [rows, columns] = [x.shape[this.row]!, x.shape[this.column]!];
    return x.with(x.parts.map((p) => b.slice(p, this.shape(0, 0, at * V), this.shape(rows, columns, V))));
  }

  /** Canonical data to the device; zero where the type is not defined. */
  upload(b: Arrays, type: ValueType, data: Float64Array): Numbers {
    const [rows, columns] = extent(type);
    const parts = isReal(type) ? 1 : 2;
    const V = this.lattice.volume;
    const n = rows * columns;
    const arrays = Array.from({ length: parts }, (_, part) => {
      const out = new Float64Array(V * n);
      for (let s = 0; s < V; s++) if (this.inside(type, s)) for (let k = 0; k < n; k++) out[this.sitesFirst ? s * n + k : k * V + s] = data[(s * n + k) * parts + part]!;
      return b.upload(out, this.shape(rows, columns));
    });
    const bound = largestNorm(type, data);
    if (!arrays[1]) return Numbers.of(b, arrays[0]!, undefined, bound);
    return this.packed ? Numbers.packed(b, b.complex!.pack(arrays[0]!, arrays[1]), bound) : Numbers.of(b, arrays[0]!, arrays[1], bound);
  }

  /** Real and imaginary part on the host to canonical data; zero where the type is not defined. */
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
  components(b: Arrays, type: ValueType, x: Numbers): DeviceArray[] {
    const [rows, columns] = extent(type);
    const both = x.real ? [x.re] : [x.re, x.im];
    if (rows * columns === 1) return both;
    const sites = x.shape[this.site]!;
    const flat = both.map((p) => b.reshape(p, this.shape(1, rows * columns, sites)));
    return Array.from({ length: flat.length * rows * columns }, (_, k) => {
      const at = Math.floor(k / flat.length);
      return b.slice(flat[k % flat.length]!, this.sitesFirst ? [0, 0, at] : [0, at, 0], this.shape(1, 1, sites));
    });
  }

  /** Inverse of `components`. */
  join(b: Arrays, type: ValueType, components: readonly DeviceArray[]): Numbers {
    const [rows, columns] = extent(type);
    const parts = isReal(type) ? 1 : 2;
    const part = (p: number): DeviceArray => {
      const list = components.filter((_, k) => k % parts === p);
      return list.length === 1 ? list[0]! : b.reshape(b.concat(list, this.column), this.shape(rows, columns, list[0]!.shape[this.site]!));
    };
    return parts === 1 ? Numbers.of(b, part(0)) : Numbers.of(b, part(0), part(1));
  }
}

/**
 * An upper bound of the largest spectral norm at the sites: that of Frobenius, or what |A^+ A - 1| leaves for matrices that are close to unitary.
 * Infinite where a number is not finite.
 */
function largestNorm(type: ValueType, data: Float64Array): number {
  const n = components(type);
  let largest = 0;
  for (let at = 0; at < data.length; at += n) {
    let s = 0;
    for (let k = 0; k < n; k++) s += data[at + k]! * data[at + k]!;
    if (!(s <= largest)) largest = s;
  }
  if (!Number.isFinite(largest)) return Infinity;
  if (type.kind !== "matrix" || Math.abs(largest - type.N) > 1e-3 * type.N) return Math.sqrt(largest);
  return Math.min(Math.sqrt(largest), Math.sqrt(1 + farthestFromUnitary(type.N, data)));
}

/** Largest |A^+ A - 1| at a site. */
function farthestFromUnitary(N: number, data: Float64Array): number {
  let worst = 0;
  for (let at = 0; at < data.length; at += 2 * N * N) {
    let s = 0;
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++) {
        let [re, im] = [i === j ? -1 : 0, 0];
        for (let k = 0; k < N; k++) {
          const [p, q] = [at + 2 * (k * N + i), at + 2 * (k * N + j)];
          re += data[p]! * data[q]! + data[p + 1]! * data[q + 1]!;
          im += data[p]! * data[q + 1]! - data[p + 1]! * data[q]!;
        }
        s += re * re + im * im;
      }
    worst = Math.max(worst, s);
  }
  return Math.sqrt(worst);
}
