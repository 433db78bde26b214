/** How far links are from the group, and the way back: rows 1 to N-1 by Gram-Schmidt, the last row such that det U = 1. */
import { kind, DirectionalField, type LinkField, atOnce, forOwnSites, largest } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** Sites that are looked at together. */
const PIECE = 4096;

/** Largest deviations over all links. */
export interface UnitarityDefect {
  /** max |(U U^+ - 1)_ij| */
  readonly unitarity: number;
  /** max |det U - 1|; for U(1), whose links are any phase, max ||U| - 1|. */
  readonly determinant: number;
}

/** Deviation of a link field from the group; zero up to rounding for links in SU(N) or U(1). */
export function unitarityDefect(U: LinkField): UnitarityDefect {
  guard("unitarityDefect", { U: [U, kind.linkField] });
  const { N } = U;
  const size = 2 * N * N;
  const minor = new Float64Array(size);
  let [unitarity, determinant] = [0, 0];
  const piece = atOnce(U.lattice, PIECE);
  const u = new Float64Array(piece * size);
  for (const field of U.fields) forOwnSites(U.lattice, piece, (sites) => {
    field.readOwnSites(sites, u);
    for (let at = 0; at < sites.length * size; at += size) {
      for (let i = 0; i < N; i++)
        for (let j = i; j < N; j++) {
          const [re, im] = rowProduct(u, at, N, i, j);
          unitarity = larger(unitarity, Math.hypot(re - (i === j ? 1 : 0), im));
        }
      minor.set(u.subarray(at, at + size));
      const [re, im] = determinantOf(minor, N);
      determinant = larger(determinant, N === 1 ? Math.abs(Math.hypot(re, im) - 1) : Math.hypot(re - 1, im));
    }
  });
  return { unitarity: largest(U.lattice, unitarity), determinant: largest(U.lattice, determinant) };
}

/** A larger one, NaN above all. */
const larger = (a: number, b: number): number => (b > a || Number.isNaN(b) ? b : a);

/**
 * The links moved back to the group, as a new field: rows 1 to N-1 orthonormalised in order, the last row completes them to det U = 1
 * (SU(3): conj(row1 x row2)); U(1): divided by the modulus. Never done silently by any other function.
 * @throws GeometryError for a link whose first rows are linearly dependent or not finite.
 */
export function reunitarise<N extends number>(U: LinkField<N>): LinkField<N> {
  guard("reunitarise", { U: [U, kind.linkField] });
  const size = 2 * U.N * U.N;
  const moved = new DirectionalField(U.lattice, U.N, "links");
  const piece = atOnce(U.lattice, PIECE);
  const u = new Float64Array(piece * size);
  U.fields.forEach((field, mu) => forOwnSites(U.lattice, piece, (sites) => {
    field.readOwnSites(sites, u);
    for (let k = 0; k < sites.length; k++)
      if (!toGroup(u, k * size, U.N)) throw new GeometryError(`reunitarise: got a singular link in direction ${U.lattice.axis(mu)} at site [${U.lattice.coordinates(sites[k]! % U.lattice.volume).join(", ")}], expected links near the group: check the file or the step size`);
    moved.fields[mu]!.writeSites(sites, u);
  }));
  return moved;
}

/** Makes the matrix at `at` special unitary in place (N = 1: a phase). False when its first rows are dependent or not finite. */
export function toGroup(u: Float64Array, at: number, N: number): boolean {
  const rows = Math.max(1, N - 1);
  for (let i = 0; i < rows; i++) {
    const before = norm(u, at, N, i);
    // twice is enough: the second pass removes what rounding left of the first
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const [re, im] = rowProduct(u, at, N, i, j);
        for (let k = 0; k < N; k++) {
          const [p, q] = [at + 2 * (i * N + k), at + 2 * (j * N + k)];
          const [x, y] = [u[q]!, u[q + 1]!];
          u[p]! -= re * x - im * y;
          u[p + 1]! -= re * y + im * x;
        }
      }
    const length = norm(u, at, N, i);
    if (!(length > 1e-12 * before) || !Number.isFinite(length)) return false;
    for (let k = 0; k < 2 * N; k++) u[at + 2 * i * N + k]! /= length;
  }
  if (N > 1) completeLastRow(u, at, N);
  return true;
}

