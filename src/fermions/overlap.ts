/**
 * The overlap operator (hep-lat/9707022) of a kernel H: with eps = sign(H) and the mass m in units of twice the domain-wall height M5,
 *
 *     D(m) = (1 + m)/2 + (1 - m)/2 gamma_5 eps,   H_W = gamma_5 D_W ("wilson"),   H_T = gamma_5 D_W (2 + D_W)^{-1} ("shamir"),
 *
 * D_W = (dim - M5) - Hop/2. The two kernels make two different operators: domain walls approach that of their own kernel. D_N = 2 M5 D(m) is the customary
 * normalisation, with the mass 2 M5 m. D^+D = m^2 + (1 - m^2)/4 (2 + gamma_5 eps + eps gamma_5) commutes with gamma_5 and with D.
 */
import { kind, type Links, type Scalar, type Vector, add, number, overlapLogDet, scale, scaleBy, solve, spinMul, square, sub } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type RationalFunction, rationalApproximation } from "../linalg/index.ts";
import { applyRational } from "./pseudofermions.ts";
import { chirality } from "./domain-wall.ts";
import { type DiracOperator, type Twist, expectOperands, twisted } from "./operator.ts";
import type { Boundary } from "./staggered.ts";
import { gamma5, wilsonHopping, wilsonType } from "./wilson.ts";
import { guard, is } from "../util/index.ts";

/** H_W = gamma_5 D_W, or H_T = gamma_5 D_W (2 + D_W)^{-1}, the kernel of Shamir's and all Moebius domain walls with b - c = 1. */
export type OverlapKernel = "wilson" | "shamir";

/** Kernel of an overlap operator and how its sign is applied. */
export interface SignParameters {
  /** Domain-wall height M5, between 0 and 2; default 1. */
  readonly height?: number;
  /** Default "wilson". */
  readonly kernel?: OverlapKernel;
  /** Applications, not determinants: smallest |eigenvalue| of H for which the sign is approximated; default 0.01. Fields below it need deflation (`signFunction`). */
  readonly lowest?: number;
  /** Applications: largest error of the sign, and relative residual of the solves inside; default 1e-12. */
  readonly precision?: number;
}

/** Largest |eigenvalue| of H on any field of unitary links: dim + |dim - M5|, and without a bound that holds for all fields of H_T, 2 (measured about 1.2). */
export function kernelBound(dim: number, height: number, kernel: OverlapKernel): number {
  return kernel === "wilson" ? dim + Math.abs(dim - height) : 4;
}

/** D_W psi = (dim - M5) psi - Hop/2 psi. */
export function overlapKernelD<N extends number>(U: Links<N>, psi: Vector<N>, height = 1): Vector<N> {
  guard("overlapKernelD", { U: [U, kind.links], psi: [psi, kind.vector], height: [height, is.finite] });
  return sub(scaleBy(U.lattice.dim - height, psi), scaleBy(0.5, wilsonHopping(U, psi)));
}

/**
 * sign(H) psi = H r(H^2) psi with the best rational r(x) = c + sum_k a_k / (x + s_k) of x^{-1/2} between the squares of `lowest` and of the largest eigenvalue.
 * H_W: all poles by one multi-shift solve. H_T^2 = (2 + D^+)^{-1} D^+D (2 + D)^{-1}, so that each pole is one solve without others inside,
 * (H_T^2 + s)^{-1} = (2 + D) [D^+D + s (2 + D^+)(2 + D)]^{-1} (2 + D^+).
 */
export function overlapSign<N extends number>(U: Links<N>, psi: Vector<N>, options: SignParameters = {}): Vector<N> {
  guard("overlapSign", { U: [U, kind.links], psi: [psi, kind.vector], options: [options, is.keysOf("height", "kernel", "lowest", "precision")] });
  const { height = 1, kernel = "wilson", lowest = 0.01, precision = 1e-12 } = options;
  return rationalSign(U, psi, height, kernel, signApproximation(U.lattice.dim, height, kernel, lowest, precision), precision);
}

const approximations = new Map<string, RationalFunction>();

/** x^{-1/2} on [lowest^2, bound^2]. */
export function signApproximation(dim: number, height: number, kernel: OverlapKernel, lowest: number, precision: number): RationalFunction {
  const high = kernelBound(dim, height, kernel);
  if (!(lowest > 0 && lowest < high)) throw new ConfigurationError(`overlap: got lowest = ${lowest}, expected a number between 0 and ${high}, below the eigenvalues of the kernel`);
  const key = [high, lowest, precision].join();
  let r = approximations.get(key);
  if (!r) approximations.set(key, (r = rationalApproximation({ power: -1 / 2, interval: [lowest ** 2, high ** 2], precision })));
  return r;
}

