/** The series of exp is long enough for its derivatives along several directions. */
import { expect, test } from "vitest";
import { Field, dexp, record, siteMatrixType } from "../../src/autograd/index.ts";
import { makeLattice } from "../../src/compiler/index.ts";

// for N = 1 everything commutes: E(A; X_1 .. X_k) = exp(A) X_1 .. X_k, and |A| = 1 is the largest that is not halved
for (const backend of ["js", "wasm", "interpret"] as const)
  test.each([1, 2, 3, 4])(`${backend}: N = 1 and %i directions`, (k) => {
    const L = makeLattice([2], { backend });
    const A = new Field(L, siteMatrixType(L, 1, true)).set(Float64Array.of(0, 1, 0, -0.999));
    const X = new Field(L, siteMatrixType(L, 1)).set(Float64Array.of(2, 0, 0.5, 0));
    const got = record((a, x) => dexp(a, ...Array.from({ length: k }, () => x)), A, X).run(A, X).toArray();
    [[1, 2], [-0.999, 0.5]].forEach(([phase, x], n) => {
      const size = x! ** k;
      expect(Math.abs(got[2 * n]! - size * Math.cos(phase!))).toBeLessThan(2e-15 * size);
      expect(Math.abs(got[2 * n + 1]! - size * Math.sin(phase!))).toBeLessThan(2e-15 * size);
    });
  });
