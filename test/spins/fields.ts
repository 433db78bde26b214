/** Fields of the spin tests. */
import { type SpinField, spinsFrom } from "gaugegrad/spins";
import type { Lattice } from "gaugegrad/autograd";

/** S = v / |v| of the reference numbers. */
export const closedForm = (lattice: Lattice): SpinField =>
  spinsFrom(lattice, (x, y) => [Math.sin(1 + 0.7 * x + 1.3 * y), Math.cos(0.4 + 1.1 * x - 0.6 * y), Math.sin(0.2 - 0.5 * x + 0.9 * y)]);

/** Numbers in (-1, 1). */
export function noise(length: number, salt: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => {
    const x = Math.sin((k + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

/** Spins moved along the great circles that start in the directions v (made tangent here): cos |v|h S + sin |v|h v/|v|. */
export function moved(spins: Float64Array, v: Float64Array, h: number): Float64Array {
  const out = new Float64Array(spins.length);
  for (let n = 0; n < spins.length; n += 3) {
    const s = spins.subarray(n, n + 3);
    const along = s[0]! * v[n]! + s[1]! * v[n + 1]! + s[2]! * v[n + 2]!;
    const t = [0, 1, 2].map((c) => v[n + c]! - along * s[c]!);
    const size = Math.hypot(...t);
    for (let c = 0; c < 3; c++) out[n + c] = Math.cos(size * h) * s[c]! + Math.sin(size * h) * (t[c]! / size);
  }
  return out;
}

/** Fourth-order central difference. */
export function difference(f: (h: number) => number, h: number): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

export const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, x, k) => s + x * b[k]!, 0);