/** The last row of the N x N matrix (N >= 2) at `at` from the others, in place. U_Nj = conj of the cofactor of (N, j): orthogonal to the other rows, and det U = 1. */
export function completeLastRow(u: Float64Array, at: number, N: number): void {
  guard("completeLastRow", { u: [u, is.instanceOf(Float64Array, "a Float64Array")], at: [at, is.natural], N: [N, kind.colours], "the length of u": [u?.length - at - 2 * N * N, is.natural] });
  const minor = new Float64Array(2 * (N - 1) * (N - 1));
  for (let j = 0; j < N; j++) {
    let w = 0;
    for (let i = 0; i < N - 1; i++)
      for (let k = 0; k < N; k++)
        if (k !== j) {
          minor[w++] = u[at + 2 * (i * N + k)]!;
          minor[w++] = u[at + 2 * (i * N + k) + 1]!;
        }
    const [re, im] = determinantOf(minor, N - 1);
    const sign = (N - 1 + j) % 2 === 0 ? 1 : -1;
    u[at + 2 * ((N - 1) * N + j)] = sign * re;
    u[at + 2 * ((N - 1) * N + j) + 1] = -sign * im;
  }
}

/** sum_k u_ik conj(u_jk) */
function rowProduct(u: Float64Array, at: number, N: number, i: number, j: number): [re: number, im: number] {
  let [re, im] = [0, 0];
  for (let k = 0; k < N; k++) {
    const [p, q] = [at + 2 * (i * N + k), at + 2 * (j * N + k)];
    re += u[p]! * u[q]! + u[p + 1]! * u[q + 1]!;
    im += u[p + 1]! * u[q]! - u[p]! * u[q + 1]!;
  }
  return [re, im];
}

const norm = (u: Float64Array, at: number, N: number, i: number): number => Math.sqrt(rowProduct(u, at, N, i, i)[0]);

/** Determinant of an N x N complex matrix by elimination with row pivots; overwrites it. */
function determinantOf(a: Float64Array, N: number): [re: number, im: number] {
  let [re, im] = [1, 0];
  for (let p = 0; p < N; p++) {
    let best = p;
    for (let i = p + 1; i < N; i++) if (size2(a, i * N + p) > size2(a, best * N + p)) best = i;
    if (best !== p) {
      for (let k = 0; k < 2 * N; k++) [a[2 * p * N + k], a[2 * best * N + k]] = [a[2 * best * N + k]!, a[2 * p * N + k]!];
      [re, im] = [-re, -im];
    }
    const [x, y] = [a[2 * (p * N + p)]!, a[2 * (p * N + p) + 1]!];
    [re, im] = [re * x - im * y, re * y + im * x];
    const d = x * x + y * y;
    if (d === 0) return [0, 0];
    for (let i = p + 1; i < N; i++) {
      const [s, t] = [a[2 * (i * N + p)]!, a[2 * (i * N + p) + 1]!];
      const [fr, fi] = [(s * x + t * y) / d, (t * x - s * y) / d];
      for (let k = p; k < N; k++) {
        const [c, e] = [a[2 * (p * N + k)]!, a[2 * (p * N + k) + 1]!];
        a[2 * (i * N + k)]! -= fr * c - fi * e;
        a[2 * (i * N + k) + 1]! -= fr * e + fi * c;
      }
    }
  }
  return [re, im];
}

const size2 = (a: Float64Array, k: number): number => a[2 * k]! ** 2 + a[2 * k + 1]! ** 2;
