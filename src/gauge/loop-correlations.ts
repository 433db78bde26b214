/**
 * Correlations of closed loops at two places. With O(n) the mean over the loops of a family of tr/N, each based at n, a complex number a site,
 *
 *     C(r) = (1/V) sum_n O_A(n) O_B(n + r)^*,      C(t) = (1/L_t) sum_s [O_A](s) [O_B](s + t)^*,
 *
 * where [O](s) is the mean over space at time s: what masses of glueballs and screening lengths come from once <O_A> <O_B>^* is taken off.
 * The trace of a loop walked backwards is the conjugate one: sum tr A tr B of other programs is C with B reversed.
 */
import { type Complex, type LinkField, add, im, kind, re, scaleBy } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { type Loop, pathsOf } from "./loop-action.ts";
import { loopTrace } from "./loops.ts";
import { perLattice } from "./per-lattice.ts";

/** A complex number. */
export type ComplexNumber = readonly [re: number, im: number];

/** A correlation function, and the means of its operators over the lattice. */
export interface LoopCorrelation {
  /** One number a separation, or a time distance t = 0 ... L_t - 1. */
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Of O_A and O_B. */
  readonly means: readonly [ComplexNumber, ComplexNumber];
}

const recorded = new Map<string, (U: LinkField) => readonly [Float64Array, Float64Array]>();

/** Real and imaginary part of O, one number a site in lexicographic order. */
function operatorOf(U: LinkField, loop: Loop): readonly [Float64Array, Float64Array] {
  const key = JSON.stringify("name" in loop ? ["name", loop.name] : ["path", loop.path]);
  let measure = recorded.get(key);
  if (!measure) {
    const parts = perLattice((V) => {
      const traces = pathsOf(V.lattice, loop).map((path): Complex => loopTrace(V, path));
      const O = scaleBy(1 / traces.length, add(traces[0]!, ...traces.slice(1)));
      return { re: re(O), im: im(O) };
    });
    measure = (V) => {
      const { re: x, im: y } = parts(V);
      return [x.toArray(), y.toArray()];
    };
    recorded.set(key, measure);
  }
  return measure(U);
}

const meanOf = ([x, y]: readonly [Float64Array, Float64Array]): ComplexNumber => [x.reduce((s, v) => s + v, 0) / x.length, y.reduce((s, v) => s + v, 0) / y.length];

/**
 * C(r) of two loops or families at given separations, in lattice units and modulo the extents; B is A by default.
 * @throws GeometryError for separations of another dimension, unknown families, and batches.
 */
export function loopCorrelation(U: LinkField, A: Loop, separations: readonly (readonly number[])[], B: Loop = A): LoopCorrelation {
  guard("loopCorrelation", { U: [U, kind.configuration], A: [A, is.object], separations: [separations, is.listOf(is.listOf(is.integer), 1)], B: [B, is.object] });
  const { lattice } = U;
  const wrong = separations.find((r) => r.length !== lattice.dim);
  if (wrong) throw new GeometryError(`loopCorrelation: got the separation [${wrong.join(", ")}], expected ${lattice.dim} integers, one a direction`);
  const [a, b] = [operatorOf(U, A), operatorOf(U, B)];
  const out: LoopCorrelation = { re: new Float64Array(separations.length), im: new Float64Array(separations.length), means: [meanOf(a), meanOf(b)] };
  separations.forEach((r, k) => {
    for (let n = 0; n < lattice.volume; n++) {
      const m = lattice.site(lattice.wrap(lattice.coordinates(n).map((x, mu) => x + r[mu]!)));
      out.re[k]! += (a[0][n]! * b[0][m]! + a[1][n]! * b[1][m]!) / lattice.volume;
      out.im[k]! += (a[1][n]! * b[0][m]! - a[0][n]! * b[1][m]!) / lattice.volume;
    }
  });
  return out;
}

/** C(t), t = 0 ... L_t - 1, of the means over space: momentum zero. @throws GeometryError for unknown families and batches. */
export function loopCorrelator(U: LinkField, A: Loop, B: Loop = A): LoopCorrelation {
  guard("loopCorrelator", { U: [U, kind.configuration], A: [A, is.object], B: [B, is.object] });
  const { lattice } = U;
  const T = lattice.extents[lattice.dim - 1]!;
  const slice = lattice.volume / T;
  const inTime = (x: Float64Array): Float64Array => Float64Array.from({ length: T }, (_, t) => x.subarray(t * slice, (t + 1) * slice).reduce((s, v) => s + v, 0) / slice);
  const [a, b] = [operatorOf(U, A), operatorOf(U, B)];
  const [ar, ai, br, bi] = [...a, ...b].map(inTime) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const out: LoopCorrelation = { re: new Float64Array(T), im: new Float64Array(T), means: [meanOf(a), meanOf(b)] };
  for (let t = 0; t < T; t++)
    for (let s = 0; s < T; s++) {
      const u = (s + t) % T;
      out.re[t]! += (ar[s]! * br[u]! + ai[s]! * bi[u]!) / T;
      out.im[t]! += (ai[s]! * br[u]! - ar[s]! * bi[u]!) / T;
    }
  return out;
}
