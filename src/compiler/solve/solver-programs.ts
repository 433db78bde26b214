/** Vector operations and inner products of solvers as compiled programs, kept by the engine: those of vectors by their type, those of an operator by its content. */
import { type Engine, type Executable, type Lattice, type Program, type Scalar, type Storage, type Traced, type ValueType, type Vector, type VectorType, openTape, scalarType } from "../../autograd/index.ts";
import { add, sub } from "../../autograd/ops/combine.ts";
import { dot } from "../../autograd/ops/dot.ts";
import { scale } from "../../autograd/ops/scale.ts";
import { sum } from "../../autograd/ops/sum.ts";

/** An engine that keeps the sub-programs of solvers. */
export interface SolverEngine extends Engine {
  readonly lattice: Lattice;
  operator(key: string, make: () => Program): Executable;
  /** Nothing of this lattice's memory moves before the matching `letGo`; present where it moves at all. */
  readonly memory?: { hold(): void; letGo(): void };
  /** Iterations of conjugate gradient in compiled code, where there is a way: with the scalars <p, q>, |r|^2, alpha and beta. */
  gradientLoop?(scalars: readonly [Storage, Storage, Storage, Storage]): GradientLoop | undefined;
}

/** The iteration of one solver. */
export interface GradientLoop {
  /**
   * Iterates from the present fields, with |r|^2 and its goal of every sample in `state`, until all have reached theirs or there are `most` iterations in all. Returns their number, or
   * undefined where the programs (q = A p, the update, the next p; one list for each system) are more than launches. Stops before an iteration that fails.
   */
  run(programs: readonly (readonly [Executable, Arguments])[], state: Float64Array, iterations: number, most: number): number | undefined;
  dispose(): void;
}

/** (A + shift_k) x_k = b for every shift; A is the program (captured..., x) -> A x. */
export interface LinearSystem {
  readonly operator: Program;
  /** Not negative; [0] for A x = b. */
  readonly shifts: readonly number[];
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Compute the residual of every shift from its definition, not only that of the smallest one. */
  readonly verifyAll?: boolean;
  /** So many of the last captured values span the space that deflation takes out; default 0. */
  readonly modes?: number;
  readonly method?: "cg" | "bicgstab";
  readonly mixed?: boolean;
}

/** What a solve reached. `residual`: largest |b - (A + shift) x| / |b|, computed from the solution. On a batch the largest of all samples, that of `sample`. */
export interface SolveReport {
  readonly converged: boolean;
  readonly iterations: number;
  readonly residual: number;
  /** From 0; 0 where there is one. */
  readonly sample: number;
}

/** Where a system lives: the values its operator captures, right-hand side, one solution a shift. Addresses may change between solves. */
export interface SystemFields {
  readonly captured: readonly Storage[];
  readonly b: Storage;
  readonly solutions: readonly Storage[];
}

/** One system, compiled once and solved again and again. */
export interface Solver {
  /** Solves from zero. @throws SolverError when the operator is not what the method needs, or an input holds NaN. */
  solve(): SolveReport;
  dispose(): void;
}

/** The largest |r| / |b| of all samples, and whose it is, from |r|^2 and |b|^2 of each. */
export function largestResidual(rr: Float64Array, bb: Float64Array): Pick<SolveReport, "residual" | "sample"> {
  let [largest, sample] = [0, 0];
  // NaN is the largest
  for (let b = 0; b < rr.length && largest >= 0; b++) if (bb[b]! > 0 && !(rr[b]! / bb[b]! <= largest)) [largest, sample] = [rr[b]! / bb[b]!, b];
  return { residual: Math.sqrt(largest), sample };
}

/** Inputs and outputs of a program. */
export type Arguments = readonly [readonly Storage[], readonly Storage[]];

/** A residual from its definition may be this much larger than that of the recursion before the system is taken up again. */
export const DRIFT = 2;

export function run(program: Executable, [inputs, outputs]: Arguments): void {
  program.run(inputs, outputs);
}

