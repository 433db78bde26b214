/**
 * Batched products of complex n x m and m x p matrices, one pair for every site. No engine does them all well: only the node packages have
 * a complex type, batches of small matrices are slow on WebAssembly, and broadcasting is slow on the plain JavaScript engine.
 */
import { BackendError } from "../../errors.ts";
import type { Arrays, DeviceArray } from "./arrays.ts";
import { Numbers } from "./numbers.ts";

export type FormulationName = "complex" | "embedding" | "planes";

/** One way of multiplying complex matrices at every site with an engine's real arrays or its complex type. */
export interface Formulation {
  readonly name: FormulationName;
  /** Arrays are [sites, rows, columns], or else [rows, columns, sites]. */
  readonly sitesFirst: boolean;
  /** Complex numbers are the engine's own. */
  readonly packed: boolean;
  /** x y, with the adjoint of a factor where it is marked. */
  product(b: Arrays, x: Numbers, y: Numbers, adjointX?: boolean, adjointY?: boolean): Numbers;
}

/** The engine's own complex product. */
const complex: Formulation = {
  name: "complex",
  sitesFirst: true,
  packed: true,
  product(b, x, y, adjointX = false, adjointY = false) {
    if (!b.complex) throw new BackendError("tfjs: this engine has no complex matrix product: use another formulation");
    return Numbers.packed(b, b.complex.matMul(x.z, y.z, adjointX, adjointY));
  },
};

/** Real product [[A, -B], [B, A]] [[C], [D]] for (A + iB)(C + iD); the adjoint of the left factor is the transpose of its matrix. */
const embedding: Formulation = {
  name: "embedding",
  sitesFirst: true,
  packed: false,
  product(b, x, y, adjointX = false, adjointY = false) {
    const left = b.concat([b.concat([x.re, b.unary("neg", x.im)], 2), b.concat([x.im, x.re], 2)], 1);
    const c = b.matMul(left, adjointY ? b.concat([y.re, b.unary("neg", y.im)], 2) : b.concat([y.re, y.im], 1), adjointX, adjointY);
    const [V, n, p] = [c.shape[0]!, c.shape[1]! / 2, c.shape[2]!];
    return Numbers.of(b, b.slice(c, [0, 0, 0], [V, n, p]), b.slice(c, [0, n, 0], [V, n, p]));
  },
};

/** Sum over k of the outer product of column k of A and row k of B, each a plane of all sites; a column of an adjoint is a row, conjugate. */
const planes: Formulation = {
  name: "planes",
  sitesFirst: false,
  packed: false,
  product(b, x, y, adjointX = false, adjointY = false) {
    const V = x.shape[2]!;
    const m = x.shape[adjointX ? 0 : 1]!;
    const row = (z: DeviceArray, k: number): DeviceArray => b.slice(z, [k, 0, 0], [1, z.shape[1]!, V]);
    const column = (z: DeviceArray, k: number): DeviceArray => b.slice(z, [0, k, 0], [z.shape[0]!, 1, V]);
    const left = (z: DeviceArray, k: number): DeviceArray => (adjointX ? b.reshape(row(z, k), [z.shape[1]!, 1, V]) : column(z, k));
    const right = (z: DeviceArray, k: number): DeviceArray => (adjointY ? b.reshape(column(z, k), [1, z.shape[0]!, V]) : row(z, k));
    let sum: { re: DeviceArray; im: DeviceArray } | undefined;
    for (let k = 0; k < m; k++) {
      const [ar, ai, br, bi] = [left(x.re, k), left(x.im, k), right(y.re, k), right(y.im, k)];
      const times = (s: DeviceArray, t: DeviceArray): DeviceArray => b.binary("mul", s, t);
      // imaginary parts of adjoints are counted as they stand: re = rr -+ ii, im = +-ri +-ir
      const re = b.binary(adjointX === adjointY ? "sub" : "add", times(ar, br), times(ai, bi));
      const [ri, ir] = [times(ar, bi), times(ai, br)];
      const im = adjointX === adjointY ? b.binary("add", ri, ir) : adjointX ? b.binary("sub", ri, ir) : b.binary("sub", ir, ri);
      sum = sum ? { re: b.binary("add", sum.re, re), im: b.binary("add", sum.im, im) } : { re, im };
    }
    return Numbers.of(b, sum!.re, adjointX && adjointY ? b.unary("neg", sum!.im) : sum!.im);
  },
};

export const formulations: Readonly<Record<FormulationName, Formulation>> = { complex, embedding, planes };
