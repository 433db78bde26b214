/** Coupling layers of two-dimensional gauge theories: links of one direction on every fourth row move, and see plaquettes that hold none of them. */
import { type Lattice, type Links, type Scalar, type SiteType, type Traced, add, mask } from "../../autograd/index.ts";
import { GeometryError } from "../../errors.ts";

/** Period of the rows. */
const PERIOD = 4;

/** The rows of layer number `layer`: direction mu of the moving links on the rows n_nu = o mod 4, with o up to 3; two directions and four rows move every link once. */
export interface Rows {
  readonly mu: 0 | 1;
  readonly nu: 0 | 1;
  /** x at the moving links, whose plaquettes at the same site change with them; zero elsewhere. */
  active<T extends SiteType>(x: Traced<T>): Traced<T>;
  /** x at plaquettes without moving links, n_nu = o + 1 and o + 2; zero elsewhere. */
  frozen<T extends SiteType>(x: Traced<T>): Traced<T>;
}

export function rowsOf(layer: number): Rows {
  const mu = (layer % 2) as 0 | 1;
  const nu = (1 - mu) as 0 | 1;
  const offset = Math.floor(layer / 2) % PERIOD;
  const on = (name: string, ...rows: readonly number[]) => <T extends SiteType>(x: Traced<T>): Traced<T> => mask(x, `${name} ${mu} ${offset}`, (n) => rows.includes((n[nu]! + PERIOD - offset) % PERIOD));
  return { mu, nu, active: on("active", 0), frozen: on("frozen", 1, 2) };
}

/** @throws GeometryError for other dimensions, and extents that are not multiples of 4. */
export function expectRows(where: string, lattice: Lattice): void {
  if (lattice.dim !== 2 || lattice.extents.some((L) => L % PERIOD !== 0)) throw new GeometryError(`${where}: got ${lattice}, expected two extents that are multiples of ${PERIOD}: the masks do not close otherwise`);
}

/** The image of one layer after the other, each with its weights. */
export function layersThrough<W, N extends number>(V: Links<N>, weights: readonly W[], layer: (U: Links<N>, k: number, w: W) => { readonly links: Links<N>; readonly logDet: Scalar }): { readonly links: Links<N>; readonly logDet: Scalar } {
  let links = V;
  const terms = weights.map((w, k) => {
    const image = V[0]!.tape.inLayer(`coupling ${k + 1}`, () => layer(links, k, w));
    links = image.links;
    return image.logDet;
  });
  return { links, logDet: add(terms[0]!, ...terms.slice(1)) };
}
