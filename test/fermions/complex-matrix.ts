/** Small dense complex matrices, row by row, (re, im). */
export interface ComplexMatrix {
  readonly n: number;
  readonly data: Float64Array;
}

/** p a + q b for real p, q. */
export function combine(p: number, a: ComplexMatrix, q: number, b: ComplexMatrix): ComplexMatrix {
  return { n: a.n, data: a.data.map((x, k) => p * x + q * b.data[k]!) };
}

export function product(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const { n } = a;
  const data = new Float64Array(2 * n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const [re, im] = [a.data[2 * (i * n + k)]!, a.data[2 * (i * n + k) + 1]!];
      for (let j = 0; j < n; j++) {
        const at = 2 * (k * n + j);
        data[2 * (i * n + j)]! += re * b.data[at]! - im * b.data[at + 1]!;
        data[2 * (i * n + j) + 1]! += re * b.data[at + 1]! + im * b.data[at]!;
      }
    }
  return { n, data };
}

/** b^{-1} a, which is a b^{-1} for matrices that commute. */
export function quotient(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const x = a.data.slice();
  eliminate(b, x);
  return { n: a.n, data: x };
}

export function determinant(a: ComplexMatrix): [number, number] {
  return eliminate(a, new Float64Array(2 * a.n * a.n));
}

/** x <- a^{-1} x by Gauss-Jordan elimination with pivots; returns det a. */
function eliminate(a: ComplexMatrix, x: Float64Array): [number, number] {
  const { n } = a;
  const m = a.data.slice();
  let det: [number, number] = [1, 0];
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let i = p + 1; i < n; i++) if (Math.hypot(m[2 * (i * n + p)]!, m[2 * (i * n + p) + 1]!) > Math.hypot(m[2 * (best * n + p)]!, m[2 * (best * n + p) + 1]!)) best = i;
    if (best !== p) {
      for (const v of [m, x]) {
        const row = v.slice(2 * p * n, 2 * (p + 1) * n);
        v.copyWithin(2 * p * n, 2 * best * n, 2 * (best + 1) * n);
        v.set(row, 2 * best * n);
      }
      det = [-det[0], -det[1]];
    }
    const [dr, di] = [m[2 * (p * n + p)]!, m[2 * (p * n + p) + 1]!];
    det = [det[0] * dr - det[1] * di, det[0] * di + det[1] * dr];
    const norm = dr * dr + di * di;
    for (const v of [m, x])
      for (let j = 0; j < n; j++) {
        const at = 2 * (p * n + j);
        const [re, im] = [v[at]!, v[at + 1]!];
        v[at] = (re * dr + im * di) / norm;
        v[at + 1] = (im * dr - re * di) / norm;
      }
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const [fr, fi] = [m[2 * (i * n + p)]!, m[2 * (i * n + p) + 1]!];
      for (const v of [m, x])
        for (let j = 0; j < n; j++) {
          const [at, from] = [2 * (i * n + j), 2 * (p * n + j)];
          v[at]! -= fr * v[from]! - fi * v[from + 1]!;
          v[at + 1]! -= fr * v[from + 1]! + fi * v[from]!;
        }
    }
  }
  return det;
}
