/** Linear systems on fields: solve A x = b, or (A + sigma_k) x_k = b for several shifts at once, and learn how it went. */
import { kind, type Lattice, type SolveMethod, type Storage, Field, type TracedOf, type Vector, type VectorType, Tensor, concreteLeaves, leafTypeOn, openTape, solve, tracedTwin } from "../autograd/index.ts";
import { type SolveReport, type SolverEngine, mixedGradient, solverOf } from "../compiler/index.ts";
import { BackendError, ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** What the operator is made from, and when the solver stops. */
export interface LinearOptions<I> {
  /** Links, mass and whatever else the operator is made from; the operator receives them traced. */
  readonly inputs: I;
  /** Relative residual |b - A x| / |b| to reach, below 1; default 1e-12. */
  readonly tolerance?: number;
  /** Default 5000. */
  readonly maxIterations?: number;
}

/** Options of conjugate gradients. */
export interface ConjugateGradientOptions<I> extends LinearOptions<I> {
  /**
   * A lattice of the same extents in single precision, `lattice(extents, { precision: "f32" })`, on which the iteration then runs: mixed precision with reliable updates, where the
   * solution and its residuals are float64. Not for several shifts.
   */
  readonly inner?: Lattice;
  /** Vectors whose space is solved exactly and kept out of the search, best `lowModes` of the operator; any that are linearly independent do. Not with `inner` or several shifts. */
  readonly deflation?: readonly Field<VectorType>[];
}

const KEYS = ["inputs", "tolerance", "maxIterations", "inner", "deflation"];

/** `residual` is |b - A x| / |b| of the returned solution, computed from its definition; `converged`: it is within a factor 2 of the tolerance. */
export interface ConjugateGradientResult<N extends number = number> extends SolveReport {
  readonly solution: Field<VectorType<N>>;
}

/** One solution a shift; `residual` is the largest of them. */
export interface MultiShiftResult<N extends number = number> extends SolveReport {
  readonly solutions: readonly Field<VectorType<N>>[];
}

type Operator<N extends number, I> = (x: Vector<N>, inputs: TracedOf<I>) => Vector<N>;

/**
 * Solves A x = b for a hermitian positive A: `conjugateGradient((x, { U, mass }) => staggeredNormal(U, x, mass), b, { inputs: { U, mass } })`.
 * Starts from zero; an unreached tolerance is reported in the result.
 * @throws ConfigurationError for a tolerance that is not between 0 and 1; SolverError when A is not positive, an input holds NaN or vectors of the deflation are not independent; CovarianceError when A b or they are not of b's type.
 */
export function conjugateGradient<N extends number, const I>(operator: Operator<N, I>, b: Field<VectorType<N>>, options: ConjugateGradientOptions<I>): ConjugateGradientResult<N> {
  guard("conjugateGradient", { operator: [operator, is.callable], b: [b, kind.field], options: [options, is.keysOf(...KEYS)] });
  const { solutions, ...report } = multiShiftConjugateGradient(operator, b, { ...options, shifts: [0] });
  return { solution: solutions[0]!, ...report };
}

/**
 * Solves A x = b by stabilised biconjugate gradients for any A that has an inverse, hermitian or not: `biCGStab((x, { U, kappa }) => wilsonD(U, x, kappa), b, { inputs: { U, kappa } })`.
 * An iteration is two applications of A. Starts from zero; an unreached tolerance is reported in the result.
 * @throws SolverError when an input holds NaN, CovarianceError when A b is not of b's type.
 */
export function biCGStab<N extends number, const I>(operator: Operator<N, I>, b: Field<VectorType<N>>, options: LinearOptions<I>): ConjugateGradientResult<N> {
  guard("biCGStab", { operator: [operator, is.callable], b: [b, kind.field], options: [options, is.keysOf("inputs", "tolerance", "maxIterations")] });
  const { solutions, ...report } = solved(operator, b, options, { shifts: [0], method: "bicgstab" });
  return { solution: solutions[0]!, ...report };
}

/**
 * Solves (A + shift) x = b for every shift >= 0 with the applications of A that the smallest one needs.
 * @throws ConfigurationError without a shift or for a negative one; else as `conjugateGradient`.
 */
export function multiShiftConjugateGradient<N extends number, const I>(
  operator: Operator<N, I>,
  b: Field<VectorType<N>>,
  options: ConjugateGradientOptions<I> & { readonly shifts: readonly number[] },
): MultiShiftResult<N> {
  guard("multiShiftConjugateGradient", { operator: [operator, is.callable], b: [b, kind.field], options: [options, is.keysOf(...KEYS, "shifts")] });
  const { shifts, inner, deflation = [] } = options;
  guard("conjugateGradient", { inner: [inner, is.optional(kind.lattice)], deflation: [deflation, is.listOf(kind.field)] });
  if (shifts.length === 0 || shifts.some((s) => !(s >= 0))) throw new ConfigurationError(`conjugateGradient: got the shifts [${shifts.join(", ")}], expected numbers that are not negative`);
  const { lattice } = b;
  if (inner && (inner.extents.join() !== lattice.extents.join() || shifts.length > 1 || shifts[0] !== 0 || deflation.length > 0))
    throw new ConfigurationError(`conjugateGradient: got the inner lattice ${inner}, ${shifts.length} shifts and ${deflation.length} vectors of deflation for ${lattice}, expected the same extents, no shift and no deflation`);
  if (deflation.length > 0 && shifts.length > 1) throw new ConfigurationError(`conjugateGradient: got ${shifts.length} shifts with deflation, expected one: solve them one by one`);
  const foreign = deflation.find((v) => v.lattice !== lattice);
  if (foreign) throw new ConfigurationError(`conjugateGradient: got deflation by a vector on ${foreign.lattice}, expected ${lattice}, the lattice of b`);
  return solved(operator, b, options, { shifts, ...(inner ? { inner } : {}), deflation });
}

interface Method {
  readonly shifts: readonly number[];
  readonly method?: SolveMethod;
  readonly inner?: Lattice;
  readonly deflation?: readonly Field<VectorType>[];
}

function solved<N extends number, I>(operator: Operator<N, I>, b: Field<VectorType<N>>, { inputs, tolerance = 1e-12, maxIterations = 5000 }: LinearOptions<I>, { shifts, method = "cg", inner, deflation = [] }: Method): MultiShiftResult<N> {
  guard("conjugateGradient", { tolerance: [tolerance, is.tolerance], maxIterations: [maxIterations, is.count] });
  const { lattice } = b;
  const engine = lattice.engine as SolverEngine;
  if (typeof engine.operator !== "function") throw new BackendError(`conjugateGradient: backend ${engine.name} runs no solver of its own, expected js, wasm or native: make the lattice with one of them`);
  const tape = openTape(lattice);
  const leaves = concreteLeaves(inputs).map((l) => ({ value: l.value, type: leafTypeOn(lattice, l) }));
  const traced = leaves.map((l) => tape.input(l.type));
  let next = 0;
  const twin = tracedTwin(inputs, () => traced[next++]!) as TracedOf<I>;
  const spanned = deflation.map((v) => tape.input(v.type) as Vector<N>);
  const x = solve((v: Vector<N>) => operator(v, twin), tape.input(b.type) as Vector<N>, { deflation: spanned });
  const node = tape.node(x.id);
  const captured = node.inputs.slice(0, -1 - deflation.length);
  const prepare = tape.extract(traced.map((t) => t.id), captured);
  const owned: Storage[] = [];
  const own = (s: Storage): Storage => {
    owned.push(s);
    return s;
  };
  const system = { operator: node.attributes["operator"] as typeof prepare, shifts, tolerance, maxIterations, verifyAll: true, method, modes: deflation.length };
  let solver: ReturnType<typeof solverOf> | undefined;
  try {
    const given = leaves.map(({ value, type }) => {
      if (value instanceof Field) return value.storage;
      const s = own(engine.allocate(type));
      if (typeof value === "number") engine.writeScalar(s, value);
      else engine.write(s, type, value instanceof Tensor ? value.data : value);
      return s;
    });
    const values = captured.map((id) => own(engine.allocate(tape.node(id).type)));
    engine.operator(`prepare ${prepare.key}`, () => prepare).run(given, values);
    const solutions = shifts.map(() => new Field(lattice, b.type));
    const fields = { captured: [...values, ...deflation.map((v) => v.storage)], b: b.storage, solutions: solutions.map((s) => s.storage) };
    if (inner) return { solutions, ...mixedGradient(engine, inner.engine as SolverEngine, system, b.type, fields) };
    solver = solverOf(engine, system, fields);
    return { solutions, ...solver.solve() };
  } finally {
    for (const s of owned) s.dispose();
    solver?.dispose();
  }
}
