/**
 * Best rational approximations of x^p on an interval, in the sense of the largest relative error, as partial fractions
 * r(x) = alpha_0 + sum_j alpha_j / (x + beta_j). Remez exchange for type (n, n) in the variable z = (x - 1)/(x + 1), started from the
 * extrema of Zolotarev's approximation of the square root, x = b dn^2(i K/(2n+1)), which are close to those of every power.
 */
import { ConfigurationError } from "../errors.ts";
import { type Fixed, ONE, fixed, over, power, solveLinear, times, toNumber } from "./fixed-point.ts";
import { guard, is } from "../util/index.ts";

/** r(x) = constant + sum_j residues[j] / (x + shifts[j]). */
export interface RationalFunction {
  readonly power: number;
  readonly interval: readonly [number, number];
  readonly constant: number;
  readonly residues: readonly number[];
  /** Positive, ascending. */
  readonly shifts: readonly number[];
  /** Largest |r(x)/x^p - 1| on the interval. */
  readonly error: number;
}

/** r(x). */
export function evaluateRational(r: RationalFunction, x: number): number {
  guard("evaluateRational", { r: [r, is.withFields("a rational function", "constant", "residues", "shifts")], residues: [r?.residues, is.listOf(is.number)], shifts: [r?.shifts, is.listOf(is.number)], x: [x, is.finite] });
  return r.residues.reduce((s, a, j) => s + a / (x + r.shifts[j]!), r.constant);
}

/** x^p with p = numerator / 2^roots. */
interface Exponent {
  readonly value: number;
  readonly numerator: number;
  readonly roots: number;
}

/** P(z) / Q(z), Q(0) = 1. */
interface Quotient {
  readonly p: readonly Fixed[];
  readonly q: readonly Fixed[];
}

/**
 * The approximation of x^power with a given number of poles, or with as many as `precision` (largest relative error) needs.
 * @throws ConfigurationError unless -1 < power < 1 is a non-zero multiple of 1/64, 0 < a < b, b/a < 1e12, and 1 <= poles <= 40.
 */
export function rationalApproximation(options: { readonly power: number; readonly interval: readonly [number, number] } & ({ readonly poles: number; readonly precision?: never } | { readonly precision: number; readonly poles?: never })): RationalFunction {
  guard("rationalApproximation", { options: [options, is.keysOf("power", "interval", "poles", "precision")], power: [options?.power, is.finite], interval: [options?.interval, is.listOf(is.positive, 2)] });
  const { power: value, interval } = options;
  const [a, b] = interval;
  if (!(a > 0) || !(b > a) || !(b / a < 1e12)) throw new ConfigurationError(`rationalApproximation: got the interval [${a}, ${b}], expected 0 < a < b < 1e12 a`);
  if (!(Math.abs(value) < 1) || value === 0 || !Number.isInteger(64 * value)) throw new ConfigurationError(`rationalApproximation: got the power ${value}, expected a multiple of 1/64 between -1 and 1, not zero`);
  let roots = 0;
  while (!Number.isInteger(value * 2 ** roots)) roots++;
  const exponent = { value, numerator: value * 2 ** roots, roots };
  if (options.poles !== undefined) return remez(exponent, interval, options.poles);
  const { precision } = options;
  // error of the best approximation for large n: 4 |sin(pi p)| exp(-(2n + 1) pi K'/K), K'/K = pi / (2 ln(4 sqrt(b/a)))
  const rate = Math.PI ** 2 / (2 * Math.log(4 * Math.sqrt(b / a)));
  const estimate = (Math.log((4 * Math.abs(Math.sin(Math.PI * value))) / precision) / rate - 1) / 2;
  for (let n = Math.max(1, Math.floor(estimate)); ; n++) {
    const r = remez(exponent, interval, n);
    if (r.error <= precision) return r;
  }
}

