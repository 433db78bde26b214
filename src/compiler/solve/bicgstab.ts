/**
 * Stabilised biconjugate gradients (van der Vorst, SIAM J. Sci. Stat. Comput. 13, 631) for an operator that has an inverse, with complex coefficients:
 *
 *     v = A p,  alpha = rho / <s0, v>,  s = r - alpha v,  t = A s,  omega = <t, s> / <t, t>,  x += alpha p + omega s,  r = s - omega t,
 *     beta = (rho' / rho) (alpha / omega),  p = r + beta (p - omega v),  rho = <s0, r>.
 *
 * An iteration is two applications. It ends when |r| <= tolerance |b|; the residual is then computed from its definition, and a system that has lost accuracy, or
 * whose coefficients broke down, begins again from where it is. On a batch every sample has coefficients of its own, and stands still when it is done.
 */
import { type Executable, type Scalar, type Storage, type Traced, type ValueType, type Vector, type VectorType, scalarType, spinOf } from "../../autograd/index.ts";
import { add, scaleBy, sub } from "../../autograd/ops/combine.ts";
import { dot } from "../../autograd/ops/dot.ts";
import { scale } from "../../autograd/ops/scale.ts";
import { spinMul } from "../../autograd/ops/spin.ts";
import { sum } from "../../autograd/ops/sum.ts";
import { SolverError } from "../../errors.ts";
import { ofSample } from "../sample-numbers.ts";
import {
  type Arguments, DRIFT, type LinearSystem, type SolveReport, type Solver, type SolverEngine, SolverMemory, type SystemFields, beginProgram, isNested, largestResidual, programOf, residualProgram, run, withShift,
} from "./solver-programs.ts";

/** Coefficients below this fraction of what they could be have no digits left. */
const BREAKDOWN = 1e-14;

/** Programs of one iteration, in their order, and how it begins. */
type Names = "begin" | "residual" | "restart" | "first" | "half" | "second" | "join" | "direction";

/** Complex numbers of every sample. */
interface Complexes {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export class BiCGStab implements Solver {
  readonly #engine: SolverEngine;
  readonly #system: LinearSystem;
  readonly #memory: SolverMemory;
  readonly #nested: boolean;
  readonly #programs: Record<Names, Executable>;
  readonly #places: Record<Names, Arguments>;
  readonly #scalars: readonly Storage[];
  readonly #rr: Float64Array;
  readonly #goal: Float64Array;
  readonly #norm: Float64Array;
  readonly #tt: Float64Array;
  readonly #rho: Complexes;
  readonly #alpha: Complexes;
  readonly #omega: Complexes;
  readonly #beta: Complexes;
  readonly #found: Complexes;
  #iterations = 0;

