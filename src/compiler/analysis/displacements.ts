/** Displacements modulo the extents of a lattice, numbered as they come up: analyses compare and add numbers instead of arrays. */
import { type Displacement, type Lattice, addDisplacements } from "../../autograd/index.ts";

export class Displacements {
  /** The displacement of each number; number 0 is none. */
  readonly list: Displacement[] = [];
  readonly #lattice: Lattice;
  readonly #numbers = new Map<number, number>();
  readonly #sums = new Map<number, number>();

  constructor(lattice: Lattice) {
    this.#lattice = lattice;
    this.of(lattice.wrap([]));
  }

  of(d: Displacement): number {
    const site = this.#lattice.site(d);
    let n = this.#numbers.get(site);
    if (n === undefined) {
      this.#numbers.set(site, (n = this.list.length));
      this.list.push(this.#lattice.wrap(d));
    }
    return n;
  }

  add(a: number, b: number): number {
    if (a === 0) return b;
    if (b === 0) return a;
    const key = a * this.#lattice.volume + b;
    let n = this.#sums.get(key);
    if (n === undefined) this.#sums.set(key, (n = this.of(addDisplacements(this.list[a]!, this.list[b]!))));
    return n;
  }
}