function remez(exponent: Exponent, [a, b]: readonly [number, number], n: number): RationalFunction {
  if (!Number.isInteger(n) || n < 1 || n > 40) throw new ConfigurationError(`rationalApproximation: got ${n} poles, expected 1 to 40: a larger error or a smaller interval needs fewer`);
  const s = Math.sqrt(b / a);
  const scaleOf = Math.sqrt(a) * Math.sqrt(b);
  const f = (y: number): Fixed => power(fixed(Math.exp(y)), exponent.numerator, exponent.roots);
  const z = (y: number): Fixed => {
    const x = fixed(Math.exp(y));
    return over(x - ONE, x + ONE);
  };
  const edge = Math.log(s);
  // y = ln x of the reference points, ascending; and of the zeros of the error between them
  const at = zolotarev(s);
  const points = Array.from({ length: 2 * n + 2 }, (_, i) => (i === 0 ? -edge : i === 2 * n + 1 ? edge : at(1 - i / (2 * n + 1))));
  let quotient = interpolate(Array.from({ length: 2 * n + 1 }, (_, i) => at(1 - (i + 0.5) / (2 * n + 1))), n, z, f);
  const deviation = (y: number): Fixed => over(over(horner(quotient.p, z(y)), horner(quotient.q, z(y))), f(y)) - ONE;
  let E = points.reduce((sum, y, i) => sum + (i % 2 === 0 ? deviation(y) : -deviation(y)), 0n) / BigInt(points.length);
  for (let round = 0; round < 12; round++) {
    for (let k = 0; k < 2; k++) ({ quotient, E } = level(points, quotient, E, n, z, f));
    const worst = exchange(points, deviation, edge);
    if (Math.abs(worst / Math.abs(toNumber(E)) - 1) < 1e-4) break;
  }
  return partialFractions(quotient, n, exponent, [a, b], scaleOf, largest(points, deviation));
}

/** Rational function with q_0 = 1 that agrees with f at 2n + 1 points. */
function interpolate(zeros: readonly number[], n: number, z: (y: number) => Fixed, f: (y: number) => Fixed): Quotient {
  const rows = zeros.map((y) => {
    const [zy, fy] = [z(y), f(y)];
    const powers = powersOf(zy, n);
    return [...powers, ...powers.slice(1).map((w) => -times(fy, w))];
  });
  const x = solveLinear(rows, zeros.map(f));
  return { p: x.slice(0, n + 1), q: [ONE, ...x.slice(n + 1)] };
}

/** One Newton step for P(z_i) = f_i (1 +- E) Q(z_i) at all reference points. */
function level(points: readonly number[], old: Quotient, E: Fixed, n: number, z: (y: number) => Fixed, f: (y: number) => Fixed): { quotient: Quotient; E: Fixed } {
  const right: Fixed[] = [];
  const rows = points.map((y, i) => {
    const sign = i % 2 === 0 ? 1n : -1n;
    const [zy, fy] = [z(y), f(y)];
    const powers = powersOf(zy, n);
    const g = times(fy, ONE + sign * E);
    const slope = sign * times(fy, horner(old.q, zy));
    right.push(g - times(slope, E));
    return [...powers, ...powers.slice(1).map((w) => -times(g, w)), -slope];
  });
  const x = solveLinear(rows, right);
  return { quotient: { p: x.slice(0, n + 1), q: [ONE, ...x.slice(n + 1, 2 * n + 1)] }, E: x[2 * n + 1]! };
}

/** Moves the inner reference points to the extrema of the deviation, by parabolas in ln x; returns the largest deviation seen. */
function exchange(points: number[], deviation: (y: number) => Fixed, edge: number): number {
  const d = (y: number): number => toNumber(deviation(y));
  let worst = 0;
  const moved = points.map((y, i) => {
    if (i === 0 || i === points.length - 1) return y;
    const h = 0.2 * Math.min(y - points[i - 1]!, points[i + 1]! - y);
    const [l, m, r] = [d(y - h), d(y), d(y + h)];
    worst = Math.max(worst, Math.abs(l), Math.abs(m), Math.abs(r));
    const step = (0.5 * h * (l - r)) / (l - 2 * m + r);
    return y + Math.max(-h, Math.min(h, step));
  });
  moved.forEach((y, i) => (points[i] = Math.max(-edge, Math.min(edge, y))));
  return worst;
}

