/**
 * Gauge groups. SU(N) with antihermitian generators T_a = (i/2) lambda_a, tr(T_a T_b) = -1/2 delta_ab, X = sum_a x^a T_a,
 * (X, Y) = -2 tr(X Y); U(1) with the algebra i R, X = i x, (X, Y) = x y.
 */
import { ConfigurationError, GeometryError } from "../errors.ts";
import { type ConstantMatrixOptions, type Matrix, type Tape, constantMatrix, kind } from "../autograd/index.ts";
import { SparseMap, type Term, describe, guard, is, printable } from "../util/index.ts";

/** Gauge group of links: complex N x N matrices, SU(N) or U(1). */
export interface Group<N extends number = number> {
  readonly name: string;
  readonly N: N;
  /** Number of generators: N^2 - 1, or 1 for U(1). */
  readonly generators: number;
}

/** SU(N) for N >= 2. @throws GeometryError for other N. */
export function SU<const N extends number>(N: N): Group<N> {
  if (!Number.isInteger(N) || N < 2 || N > 64) throw new GeometryError(`SU(N): got ${describe(N)} as N, expected an integer from 2 to 64: use U1 for the abelian group`);
  return Object.freeze({ name: `SU(${N})`, N, generators: N * N - 1 });
}

/** U(1): links are phases. */
export const U1: Group<1> = Object.freeze({ name: "U(1)", N: 1, generators: 1 });

/** The group whose links are N x N matrices. */
export function groupOf<N extends number>(N: N): Group<N> {
  return N === 1 ? (U1 as Group<number> as Group<N>) : SU(N);
}

/** Largest N of a group that is named: larger matrices have no kernels. */
const MAX_N = 12;

/** `su2`, `SU(3)`, `u1` -> group. @throws ConfigurationError for other names, and for N above 12. */
export function parseGroup(name: string): Group {
  guard("parseGroup", { name: [name, is.text] });
  const m = /^(s?)u\(?(\d+)\)?$/i.exec(name.trim());
  if (m && m[1] === "" && m[2] === "1") return U1;
  if (m && m[1] !== "" && Number(m[2]) >= 2 && Number(m[2]) <= MAX_N) return SU(Number(m[2]));
  throw new ConfigurationError(`group: got "${printable(name)}", expected u1 or su2, su3, ..., su${MAX_N}`);
}

/**
 * Writes sum_a x^a T_a to out (row by row, (re, im)). Order of generators: the pairs i < j, symmetric then antisymmetric for each,
 * then the diagonal ones; for N = 2 and 3 Pauli and Gell-Mann order.
 */
export function algebraElement(N: number, x: ArrayLike<number>, xAt: number, out: Float64Array, at: number): void {
  guard("algebraElement", { N: [N, kind.colours], x: [x, is.listOf(is.finite)], xAt: [xAt, is.natural], out: [out, is.instanceOf(Float64Array, "a Float64Array")], at: [at, is.natural] });
  algebraMap(1, N).apply(0, 1, x, xAt, out, at);
}

/**
 * The generator T_a, a = 0 .. N^2 - 2, as a fixed matrix of this recording, in the order of `algebraElement`: (i/2) times the Pauli and
 * Gell-Mann matrices and their kin; for N = 1 the one generator i. It does not rotate with the gauge (see `constantMatrix`), which
 * `{ gaugeFixed: true }` acknowledges.
 * @throws GeometryError when there is no such generator; CovarianceError without `gaugeFixed`.
 */
export function algebraGenerator<N extends number>(tape: Tape, N: N, a: number, options: ConstantMatrixOptions = {}): Matrix<N> {
  const { generators, name } = groupOf(N);
  if (!Number.isInteger(a) || a < 0 || a >= generators) throw new GeometryError(`generator: got number ${a} of ${name}, expected 0 to ${generators - 1}`);
  const entries = new Float64Array(2 * N * N);
  algebraElement(N, Float64Array.from({ length: generators }, (_, k) => (k === a ? 1 : 0)), 0, entries, 0);
  return constantMatrix(tape, N, entries, options);
}

const maps = new Map<number, SparseMap>();
const dimension = is.oneOf(1, 2, 3, 4);

/** sum_a x^a T_a for `dim` directions: output mu from the inputs mu G .. mu G + G - 1, G generators. */
export function algebraMap(dim: number, N: number): SparseMap {
  guard("algebraMap", { dim: [dim, dimension], N: [N, kind.colours] });
  const key = 4 * N + dim - 1;
  let map = maps.get(key);
  if (!map) {
    const { generators } = groupOf(N);
    maps.set(key, (map = new SparseMap(dim * generators, Array.from({ length: dim }, (_, mu) => elementTerms(N, mu * generators)))));
  }
  return map;
}

/** The components of sum_a x^a T_a, x^0 being input `first`. */
function elementTerms(N: number, first: number): Term[][] {
  const terms = Array.from({ length: 2 * N * N }, (): Term[] => []);
  const add = (i: number, j: number, imaginary: boolean, term: Term): void => void terms[2 * (i * N + j) + (imaginary ? 1 : 0)]!.push(term);
  if (N === 1) add(0, 0, true, { input: first, factor: 1 });
  else
    generatorList(N).forEach(({ kind, i, j }, a) => {
      const input = first + a;
      if (kind === "diagonal") {
        const scale = Math.sqrt(2 / (i * (i + 1)));
        for (let k = 0; k < i; k++) add(k, k, true, { input, factor: 0.5, scale });
        add(i, i, true, { input, factor: -i / 2, scale });
      } else {
        add(i, j, kind === "symmetric", { input, factor: 0.5 });
        add(j, i, kind === "symmetric", { input, factor: kind === "symmetric" ? 0.5 : -0.5 });
      }
    });
  return terms;
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
