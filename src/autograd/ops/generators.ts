/** Generators of SU(N) as dense matrices, for arithmetic that is written out site by site. */

/** Largest N: the arithmetic of a site grows like N^8. */
export const MAX_N = 4;

/** A complex number. */
export type Entry = readonly [re: number, im: number];
/** Generators (i/2) lambda_a in a fixed order; i for N = 1. */
export function generators(N: number): Entry[][][] {
  if (N === 1) return [[[[0, 1]]]];
  const zero = (): Entry[][] => Array.from({ length: N }, () => Array.from({ length: N }, (): Entry => [0, 0]));
  const list: Entry[][][] = [];
  for (let i = 0; i < N; i++)
    for (let j = i + 1; j < N; j++) {
      const [s, a] = [zero(), zero()];
      [s[i]![j], s[j]![i]] = [[0, 0.5], [0, 0.5]];
      [a[i]![j], a[j]![i]] = [[0.5, 0], [-0.5, 0]];
      list.push(s, a);
    }
  for (let d = 1; d < N; d++) {
    const m = zero();
    const f = 0.5 * Math.sqrt(2 / (d * (d + 1)));
    for (let k = 0; k < d; k++) m[k]![k] = [0, f];
    m[d]![d] = [0, -d * f];
    list.push(m);
  }
  return list;
}
