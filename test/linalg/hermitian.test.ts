/** The eigenproblem behind one function: residuals and unitarity for matrices with and without structure. */
import { describe, expect, test } from "vitest";
import { HermitianEigenproblem } from "gaugegrad/linalg";
import { noise } from "../spins/fields.ts";

type Matrix = { readonly re: Float64Array; readonly im: Float64Array };

function matrix(n: number, entry: (i: number, j: number) => readonly [number, number]): Matrix {
  const [re, im] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [a, b] = entry(i, j);
      [re[i * n + j], im[i * n + j], re[j * n + i], im[j * n + i]] = [a, i === j ? 0 : b, a, i === j ? 0 : -b];
    }
  return { re, im };
}

const random = (n: number, salt: number): Matrix => {
  const x = noise(2 * n * n, salt);
  return matrix(n, (i, j) => [x[2 * (i * n + j)]!, x[2 * (i * n + j) + 1]!]);
};

const cases: readonly [string, number, Matrix][] = [
  ["one by one", 1, random(1, 1)],
  ["two by two", 2, random(2, 2)],
  ["random, 7", 7, random(7, 3)],
  ["random, 50", 50, random(50, 4)],
  ["zero", 5, matrix(5, () => [0, 0])],
  ["diagonal with equal entries", 6, matrix(6, (i, j) => [i === j ? i % 2 : 0, 0])],
  ["tridiagonal with phases", 9, matrix(9, (i, j) => (i === j + 1 ? [0.6, 0.8] : [0, 0]))],
  ["rank one: n - 1 equal levels", 12, matrix(12, (i, j) => [Math.cos(i - j), Math.sin(i - j)])],
  ["entries of very different size", 8, matrix(8, (i, j) => [10 ** -(i + j), 10 ** -(2 * i)])],
];

function load(problem: HermitianEigenproblem, { re, im }: Matrix): void {
  problem.re.set(re);
  problem.im.set(im);
}

describe.each(cases)("%s", (_name, n, A) => {
  const problem = new HermitianEigenproblem(n);
  test("A v = lambda v, the vectors are unitary", () => {
    load(problem, A);
    const values = problem.decompose();
    const { vectorsRe: x, vectorsIm: y } = problem;
    const size = Math.max(1e-300, ...A.re.map(Math.abs), ...A.im.map(Math.abs)) * n;
    for (let m = 0; m < n; m++)
      for (let i = 0; i < n; i++) {
        let [re, im] = [-values[m]! * x[m * n + i]!, -values[m]! * y[m * n + i]!];
        for (let j = 0; j < n; j++) {
          re += A.re[i * n + j]! * x[m * n + j]! - A.im[i * n + j]! * y[m * n + j]!;
          im += A.re[i * n + j]! * y[m * n + j]! + A.im[i * n + j]! * x[m * n + j]!;
        }
        expect(Math.hypot(re, im)).toBeLessThan(2e-15 * size);
        let [gRe, gIm] = [m === i ? -1 : 0, 0];
        for (let j = 0; j < n; j++) {
          gRe += x[m * n + j]! * x[i * n + j]! + y[m * n + j]! * y[i * n + j]!;
          gIm += x[m * n + j]! * y[i * n + j]! - y[m * n + j]! * x[i * n + j]!;
        }
        expect(Math.hypot(gRe, gIm)).toBeLessThan(2e-15 * (n + 4));
      }
  });
  test("eigenvalues alone are the same; trace and norm are kept", () => {
    load(problem, A);
    const all = Float64Array.from(problem.decompose());
    load(problem, A);
    expect([...problem.eigenvalues()]).toEqual([...all]);
    let [trace, norm] = [0, 0];
    for (let i = 0; i < n; i++) trace += A.re[i * n + i]!;
    for (let k = 0; k < n * n; k++) norm += A.re[k]! ** 2 + A.im[k]! ** 2;
    expect(Math.abs(all.reduce((s, E) => s + E, 0) - trace)).toBeLessThanOrEqual(1e-14 * n * Math.sqrt(norm + 1e-300));
    expect(Math.abs(all.reduce((s, E) => s + E * E, 0) - norm)).toBeLessThanOrEqual(1e-14 * n * norm);
  });
});

test("numbers that are not finite are refused", () => {
  const problem = new HermitianEigenproblem(4);
  problem.re.fill(Number.NaN);
  expect(() => problem.eigenvalues()).toThrow(/did not converge/);
});
