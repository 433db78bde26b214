/** C = v w^+ for colour vectors, summed over spin: a path from v's site to w's site. Rule: v' = C' w, w' = C'^+ v. */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps } from "../site.ts";
import type { Matrix, Traced, Vector } from "../tape.ts";
import { type VectorType, spinOf, typeText, vectorType } from "../types.ts";
import { adj } from "./adj.ts";
import { factored } from "./factor.ts";
import { jointDomain } from "./domain.ts";
import { scale, scaleOp } from "./scale.ts";

export const outerOp: Op = {
  name: "outer",
  infer([v, w], _attributes, lattice) {
    if (v!.kind !== "vector" || w!.kind !== "vector" || v!.N !== w!.N || spinOf(v!) !== spinOf(w!))
      throw new CovarianceError(`outer: got ${typeText(lattice, v!)} and ${typeText(lattice, w!)}, expected two vectors of the same N and spin`);
    if (v!.boundary.some((s, mu) => s !== w!.boundary[mu]))
      throw new CovarianceError(`outer: got boundary signs (${v!.boundary.join(",")}) and (${w!.boundary.join(",")}), expected equal ones: the product would not be periodic`);
    return { kind: "matrix", N: v!.N, start: v!.at, end: w!.at, domain: jointDomain("outer", v!, w!), algebra: false };
  },
  simplify(tape, [v, w]) {
    for (const [x, y, first] of [[v!, w!, true], [w!, v!, false]] as const) {
      const n = tape.node(x.id);
      const joined = (id: number): Traced => (first ? outer(tape.traced(id) as Vector, y as Vector) : outer(y as Vector, tape.traced(id) as Vector));
      const outside = factored(tape, x, (y2) => joined(y2.id));
      if (outside) return outside;
      if (n.op === scaleOp && tape.node(n.inputs[0]!).type.kind !== "complex") return scale(tape.traced(n.inputs[0]!) as never, joined(n.inputs[1]!) as never);
    }
    return undefined;
  },
  vjp: ({ inputs: [v, w], cotangent: c, needs }) => [
    needs[0] ? c.tape.rules.mul(c, w!) : undefined,
    needs[1] ? c.tape.rules.mul(adj(c as Matrix), v!) : undefined,
  ],
  site(b, [v, w], _attributes, types) {
    const { N } = types[0] as VectorType;
    const spin = spinOf(types[0] as VectorType);
    const c = complexOps(b);
    return c.flat(
      Array.from({ length: N * N }, (_, k) => {
        const [i, j] = [Math.floor(k / N), k % N];
        let s = c.mul(c.of(v!, i * spin), c.conj(c.of(w!, j * spin)));
        for (let e = 1; e < spin; e++) s = c.fma(c.of(v!, i * spin + e), c.conj(c.of(w!, j * spin + e)), s);
        return s;
      }),
    );
  },
  cost: ([v]) => (8 * spinOf(v as VectorType) - 2) * (v as VectorType).N ** 2,
};

export const outerSamples: Samples = (lattice, N) => [
  { label: "two spinors", inputs: [vectorType(lattice, N, { spin: 3 }), vectorType(lattice, N, { spin: 3 })], apply: ([v, w]) => outer(v as Vector, w as Vector) },
  { label: "two vectors", inputs: [vectorType(lattice, N), vectorType(lattice, N)], apply: ([v, w]) => outer(v as Vector, w as Vector) },
];

/** v w^+: a matrix field from the site of v to the site of w. */
export function outer<N extends number>(v: Vector<N>, w: Vector<NoInfer<N>>): Matrix<N> {
  return applyOp("outer", outerOp, [v, w]) as Matrix<N>;
}
