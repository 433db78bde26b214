/**
 * C + sum_k (+-) A_k B_k without storing the products: the form that sums of staples and of fermion hops take in a kernel.
 */
import { type MatrixType, type Op, type ValueType, complexOps, spinOf } from "../../autograd/index.ts";

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
    const out = Array.from({ length: N * columns }, (_, e) => {
      const [i, j] = [Math.floor(e / columns), e % columns];
      let s = c.of(x!, e);
      for (let k = 0; k < N; k++) {
        const a = c.of(y!, i * N + k);
        s = c.fma(negative ? c.neg(a) : a, c.of(z!, k * columns + j), s);
      }
      return s;
    });
    return c.flat(out);
  },
};
