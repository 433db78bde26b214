/**
 * log det of the link update U -> exp(TA(W U^+)) U, at fixed W from M = W U^+ alone: a real, gauge-invariant number a site. With P = (M + M^+)/2,
 * Y = ad(TA M)/2 and D_ab = -tr(T_a {P, T_b}) the Jacobian is e^Y (sinh Y/Y) [Y coth Y - D] up to a factor of determinant 1, so
 *   log det = sum_{j<k} 2 log(sin y_jk / y_jk) + log det(Y coth Y - D),   +-i y_jk the eigenvalues of Y; N = 1: log(1 - Re M).
 * A symmetric form Q that the derivative of TA(M) has besides, where W depends on U, is added: Y coth Y - D + Q.
 * Functions of B = Y^2 are polynomials in it: B has the eigenvalues 0 and -y_jk^2, and powers beyond their number K = N(N-1)/2 are taken modulo the
 * characteristic polynomial, so that nothing is singular where eigenvalues coincide. The symmetric matrix is positive where |M| < 1, and the
 * update is then one to one; where it is not positive the value is NaN.
 */
import { CovarianceError } from "../../errors.ts";
import { applyOp } from "../apply.ts";
import { localOp } from "../local-op.ts";
import type { Samples } from "../op.ts";
import type { Operand, Site, V } from "../site.ts";
import type { Channels, Matrix, Real } from "../tape.ts";
import { type MatrixType, channelsType, realType, siteMatrixType, typeText } from "../types.ts";
import { formEntries } from "./adjoint-form.ts";
import { scaleBy } from "./combine.ts";
import { jointDomain } from "./domain.ts";
import { type Entry, MAX_N, generators } from "./generators.ts";
import { closed } from "./trace.ts";

/** Terms of the series in (y/pi)^2: rounding for y up to LARGEST, which is beyond what |M| < 1 allows, y < 1. */
const TERMS = 24;
const LARGEST = 1.6;

/** zeta(2n)/pi^(2n), n from 1. */
const ZETA: readonly number[] = Array.from({ length: TERMS + 4 }, (_, k) => {
  const n = 2 * (k + 1);
  if (n === 2) return 1 / 6;
  let s = 0;
  for (let m = n === 4 ? 2000 : 400; m >= 1; m--) s += m ** -n;
  // the rest of the sum by Euler and Maclaurin
  const M = n === 4 ? 2000 : 400;
  s += M ** (1 - n) / (n - 1) - M ** -n / 2 + (n * M ** (-n - 1)) / 12;
  return s / Math.PI ** n;
});

function product(a: Entry[][], b: Entry[][]): Entry[][] {
  return a.map((row) => row.map((_, j) => row.reduce<Entry>(([re, im], [x, y], k) => [re + x * b[k]![j]![0] - y * b[k]![j]![1], im + x * b[k]![j]![1] + y * b[k]![j]![0]], [0, 0])));
}

/** f Re tr(C M) as a sum over the components of M. */
function linearForm(b: Site, M: Operand, C: Entry[][], f: number): V {
  const N = C.length;
  let s = b.constant(0);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const [re, im] = C[i]![j]!;
      if (Math.abs(re) > 1e-14) s = b.fma(b.constant(f * re), M(2 * (j * N + i)), s);
      if (Math.abs(im) > 1e-14) s = b.fma(b.constant(-f * im), M(2 * (j * N + i) + 1), s);
    }
  return s;
}

type Rows = V[][];

/** Y = ad(TA M)/2 and D, from commutators and anticommutators of the generators. */
function adjointParts(b: Site, N: number, M: Operand): { readonly Y: Rows; readonly D: Rows } {
  const T = generators(N);
  const products = T.map((x) => T.map((y) => product(x, y)));
  const combined = (a: number, c: number, sign: number): Entry[][] => products[a]![c]!.map((row, i) => row.map(([re, im], j): Entry => [re + sign * products[c]![a]![i]![j]![0], im + sign * products[c]![a]![i]![j]![1]]));
  const Y: Rows = T.map(() => []);
  const D: Rows = T.map(() => []);
  T.forEach((_, a) => {
    for (let c = 0; c <= a; c++) {
      // A_ac = -2 tr(T_a [X, T_c]) = -2 Re tr([T_c, T_a] M), half of it
      const y = linearForm(b, M, combined(c, a, -1), -1);
      Y[a]![c] = y;
      Y[c]![a] = b.neg(y);
      D[a]![c] = D[c]![a] = linearForm(b, M, combined(c, a, 1), -1);
    }
    Y[a]![a] = b.constant(0);
  });
  return { Y, D };
}

