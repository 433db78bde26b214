/** Fixed arrays of one lattice on one engine: tables of sites, masks of the parities, identities. Made at first use, kept to the end. */
import { type Displacement, type Domain, type Lattice, realType } from "../../autograd/index.ts";
import { type Arrays, type DeviceArray, type Formulation, Numbers } from "../../backend/index.ts";
import { FieldLayout } from "./layout.ts";

export class FieldStore {
  readonly formulation: Formulation;
  readonly layout: FieldLayout;
  readonly #b: Arrays;
  readonly #kept: Map<string, DeviceArray>;
  /** Gives all arrays back; holds no reference to the lattice, so that it can run after the lattice is gone. */
  readonly release: () => void;

  constructor(lattice: Lattice, arrays: Arrays, formulation: Formulation) {
    const b = arrays.session();
    const kept = new Map<string, DeviceArray>();
    [this.#b, this.#kept] = [b, kept];
    this.release = () => {
      for (const x of kept.values()) b.release(x);
      kept.clear();
    };
    this.formulation = formulation;
    this.layout = new FieldLayout(lattice, formulation);
  }

  /** The numbers in the form in which they are added and moved: complex ones packed, where the engine has them. */
  hold(x: Numbers): Numbers {
    if (!x.real && this.formulation.packed) void x.z;
    return x;
  }

  /** Where the sites n + d of some fields stand, field after field of the result. */
  table(fields: readonly { readonly at: number; readonly displacement: Displacement }[]): DeviceArray {
    return this.#keep(`table ${fields.map(({ at, displacement }) => `${at}:${displacement.join()}`).join(" ")}`, () => {
      const { lattice } = this.layout;
      const V = lattice.volume;
      const index = new Int32Array(V * fields.length);
      fields.forEach(({ at, displacement }, k) => {
        const moved = displacement.some((x) => x !== 0);
        for (let n = 0; n < V; n++) index[k * V + n] = at * V + (moved ? lattice.site(lattice.coordinates(n).map((x, mu) => x + displacement[mu]!)) : n);
      });
      return this.#b.uploadIndices(index);
    });
  }

  /** 1 on the sites of a domain, 0 elsewhere, for so many fields. */
  mask(domain: Domain, count: number): DeviceArray {
    return this.#keep(`mask ${domain} ${count}`, () => {
      const V = this.layout.lattice.volume;
      return this.#b.upload(Float64Array.from({ length: count * V }, (_, n) => (this.layout.inside(realType(domain), n % V) ? 1 : 0)), this.layout.shape(1, 1, count * V));
    });
  }

  /** A multiple of the unit matrix, with a site axis of length 1. */
  unit(N: number, factor: number): Numbers {
    const re = (): DeviceArray => this.#b.upload(Float64Array.from({ length: N * N }, (_, k) => (k % (N + 1) === 0 ? factor : 0)), this.layout.shape(N, N, 1));
    const key = `unit ${N} ${factor}`;
    if (this.formulation.packed) return Numbers.packed(this.#b, this.#keep(key, () => this.#b.complex!.lift(re())), Math.abs(factor));
    return Numbers.of(this.#b, this.#keep(key, re), this.#keep(`nothing ${N}`, () => this.#b.upload(new Float64Array(N * N), this.layout.shape(N, N, 1))), Math.abs(factor));
  }

  /** Coefficients of terms that stand one after the other, to be multiplied with what has an axis of terms in front of that of sites. */
  column(coefficients: readonly number[], real: boolean): DeviceArray {
    const shape = this.layout.sitesFirst ? [coefficients.length, 1, 1, 1] : [coefficients.length, 1];
    return this.#keep(`column ${real} ${coefficients.join()}`, () => {
      const x = this.#b.upload(Float64Array.from(coefficients), shape);
      return real || !this.formulation.packed ? x : this.#b.complex!.lift(x);
    });
  }

  /** One real number in every entry at every site. */
  constant(rows: number, columns: number, value: number, sites: number): DeviceArray {
    return this.#keep(`constant ${rows} ${columns} ${value} ${sites}`, () => this.#b.upload(new Float64Array(rows * columns * sites).fill(value), this.layout.shape(rows, columns, sites)));
  }

  #keep(key: string, make: () => DeviceArray): DeviceArray {
    let x = this.#kept.get(key);
    if (!x) {
      const mark = this.#b.mark();
      x = make();
      this.#b.retain(x);
      this.#b.sweep(mark, [x]);
      this.#kept.set(key, x);
    }
    return x;
  }
}
