/** The solver of a system, by its method. */
import { BackendError, SolverError } from "../../errors.ts";
import type { SolveStep } from "../ir.ts";
import { ofSample } from "../sample-numbers.ts";
import { ConjugateGradient } from "./conjugate-gradient.ts";
import { BiCGStab, DeflatedGradient, MixedGradient } from "#platform/compiler/solve/large-solvers";
import type { LinearSystem, Solver, SolverEngine, SystemFields } from "./solver-programs.ts";

/**
 * The vectors are those of the operator, whatever the memory of the right-hand side holds besides: a half may lie in the field that it is joined to.
 * @throws BackendError for mixed precision on an engine that has no other of single precision.
 */
export function solverOf(engine: SolverEngine, system: LinearSystem, fields: SystemFields): Solver {
  const { nodes, inputs } = system.operator;
  const { type } = nodes[inputs[inputs.length - 1]!]!;
  if (system.method === "bicgstab") return new BiCGStab(engine, system, type, fields);
  if (system.modes) return new DeflatedGradient(engine, system, type, fields);
  if (!system.mixed) return new ConjugateGradient(engine, system, type, fields);
  if (!engine.single) throw new BackendError(`mixed precision: got backend ${engine.name}, expected js, wasm or native: leave out mixed`);
  return new MixedGradient(engine, engine.single().engine as unknown as SolverEngine, system, type, fields);
}

/** Relative residual that solves in single precision go for, 16 roundoffs, and the one that they accept, the square root of a roundoff. */
const SINGLE_TOLERANCE = 2 ** -20;
export const SINGLE_RESIDUAL = 2 ** -12;

/** The system of a step: in single precision to what it can reach, and not mixed. */
export const systemOf = (step: SolveStep, single = false): SolveStep => (single ? { ...step, mixed: false, tolerance: Math.max(step.tolerance, SINGLE_TOLERANCE) } : step);

const NAMES = { cg: "conjugate gradient", bicgstab: "BiCGStab" };

/** A solve, for people. */
export function solveText({ method = "cg", modes = 0, mixed, shifts }: SolveStep): string {
  return `solve: ${mixed ? "mixed-precision " : ""}${NAMES[method]}${modes > 0 ? `, ${modes} vectors deflated` : ""}${shifts.length > 1 ? `, ${shifts.length} shifts` : ""}`;
}

/** One solve of a schedule. @throws SolverError when neither the tolerance is reached nor the residual that is accepted. */
export function runSolve(solver: Solver, { tolerance, method = "cg" }: Pick<LinearSystem, "tolerance" | "method">, batch: number, accepted = 0): void {
  const { converged, iterations, residual, sample } = solver.solve();
  if (!converged && !(residual <= accepted))
    throw new SolverError(`${NAMES[method]}: relative residual ${residual.toExponential(2)}${ofSample(sample, batch)} after ${iterations} iterations, expected ${tolerance.toExponential(1)}: raise maxIterations, the tolerance or the mass`);
}
