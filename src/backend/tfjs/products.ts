/**
 * Batched products of complex n x m and m x p matrices, one pair for every site. No engine does them all well: only the node packages have
 * a complex type, batches of small matrices are slow on WebAssembly, and broadcasting is slow on the plain JavaScript engine.
 */
import { BackendError } from "../../errors.ts";
import type { Arrays, DeviceArray, Pair } from "./arrays.ts";

export type FormulationName = "complex" | "embedding" | "planes";

/** One way of multiplying complex matrices at every site with an engine's real arrays or its complex type. */
export interface Formulation {
  readonly name: FormulationName;
  /** Arrays are [sites, rows, columns], or else [rows, columns, sites]. */
  readonly sitesFirst: boolean;
  product(b: Arrays, x: Pair, y: Pair): Pair;
}

/** The engine's own complex product. */
const complex: Formulation = {
  name: "complex",
  sitesFirst: true,
  product(b, x, y) {
    if (!b.complexMatMul) throw new BackendError("tfjs: this engine has no complex matrix product: use another formulation");
    return b.complexMatMul(x, y);
  },
};

/** Real product [[A, -B], [B, A]] [[C], [D]] for (A + iB)(C + iD). */
const embedding: Formulation = {
  name: "embedding",
  sitesFirst: true,
  product(b, x, y) {
    const [V, n, p] = [x.re.shape[0]!, x.re.shape[1]!, y.re.shape[2]!];
    const left = b.concat([b.concat([x.re, b.unary("neg", x.im!)], 2), b.concat([x.im!, x.re], 2)], 1);
    const c = b.matMul(left, b.concat([y.re, y.im!], 1));
    return { re: b.slice(c, [0, 0, 0], [V, n, p]), im: b.slice(c, [0, n, 0], [V, n, p]) };
  },
};

/** Sum over k of the outer product of column k of A and row k of B, each a plane of all sites. */
const planes: Formulation = {
  name: "planes",
  sitesFirst: false,
  product(b, x, y) {
    const [n, m, V] = x.re.shape as [number, number, number];
    const p = y.re.shape[1]!;
    let sum: { re: DeviceArray; im: DeviceArray } | undefined;
    for (let k = 0; k < m; k++) {
      const [ar, ai] = [x.re, x.im!].map((z) => b.slice(z, [0, k, 0], [n, 1, V])) as [DeviceArray, DeviceArray];
      const [br, bi] = [y.re, y.im!].map((z) => b.slice(z, [k, 0, 0], [1, p, V])) as [DeviceArray, DeviceArray];
      const times = (s: DeviceArray, t: DeviceArray): DeviceArray => b.binary("mul", s, t);
      const re = b.binary("sub", times(ar, br), times(ai, bi));
      const im = b.binary("add", times(ar, bi), times(ai, br));
      sum = sum ? { re: b.binary("add", sum.re, re), im: b.binary("add", sum.im, im) } : { re, im };
    }
    return sum!;
  },
};

export const formulations: Readonly<Record<FormulationName, Formulation>> = { complex, embedding, planes };
