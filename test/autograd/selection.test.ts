/** What `where` and `mask` do not take is not read: infinities and NaN stay out of values, gradients and second derivatives. */
import { describe, expect, test } from "vitest";
import {
  type Field, type LatticeOptions, type Matrix, type MatrixType, type Real, type Scalar, add, constantReal, divide, grad, hvp, lattice, log, mask, merge, mul, polar, reTrace, record, restrict, scale, scaleBy, shift, sqrt, sub, sum, ta, valueAndGrad, where,
} from "gaugegrad";
import { Field as FieldOf, realType, siteMatrixType } from "gaugegrad/autograd";
import { nativeMissing } from "../compiler/backends.ts";

const backends: LatticeOptions[] = [{ backend: "js" }, { backend: "wasm" }, ...(nativeMissing() ? [] : [{ backend: "native" as const }])];

for (const options of backends)
  describe(options.backend!, () => {
    const geo = lattice([4, 2], options);
    // half of the sites hold what the function has no value for
    const x = new FieldOf(geo, realType()).set(Float64Array.of(-1, 2, 0, 0.5, 3, -7, 0, 1.5));
    const taken = x.toArray().map((v) => (v > 0 ? 1 : 0));
    const zero = (r: Real): Real => constantReal(r.tape, "zero", () => 0);

    test("logarithm and quotient", () => {
      const S = (r: Real): Scalar => sum(where(r, add(log(r), divide(constantReal(r.tape, "one", () => 1), r)), scaleBy(3, r)));
      const { value, grad: g } = valueAndGrad(S)(x) as unknown as { value: number; grad: Field };
      const v = [...x.toArray()];
      expect(value).toBeCloseTo(v.reduce((s, y) => s + (y > 0 ? Math.log(y) + 1 / y : 3 * y), 0), 13);
      g.toArray().forEach((d, n) => expect(d).toBeCloseTo(v[n]! > 0 ? 1 / v[n]! - 1 / v[n]! ** 2 : 3, 13));
      const h = hvp(S)(x, x) as unknown as Field;
      h.toArray().forEach((d, n) => expect(d).toBeCloseTo(v[n]! > 0 ? -1 / v[n]! + 2 / v[n]! ** 2 : 0, 13));
    });

    test("a NaN as condition takes the second value", () => {
      const y = record((r: Real) => where(sqrt(r), r, zero(r)), x).run(x) as unknown as Field;
      expect([...y.toArray()]).toEqual([...x.toArray()].map((v) => (v > 0 ? v : 0)));
    });

    test("weights, shifts and values used twice", () => {
      const S = (p: { r: Real; w: Scalar }): Scalar => {
        const l = shift(log(p.r), 0, 1);
        const here = shift(p.r, 0, 1);
        const first = where(here, scale(p.w, l), zero(p.r));
        return sum(add(first, where(sub(here, constantReal(p.r.tape, "one", () => 1)), mul2(l), zero(p.r))));
      };
      const mul2 = (a: Real): Real => scale(a, a);
      const g = grad(S)({ r: x, w: 0.7 }) as unknown as { r: Field; w: number };
      const v = [...x.toArray()];
      expect(g.w).toBeCloseTo(v.reduce((s, y) => s + (y > 0 ? Math.log(y) : 0), 0), 13);
      g.r.toArray().forEach((d, n) => expect(d).toBeCloseTo(v[n]! > 0 ? 0.7 / v[n]! + (v[n]! > 1 ? (2 * Math.log(v[n]!)) / v[n]! : 0) : 0, 13));
    });

    test("masks: polar parts of singular matrices", () => {
      const N = 2;
      const m = new FieldOf(geo, siteMatrixType(geo, N)).set(Float64Array.from({ length: 8 * geo.volume }, (_, k) => taken[Math.floor(k / 8)]! * Math.sin(k + 1)));
      const S = (a: Matrix): Scalar => sum(reTrace(mul(mask(polar(a), "regular", (c) => taken[geo.site(c)] === 1), a)));
      const { value, grad: g } = valueAndGrad(S)(m) as unknown as { value: number; grad: Field };
      expect(Number.isFinite(value)).toBe(true);
      g.toArray().forEach((d, k) => (taken[Math.floor(k / 8)] === 1 ? expect(Math.abs(d)).toBeGreaterThan(0) : expect(d).toBe(0)));
    });
  
    test("joined parities are in the algebra where both are", () => {
      for (const whole of [true, false]) {
        const values = Float64Array.from({ length: 8 * geo.volume }, (_, k) => Math.sin(k + 1));
        const [even, odd] = [true, whole].map((algebra) => record((a: Matrix) => (algebra ? ta(a) : a), new FieldOf(geo, siteMatrixType(geo, 2)).set(values)).run(new FieldOf(geo, siteMatrixType(geo, 2)).set(values)) as unknown as Field);
        const joined = record((a: Matrix, b: Matrix) => merge(restrict(a, "even"), restrict(b, "odd")), even as never, odd as never).run(even as never, odd as never) as unknown as Field<MatrixType>;
        expect(joined.type.algebra).toBe(whole);
        const parts = record((a: Matrix) => ta(a), joined as never).run(joined as never) as unknown as Field;
        const all = record((a: Matrix) => ta(a), odd as never).run(odd as never) as unknown as Field;
        parts.toArray().forEach((v, k) => expect(v).toBeCloseTo((geo.parity(Math.floor(k / 8)) === 0 ? even! : all).toArray()[k]!, 14));
      }
    });
  });
