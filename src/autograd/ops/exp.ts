/**
 * Matrix exponential of an algebra field and all its derivatives as one op:
 *   E(A; X_1..X_k) = d/de_1 .. d/de_k exp(A + e_1 X_1 + .. + e_k X_k) at e = 0   (k = 0: exp A itself).
 * By the cyclicity of the trace the family is closed: with cotangent C', X_i' = E(A^+; C', the other X_j^+) and
 * A' = E(A^+; C', all X_j^+), so reverse mode nests to any order. No eigenvalues enter: degenerate fields are exact.
 *
 * Evaluated in the truncated polynomials of e (2^k coefficients), with A scaled by 2^-s until its Frobenius norm is at most 1.
 * N = 2, 3 (traceless, Cayley-Hamilton): exp A = q0 + q1 A (+ q2 A^2), the q by Horner's rule on the recurrence
 * A^2 = c1 (N = 2), A^3 = c1 A + c0 (N = 3), c1 = tr A^2 / 2, c0 = tr A^3 / 3; the trace of the X_i, which commutes, is a factor.
 * The first derivative for N = 3 is written out (exp-derivative.ts). Other N: Horner's rule on the Taylor series. Then s squarings. Beyond |A| = 2^52 the result is NaN.
 *
 * N = 1: everything commutes, E(a; x_1..x_k) = exp(a) x_1 .. x_k, so derivatives are products with the phase that the program has; the
 * phase of an algebra field is (cos, sin) by their series.
 */
import { applyOp } from "../apply.ts";
import type { Lattice } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import { type C, type M, type Operand, type Site, type V, matrixOps } from "../site.ts";
import type { Algebra, Matrix } from "../tape.ts";
import { type MatrixType, type ValueType, siteMatrixType, typeText, isQuaternion } from "../types.ts";
import { CovarianceError } from "../../errors.ts";
import { adj } from "./adj.ts";
import { type Halved, derivativeOfSu3 } from "./exp-derivative.ts";
import { factored } from "./factor.ts";
import { mul } from "./mul.ts";
import { ta } from "./ta.ts";
import { closed } from "./trace.ts";

/**
 * Last power of the Taylor series for norm at most 1: the next one, 1/19!, is below 1e-17. The k-th derivative of A^n / n! is of the size
 * A^(n-k) / (n-k)!, so every direction needs one power more; even for N = 2.
 */
const lastPower = (directions: number): number => 18 + 2 * Math.ceil(directions / 2);

/** Last power of the series of cos and sin together, odd: the next one of cos, 1/20!, is below 1e-18. */
const PHASE_POWERS = 19;

/** |A|^2 beyond which |A| has no digits after the point. */
const LARGEST = 2 ** 104;

/** Powers of two that sum to the number of halvings, at most 52. */
const HALVINGS = [32, 16, 8, 4, 2, 1];

export const expOp: Op = {
  name: "exp",
  quaternion: (types) => types.every(isQuaternion),
  infer(types, _attributes, lattice) {
    const first = closed("exp", lattice, types[0]!);
    for (const t of types.slice(1)) sameClosed(lattice, first, t);
    return { ...first, algebra: false };
  },
  simplify(tape, [a, ...xs]) {
    if (xs.length > 0 && (a!.type as MatrixType).N === 1) return xs.reduce<Matrix>((product, x) => mul(product, x as Matrix), exp(a as Matrix));
    for (const [k, x] of xs.entries()) {
      const outside = factored(tape, x, (y) => dexp(a as Matrix, ...(xs.map((z, i) => (i === k ? y : z)) as Matrix[])));
      if (outside) return outside;
    }
    return undefined;
  },
  vjp: ({ inputs: [a, ...xs], output, cotangent, needs }) => {
    if (xs.length === 0 && (a!.type as MatrixType).N === 1) return [mul(adj(output as Matrix), cotangent as Matrix)];
    const back = adj(a as Matrix);
    const daggers = xs.map((x) => adj(x as Matrix));
    return [
      needs[0] ? dexp(back, cotangent as Matrix, ...daggers) : undefined,
      ...xs.map((_, i) => (needs[i + 1] ? dexp(back, cotangent as Matrix, ...daggers.filter((_d, j) => j !== i)) : undefined)),
    ];
  },
  site(b, inputs, _attributes, types) {
    const t = types[0] as MatrixType;
    const m = matrixOps(b, t.N);
    if (t.N === 3 && t.algebra && inputs.length === 2) return derivativeOfSu3(b, inputs[0]!, inputs[1]!, halvedOnce(b));
    return m.flat(exponential(b, t, inputs));
  },
  cost: (types) => {
    const N = (types[0] as MatrixType).N;
    const product = 8 * N ** 3 * 3 ** (types.length - 1);
    return N === 2 || N === 3 ? 3 * product + 300 * 3 ** (types.length - 1) : lastPower(types.length - 1) * product;
  },
};

