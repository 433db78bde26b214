/** A site function that reads a negated product twice: in a sum, where it is fused, and once more by itself. */
import { expect, test } from "vitest";
import { Field, Plan, type Traced, applyOp, localOp, realType } from "../../src/autograd/index.ts";
import { lattice } from "../../src/gauge/index.ts";

const op = localOp({
  name: "test.sharedProduct",
  infer: () => realType(),
  forward(b, [x, y]) {
    const product = b.neg(b.mul(x!(0), y!(0)));
    // x x - x y, and x y again
    return [b.div(b.fma(x!(0), x!(0), product), product)];
  },
});

test.each(["js", "wasm"] as const)("%s", (backend) => {
  const L = lattice([4, 2], { backend });
  const [x, y] = [0, 1].map((k) => new Field(L, realType()).set(Float64Array.from({ length: 8 }, (_, n) => 1 + Math.sin(n + 5 * k) / 2)));
  const z = new Plan(((a: Traced, b: Traced) => applyOp("quotient", op, [a, b])) as never, [x, y] as readonly unknown[]).run(x, y) as unknown as Field;
  const [p, q] = [x!.toArray(), y!.toArray()];
  z.toArray().forEach((v, n) => expect(Math.abs(v - (1 - p[n]! / q[n]!))).toBeLessThan(1e-14));
});
