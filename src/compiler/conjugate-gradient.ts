/**
 * Conjugate gradient for hermitian positive A on vector fields, and its multi-shift form for (A + sigma_k) x_k = b (hep-lat/9612014): all
 * shifted residuals are multiples of that of the smallest shift, r_k = zeta_k r, so every shift costs vector updates only. Vector
 * operations and inner products are compiled kernels. An iteration ends when |r| <= tolerance |b|; the residuals are then computed from
 * their definition, and a system that has lost accuracy goes on from where it is.
 */
import {
  type Engine, type Executable, type Lattice, type Program, type Scalar, type Storage, type Traced, type ValueType, type Vector, type VectorType, openTape, scalarType,
} from "../autograd/index.ts";
import { add, sub } from "../autograd/ops/combine.ts";
import { dot } from "../autograd/ops/dot.ts";
import { scale } from "../autograd/ops/scale.ts";
import { sum } from "../autograd/ops/sum.ts";
import { SolverError } from "../errors.ts";

/** An engine that keeps the sub-programs of solvers. */
export interface SolverEngine extends Engine {
  readonly lattice: Lattice;
  operator(key: string, make: () => Program): Executable;
  /** Nothing of this lattice's memory moves before the matching `letGo`; present where it moves at all. */
  readonly memory?: { hold(): void; letGo(): void };
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
}

/** What a solve reached. `residual`: largest |b - (A + shift) x| / |b|, computed from the solution. */
export interface SolveReport {
  readonly converged: boolean;
  readonly iterations: number;
  readonly residual: number;
}

/** Where a system lives: the values its operator captures, right-hand side, one solution a shift. Addresses may change between solves. */
export interface SystemFields {
  readonly captured: readonly Storage[];
  readonly b: Storage;
  readonly solutions: readonly Storage[];
}

/** Inputs and outputs of a program. */
type Arguments = readonly [readonly Storage[], readonly Storage[]];

/** A residual from its definition may be this much larger than that of the recursion before the system is taken up again. */
const DRIFT = 2;

/** Solver of (A + shift_k) x_k = b for one system, compiled once and reused (multi-shift: hep-lat/9612014). Tolerances are relative: |b - A x| / |b|. */
export class ConjugateGradient {
  readonly #engine: SolverEngine;
  readonly #system: LinearSystem;
  /** Position of the smallest shift, whose residual the iteration follows. */
  readonly #base: number;
  /** Does the operator solve another system? */
  readonly #nested: boolean;
  readonly #begin: Executable;
  readonly #residual: Executable;
  readonly #apply: Executable;
  readonly #update: Executable;
  readonly #direction: Executable;
  readonly #shifted: Executable;
  readonly #fields: Storage[] = [];
  readonly #rr: Storage;
  readonly #pq: Storage;
  readonly #a: Storage;
  readonly #b: Storage;
  readonly #c: Storage;
  /** Arguments of the programs, one list a system: an iteration makes no objects. */
  readonly #starts: readonly Arguments[];
  readonly #residuals: readonly Arguments[];
  readonly #applications: readonly Arguments[];
  readonly #updates: readonly Arguments[];
  readonly #directions: readonly Arguments[];
  readonly #followers: readonly Arguments[];
  readonly #first: Arguments;
  readonly #zeta: Float64Array;
  readonly #zetaOld: Float64Array;
  readonly #active: Uint8Array;
  #iterations = 0;

