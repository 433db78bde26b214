/** w = G v: a fixed complex matrix on the spin components of a vector, the same at every site and for every colour. Rule: v' = G^+ w'. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import { type C, complexOps } from "../site.ts";
import type { Vector } from "../tape.ts";
import { type VectorType, spinOf, typeText, vectorType } from "../types.ts";
import { factored } from "./factor.ts";
import { type Kind, guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** Rows of complex numbers [re, im]; as many rows as the result has spin components. */
export type SpinMatrix = readonly (readonly (readonly [re: number, im: number])[])[];

/** Rows of equal length of pairs of finite numbers. */
const spinMatrix: Kind = {
  text: "a matrix: rows of equal length of complex numbers [re, im]",
  holds: (x) => Array.isArray(x) && x.length > 0 && x.every((row) => Array.isArray(row) && row.length > 0 && row.length === x[0].length && row.every((z) => Array.isArray(z) && z.length === 2 && z.every(Number.isFinite))),
};

export const spinOp: Op = {
  name: "spin",
  infer([v], attributes, lattice) {
    const [rows, columns] = [attributes["rows"] as number, attributes["columns"] as number];
    if (v!.kind !== "vector" || spinOf(v!) !== columns) throw new CovarianceError(`spinMul: got ${typeText(lattice, v!)}, expected a vector with spin ${columns}, the number of columns of the matrix`);
    const { spin: _old, ...rest } = v!;
    return { ...rest, ...(rows > 1 && { spin: rows }) };
  },
  simplify: (tape, [v], attributes) => factored(tape, v!, (x) => tape.apply(spinOp, [x], attributes)),
  vjp: ({ cotangent, attributes }) => {
    const [rows, columns, G] = [attributes["rows"] as number, attributes["columns"] as number, attributes["entries"] as readonly number[]];
    const adjoint = Array.from({ length: columns }, (_r, c) => Array.from({ length: rows }, (_c, r): [number, number] => [G[2 * (r * columns + c)]!, -G[2 * (r * columns + c) + 1]!]));
    return [spinMul(cotangent as Vector, adjoint)];
  },
  site(b, [v], attributes, types) {
    const [rows, columns, G] = [attributes["rows"] as number, attributes["columns"] as number, attributes["entries"] as readonly number[]];
    const c = complexOps(b);
    /** g z, without arithmetic for 1, i, -1, -i. */
    const product = (re: number, im: number, z: C): C => {
      if (im === 0 && Math.abs(re) === 1) return re > 0 ? z : c.neg(z);
      if (re === 0 && Math.abs(im) === 1) return im > 0 ? { re: b.neg(z.im), im: z.re } : { re: z.im, im: b.neg(z.re) };
      return c.mul(c.constant(re, im), z);
    };
    const out: C[] = [];
    for (let a = 0; a < (types[0] as VectorType).N; a++)
      for (let r = 0; r < rows; r++) {
        let s: C | undefined;
        for (let k = 0; k < columns; k++) {
          const [re, im] = [G[2 * (r * columns + k)]!, G[2 * (r * columns + k) + 1]!];
          if (re === 0 && im === 0) continue;
          const term = product(re, im, c.of(v!, a * columns + k));
          s = s ? c.add(s, term) : term;
        }
        out.push(s ?? c.constant(0));
      }
    return c.flat(out);
  },
  cost: ([v], attributes) => 2 * (v as VectorType).N * (attributes["rows"] as number),
};

export const spinSamples: Samples = (lattice, N) => [
  {
    label: "two rows, three columns",
    inputs: [vectorType(lattice, N, { spin: 3 })],
    apply: ([v]) => spinMul(v as Vector, [[[0.3, 0.5], [0, -1], [0, 0]], [[1, 0], [0, 1], [-1, 0]]]),
  },
];

/** The spin components of v multiplied with a matrix. @throws CovarianceError when its columns are not v's spin components. */
export function spinMul<N extends number>(v: Vector<N>, matrix: SpinMatrix): Vector<N> {
  guard("spinMul", { v: [v, kind.vector], matrix: [matrix, spinMatrix] });
  return applyOp("spinMul", spinOp, [v], { rows: matrix.length, columns: matrix[0]!.length, entries: matrix.flat(2) }) as Vector<N>;
}
