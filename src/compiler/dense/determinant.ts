/**
 * ln |det A| of an operator in blocks, and the blocks of A^{-1} at the places where A has some, K_lk = (A^{-1})_lk beside A_kl. Where A is a site matrix on
 * the odd sites, with T = A_oo^{-1} A_oe and R = A_eo A_oo^{-1},
 *
 *     det A = det A_oo det S,   S = A_ee - A_eo T,   (A^{-1})_ee = X = S^{-1},   (A^{-1})_oe = -T X,   (A^{-1})_eo = -X R,   (A^{-1})_oo = A_oo^{-1} + T X R,
 *
 * so that only half of the rows are dense; S of a staggered m + D is (m^2 - D^2)_ee / m.
 */
import { GeometryError, SolverError } from "../../errors.ts";
import { type DenseBackend, DenseMatrix, type Determinant } from "../../linalg/index.ts";
import type { Blocks } from "./blocks.ts";
import { addProduct, invertSmall } from "./small.ts";

/** Most rows of a dense matrix: 600 MB. */
export const LARGEST = 6144;
/** Relative deviation from a hermitian matrix that is rounding. */
const ROUNDING = 1e-13;

/** Inverts A in place, or takes its determinant alone; with half the work where A is hermitian and positive. `write` writes A once more. */
export function solveDense(A: DenseMatrix, only: boolean, write: () => void): Determinant {
  if (A.skewness() < ROUNDING) {
    try {
      return only ? A.factorHermitian() : A.invertHermitian();
    } catch (error) {
      if (!(error instanceof SolverError)) throw error;
      write();
    }
  }
  return only ? A.factor() : A.invert();
}

/** @throws SolverError for a phase that is not 1 where it must be. */
export function expectPositive(positive: boolean, phase: Determinant["phase"]): void {
  if (positive && !(phase[0] > 0 && Math.abs(phase[1]) < 1e-6))
    throw new SolverError(`logDet: the determinant has the phase ${phase[0].toFixed(6)}${phase[1] < 0 ? " -" : " +"} ${Math.abs(phase[1]).toFixed(6)} i, expected a positive one: its weight is no probability; use an even number of flavours`);
}

export function denseOf(rows: number, backend: DenseBackend): DenseMatrix {
  if (rows > LARGEST) throw new GeometryError(`logDet: the determinant needs a dense matrix of ${rows} rows, at most ${LARGEST} are supported: use pseudofermions or a smaller lattice`);
  return new DenseMatrix(rows, backend);
}

export class BlockDeterminant {
  readonly #a: Blocks;
  readonly #halves: boolean;
  readonly #dense: DenseMatrix;
  /** Rows of the dense part by site, -1 for sites that are eliminated. */
  readonly #row: Int32Array;
  /** Place of block (l, k) beside that of block (k, l). */
  readonly #mirror: Int32Array;
  /** K_lk at the place of A_kl. */
  readonly inverse: Float64Array;
  /** A_oo^{-1} of the sites that are eliminated; T_lk at the place of A_lk, and R_kl at that of A_kl. */
  readonly #sites: Float64Array;
  readonly #T: Float64Array;
  readonly #R: Float64Array;

  /** `halves`: odd sites are eliminated first. */
  constructor(a: Blocks, halves: boolean, parity: (site: number) => number, backend: DenseBackend) {
    this.#a = a;
    this.#halves = halves;
    this.#row = new Int32Array(a.sites.length).fill(-1);
    let rows = 0;
    a.sites.forEach((n, k) => {
      if (!halves || parity(n) === 0) this.#row[k] = rows++;
    });
    this.#dense = denseOf(rows * a.size, backend);
    this.inverse = new Float64Array(a.values.length);
    const work = halves ? a.values.length : 0;
    [this.#T, this.#R] = [new Float64Array(work), new Float64Array(work)];
    this.#sites = new Float64Array(halves ? 2 * a.size ** 2 * a.sites.length : 0);
    this.#mirror = new Int32Array(a.columns.length).fill(-1);
    a.sites.forEach((_, k) => {
      for (let p = a.first[k]!; p < a.first[k + 1]!; p++) this.#mirror[p] = this.#find(a.columns[p]!, k);
    });
  }

  /** Place of the block (k, l). */
  #find(k: number, l: number): number {
    const { first, columns } = this.#a;
    for (let p = first[k]!; p < first[k + 1]!; p++) if (columns[p] === l) return p;
    return -1;
  }

