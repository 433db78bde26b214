/** What a force has of an exponential of su(3), made as one function: equal to the derivative that is projected afterwards, for exponents of any length. */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type Links, type Scalar, adj, exp, mul, record, scaleBy, staples, ta, valueAndGrad } from "../../src/index.ts";
import { closedFormLinks, lattice } from "../../src/gauge/index.ts";
import { nativeMissing } from "./backends.ts";
import { plaquettes } from "./programs.ts";

const missing = nativeMissing();
if (missing) console.log(`native kernels skipped: ${missing}`);

describe.skipIf(missing !== undefined)("native", () => {
  const step = (rho: number) => (U: Links): Links => U.map((mu) => mul(exp(ta(scaleBy(rho, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  const force = (backend: "native" | "interpret", rho: number): { readonly numbers: readonly number[]; readonly text: string } => {
    const U = closedFormLinks(lattice([4, 4], { backend }), 3, 0.9);
    const plan = record((V: Links) => valueAndGrad((W: Links): Scalar => plaquettes(step(rho)(W)))(V) as never, U);
    const { value, grad } = plan.run(U) as unknown as { readonly value: number; readonly grad: AlgebraField };
    return { numbers: [value, ...grad.fields.flatMap((f) => [...f.toArray()])], text: backend === "native" ? plan.describe() : "" };
  };

  // exponents below 1 everywhere; of some sites only; of hardly any
  test.each([0.1, 0.7, 4])("forces are those of the interpreter, rho = %d", (rho) => {
    const [a, b] = [force("native", rho), force("interpret", rho)];
    expect(a.text).toContain("dexpTa(");
    expect(a.text).not.toMatch(/exp\(\S+, /);
    const size = b.numbers.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    b.numbers.forEach((x, k) => expect(Math.abs(x - a.numbers[k]!)).toBeLessThan(2e-13 * size));
  });
});
