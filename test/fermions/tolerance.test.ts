/** A relative residual is below 1 or says nothing. */
import { describe, expect, test } from "vitest";
import { SU, type Vector, biCGStab, conjugateGradient, lattice, multiShiftConjugateGradient, pseudofermions, record, solve, staggered } from "gaugegrad";
import { Field, scaleBy, vectorType } from "../../src/autograd/index.ts";

describe("a tolerance at which zero would be a solution", () => {
  const L = lattice([2, 2]);
  const b = new Field(L, vectorType(L, 1)).set(new Float64Array(8).fill(1));
  const self = (x: Vector): Vector => scaleBy(2, x);
  const doors: Readonly<Record<string, (tolerance: number) => unknown>> = {
    solve: (tolerance) => record((v) => solve(self, v, { tolerance }), b),
    conjugateGradient: (tolerance) => conjugateGradient(self, b, { inputs: {}, tolerance }),
    multiShiftConjugateGradient: (tolerance) => multiShiftConjugateGradient(self, b, { inputs: {}, shifts: [0, 1], tolerance }),
    biCGStab: (tolerance) => biCGStab(self, b, { inputs: {}, tolerance }),
    pseudofermions: (tolerance) => pseudofermions(staggered({ mass: 1 }), { lattice: lattice([2, 2, 2, 2]), group: SU(2), flavours: 4, tolerance }),
  };
  test.each(Object.entries(doors))("%s refuses it", (_name, call) => {
    for (const tolerance of [-1e-12, 0, 1, 1e300, Number.NaN]) expect(() => call(tolerance)).toThrow(/got tolerance = .*, expected a number between 0 and 1/);
  });
});