export const expSamples: Samples = (lattice, N) => {
  const [m, a] = [siteMatrixType(lattice, N), siteMatrixType(lattice, N, true)];
  return [
    { label: "of ta", inputs: [m], apply: ([x]) => exp(ta(x as Matrix)) },
    { label: "of an algebra field", inputs: [a], apply: ([x]) => exp(x as Algebra) },
    { label: "first derivative", inputs: [a, m], apply: ([x, y]) => dexp(x as Matrix, y as Matrix) },
  ];
};

function sameClosed(lattice: Lattice, first: MatrixType, t: ValueType): void {
  const other = closed("exp", lattice, t);
  if (other.N !== first.N || other.start.some((s, mu) => (s - first.start[mu]!) % lattice.extents[mu]! !== 0))
    throw new CovarianceError(`exp: got a direction ${typeText(lattice, t)} at ${typeText(lattice, first)}, expected the same N and end points`);
}

/** Truncated polynomials in e_1..e_k: index = bit mask; undefined = zero. */
type Poly<T> = (T | undefined)[];

/** x y + z, the products added one by one: `mul` is a b, `fma` a b + c. */
function polyProduct<A, B, T>(x: Poly<A>, y: Poly<B>, mul: (a: A, b: B) => T, fma: (a: A, b: B, c: T) => T, z: Poly<T> = []): Poly<T> {
  return x.map((_, mask) => {
    let s = z[mask];
    for (let sub = mask; ; sub = (sub - 1) & mask) {
      const [a, b] = [x[sub], y[mask ^ sub]];
      if (a !== undefined && b !== undefined) s = s === undefined ? mul(a, b) : fma(a, b, s);
      if (sub === 0) break;
    }
    return s;
  });
}

/** Coefficient of e_1..e_k in exp(A + sum e_i X_i). */
function exponential(b: Site, type: MatrixType, inputs: readonly Operand[]): M {
  const { N } = type;
  const m = matrixOps(b, N);
  if (N === 1 && type.algebra) return phase(b, inputs[0]!);
  const k = inputs.length - 1;
  const size = 1 << k;
  const raw = inputs.map((x) => m.load(x));
  const norm2 = m.norm2(raw[0]!);
  const { s, factor } = halvings(b, norm2);
  const arg: Poly<M> = Array.from({ length: size }, () => undefined);
  arg[0] = m.rscale(factor, raw[0]!);
  for (let i = 0; i < k; i++) arg[1 << i] = m.rscale(factor, raw[i + 1]!);
  const traceless = type.algebra && (N === 2 || N === 3);
  const small = traceless ? byCayleyHamilton(b, N, arg) : byTaylor(b, N, arg);
  const carried = small.flatMap((x) => m.flat(x ?? m.zero()));
  const squared = b.loop(s, carried, (values) => {
    const p: Poly<M> = Array.from({ length: size }, (_, q) => unflatten(values.slice(q * 2 * N * N, (q + 1) * 2 * N * N)));
    return polyProduct(p, p, m.times, m.timesPlus).flatMap((x) => m.flat(x!));
  });
  return unflatten(squared.slice((size - 1) * 2 * N * N));
}

