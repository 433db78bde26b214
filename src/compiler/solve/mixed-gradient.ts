/**
 * Conjugate gradient whose iteration runs in single precision and whose residuals and solution are those of float64: with reliable updates (arXiv:0911.3191). Whenever the
 * residual of the recursion has fallen by a factor since the last update, what was found since is added to the solution, and the residual computed from its definition, both in
 * float64; the search direction is kept, so that the space that was searched is not searched again. Vectors are scaled by the norm of the right-hand side.
 */
import { type Executable, type Program, type Scalar, type Storage, type Traced, type ValueType, type Vector, type VectorType, openTape, scalarType } from "../../autograd/index.ts";
import { add, sub } from "../../autograd/ops/combine.ts";
import { dot } from "../../autograd/ops/dot.ts";
import { scale } from "../../autograd/ops/scale.ts";
import { sum } from "../../autograd/ops/sum.ts";
import { BackendError, SolverError } from "../../errors.ts";
import { type LinearSystem, type SolveReport, type Solver, type SolverEngine, SolverMemory, type SystemFields } from "./solver-programs.ts";
import { transfer } from "../twin.ts";

/** Fall of the residual between updates: far above the roundoff of a float, and rare, as every update costs an application of the operator in float64. */
const FALL = 0.01;
/** Updates in turn that do not halve the residual, after which float64 has no more digits to give. */
const STANDSTILL = 3;

/** As `SolveReport`, with the number of times that the residual was computed in float64. */
export interface MixedReport extends SolveReport {
  readonly updates: number;
}

/** Solves A x = b, no shifts, from zero, once: `inner` is an engine of single precision on a lattice of the same extents. @throws SolverError when A is not positive or an input holds NaN. */
export function mixedGradient(outer: SolverEngine, inner: SolverEngine, system: LinearSystem, type: ValueType, fields: SystemFields): MixedReport {
  const solver = new MixedGradient(outer, inner, system, type, fields);
  try {
    return solver.solve();
  } finally {
    solver.dispose();
  }
}

type OuterNames = "R" | "D" | "RR";
type InnerNames = "x" | "r" | "p" | "q" | "rr" | "pq" | "alpha" | "beta";

/** Solver of one system. @throws BackendError for several samples. */
export class MixedGradient implements Solver {
  readonly #outer: SolverEngine;
  readonly #inner: SolverEngine;
  readonly #system: LinearSystem;
  readonly #type: ValueType;
  readonly #fields: SystemFields;
  readonly #memories: readonly SolverMemory[];
  readonly #double: Record<OuterNames, Storage>;
  readonly #single: Record<InnerNames, Storage>;
  /** What the operator captures, in single precision, and as what. */
  readonly #held: readonly { readonly there: Storage; readonly type: ValueType }[];
  readonly #programs: Record<Names, Executable>;

