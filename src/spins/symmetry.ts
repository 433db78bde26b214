/** Symmetries of spins on a periodic lattice, on canonical host data. */
import type { Lattice } from "../autograd/index.ts";
import { PURPOSE, randomStream } from "../util/index.ts";

/** R S_i at every site, R a 3 x 3 matrix row by row. */
export function rotateSpins(spins: Float64Array, R: ArrayLike<number>): Float64Array {
  return spins.map((_, k) => {
    const [row, at] = [k % 3, k - (k % 3)];
    return R[3 * row]! * spins[at]! + R[3 * row + 1]! * spins[at + 1]! + R[3 * row + 2]! * spins[at + 2]!;
  });
}

/** S'(x, y) = S(f(x, y)), coordinates modulo the extents. */
export function moveSpins(lattice: Lattice, spins: Float64Array, f: (x: number, y: number) => readonly [number, number]): Float64Array {
  const out = new Float64Array(spins.length);
  for (let n = 0; n < lattice.volume; n++) {
    const [x, y] = lattice.coordinates(n) as [number, number];
    const m = lattice.site(f(x, y));
    for (let c = 0; c < 3; c++) out[3 * n + c] = spins[3 * m + c]!;
  }
  return out;
}

/** A random orthogonal matrix, row by row, with this determinant: Gram-Schmidt of normal vectors. */
export function randomOrthogonal({ seed, determinant }: { readonly seed: number; readonly determinant: 1 | -1 }): Float64Array {
  const random = randomStream(seed).sequence(PURPOSE.test);
  const unit = (v: number[]): number[] => v.map((x) => x / Math.hypot(...v));
  const draw = (): number[] => [random.normal(), random.normal(), random.normal()];
  const a = unit(draw());
  const w = draw();
  const along = a.reduce((s, x, c) => s + x * w[c]!, 0);
  const b = unit(w.map((x, c) => x - along * a[c]!));
  const cross = [a[1]! * b[2]! - a[2]! * b[1]!, a[2]! * b[0]! - a[0]! * b[2]!, a[0]! * b[1]! - a[1]! * b[0]!];
  return Float64Array.from([...a, ...b, ...cross.map((x) => determinant * x)]);
}
