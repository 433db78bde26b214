/**
 * Forward values against plain formulas: an op whose value and rule are wrong in one consistent way passes every comparison of the two.
 * Point-wise functions against Math, matrix functions against dense arithmetic from the definitions.
 */
import { describe, expect, test } from "vitest";
import {
  type Complex, Field, type Matrix, type MatrixType, type Real, type Spin, type Traced, type ValueType, type Vector, abs, add, abs2, arg, argDet, atan, atan2, complex, complexType, conj, constantMatrix, cos, det, dexp, divide, dot, exp,
  exponential, grad, im, inverse, lattice, log, log1p, logsumexp, lyap, max, min, normalise, polar, pow, projectSU, re, realType, reciprocal, record, relu, scaleBy, sigmoid, sign, sin, siteMatrixType, softmax, softplus, spinType, sqrt,
  square, step, sum as total, algebraElement, algebraGenerator, DirectionalField, jvp, vjp, ta, tan, tanh, trace, vectorType, where,
} from "gaugegrad";
import { CovarianceError, GeometryError, RecordingError } from "gaugegrad";
import * as D from "./dense.ts";

const geo = lattice([4, 4]);
const V = geo.volume;

/** Numbers in (-1, 1) without structure. */
function noise(length: number, salt: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => {
    const x = Math.sin((k + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

const field = (type: ValueType, data: Float64Array): Field => new Field(geo, type).set(data);
const real = (data: Float64Array): Field => field(realType(), data);
const values = (f: (...x: never[]) => Traced, ...inputs: Field[]): Float64Array => (record(f as never, ...(inputs as never[])).run(...(inputs as never[])) as unknown as Field).toArray();

/** Relative to the larger of 1 and the value. */
function close(got: ArrayLike<number>, want: ArrayLike<number>, roundoffs = 8): void {
  expect(got.length).toBe(want.length);
  for (let k = 0; k < want.length; k++)
    if (!(Math.abs(got[k]! - want[k]!) <= roundoffs * 2.3e-16 * Math.max(1, Math.abs(want[k]!)))) expect.fail(`component ${k}: got ${got[k]}, expected ${want[k]}`);
}

describe("functions of a real number", () => {
  const x = noise(V, 1).map((v) => 3 * v);
  const positive = noise(V, 2).map((v) => 0.01 + (v + 1) ** 2);
  const y = noise(V, 3).map((v) => 2 * v);
  const cases: [string, (r: Real) => Real, (v: number) => number, Float64Array][] = [
    ["relu", relu, (v) => (v > 0 ? v : 0), x],
    ["step", step, (v) => (v > 0 ? 1 : 0), x],
    ["sign", sign, Math.sign, x],
    ["abs", abs, Math.abs, x],
    ["tanh", tanh, Math.tanh, x],
    ["tan", tan, Math.tan, y],
    ["sin", sin, Math.sin, x],
    ["cos", cos, Math.cos, x],
    ["atan", atan, Math.atan, x],
    ["sigmoid", sigmoid, (v) => 1 / (1 + Math.exp(-v)), x],
    ["softplus", softplus, (v) => Math.log(1 + Math.exp(v)), x],
    ["exponential", exponential, Math.exp, x],
    ["log", log, Math.log, positive],
    ["log1p", log1p, Math.log1p, positive],
    ["sqrt", sqrt, Math.sqrt, positive],
    ["reciprocal", reciprocal, (v) => 1 / v, positive],
    ["square", square, (v) => v * v, x],
    ["pow 5", (r) => pow(r, 5), (v) => v * v * v * v * v, x],
    ["pow -3", (r) => pow(r, -3), (v) => 1 / (v * v * v), positive],
    ["pow 0", (r) => pow(r, 0), () => 1, x],
    ["pow 2.5", (r) => pow(r, 2.5), (v) => v * v * Math.sqrt(v), positive],
    ["pow 0.3", (r) => pow(r, 0.3), (v) => v ** 0.3, positive],
  ];
  test.each(cases)("%s", (_name, f, g, at) => close(values(f, real(at)), at.map(g), 32));

  test("log1p and softplus keep the digits of small values", () => {
    const tiny = Float64Array.from({ length: V }, (_, k) => 10 ** -k);
    values((r: Real) => log1p(r), real(tiny)).forEach((v, k) => expect(v / Math.log1p(tiny[k]!)).toBeCloseTo(1, 14));
    const low = Float64Array.from({ length: V }, (_, k) => -2 * k - 30);
    values((r: Real) => softplus(r), real(low)).forEach((v, k) => expect(v / Math.exp(low[k]!)).toBeCloseTo(1, 12));
  });

  test("of two numbers", () => {
    close(values((a: Real, b: Real) => divide(a, b), real(x), real(positive)), x.map((v, k) => v / positive[k]!));
    close(values((a: Real, b: Real) => max(a, b), real(x), real(y)), x.map((v, k) => Math.max(v, y[k]!)), 0);
    close(values((a: Real, b: Real) => min(a, b), real(x), real(y)), x.map((v, k) => Math.min(v, y[k]!)), 0);
    close(values((a: Real, b: Real) => atan2(a, b), real(x), real(y)), x.map((v, k) => Math.atan2(v, y[k]!)));
    close(values((a: Real, b: Real) => pow(a, b), real(positive), real(y)), positive.map((v, k) => v ** y[k]!), 64);
    close(values((a: Real, b: Real, c: Real) => where(a, b, c), real(x), real(y), real(positive)), x.map((v, k) => (v > 0 ? y[k]! : positive[k]!)), 0);
  });

  test("smooth maximum, also where exponentials overflow", () => {
    const shifted = (k: number, by: number): number => Math.log(Math.exp(x[k]!) + Math.exp(y[k]!)) + by;
    for (const by of [0, 1000, -1000]) {
      const [a, b] = [real(x.map((v) => v + by)), real(y.map((v) => v + by))];
      close(values((p: Real, q: Real) => logsumexp(p, q), a, b), x.map((_, k) => shifted(k, by)));
      close(values((p: Real, q: Real) => softmax(p, q)[1]!, a, b), x.map((v, k) => 1 / (1 + Math.exp(v - y[k]!))), 1e4);
    }
    close(values((p: Real) => logsumexp(p), real(x)), x, 0);
  });

  test("kinks and ties share the derivative, NaN is passed on", () => {
    const zero = real(new Float64Array(V));
    const slopes = (f: (r: Real) => Real): Float64Array => (grad((r: Real) => total(f(r)))(zero as never) as unknown as Field).toArray();
    expect(new Set(slopes((r) => max(r, scaleBy(-3, r))))).toEqual(new Set([-1]));
    expect(new Set(slopes(abs))).toEqual(new Set([0]));
    const bad = real(new Float64Array(V).fill(Number.NaN));
    for (const f of [max, min]) for (const args of [[bad, zero], [zero, bad]]) expect(values((a: Real, b: Real) => f(a, b), ...args).every(Number.isNaN)).toBe(true);
  });

  test("exponents that are no numbers", () => expect(() => values((r: Real) => pow(r, Infinity), real(x))).toThrow(RecordingError));
});

describe("functions of a complex number", () => {
  const [x, y] = [noise(2 * V, 4), noise(2 * V, 5)];
  const at = (d: Float64Array, k: number): D.Z => [d[2 * k]!, d[2 * k + 1]!];
  const z = field(complexType(), x);
  const w = field(complexType(), y);
  const expected = (f: (a: D.Z, b: D.Z) => D.Z | number): number[] => Array.from({ length: V }, (_, k) => f(at(x, k), at(y, k))).flat() as number[];
  test("parts, modulus, argument", () => {
    close(values((a: Complex) => abs2(a), z), expected((a) => a[0] ** 2 + a[1] ** 2));
    close(values((a: Complex) => arg(a), z), expected((a) => Math.atan2(a[1], a[0])));
    close(values((a: Complex) => conj(a), z), expected((a) => [a[0], -a[1]]), 0);
    close(values((a: Complex, b: Complex) => complex(re(a), im(b)), z, w), expected((a, b) => [a[0], b[1]]), 0);
  });
  test("quotient, exponential, logarithm", () => {
    close(values((a: Complex, b: Complex) => divide(a, b), z, w), expected((a, b) => D.over(a, b)), 32);
    close(values((a: Complex) => reciprocal(a), z), expected((a) => D.over([1, 0], a)), 32);
    close(values((a: Complex) => exponential(a), z), expected((a) => [Math.exp(a[0]) * Math.cos(a[1]), Math.exp(a[0]) * Math.sin(a[1])]));
    close(values((a: Complex) => log(a), z), expected((a) => [Math.log(Math.hypot(...a)), Math.atan2(a[1], a[0])]));
  });
});

describe.each([1, 2, 3, 4, 5])("matrix functions, N = %d", (N) => {
  const type = siteMatrixType(geo, N);
  const matrices = (salt: number): Field => field(type, noise(V * 2 * N * N, salt));
  const a = matrices(6);
  const each = (got: Float64Array, want: (n: number) => D.Dense, tolerance: number): void => {
    for (let n = 0; n < V; n++) expect(D.difference(D.at(got, N, n), want(n))).toBeLessThan(tolerance);
  };
  const A = (n: number): D.Dense => D.at(a.toArray(), N, n);

  test("determinant and inverse", () => {
    close(values((m: Matrix) => det(m), a), Array.from({ length: V }, (_, n) => D.determinant(A(n))).flat(), 256);
    const y = values((m: Matrix) => inverse(m), a);
    for (let n = 0; n < V; n++) expect(D.difference(D.product(D.at(y, N, n), A(n)), D.unitMatrix(N))).toBeLessThan(1e-11);
    const singular = a.toArray().map((v, k) => (Math.floor(k / 2) % N === 0 ? 0 : v));
    expect(new Set(values((m: Matrix) => det(m), field(type, singular)).map(Math.abs))).toEqual(new Set([0]));
  });

  test("exp and its derivative", () => {
    const direction = matrices(7);
    const B = (n: number): D.Dense => D.at(direction.toArray(), N, n);
    const anti = (n: number): D.Dense => {
      const x = D.scaled(0.5, D.sum(A(n), D.scaled(-1, D.dagger(A(n)))));
      const t = x.reduce((s, _, i) => s + x[i]![i]![1], 0);
      return N === 1 ? x : D.sum(x, D.matrix(N, (i, j) => [0, i === j ? -t / N : 0]));
    };
    each(values((m: Matrix) => ta(m), a), anti, 1e-15);
    each(values((m: Matrix) => exp(ta(m)), a), (n) => D.exponentialOf(anti(n)), 2e-14);
    // along A itself: d^k exp(A) = A^k exp(A), for a matrix of norm 1, where the series is longest
    const one = (n: number): D.Dense => {
      const x = anti(n);
      return D.scaled(1 / Math.hypot(...D.flat(x)), x);
    };
    const ones = field(type, Float64Array.from(Array.from({ length: V }, (_, n) => D.flat(one(n))).flat()));
    if (N <= 3) each(values((m: Matrix) => dexp(ta(m), m, m, m, m), ones), (n) => {
      const x = one(n);
      const x2 = D.product(x, x);
      return D.product(D.product(x2, x2), D.exponentialOf(x));
    }, 8e-15);
    // exp([[A, B], [0, A]]) has the derivative in its upper right block
    each(values((m: Matrix, b: Matrix) => dexp(ta(m), b), a, direction), (n) => {
      const [x, b] = [anti(n), B(n)];
      const E = D.exponentialOf(D.matrix(2 * N, (i, j) => (i < N ? (j < N ? x[i]![j]! : b[i]![j - N]!) : j < N ? [0, 0] : x[i - N]![j - N]!)));
      return D.matrix(N, (i, j) => E[i]![j + N]!);
    }, 4e-14);
  });

  test("lyap solves its equation", () => {
    const b = matrices(8);
    const H = (n: number): D.Dense => D.sum(D.product(D.dagger(A(n)), A(n)), D.scaled(0.3, D.unitMatrix(N)));
    const h = field(type, Float64Array.from(Array.from({ length: V }, (_, n) => D.flat(H(n))).flat()));
    const x = values((m: Matrix, c: Matrix) => lyap(m, c), h, b);
    for (let n = 0; n < V; n++) {
      const X = D.at(x, N, n);
      expect(D.difference(D.sum(D.product(X, H(n)), D.product(H(n), X)), D.at(b.toArray(), N, n))).toBeLessThan(1e-12);
    }
  });

  test("generators", () => {
    const tape = <T extends Traced>(f: (m: Matrix) => T): Float64Array => values(f as never, a);
    const count = N === 1 ? 1 : N * N - 1;
    const T = Array.from({ length: count }, (_, k) => D.at(tape((m) => algebraGenerator(m.tape, N, k, { gaugeFixed: true })), N, 0));
    const trace2 = (x: D.Dense, y: D.Dense): D.Z => D.product(x, y).reduce<D.Z>((s, row, i) => D.plus(s, row[i]!), [0, 0]);
    T.forEach((x, i) => {
      expect(D.difference(D.dagger(x), D.scaled(-1, x))).toBe(0);
      T.forEach((y, j) => close(trace2(x, y), [i === j ? (N === 1 ? -1 : -0.5) : 0, 0]));
    });
    if (N === 2) close(D.flat(T[0]!), [0, 0, 0, 0.5, 0, 0.5, 0, 0]);
    if (N === 3) close(D.flat(T[7]!), [[0, 1 / (2 * Math.sqrt(3))], [0, 0], [0, 0], [0, 0], [0, 1 / (2 * Math.sqrt(3))], [0, 0], [0, 0], [0, 0], [0, -1 / Math.sqrt(3)]].flat());
    if (N > 1) expect(() => tape((m) => algebraGenerator(m.tape, N, 0))).toThrow(CovarianceError);
    expect(() => tape((m) => algebraGenerator(m.tape, N, count, { gaugeFixed: true }))).toThrow(GeometryError);
    close(tape((m) => constantMatrix(m.tape, N, D.flat(D.scaled(2.5, D.unitMatrix(N))))).slice(0, 2 * N * N), D.flat(D.scaled(2.5, D.unitMatrix(N))), 0);
  });
});

describe.each([1, 2, 3, 4])("polar parts of ill-conditioned matrices, N = %d", (N) => {
  const type = siteMatrixType(geo, N) as MatrixType;
  let seed = 5;
  const random = (): number => ((seed = (seed * 16807) % 2147483647) / 2147483647) * 2 - 1;
  /** U S V^+ with singular values between 1 and 1/condition, and U V^+. */
  const sample = (condition: number): { data: Float64Array; part: D.Dense[] } => {
    const sites = Array.from({ length: V }, (_, n) => {
      const [U, W] = [D.unitary(N, random), D.dagger(D.unitary(N, random))];
      const spread = Array.from({ length: N }, (__, i) => (N === 4 && n % 4 === 1 ? condition ** -[0, 0.5047, 0.7951, 1][i]! : i === 0 ? 1 : i === N - 1 ? 1 / condition : n % 2 === 0 ? condition ** (-i / (N - 1)) : condition ** -Math.abs(random())));
      return { m: D.product(D.product(U, D.diagonal(spread)), W), w: D.product(U, W) };
    });
    return { data: Float64Array.from(sites.flatMap((s) => D.flat(s.m))), part: sites.map((s) => s.w) };
  };

  test.each([1, 1e2, 1e4, 1e6, 1e8, 1e12, 1e14])("condition %d", (condition) => {
    const { data, part } = sample(condition);
    const w = values((m: Matrix) => polar(m), field(type, data));
    const su = values((m: Matrix) => projectSU(m), field(type, data));
    for (let n = 0; n < V; n++) {
      const W = D.at(w, N, n);
      // one step less leaves 2e-9 at N = 3, 6e-15 at N = 4 for the singular values that take longest
      expect(D.difference(D.product(W, D.dagger(W)), D.unitMatrix(N))).toBeLessThan(N === 4 ? 4e-15 : 1e-14);
      // the input is known to a rounding, which the smallest singular values feel most
      if (N > 1) expect(D.difference(W, part[n]!)).toBeLessThan(20 * 2.3e-16 * condition);
      const P = D.at(su, N, n);
      expect(D.difference(D.product(P, D.dagger(P)), D.unitMatrix(N))).toBeLessThan(1e-14);
      if (N > 1) close(D.determinant(P), [1, 0], 64);
    }
    close(values((m: Matrix) => argDet(polar(m)), field({ ...type }, data)), Array.from({ length: V }, (_, n) => Math.atan2(...([...D.determinant(D.at(w, N, n))].reverse() as [number, number]))), 64);
  });

  test("the derivative solves the equation of the rule at condition 1e8", () => {
    // M = U S V^+ in the direction U K S V^+ with K antihermitian: the polar part turns by K, W' = U K V^+
    const sites = Array.from({ length: V }, () => {
      const [U, W] = [D.unitary(N, random), D.dagger(D.unitary(N, random))];
      const S = D.diagonal(Array.from({ length: N }, (_, i) => 1e-8 ** (N === 1 ? 0 : i / (N - 1))));
      const r = D.matrix(N, () => [random(), random()]);
      const K = D.scaled(0.5, D.sum(r, D.scaled(-1, D.dagger(r))));
      return { m: D.product(D.product(U, S), W), v: D.product(D.product(D.product(U, K), S), W), d: D.product(D.product(U, K), W) };
    });
    const pack = (k: "m" | "v" | "d"): Float64Array => Float64Array.from(sites.flatMap((s) => D.flat(s[k])));
    const c = noise(V * 2 * N * N, 9);
    const g = grad((p: { m: Matrix; c: Matrix }) => total(dot(polar(p.m), p.c)))({ m: field(type, pack("m")), c: field(type, c) } as never) as unknown as { m: Field };
    const [G, v, d] = [g.m.toArray(), pack("v"), pack("d")];
    const size = 2 * N * N;
    for (let n = 0; n < V; n++) {
      let [got, want, bound] = [0, 0, 0];
      for (let k = n * size; k < (n + 1) * size; k++) {
        got += G[k]! * v[k]!;
        want += c[k]! * d[k]!;
        bound += Math.abs(G[k]! * v[k]!);
      }
      // G is of size 1e8 along the small singular values, known to 1e-8 of itself
      expect(Math.abs(got - want)).toBeLessThan(1e-6 * (1 + Math.abs(want)) + 1e-14 * bound);
    }
  });
});

test("inner products, traces, spins", () => {
  const s = noise(3 * V, 10);
  const unit = values((x: Spin) => normalise(x), field(spinType(), s));
  for (let n = 0; n < V; n++) close(unit.slice(3 * n, 3 * n + 3), s.slice(3 * n, 3 * n + 3).map((v) => v / Math.hypot(...s.slice(3 * n, 3 * n + 3))));
  const m = noise(18 * V, 11);
  close(values((x: Matrix) => trace(x), field(siteMatrixType(geo, 3), m)), Array.from({ length: V }, (_, n) => [0, 8, 16].reduce((t, k) => [t[0]! + m[18 * n + k]!, t[1]! + m[18 * n + k + 1]!], [0, 0])).flat());
  const [v, w] = [noise(6 * V, 12), noise(6 * V, 13)];
  close(values((x: Vector, y: Vector) => dot(x, y), field(vectorType(geo, 3), v), field(vectorType(geo, 3), w)), Array.from({ length: V }, (_, n) => v.slice(6 * n, 6 * n + 6).reduce((t, x, k) => t + x * w[6 * n + k]!, 0)));
});

describe.each([1, 2, 3])("gradients with respect to algebra fields, N = %d", (N) => {
  // coordinates x^a with X = sum_a x^a T_a: the gradient is sum_a T_a dS/dx^a, whatever the metric is called
  const count = N === 1 ? 1 : N * N - 1;
  const element = (x: Float64Array): Float64Array => {
    const out = new Float64Array(V * 2 * N * N);
    for (let n = 0; n < V; n++) algebraElement(N, x, n * count, out, n * 2 * N * N);
    return out;
  };
  const directional = (salt: number): { X: DirectionalField; x: Float64Array[] } => {
    const x = [0, 1].map((mu) => noise(V * count, salt + mu));
    return { X: new DirectionalField(geo, N, "algebra").set(x.map(element)), x };
  };
  const raw = [0, 1].map((mu) => noise(V * 2 * N * N, 30 + mu));
  /** Re tr(C^+ T_a). */
  const slope = (mu: number, n: number, a: number): number => {
    const T = new Float64Array(2 * N * N);
    algebraElement(N, Float64Array.from({ length: count }, (_, k) => (k === a ? 1 : 0)), 0, T, 0);
    return T.reduce((s, t, k) => s + t * raw[mu]![n * 2 * N * N + k]!, 0);
  };
  const gradient = [0, 1].map((mu) => element(Float64Array.from({ length: V * count }, (_, k) => slope(mu, Math.floor(k / count), k % count))));
  const C = raw.map((c) => field(siteMatrixType(geo, N), c));
  const S = (P: { [mu: number]: Matrix }, cs: readonly Matrix[]) => total(add(dot(cs[0]!, P[0]!), dot(cs[1]!, P[1]!)));

  test("a linear function", () => {
    const G = grad(((P: never, cs: never) => S(P, cs)) as never)(directional(20).X as never, C as never) as unknown as DirectionalField;
    gradient.forEach((want, mu) => close(G.toArray(mu), want));
  });
  test("the kinetic energy sum_a (x^a)^2 / 2", () => {
    const { X } = directional(22);
    const factor = N === 1 ? 0.5 : 1;
    const G = grad(((P: { [mu: number]: Matrix }) => scaleBy(factor, total(add(dot(P[0]!, P[0]!), dot(P[1]!, P[1]!))))) as never)(X as never) as unknown as DirectionalField;
    [0, 1].forEach((mu) => close(G.toArray(mu), X.toArray(mu)));
  });
  test("vjp and jvp of P -> 3 P: cotangents and tangents are coordinates too", () => {
    const [{ X }, { X: W }] = [directional(24), directional(26)];
    const f = ((P: { map(g: (mu: number) => Matrix): unknown; [mu: number]: Matrix }) => P.map((mu) => scaleBy(3, P[mu]!))) as never;
    for (const transform of [vjp, jvp]) {
      const out = (transform(f) as (...args: unknown[]) => unknown)(X, W) as DirectionalField;
      [0, 1].forEach((mu) => close(out.toArray(mu), W.toArray(mu).map((v) => 3 * v)));
    }
  });
});
