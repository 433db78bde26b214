/**
 * Conjugate gradient with deflation (Saad, Yeung, Erhel and Guyomarc'h, SIAM J. Sci. Comput. 21, 1909): the solution in the space of given vectors W comes from
 * the small system G = W^+ A W, and every search direction is made A-orthogonal to it,
 *
 *     x_0 = W G^{-1} W^+ b,   p <- r + beta p - W G^{-1} (A W)^+ r,
 *
 * so that the iteration sees the rest of the spectrum only, and right for any linearly independent W. The numbers of W are taken as those of w_i and i w_i, of
 * which G is a real matrix. On a batch every sample is a system of its own.
 */
import { type Executable, type Scalar, type Storage, type Traced, type ValueType, type Vector, type VectorType, scalarType, spinOf } from "../../autograd/index.ts";
import { add, scaleBy } from "../../autograd/ops/combine.ts";
import { dot } from "../../autograd/ops/dot.ts";
import { scale } from "../../autograd/ops/scale.ts";
import { spinMul } from "../../autograd/ops/spin.ts";
import { sum } from "../../autograd/ops/sum.ts";
import { SolverError } from "../../errors.ts";
import { ofSample } from "../sample-numbers.ts";
import {
  type Arguments, DRIFT, type LinearSystem, type SolveReport, type Solver, type SolverEngine, SolverMemory, type SystemFields, applyProgram, beginProgram, directionProgram, isNested, largestResidual, programOf, residualProgram, run, updateProgram,
} from "./solver-programs.ts";

/** Vectors that one program takes. */
const GROUP = 8;

/** Some of the vectors, A times them, and numbers of both kinds for each: w_i, then i w_i. */
interface Group {
  readonly first: number;
  readonly w: readonly Storage[];
  readonly aw: readonly Storage[];
  readonly numbers: readonly Storage[];
  readonly onto: Executable;
  readonly along: Executable;
}

export class DeflatedGradient implements Solver {
  readonly #engine: SolverEngine;
  readonly #system: LinearSystem;
  readonly #memory: SolverMemory;
  readonly #groups: readonly Group[];
  readonly #nested: boolean;
  readonly #begin: Executable;
  readonly #residual: Executable;
  readonly #apply: Executable;
  readonly #update: Executable;
  readonly #direction: Executable;
  readonly #start: Arguments;
  readonly #residuals: Arguments;
  readonly #application: Arguments;
  readonly #updating: Arguments;
  readonly #directing: Arguments;
  readonly #images: readonly Arguments[];
  readonly #x: Storage;
  readonly #r: Storage;
  readonly #p: Storage;
  readonly #scalars: { readonly rr: Storage; readonly pq: Storage; readonly alpha: Storage; readonly beta: Storage; readonly shift: Storage };
  /** Twice the number of vectors. */
  readonly #n: number;
  /** Of every sample: Cholesky factor of G, right-hand sides and solutions of its systems. */
  readonly #factors: readonly Float64Array[];
  readonly #small: readonly Float64Array[];
  readonly #rr: Float64Array;
  readonly #a: Float64Array;
  readonly #goal: Float64Array;
  readonly #norm: Float64Array;
  #iterations = 0;

