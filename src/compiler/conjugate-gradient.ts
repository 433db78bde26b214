/**
 * Conjugate gradient for hermitian positive A on vector fields, with every vector operation and inner product in compiled kernels.
 * Stops when |r| <= tolerance |b| for the residual of the recursion.
 */
import type { Executable, Storage } from "../autograd/engine.ts";
import { add, sub } from "../autograd/ops/combine.ts";
import { dot } from "../autograd/ops/dot.ts";
import { scale } from "../autograd/ops/scale.ts";
import { sum } from "../autograd/ops/sum.ts";
import { type Program, type Scalar, Tape, type Vector } from "../autograd/tape.ts";
import { type ValueType, type VectorType, scalarType } from "../autograd/types.ts";
import { SolverError } from "../errors.ts";
import type { HeapStorage, KernelEngine } from "./engine.ts";
import type { SolveStep } from "./ir.ts";

export class ConjugateGradient {
  readonly #engine: KernelEngine;
  readonly #step: SolveStep;
  readonly #start: Executable;
  readonly #apply: Executable;
  readonly #update: Executable;
  readonly #direction: Executable;
  readonly #r: HeapStorage;
  readonly #p: HeapStorage;
  readonly #q: HeapStorage;
  readonly #scalars: { rr: HeapStorage; pq: HeapStorage; factor: HeapStorage };

  constructor(engine: KernelEngine, step: SolveStep, type: ValueType) {
    this.#engine = engine;
    this.#step = step;
    const t = type as VectorType;
    const key = JSON.stringify(t);
    this.#start = engine.operator(`start ${key}`, () => vectorProgram(engine, [t], ([b]) => [b!, b!, scale(0, b!), sum(dot(b as Vector, b as Vector))]));
    this.#update = engine.operator(`update ${key}`, () =>
      vectorProgram(engine, [t, t, t, t, scalarType], ([x, p, r, q, alpha]) => {
        const next = sub(r as Vector, scale(alpha as Scalar, q as Vector));
        return [add(x as Vector, scale(alpha as Scalar, p as Vector)), next, sum(dot(next, next))];
      }),
    );
    this.#direction = engine.operator(`direction ${key}`, () =>
      vectorProgram(engine, [t, t, scalarType], ([r, p, beta]) => [add(r as Vector, scale(beta as Scalar, p as Vector))]),
    );
    this.#apply = engine.operator(`operator ${step.operator.key}`, () => operatorProgram(step.operator));
    [this.#r, this.#p, this.#q] = [engine.allocate(t), engine.allocate(t), engine.allocate(t)];
    this.#scalars = { rr: engine.allocate(scalarType), pq: engine.allocate(scalarType), factor: engine.allocate(scalarType) };
  }

  /** @throws SolverError when the tolerance is not reached, or A is not positive. */
  solve(storage: (buffer: number) => Storage): void {
    const { engine, s } = { engine: this.#engine, s: this.#scalars };
    const { tolerance, maxIterations } = this.#step;
    const captured = this.#step.captured.map(storage);
    const [b, x] = [storage(this.#step.rhs), storage(this.#step.solution)];
    this.#start.run([b], [this.#r, this.#p, x, s.rr]);
    const bb = engine.readScalar(s.rr);
    let rr = bb;
    const goal = tolerance * tolerance * bb;
    const applyInputs = [...captured, this.#p];
    for (let k = 0; rr > goal; k++) {
      this.#apply.run(applyInputs, [this.#q, s.pq]);
      const pq = engine.readScalar(s.pq);
      if (!(pq > 0)) throw new SolverError(`conjugate gradient: <p, A p> = ${pq} in iteration ${k}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
      if (k >= maxIterations)
        throw new SolverError(`conjugate gradient: relative residual ${Math.sqrt(rr / bb).toExponential(2)} after ${k} iterations, expected ${tolerance.toExponential(1)}: raise maxIterations, the tolerance or the mass`);
      engine.writeScalar(s.factor, rr / pq);
      this.#update.run([x, this.#p, this.#r, this.#q, s.factor], [x, this.#r, s.rr]);
      const next = engine.readScalar(s.rr);
      engine.writeScalar(s.factor, next / rr);
      rr = next;
      if (!(rr >= 0)) throw new SolverError(`conjugate gradient: residual ${rr} in iteration ${k}, expected a number: an input holds NaN`);
      if (rr > goal) this.#direction.run([this.#r, this.#p, s.factor], [this.#p]);
    }
    if (!(bb >= 0)) throw new SolverError(`conjugate gradient: the right-hand side has norm ${bb}, expected a number: an input holds NaN`);
  }
}

function vectorProgram(engine: KernelEngine, types: readonly ValueType[], f: (inputs: ReturnType<Tape["input"]>[]) => readonly ReturnType<Tape["input"]>[]): Program {
  const tape = new Tape(engine.lattice);
  return tape.finish(f(types.map((t) => tape.input(t))));
}

/** (captured..., p) -> (A p, <p, A p>). */
function operatorProgram(operator: Program): Program {
  const tape = new Tape(operator.lattice);
  const inputs = operator.inputs.map((id) => tape.input(operator.nodes[id]!.type));
  const [ap] = tape.inline(operator, inputs);
  const p = inputs[inputs.length - 1]!;
  return tape.finish([ap!, sum(dot(p as Vector, ap as Vector))]);
}