/** H r(H^2) psi. */
export function rationalSign<N extends number>(U: Links<N>, psi: Vector<N>, height: number, kernel: OverlapKernel, r: RationalFunction, tolerance: number): Vector<N> {
  const g5 = gamma5(U.lattice);
  const solver = { tolerance, maxIterations: 20_000 };
  const D = (x: Vector<N>): Vector<N> => overlapKernelD(U, x, height);
  const H = (x: Vector<N>): Vector<N> => spinMul(D(x), g5);
  if (kernel === "wilson") return H(applyRational(r, (x) => H(H(x)), psi, solver));
  const Ddag = (x: Vector<N>): Vector<N> => spinMul(D(spinMul(x, g5)), g5);
  const plus = (f: (x: Vector<N>) => Vector<N>) => (x: Vector<N>): Vector<N> => add(scaleBy(2, x), f(x));
  const [P, Pdag] = [plus(D), plus(Ddag)];
  const rhs = Pdag(psi);
  const inverse = solve((x: Vector<N>) => Pdag(P(x)), rhs, solver);
  const poles = r.residues.map((a, k) => scaleBy(a, solve((x: Vector<N>) => add(Ddag(D(x)), scaleBy(r.shifts[k]!, Pdag(P(x)))), rhs, solver)));
  return H(add(scaleBy(r.constant, inverse), ...poles));
}

/** An overlap operator. */
export interface OverlapParameters extends SignParameters {
  /** Mass m of D(m), between 0 and 1; the customary mass is 2 M5 m. */
  readonly mass: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Angles on top of the signs; default none. */
  readonly twist?: Twist;
}

/**
 * One flavour of overlap fermions. Applications use the rational approximation, two signs for D^+D; determinants the eigenvectors of H (`overlapLogDet`).
 * The determinant jumps where an eigenvalue of H passes through 0: that is for a Metropolis step, not for a force.
 * @throws ConfigurationError for a mass, height or lowest that is out of bounds.
 */
export function overlap(options: OverlapParameters): DiracOperator<{ readonly mass: number }> {
  guard("overlap", { options: [options, is.keysOf("mass", "height", "kernel", "lowest", "precision", "boundary", "twist")] });
  const { mass, boundary, twist, ...sign } = options;
  const { height = 1, kernel = "wilson" } = sign;
  if (!(mass >= 0 && mass < 1)) throw new ConfigurationError(`overlap fermions: got mass = ${mass}, expected a number from 0 to below 1, in units of twice the height`);
  if (!(height > 0 && height < 2)) throw new ConfigurationError(`overlap fermions: got height = ${height}, expected a number between 0 and 2`);
  return {
    name: kernel === "wilson" ? "overlap" : `overlap (${kernel} kernel)`,
    parameters: { mass },
    type: (lattice, N) => wilsonType(lattice, N, { boundary }),
    on(links, parameters) {
      expectOperands("overlap", links, parameters);
      const { mass: m } = parameters;
      const U = twisted(links, twist);
      const g5 = gamma5(U.lattice);
      const eps = <N extends number>(x: Vector<N>): Vector<N> => overlapSign(U as never, x, sign);
      const one = number(m.tape, 1);
      const half = (a: Scalar): Scalar => scale(0.5, a);
      const [plus, minus] = [half(add(one, m)), half(sub(one, m))];
      return {
        D: (x) => add(scale(plus, x), scale(minus, spinMul(eps(x), g5))),
        Ddag: (x) => add(scale(plus, x), scale(minus, eps(spinMul(x, g5)))),
        normal: (x) => add(scale(half(add(one, square(m))), x), scale(half(half(sub(one, square(m)))), add(spinMul(eps(x), g5), eps(spinMul(x, g5))))),
      };
    },
    flavours: () => 1,
    spectrum: (_lattice, { mass: m }) => ({ low: m * m, high: 1 }),
    logDet: (links, { mass: m }, positive) => {
      const U = twisted(links, twist);
      return overlapLogDet((x) => overlapKernelD(U, x, height), wilsonType(U.lattice, U.N, { boundary }), m, U, { ...coefficients(kernel), signature: chirality(U.lattice) as (1 | -1)[], ...(positive ? { positive } : {}) });
    },
  };
}

/** b and c of a kernel in H = (b + c) gamma_5 D_W [2 + (b - c) D_W]^{-1}. */
export function coefficients(kernel: OverlapKernel): { readonly b: number; readonly c: number } {
  return kernel === "wilson" ? { b: 1, c: 1 } : { b: 1, c: 0 };
}

/** D(m) v = (1+m)/2 v + (1-m)/2 gamma_5 eps v, complex numbers by site, colour and spin, in place of eps v; `signs`: gamma_5 of a site's components. */
export function overlapOf(mass: number, v: Float64Array, eps: Float64Array, signs: readonly number[]): Float64Array {
  for (let k = 0; k < v.length; k++) eps[k] = ((1 + mass) / 2) * v[k]! + ((1 - mass) / 2) * signs[(k >> 1) % signs.length]! * eps[k]!;
  return eps;
}
