/** The eigenproblem behind one function: residuals and unitarity for matrices with and without structure. */
import { describe, expect, test } from "vitest";
import { HermitianEigenproblem, HermitianEigenvectors } from "gaugegrad/linalg";
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

/** A twice on the diagonal. */
const blocks = ({ re, im }: Matrix, m: number): Matrix => matrix(2 * m, (i, j) => (i < m === j < m ? [re[(i % m) * m + (j % m)]!, im[(i % m) * m + (j % m)]!] : [0, 0]));
/** Onto three plane waves. */
const projector = (n: number): Matrix =>
  matrix(n, (i, j) => {
    const waves = [1, 5, 20].map((k) => (2 * Math.PI * k * (i - j)) / n);
    return [waves.reduce((s, x) => s + Math.cos(x) / n, 0), waves.reduce((s, x) => s + Math.sin(x) / n, 0)];
  });

const cases: readonly [string, number, Matrix][] = [
  ["one by one", 1, random(1, 1)],
  ["two by two", 2, random(2, 2)],
  ["random, 7", 7, random(7, 3)],
  ["random, 50", 50, random(50, 4)],
  ["random, 97: three panels and one row", 97, random(97, 5)],
  ["random, 259: larger blocks of reflections", 259, random(259, 6)],
  ["zero", 5, matrix(5, () => [0, 0])],
  ["diagonal with equal entries", 6, matrix(6, (i, j) => [i === j ? i % 2 : 0, 0])],
  ["tridiagonal with phases", 9, matrix(9, (i, j) => (i === j + 1 ? [0.6, 0.8] : [0, 0]))],
  ["rank one: n - 1 equal levels", 12, matrix(12, (i, j) => [Math.cos(i - j), Math.sin(i - j)])],
  ["two equal blocks beside each other: every level twice", 68, blocks(random(34, 7), 34)],
  ["a projector of rank 3 and zeros in 70 dimensions", 70, projector(70)],
  ["entries of very different size", 8, matrix(8, (i, j) => [10 ** -(i + j), 10 ** -(2 * i)])],
];

describe.each(cases)("%s", (_name, n, A) => {
  const problem = new HermitianEigenvectors(n);
  const { data, stride, vectors: v } = problem;
  const load = (): void => {
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) data.set([A.re[i * n + j]!, A.im[i * n + j]!], 2 * (i * stride + j));
  };
  const size = [A.re, A.im].reduce((most, part) => part.reduce((x, y) => Math.max(x, Math.abs(y)), most), 1e-300) * n;

  test("A v = lambda v, the vectors are unitary, on memory that has been used", () => {
    load();
    const first = Float64Array.from(problem.decompose());
    load();
    const values = problem.decompose();
    expect([...values]).toEqual([...first]);
    let [residual, unitarity] = [0, 0];
    for (let m = 0; m < n; m++)
      for (let i = 0; i < n; i++) {
        const [x, y] = [2 * m * stride, 2 * i * stride];
        let [re, im] = [-values[m]! * v[x + 2 * i]!, -values[m]! * v[x + 2 * i + 1]!];
        let [gRe, gIm] = [m === i ? -1 : 0, 0];
        for (let j = 0; j < n; j++) {
          const [a, b] = [v[x + 2 * j]!, v[x + 2 * j + 1]!];
          re += A.re[i * n + j]! * a - A.im[i * n + j]! * b;
          im += A.re[i * n + j]! * b + A.im[i * n + j]! * a;
          gRe += a * v[y + 2 * j]! + b * v[y + 2 * j + 1]!;
          gIm += b * v[y + 2 * j]! - a * v[y + 2 * j + 1]!;
        }
        residual = Math.max(residual, Math.hypot(re, im));
        unitarity = Math.max(unitarity, Math.hypot(gRe, gIm));
      }
    expect(residual).toBeLessThan(2e-15 * size);
    expect(unitarity).toBeLessThan(2e-15 * (n + 4));
  });
  test("values alone, reduced row by row, are the same; trace and norm are kept", () => {
    load();
    const all = Float64Array.from(problem.decompose()).sort();
    const alone = new HermitianEigenproblem(n);
    alone.re.set(A.re);
    alone.im.set(A.im);
    alone.eigenvalues().sort().forEach((E, k) => expect(Math.abs(E - all[k]!)).toBeLessThanOrEqual(2e-15 * size));
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
  const both = new HermitianEigenvectors(40);
  both.data.fill(Number.NaN);
  expect(() => both.decompose()).toThrow(/did not converge/);
});