/** Largest deviation on a grid that is fine between the reference points. */
function largest(points: readonly number[], deviation: (y: number) => Fixed): number {
  let worst = 0;
  for (let i = 0; i + 1 < points.length; i++)
    for (let k = 0; k <= 8; k++) worst = Math.max(worst, Math.abs(toNumber(deviation(points[i]! + (k / 8) * (points[i + 1]! - points[i]!)))));
  return worst;
}

/**
 * Poles and residues of P/Q in x = scale x', from the homogeneous polynomials sum_k c_k (x - 1)^k (x + 1)^{n-k} = (x - 1)^n sum_k c_k w^{n-k},
 * w = (x + 1)/(x - 1), which are finite on the whole negative axis.
 */
function partialFractions({ p, q }: Quotient, n: number, exponent: Exponent, interval: readonly [number, number], scale: number, error: number): RationalFunction {
  const homogeneous = (c: readonly Fixed[], x: Fixed): Fixed => {
    const w = over(x + ONE, x - ONE);
    const value = c.reduce((sum, ck) => times(sum, w) + ck, 0n);
    return times(powersOf(x - ONE, n)[n]!, value);
  };
  const Q = (beta: Fixed): Fixed => homogeneous(q, -beta);
  const poles: Fixed[] = [];
  const reach = 0.5 * Math.log(interval[1] / interval[0]) + 12;
  let [left, below] = [fixed(Math.exp(-reach)), Q(fixed(Math.exp(-reach)))];
  for (let y = -reach + 0.05; y <= reach; y += 0.05) {
    const right = fixed(Math.exp(y));
    const above = Q(right);
    if (below > 0n !== above > 0n) poles.push(bisect(Q, left, right));
    [left, below] = [right, above];
  }
  if (poles.length !== n) throw new ConfigurationError(`rationalApproximation: found ${poles.length} of ${n} poles on the negative axis: use fewer poles for this interval`);
  const leading = q.reduce((sum, x) => sum + x, 0n);
  const gain = power(fixed(scale), exponent.numerator, exponent.roots);
  const residues = poles.map((beta, j) => {
    const slope = poles.reduce((product, other, i) => (i === j ? product : times(product, other - beta)), leading);
    return toNumber(times(times(over(homogeneous(p, -beta), slope), gain), fixed(scale)));
  });
  const constant = toNumber(times(over(p.reduce((sum, x) => sum + x, 0n), leading), gain));
  return { power: exponent.value, interval, constant, residues, shifts: poles.map((beta) => toNumber(beta) * scale), error };
}

function bisect(Q: (x: Fixed) => Fixed, left: Fixed, right: Fixed): Fixed {
  const positive = Q(left) > 0n;
  for (let k = 0; k < 120; k++) {
    const middle = (left + right) >> 1n;
    if (Q(middle) > 0n === positive) left = middle;
    else right = middle;
  }
  return left;
}

function powersOf(z: Fixed, n: number): Fixed[] {
  const w = [ONE];
  for (let k = 0; k < n; k++) w.push(times(w[k]!, z));
  return w;
}

function horner(c: readonly Fixed[], z: Fixed): Fixed {
  return c.reduceRight((sum, x) => times(sum, z) + x, 0n);
}

/** u -> ln(s dn^2(u K; k)), k^2 = 1 - 1/s^2: extrema, u = i/(2n+1), and zeros, u = (i + 1/2)/(2n+1), of Zolotarev's approximation on [1/s, s]. */
function zolotarev(s: number): (u: number) => number {
  // amplitude by the arithmetic-geometric mean of 1 and the complementary modulus 1/s
  const k2 = 1 - 1 / (s * s);
  const [a, c] = [[1], [Math.sqrt(k2)]];
  let g = 1 / s;
  while (c[c.length - 1]! > 1e-15) {
    const m = a[a.length - 1]!;
    a.push((m + g) / 2);
    c.push((m - g) / 2);
    g = Math.sqrt(m * g);
  }
  const last = a.length - 1;
  return (u) => {
    let phi = 2 ** last * (Math.PI / 2) * u;
    for (let i = last; i > 0; i--) phi = (phi + Math.asin((c[i]! / a[i]!) * Math.sin(phi))) / 2;
    const sine = Math.sin(phi);
    return Math.log(s * (1 - k2 * sine * sine));
  };
}