  /** The determinant of the blocks as they are; unless `only`, `inverse` is written as well. */
  run(only: boolean): Determinant {
    const det = { logAbs: 0, re: 1, im: 0 };
    if (this.#halves) this.#eliminate(det);
    this.#write();
    const { logAbs, phase } = solveDense(this.#dense, only, () => this.#write());
    if (!only) {
      if (this.#halves) this.#substitute();
      else this.#copy();
    }
    return { logAbs: det.logAbs + logAbs, phase: [det.re * phase[0] - det.im * phase[1], det.re * phase[1] + det.im * phase[0]] };
  }

  /** A_oo^{-1}, T and R. */
  #eliminate(det: { logAbs: number; re: number; im: number }): void {
    const { first, columns, size: b, values } = this.#a;
    const [B, s] = [2 * b * b, 2 * b];
    this.#T.fill(0);
    this.#R.fill(0);
    for (let l = 0; l < this.#row.length; l++) {
      if (this.#row[l]! >= 0) continue;
      const [own, at] = [this.#find(l, l), B * l];
      this.#sites.set(values.subarray(B * own, B * (own + 1)), at);
      invertSmall(b, this.#sites, at, det);
      for (let p = first[l]!; p < first[l + 1]!; p++) {
        if (columns[p] === l) continue;
        const q = this.#mirror[p]!;
        addProduct(b, 1, this.#sites, at, s, values, B * p, s, this.#T, B * p, s);
        addProduct(b, 1, values, B * q, s, this.#sites, at, s, this.#R, B * q, s);
      }
    }
  }

  /** A, or S. */
  #write(): void {
    const { first, columns, size: b, values } = this.#a;
    const { data, stride } = this.#dense;
    const [B, s] = [2 * b * b, 2 * b];
    this.#dense.clear();
    for (let k = 0; k < this.#row.length; k++) {
      if (this.#row[k]! < 0) continue;
      for (let p = first[k]!; p < first[k + 1]!; p++) {
        const l = columns[p]!;
        if (this.#row[l]! >= 0) {
          const at = this.#at(k, l);
          for (let r = 0; r < b; r++) for (let c = 0; c < s; c++) data[at + 2 * r * stride + c]! += values[B * p + r * s + c]!;
          continue;
        }
        for (let q = first[l]!; q < first[l + 1]!; q++) {
          const m = columns[q]!;
          if (m !== l) addProduct(b, -1, values, B * p, s, this.#T, B * q, s, data, this.#at(k, m), 2 * stride);
        }
      }
    }
  }

  /** Place of a block in the dense matrix, in reals. */
  #at(k: number, l: number): number {
    return 2 * this.#a.size * (this.#row[k]! * this.#dense.stride + this.#row[l]!);
  }

  #copy(): void {
    const { first, columns } = this.#a;
    for (let k = 0; k < this.#row.length; k++) for (let p = first[k]!; p < first[k + 1]!; p++) this.#take(p, columns[p]!, k);
  }

  /** Block (l, k) of the dense inverse to the place p. */
  #take(p: number, l: number, k: number): void {
    const { size: b } = this.#a;
    const { data, stride } = this.#dense;
    const at = this.#at(l, k);
    for (let r = 0; r < b; r++) for (let c = 0; c < 2 * b; c++) this.inverse[2 * b * (p * b + r) + c] = data[at + 2 * r * stride + c]!;
  }

  /** Blocks of A^{-1} from those of X. */
  #substitute(): void {
    const { first, columns, size: b } = this.#a;
    const { data, stride } = this.#dense;
    const { inverse } = this;
    const [B, s] = [2 * b * b, 2 * b];
    inverse.fill(0);
    for (let k = 0; k < this.#row.length; k++) {
      const even = this.#row[k]! >= 0;
      for (let p = first[k]!; p < first[k + 1]!; p++) {
        const l = columns[p]!;
        if (l === k) continue;
        // K_lk with l odd and k even: -(T X)_lk; with l even and k odd: -(X R)_lk
        const odd = even ? l : k;
        for (let q = first[odd]!; q < first[odd + 1]!; q++) {
          const m = columns[q]!;
          if (m === odd) continue;
          if (even) addProduct(b, -1, this.#T, B * q, s, data, this.#at(m, k), 2 * stride, inverse, B * p, s);
          else addProduct(b, -1, data, this.#at(l, m), 2 * stride, this.#R, B * this.#mirror[q]!, s, inverse, B * p, s);
        }
      }
      const own = this.#find(k, k);
      if (even) {
        this.#take(own, k, k);
        continue;
      }
      // A_kk^{-1} - sum T_km (A^{-1})_mk
      inverse.set(this.#sites.subarray(B * k, B * (k + 1)), B * own);
      for (let q = first[k]!; q < first[k + 1]!; q++) if (columns[q] !== k) addProduct(b, -1, this.#T, B * q, s, inverse, B * q, s, inverse, B * own, s);
    }
  }
}
