/**
 * Conjugate gradient for hermitian positive A on vector fields, and its multi-shift form for (A + sigma_k) x_k = b (hep-lat/9612014): all
 * shifted residuals are multiples of that of the smallest shift, r_k = zeta_k r, so every shift costs vector updates only. Vector
 * operations and inner products are compiled kernels. An iteration ends when |r| <= tolerance |b|; the residuals are then computed from
 * their definition, and a system that has lost accuracy goes on from where it is. On a batch every sample is a system of its own, with steps of its
 * own: one that is done stands still (steps of length zero) while others go on.
 */
import { type Executable, type Scalar, type Storage, type ValueType, type Vector, type VectorType, scalarType } from "../../autograd/index.ts";
import { add } from "../../autograd/ops/combine.ts";
import { dot } from "../../autograd/ops/dot.ts";
import { scale } from "../../autograd/ops/scale.ts";
import { sum } from "../../autograd/ops/sum.ts";
import { SolverError } from "../../errors.ts";
import { ofSample } from "../sample-numbers.ts";
import {
  type Arguments, DRIFT, type GradientLoop, type LinearSystem, type SolveReport, type Solver, type SolverEngine, type SystemFields, applyProgram, directionProgram, isNested, programOf, residualProgram, run, updateProgram,
} from "./solver-programs.ts";

/** Solver of (A + shift_k) x_k = b for one system, compiled once and reused (multi-shift: hep-lat/9612014). Tolerances are relative: |b - A x| / |b|. */
export class ConjugateGradient implements Solver {
  readonly #engine: SolverEngine;
  readonly #system: LinearSystem;
  /** Position of the smallest shift, whose residual the iteration follows. */
  readonly #base: number;
  /** Does the operator solve another system, or may a loop in it? */
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
  /** The programs of an iteration of each system. */
  readonly #programs: readonly (readonly (readonly [Executable, Arguments])[])[];
  readonly #loop: GradientLoop | undefined;
  /** |r|^2 and goal of every sample. */
  readonly #norms: Float64Array;
  /** Numbers of one sample after the other: residuals and steps of all systems, and what the shifted systems of each remember. */
  readonly #batch: number;
  readonly #states: readonly SampleState[];
  readonly #numbers: Float64Array;
  #iterations = 0;
  /** Do all samples iterate together? */
  #together = false;