  constructor(engine: SolverEngine, system: LinearSystem, type: ValueType, { captured, b, solutions: [x] }: SystemFields) {
    const { operator, modes = 0 } = system;
    const t = type as VectorType;
    const memory = new SolverMemory(engine);
    const field = (): Storage => memory.allocate(t);
    const number = (): Storage => memory.allocate(scalarType);
    [this.#engine, this.#system, this.#memory, this.#x, this.#n, this.#nested] = [engine, system, memory, x!, 2 * modes, isNested(operator)];
    const [held, W] = [captured.slice(0, captured.length - modes), captured.slice(captured.length - modes)];
    const aw = W.map(field);
    this.#groups = Array.from({ length: Math.ceil(modes / GROUP) }, (_, g) => {
      const first = g * GROUP;
      const w = W.slice(first, first + GROUP);
      return { first, w, aw: aw.slice(first, first + GROUP), numbers: w.flatMap(() => [number(), number()]), onto: ontoProgram(engine, t, w.length), along: alongProgram(engine, t, w.length) };
    });
    const [r, p, q] = [field(), field(), field()];
    [this.#r, this.#p] = [r, p];
    const { rr, pq, alpha, beta, shift } = (this.#scalars = { rr: number(), pq: number(), alpha: number(), beta: number(), shift: number() });
    [this.#begin, this.#residual, this.#apply, this.#update, this.#direction] = [beginProgram(engine, t), residualProgram(engine, operator, t), applyProgram(engine, operator), updateProgram(engine, t), directionProgram(engine, t)];
    this.#start = [[b], [x!, p, rr]];
    this.#residuals = [[...held, x!, shift, b], [r, rr]];
    this.#application = [[...held, p, shift], [q, pq]];
    this.#updating = [[x!, p, r, q, alpha], [x!, r, rr]];
    this.#directing = [[r, p, beta], [p]];
    this.#images = W.map((w, i) => [[...held, w, shift], [aw[i]!, pq]]);
    const { batch } = engine.lattice;
    const numbers = (): Float64Array => new Float64Array(batch);
    [this.#rr, this.#a, this.#goal, this.#norm] = [numbers(), numbers(), numbers(), numbers()];
    this.#factors = Array.from({ length: batch }, () => new Float64Array(this.#n ** 2));
    this.#small = Array.from({ length: batch }, () => new Float64Array(this.#n));
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
    const { tolerance, maxIterations, shifts } = this.#system;
    const memory = this.#memory;
    const { rr, shift } = this.#scalars;
    run(this.#begin, this.#start);
    memory.read(rr, this.#norm);
    this.#norm.forEach((bb, b) => {
      if (!(bb >= 0)) throw new SolverError(`conjugate gradient: the right-hand side${ofSample(b, this.#norm.length)} has norm ${bb}, expected a number: an input holds NaN`);
      this.#goal[b] = tolerance * tolerance * bb;
    });
    this.#iterations = 0;
    if (this.#norm.every((bb) => bb === 0)) return { converged: true, iterations: 0, residual: 0, sample: 0 };
    this.#engine.writeScalar(shift, shifts[0]!);
    this.#factor();
    run(this.#residual, this.#residuals);
    let before = Infinity;
    for (;;) {
      this.#project();
      this.#iterate();
      run(this.#residual, this.#residuals);
      memory.read(rr, this.#rr);
      const worst = this.#rr.reduce((w, x, b) => Math.max(w, this.#goal[b]! > 0 ? x / this.#goal[b]! : 0), 0);
      if (worst <= DRIFT ** 2 || this.#iterations >= maxIterations || !(worst < before / 4)) break;
      before = worst;
    }
    return { converged: this.#rr.every((x, b) => x <= DRIFT ** 2 * this.#goal[b]!), iterations: this.#iterations, ...largestResidual(this.#rr, this.#norm) };
  }

  /** A W and the Cholesky factor of G. */
  #factor(): void {
    const [n, memory] = [this.#n, this.#memory];
    for (let i = 0; i < n / 2; i++) run(this.#apply, this.#images[i]!);
    for (const { first, w } of this.#groups)
      w.forEach((wj, at) => {
        const j = 2 * (first + at);
        this.#inner(wj, (g) => g.aw);
        // <A w_i, i w_j> = -<i A w_i, w_j>
        this.#small.forEach((s, b) => {
          const G = this.#factors[b]!;
          for (let i = 0; i < n; i += 2) [G[i * n + j], G[(i + 1) * n + j], G[i * n + j + 1], G[(i + 1) * n + j + 1]] = [s[i]!, s[i + 1]!, -s[i + 1]!, s[i]!];
        });
      });
    memory.read(this.#scalars.rr, this.#a);
    this.#factors.forEach((G, b) => cholesky(G, n, ofSample(b, this.#factors.length)));
  }

  /** Re <e, y> of every vector e of W (or A W) and i times it, sample by sample. */
  #inner(y: Storage, side: (g: Group) => readonly Storage[]): void {
    for (const g of this.#groups) {
      g.onto.run([y, ...side(g)], g.numbers);
      g.numbers.forEach((s, k) => {
        this.#memory.read(s, this.#a);
        this.#a.forEach((v, b) => (this.#small[b]![2 * g.first + k] = v));
      });
    }
  }

  /** y <- y + sign W G^{-1} s with the numbers s at hand. */
  #add(y: Storage, sign: number): void {
    this.#small.forEach((s, b) => substitute(this.#factors[b]!, s, this.#n));
    for (const g of this.#groups) {
      g.numbers.forEach((to, k) => {
        this.#small.forEach((s, b) => (this.#a[b] = sign * s[2 * g.first + k]!));
        this.#memory.write(to, this.#a);
      });
      g.along.run([y, ...g.w, ...g.numbers], [y]);
    }
  }

  /** The residual is made orthogonal to W by a step in its space; rr and p follow. */
  #project(): void {
    this.#inner(this.#r, (g) => g.w);
    this.#add(this.#x, 1);
    run(this.#residual, this.#residuals);
    this.#memory.read(this.#scalars.rr, this.#rr);
    this.#engine.writeScalar(this.#scalars.beta, 0);
    run(this.#direction, this.#directing);
    this.#inner(this.#r, (g) => g.aw);
    this.#add(this.#p, -1);
  }

  #iterate(): void {
    const { maxIterations } = this.#system;
    const { pq, alpha, beta, rr } = this.#scalars;
    const memory = this.#memory;
    let first = true;
    const step = (program: Executable, places: Arguments): void => {
      if (first || this.#nested) run(program, places);
      else program.repeat();
    };
    const going = (): boolean => this.#rr.some((x, b) => x > this.#goal[b]!);
    while (going() && this.#iterations < maxIterations) {
      this.#iterations++;
      step(this.#apply, this.#application);
      memory.read(pq, this.#a);
      this.#a.forEach((v, b) => {
        const moves = this.#rr[b]! > this.#goal[b]!;
        if (moves && !(v > 0)) throw new SolverError(`conjugate gradient: <p, A p>${ofSample(b, this.#a.length)} = ${v} in iteration ${this.#iterations}, expected a positive number: the operator is not hermitian positive, or its links hold NaN`);
        this.#a[b] = moves ? this.#rr[b]! / v : 0;
      });
      memory.write(alpha, this.#a);
      step(this.#update, this.#updating);
      memory.read(rr, this.#a);
      this.#a.forEach((v, b) => {
        if (!(v >= 0)) throw new SolverError(`conjugate gradient: residual${ofSample(b, this.#a.length)} ${v} in iteration ${this.#iterations}, expected a number: an input holds NaN`);
        const ratio = this.#rr[b]! > 0 ? v / this.#rr[b]! : 0;
        this.#rr[b] = v;
        this.#a[b] = ratio;
      });
      memory.write(beta, this.#a);
      if (going()) {
        step(this.#direction, this.#directing);
        this.#inner(this.#r, (g) => g.aw);
        this.#add(this.#p, -1);
      }
      first = false;
    }
  }
}

/** i on every spin component. */
function timesI(v: Vector): Vector {
  const n = spinOf(v.type);
  return spinMul(v, Array.from({ length: n }, (_, r) => Array.from({ length: n }, (_c, c) => [0, r === c ? 1 : 0] as const)));
}

/** y, e_1 ... e_k -> Re <e_i, y>, Re <i e_i, y>, one after the other. */
const ontoProgram = (engine: SolverEngine, t: VectorType, k: number): Executable =>
  engine.operator(`onto ${k} ${JSON.stringify(t)}`, () =>
    programOf(engine, Array.from({ length: k + 1 }, () => t), ([y, ...e]) => {
      // <i e, y> = <e, -i y>
      const turned = scaleBy(-1, timesI(y as Vector));
      return e.flatMap((v): Traced[] => [sum(dot(v as Vector, y as Vector)), sum(dot(v as Vector, turned))]);
    }),
  );

/** y, w_1 ... w_k, their numbers -> y + sum_i (a_i + i b_i) w_i. */
const alongProgram = (engine: SolverEngine, t: VectorType, k: number): Executable =>
  engine.operator(`along ${k} ${JSON.stringify(t)}`, () =>
    programOf(engine, [...Array.from({ length: k + 1 }, (): ValueType => t), ...Array.from({ length: 2 * k }, () => scalarType)], ([y, ...rest]) => {
      const terms = rest.slice(0, k).flatMap((w, i) => [scale(rest[k + 2 * i] as Scalar, w as Vector), scale(rest[k + 2 * i + 1] as Scalar, timesI(w as Vector))]);
      return [add(y as Vector, ...terms)];
    }),
  );

/** G = L L^T in place, rows of length n; `which` sample, for the message. @throws SolverError when G is not positive. */
function cholesky(G: Float64Array, n: number, which: string): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(G[i * n + i]!));
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let s = G[i * n + j]!;
      for (let k = 0; k < j; k++) s -= G[i * n + k]! * G[j * n + k]!;
      if (i === j && !(s > 1e-13 * largest)) throw new SolverError(`deflation: W^+ A W${which} has the pivot ${s} in row ${i} of ${n}, expected positive ones: the vectors are not linearly independent, or the operator is not hermitian positive`);
      G[i * n + j] = i === j ? Math.sqrt(s) : s / G[j * n + j]!;
    }
}

/** s <- (L L^T)^{-1} s. */
function substitute(L: Float64Array, s: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) s[i]! -= L[i * n + k]! * s[k]!;
    s[i]! /= L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) s[i]! -= L[k * n + i]! * s[k]!;
    s[i]! /= L[i * n + i]!;
  }
}
