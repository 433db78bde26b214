/**
 * The sites of a rank on arrays of the host, of one sample, for what is computed link by link there: its own in ascending order, behind them those of other ranks that it reads. All boxes are
 * alike, so a rank knows what its neighbours read from what it reads itself.
 */
import type { HostSites, Lattice } from "../autograd/index.ts";
import { type Message, type Part, rankAt } from "../backend/index.ts";

/** What is filled at once: places from which this rank sends, and where it writes what comes, for each message. */
interface Exchange {
  readonly messages: readonly Message[];
  readonly moves: readonly { readonly from: Int32Array; readonly to: Int32Array }[];
}

export class BoxSites implements HostSites {
  readonly own: Int32Array;
  readonly #lattice: Lattice;
  readonly #part: Part;
  readonly #size: number;
  /** Sites of others by their places behind the own ones, and the places by site. */
  readonly #others: number[] = [];
  readonly #places = new Map<number, number>();
  /** Places of others that are read, by direction. */
  readonly #read: Set<number>[];
  readonly #exchanges = new Map<string, Exchange>();

  /** `size`: reals of a site. */
  constructor(lattice: Lattice, part: Part, own: Int32Array, size: number) {
    this.#lattice = lattice;
    this.#part = part;
    this.#size = size;
    this.own = own.subarray(0, own.length / lattice.batch);
    this.#read = lattice.extents.map(() => new Set<number>());
  }

  get count(): number {
    return this.own.length + this.#others.length;
  }

  place(n: number, mu: number): number {
    const { offset, at } = this.#owner(n);
    if (offset.every((x) => x === 0)) return at;
    let place = this.#places.get(n);
    if (place === undefined) this.#places.set(n, (place = this.own.length + this.#others.push(n) - 1));
    this.#read[mu]!.add(place);
    return place;
  }

  /** The box of a site relative to this one, and the number of the site in it. */
  #owner(n: number): { readonly offset: readonly number[]; readonly at: number } {
    const { origin, extents } = this.#part;
    const { extents: whole } = this.#lattice;
    const r = this.#lattice.coordinates(n).map((x, mu) => (x - origin[mu]! + whole[mu]!) % whole[mu]!);
    return { offset: r.map((x, mu) => Math.floor(x / extents[mu]!)), at: r.reduceRight((s, x, mu) => s * extents[mu]! + (x % extents[mu]!), 0) };
  }

  exchange(values: Float64Array, mu: number, parity?: 0 | 1): void {
    const key = `${mu} ${parity ?? ""}`;
    let made = this.#exchanges.get(key);
    if (!made) this.#exchanges.set(key, (made = this.#exchange(mu, parity)));
    const { messages, moves } = made;
    const size = this.#size;
    moves.forEach(({ from }, m) => from.forEach((place, k) => messages[m]!.send.set(values.subarray(place * size, (place + 1) * size), k * size)));
    this.#part.comm.exchange(messages);
    moves.forEach(({ to }, m) => to.forEach((place, k) => values.set(messages[m]!.receive.subarray(k * size, (k + 1) * size), place * size)));
  }

  #exchange(mu: number, parity: 0 | 1 | undefined): Exchange {
    const { grid, place } = this.#part;
    const groups = new Map<number, { readonly offset: readonly number[]; readonly pairs: [number, number][] }>();
    for (const to of this.#read[mu]!) {
      const n = this.#others[to - this.own.length]!;
      if (parity !== undefined && this.#lattice.parity(n) !== parity) continue;
      const { offset, at } = this.#owner(n);
      const key = rankAt(grid, offset);
      const group = groups.get(key);
      if (group) group.pairs.push([at, to]);
      else groups.set(key, { offset, pairs: [[at, to]] });
    }
    const sorted = [...groups].sort(([a], [b]) => a - b).map(([, { offset, pairs }]) => ({ offset, pairs: pairs.sort(([a], [b]) => a - b) }));
    return {
      messages: sorted.map(({ offset, pairs }) => {
        const count = pairs.length * this.#size;
        const at = (sign: number): number => rankAt(grid, place.map((x, nu) => x + sign * offset[nu]!));
        return { to: at(-1), from: at(1), send: new Float64Array(count), receive: new Float64Array(count), count };
      }),
      moves: sorted.map(({ pairs }) => ({ from: Int32Array.from(pairs, ([from]) => from), to: Int32Array.from(pairs, ([, to]) => to) })),
    };
  }
}