  constructor(outer: SolverEngine, inner: SolverEngine, system: LinearSystem, type: ValueType, fields: SystemFields) {
    if (outer.lattice.batch > 1) throw new BackendError(`mixed precision: got a batch of ${outer.lattice.batch} samples, expected one: take sampleOf(b, k)`);
    [this.#outer, this.#inner, this.#system, this.#type, this.#fields] = [outer, inner, system, type, fields];
    const [there, here] = [new SolverMemory(outer), new SolverMemory(inner)];
    this.#memories = [there, here];
    this.#double = { R: there.allocate(type), D: there.allocate(type), RR: there.allocate(scalarType) };
    const [v, s] = [(): Storage => here.allocate(type), (): Storage => here.allocate(scalarType)];
    this.#single = { x: v(), r: v(), p: v(), q: v(), rr: s(), pq: s(), alpha: s(), beta: s() };
    this.#held = system.operator.inputs.slice(0, -1).map((id) => {
      const { type: t } = system.operator.nodes[id]!;
      return { there: here.allocate(t), type: t };
    });
    this.#programs = programsOf(outer, inner, system.operator, type);
  }

  dispose(): void {
    for (const m of this.#memories) m.dispose();
  }

  solve(): MixedReport {
    for (const e of [this.#outer, this.#inner]) e.memory?.hold();
    try {
      return this.#solve();
    } finally {
      for (const e of [this.#outer, this.#inner]) e.memory?.letGo();
    }
  }

  #solve(): MixedReport {
    const [outer, inner, { tolerance, maxIterations }, type, programs] = [this.#outer, this.#inner, this.#system, this.#type, this.#programs];
    const { captured, b, solutions: [X] } = this.#fields as SystemFields & { readonly solutions: readonly [Storage] };
    const { R, D, RR } = this.#double;
    const { x, r, p, q, rr, pq, alpha, beta } = this.#single;
    const held = this.#held.map((h, k) => {
      transfer(outer, captured[k]!, inner, h.there, h.type);
      return h.there;
    });
    programs.begin.run([b], [X, R, RR]);
    const bb = outer.readScalar(RR);
    if (!(bb >= 0)) throw new SolverError(`conjugate gradient: the right-hand side has norm ${bb}, expected a number: an input holds NaN`);
    if (bb === 0) return { converged: true, iterations: 0, residual: 0, sample: 0, updates: 0 };
    const size = Math.sqrt(bb);
    transfer(outer, R, inner, r, type, 1 / size);
    programs.clear.run([r], [x, p]);
    // programs find the lists of the last time bound
    const [application, applied, step, stepped, turn, turned] = [[...held, p], [q, pq], [x, p, r, q, alpha], [x, r, rr], [r, p, beta], [p]];
    let [now, largest, last] = [1, 1, 1];
    let [iterations, updates, standstill] = [0, 0, 0];
    const goal = tolerance * tolerance;
    while (last > goal && iterations < maxIterations && standstill < STANDSTILL) {
      iterations++;
      programs.apply.run(application, applied);
      const along = inner.readScalar(pq);
      if (!(along > 0)) throw new SolverError(`conjugate gradient: <p, A p> = ${along} in iteration ${iterations}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
      inner.writeScalar(alpha, now / along);
      programs.update.run(step, stepped);
      let next = inner.readScalar(rr);
      if (next < FALL * FALL * largest || next <= goal || iterations === maxIterations) {
        updates++;
        transfer(inner, x, outer, D, type, size);
        programs.join.run([X, D], [X]);
        programs.residual.run([...captured, X, b], [R, RR]);
        const whole = outer.readScalar(RR) / bb;
        if (!(whole >= 0)) throw new SolverError(`conjugate gradient: residual ${whole} in iteration ${iterations}, expected a number: an input holds NaN`);
        standstill = whole > last / 4 ? standstill + 1 : 0;
        transfer(outer, R, inner, r, type, 1 / size);
        programs.zero.run([x], [x]);
        [next, last, largest] = [whole, whole, whole];
      }
      inner.writeScalar(beta, next / now);
      programs.direction.run(turn, turned);
      now = next;
      largest = Math.max(largest, next);
    }
    return { converged: last <= goal, iterations, residual: Math.sqrt(last), sample: 0, updates };
  }
}

type Names = "apply" | "begin" | "clear" | "direction" | "join" | "residual" | "update" | "zero";

/** The programs of a system, compiled once for each engine: vector updates by type, those of the operator by its content. */
function programsOf(outer: SolverEngine, inner: SolverEngine, operator: Program, type: ValueType): Record<Names, Executable> {
  const key = JSON.stringify(type as VectorType);
  const norm = (v: Traced): Traced => sum(dot(v as Vector, v as Vector));
  const program = (engine: SolverEngine, name: string, types: readonly ValueType[], f: (inputs: readonly Traced[]) => readonly Traced[]): Executable =>
    engine.operator(`mixed ${name}`, () => {
      const tape = openTape(engine.lattice);
      return tape.finish(f(types.map((t) => tape.input(t))));
    });
  const held = operator.inputs.slice(0, -1).map((id) => operator.nodes[id]!.type);
  const applied = (v: readonly Traced[]): Vector => v[0]!.tape.inline(operator, v.slice(0, held.length + 1))[0] as Vector;
  return {
    begin: program(outer, `begin ${key}`, [type], ([b]) => [scale(0, b!), b!, norm(b!)]),
    join: program(outer, `join ${key}`, [type, type], ([a, b]) => [add(a!, b!)]),
    residual: program(outer, `residual ${operator.key}`, [...held, type, type], (v) => {
      const r = sub(v[v.length - 1] as Vector, applied(v));
      return [r, norm(r)];
    }),
    clear: program(inner, `clear ${key}`, [type], ([r]) => [scale(0, r!), r!]),
    zero: program(inner, `zero ${key}`, [type], ([x]) => [scale(0, x!)]),
    apply: program(inner, `apply ${operator.key}`, [...held, type], (v) => {
      const q = applied(v);
      return [q, sum(dot(v[v.length - 1] as Vector, q))];
    }),
    update: program(inner, `update ${key}`, [type, type, type, type, scalarType], ([x, p, r, q, alpha]) => {
      const next = sub(r as Vector, scale(alpha as Scalar, q as Vector));
      return [add(x as Vector, scale(alpha as Scalar, p as Vector)), next, norm(next)];
    }),
    direction: program(inner, `direction ${key}`, [type, type, scalarType], ([r, p, beta]) => [add(r as Vector, scale(beta as Scalar, p as Vector))]),
  };
}
