/** Complex matrices and numbers in plain JavaScript, written from the definitions: the other side of comparisons with ops. */

/** [re, im] */
export type Z = readonly [number, number];
export const plus = (a: Z, b: Z): Z => [a[0] + b[0], a[1] + b[1]];
export const times = (a: Z, b: Z): Z => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
export const over = (a: Z, b: Z): Z => times(a, [b[0] / (b[0] ** 2 + b[1] ** 2), -b[1] / (b[0] ** 2 + b[1] ** 2)]);

/** Rows of complex numbers. */
export type Dense = readonly (readonly Z[])[];
export const matrix = (N: number, f: (i: number, j: number) => Z): Dense => Array.from({ length: N }, (_, i) => Array.from({ length: N }, (__, j) => f(i, j)));
export const unitMatrix = (N: number): Dense => matrix(N, (i, j) => [i === j ? 1 : 0, 0]);
export const product = (a: Dense, b: Dense): Dense => matrix(a.length, (i, j) => a.reduce<Z>((s, _, k) => plus(s, times(a[i]![k]!, b[k]![j]!)), [0, 0]));
export const sum = (a: Dense, b: Dense): Dense => matrix(a.length, (i, j) => plus(a[i]![j]!, b[i]![j]!));
export const scaled = (x: number, a: Dense): Dense => matrix(a.length, (i, j) => [x * a[i]![j]![0], x * a[i]![j]![1]]);
export const dagger = (a: Dense): Dense => matrix(a.length, (i, j) => [a[j]![i]![0], -a[j]![i]![1]]);
export const difference = (a: Dense, b: Dense): number => Math.max(...a.flatMap((row, i) => row.map((z, j) => Math.hypot(z[0] - b[i]![j]![0], z[1] - b[i]![j]![1]))));

/** Expansion along the first row. */
export const determinant = (a: Dense): Z =>
  a.length === 1 ? a[0]![0]! : a.reduce<Z>((s, _, j) => plus(s, times(times([j % 2 === 0 ? 1 : -1, 0], a[0]![j]!), determinant(a.slice(1).map((row) => row.filter((__, k) => k !== j))))), [0, 0]);

/** exp by halvings, 30 terms and squarings. */
export function exponentialOf(a: Dense): Dense {
  const halvings = 3;
  let [term, s]: [Dense, Dense] = [unitMatrix(a.length), unitMatrix(a.length)];
  for (let n = 1; n <= 30; n++) s = sum(s, (term = scaled(2 ** -halvings / n, product(term, a))));
  for (let k = 0; k < halvings; k++) s = product(s, s);
  return s;
}

/** Orthonormal rows by Gram-Schmidt, three times. */
export function unitary(N: number, random: () => number): Dense {
  const rows: Z[][] = Array.from({ length: N }, () => Array.from({ length: N }, (): Z => [random(), random()]));
  for (let pass = 0; pass < 3; pass++)
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < i; j++) {
        const overlap = rows[j]!.reduce<Z>((s, z, k) => plus(s, times([z[0], -z[1]], rows[i]![k]!)), [0, 0]);
        rows[i] = rows[i]!.map((z, k) => plus(z, times([-overlap[0], -overlap[1]], rows[j]![k]!)));
      }
      const norm = Math.hypot(...rows[i]!.flat());
      rows[i] = rows[i]!.map((z): Z => [z[0] / norm, z[1] / norm]);
    }
  return rows;
}

/** The matrix with the given diagonal. */
export const diagonal = (d: readonly number[]): Dense => matrix(d.length, (i, j) => [i === j ? d[i]! : 0, 0]);
/** Row by row, re and im. */
export const flat = (a: Dense): number[] => a.flat().flat();
/** Matrix n of an array of them. */
export const at = (data: ArrayLike<number>, N: number, n: number): Dense => matrix(N, (i, j) => [data[2 * (n * N * N + i * N + j)]!, data[2 * (n * N * N + i * N + j) + 1]!]);
