/**
 * ln |det A| of a linear operator on vector fields, through dense matrices, and the derivatives of traces of products of such operators and their inverses,
 *
 *     d ln |det A| = Re tr(A^{-1} dA),   d Re tr(M B) = Re tr(M dB) + Re tr(dM B),   d A^{-1} = -A^{-1} dA A^{-1},
 *
 * so that every further derivative is again one: with B the derivative of A along a direction H, (H, G) = Re tr(A^{-1} B) for the gradient G.
 */
import { CovarianceError, GeometryError } from "../../errors.ts";
import { pullback } from "../backward.ts";
import type { DenseWork, Op, Samples } from "../op.ts";
import { keptWhole } from "../program.ts";
import { openTape } from "../recording.ts";
import type { Attributes, Matrix, Program, Real, Scalar, Tape, Traced, Vector } from "../tape.ts";
import { type Directional, leaves } from "../tree.ts";
import { type ValueType, type VectorType, isQuaternion, linkType, sameType, scalarType, siteMatrixType, spinOf, typeText, vectorType } from "../types.ts";
import { addAll } from "./accumulate.ts";
import { capture } from "./capture.ts";
import { add, neg, scaleBy } from "./combine.ts";
import { number } from "./constants.ts";
import { dot } from "./dot.ts";
import { scale } from "./scale.ts";
import { shift } from "./shift.ts";
import { spinMul } from "./spin.ts";
import { sum } from "./sum.ts";
import { adj } from "./adj.ts";
import { mul } from "./mul.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** How a determinant is computed. */
export interface LogDetOptions {
  /** True: a determinant that is not positive is an error, as for the weight of a single flavour. Default false: ln |det A|. */
  readonly positive?: boolean;
}

const work = (attributes: Attributes): DenseWork => ({
  factors: (attributes["inverse"] as readonly number[]).map((inverse, k) => ({ operator: attributes[`factor${k}`] as Program, inverse: inverse === 1 })),
  ...(attributes["input"] === undefined ? {} : { gradient: { factor: attributes["factor"] as number, input: attributes["input"] as number } }),
  positive: attributes["positive"] === true,
});

export const logDetOp: Op = {
  name: "logDet",
  role: { is: "dense", work },
  infer: () => scalarType,
  vjp: ({ inputs, cotangent, needs, attributes }) => {
    const factors = [{ operator: attributes["factor0"] as Program, inverse: true, inputs }];
    return inputs.map((_, k) => (needs[k] ? scale(cotangent as Scalar, derivative(factors, 0, k) as never) : undefined));
  },
};

export const logDetSamples: Samples = (lattice, N) => [
  {
    label: "hop and site matrix",
    inputs: [siteMatrixType(lattice, N), linkType(lattice, N, 0)],
    apply: ([a, u]) => logDet((x) => add(mul(a as Matrix, x), scaleBy(0.3, mul(u as Matrix, shift(x, 0)))), vectorType(lattice, N), a!),
  },
  {
    label: "two spin components and a mass",
    inputs: [linkType(lattice, N, 0), scalarType],
    apply: ([u, m]) => {
      const hop = (x: Vector): Vector => spinMul(mul(u as Matrix, shift(x, 0)), [[[0.3, 0], [0, 0.2]], [[0.1, 0.1], [-0.2, 0]]]);
      const back = (x: Vector): Vector => shift(mul(adj(u as Matrix), spinMul(x, [[[0, 0.1], [0.2, 0]], [[0, 0], [0.1, 0]]])), 0, -1);
      return logDet((x) => add(scaleBy(4, x), scale(m as Scalar, x), hop(x), back(x)), vectorType(lattice, N, { spin: 2, boundary: lattice.extents.map((_, mu) => (mu === 0 ? -1 : 1)) }), u!);
    },
  },
];

/** The derivative of ln |det A| or of a trace with respect to one captured value; made by the rules only. */
export const traceGradientOp: Op = {
  name: "traceGradient",
  role: { is: "dense", work },
  quaternion: (_types, result) => isQuaternion(result),
  infer(types, attributes) {
    const { factors, gradient } = work(attributes);
    const t = types[place(factors, gradient!.factor) + gradient!.input]!;
    return t.kind === "matrix" ? { ...t, algebra: false } : t;
  },
  vjp: ({ inputs, cotangent, needs, attributes }) => {
    const { factors, gradient } = work(attributes);
    const { factor, input } = gradient!;
    const given: Factor[] = factors.map((f, k) => ({ ...f, inputs: inputs.slice(place(factors, k), place(factors, k + 1)), first: place(factors, k) }));
    // the gradient of ln |det A| is that of tr(A^{-1} A') with respect to A'
    const word = given.length === 1 ? [given[0]!, { ...given[0]!, inverse: false }] : given;
    const at = given.length === 1 ? 1 : factor;
    const along: Factor = { ...word[at]!, operator: directional(word[at]!.operator, input), inputs: [...word[at]!.inputs, cotangent] };
    const line = word.map((f, k) => (k === at ? along : f));
    const terms: Traced[][] = inputs.map(() => []);
    line.forEach((f, k) => {
      // tr(... A^{-1} ...)' = -tr(... A^{-1} A' A^{-1} ...)
      const whole = f.inverse ? [...line.slice(0, k), f, { ...f, inverse: false }, f, ...line.slice(k + 1)] : line;
      for (let i = 0; i < f.operator.inputs.length - 1; i++) {
        const to = f.first! + i;
        // the last input of the directional derivative is the direction itself
        if ((k === at && i === f.inputs.length - 1) || !needs[to]) continue;
        const d = derivative(whole, f.inverse ? k + 1 : k, i);
        terms[to]!.push(f.inverse ? neg(d) : d);
      }
    });
    return terms.map((t, k) => (t.length > 0 ? addAll(t, inputs[k]!.type) : undefined));
  },
};

