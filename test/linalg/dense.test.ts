/** Dense complex matrices against plain products: inverse, determinant, and the errors of matrices that have none. */
import { describe, expect, test } from "vitest";
import { SolverError } from "../../src/errors.ts";
import { type DenseBackend, DenseMatrix } from "../../src/linalg/index.ts";
import { determinant, matrix } from "../autograd/dense.ts";

const noise = (k: number): number => {
  const x = Math.sin((k + 1) * 12.9898) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
};

/** Entries in (-1, 1); hermitian ones with `shift` on the diagonal. */
function fill(A: DenseMatrix, hermitian: boolean, shift = 0): Float64Array {
  A.clear();
  for (let i = 0; i < A.n; i++)
    for (let j = 0; j < A.n; j++) {
      const [p, q] = [2 * (i * A.n + j), 2 * (j * A.n + i)];
      A.data[2 * (i * A.stride + j)] = hermitian ? noise(p) + noise(q) + (i === j ? shift : 0) : noise(p);
      A.data[2 * (i * A.stride + j) + 1] = hermitian ? noise(p + 1) - noise(q + 1) : noise(p + 1);
    }
  return A.data.slice();
}

/** Largest entry of A B - 1. */
function residual(A: Float64Array, B: DenseMatrix): number {
  const { n, stride } = B;
  let worst = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let [re, im] = [i === j ? -1 : 0, 0];
      for (let k = 0; k < n; k++) {
        const [p, q] = [2 * (i * stride + k), 2 * (k * stride + j)];
        re += A[p]! * B.data[q]! - A[p + 1]! * B.data[q + 1]!;
        im += A[p]! * B.data[q + 1]! + A[p + 1]! * B.data[q]!;
      }
      worst = Math.max(worst, Math.abs(re), Math.abs(im));
    }
  return worst;
}

for (const backend of ["wasm", "native"] as DenseBackend[])
  describe(backend, () => {
    test.each([1, 2, 7, 16, 17, 40, 133])("inverse in dimension %i, hermitian and not", (n) => {
      const A = new DenseMatrix(n, backend);
      const hermitian = fill(A, true, 4 * n);
      expect(A.skewness()).toBe(0);
      const whole = A.invertHermitian();
      expect(residual(hermitian, A)).toBeLessThan(1e-13);
      A.data.set(hermitian);
      expect(A.factorHermitian().logAbs).toBe(whole.logAbs);
      A.data.set(hermitian);
      expect(Math.abs(A.factor().logAbs - whole.logAbs)).toBeLessThan(1e-12 * n);
      const general = fill(A, false);
      if (n > 1) expect(A.skewness()).toBeGreaterThan(0.1);
      const det = A.invert();
      expect(residual(general, A)).toBeLessThan(1e-10);
      A.data.set(general);
      expect(A.factor()).toEqual(det);
    });
  });

test("the determinant of general matrices by expansion, with its phase", () => {
  for (let n = 1; n <= 6; n++) {
    const A = new DenseMatrix(n);
    const given = fill(A, false);
    const [re, im] = determinant(matrix(n, (i, j) => [given[2 * (i * A.stride + j)]!, given[2 * (i * A.stride + j) + 1]!]));
    const { logAbs, phase } = A.factor();
    expect(Math.abs(Math.exp(logAbs) * phase[0] - re)).toBeLessThan(1e-12);
    expect(Math.abs(Math.exp(logAbs) * phase[1] - im)).toBeLessThan(1e-12);
  }
});

test("products, and a matrix times a vector", () => {
  const [n, A, B] = [21, new DenseMatrix(21), new DenseMatrix(21)];
  const given = fill(A, false);
  B.data.set(given);
  B.invert();
  A.times(B);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(Math.abs(A.data[2 * (i * A.stride + j)]! - (i === j ? 1 : 0))).toBeLessThan(1e-11);
  const v = Float64Array.from({ length: 2 * n }, (_, k) => noise(k + 7));
  A.data.set(given);
  const back = B.apply(A.apply(v, new Float64Array(2 * n)), new Float64Array(2 * n));
  back.forEach((x, k) => expect(Math.abs(x - v[k]!)).toBeLessThan(1e-11));
});

test("singular and indefinite matrices are errors", () => {
  const A = new DenseMatrix(3);
  A.clear();
  expect(() => A.invert()).toThrow(SolverError);
  fill(A, true, -50);
  expect(() => A.invertHermitian()).toThrow(/pivot -/);
});
