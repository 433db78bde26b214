/** How a lattice is divided: a grid of equal boxes, one a rank; rank = ((g_t ...) G_y + g_y) G_x + g_x, the first direction fastest. */
import { ConfigurationError } from "../errors.ts";
import { type Comm, selfComm } from "./comm/comm.ts";

/** The part of a lattice that a layout needs. */
export interface SiteIndex {
  readonly extents: readonly number[];
  readonly volume: number;
  readonly batch: number;
  readonly bipartite: boolean;
  coordinates(n: number): number[];
  site(x: readonly number[]): number;
  parity(n: number): 0 | 1;
}

/** One rank's box of a divided lattice. */
export interface Part {
  readonly comm: Comm;
  /** Boxes along each direction. */
  readonly grid: readonly number[];
  /** Place of this rank's box in the grid, and its first site. */
  readonly place: readonly number[];
  readonly origin: readonly number[];
  /** Extents of a box. */
  readonly extents: readonly number[];
  /** Directions in which neighbours beyond the box are looked for in ghost blocks: those that are divided, in tests others too. */
  readonly split: readonly boolean[];
}

/** What a caller says about ranks. */
export interface PartOptions {
  readonly comm?: Comm;
  /** Boxes along each direction, or chosen: the smallest surface, slower directions first. */
  readonly grid?: readonly number[];
  /** For tests: ghost blocks in every direction, though it is not divided. */
  readonly ghosts?: boolean;
}

/** All grids of `size` boxes that fit, those with the smallest surface of a box first, and of equal ones that which divides the slower directions. */
export function gridsOf(extents: readonly number[], size: number): number[][] {
  const bipartite = extents.every((L) => L % 2 === 0);
  const found: number[][] = [];
  const choose = (grid: number[], left: number): void => {
    const mu = grid.length;
    if (mu === extents.length) {
      if (left === 1) found.push(grid);
      return;
    }
    for (let g = 1; g <= left; g++) if (left % g === 0 && fits(extents[mu]!, g, bipartite)) choose([...grid, g], left / g);
  };
  choose([], size);
  const surface = (grid: readonly number[]): number => extents.reduce((s, L, mu) => s + (grid[mu]! > 1 ? grid[mu]! / L : 0), 0);
  const slow = (a: readonly number[], b: readonly number[]): number => {
    for (let mu = extents.length - 1; mu >= 0; mu--) if (a[mu] !== b[mu]) return b[mu]! - a[mu]!;
    return 0;
  };
  return found.sort((a, b) => surface(a) - surface(b) || slow(a, b));
}

/** A box of a lattice with a parity has even extents where it is cut. */
const fits = (L: number, g: number, bipartite: boolean): boolean => g === 1 || (L % g === 0 && (!bipartite || (L / g) % 2 === 0));

/** This rank's part; undefined for one rank and nothing asked for. @throws ConfigurationError for a grid that does not fit. */
export function partOf(lattice: SiteIndex, { comm = selfComm, grid, ghosts = false }: PartOptions): Part | undefined {
  const { extents } = lattice;
  if (comm.size === 1 && !ghosts && (grid === undefined || grid.every((g) => g === 1))) {
    if (grid !== undefined && grid.length !== extents.length) throw refused(extents, grid, comm.size);
    return undefined;
  }
  const chosen = grid ?? gridsOf(extents, comm.size)[0];
  if (!chosen) throw refused(extents, grid, comm.size);
  const product = chosen.reduce((p, g) => p * g, 1);
  if (chosen.length !== extents.length || product !== comm.size || !chosen.every((g, mu) => Number.isInteger(g) && g >= 1 && fits(extents[mu]!, g, lattice.bipartite))) throw refused(extents, grid, comm.size);
  let rest = comm.rank;
  const place = chosen.map((g) => {
    const x = rest % g;
    rest = (rest - x) / g;
    return x;
  });
  const box = extents.map((L, mu) => L / chosen[mu]!);
  return { comm, grid: chosen, place, origin: place.map((g, mu) => g * box[mu]!), extents: box, split: chosen.map((g) => ghosts || g > 1) };
}

function refused(extents: readonly number[], grid: readonly number[] | undefined, size: number): ConfigurationError {
  const near = gridsOf(extents, size).slice(0, 3).map((g) => `[${g.join(", ")}]`);
  const counts = Array.from({ length: 2 * size }, (_, k) => k + 1).filter((n) => gridsOf(extents, n).length > 0);
  const nearest = counts.sort((a, b) => Math.abs(a - size) - Math.abs(b - size)).slice(0, 3);
  const cure = near.length > 0 ? `expected a grid that fits, such as ${near.join(" or ")}` : `no grid of ${size} ranks fits: use ${nearest.join(" or ")} ranks`;
  return new ConfigurationError(
    `parallel.grid: got ${grid ? `[${grid.join(", ")}]` : "none"} for the lattice ${extents.join("x")} on ${size} rank${size === 1 ? "" : "s"}, where the numbers multiply to the ranks, divide the extents, and leave even extents in divided directions; ${cure}`,
  );
}

/** Rank of a box, by its place in the grid modulo the grid. */
export function rankAt(grid: readonly number[], place: readonly number[]): number {
  let n = 0;
  for (let mu = grid.length - 1; mu >= 0; mu--) n = n * grid[mu]! + ((((place[mu]! % grid[mu]!) + grid[mu]!) % grid[mu]!));
  return n;
}
