/**
 * A linear operator as blocks: A_kl of the sites k, l of its vectors, N x spin rows each, from the fields of its paths; and the cotangents of the paths from
 * blocks of a matrix K with dL = Re tr(K dA).
 */
import { type Lattice, type Stencil, type ValueType, type VectorType, domainOf, spinOf } from "../../autograd/index.ts";

/** Entries of a spin matrix that are not zero. */
interface Spin {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export class Blocks {
  /** Sites of the vectors, in canonical order. */
  readonly sites: readonly number[];
  /** Rows of a block. */
  readonly size: number;
  /** Blocks of row k: positions first[k] ... first[k+1] - 1 of `columns` and of `values`. */
  readonly first: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
  /** True where the block of a site with itself is the only one that joins sites of its parity, on all sites of a lattice with two parities. */
  readonly bipartite: boolean;
  readonly #N: number;
  readonly #spin: number;
  readonly #spins: readonly Spin[];
  /** Block of term t at row k. */
  readonly #slots: readonly Int32Array[];

  constructor(lattice: Lattice, type: VectorType, { terms }: Stencil) {
    const domain = domainOf(type as ValueType);
    this.sites = Array.from({ length: lattice.volume }, (_, n) => n).filter((n) => domain === "all" || lattice.parity(n) === (domain === "even" ? 0 : 1));
    const row = new Map(this.sites.map((n, k) => [n, k]));
    [this.#N, this.#spin] = [type.N, spinOf(type)];
    this.size = this.#N * this.#spin;
    const order: number[][] = this.sites.map(() => []);
    const local = terms.map(({ displacement }) =>
      this.sites.map((n, k) => {
        const l = row.get(lattice.site(lattice.coordinates(n).map((x, mu) => x + displacement[mu]!)))!;
        const at = order[k]!.indexOf(l);
        return at >= 0 ? at : order[k]!.push(l) - 1;
      }),
    );
    const onSite = order.every((list, k) => list.includes(k));
    // with A_kl there is a place for A_lk
    order.forEach((list, k) => {
      for (const l of [k, ...list]) if (!order[l]!.includes(k)) order[l]!.push(k);
    });
    this.first = new Int32Array(this.sites.length + 1);
    order.forEach((list, k) => (this.first[k + 1] = this.first[k]! + list.length));
    this.columns = Int32Array.from(order.flat());
    this.#slots = local.map((list) => Int32Array.from(list, (at, k) => this.first[k]! + at));
    this.values = new Float64Array(2 * this.size ** 2 * this.columns.length);
    this.#spins = terms.map(({ spin }) => sparse(spin, this.#spin));
    this.bipartite = onSite && domain === "all" && lattice.bipartite && order.every((list, k) => list.every((l) => l === k || lattice.parity(this.sites[l]!) !== lattice.parity(this.sites[k]!)));
  }

  get rows(): number {
    return this.sites.length * this.size;
  }

  /** Writes the blocks from the fields of the paths, on all sites in canonical order. */
  fill(paths: readonly Float64Array[]): void {
    this.values.fill(0);
    this.#each(paths, (P, p, at, re, im) => {
      this.values[at]! += P[p]! * re - P[p + 1]! * im;
      this.values[at + 1]! += P[p]! * im + P[p + 1]! * re;
    }, false);
  }

  /** Cotangents of the paths, G_ab = conj(sum K_(b s')(a s) S_ss'): `inverse` has the block K_lk where `values` has A_kl. */
  cotangents(inverse: Float64Array, paths: readonly Float64Array[]): void {
    for (const G of paths) G.fill(0);
    this.#each(paths, (G, p, at, re, im) => {
      G[p]! += inverse[at]! * re - inverse[at + 1]! * im;
      G[p + 1]! -= inverse[at]! * im + inverse[at + 1]! * re;
    }, true);
  }

  /** Every entry of every path with its place in a block, or in the transposed block. */
  #each(paths: readonly Float64Array[], f: (path: Float64Array, p: number, at: number, re: number, im: number) => void, transposed: boolean): void {
    const [N, spin, b] = [this.#N, this.#spin, this.size];
    paths.forEach((P, t) => {
      const [{ rows, columns, re, im }, slots] = [this.#spins[t]!, this.#slots[t]!];
      for (let k = 0; k < slots.length; k++) {
        const [p, at] = [2 * N * N * this.sites[k]!, 2 * b * b * slots[k]!];
        for (let i = 0; i < N; i++)
          for (let j = 0; j < N; j++)
            for (let e = 0; e < rows.length; e++) {
              const [r, c] = [i * spin + rows[e]!, j * spin + columns[e]!];
              f(P, p + 2 * (i * N + j), at + 2 * (transposed ? c * b + r : r * b + c), re[e]!, im[e]!);
            }
      }
    });
  }
}

function sparse(S: readonly number[], n: number): Spin {
  const used = Array.from({ length: n * n }, (_, k) => k).filter((k) => S[2 * k] !== 0 || S[2 * k + 1] !== 0);
  return {
    rows: Int32Array.from(used, (k) => Math.floor(k / n)),
    columns: Int32Array.from(used, (k) => k % n),
    re: Float64Array.from(used, (k) => S[2 * k]!),
    im: Float64Array.from(used, (k) => S[2 * k + 1]!),
  };
}
