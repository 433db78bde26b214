/**
 * Loop actions link by link: S = beta sum_n sum_l w_l (1 - Re tr L_l(n)/N), with the closed path L_l based at n. As a function of one
 * link U it is -(beta/N) Re tr(U V) + const, V = weighted sum over all ways to close the loops through this link.
 */
import type { HostSites, Lattice } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { type Path, type WeightedLoop, pathText, reversePath } from "../gauge/index.ts";

/** One factor of a path: the link of direction mu at site[n], or its inverse. */
interface Factor {
  readonly mu: number;
  readonly site: Int32Array;
  readonly inverse: boolean;
}

interface Remainder {
  readonly factors: readonly Factor[];
  readonly weight: number;
}

/** Paths from n + mu back to n that close loops through U_mu(n), for every direction; built once for a lattice and a set of loops. */
export class LocalAction {
  readonly lattice: Lattice;
  readonly loops: readonly WeightedLoop[];
  /** No link is in the field of another one of its direction and parity: those may be updated in any order. */
  readonly parallel: boolean;
  readonly #remainders: readonly (readonly Remainder[])[];

  /** `host`: on one rank of a divided lattice, by places. @throws GeometryError for an open path, or a loop that uses one link twice (then S is not linear in the link): use larger extents. */
  constructor(lattice: Lattice, loops: readonly WeightedLoop[], host?: HostSites) {
    this.lattice = lattice;
    this.loops = loops;
    for (const { path } of loops) checkLoop(lattice, path);
    const tables = new Map<string, Int32Array>();
    const steps: number[] = [];
    this.#remainders = lattice.extents.map((_, mu) =>
      remaindersOf(lattice, loops, mu, (displacement, nu) => {
        if (nu === mu) steps.push(displacement.reduce((s, x) => s + x, 0));
        return siteTable(lattice, displacement, nu, tables, host);
      }),
    );
    this.parallel = lattice.bipartite && steps.every((x) => x % 2 !== 0);
  }

  /** V of the link U_mu at the site of this place for the links given as one flat array a direction, N x N matrices. */
  staple(links: readonly Float64Array[], N: number, mu: number, n: number, out: Float64Array, work: [Float64Array, Float64Array]): void {
    const size = 2 * N * N;
    out.fill(0);
    for (const { factors, weight } of this.#remainders[mu]!) {
      let [product, next] = work;
      for (let f = 0; f < factors.length; f++) {
        const { mu: nu, site, inverse } = factors[f]!;
        const [link, at] = [links[nu]!, site[n]! * size];
        if (f === 0) load(product, link, at, N, inverse);
        else {
          multiply(next, product, link, at, N, inverse);
          [product, next] = [next, product];
        }
      }
      for (let i = 0; i < size; i++) out[i]! += weight * product[i]!;
    }
  }
}

function checkLoop(lattice: Lattice, path: Path): void {
  const x = lattice.extents.map(() => 0);
  const used = new Set<string>();
  for (const s of path) {
    const mu = Math.abs(s) - 1;
    if (mu < 0 || mu >= lattice.dim) throw new GeometryError(`loop [${path.join(", ")}]: got the step ${s}, expected +-1 to +-${lattice.dim}`);
    if (s < 0) x[mu]!--;
    used.add(`${mu}:${lattice.site(x)}`);
    if (s > 0) x[mu]!++;
  }
  if (lattice.site(x) !== 0) throw new GeometryError(`loop ${pathText(lattice, path)}: got an open path on ${lattice}, expected a closed one`);
  if (used.size < path.length)
    throw new GeometryError(`loop ${pathText(lattice, path)} on ${lattice}: got a loop that uses one link twice, expected an action linear in every link: use larger extents`);
}

function remaindersOf(lattice: Lattice, loops: readonly WeightedLoop[], mu: number, table: (displacement: readonly number[], nu: number) => Int32Array): Remainder[] {
  const merged = new Map<string, { path: Path; weight: number }>();
  for (const { path, weight } of loops)
    for (const oriented of [path, reversePath(path)])
      oriented.forEach((s, k) => {
        if (s !== mu + 1) return;
        const rest = [...oriented.slice(k + 1), ...oriented.slice(0, k)];
        const key = rest.join();
        merged.set(key, { path: rest, weight: (merged.get(key)?.weight ?? 0) + weight });
      });
  return [...merged.values()]
    .filter(({ weight }) => weight !== 0)
    .map(({ path, weight }) => {
      const x: number[] = [...lattice.step(mu)];
      const factors = path.map((s): Factor => {
        const nu = Math.abs(s) - 1;
        if (s < 0) x[nu]!--;
        const site = table(x, nu);
        if (s > 0) x[nu]!++;
        return { mu: nu, site, inverse: s < 0 };
      });
      return { factors, weight };
    });
}

/** n -> n + displacement, as sites or as places of the host, where links of direction nu are read. */
function siteTable(lattice: Lattice, displacement: readonly number[], nu: number, tables: Map<string, Int32Array>, host: HostSites | undefined): Int32Array {
  const key = `${host ? nu : ""} ${lattice.wrap(displacement).join()}`;
  let table = tables.get(key);
  if (!table) {
    const at = (n: number): number => lattice.site(lattice.coordinates(n).map((c, mu) => c + displacement[mu]!));
    table = host ? host.own.map((n) => host.place(at(n), nu)) : Int32Array.from({ length: lattice.volume }, (_, n) => at(n));
    tables.set(key, table);
  }
  return table;
}

function load(out: Float64Array, link: Float64Array, at: number, N: number, inverse: boolean): void {
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const [p, q] = [2 * (i * N + j), at + 2 * (inverse ? j * N + i : i * N + j)];
      out[p] = link[q]!;
      out[p + 1] = inverse ? -link[q + 1]! : link[q + 1]!;
    }
}

/** out = a b, or a b^+, with b at `at` in its array. */
function multiply(out: Float64Array, a: Float64Array, b: Float64Array, at: number, N: number, inverse: boolean): void {
  const sign = inverse ? -1 : 1;
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      let [re, im] = [0, 0];
      for (let k = 0; k < N; k++) {
        const p = 2 * (i * N + k);
        const q = at + 2 * (inverse ? j * N + k : k * N + j);
        const [x, y] = [b[q]!, sign * b[q + 1]!];
        re += a[p]! * x - a[p + 1]! * y;
        im += a[p]! * y + a[p + 1]! * x;
      }
      const o = 2 * (i * N + j);
      out[o] = re;
      out[o + 1] = im;
    }
}