/** The product of two matrices that is known to be symmetric. */
function symmetricProduct(b: Site, x: Rows, y: Rows): Rows {
  const out: Rows = x.map(() => []);
  x.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let s = b.constant(0);
      row.forEach((v, k) => (s = b.fma(v, y[k]![j]!, s)));
      out[i]![j] = out[j]![i] = s;
    }
  });
  return out;
}

/** Power sums p_n = sum_jk (-y_jk^2)^n for n = 1 .. TERMS from the first K by Newton's identities, and the elementary symmetric functions e_k. */
function symmetricFunctions(b: Site, first: readonly V[]): { readonly p: readonly V[]; readonly e: readonly V[] } {
  const K = first.length;
  const e: V[] = [b.constant(1)];
  for (let k = 1; k <= K; k++) {
    let s = b.constant(0);
    for (let i = 1; i <= k; i++) s = i % 2 === 1 ? b.fma(e[k - i]!, first[i - 1]!, s) : b.fnma(e[k - i]!, first[i - 1]!, s);
    e.push(b.mul(b.constant(1 / k), s));
  }
  const p = [...first];
  for (let n = K; n < TERMS; n++) {
    let s = b.constant(0);
    for (let i = 1; i <= K; i++) s = i % 2 === 1 ? b.fma(e[i]!, p[n - i]!, s) : b.fnma(e[i]!, p[n - i]!, s);
    p.push(s);
  }
  return { p, e };
}

/** Coefficients of B, B^2, ..., B^K in Y coth Y - 1 = sum_n g_n B^n, g_n = -2 (-1)^n zeta(2n)/pi^(2n), modulo the characteristic polynomial. */
function cothCoefficients(b: Site, e: readonly V[]): V[] {
  const K = e.length - 1;
  let r = Array.from({ length: K }, () => b.constant(0));
  for (let n = TERMS; n >= 1; n--) {
    const top = r[K - 1]!;
    // lambda^K = e_1 lambda^(K-1) - e_2 lambda^(K-2) + ...
    r = r.map((_, k) => {
      const i = K - k;
      const shifted = k === 0 ? b.constant((n % 2 === 1 ? 2 : -2) * ZETA[n - 1]!) : r[k - 1]!;
      return i % 2 === 1 ? b.fma(top, e[i]!, shifted) : b.fnma(top, e[i]!, shifted);
    });
  }
  return r;
}

/** Product of the pivots of a symmetric matrix, NaN where one is not positive. */
function positiveDeterminant(b: Site, S: Rows): V {
  const n = S.length;
  const a = S.map((row) => [...row]);
  let [det, good] = [b.constant(1), b.constant(1)];
  for (let k = 0; k < n; k++) {
    const d = a[k]![k]!;
    det = b.mul(det, d);
    good = b.positive(d, good, b.constant(-1));
    if (k === n - 1) break;
    const inverse = b.div(b.constant(1), d);
    for (let i = k + 1; i < n; i++) {
      const f = b.mul(a[i]![k]!, inverse);
      for (let j = k + 1; j <= i; j++) a[i]![j] = b.fnma(f, a[j]![k]!, a[i]![j]!);
    }
  }
  return b.positive(good, det, b.constant(Number.NaN));
}