  constructor(engine: SolverEngine, system: LinearSystem, type: ValueType, { captured, b, solutions: [x] }: SystemFields) {
    const t = type as VectorType;
    const memory = new SolverMemory(engine);
    [this.#engine, this.#system, this.#memory, this.#nested] = [engine, system, memory, isNested(system.operator)];
    this.#programs = programs(engine, system, t);
    const [r, p, v, s, u, shadow] = Array.from({ length: 6 }, () => memory.allocate(t)) as [Storage, Storage, Storage, Storage, Storage, Storage];
    // |r|^2; two complex numbers on their way to programs, one from them; |t|^2
    const scalars = (this.#scalars = Array.from({ length: 9 }, () => memory.allocate(scalarType)));
    const [rr, are, aim, ore, oim, fre, fim, tt, shift] = scalars as [Storage, Storage, Storage, Storage, Storage, Storage, Storage, Storage, Storage];
    engine.writeScalar(shift, 0);
    this.#places = {
      begin: [[b], [x!, r, rr]],
      residual: [[...captured, x!, shift, b], [r, rr]],
      restart: [[r], [p, shadow]],
      first: [[...captured, p, shift, shadow], [v, fre, fim]],
      half: [[r, v, are, aim], [s, rr]],
      second: [[...captured, s, shift], [u, fre, fim, tt]],
      join: [[x!, p, s, u, shadow, are, aim, ore, oim], [x!, r, rr, fre, fim]],
      direction: [[r, p, v, are, aim, ore, oim], [p]],
    };
    const { batch } = engine.lattice;
    const numbers = (): Float64Array => new Float64Array(batch);
    const complexes = (): Complexes => ({ re: numbers(), im: numbers() });
    [this.#rr, this.#goal, this.#norm, this.#tt] = [numbers(), numbers(), numbers(), numbers()];
    [this.#rho, this.#alpha, this.#omega, this.#beta, this.#found] = [complexes(), complexes(), complexes(), complexes(), complexes()];
  }

  solve(): SolveReport {
    this.#engine.memory?.hold();
    try {
      return this.#solve();
    } finally {
      this.#engine.memory?.letGo();
    }
  }

  dispose(): void {
    this.#memory.dispose();
  }

  #solve(): SolveReport {
    const { tolerance, maxIterations } = this.#system;
    const [rr] = this.#scalars as [Storage];
    run(this.#programs.begin, this.#places.begin);
    this.#memory.read(rr, this.#norm);
    this.#norm.forEach((bb, b) => {
      if (!(bb >= 0)) throw new SolverError(`BiCGStab: the right-hand side${ofSample(b, this.#norm.length)} has norm ${bb}, expected a number: an input holds NaN`);
      this.#goal[b] = tolerance * tolerance * bb;
      this.#rr[b] = bb;
    });
    this.#iterations = 0;
    if (this.#norm.every((bb) => bb === 0)) return { converged: true, iterations: 0, residual: 0, sample: 0 };
    let before = Infinity;
    for (;;) {
      this.#iterate();
      run(this.#programs.residual, this.#places.residual);
      this.#memory.read(rr, this.#rr);
      const worst = this.#rr.reduce((w, v, b) => Math.max(w, this.#goal[b]! > 0 ? v / this.#goal[b]! : 0), 0);
      if (worst <= DRIFT ** 2 || this.#iterations >= maxIterations || !(worst < before / 4)) break;
      before = worst;
    }
    return { converged: this.#rr.every((v, b) => v <= DRIFT ** 2 * this.#goal[b]!), iterations: this.#iterations, ...largestResidual(this.#rr, this.#norm) };
  }

  /** From the residual in r until every sample is done, maxIterations, or coefficients without digits. */
  #iterate(): void {
    const [programs, places, memory] = [this.#programs, this.#places, this.#memory];
    const [rr, are, aim, ore, oim, fre, fim, tt] = this.#scalars as [Storage, Storage, Storage, Storage, Storage, Storage, Storage, Storage];
    const [alpha, omega, beta, rho, found] = [this.#alpha, this.#omega, this.#beta, this.#rho, this.#found];
    run(programs.restart, places.restart);
    rho.re.set(this.#rr);
    rho.im.fill(0);
    const size = this.#rr.slice();
    const put = (re: Storage, im: Storage, z: Complexes): void => {
      memory.write(re, z.re);
      memory.write(im, z.im);
    };
    const get = (): void => {
      memory.read(fre, found.re);
      memory.read(fim, found.im);
    };
    let first = true;
    const step = (name: Names): void => {
      if (first || this.#nested) run(programs[name], places[name]);
      else programs[name].repeat();
    };
    const moves = (b: number): boolean => this.#rr[b]! > this.#goal[b]!;
    let broken = false;
    while (!broken && this.#rr.some((_, b) => moves(b)) && this.#iterations < this.#system.maxIterations) {
      this.#iterations++;
      step("first");
      get();
      this.#rr.forEach((_, b) => quotient(alpha, b, moves(b), rho, found));
      put(are, aim, alpha);
      step("half");
      step("second");
      get();
      memory.read(tt, this.#tt);
      this.#rr.forEach((_, b) => {
        const by = moves(b) && this.#tt[b]! > 0 ? 1 / this.#tt[b]! : 0;
        [omega.re[b], omega.im[b]] = [by * found.re[b]!, by * found.im[b]!];
      });
      put(ore, oim, omega);
      step("join");
      memory.read(rr, this.#tt);
      get();
      for (let b = 0; b < this.#rr.length; b++) {
        if (!moves(b)) {
          [beta.re[b], beta.im[b]] = [0, 0];
          continue;
        }
        if (!(this.#tt[b]! >= 0)) throw new SolverError(`BiCGStab: residual${ofSample(b, this.#rr.length)} ${this.#tt[b]} in iteration ${this.#iterations}, expected a number: an input holds NaN, or the operator has no inverse`);
        this.#rr[b] = this.#tt[b]!;
        broken ||= moves(b) && (Math.hypot(found.re[b]!, found.im[b]!) < BREAKDOWN * Math.sqrt(this.#rr[b]! * size[b]!) || Math.hypot(omega.re[b]!, omega.im[b]!) === 0);
        quotient(beta, b, true, found, rho);
        multiply(beta, b, alpha, omega);
        [rho.re[b], rho.im[b]] = [found.re[b]!, found.im[b]!];
      }
      put(are, aim, beta);
      if (!broken) step("direction");
      first = false;
    }
  }
}

/** z_b <- x_b / y_b, or 0. */
function quotient(z: Complexes, b: number, wanted: boolean, x: Complexes, y: Complexes): void {
  const size = y.re[b]! ** 2 + y.im[b]! ** 2;
  const by = wanted && size > 0 ? 1 / size : 0;
  const [re, im] = [x.re[b]! * y.re[b]! + x.im[b]! * y.im[b]!, x.im[b]! * y.re[b]! - x.re[b]! * y.im[b]!];
  [z.re[b], z.im[b]] = [by * re, by * im];
}

/** z_b <- z_b x_b / y_b. */
function multiply(z: Complexes, b: number, x: Complexes, y: Complexes): void {
  const size = y.re[b]! ** 2 + y.im[b]! ** 2;
  const by = size > 0 ? 1 / size : 0;
  const [re, im] = [by * (x.re[b]! * y.re[b]! + x.im[b]! * y.im[b]!), by * (x.im[b]! * y.re[b]! - x.re[b]! * y.im[b]!)];
  [z.re[b], z.im[b]] = [z.re[b]! * re - z.im[b]! * im, z.re[b]! * im + z.im[b]! * re];
}

function programs(engine: SolverEngine, { operator }: LinearSystem, t: VectorType): Record<Names, Executable> {
  const key = JSON.stringify(t);
  const of = (name: string, types: readonly ValueType[], f: (inputs: readonly Traced[]) => readonly Traced[]): Executable => engine.operator(`bicgstab ${name} ${key}`, () => programOf(engine, types, f));
  const n = spinOf(t);
  const i = Array.from({ length: n }, (_, r) => Array.from({ length: n }, (_c, c) => [0, r === c ? 1 : 0] as const));
  /** (re + i im) v. */
  const times = (re: Traced, im: Traced, v: Traced): Vector => add(scale(re as Scalar, v as Vector), scale(im as Scalar, spinMul(v as Vector, i)));
  const norm = (v: Traced): Traced => sum(dot(v as Vector, v as Vector));
  /** Real and imaginary part of <v, w>, Im <v, w> = Re <v, -i w>. */
  const inner = (v: Traced, w: Traced): Traced[] => [sum(dot(v as Vector, w as Vector)), sum(dot(v as Vector, scaleBy(-1, spinMul(w as Vector, i))))];
  const s = scalarType;
  return {
    begin: beginProgram(engine, t),
    residual: residualProgram(engine, operator, t),
    restart: of("restart", [t], ([r]) => [scaleBy(1, r!), r!]),
    first: engine.operator(`bicgstab first ${operator.key}`, () => withShift(operator, [t], (v, _p, [shadow]) => [v, ...inner(shadow!, v)])),
    half: of("half", [t, t, s, s], ([r, v, re, im]) => {
      const next = sub(r as Vector, times(re!, im!, v!));
      return [next, norm(next)];
    }),
    second: engine.operator(`bicgstab second ${operator.key}`, () => withShift(operator, [], (u, v) => [u, ...inner(u, v), norm(u)])),
    join: of("join", [t, t, t, t, t, s, s, s, s], ([x, p, v, u, shadow, are, aim, ore, oim]) => {
      const r = sub(v as Vector, times(ore!, oim!, u!));
      return [add(x as Vector, times(are!, aim!, p!), times(ore!, oim!, v!)), r, norm(r), ...inner(shadow!, r)];
    }),
    direction: of("direction", [t, t, t, s, s, s, s], ([r, p, v, bre, bim, ore, oim]) => [add(r as Vector, times(bre!, bim!, sub(p as Vector, times(ore!, oim!, v!))))]),
  };
}
