/**
 * C + sum_k (+-) A_k B_k without storing the products: the form that sums of staples and of fermion hops take in a kernel.
 */
import type { Op } from "../autograd/op.ts";
import { complexOps } from "../autograd/site.ts";
import { type MatrixType, type ValueType, spinOf } from "../autograd/types.ts";

/** Inputs (C, A, B), attribute sign: C + sign A B for matrices, or a matrix and a vector. */
export const multiplyAdd: Op = {
  name: "multiplyAdd",
  infer: ([c]) => c!,
  vjp: () => [],
  site(b, [x, y, z], attributes, types: readonly ValueType[]) {
    const c = complexOps(b);
    const N = (types[1] as MatrixType).N;
    const columns = types[2]!.kind === "vector" ? spinOf(types[2]!) : N;
    const negative = attributes["sign"] === -1;
    const out = [];
    for (let i = 0; i < N; i++) {
      const row = Array.from({ length: columns }, (_, j) => c.of(x!, i * columns + j));
      for (let k = 0; k < N; k++) {
        const a = c.of(y!, i * N + k);
        for (let j = 0; j < columns; j++) row[j] = c.fma(negative ? c.neg(a) : a, c.of(z!, k * columns + j), row[j]!);
      }
      out.push(...row);
    }
    return c.flat(out);
  },
  samples: () => [],
};
