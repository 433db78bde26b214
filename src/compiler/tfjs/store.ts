/** Fixed arrays of one lattice on one engine: neighbour tables, masks of the parities, identities. Made at first use, kept to the end. */
import { type Displacement, type Domain, type Lattice, realType } from "../../autograd/index.ts";
import type { Arrays, DeviceArray, Formulation } from "../../backend/index.ts";
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
    this.layout = new FieldLayout(lattice, formulation.sitesFirst);
  }

  /** Number of the site n + d for every site n. */
  table(d: Displacement): DeviceArray {
    return this.#keep(`table ${d.join(",")}`, () => {
      const { lattice } = this.layout;
      const index = Int32Array.from({ length: lattice.volume }, (_, n) => lattice.site(lattice.coordinates(n).map((x, mu) => x + d[mu]!)));
      return this.#b.uploadIndices(index);
    });
  }

  /** 1 on the sites of a domain, 0 elsewhere. */
  mask(domain: Domain): DeviceArray {
    return this.#keep(`mask ${domain}`, () => {
      const V = this.layout.lattice.volume;
      return this.#b.upload(Float64Array.from({ length: V }, (_, n) => (this.layout.inside(realType(domain), n) ? 1 : 0)), this.layout.shape(1, 1));
    });
  }

  /** The unit matrix with a site axis of length 1. */
  identity(N: number): DeviceArray {
    return this.#keep(`identity ${N}`, () => this.#b.upload(Float64Array.from({ length: N * N }, (_, k) => (k % (N + 1) === 0 ? 1 : 0)), this.layout.shape(N, N, 1)));
  }

  /** One number in every entry at every site. */
  constant(name: string, rows: number, columns: number, value: number): DeviceArray {
    return this.#keep(`${name} ${rows} ${columns}`, () => this.#b.upload(new Float64Array(rows * columns * this.layout.lattice.volume).fill(value), this.layout.shape(rows, columns)));
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
