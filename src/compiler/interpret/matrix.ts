/** Dense complex matrices, row by row, (re, im), and their arithmetic as the textbook has it. */
export interface CMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly z: Float64Array;
}

export const zeros = (rows: number, columns: number): CMatrix => ({ rows, columns, z: new Float64Array(2 * rows * columns) });

export function identity(n: number): CMatrix {
  const m = zeros(n, n);
  for (let i = 0; i < n; i++) m.z[2 * i * (n + 1)] = 1;
  return m;
}

/** p a + q b for real p and q. */
export function combination(p: number, a: CMatrix, q: number, b: CMatrix): CMatrix {
  const z = new Float64Array(a.z.length);
  for (let k = 0; k < z.length; k++) z[k] = p * a.z[k]! + q * b.z[k]!;
  return { rows: a.rows, columns: a.columns, z };
}

export const plus = (a: CMatrix, b: CMatrix): CMatrix => combination(1, a, 1, b);
export const scaled = (s: number, a: CMatrix): CMatrix => ({ ...a, z: a.z.map((x) => s * x) });

export function product(a: CMatrix, b: CMatrix): CMatrix {
  const c = zeros(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const re = a.z[2 * (i * a.columns + k)]!;
      const im = a.z[2 * (i * a.columns + k) + 1]!;
      for (let j = 0; j < b.columns; j++) {
        const from = 2 * (k * b.columns + j);
        const to = 2 * (i * b.columns + j);
        c.z[to]! += re * b.z[from]! - im * b.z[from + 1]!;
        c.z[to + 1]! += re * b.z[from + 1]! + im * b.z[from]!;
      }
    }
  return c;
}

export function transpose(a: CMatrix): CMatrix {
  const c = zeros(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++)
      for (const part of [0, 1]) c.z[2 * (j * a.rows + i) + part] = a.z[2 * (i * a.columns + j) + part]!;
  return c;
}

export const conjugate = (a: CMatrix): CMatrix => ({ ...a, z: a.z.map((x, k) => (k % 2 === 0 ? x : -x)) });
export const dagger = (a: CMatrix): CMatrix => conjugate(transpose(a));

/** Sum of the diagonal, [re, im]. */
export function trace(a: CMatrix): [number, number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < a.rows; i++) {
    re += a.z[2 * i * (a.columns + 1)]!;
    im += a.z[2 * i * (a.columns + 1) + 1]!;
  }
  return [re, im];
}

/** Frobenius norm. */
export function norm({ z }: CMatrix): number {
  let s = 0;
  for (let k = 0; k < z.length; k++) s += z[k]! * z[k]!;
  return Math.sqrt(s);
}

/** a^{-1} b and det a, by Gauss-Jordan elimination with row pivots. A singular a gives infinities and NaN. */
export function divide(a: CMatrix, b: CMatrix): { readonly quotient: CMatrix; readonly determinant: readonly [number, number] } {
  const n = a.rows;
  const [m, x] = [a.z.slice(), b.z.slice()];
  let [dr, di] = [1, 0];
  const size = (i: number, j: number): number => Math.hypot(m[2 * (i * n + j)]!, m[2 * (i * n + j) + 1]!);
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let i = p + 1; i < n; i++) if (size(i, p) > size(best, p)) best = i;
    if (best !== p) {
      swapRows(m, n, p, best);
      swapRows(x, b.columns, p, best);
      [dr, di] = [-dr, -di];
    }
    const [re, im] = [m[2 * (p * n + p)]!, m[2 * (p * n + p) + 1]!];
    [dr, di] = [dr * re - di * im, dr * im + di * re];
    const square = re * re + im * im;
    for (const [v, columns] of [[m, n], [x, b.columns]] as const) addRow(v, columns, p, p, re / square - 1, -im / square);
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const [fr, fi] = [-m[2 * (i * n + p)]!, -m[2 * (i * n + p) + 1]!];
      for (const [v, columns] of [[m, n], [x, b.columns]] as const) addRow(v, columns, i, p, fr, fi);
    }
  }
  return { quotient: { ...b, z: x }, determinant: [dr, di] };
}

function swapRows(v: Float64Array, columns: number, i: number, j: number): void {
  const row = v.slice(2 * i * columns, 2 * (i + 1) * columns);
  v.copyWithin(2 * i * columns, 2 * j * columns, 2 * (j + 1) * columns);
  v.set(row, 2 * j * columns);
}

/** Row i += (fr + i fi) row p. */
function addRow(v: Float64Array, columns: number, i: number, p: number, fr: number, fi: number): void {
  for (let j = 0; j < columns; j++) {
    const [from, to] = [2 * (p * columns + j), 2 * (i * columns + j)];
    const [re, im] = [v[from]!, v[from + 1]!];
    v[to]! += fr * re - fi * im;
    v[to + 1]! += fr * im + fi * re;
  }
}
