/** Products at home are added in the kernel that makes their factors: fewer fields in memory, the same forces. */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type Links, type Scalar, add, adj, checkpoint, exp, mul, reTrace, record, scale, scaleBy, shift, sum, ta, valueAndGrad } from "../../src/autograd/index.ts";
import { closedFormLinks, lattice, staples } from "../../src/gauge/index.ts";
import { stout } from "../../src/models/index.ts";
import { nativeMissing } from "./backends.ts";
import { plaquettes, stoutStep } from "./programs.ts";

const layers = (n: number) => (U: Links): Scalar => plaquettes(Array.from({ length: n }).reduce((V: Links) => stoutStep(V), U));
type Result = { readonly value: number; readonly grad: AlgebraField };
const numbers = (r: Result): number[] => [r.value, ...r.grad.fields.flatMap((f) => [...f.toArray()])];
const missing = nativeMissing();
if (missing) console.log(`native kernels skipped: ${missing}`);

describe.skipIf(missing !== undefined)("native", () => {
  test("the force of a stout step keeps one field for all that stays at home", () => {
    const plan = record((V: Links) => valueAndGrad(layers(1))(V) as never, closedFormLinks(lattice([4, 4, 4, 4], { backend: "native" }), 3, 0.5));
    // smeared links, exponentials and staples; then Lambda times the links, and the terms at home
    expect(plan.peakFields).toBeLessThan(5.01);
    const stored = new Set([...plan.describe().split("kernel on ").at(-1)!.matchAll(/f(\d+)/g)].map((m) => m[1]));
    // four of each: links, Lambda times the links, terms at home, forces
    expect(stored.size).toBe(16);
  });

  const compare = <P>(N: number, S: (U: Links, p: P) => Scalar, p: P): void => {
    const [a, b] = (["native", "interpret"] as const).map((backend) => {
      const U = closedFormLinks(lattice([4, 4], { backend }), N, 0.6);
      return numbers(record(((V: Links, q: P) => valueAndGrad((W: Links) => S(W, q))(V)) as never, U as never, p as never).run(U as never, p as never) as unknown as Result);
    });
    const size = a!.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    a!.forEach((x, k) => expect(Math.abs(x - b![k]!)).toBeLessThan(1e-13 * size));
  };

  test.each([2, 3])("forces are those of the interpreter for N = %i and two steps with weights", (N) => {
    const layer = stout({ rho: 0.1 });
    compare(N, (U, p) => plaquettes(layer.forward(layer.forward(U, p as never), p as never)), layer.parameters);
  });

  test("and with checkpoints", () => compare(3, (U) => plaquettes(checkpoint(stoutStep as never)(checkpoint(stoutStep as never)(U as never) as never) as never), {}));

  test("and for sums inside of sums, negative, adjoint and with two scalars", () => {
    // the cotangent of V reaches U both as it is and through its adjoint, with factors outside
    compare(3, (U, p: { readonly a: number }) => {
      const V = U.map((mu) => mul(exp(ta(scaleBy(-0.2, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)) as Links;
      const W = V.map((mu) => add(scaleBy(-1.5, V[mu]!), scaleBy(0.25, mul(mul(V[mu]!, adj(U[mu]!)), U[mu]!)))) as Links;
      return sum(add(reTrace(mul(W[0]!, mul(shift(W[1]!, 0), adj(mul(W[1]!, shift(W[0]!, 1)))))), scale(p.a as never, reTrace(mul(W[0]!, adj(U[0]!))))));
    }, { a: 0.3 });
  });
});