interface Factor {
  readonly operator: Program;
  readonly inverse: boolean;
  readonly inputs: readonly Traced[];
  /** Where its inputs stand among those of an op. */
  readonly first?: number;
}

/** Number of inputs of the factors before number k. */
function place(factors: DenseWork["factors"], k: number): number {
  return factors.slice(0, k).reduce((s, f) => s + f.operator.inputs.length - 1, 0);
}

function derivative(factors: readonly Factor[], factor: number, input: number): Traced {
  const inputs = factors.flatMap((f) => f.inputs);
  const operators = Object.fromEntries(factors.map((f, k) => [`factor${k}`, f.operator]));
  return inputs[0]!.tape.apply(traceGradientOp, inputs, { ...operators, inverse: factors.map((f) => Number(f.inverse)), factor, input });
}

/** (captured..., H, x) -> the derivative of A x when captured value number k moves along H, by transposing the reverse pass, which is linear in its seed. */
function directional(operator: Program, k: number): Program {
  const tape = openTape(operator.lattice);
  const types = operator.inputs.map((id) => operator.nodes[id]!.type);
  const captured = types.slice(0, -1).map((t) => tape.input(t));
  const H = tape.input(types[k]!);
  const x = tape.input(types[types.length - 1]!) as Vector;
  const [y] = tape.inline(keptWhole(operator), [...captured, x]);
  const seed = tape.input(y!.type);
  const [g] = pullback(y!, seed, [captured[k]!]);
  const zero = scaleBy(0, y!);
  const pair = g && (g.type.kind === "scalar" ? scale(g as Scalar, H as Scalar) : sum(dot(g as Real, H as Real)));
  const [d] = pair ? pullback(pair, number(tape, 1), [seed]) : [undefined];
  return tape.extract([...captured.map((c) => c.id), H.id, x.id], [(d ?? zero).id]);
}

/** A vector that stands for the argument of an operator while that is recorded. */
const argumentOf = (type: ValueType): Op => ({ name: "argument", unique: true, infer: () => type, vjp: () => [] });

/**
 * ln |det A| of a linear operator on vectors of a type, a scalar of the recording that `on` (links, or any traced value) belongs to:
 * `logDet((x) => staggeredNormal(U, x, m), staggeredType(lattice, N, { domain: "even" }), U)`. `operator` maps a vector to A times it. The dense matrix has
 * as many rows as the vectors have components, N x spin at every site of their domain, half of them where A is a site matrix on the odd sites (even-odd
 * decomposition); work grows with the third power, value and all derivatives together cost about three values. Operators that are sums of paths (products
 * of matrices and shifts) are read off their links; others are applied to unit vectors, one by one.
 * @throws CovarianceError when A x is not of x's type, GeometryError (when a plan runs it) for more than 6144 rows, SolverError for a singular matrix and,
 * with `positive`, for a determinant that is not positive.
 */
export function logDet<N extends number>(operator: (x: Vector<N>) => Vector<N>, type: VectorType<N>, on: Traced | Directional<N, "links">, options: LogDetOptions = {}): Scalar {
  guard("logDet", { operator: [operator, is.callable], type: [type, is.withFields("the type of a vector", "kind", "boundary")], on: [on, is.present], options: [options, is.keysOf("positive")] });
  const { positive = false } = options;
  guard("logDet", { positive: [positive, is.oneOf(true, false)] });
  const [any] = leaves(on, "logDet");
  guard("logDet", { on: [any, kind.traced] });
  const { captured, program } = capturedOperator("logDet", any!.tape, operator, type);
  return any!.tape.apply(logDetOp, captured, { factor0: program, inverse: [1], ...(positive ? { positive } : {}) }) as Scalar;
}

/** An operator as a program, (captured..., x) -> A x, and what it captures. @throws CovarianceError when A x is not of x's type. */
export function capturedOperator<N extends number>(name: string, tape: Tape, operator: (x: Vector<N>) => Vector<N>, type: VectorType<N>): { readonly captured: readonly Traced[]; readonly program: Program } {
  if (tape.lattice.batch > 1) throw new GeometryError(`${name}: got ${tape.lattice}, expected a lattice of one sample: determinants are not taken sample by sample`);
  const x = tape.apply(argumentOf(type), []) as Vector<N>;
  const ax = operator(x);
  guard(name, { "what the operator returned": [ax, kind.vector] });
  if (!sameType(tape.lattice, ax.type, type)) throw new CovarianceError(`${name}: the operator maps ${typeText(tape.lattice, type)} to ${typeText(tape.lattice, ax.type)}, expected the same type`);
  const captured = capture(name, tape, x.id, ax.id);
  return { captured: captured.map((id) => tape.traced(id)), program: tape.extract([...captured, x.id], [ax.id]) };
}

/** Rows of the matrix of an operator on all sites of its vectors. */
export function denseRows(type: VectorType, sites: number): number {
  guard("denseRows", { type: [type, is.withFields("the type of a vector", "kind", "N")], sites: [sites, is.count] });
  return type.N * spinOf(type) * sites;
}