  constructor(engine: SolverEngine, system: LinearSystem, type: ValueType, { captured, b: rhs, solutions }: SystemFields) {
    this.#engine = engine;
    this.#system = system;
    const { shifts } = system;
    this.#nested = system.operator.nodes.some((n) => n.op.role?.is === "solve");
    this.#base = shifts.indexOf(Math.min(...shifts));
    const t = type as VectorType;
    const key = JSON.stringify(t);
    const program = (types: readonly ValueType[], f: (inputs: Traced[]) => readonly Traced[]): Program => {
      const tape = openTape(engine.lattice);
      return tape.finish(f(types.map((x) => tape.input(x))));
    };
    const norm = (v: Traced): Traced => sum(dot(v as Vector, v as Vector));
    this.#begin = engine.operator(`begin ${key}`, () => program([t], ([b]) => [scale(0, b!), b!, norm(b!)]));
    this.#update = engine.operator(`update ${key}`, () =>
      program([t, t, t, t, scalarType], ([x, p, r, q, alpha]) => {
        const next = sub(r as Vector, scale(alpha as Scalar, q as Vector));
        return [add(x as Vector, scale(alpha as Scalar, p as Vector)), next, norm(next)];
      }),
    );
    this.#direction = engine.operator(`direction ${key}`, () => program([t, t, scalarType], ([r, p, beta]) => [add(r as Vector, scale(beta as Scalar, p as Vector))]));
    this.#shifted = engine.operator(`shifted ${key}`, () =>
      program([t, t, t, scalarType, scalarType, scalarType], ([x, p, r, alpha, zeta, beta]) => [
        add(x as Vector, scale(alpha as Scalar, p as Vector)),
        add(scale(zeta as Scalar, r as Vector), scale(beta as Scalar, p as Vector)),
      ]),
    );
    this.#apply = engine.operator(`apply ${system.operator.key}`, () => withShift(system.operator, [], (ap, p) => [ap, sum(dot(p, ap))]));
    this.#residual = engine.operator(`residual ${system.operator.key}`, () =>
      withShift(system.operator, [t], (ax, _x, [b]) => {
        const r = sub(b as Vector, ax);
        return [r, norm(r)];
      }),
    );
    const field = (x: ValueType): Storage => {
      const s = engine.allocate(x);
      this.#fields.push(s);
      return s;
    };
    const [r, q] = [field(t), field(t)];
    // search direction of every shift
    const p = shifts.map(() => field(t));
    const scalars = [field(scalarType), field(scalarType), field(scalarType), field(scalarType), field(scalarType)] as const;
    const [rr, pq, alpha, beta, c] = scalars;
    [this.#rr, this.#pq, this.#a, this.#b, this.#c] = scalars;
    this.#first = [[rhs], [q, r, rr]];
    const each = (f: (x: Storage, p: Storage) => Arguments): Arguments[] => shifts.map((_, k) => f(solutions[k]!, p[k]!));
    this.#starts = each((x, pk) => [[rhs], [x, pk, rr]]);
    this.#residuals = each((x) => [[...captured, x, c, rhs], [r, rr]]);
    this.#applications = each((_, pk) => [[...captured, pk, c], [q, pq]]);
    this.#updates = each((x, pk) => [[x, pk, r, q, alpha], [x, r, rr]]);
    this.#directions = each((_, pk) => [[r, pk, beta], [pk]]);
    this.#followers = each((x, pk) => [[x, pk, r, alpha, c, beta], [x, pk]]);
    this.#zeta = new Float64Array(shifts.length);
    this.#zetaOld = new Float64Array(shifts.length);
    this.#active = new Uint8Array(shifts.length);
  }

  /** Solves from zero. @throws SolverError when A + shift is not positive or an input holds NaN. */
  solve(): SolveReport {
    // programs are repeated on the places of their first run
    this.#engine.memory?.hold();
    try {
      return this.#solve();
    } finally {
      this.#engine.memory?.letGo();
    }
  }

  #solve(): SolveReport {
    const { tolerance, shifts, verifyAll = false } = this.#system;
    for (let k = 0; k < shifts.length; k++) run(this.#begin, this.#starts[k]!);
    const bb = this.#engine.readScalar(this.#rr);
    if (!(bb >= 0)) throw new SolverError(`conjugate gradient: the right-hand side has norm ${bb}, expected a number: an input holds NaN`);
    this.#iterations = 0;
    if (bb === 0) return { converged: true, iterations: 0, residual: 0 };
    run(this.#begin, this.#first);
    const goal = tolerance * tolerance * bb;
    this.#iterate(bb, goal, this.#base, shifts.length > 1);
    let worst = 0;
    for (let k = 0; k < shifts.length; k++) {
      if (k !== this.#base && !verifyAll) continue;
      let rr = this.#trueResidual(k);
      while (rr > DRIFT * DRIFT * goal && this.#iterations < this.#system.maxIterations) {
        this.#refine(k, rr, goal);
        const next = this.#trueResidual(k);
        if (!(next < rr / 4)) break;
        rr = next;
      }
      worst = Math.max(worst, rr);
    }
    return { converged: worst <= DRIFT * DRIFT * goal, iterations: this.#iterations, residual: Math.sqrt(worst / bb) };
  }

  dispose(): void {
    for (const s of this.#fields) s.dispose();
    this.#fields.length = 0;
  }

  /** r <- b - (A + shift_k) x_k; returns |r|^2. */
  #trueResidual(k: number): number {
    this.#engine.writeScalar(this.#c, this.#system.shifts[k]!);
    run(this.#residual, this.#residuals[k]!);
    return this.#engine.readScalar(this.#rr);
  }

  /** Plain iteration of one system from its present solution, whose residual is in r. */
  #refine(k: number, rr: number, goal: number): void {
    this.#engine.writeScalar(this.#b, 0);
    run(this.#direction, this.#directions[k]!);
    this.#iterate(rr, goal, k, false);
  }

  /** System `base` until |r|^2 <= goal or maxIterations; with `all` every other one follows it. */
  #iterate(start: number, goal: number, base: number, all: boolean): void {
    const engine = this.#engine;
    const { shifts, maxIterations } = this.#system;
    engine.writeScalar(this.#c, shifts[base]!);
    this.#zeta.fill(1);
    this.#zetaOld.fill(1);
    this.#active.fill(1);
    let rr = start;
    let alphaOld = 1;
    let betaOld = 0;
    // nothing moves during the iteration: programs are given their places once, but for those that a solve inside of the operator uses too
    let first = true;
    const step = (program: Executable, places: Arguments): void => {
      if (first || this.#nested) run(program, places);
      else program.repeat();
    };
    while (rr > goal && this.#iterations < maxIterations) {
      this.#iterations++;
      if (all) engine.writeScalar(this.#c, shifts[base]!);
      step(this.#apply, this.#applications[base]!);
      const pq = engine.readScalar(this.#pq);
      if (!(pq > 0)) throw new SolverError(`conjugate gradient: <p, A p> = ${pq} in iteration ${this.#iterations}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
      const alpha = rr / pq;
      engine.writeScalar(this.#a, alpha);
      step(this.#update, this.#updates[base]!);
      const next = engine.readScalar(this.#rr);
      if (!(next >= 0)) throw new SolverError(`conjugate gradient: residual ${next} in iteration ${this.#iterations}, expected a number: an input holds NaN`);
      const beta = next / rr;
      for (let k = 0; all && k < shifts.length; k++) {
        if (k === base || this.#active[k] === 0) continue;
        const z = this.#zeta[k]!;
        const old = this.#zetaOld[k]!;
        const zeta = (z * old * alphaOld) / (alpha * betaOld * (old - z) + old * alphaOld * (1 + (shifts[k]! - shifts[base]!) * alpha));
        const ratio = zeta / z;
        engine.writeScalar(this.#a, alpha * ratio);
        engine.writeScalar(this.#c, zeta);
        engine.writeScalar(this.#b, beta * ratio * ratio);
        run(this.#shifted, this.#followers[k]!);
        this.#zetaOld[k] = z;
        this.#zeta[k] = zeta;
        if (zeta * zeta * next <= goal) this.#active[k] = 0;
      }
      engine.writeScalar(this.#b, beta);
      if (next > goal) step(this.#direction, this.#directions[base]!);
      first = false;
      rr = next;
      alphaOld = alpha;
      betaOld = beta;
    }
  }
}

function run(program: Executable, [inputs, outputs]: Arguments): void {
  program.run(inputs, outputs);
}

/** One solve of a schedule. @throws SolverError when the tolerance is not reached. */
export function runSolve(solver: ConjugateGradient, tolerance: number): void {
  const { converged, iterations, residual } = solver.solve();
  if (!converged)
    throw new SolverError(`conjugate gradient: relative residual ${residual.toExponential(2)} after ${iterations} iterations, expected ${tolerance.toExponential(1)}: raise maxIterations, the tolerance or the mass`);
}

/** (captured..., x, shift, extra...) -> f((A + shift) x, x, extra). */
function withShift(operator: Program, extra: readonly ValueType[], f: (ax: Vector, x: Vector, extra: readonly Traced[]) => readonly Traced[]): Program {
  const tape = openTape(operator.lattice);
  const inputs = operator.inputs.map((id) => tape.input(operator.nodes[id]!.type));
  const shift = tape.input(scalarType) as Scalar;
  const others = extra.map((t) => tape.input(t));
  const [ax] = tape.inline(operator, inputs);
  const x = inputs[inputs.length - 1] as Vector;
  return tape.finish(f(add(ax as Vector, scale(shift, x)), x, others));
}