/** exp(i x) = cos x + i sin x for the number i x of the algebra of U(1), by the series of both for x halved s times, and s squarings. */
function phase(b: Site, a: Operand): M {
  const angle = a(1);
  const { s, factor } = halvings(b, b.mul(angle, angle));
  const x = b.mul(factor, angle);
  const minus = b.neg(b.mul(x, x));
  let [cos, sin, coefficient] = [b.constant(0), b.constant(0), 1];
  const coefficients = Array.from({ length: PHASE_POWERS + 1 }, (_, n) => (coefficient /= Math.max(1, n)));
  for (let n = PHASE_POWERS - 1; n >= 0; n -= 2) {
    cos = b.fma(minus, cos, b.constant(coefficients[n]!));
    sin = b.fma(minus, sin, b.constant(coefficients[n + 1]!));
  }
  const [re, im] = b.loop(s, [cos, b.mul(x, sin)], ([c, i]) => {
    const twice = b.add(i!, i!);
    return [b.fnma(i!, i!, b.mul(c!, c!)), b.mul(twice, c!)];
  });
  return [{ re: re!, im: im! }];
}

/**
 * The smallest s >= 0 with |A|^2 <= 4^s, bit by bit from the highest, and 2^-s; exact, so that it depends on |A|^2 alone and on no
 * logarithm. NaN in place of 2^-s where no digit of a phase is left.
 */
function halvings(b: Site, norm2: V): { readonly s: V; readonly factor: V } {
  const [zero, one] = [b.constant(0), b.constant(1)];
  const inside = b.sub(b.constant(LARGEST), norm2);
  const some = b.positive(inside, b.positive(b.sub(norm2, one), one, zero), zero);
  const [s, factor] = b.loop(some, [zero, b.positive(inside, one, b.constant(Number.NaN))], () => {
    let [rest, count, power] = [norm2, zero, one];
    for (const k of HALVINGS) {
      const more = b.sub(rest, b.constant(4 ** (k - 1)));
      rest = b.positive(more, b.mul(b.constant(4 ** -k), rest), rest);
      count = b.positive(more, b.add(count, b.constant(k)), count);
      power = b.positive(more, b.mul(b.constant(2 ** -k), power), power);
    }
    return [count, power];
  });
  return { s: s!, factor: factor! };
}

/** How A is scaled for the first derivative. */
export const halvedOnce = (b: Site): Halved => ({ halvings: (norm2) => halvings(b, norm2), last: lastPower(1) });

const unflatten = (v: readonly V[]): C[] => Array.from({ length: v.length / 2 }, (_, i) => ({ re: v[2 * i]!, im: v[2 * i + 1]! }));

function byTaylor(b: Site, N: number, arg: Poly<M>): Poly<M> {
  const m = matrixOps(b, N);
  const width = 2 * N * N;
  const last = b.constant(lastPower(Math.log2(arg.length)));
  const start = arg.flatMap((_, q) => m.flat(q === 0 ? m.unit() : m.zero()));
  // p <- 1 + A p / n for n = last .. 1
  const out = b.loop(last, [last, ...start], ([n, ...values]) => {
    const p: Poly<M> = arg.map((_, q) => unflatten(values.slice(q * width, (q + 1) * width)));
    const inverse = b.div(b.constant(1), n!);
    const scaled = polyProduct(arg, p, m.times, m.timesPlus).map((x) => x && m.rscale(inverse, x));
    return [b.sub(n!, b.constant(1)), ...scaled.flatMap((x, q) => m.flat(q === 0 ? m.addDiagonal(m.constant(1), x!) : (x ?? m.zero())))];
  });
  return arg.map((_, q) => unflatten(out.slice(1 + q * width, 1 + (q + 1) * width)));
}

