/**
 * Dense matrices of the staggered operator on even sites, for what an expectation over pseudofermions needs exactly. With SU(2) links each block
 * of two colours is a quaternion, [[z, -w*], [w, z*]]: half the arithmetic of complex matrices of twice the dimension.
 */
import { type Lattice, type LinkField, type Links, type Scalar, type Vector, Field, SU, cold, record, staggeredNormal, staggeredType } from "gaugegrad";

/** An n x n matrix of quaternions (re z, im z, re w, im w), row by row: a complex matrix of dimension 2n. */
export class Matrix {
  readonly n: number;
  readonly data: Float64Array;

  constructor(n: number, data: Float64Array = new Float64Array(4 * n * n)) {
    this.n = n;
    this.data = data;
  }

  /** Of the complex matrix. */
  get dimension(): number {
    return 2 * this.n;
  }

  /** This + x. */
  plus(x: number): Matrix {
    const data = Float64Array.from(this.data);
    for (let i = 0; i < this.n; i++) data[4 * i * (this.n + 1)]! += x;
    return new Matrix(this.n, data);
  }

  /** x times this + y times B. */
  combined(x: number, B: Matrix, y: number): Matrix {
    return new Matrix(this.n, this.data.map((v, k) => x * v + y * B.data[k]!));
  }

  /** The product with B; zeros of this matrix cost nothing. */
  times(B: Matrix): Matrix {
    const { n, data: A } = this;
    const C = new Matrix(n);
    for (let i = 0; i < n; i++)
      for (let k = 0; k < n; k++) {
        const [zr, zi, wr, wi] = quaternion(A, i * n + k);
        if (zr === 0 && zi === 0 && wr === 0 && wi === 0) continue;
        for (let j = 0, a = 4 * i * n, b = 4 * k * n; j < n; j++, a += 4, b += 4) {
          const [xr, xi, yr, yi] = [B.data[b]!, B.data[b + 1]!, B.data[b + 2]!, B.data[b + 3]!];
          C.data[a]! += zr * xr - zi * xi - wr * yr - wi * yi;
          C.data[a + 1]! += zr * xi + zi * xr - wr * yi + wi * yr;
          C.data[a + 2]! += wr * xr - wi * xi + zr * yr + zi * yi;
          C.data[a + 3]! += wr * xi + wi * xr + zr * yi - zi * yr;
        }
      }
    return C;
  }

  /** The inverse of a hermitian positive matrix, through A = L L^+ and A^{-1} = L^{-+} L^{-1}. @throws RangeError when it is not positive. */
  inverse(): Matrix {
    const { n } = this;
    const L = this.#cholesky();
    // row j holds column j of L^{-1}, so that every sum runs over neighbours
    const W = new Float64Array(4 * n * n);
    for (let j = 0; j < n; j++)
      for (let k = j; k < n; k++) {
        let [zr, zi, wr, wi] = [k === j ? 1 : 0, 0, 0, 0];
        for (let l = j, a = 4 * (k * n + j), b = 4 * (j * n + j); l < k; l++, a += 4, b += 4) {
          const [pr, pi, qr, qi] = [L[a]!, L[a + 1]!, L[a + 2]!, L[a + 3]!];
          const [xr, xi, yr, yi] = [W[b]!, W[b + 1]!, W[b + 2]!, W[b + 3]!];
          zr -= pr * xr - pi * xi - qr * yr - qi * yi;
          zi -= pr * xi + pi * xr - qr * yi + qi * yr;
          wr -= qr * xr - qi * xi + pr * yr + pi * yi;
          wi -= qr * xi + qi * xr + pr * yi - pi * yr;
        }
        const d = 1 / L[4 * k * (n + 1)]!;
        put(W, j * n + k, zr * d, zi * d, wr * d, wi * d);
      }
    const inverse = new Matrix(n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let [zr, zi, wr, wi] = [0, 0, 0, 0];
        for (let k = i, a = 4 * (i * n + i), b = 4 * (j * n + i); k < n; k++, a += 4, b += 4) {
          // the adjoint of (z, w) is (z*, -w)
          const [pr, pi, qr, qi] = [W[a]!, -W[a + 1]!, -W[a + 2]!, -W[a + 3]!];
          const [xr, xi, yr, yi] = [W[b]!, W[b + 1]!, W[b + 2]!, W[b + 3]!];
          zr += pr * xr - pi * xi - qr * yr - qi * yi;
          zi += pr * xi + pi * xr - qr * yi + qi * yr;
          wr += qr * xr - qi * xi + pr * yr + pi * yi;
          wi += qr * xi + qi * xr + pr * yi - pi * yr;
        }
        put(inverse.data, i * n + j, zr, zi, wr, wi);
        put(inverse.data, j * n + i, zr, -zi, -wr, -wi);
      }
    return inverse;
  }

