/**
 * Families of closed loops: named ones, all orientations of a path, and their staples. A loop is a path up to its starting point and its
 * sense; a sum over loops takes each of them once a site.
 */
import { kind, type Lattice, type Links, type Matrix, add, scaleBy } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { type Path, parsePath, pathProduct, reversePath, staple } from "./loops.ts";
import { guard, is } from "../util/index.ts";
import { aPath, steps } from "./kinds.ts";

/**
 * Named families. `polyakov` is the straight line once around the torus, in every direction, in all but the last (`polyakov-space`), or in the one named;
 * `kinked` lines are the same with one step aside and one back.
 */
export type LoopName = "plaquette" | "rectangle" | "chair" | "parallelogram" | "polyakov" | "polyakov-space" | `polyakov-${string}` | "kinked" | "kinked-space" | `kinked-${string}`;

/** One member of each contractible family: chair = two plaquettes at a right angle, parallelogram = three steps out, the same back. */
const REPRESENTATIVE: { readonly [name: string]: Path } = {
  plaquette: [1, 2, -1, -2],
  rectangle: [1, 1, 2, -1, -1, -2],
  chair: [1, 2, -1, 3, -2, -3],
  parallelogram: [1, 2, 3, -1, -2, -3],
};

/** Members of a named family, each loop once. @throws GeometryError for unknown names and for families that need more dimensions. */
export function namedLoops(lattice: Lattice, name: LoopName): Path[] {
  guard("namedLoops", { lattice: [lattice, kind.lattice], name: [name, is.text] });
  const path = REPRESENTATIVE[name];
  if (path) return orientations(path, lattice.dim);
  const [, kinked, where] = /^(polyakov|kinked)(?:-(.+))?$/.exec(name) ?? [];
  const axes = lattice.extents.flatMap((_, mu) => (where === undefined || (where === "space" ? mu < lattice.dim - 1 : where === lattice.axis(mu)) ? [mu] : []));
  if (kinked === undefined || axes.length === 0)
    throw new GeometryError(`loops: got the name "${name}", expected ${Object.keys(REPRESENTATIVE).join(", ")}, polyakov, polyakov-space or polyakov-x, ..., polyakov-t, or kinked in place of polyakov: or give a path`);
  return axes.flatMap((mu) => (kinked === "kinked" ? kinkedLines(lattice, mu) : [straight(lattice.extents[mu]!, mu)]));
}

const straight = (length: number, mu: number): number[] => Array.from({ length }, () => mu + 1);

/** Lines once around along mu that are displaced by one step for a part of their way. */
function kinkedLines(lattice: Lattice, mu: number): Path[] {
  const { dim } = lattice;
  const L = lattice.extents[mu]!;
  const found = new Map<string, Path>();
  for (let nu = 1; nu <= dim; nu++)
    for (let k = 1; k < L && nu !== mu + 1; k++)
      for (const aside of [nu, -nu]) {
        const loop = normalForm([aside, ...straight(k, mu), -aside, ...straight(L - k, mu)], dim);
        found.set(loop.join(), loop);
      }
  return [...found.values()];
}

/**
 * All images of a closed path under permutations and reflections of `dim` axes, each loop once (6 plaquettes, 12 rectangles, 48 chairs
 * in four dimensions). Lines around the torus are not closed in this sense: they depend on the extents, use `namedLoops`.
 * @throws GeometryError for a path that does not return to its start, or that uses more axes than there are.
 */
export function orientations(path: Path, dim: number): Path[] {
  guard("orientations", { path: [path, steps], "the steps of the path": [path?.length, is.count], dim: [dim, is.oneOf(1, 2, 3, 4)] });
  const axes = [...new Set(path.map((s) => Math.abs(s)))];
  if (axes.some((a) => path.filter((s) => s === a).length !== path.filter((s) => s === -a).length))
    throw new GeometryError(`orientations: got the path [${path.join(", ")}], expected one that returns to its start on the infinite lattice`);
  if (axes.length > dim) throw new GeometryError(`orientations: got a path along ${axes.length} axes, expected at most ${dim}: it does not fit into ${dim} dimensions`);
  const found = new Map<string, Path>();
  for (const image of signedInjections(axes.length, dim)) {
    const loop = normalForm(path.map((s) => Math.sign(s) * image[axes.indexOf(Math.abs(s))]!), dim);
    found.set(loop.join(), loop);
  }
  return [...found.values()].sort((a, b) => compare(a, b, dim));
}

/** Lists of k different axes out of 1..dim with signs. */
function signedInjections(k: number, dim: number): number[][] {
  if (k === 0) return [[]];
  return signedInjections(k - 1, dim).flatMap((list) =>
    Array.from({ length: dim }, (_, mu) => mu + 1)
      .filter((a) => !list.some((b) => Math.abs(b) === a))
      .flatMap((a) => [[...list, a], [...list, -a]]),
  );
}

/** The smallest of all starting points and senses, in the order +1, +2, ..., -1, -2, ... */
function normalForm(path: Path, dim: number): Path {
  return [path, reversePath(path)]
    .flatMap((p) => p.map((_, k) => [...p.slice(k), ...p.slice(0, k)]))
    .reduce((best, p) => (compare(p, best, dim) < 0 ? p : best));
}

function compare(a: Path, b: Path, dim: number): number {
  const rank = (s: number): number => (s > 0 ? s : dim - s);
  const k = a.findIndex((s, i) => s !== b[i]);
  return k < 0 ? 0 : rank(a[k]!) - rank(b[k]!);
}

/**
 * Paths from n to n + mu that close the given loop through the link U_mu(n), oriented like the link: the loop through the link is
 * U_mu(n) times the path backwards. Equal paths count once, so the line around the torus has one staple, not L.
 */
export function staplePaths(loop: Path, mu: number): Path[] {
  guard("staplePaths", { loop: [loop, steps], mu: [mu, kind.direction()] });
  const found = new Map<string, Path>();
  for (const p of [loop, reversePath(loop)])
    p.forEach((s, k) => {
      if (s !== mu + 1) return;
      const rest = reversePath([...p.slice(k + 1), ...p.slice(0, k)]);
      found.set(rest.join(), rest);
    });
  return [...found.values()];
}

/**
 * Sum of the staples C_mu(n) of the link U_mu(n) in the given loops: transforms like the link, 2(D-1) terms for the
 * plaquettes, 6(D-1) for the rectangles, one for the line around the torus along mu. Zero where no loop contains the link.
 */
export function loopStaple<N extends number>(U: Links<N>, loops: readonly (Path | string)[], mu: number): Matrix<N> {
  guard("loopStaple", { U: [U, kind.links], loops: [loops, is.listOf(aPath)], mu: [mu, kind.direction(U)] });
  const paths = loops.flatMap((l) => staplePaths(typeof l === "string" ? parsePath(U.lattice, l) : l, mu));
  const parts = paths.map((p) => {
    const nu = Math.abs(p[0] ?? 0) - 1;
    return p.length === 3 && p[1] === mu + 1 && p[0] === -p[2]! && nu !== mu ? staple(U, mu, nu, p[0] > 0 ? 1 : -1) : pathProduct(U, p);
  });
  return parts.length === 0 ? scaleBy(0, U[mu]!) : add(parts[0]!, ...parts.slice(1));
}