function logDeterminant(b: Site, N: number, M: Operand, form: Operand | undefined): V {
  if (N === 1) return b.call("log", form ? b.add(b.sub(b.constant(1), M(0)), form(0)) : b.sub(b.constant(1), M(0)));
  const { Y, D } = adjointParts(b, N, M);
  const K = (N * (N - 1)) / 2;
  const powers: Rows[] = [symmetricProduct(b, Y, Y)];
  for (let k = 1; k < K; k++) powers.push(symmetricProduct(b, powers[k - 1]!, powers[0]!));
  // every -y^2 is an eigenvalue of B twice
  const traces = powers.map((B) => b.mul(b.constant(0.5), B.reduce((s, row, i) => b.add(s, row[i]!), b.constant(0))));
  const { p, e } = symmetricFunctions(b, traces);
  const c = cothCoefficients(b, e);
  const entry = (i: number, j: number): V => form!((Math.max(i, j) * (Math.max(i, j) + 1)) / 2 + Math.min(i, j));
  const linear: Rows = D.map((row, i) => row.map((d, j) => b.sub(b.constant(i === j ? 1 : 0), d)));
  const S: Rows = linear.map((row, i) => row.map((x, j) => powers.reduce((s, B, k) => b.fma(c[k]!, B[i]![j]!, s), form ? b.add(x, entry(i, j)) : x)));
  const det = positiveDeterminant(b, S);
  // sum 2 log(sin y/y) = -2 sum_n zeta(2n)/(n pi^(2n)) y^(2n)
  let sines = b.constant(0);
  for (let n = TERMS; n >= 1; n--) sines = b.fma(b.constant(((n % 2 === 1 ? 2 : -2) * ZETA[n - 1]!) / n), p[n - 1]!, sines);
  const inside = b.add(b.constant((LARGEST * LARGEST * N) / 2), traces[0]!);
  return b.positive(inside, b.add(b.call("log", det), sines), b.constant(Number.NaN));
}

export const updateLogDetOp = localOp({
  name: "updateLogDet",
  partial: "the determinant of the link update is not positive: its weights are too large, the update is not one to one",
  infer([m, form], _attributes, lattice) {
    const t = closed("updateLogDet", lattice, m!);
    if (t.N > MAX_N) throw new CovarianceError(`updateLogDet: got N = ${t.N}, expected at most ${MAX_N}: the determinant of N^2 - 1 dimensions is written out site by site`);
    if (!form) return realType(t.domain);
    if (form.kind !== "channels" || form.count !== formEntries(t.N)) throw new CovarianceError(`updateLogDet: got ${typeText(lattice, form)} as the form, expected one of adjointForm, ${formEntries(t.N)} channels`);
    return realType(jointDomain("updateLogDet", t, form));
  },
  forward: (b, [m, form], _attributes, types) => [logDeterminant(b, (types[0] as MatrixType).N, m!, form)],
  // N = 4 differs by nothing but its size, and its second derivative takes seconds to compile
});

export const updateLogDetSamples: Samples = (lattice, N) =>
  N > 3
    ? []
    : [
        { label: "of an update", inputs: [siteMatrixType(lattice, N)], apply: ([m]) => updateLogDet(scaleBy(0.4 / (1 + N), m as Matrix)) },
        { label: "with a form", inputs: [siteMatrixType(lattice, N), channelsType(formEntries(N))], apply: ([m, f]) => updateLogDet(scaleBy(0.4 / (1 + N), m as Matrix), scaleBy(0.03, f as Channels)) },
      ];

/**
 * log det of U -> exp(TA(M)) U with M = W U^+ at fixed W, for every site at which M lives, with respect to Haar measure. -2 C_F Re tr M for small M
 * (U(1): -Re M). NaN where the determinant is not positive; it is where the operator norm of M is below 1.
 *
 * Where W depends on U the derivative of TA(M) has a further part: for a gradient, TA(M) = -dS, M = -G U^+/2 (N = 1: -G U^+) with the cotangent G of S, it is a symmetric form,
 * minus the sum of those of `adjointForm`, and is given as `form`.
 * @throws CovarianceError for an open path, and for N > 4.
 */
export function updateLogDet(m: Matrix, form?: Channels): Real {
  return applyOp("updateLogDet", updateLogDetOp, form ? [m, form] : [m]) as Real;
}
