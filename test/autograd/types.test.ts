/** What does not fit does not compile: transforms map traced to concrete types, arguments are tuples. Checked by the type checker, nothing runs but the assertions. */
import { expectTypeOf, test } from "vitest";
import { type AlgebraField, type Field, type LinkField, type Links, type Matrix, type MatrixType, type Real, type RealType, type Scalar, grad, hvp, jvp, record, valueAndGrad, vjp } from "../../src/autograd/index.ts";

declare const su2: LinkField<2>;
declare const su3: LinkField<3>;
declare const momenta: AlgebraField<3>;
declare const real: Field<RealType>;
declare const matrix: Field<MatrixType<3>>;
declare const S: (U: Links<3>) => Scalar;
declare const weighted: (U: Links<3>, beta: Scalar, r: Real) => Scalar;
declare const smear: (U: Links<3>) => Links<3>;
declare const parameters: (p: { rho: Scalar; w: readonly Scalar[] }, U: Links) => Scalar;

/** Never called. */
const compiled = () => {
  expectTypeOf(grad(S)(su3)).toEqualTypeOf<AlgebraField<3>>();
  expectTypeOf(valueAndGrad(S)(su3)).toEqualTypeOf<{ readonly value: number; readonly grad: AlgebraField<3> }>();
  expectTypeOf(grad(weighted)(su3, 6, real)).toEqualTypeOf<AlgebraField<3>>();
  expectTypeOf(grad(parameters)({ rho: 0.1, w: [1, 2] }, su2)).toEqualTypeOf<{ readonly rho: number; readonly w: readonly number[] }>();
  expectTypeOf(hvp(S)(su3, momenta)).toEqualTypeOf<AlgebraField<3>>();
  expectTypeOf(jvp(smear)(su3, momenta)).toEqualTypeOf<LinkField<3>>();
  expectTypeOf(vjp(smear)(su3, su3)).toEqualTypeOf<AlgebraField<3>>();
  expectTypeOf(record(weighted, su3, 6, real).run(su3, 5, real)).toEqualTypeOf<number>();
  // @ts-expect-error text is no link field
  grad(S)("hello");
  // @ts-expect-error SU(2) links for a function of SU(3) links
  grad(S)(su2);
  // @ts-expect-error an algebra field is no link field
  grad(S)(momenta);
  // @ts-expect-error one argument too many
  valueAndGrad(S)(su3, 6);
  // @ts-expect-error one argument is missing
  grad(weighted)(su3, 6);
  // @ts-expect-error the arguments are exchanged
  grad(weighted)(su3, real, 6);
  // @ts-expect-error a parameter has another name
  grad(parameters)({ rhe: 0.1, w: [1, 2] }, su2);
  // @ts-expect-error directions of differentiation are algebra fields
  hvp(S)(su3, su3);
  // @ts-expect-error directions of differentiation are algebra fields
  jvp(smear)(su3, su3);
  // @ts-expect-error the cotangent is of the type of the result
  vjp(smear)(su3, real);
  // @ts-expect-error the result is no scalar
  grad((m: Matrix<3>) => m)(matrix);
  // @ts-expect-error a plan takes what it was recorded with
  record(S, su3).run("hello");
  // @ts-expect-error a plan takes what it was recorded with
  record(S, su3).run(su2);
  // @ts-expect-error SU(2) links for a function of SU(3) links
  record(S, su2);
};

test("types of transforms", () => {
  expectTypeOf(compiled).toBeFunction();
});
