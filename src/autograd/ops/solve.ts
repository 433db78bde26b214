/**
 * x = (A + shift)^{-1} b for a hermitian positive operator A given by its action, solved by conjugate gradient to a relative residual.
 * Implicit rule: with l = (A + shift)^{-1} x', b' = l, and every field c inside A has c' = -(vjp of A[c] x)(l). Nothing is differentiated
 * through the iteration. The solution is linear in b, so number and scalar factors of b are pulled out: an action b^+ A^{-1} b
 * and its force share one solve.
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import { pullback } from "../backward.ts";
import type { Op, System } from "../op.ts";
import type { Attributes, Matrix, Program, Tape, Traced, Vector } from "../tape.ts";
import { type VectorType, sameType, siteMatrixType, typeText, vectorType } from "../types.ts";
import { add, neg, scaleBy } from "./combine.ts";
import { factored } from "./factor.ts";
import { alias } from "./flow.ts";
import { adj } from "./adj.ts";
import { capture } from "./capture.ts";
import { mul } from "./mul.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** Solver settings: relative residual |r|/|b| to reach, and the number of iterations after which to give up. */
export interface SolveOptions {
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** A number that is added to A, not negative. Solves that differ in it only are done together, for the price of one. */
  readonly shift?: number;
}

const system = (attributes: Attributes): System => ({
  operator: attributes["operator"] as Program,
  shift: attributes["shift"] as number,
  tolerance: attributes["tolerance"] as number,
  maxIterations: attributes["maxIterations"] as number,
});

export const solveOp: Op = {
  name: "solve",
  role: { is: "solve", system },
  infer(types) {
    return types[types.length - 1]!;
  },
  simplify(tape, inputs, attributes) {
    const b = inputs[inputs.length - 1]!;
    const captured = inputs.slice(0, -1);
    return factored(tape, b, (x) => tape.apply(solveOp, [...captured, x], attributes));
  },
  vjp: ({ inputs, output, cotangent, needs, attributes }) => {
    const tape = output.tape;
    const captured = inputs.slice(0, -1);
    const l = tape.apply(solveOp, [...captured, cotangent], attributes);
    const wanted = captured.map((c, k) => ({ c: alias(c), k })).filter(({ k }) => needs[k]);
    const cs: (Traced | undefined)[] = captured.map(() => undefined);
    if (wanted.length > 0) {
      const args = captured.map((c, k) => wanted.find((w) => w.k === k)?.c ?? c);
      const [ax] = tape.inline(system(attributes).operator, [...args, output]);
      pullback(ax!, l, wanted.map((w) => w.c)).forEach((ct, i) => {
        if (ct) cs[wanted[i]!.k] = neg(ct);
      });
    }
    return [...cs, needs[inputs.length - 1] ? l : undefined];
  },
  samples: (lattice, N) => {
    const t = siteMatrixType(lattice, N);
    return [
      {
        label: "1 + A^+A",
        inputs: [t, vectorType(lattice, N)],
        apply: ([a, b]) => solve((x) => add(x, mul(adj(a as Matrix), mul(a as Matrix, x))), b as Vector, { tolerance: 1e-14 }),
      },
      {
        label: "several shifts of A^+A",
        inputs: [t, vectorType(lattice, N)],
        apply: ([a, b]) => {
          const x = (shift: number): Vector => solve((v) => mul(adj(a as Matrix), mul(a as Matrix, v)), b as Vector, { tolerance: 1e-14, shift });
          return add(x(2), scaleBy(0.3, x(0.7)), scaleBy(-0.2, x(1.1)));
        },
      },
    ];
  },
};

/**
 * (A + shift)^{-1} b by conjugate gradient. `operator` maps a vector to A times it; A must be hermitian and positive.
 * @throws RecordingError for a negative shift, SolverError when a plan runs it and the tolerance (default 1e-12 relative) is not reached in maxIterations (default 5000).
 */
export function solve<N extends number>(operator: (x: Vector<N>) => Vector<N>, b: Vector<N>, options: SolveOptions = {}): Vector<N> {
  guard("solve", { operator: [operator, is.callable], b: [b, kind.vector], options: [options, is.keysOf("tolerance", "maxIterations", "shift")] });
  const tape: Tape = b.tape;
  const { shift = 0 } = options;
  guard("solve", { tolerance: [options.tolerance, is.optional(is.positive)], maxIterations: [options.maxIterations, is.optional(is.count)] });
  if (!(shift >= 0 && Number.isFinite(shift))) throw new RecordingError(`solve: got the shift ${shift}, expected a number that is not negative`);
  const x = alias(b);
  const ax = operator(x);
  guard("solve", { "what the operator returned": [ax, kind.vector] });
  if (!sameType(tape.lattice, ax.type, b.type))
    throw new CovarianceError(`solve: the operator maps ${typeText(tape.lattice, b.type)} to ${typeText(tape.lattice, ax.type)}, expected the same type`);
  const captured = capture("solve", tape, x.id, ax.id);
  const program = tape.extract([...captured, x.id], [ax.id]);
  if (program.nodes.some((n) => n.op.role?.is === "samples")) throw new RecordingError("solve: the operator adds over the samples of a batch, expected one that acts on each sample by itself");
  return tape.apply(solveOp, [...captured.map((id) => tape.traced(id)), b], {
    operator: program,
    tolerance: options.tolerance ?? 1e-12,
    maxIterations: options.maxIterations ?? 5000,
    shift,
  }) as Traced<VectorType<N>>;
}
