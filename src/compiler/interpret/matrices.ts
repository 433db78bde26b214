/** Dense matrices as in the textbook. */
import { SolverError } from "../../errors.ts";

/** Rows of (re, im). */
export type Dense = Float64Array[];

export function times(a: Dense, b: Dense): Dense {
  return a.map((row) => {
    const out = new Float64Array(b[0]!.length);
    for (let k = 0; k < b.length; k++)
      for (let j = 0; j < out.length; j += 2) {
        out[j]! += row[2 * k]! * b[k]![j]! - row[2 * k + 1]! * b[k]![j + 1]!;
        out[j + 1]! += row[2 * k]! * b[k]![j + 1]! + row[2 * k + 1]! * b[k]![j]!;
      }
    return out;
  });
}

/** ln |det A|, det A / |det A|, and A^{-1}, by Gauss and Jordan on (A, 1). */
export function eliminated(given: Dense): { logAbs: number; phase: [number, number]; inverse: Dense } {
  const n = given.length;
  const a = given.map((row, i) => Float64Array.from({ length: 4 * n }, (_, k) => (k < 2 * n ? row[k]! : k === 2 * (n + i) ? 1 : 0)));
  let logAbs = 0;
  let phase: [number, number] = [1, 0];
  for (let k = 0; k < n; k++) {
    const size = (i: number): number => Math.hypot(a[i]![2 * k]!, a[i]![2 * k + 1]!);
    let best = k;
    for (let i = k + 1; i < n; i++) if (size(i) > size(best)) best = i;
    if (!(size(best) > 0)) throw new SolverError(`LU: no pivot in column ${k}, expected a matrix that is not singular`);
    if (best !== k) {
      [a[k], a[best]] = [a[best]!, a[k]!];
      phase = [-phase[0], -phase[1]];
    }
    const [re, im, s] = [a[k]![2 * k]!, a[k]![2 * k + 1]!, size(k)];
    logAbs += Math.log(s);
    phase = [(phase[0] * re - phase[1] * im) / s, (phase[0] * im + phase[1] * re) / s];
    const row = a[k]!;
    for (let j = 0; j < row.length; j += 2) [row[j], row[j + 1]] = [(row[j]! * re + row[j + 1]! * im) / (s * s), (row[j + 1]! * re - row[j]! * im) / (s * s)];
    for (let i = 0; i < n; i++) {
      const [fr, fi] = [a[i]![2 * k]!, a[i]![2 * k + 1]!];
      if (i === k || (fr === 0 && fi === 0)) continue;
      for (let j = 0; j < row.length; j += 2) {
        a[i]![j]! -= fr * row[j]! - fi * row[j + 1]!;
        a[i]![j + 1]! -= fr * row[j + 1]! + fi * row[j]!;
      }
    }
  }
  return { logAbs, phase, inverse: a.map((row) => row.slice(2 * n)) };
}

/** x a + y b. */
export const combined = (x: number, a: Dense, y: number, b: Dense): Dense => a.map((row, i) => row.map((v, k) => x * v + y * b[i]![k]!));

/** x on the diagonal. */
export const diagonal = (x: readonly number[]): Dense => x.map((v, i) => Float64Array.from({ length: 2 * x.length }, (_, k) => (k === 2 * i ? v : 0)));
