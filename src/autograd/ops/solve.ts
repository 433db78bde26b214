/**
 * x = (A + shift)^{-1} b for an operator A given by its action, solved to a relative residual: hermitian positive ones by conjugate gradients, with or without
 * deflation, others by BiCGStab. Implicit rule: with l = (A + shift)^{-+} x', b' = l, and every field c inside A has c' = -(vjp of A[c] x)(l): the adjoint
 * system is solved in the same way, A^+ being the pullback of A. Nothing is differentiated through the iteration, and nothing with respect to the space that
 * deflation takes out, on which the solution does not depend. The solution is linear in b, so number and scalar factors of b are pulled out: an action
 * b^+ A^{-1} b and its force share one solve.
 */
import { CovarianceError, RecordingError } from "../../errors.ts";
import { pullback } from "../backward.ts";
import type { Op, SolveMethod, System, Samples } from "../op.ts";
import { inputOp, keptWhole } from "../program.ts";
import { type Attributes, type Matrix, type Program, type Real, Tape, type Traced, type Vector } from "../tape.ts";
import { realType, sameType, siteMatrixType, typeText, vectorType } from "../types.ts";
import { add, neg, scaleBy } from "./combine.ts";
import { factored } from "./factor.ts";
import { alias } from "./flow.ts";
import { adj } from "./adj.ts";
import { capture } from "./capture.ts";
import { mul } from "./mul.ts";
import { scale } from "./scale.ts";
import { shift } from "./shift.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** Solver settings: relative residual |r|/|b| to reach, and the number of iterations after which to give up. */
export interface SolveOptions<N extends number = number> {
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** A number that is added to A, not negative. Solves that differ in it only are done together, for the price of one, unless `deflation` or `mixed` is given. */
  readonly shift?: number;
  /** "cg" (default): conjugate gradients, A hermitian and positive. "bicgstab": stabilised biconjugate gradients (van der Vorst 1992), any A; no shift. */
  readonly method?: SolveMethod;
  /**
   * Vectors v_i, best the lowest eigenvectors of A (`lowModes`), whose space is solved exactly and kept out of the search (Saad et al. 2000): as many iterations
   * as the rest of the spectrum needs. Right for any linearly independent vectors. Costs an application for each of them, and an inner product an iteration.
   */
  readonly deflation?: readonly Vector<N>[];
  /** True: the iteration runs in single precision with reliable updates, residuals and solution are float64. Method "cg", no shift, no deflation, one sample. */
  readonly mixed?: boolean;
}

const system = (attributes: Attributes): System => ({
  operator: attributes["operator"] as Program,
  shift: attributes["shift"] as number,
  tolerance: attributes["tolerance"] as number,
  maxIterations: attributes["maxIterations"] as number,
  method: attributes["adjoint"] ? "bicgstab" : "cg",
  ...(attributes["adjoint"] ? { adjoint: attributes["adjoint"] as Program } : {}),
  modes: (attributes["modes"] as number | undefined) ?? 0,
  mixed: attributes["mixed"] === true,
});

/** (captured..., y) -> A^+ y of (captured..., x) -> A x. */
function adjointOf(operator: Program, { rules }: Tape): Program {
  const tape = new Tape(operator.lattice, rules);
  const inputs = operator.inputs.map((id) => tape.input(operator.nodes[id]!.type));
  const x = inputs[inputs.length - 1]!;
  const y = tape.input(x.type);
  const [back] = pullback(tape.inline(keptWhole(operator), inputs)[0]!, y, [x]);
  const program = tape.extract([...inputs.slice(0, -1), y].map((t) => t.id), [back!.id]);
  if (program.nodes.filter((n) => n.op === inputOp).length > program.inputs.length) throw new RecordingError("solve: the operator is not linear in its argument, expected A x");
  return program;
}

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
    const { operator, adjoint, modes } = system(attributes);
    const captured = inputs.slice(0, -1 - modes);
    const l = tape.apply(solveOp, [...inputs.slice(0, -1), cotangent], adjoint ? { ...attributes, operator: adjoint, adjoint: operator } : attributes);
    const wanted = captured.map((c, k) => ({ c: alias(c), k })).filter(({ k }) => needs[k]);
    const cs: (Traced | undefined)[] = inputs.slice(0, -1).map(() => undefined);
    if (wanted.length > 0) {
      const args = captured.map((c, k) => wanted.find((w) => w.k === k)?.c ?? c);
      const [ax] = tape.inline(operator, [...args, output]);
      pullback(ax!, l, wanted.map((w) => w.c)).forEach((ct, i) => {
        if (ct) cs[wanted[i]!.k] = neg(ct);
      });
    }
    return [...cs, needs[inputs.length - 1] ? l : undefined];
  },
};

