/** Matrices and paths on host arrays, site by site: the independent route of the gauge tests. */
import type { LinkField } from "../../src/autograd/index.ts";

/** Complex N x N matrix, row by row, (re, im). */
export type HostMatrix = Float64Array;

export function multiply(a: HostMatrix, b: HostMatrix, N: number): HostMatrix {
  const out = new Float64Array(2 * N * N);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++)
      for (let k = 0; k < N; k++) {
        const [p, q, o] = [2 * (i * N + k), 2 * (k * N + j), 2 * (i * N + j)];
        out[o]! += a[p]! * b[q]! - a[p + 1]! * b[q + 1]!;
        out[o + 1]! += a[p]! * b[q + 1]! + a[p + 1]! * b[q]!;
      }
  return out;
}

export function dagger(a: HostMatrix, N: number): HostMatrix {
  return a.map((_, k) => {
    const [i, j] = [Math.floor(k / (2 * N)), Math.floor(k / 2) % N];
    return k % 2 === 0 ? a[2 * (j * N + i)]! : -a[2 * (j * N + i) + 1]!;
  });
}

export function sumOf(matrices: readonly HostMatrix[]): HostMatrix {
  return matrices.reduce((s, m) => s.map((x, k) => x + m[k]!));
}

export function scaled(c: number, a: HostMatrix): HostMatrix {
  return a.map((x) => c * x);
}

export function trace(a: HostMatrix, N: number): [re: number, im: number] {
  let [re, im] = [0, 0];
  for (let i = 0; i < N; i++) {
    re += a[2 * i * (N + 1)]!;
    im += a[2 * i * (N + 1) + 1]!;
  }
  return [re, im];
}

/** Antihermitian part without its trace; N = 1 with its trace. */
export function tracelessAntihermitian(a: HostMatrix, N: number): HostMatrix {
  const d = dagger(a, N);
  const out = a.map((x, k) => (x - d[k]!) / 2);
  const [, im] = trace(out, N);
  if (N > 1) for (let i = 0; i < N; i++) out[2 * i * (N + 1) + 1]! -= im / N;
  return out;
}

/** Links of a field as host matrices. */
export class HostLinks {
  readonly U: LinkField;
  readonly N: number;
  readonly #data: readonly Float64Array[];
  constructor(U: LinkField) {
    this.U = U;
    this.N = U.N;
    this.#data = U.fields.map((f) => f.toArray());
  }

  link(x: readonly number[], mu: number): HostMatrix {
    const at = this.U.lattice.site(x) * 2 * this.N * this.N;
    return this.#data[mu]!.slice(at, at + 2 * this.N * this.N);
  }

  /** Ordered product along signed steps (+1 is +x) from the site x. */
  product(x: readonly number[], path: readonly number[]): HostMatrix {
    const { N } = this;
    const at = [...x];
    let out = new Float64Array(2 * N * N) as HostMatrix;
    for (let i = 0; i < N; i++) out[2 * i * (N + 1)] = 1;
    for (const s of path) {
      const mu = Math.abs(s) - 1;
      if (s < 0) at[mu]!--;
      const u = this.link(at, mu);
      if (s > 0) at[mu]!++;
      out = multiply(out, s > 0 ? u : dagger(u, N), N);
    }
    return out;
  }

  /** Sum over all sites of f. */
  sumOverSites(f: (x: readonly number[]) => number): number {
    let s = 0;
    for (let n = 0; n < this.U.lattice.volume; n++) s += f(this.U.lattice.coordinates(n));
    return s;
  }
}

/** x^a = -2 tr(T_a X) for every 3 x 3 matrix of an array, in the order of Gell-Mann. */
export function gellMannComponents(data: Float64Array): Float64Array {
  const size = 18;
  const out = new Float64Array((data.length / size) * 8);
  for (let n = 0; n < data.length / size; n++) {
    const at = (i: number, j: number): number => n * size + 2 * (3 * i + j);
    const [re, im] = [(i: number, j: number): number => data[at(i, j)]!, (i: number, j: number): number => data[at(i, j) + 1]!];
    // Im tr(lambda_a X)
    const pair = (i: number, j: number): [number, number] => [im(i, j) + im(j, i), re(i, j) - re(j, i)];
    const [x1, x2] = pair(0, 1);
    const [x4, x5] = pair(0, 2);
    const [x6, x7] = pair(1, 2);
    out.set([x1, x2, im(0, 0) - im(1, 1), x4, x5, x6, x7, (im(0, 0) + im(1, 1) - 2 * im(2, 2)) / Math.sqrt(3)], 8 * n);
  }
  return out;
}
