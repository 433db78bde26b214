/**
 * Arithmetic at one site. An op states its forward map once, in terms of this interface; the emitters of the compiler
 * print it as JavaScript, WebAssembly SIMD or C. A value stands for one real number in every lane of a block of sites.
 */
declare const brand: unique symbol;
/** One real number at a site. */
export interface V {
  readonly [brand]: true;
}

/** Elementary functions that an emitter takes from its run-time library. */
export type SiteFunction = "sin" | "cos" | "tan" | "tanh" | "exp" | "log" | "atan2";

/** Real arithmetic at one site in which ops state their forward maps; every emitter implements it. */
export interface Site {
  constant(x: number): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** a b + c, fused where the machine does so. */
  fma(a: V, b: V, c: V): V;
  /** c - a b, fused where the machine does so. */
  fnma(a: V, b: V, c: V): V;
  div(a: V, b: V): V;
  neg(a: V): V;
  sqrt(a: V): V;
  abs(a: V): V;
  max(a: V, b: V): V;
  /** c > 0 ? a : b, lane by lane. */
  positive(c: V, a: V, b: V): V;
  /** Value of an elementary function. */
  call(name: SiteFunction, ...args: V[]): V;
  /**
   * Repeats `body` on the carried values `count` times, count rounded up to an integer. Every site has its own count: where others of
   * its block go on, the values of a site that is finished stay.
   */
  loop(count: V, carried: readonly V[], body: (values: readonly V[]) => V[]): V[];
}

/** Component i of an operand, read when first used. Matrices are row by row, (re, im) inside. */
export type Operand = (i: number) => V;

/** Complex number at a site. */
export interface C {
  readonly re: V;
  readonly im: V;
}

/** Complex arithmetic over a Site. */
export function complexOps(b: Site) {
  const ops = {
    of: (x: Operand, k: number): C => ({ re: x(2 * k), im: x(2 * k + 1) }),
    constant: (re: number, im = 0): C => ({ re: b.constant(re), im: b.constant(im) }),
    add: (x: C, y: C): C => ({ re: b.add(x.re, y.re), im: b.add(x.im, y.im) }),
    sub: (x: C, y: C): C => ({ re: b.sub(x.re, y.re), im: b.sub(x.im, y.im) }),
    neg: (x: C): C => ({ re: b.neg(x.re), im: b.neg(x.im) }),
    conj: (x: C): C => ({ re: x.re, im: b.neg(x.im) }),
    scale: (r: V, x: C): C => ({ re: b.mul(r, x.re), im: b.mul(r, x.im) }),
    mul: (x: C, y: C): C => ({
      re: b.fnma(x.im, y.im, b.mul(x.re, y.re)),
      im: b.fma(x.im, y.re, b.mul(x.re, y.im)),
    }),
    /** x y + z */
    fma: (x: C, y: C, z: C): C => ({
      re: b.fnma(x.im, y.im, b.fma(x.re, y.re, z.re)),
      im: b.fma(x.im, y.re, b.fma(x.re, y.im, z.im)),
    }),
    abs2: (x: C): V => b.fma(x.im, x.im, b.mul(x.re, x.re)),
    inverse: (x: C): C => {
      const d = b.div(b.constant(1), ops.abs2(x));
      return { re: b.mul(x.re, d), im: b.neg(b.mul(x.im, d)) };
    },
    flat: (xs: readonly C[]): V[] => xs.flatMap((x) => [x.re, x.im]),
  };
  return ops;
}

/** A square complex matrix at a site, row by row. */
export type M = readonly C[];

/** Matrix arithmetic over a Site for fixed N. */
export function matrixOps(b: Site, N: number) {
  const c = complexOps(b);
  const build = (f: (i: number, j: number) => C): C[] => Array.from({ length: N * N }, (_, k) => f(Math.floor(k / N), k % N));
  const ops = {
    ...c,
    build,
    load: (x: Operand): C[] => build((i, j) => c.of(x, i * N + j)),
    zero: (): C[] => build(() => c.constant(0)),
    unit: (): C[] => build((i, j) => c.constant(i === j ? 1 : 0)),
    at: (x: M, i: number, j: number): C => x[i * N + j]!,
    map: (x: M, f: (x: C) => C): C[] => x.map(f),
    zip: (x: M, y: M, f: (x: C, y: C) => C): C[] => x.map((v, k) => f(v, y[k]!)),
    plus: (x: M, y: M): C[] => x.map((v, k) => c.add(v, y[k]!)),
    minus: (x: M, y: M): C[] => x.map((v, k) => c.sub(v, y[k]!)),
    rscale: (r: V, x: M): C[] => x.map((v) => c.scale(r, v)),
    cscale: (z: C, x: M): C[] => x.map((v) => c.mul(z, v)),
    dagger: (x: M): C[] => build((i, j) => c.conj(x[j * N + i]!)),
    /** Entry by entry: a compiler that keeps this order needs few registers. */
    times: (x: M, y: M): C[] =>
      build((i, j) => {
        let s = c.mul(x[i * N]!, y[j]!);
        for (let k = 1; k < N; k++) s = c.fma(x[i * N + k]!, y[k * N + j]!, s);
        return s;
      }),
    /** x y + z for matrices. */
    timesPlus: (x: M, y: M, z: M): C[] =>
      build((i, j) => {
        let s = z[i * N + j]!;
        for (let k = 0; k < N; k++) s = c.fma(x[i * N + k]!, y[k * N + j]!, s);
        return s;
      }),
    /** z x + y for a number z. */
    cscalePlus: (z: C, x: M, y: M): C[] => x.map((v, k) => c.fma(z, v, y[k]!)),
    trace: (x: M): C => {
      let s = x[0]!;
      for (let i = 1; i < N; i++) s = c.add(s, x[i * N + i]!);
      return s;
    },
    /** sum |x_ij|^2 */
    norm2: (x: M): V => x.slice(1).reduce((s, v) => b.fma(v.im, v.im, b.fma(v.re, v.re, s)), c.abs2(x[0]!)),
    /** tr(x y) */
    traceProduct: (x: M, y: M): C => {
      let s: C | undefined;
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) s = s ? c.fma(x[i * N + j]!, y[j * N + i]!, s) : c.mul(x[i * N + j]!, y[j * N + i]!);
      return s!;
    },
    addDiagonal: (z: C, x: M): C[] => build((i, j) => (i === j ? c.add(x[i * N + j]!, z) : x[i * N + j]!)),
  };
  return ops;
}