const norm = (v: Traced): Traced => sum(dot(v as Vector, v as Vector));

/** A program of the given inputs. */
export function programOf(engine: SolverEngine, types: readonly ValueType[], f: (inputs: Traced[]) => readonly Traced[]): Program {
  const tape = openTape(engine.lattice);
  return tape.finish(f(types.map((t) => tape.input(t))));
}

/** b -> 0, b, |b|^2. */
export const beginProgram = (engine: SolverEngine, t: VectorType): Executable => engine.operator(`begin ${JSON.stringify(t)}`, () => programOf(engine, [t], ([b]) => [scale(0, b!), b!, norm(b!)]));

/** x, p, r, q, alpha -> x + alpha p, r - alpha q, the norm of that. */
export const updateProgram = (engine: SolverEngine, t: VectorType): Executable =>
  engine.operator(`update ${JSON.stringify(t)}`, () =>
    programOf(engine, [t, t, t, t, scalarType], ([x, p, r, q, alpha]) => {
      const next = sub(r as Vector, scale(alpha as Scalar, q as Vector));
      return [add(x as Vector, scale(alpha as Scalar, p as Vector)), next, norm(next)];
    }),
  );

/** r, p, beta -> r + beta p. */
export const directionProgram = (engine: SolverEngine, t: VectorType): Executable =>
  engine.operator(`direction ${JSON.stringify(t)}`, () => programOf(engine, [t, t, scalarType], ([r, p, beta]) => [add(r as Vector, scale(beta as Scalar, p as Vector))]));

/** captured, p, shift -> (A + shift) p, <p, (A + shift) p>. */
export const applyProgram = (engine: SolverEngine, operator: Program): Executable => engine.operator(`apply ${operator.key}`, () => withShift(operator, [], (ap, p) => [ap, sum(dot(p, ap))]));

/** captured, x, shift, b -> b - (A + shift) x and its norm. */
export const residualProgram = (engine: SolverEngine, operator: Program, t: VectorType): Executable =>
  engine.operator(`residual ${operator.key}`, () =>
    withShift(operator, [t], (ax, _x, [b]) => {
      const r = sub(b as Vector, ax);
      return [r, norm(r)];
    }),
  );

/** (captured..., x, shift, extra...) -> f((A + shift) x, x, extra). */
export function withShift(operator: Program, extra: readonly ValueType[], f: (ax: Vector, x: Vector, extra: readonly Traced[]) => readonly Traced[]): Program {
  const tape = openTape(operator.lattice);
  const inputs = operator.inputs.map((id) => tape.input(operator.nodes[id]!.type));
  const shift = tape.input(scalarType) as Scalar;
  const others = extra.map((t) => tape.input(t));
  const [ax] = tape.inline(operator, inputs);
  const x = inputs[inputs.length - 1] as Vector;
  return tape.finish(f(add(ax as Vector, scale(shift, x)), x, others));
}

/** Does the operator solve another system, or may a loop in it? Its programs then share places with those of the solver. */
export const isNested = (operator: Program): boolean => operator.nodes.some((n) => n.op.role?.is === "solve" || n.op.role?.is === "loop");

/** Memory of a solver, and the numbers of scalars, one a sample of a batch. */
export class SolverMemory {
  readonly #engine: SolverEngine;
  readonly #owned: Storage[] = [];

  constructor(engine: SolverEngine) {
    this.#engine = engine;
  }

  allocate(type: ValueType): Storage {
    const s = this.#engine.allocate(type);
    this.#owned.push(s);
    return s;
  }

  read(from: Storage, into: Float64Array): void {
    if (into.length === 1) into[0] = this.#engine.readScalar(from);
    else this.#engine.read(from, scalarType, into);
  }

  write(to: Storage, numbers: Float64Array): void {
    if (numbers.length === 1) this.#engine.writeScalar(to, numbers[0]!);
    else this.#engine.write(to, scalarType, numbers);
  }

  dispose(): void {
    for (const s of this.#owned) s.dispose();
    this.#owned.length = 0;
  }
}