export const solveSamples: Samples = (lattice, N) => {
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
    {
      label: "2 + s^2 of site scalars",
      inputs: [realType(), realType()],
      apply: ([s, b]) => solve((x) => add(scaleBy(2, x), scale(s as Real, scale(s as Real, x)), scaleBy(0.3, add(shift(x, 0, 1), shift(x, 0, -1)))), b as Real, { tolerance: 1e-14 }),
    },
    {
      label: "3 + A, not hermitian",
      inputs: [t, vectorType(lattice, N)],
      apply: ([a, b]) => solve((x) => add(scaleBy(3, x), mul(a as Matrix, x)), b as Vector, { tolerance: 1e-14, method: "bicgstab" }),
    },
    {
      label: "1 + A^+A without two vectors",
      inputs: [t, vectorType(lattice, N), vectorType(lattice, N), vectorType(lattice, N)],
      apply: ([a, b, v, w]) => solve((x) => add(x, mul(adj(a as Matrix), mul(a as Matrix, x))), b as Vector, { tolerance: 1e-14, deflation: [v as Vector, w as Vector] }),
    },
  ];
};

/** What does not go together. */
function expectMethod(b: Vector | Real, { method = "cg", shift = 0, deflation, mixed = false }: SolveOptions): void {
  guard("solve", { method: [method, is.oneOf("cg", "bicgstab")], mixed: [mixed, is.oneOf(true, false)], deflation: [deflation, is.optional(is.listOf(kind.vector))] });
  if (!(shift >= 0 && Number.isFinite(shift))) throw new RecordingError(`solve: got the shift ${shift}, expected a number that is not negative`);
  if (method === "bicgstab" && (shift > 0 || mixed || deflation?.length)) throw new RecordingError('solve: got method "bicgstab" with a shift, deflation or mixed, expected none of them: they belong to "cg"');
  if (b.type.kind === "real" && (method === "bicgstab" || deflation?.length)) throw new RecordingError(`solve: got a real field with ${method === "bicgstab" ? 'method "bicgstab"' : "deflation"}, expected conjugate gradients without deflation: these are for colour vectors`);
  if (mixed && (shift > 0 || deflation?.length)) throw new RecordingError("solve: got mixed with a shift or deflation, expected neither of them");
}

/**
 * (A + shift)^{-1} b. `operator` maps a vector to A times it; A must be hermitian and positive, or for method "bicgstab" have an inverse.
 * @throws RecordingError for a negative shift or options that do not go together, CovarianceError for vectors of another type, SolverError when a plan runs it
 * and the tolerance (between 0 and 1, default 1e-12 relative) is not reached in maxIterations (default 5000).
 */
export function solve<N extends number>(operator: (x: Vector<N>) => Vector<N>, b: Vector<N>, options?: SolveOptions<N>): Vector<N>;
/** The same for a symmetric positive operator on real site scalars: conjugate gradients without deflation. */
export function solve(operator: (x: Real) => Real, b: Real, options?: Omit<SolveOptions, "method" | "deflation">): Real;
export function solve<F extends Vector | Real>(operator: (x: F) => F, b: F, options: SolveOptions = {}): F {
  guard("solve", { operator: [operator, is.callable], b: [b, kind.vectorOrReal], options: [options, is.keysOf("tolerance", "maxIterations", "shift", "method", "deflation", "mixed")] });
  const tape: Tape = b.tape;
  const { shift = 0, method = "cg", deflation = [], mixed = false } = options;
  guard("solve", { tolerance: [options.tolerance, is.optional(is.tolerance)], maxIterations: [options.maxIterations, is.optional(is.count)] });
  expectMethod(b, options);
  for (const v of deflation)
    if (!sameType(tape.lattice, v.type, b.type)) throw new CovarianceError(`solve: got deflation by ${typeText(tape.lattice, v.type)} for ${typeText(tape.lattice, b.type)}, expected vectors of the same type`);
  const x = alias(b as Traced) as F;
  const ax = operator(x) as Traced;
  guard("solve", { "what the operator returned": [ax, kind.vectorOrReal] });
  if (!sameType(tape.lattice, ax.type, b.type))
    throw new CovarianceError(`solve: the operator maps ${typeText(tape.lattice, b.type)} to ${typeText(tape.lattice, ax.type)}, expected the same type`);
  const captured = capture("solve", tape, x.id, ax.id);
  const program = tape.extract([...captured, x.id], [ax.id]);
  if (program.nodes.some((n) => n.op.role?.is === "samples")) throw new RecordingError("solve: the operator adds over the samples of a batch, expected one that acts on each sample by itself");
  return tape.apply(solveOp, [...captured.map((id) => tape.traced(id)), ...deflation, b], {
    operator: program,
    tolerance: options.tolerance ?? 1e-12,
    maxIterations: options.maxIterations ?? 5000,
    shift,
    ...(method === "bicgstab" ? { adjoint: adjointOf(program, tape) } : {}),
    ...(deflation.length > 0 ? { modes: deflation.length } : {}),
    ...(mixed ? { mixed } : {}),
  }) as F;
}
