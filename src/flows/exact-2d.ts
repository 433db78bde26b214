/**
 * Partition functions of two-dimensional gauge theories on a torus of V plaquettes, S = beta sum (1 - Re tr P/N), Haar volume 1: Z = e^(-beta V) sum_r a_r^V over the
 * irreducible representations, a_r = (1/d_r) of the coefficient of the character in exp((beta/N) Re tr U). U(1): a_n = I_n(beta); U(N) sums of determinants of Bessel functions over
 * powers of the determinant for SU(N).
 */
import { besselI, guard, is } from "../util/index.ts";

/** Largest row of the Young diagrams, and power of the determinant, of the sums. */
const ROWS = 14;
const POWERS = 14;

/** ln Z of U(1) (N = 1) or SU(N) on a two-dimensional torus of `volume` plaquettes. @throws ConfigurationError for values out of range. */
export function exactLogZ2d(options: { readonly beta: number; readonly N: number; readonly volume: number }): number {
  guard("exactLogZ2d", { options: [options, is.keysOf("beta", "N", "volume")] });
  const { beta, N, volume } = options;
  guard("exactLogZ2d", { beta: [beta, is.positive], N: [N, is.oneOf(1, 2, 3, 4)], volume: [volume, is.count] });
  const a = N === 1 ? Array.from({ length: 2 * POWERS + 1 }, (_, k) => besselI(Math.abs(k - POWERS), beta)) : diagrams(N, ROWS).map((rows) => coefficient(rows, beta / N));
  const top = Math.max(...a);
  return -beta * volume + volume * Math.log(top) + Math.log(a.reduce((s, x) => s + (x / top) ** volume, 0));
}

/** Rows l_1 >= ... >= l_N = 0. */
function diagrams(N: number, most: number): number[][] {
  if (N === 1) return [[0]];
  return Array.from({ length: most + 1 }, (_, l) => diagrams(N - 1, l).map((rest) => [l, ...rest.map((x) => Math.min(x, l))])).flat();
}

function coefficient(rows: readonly number[], x: number): number {
  const N = rows.length;
  let sum = 0;
  for (let k = -POWERS; k <= POWERS; k++) sum += determinant(rows.map((l, j) => rows.map((_, i) => besselI(Math.abs(l - j + i + k), x))));
  let dimension = 1;
  for (let i = 0; i < N; i++) for (let j = i + 1; j < N; j++) dimension *= (rows[i]! - rows[j]! + j - i) / (j - i);
  return sum / dimension;
}

function determinant(m: readonly (readonly number[])[]): number {
  if (m.length === 1) return m[0]![0]!;
  return m[0]!.reduce((s, x, j) => s + (j % 2 === 0 ? x : -x) * determinant(m.slice(1).map((row) => row.filter((_, k) => k !== j))), 0);
}
