/** Classical spins on a two-dimensional periodic lattice: unit vectors S_i in R^3, three reals a site. */
import { Field, type Lattice, type SpinType, spinType } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { PURPOSE, randomStream } from "../util/index.ts";

/** Unit spins; canonical values are S_x, S_y, S_z of each site, first coordinate fastest. */
export type SpinField = Field<SpinType>;

/** Largest | |S|^2 - 1 | of spins that count as unit vectors: many roundings of double precision. */
const UNIT_TOLERANCE = 1e-10;

/** @throws GeometryError unless every spin has length 1. */
export function expectUnitSpins(lattice: Lattice, spins: Float64Array): void {
  if (spins.length !== 3 * lattice.volume) throw new GeometryError(`spins on ${lattice}: got ${spins.length} numbers, expected ${3 * lattice.volume}: three components a site`);
  for (let n = 0; n < lattice.volume; n++) {
    const square = spins[3 * n]! ** 2 + spins[3 * n + 1]! ** 2 + spins[3 * n + 2]! ** 2;
    if (!(Math.abs(square - 1) <= UNIT_TOLERANCE))
      throw new GeometryError(`spins on ${lattice}: got |S| = ${Math.sqrt(square)} at site [${lattice.coordinates(n).join(",")}], expected unit vectors: divide each spin by its length`);
  }
}

/** @throws GeometryError unless the lattice has two directions of at least 3 sites. */
export function expectPlane(lattice: Lattice): void {
  if (lattice.dim !== 2 || lattice.extents.some((L) => L < 3))
    throw new GeometryError(`spins: got the lattice ${lattice}, expected two extents of at least 3 (every site has four different neighbours)`);
}

/** Spins from canonical values. @throws GeometryError unless they are unit vectors on a two-dimensional lattice. */
export function spinField(lattice: Lattice, data: Float64Array): SpinField {
  expectPlane(lattice);
  expectUnitSpins(lattice, data);
  return new Field(lattice, spinType(true)).set(data);
}

/** Spins v(x, y) / |v|. @throws GeometryError where v vanishes or is not finite. */
export function spinsFrom(lattice: Lattice, v: (x: number, y: number) => readonly [number, number, number]): SpinField {
  expectPlane(lattice);
  const data = new Float64Array(3 * lattice.volume);
  for (let n = 0; n < lattice.volume; n++) {
    const [x, y] = lattice.coordinates(n) as [number, number];
    const w = v(x, y);
    const size = Math.hypot(...w);
    for (let c = 0; c < 3; c++) data[3 * n + c] = w[c]! / size;
  }
  return spinField(lattice, data);
}

/** All spins along z. */
export const ferromagnet = (lattice: Lattice): SpinField => spinsFrom(lattice, () => [0, 0, 1]);

/** Alternating spins (-1)^{x+y} z. @throws GeometryError for odd extents. */
export function neel(lattice: Lattice): SpinField {
  expectSublattices(lattice);
  return spinsFrom(lattice, (x, y) => [0, 0, (x + y) % 2 === 0 ? 1 : -1]);
}

/** Independent spins, uniform on the sphere. */
export function randomSpins(lattice: Lattice, { seed }: { readonly seed: number }): SpinField {
  const random = randomStream(seed);
  const [a, b] = [new Float64Array(2), new Float64Array(2)];
  return spinsFrom(lattice, (x, y) => {
    const n = lattice.site([x, y]);
    random.normals(n, 0, 0, PURPOSE.start, a);
    random.normals(n, 1, 0, PURPOSE.start, b);
    return [a[0]!, a[1]!, b[0]!];
  });
}

/** @throws GeometryError unless both extents are even. */
export function expectSublattices(lattice: Lattice): void {
  if (!lattice.bipartite) throw new GeometryError(`staggered spins: got the lattice ${lattice}, expected even extents: with an odd one the two sublattices do not fit across the boundary`);
}

/** |sum_i S_i| / V. */
export function magnetisation(lattice: Lattice, spins: Float64Array): number {
  return length(spins, () => 1) / lattice.volume;
}

/** |sum_i (-1)^{x+y} S_i| / V. @throws GeometryError for odd extents. */
export function staggeredMagnetisation(lattice: Lattice, spins: Float64Array): number {
  expectSublattices(lattice);
  return length(spins, (n) => 1 - 2 * lattice.parity(n)) / lattice.volume;
}

function length(spins: Float64Array, sign: (site: number) => number): number {
  const sum = [0, 0, 0];
  for (let k = 0; k < spins.length; k++) sum[k % 3]! += sign(Math.floor(k / 3)) * spins[k]!;
  return Math.hypot(...sum);
}
