/**
 * Gauge groups. SU(N) with antihermitian generators T_a = (i/2) lambda_a, tr(T_a T_b) = -1/2 delta_ab, X = sum_a x^a T_a,
 * (X, Y) = -2 tr(X Y); U(1) with the algebra i R, X = i x, (X, Y) = x y.
 */
import { GeometryError } from "../errors.ts";

export interface Group<N extends number = number> {
  readonly name: string;
  readonly N: N;
  /** Number of generators: N^2 - 1, or 1 for U(1). */
  readonly generators: number;
}

/** SU(N) for N >= 2. @throws GeometryError for other N. */
export function SU<const N extends number>(N: N): Group<N> {
  if (!Number.isInteger(N) || N < 2) throw new GeometryError(`SU(N): got N = ${N}, expected an integer >= 2: use U1 for the abelian group`);
  return Object.freeze({ name: `SU(${N})`, N, generators: N * N - 1 });
}

/** U(1): links are phases. */
export const U1: Group<1> = Object.freeze({ name: "U(1)", N: 1, generators: 1 });

/** The group whose links are N x N matrices. */
export function groupOf<N extends number>(N: N): Group<N> {
  return N === 1 ? (U1 as Group<number> as Group<N>) : SU(N);
}

/** `su2`, `SU(3)`, `u1` -> group. @throws GeometryError for other names. */
export function parseGroup(name: string): Group {
  const m = /^(s?)u\(?(\d+)\)?$/i.exec(name.trim());
  if (m && m[1] === "" && m[2] === "1") return U1;
  if (m && m[1] !== "" && Number(m[2]) >= 2) return SU(Number(m[2]));
  throw new GeometryError(`group: got "${name}", expected u1 or su2, su3, ...`);
}

/**
 * Writes sum_a x^a T_a to out (row by row, (re, im)). Order of generators: the pairs i < j, symmetric then antisymmetric for each,
 * then the diagonal ones; for N = 2 and 3 Pauli and Gell-Mann order.
 */
export function algebraElement(N: number, x: ArrayLike<number>, xAt: number, out: Float64Array, at: number): void {
  out.fill(0, at, at + 2 * N * N);
  if (N === 1) {
    out[at + 1] = x[xAt]!;
    return;
  }
  const add = (i: number, j: number, re: number, im: number): void => {
    out[at + 2 * (i * N + j)]! += re;
    out[at + 2 * (i * N + j) + 1]! += im;
  };
  generatorList(N).forEach((g, a) => {
    const c = x[xAt + a]! / 2;
    if (g.kind === "symmetric") {
      add(g.i, g.j, 0, c);
      add(g.j, g.i, 0, c);
    } else if (g.kind === "antisymmetric") {
      add(g.i, g.j, c, 0);
      add(g.j, g.i, -c, 0);
    } else {
      const norm = Math.sqrt(2 / (g.i * (g.i + 1)));
      for (let k = 0; k < g.i; k++) add(k, k, 0, c * norm);
      add(g.i, g.i, 0, -g.i * c * norm);
    }
  });
}

interface Generator {
  readonly kind: "symmetric" | "antisymmetric" | "diagonal";
  readonly i: number;
  readonly j: number;
}

function generatorList(N: number): Generator[] {
  const pair = (i: number, j: number): Generator[] => [{ kind: "symmetric", i, j }, { kind: "antisymmetric", i, j }];
  const diagonal = (i: number): Generator => ({ kind: "diagonal", i, j: i });
  if (N === 2) return [...pair(0, 1), diagonal(1)];
  if (N === 3) return [...pair(0, 1), diagonal(1), ...pair(0, 2), ...pair(1, 2), diagonal(2)];
  const list: Generator[] = [];
  for (let i = 0; i < N; i++) for (let j = i + 1; j < N; j++) list.push(...pair(i, j));
  for (let i = 1; i < N; i++) list.push(diagonal(i));
  return list;
}
