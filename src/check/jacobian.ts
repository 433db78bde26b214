/**
 * The whole Jacobian of a map of links by differences: J_{ka,lb} = derivative of the component a of link k when link l moves along T_b from the left.
 * Sixth-order central differences; fourth-order ones of the same values tell the truncation.
 */
import { type LinkField, kind } from "../autograd/index.ts";
import { algebraElement, groupOf } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";

/** Step in the group, and the weights of -3h, -2h, -h, h, 2h, 3h. */
export const STEP = 5e-3;
const SIXTH: readonly (readonly [k: number, weight: number])[] = [[-3, -1 / 60], [-2, 9 / 60], [-1, -45 / 60], [1, 45 / 60], [2, -9 / 60], [3, 1 / 60]];
const FOURTH: Readonly<Record<number, number>> = { [-2]: 1 / 12, [-1]: -8 / 12, 1: 8 / 12, 2: -1 / 12 };

/** A square matrix, row by row; rows and columns are (link, generator), links as mu V + n. */
export interface Jacobian {
  readonly size: number;
  readonly sixth: Float64Array;
  readonly fourth: Float64Array;
  /** Links whose value the map changes. */
  readonly moved: readonly boolean[];
}

/** Dimension of the tangent space of links. */
export const dimensionOf = (U: LinkField): number => U.lattice.volume * U.lattice.dim * groupOf(U.N as number).generators;

export function jacobian(map: (V: LinkField) => LinkField, V: LinkField): Jacobian {
  const { lattice, N } = V;
  const { generators } = groupOf(N as number);
  const size = dimensionOf(V);
  const [sixth, fourth] = [new Float64Array(size * size), new Float64Array(size * size)];
  const T = generatorsOf(N as number);
  const center = map(V).fields.map((f) => f.toArray());
  const at = V.clone();
  const width = 2 * N * N;
  const original = V.fields.map((f) => f.toArray());
  for (let mu = 0; mu < lattice.dim; mu++)
    for (let n = 0; n < lattice.volume; n++) {
      const link = original[mu]!.subarray(n * width, (n + 1) * width);
      for (let b = 0; b < generators; b++) {
        const column = (mu * lattice.volume + n) * generators + b;
        for (const [k, weight] of SIXTH) {
          at.fields[mu]!.writeSites(Int32Array.of(n), multiply(N, exponential(N, T[b]!, k * STEP), link));
          const image = map(at);
          image.fields.forEach((f, nu) => addComponents(T, N, f.toArray(), center[nu]!, nu * lattice.volume * generators, (row, x) => {
            sixth[row * size + column]! += (weight / STEP) * x;
            fourth[row * size + column]! += ((FOURTH[k] ?? 0) / STEP) * x;
          }));
        }
        at.fields[mu]!.writeSites(Int32Array.of(n), link.slice());
      }
    }
  const moved = center.flatMap((c, mu) => Array.from({ length: lattice.volume }, (_, n) => c.subarray(n * width, (n + 1) * width).some((x, i) => Math.abs(x - original[mu]![n * width + i]!) > 1e-13)));
  return { size, sixth, fourth, moved };
}

/** log |det| of the whole Jacobian of a map of links with respect to Haar measure, by sixth-order differences: for small lattices, 6 evaluations for each generator of each link. */
export function jacobianLogDet(map: (V: LinkField) => LinkField, V: LinkField): number {
  guard("jacobianLogDet", { map: [map, is.callable], V: [V, kind.linkField] });
  const image = (W: LinkField): LinkField => {
    const U = map(W);
    guard("jacobianLogDet", { "what the map returned": [U, kind.linkField] });
    return U;
  };
  const { sixth, size } = jacobian(image, V);
  return logDet(sixth, size).value;
}

function generatorsOf(N: number): Float64Array[] {
  const { generators } = groupOf(N);
  return Array.from({ length: generators }, (_, a) => {
    const out = new Float64Array(2 * N * N);
    algebraElement(N, Float64Array.from({ length: generators }, (__, b) => (a === b ? 1 : 0)), 0, out, 0);
    return out;
  });
}

/** Components of TA(W W_0^+) for every site: its derivative at W_0 is that of the logarithm. */
function addComponents(T: readonly Float64Array[], N: number, w: Float64Array, w0: Float64Array, first: number, give: (row: number, x: number) => void): void {
  const width = 2 * N * N;
  const adjoint = new Float64Array(width);
  for (let n = 0; n < w.length / width; n++) {
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++) {
        adjoint[2 * (i * N + j)] = w0[n * width + 2 * (j * N + i)]!;
        adjoint[2 * (i * N + j) + 1] = -w0[n * width + 2 * (j * N + i) + 1]!;
      }
    const W = multiply(N, w.subarray(n * width, (n + 1) * width), adjoint);
    // x^a = -2 Re tr(T_a W), for N = 1 -Re(i W)
    T.forEach((t, a) => {
      let s = 0;
      for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) s += t[2 * (i * N + j)]! * W[2 * (j * N + i)]! - t[2 * (i * N + j) + 1]! * W[2 * (j * N + i) + 1]!;
      give(first + n * T.length + a, N === 1 ? -s : -2 * s);
    });
  }
}

function multiply(N: number, a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(2 * N * N);
  for (let i = 0; i < N; i++)
    for (let k = 0; k < N; k++) {
      const [re, im] = [a[2 * (i * N + k)]!, a[2 * (i * N + k) + 1]!];
      for (let j = 0; j < N; j++) {
        out[2 * (i * N + j)]! += re * b[2 * (k * N + j)]! - im * b[2 * (k * N + j) + 1]!;
        out[2 * (i * N + j) + 1]! += re * b[2 * (k * N + j) + 1]! + im * b[2 * (k * N + j)]!;
      }
    }
  return out;
}

/** exp(s T) by its series, for small s. */
function exponential(N: number, T: Float64Array, s: number): Float64Array {
  const out = new Float64Array(2 * N * N);
  let term = out.slice();
  for (let i = 0; i < N; i++) term[2 * i * (N + 1)] = 1;
  for (let k = 1; k < 12; k++) {
    term.forEach((x, i) => (out[i]! += x));
    term = multiply(N, term, T).map((x) => (x * s) / k);
  }
  return out;
}

/** log |det| and its sign, of the rows and columns that are chosen. */
export function logDet(matrix: Float64Array, size: number, chosen?: readonly number[]): { readonly value: number; readonly sign: number } {
  const rows = chosen ?? Array.from({ length: size }, (_, i) => i);
  const n = rows.length;
  const a = rows.map((i) => Float64Array.from(rows, (j) => matrix[i * size + j]!));
  let [value, sign] = [0, 1];
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let i = p + 1; i < n; i++) if (Math.abs(a[i]![p]!) > Math.abs(a[best]![p]!)) best = i;
    if (best !== p) [a[p], a[best], sign] = [a[best]!, a[p]!, -sign];
    const pivot = a[p]!;
    value += Math.log(Math.abs(pivot[p]!));
    if (pivot[p]! < 0) sign = -sign;
    for (let i = p + 1; i < n; i++) {
      const row = a[i]!;
      const f = row[p]! / pivot[p]!;
      if (f !== 0) for (let j = p; j < n; j++) row[j]! -= f * pivot[j]!;
    }
  }
  return { value, sign };
}