function byCayleyHamilton(b: Site, N: number, arg: Poly<M>): Poly<M> {
  const m = matrixOps(b, N);
  // the trace of a direction commutes with everything: exp(A + e t) = exp(A) exp(e t)
  const traces: Poly<C> = arg.map((x, q) => (q === 0 || x === undefined ? undefined : m.rscale(b.constant(1 / N), [m.trace(x)])[0]));
  const A: Poly<M> = arg.map((x, q) => (x && traces[q] ? m.addDiagonal(m.neg(traces[q]!), x) : x));
  const A2 = polyProduct(A, A, m.times, m.timesPlus);
  const c1: Poly<C> = A2.map((x) => x && m.rscale(b.constant(0.5), [m.trace(x)])[0]);
  c1[0] = { re: c1[0]!.re, im: b.constant(0) };
  const real = (r: number): C => m.constant(r);
  const last = lastPower(Math.log2(arg.length));
  const inverseFactorials = [1];
  for (let n = 1; n <= last + 1; n++) inverseFactorials.push(inverseFactorials[n - 1]! / n);
  const constant = (n: number): Poly<C> => arg.map((_, q) => (q === 0 ? real(inverseFactorials[n]!) : undefined));
  let result: Poly<M>;
  if (N === 2) {
    // A^2 = c1: even powers give q0, odd ones q1
    let q0 = constant(last);
    let q1 = constant(last + 1);
    for (let n = last - 2; n >= 0; n -= 2) {
      q0 = polyProduct(c1, q0, m.mul, m.fma, constant(n));
      q1 = polyProduct(c1, q1, m.mul, m.fma, constant(n + 1));
    }
    result = polyProduct(q1, A, m.cscale, m.cscalePlus);
    result = result.map((x, q) => (q0[q] ? m.addDiagonal(q0[q]!, x ?? m.zero()) : x));
  } else {
    // trilinear tr(A A A)/3; its e-expansion is tr(A2 A)/3
    const c0: Poly<C> = polyProduct(A2, A, m.traceProduct, (x, y, z) => m.add(z, m.traceProduct(x, y))).map((z) => z && m.rscale(b.constant(1 / 3), [z])[0]);
    c0[0] = { re: b.constant(0), im: c0[0]!.im };
    let q: [Poly<C>, Poly<C>, Poly<C>] = [constant(last), arg.map(() => undefined), arg.map(() => undefined)];
    for (let n = last - 1; n >= 0; n--) {
      // A (q0 + q1 A + q2 A^2) = q2 c0 + (q0 + q2 c1) A + q1 A^2
      q = [polyProduct(c0, q[2], m.mul, m.fma, constant(n)), polyProduct(c1, q[2], m.mul, m.fma, q[0]), q[1]];
    }
    const linear = polyProduct(q[1], A, m.cscale, m.cscalePlus);
    result = polyProduct(q[2], A2, m.cscale, m.cscalePlus, linear);
    result = result.map((x, i) => (q[0][i] ? m.addDiagonal(q[0][i]!, x ?? m.zero()) : x));
  }
  if (arg.length === 1) return result;
  // exp of the nilpotent trace part, factor by factor: prod_i (1 + e_i t_i)
  let f: Poly<C> = arg.map((_, i) => (i === 0 ? real(1) : undefined));
  for (let i = 1; i < arg.length; i <<= 1) {
    const step: Poly<C> = arg.map((_, j) => (j === 0 ? real(1) : j === i ? traces[i] : undefined));
    f = polyProduct(f, step, m.mul, m.fma);
  }
  return polyProduct(f, result, m.cscale, m.cscalePlus);
}

/** exp of an algebra field: an SU(N) matrix (U(1) phase for N = 1) closed at the same site; NaN where |A| > 2^52. @throws CovarianceError when the path is open. */
export function exp<N extends number>(a: Matrix<N>): Matrix<N> {
  return applyOp("exp", expOp, [a]) as Matrix<N>;
}

/** Derivative of exp at A along X_1..X_k; linear in each X. */
export function dexp<N extends number>(a: Matrix<N>, ...directions: Matrix<NoInfer<N>>[]): Matrix<N> {
  return applyOp("dexp", expOp, [a, ...directions]) as Matrix<N>;
}