  constructor(engine: SolverEngine, system: LinearSystem, type: ValueType, { captured, b: rhs, solutions }: SystemFields) {
    this.#engine = engine;
    this.#system = system;
    const { shifts } = system;
    this.#nested = isNested(system.operator);
    this.#base = shifts.indexOf(Math.min(...shifts));
    const t = type as VectorType;
    this.#begin = engine.operator(`start ${JSON.stringify(t)}`, () => programOf(engine, [t], ([b]) => [scale(0, b!), b!, b!, sum(dot(b as Vector, b as Vector))]));
    this.#update = updateProgram(engine, t);
    this.#direction = directionProgram(engine, t);
    this.#shifted = engine.operator(`shifted ${JSON.stringify(t)}`, () =>
      programOf(engine, [t, t, t, scalarType, scalarType, scalarType], ([x, p, r, alpha, zeta, beta]) => [
        add(x as Vector, scale(alpha as Scalar, p as Vector)),
        add(scale(zeta as Scalar, r as Vector), scale(beta as Scalar, p as Vector)),
      ]),
    );
    this.#apply = applyProgram(engine, system.operator);
    this.#residual = residualProgram(engine, system.operator, t);
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
    const each = (f: (x: Storage, p: Storage) => Arguments): Arguments[] => shifts.map((_, k) => f(solutions[k]!, p[k]!));
    this.#starts = each((x, pk) => [[rhs], [x, pk, r, rr]]);
    this.#residuals = each((x) => [[...captured, x, c, rhs], [r, rr]]);
    this.#applications = each((_, pk) => [[...captured, pk, c], [q, pq]]);
    this.#updates = each((x, pk) => [[x, pk, r, q, alpha], [x, r, rr]]);
    this.#directions = each((_, pk) => [[r, pk, beta], [pk]]);
    this.#followers = each((x, pk) => [[x, pk, r, alpha, c, beta], [x, pk]]);
    this.#programs = shifts.map((_, k) => [[this.#apply, this.#applications[k]!], [this.#update, this.#updates[k]!], [this.#direction, this.#directions[k]!]]);
    this.#batch = engine.lattice.batch;
    this.#numbers = new Float64Array(this.#batch);
    this.#norms = new Float64Array(2 * this.#batch);
    this.#loop = this.#nested ? undefined : engine.gradientLoop?.([pq, rr, alpha, beta]);
    this.#states = Array.from({ length: this.#batch }, () => ({ bb: 0, rr: 0, goal: 0, alpha: 0, alphaOld: 1, betaOld: 0, beta: 0, zeta: new Float64Array(shifts.length), zetaOld: new Float64Array(shifts.length), active: new Uint8Array(shifts.length), a: 0, b: 0, c: 0 }));
  }

  /** Solves from zero. @throws SolverError when A + shift is not positive or an input holds NaN. */
  solve(): SolveReport {
    // programs are repeated on the places of their first run
    this.#engine.memory?.hold();
    try {
      return this.#solve();
    } catch (error) {
      if (!(error instanceof SolverError) || this.#batch === 1 || !this.#loop) throw error;
      // compiled iterations end for a few samples before others begin: who fails first does not depend on how many these are
      this.#together = true;
      return this.#solve();
    } finally {
      this.#together = false;
      this.#engine.memory?.letGo();
    }
  }

  #solve(): SolveReport {
    const { tolerance, shifts, verifyAll = false } = this.#system;
    for (let k = 0; k < shifts.length; k++) run(this.#begin, this.#starts[k]!);
    this.#take(this.#rr, "bb");
    let some = false;
    for (let b = 0; b < this.#batch; b++) {
      const s = this.#states[b]!;
      if (!(s.bb >= 0)) throw new SolverError(`conjugate gradient: the right-hand side${ofSample(b, this.#batch)} has norm ${s.bb}, expected a number: an input holds NaN`);
      s.goal = tolerance * tolerance * s.bb;
      s.rr = s.bb;
      some ||= s.bb > 0;
    }
    this.#iterations = 0;
    if (!some) return { converged: true, iterations: 0, residual: 0, sample: 0 };
    this.#iterate(this.#base, shifts.length > 1);
    let [converged, residual, sample] = [true, 0, 0];
    for (let k = 0; k < shifts.length; k++) {
      if (k !== this.#base && !verifyAll) continue;
      this.#trueResidual(k);
      while (this.#states.some((s) => s.rr > DRIFT * DRIFT * s.goal) && this.#iterations < this.#system.maxIterations) {
        for (const s of this.#states) s.a = s.rr;
        this.#refine(k);
        this.#trueResidual(k);
        // samples that were good enough did not move
        if (!this.#states.some((s) => s.a > DRIFT * DRIFT * s.goal && s.rr < s.a / 4)) break;
      }
      this.#states.forEach(({ rr, goal, bb }, b) => {
        converged &&= rr <= DRIFT * DRIFT * goal;
        if (bb > 0 && residual >= 0 && !(Math.sqrt(rr / bb) <= residual)) [residual, sample] = [Math.sqrt(rr / bb), b];
      });
    }
    return { converged, iterations: this.#iterations, residual, sample };
  }

  dispose(): void {
    this.#loop?.dispose();
    for (const s of this.#fields) s.dispose();
    this.#fields.length = 0;
  }

  /** The numbers of a scalar into the states of the samples. */
  #take(from: Storage, name: "bb" | "rr" | "a"): void {
    if (this.#batch === 1) this.#numbers[0] = this.#engine.readScalar(from);
    else this.#engine.read(from, scalarType, this.#numbers);
    for (let b = 0; b < this.#batch; b++) this.#states[b]![name] = this.#numbers[b]!;
  }

  /** A number of every sample into a scalar. */
  #put(to: Storage, name: "a" | "b" | "c" | "alpha" | "beta"): void {
    if (this.#batch === 1) {
      this.#engine.writeScalar(to, this.#states[0]![name]);
      return;
    }
    for (let b = 0; b < this.#batch; b++) this.#numbers[b] = this.#states[b]![name];
    this.#engine.write(to, scalarType, this.#numbers);
  }

  /** r <- b - (A + shift_k) x_k; rr becomes |r|^2. */
  #trueResidual(k: number): void {
    this.#engine.writeScalar(this.#c, this.#system.shifts[k]!);
    run(this.#residual, this.#residuals[k]!);
    this.#take(this.#rr, "rr");
  }

  /** Plain iteration of one system from its present solution, whose residual is in r; samples within their drift stay. */
  #refine(k: number): void {
    this.#engine.writeScalar(this.#b, 0);
    run(this.#direction, this.#directions[k]!);
    for (const s of this.#states) if (s.rr <= DRIFT * DRIFT * s.goal) s.rr = -1;
    this.#iterate(k, false);
  }

  /** System `base` until |r|^2 <= goal or maxIterations; with `all` every other one follows it. */
  #iterate(base: number, all: boolean): void {
    const engine = this.#engine;
    const { shifts, maxIterations } = this.#system;
    const states = this.#states;
    engine.writeScalar(this.#c, shifts[base]!);
    for (const s of states) {
      s.zeta.fill(1);
      s.zetaOld.fill(1);
      s.active.fill(1);
      s.alphaOld = 1;
      s.betaOld = 0;
    }
    // nothing moves during the iteration: programs are given their places once, but for those that a solve inside of the operator uses too
    let first = true;
    // on ranks the first iteration may have fields to exchange that the others have not
    let tries = all || this.#together ? 0 : 2;
    const step = (program: Executable, places: Arguments): void => {
      if (first || this.#nested) run(program, places);
      else program.repeat();
    };
    while (this.#going() && this.#iterations < maxIterations) {
      if (tries > 0) {
        tries = this.#compiled(base) ? 0 : tries - 1;
        if (!this.#going() || this.#iterations >= maxIterations) break;
      }
      this.#iterations++;
      if (all) engine.writeScalar(this.#c, shifts[base]!);
      step(this.#apply, this.#applications[base]!);
      this.#take(this.#pq, "a");
      for (let b = 0; b < this.#batch; b++) {
        const s = states[b]!;
        const going = s.rr > s.goal;
        if (going && !(s.a > 0)) throw new SolverError(`conjugate gradient: <p, A p>${ofSample(b, this.#batch)} = ${s.a} in iteration ${this.#iterations}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
        s.alpha = going ? s.rr / s.a : 0;
      }
      this.#put(this.#a, "alpha");
      step(this.#update, this.#updates[base]!);
      this.#take(this.#rr, "a");
      for (let b = 0; b < this.#batch; b++) {
        const s = states[b]!;
        if (s.alpha === 0) {
          s.beta = 0;
          continue;
        }
        if (!(s.a >= 0)) throw new SolverError(`conjugate gradient: residual${ofSample(b, this.#batch)} ${s.a} in iteration ${this.#iterations}, expected a number: an input holds NaN`);
        s.beta = s.a / s.rr;
        s.rr = s.a;
      }
      if (all) this.#follow(base);
      this.#put(this.#b, "beta");
      if (this.#going()) step(this.#direction, this.#directions[base]!);
      first = false;
      for (const s of states) [s.alphaOld, s.betaOld] = [s.alpha, s.beta];
    }
  }

  /** Iterates as far as compiled code can; false where it cannot now. */
  #compiled(base: number): boolean {
    const [states, norms] = [this.#states, this.#norms];
    states.forEach((s, b) => {
      norms[2 * b] = s.rr;
      norms[2 * b + 1] = s.goal;
    });
    const iterations = this.#loop?.run(this.#programs[base]!, norms, this.#iterations, this.#system.maxIterations);
    if (iterations === undefined) return false;
    this.#iterations = iterations;
    states.forEach((s, b) => (s.rr = norms[2 * b]!));
    return true;
  }

  #going(): boolean {
    for (let b = 0; b < this.#batch; b++) if (this.#states[b]!.rr > this.#states[b]!.goal) return true;
    return false;
  }

  /** The shifted systems take their step after that of `base`. */
  #follow(base: number): void {
    const { shifts } = this.#system;
    for (let k = 0; k < shifts.length; k++) {
      if (k === base) continue;
      let some = false;
      for (const s of this.#states) {
        if (s.active[k] === 0 || s.alpha === 0) {
          [s.a, s.b, s.c] = [0, 1, 0];
          continue;
        }
        some = true;
        const z = s.zeta[k]!;
        const old = s.zetaOld[k]!;
        const zeta = (z * old * s.alphaOld) / (s.alpha * s.betaOld * (old - z) + old * s.alphaOld * (1 + (shifts[k]! - shifts[base]!) * s.alpha));
        const ratio = zeta / z;
        [s.a, s.b, s.c] = [s.alpha * ratio, s.beta * ratio * ratio, zeta];
        s.zetaOld[k] = z;
        s.zeta[k] = zeta;
        if (zeta * zeta * s.rr <= s.goal) s.active[k] = 0;
      }
      if (!some) continue;
      this.#put(this.#a, "a");
      this.#put(this.#c, "c");
      this.#put(this.#b, "b");
      run(this.#shifted, this.#followers[k]!);
    }
  }
}

/** What the iteration of one sample remembers; `a`, `b` and `c` are numbers on their way to and from programs. */
interface SampleState {
  bb: number;
  rr: number;
  goal: number;
  alpha: number;
  beta: number;
  alphaOld: number;
  betaOld: number;
  a: number;
  b: number;
  c: number;
  readonly zeta: Float64Array;
  readonly zetaOld: Float64Array;
  /** Shifts that have not reached their goal yet. */
  readonly active: Uint8Array;
}
