/** exp of one phase and its derivatives, against the cosine and the sine: for N = 1 everything commutes, E(A; X_1 .. X_k) = exp(A) X_1 .. X_k. */
import { describe, expect, test } from "vitest";
import { Field, dexp, exp, record, siteMatrixType } from "../../src/autograd/index.ts";
import { makeLattice } from "../../src/compiler/index.ts";

describe.each(["js", "wasm", "interpret"] as const)("%s", (backend) => {
  const L = makeLattice([2], { backend });
  const algebra = (x: number, y: number) => new Field(L, siteMatrixType(L, 1, true)).set(Float64Array.of(0, x, 0, y));

  // |A| = 1 is the largest that is not halved
  test.each([1, 2, 3, 4])("N = 1 and %i directions", (k) => {
    const A = algebra(1, -0.999);
    const X = new Field(L, siteMatrixType(L, 1)).set(Float64Array.of(2, 0, 0.5, 0));
    const got = record((a, x) => dexp(a, ...Array.from({ length: k }, () => x)), A, X).run(A, X).toArray();
    [[1, 2], [-0.999, 0.5]].forEach(([phase, x], n) => {
      const size = x! ** k;
      expect(Math.abs(got[2 * n]! - size * Math.cos(phase!))).toBeLessThan(2e-15 * size);
      expect(Math.abs(got[2 * n + 1]! - size * Math.sin(phase!))).toBeLessThan(2e-15 * size);
    });
  });

  // s squarings double the rounding of the phase s times
  test.each([0, 1e-9, 0.3, 0.9999, 1.0001, 3.1, 17.3, 1234.5, 6.5e6])("phases %f and its negative", (phase) => {
    const A = algebra(phase, -phase);
    const got = record((a) => exp(a), A).run(A).toArray();
    const bound = 1e-15 * Math.max(1, phase);
    for (const [n, x] of [phase, -phase].entries()) {
      expect(Math.abs(got[2 * n]! - Math.cos(x))).toBeLessThan(bound);
      expect(Math.abs(got[2 * n + 1]! - Math.sin(x))).toBeLessThan(bound);
    }
  });

  test("a phase without digits after the point has no value", () => {
    const A = algebra(2 ** 53, 1);
    expect(() => record((a) => exp(a), A).run(A)).not.toThrow();
    expect([...record((a) => exp(a), A).run(A).toArray()].slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
  });
});
