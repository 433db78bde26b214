/** The derivative of exp in su(3) along any matrix X, against the upper right block of exp of (A X; 0 A). */
import { describe, expect, test } from "vitest";
import { Field, dexp, record, siteMatrixType } from "../../src/autograd/index.ts";
import { makeLattice } from "../../src/compiler/index.ts";

type Z = readonly [re: number, im: number];
type Rows = readonly (readonly Z[])[];
const map = (a: Rows, f: (z: Z, i: number, j: number) => Z): Rows => a.map((row, i) => row.map((z, j) => f(z, i, j)));
const times = (a: Rows, b: Rows): Rows => map(a, (_, i, j) => a[i]!.reduce<Z>(([re, im], [x, y], k) => { const [u, v] = b[k]![j]!; return [re + x * u - y * v, im + x * v + y * u]; }, [0, 0]));

/** exp by the Taylor series of a matrix halved until it is small. */
function exponential(a: Rows): Rows {
  const norm = Math.hypot(...a.flat(2));
  const s = Math.max(0, Math.ceil(Math.log2(8 * norm)));
  const small = map(a, ([x, y]) => [x * 2 ** -s, y * 2 ** -s]);
  const one = map(a, (_, i, j) => [i === j ? 1 : 0, 0]);
  let sum = one;
  for (let n = 16; n >= 1; n--) {
    const p = times(small, sum);
    sum = map(p, ([x, y], i, j) => [one[i]![j]![0] + x / n, y / n]);
  }
  for (let k = 0; k < s; k++) sum = times(sum, sum);
  return sum;
}

/** Numbers without structure. */
const noise = (n: number): number => Math.sin(12.9 * n + 1.7 * Math.cos(n));
/** Norms of A: far below, around and above that at which it is halved. */
const NORMS = [0, 1e-9, 0.2, 0.99, 1.01, 3, 7.7, 40];

function algebra(norm: number, site: number, diagonal: boolean): Rows {
  const [x, y] = [noise(7 + site), diagonal ? noise(7 + site) : noise(8 + site)];
  const d = [x, y, -x - y];
  const above = [1, 2, 5].map((k): Z => (diagonal ? [0, 0] : [noise(20 * k + site), noise(20 * k + site + 9)]));
  const raw = Array.from({ length: 3 }, (_, i) => Array.from({ length: 3 }, (__, j): Z => { const z = above[i + j - 1]!; return i === j ? [0, d[i]!] : i < j ? z : [-z[0], z[1]]; }));
  const size = Math.hypot(...raw.flat(2));
  return map(raw, ([re, im]) => [(norm * re) / size, (norm * im) / size]);
}

describe.each(["js", "wasm"] as const)("%s", (backend) => {
  test.each([["distinct eigenvalues", false], ["two equal eigenvalues", true]] as const)("%s", (_, diagonal) => {
    const L = makeLattice([NORMS.length], { backend });
    const A = NORMS.map((norm, n) => algebra(norm, n, diagonal));
    const X = NORMS.map((__, n): Rows => map(A[0]!, (___, i, j) => [noise(100 * n + 3 * i + j), noise(100 * n + 3 * i + j + 50)]));
    const field = (values: readonly Rows[], alg: boolean): Field => new Field(L, siteMatrixType(L, 3, alg)).set(Float64Array.from(values.flat(3)));
    const got = record((a, x) => dexp(a as never, x as never), field(A, true), field(X, false)).run(field(A, true), field(X, false)).toArray();
    NORMS.forEach((norm, n) => {
      const block = exponential(Array.from({ length: 6 }, (__, i) => Array.from({ length: 6 }, (___, j): Z => (i >= 3 && j < 3 ? [0, 0] : i < 3 && j >= 3 ? X[n]![i]![j - 3]! : A[n]![i % 3]![j % 3]!))));
      const expected = block.slice(0, 3).flatMap((row) => row.slice(3).flat());
      // halvings double the rounding of what is halved
      expected.forEach((x, k) => expect(Math.abs(got[18 * n + k]! - x)).toBeLessThan(2e-14 * Math.max(1, norm)));
    });
  });
});