  #cholesky(): Float64Array {
    const { n } = this;
    const L = new Float64Array(4 * n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let [zr, zi, wr, wi] = quaternion(this.data, i * n + j);
        for (let k = 0, a = 4 * i * n, b = 4 * j * n; k < j; k++, a += 4, b += 4) {
          const [pr, pi, qr, qi] = [L[a]!, L[a + 1]!, L[a + 2]!, L[a + 3]!];
          const [xr, xi, yr, yi] = [L[b]!, -L[b + 1]!, -L[b + 2]!, -L[b + 3]!];
          zr -= pr * xr - pi * xi - qr * yr - qi * yi;
          zi -= pr * xi + pi * xr - qr * yi + qi * yr;
          wr -= qr * xr - qi * xi + pr * yr + pi * yi;
          wi -= qr * xi + qi * xr + pr * yi - pi * yr;
        }
        if (i === j && !(zr > 0)) throw new RangeError(`inverse: pivot ${zr} in row ${i}, expected a positive number: the matrix is not positive`);
        const d = 1 / L[4 * j * (n + 1)]!;
        if (i === j) put(L, i * n + j, Math.sqrt(zr), 0, 0, 0);
        else put(L, i * n + j, zr * d, zi * d, wr * d, wi * d);
      }
    return L;
  }
}

const quaternion = (data: Float64Array, at: number): [number, number, number, number] => [data[4 * at]!, data[4 * at + 1]!, data[4 * at + 2]!, data[4 * at + 3]!];

function put(data: Float64Array, at: number, zr: number, zi: number, wr: number, wi: number): void {
  data[4 * at] = zr;
  data[4 * at + 1] = zi;
  data[4 * at + 2] = wr;
  data[4 * at + 3] = wi;
}

/** Tr A of the complex matrix; it is real. */
export function trace({ n, data }: Matrix): number {
  let s = 0;
  for (let i = 0; i < n; i++) s += 2 * data[4 * i * (n + 1)]!;
  return s;
}

/** Tr A B. */
export function traceOfProduct({ n, data }: Matrix, B: Matrix): number {
  let s = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0, a = 4 * i * n, b = 4 * i; j < n; j++, a += 4, b += 4 * n)
      s += data[a]! * B.data[b]! - data[a + 1]! * B.data[b + 1]! - data[a + 2]! * B.data[b + 2]! - data[a + 3]! * B.data[b + 3]!;
  return 2 * s;
}

/** The even sites of a lattice: rows and columns. */
export const evenSites = (lattice: Lattice): Int32Array => Int32Array.from(Array.from({ length: lattice.volume }, (_, s) => s).filter((s) => lattice.parity(s) === 0));

/** -D^2 on even sites of a lattice, antiperiodic in time. */
export function minusDSquaredOn(lattice: Lattice): (U: LinkField<2>) => Matrix {
  const x = new Field(lattice, staggeredType(lattice, 2, { domain: "even" }));
  const sites = evenSites(lattice);
  const n = sites.length;
  const [v, column] = [new Float64Array(4 * n), new Float64Array(4 * n)];
  const apply = record((V: Links<2>, chi: Vector<2>, m: Scalar) => staggeredNormal(V, chi, m), cold(lattice, SU(2)), x, 0);
  return (U) => {
    const A = new Matrix(n);
    for (let j = 0; j < n; j++) {
      // the first colour's column (z, w) says the second one
      v[4 * j] = 1;
      apply.run(U, x.writeSites(sites, v), 0).readSites(sites, column);
      v[4 * j] = 0;
      for (let i = 0; i < n; i++) A.data.set(column.subarray(4 * i, 4 * i + 4), 4 * (i * n + j));
    }
    return A;
  };
}
