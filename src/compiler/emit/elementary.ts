/**
 * Elementary functions as arithmetic on all lanes at a time: range reduction with pi/2 and ln 2 in parts whose multiples are exact (Cody and Waite) and the
 * polynomials of fdlibm (Sun Microsystems, 1993), below one unit in the last place. Native kernels have them, whose vectors are wide; in two lanes calls are
 * as fast. Arguments outside of an interval (huge ones, subnormal numbers, infinities, NaN) are left to the C library, lane by lane.
 */
import type { Site, SiteFunction, V } from "../../autograd/index.ts";
import { type MicroKernel, microFormula } from "../scalar.ts";

/** A function by its formula for least <= x <= most, x the larger of |y| and |x| for the angle of two numbers. */
export interface Elementary {
  readonly name: SiteFunction;
  readonly least: number;
  readonly most: number;
  readonly micro: MicroKernel;
  /** "in": the operands are m and e of x = 2^e m, 1 <= m < 2, instead of x; "out": the result is 2^k y with the results y and k; "angle": of two operands, the result has the sign of the first. */
  readonly form: "in" | "out" | "none" | "angle";
}

/** Adding and subtracting it rounds to an integer. */
const ROUND = 1.5 * 2 ** 52;
const [LN2_HIGH, LN2_LOW] = [6.93147180369123816490e-1, 1.90821492927058770002e-10];
/** pi / 2 in parts of 33 bits: multiples below 2^20 are exact. */
const QUARTER = [1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21] as const;
const SIN = [-1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4, 2.75573137070700676789e-6, -2.50507602534068634195e-8, 1.58969099521155010221e-10];
const COS = [4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5, -2.75573143513906633035e-7, 2.08757232129817482790e-9, -1.13596475577881948265e-11];
const EXP = [1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.65339022054652515390e-6, 4.13813679705723846039e-8];
const ATAN = [3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.11111104054623557880e-1, 9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2, -5.83357013379057348645e-2, 4.97687799461593236017e-2, -3.65315727442169155270e-2, 1.62858201153657823623e-2];
/** Angles and what they lack: of 1/2, pi/4, pi/2, pi. */
const [HALF, EIGHTH, RIGHT, FLAT] = [[4.63647609000806093515e-1, 2.26987774529616870924e-17], [7.85398163397448278999e-1, 3.06161699786838301793e-17], [1.57079632679489655800, 6.12323399573676603587e-17], [3.14159265358979311600, 1.2246467991473532e-16]] as const;
const LOG = [6.666666666666735130e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1, 1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1];

/** sum_k c_k z^k */
function polynomial(b: Site, z: V, c: readonly number[]): V {
  return c.slice(0, -1).reduceRight<V>((p, x) => b.fma(p, z, b.constant(x)), b.constant(c.at(-1)!));
}

const rounded = (b: Site, x: V): V => b.sub(b.add(x, b.constant(ROUND)), b.constant(ROUND));

/** x = 2^e m with |log m| <= ln(2) / 2; log m = f - f^2/2 + s (f^2/2 + R(s^2)), f = m - 1, s = f / (2 + f). */
function logarithm(b: Site, [whole, floor]: readonly V[]): V[] {
  const [half, one] = [b.constant(0.5), b.constant(1)];
  const above = b.sub(whole!, b.constant(Math.SQRT2));
  const e = b.positive(above, b.add(floor!, one), floor!);
  const f = b.sub(b.positive(above, b.mul(half, whole!), whole!), one);
  const s = b.div(f, b.add(b.constant(2), f));
  const z = b.mul(s, s);
  const R = b.mul(z, polynomial(b, z, LOG));
  const square = b.mul(b.mul(half, f), f);
  const low = b.fma(e, b.constant(LN2_LOW), b.mul(s, b.add(square, R)));
  return [b.sub(b.mul(e, b.constant(LN2_HIGH)), b.sub(b.sub(square, low), f))];
}

/** x = k ln 2 + r; exp r = 1 + r + r c / (2 - c), c = r - r^2 P(r^2). */
function exponential(b: Site, [x]: readonly V[]): V[] {
  const k = rounded(b, b.mul(x!, b.constant(Math.LOG2E)));
  const [high, low] = [b.sub(x!, b.mul(k, b.constant(LN2_HIGH))), b.mul(k, b.constant(LN2_LOW))];
  const r = b.sub(high, low);
  const t = b.mul(r, r);
  const c = b.sub(r, b.mul(t, polynomial(b, t, EXP)));
  const rest = b.sub(low, b.div(b.mul(r, c), b.sub(b.constant(2), c)));
  return [b.sub(b.constant(1), b.sub(rest, high)), k];
}

/** x = n pi/2 + y + tail: sine and cosine of y + tail, and the last two binary digits of n. */
function reduced(b: Site, x: V): { readonly sin: V; readonly cos: V; readonly odd: V; readonly second: V } {
  const [half, one] = [b.constant(0.5), b.constant(1)];
  const n = rounded(b, b.mul(x, b.constant(2 / Math.PI)));
  const [first, second, third] = QUARTER.map((part) => b.mul(n, b.constant(part))) as [V, V, V];
  const near = b.sub(x, first);
  const r = b.sub(near, second);
  const rest = b.sub(b.sub(b.sub(near, r), second), third);
  const y = b.add(r, rest);
  const tail = b.add(b.sub(r, y), rest);
  const z = b.mul(y, y);
  const cube = b.mul(z, y);
  const S = polynomial(b, z, SIN.slice(1));
  const sin = b.sub(y, b.sub(b.sub(b.mul(z, b.sub(b.mul(half, tail), b.mul(cube, S))), tail), b.mul(cube, b.constant(SIN[0]!))));
  const C = b.mul(z, polynomial(b, z, COS));
  const hz = b.mul(half, z);
  const w = b.sub(one, hz);
  const cos = b.add(w, b.add(b.sub(b.sub(one, w), hz), b.sub(b.mul(z, C), b.mul(y, tail))));
  const below = (m: V): V => rounded(b, b.sub(b.mul(half, m), b.constant(0.25)));
  const pairs = below(n);
  return { sin, cos, odd: b.sub(n, b.add(pairs, pairs)), second: b.sub(pairs, b.mul(b.constant(2), below(pairs))) };
}

function sine(b: Site, [x]: readonly V[]): V[] {
  const { sin, cos, odd, second } = reduced(b, x!);
  const y = b.positive(odd, cos, sin);
  // the zeros keep their sign
  return [b.positive(b.abs(x!), b.positive(second, b.neg(y), y), x!)];
}

function cosine(b: Site, [x]: readonly V[]): V[] {
  const { sin, cos, odd, second } = reduced(b, x!);
  const y = b.positive(odd, sin, cos);
  return [b.positive(b.abs(b.sub(odd, second)), b.neg(y), y)];
}

/**
 * The angle of (|x|, |y|): with a <= c these in order, atan(a/c) = t + atan q for t = 0, 1/2 or 1 next to a/c, q = (a - t c) / (c + t a), and atan q = q - q z P(z), z = q^2. Then that of x, whose
 * sign is known.
 */
function angle(b: Site, [y, x]: readonly V[]): V[] {
  const [up, along] = [b.abs(y!), b.abs(x!)];
  const steep = b.sub(up, along);
  const [a, c] = [b.positive(steep, along, up), b.positive(steep, up, along)];
  const [some, more] = [7 / 16, 11 / 16].map((t) => b.sub(a, b.mul(b.constant(t), c))) as [V, V];
  const pick = (none: V, half: V, one: V): V => b.positive(more, one, b.positive(some, half, none));
  const q = b.div(pick(a, b.sub(b.add(a, a), c), b.sub(a, c)), pick(c, b.add(b.add(c, c), a), b.add(c, a)));
  const [high, low] = [0, 1].map((k) => pick(b.constant(0), b.constant(HALF[k]!), b.constant(EIGHTH[k]!))) as [V, V];
  const z = b.mul(q, q);
  const near = b.sub(high, b.sub(b.sub(b.mul(b.mul(q, z), polynomial(b, z, ATAN)), low), q));
  const from = (whole: readonly [number, number], r: V): V => b.sub(b.constant(whole[0]), b.sub(r, b.constant(whole[1])));
  const first = b.positive(steep, from(RIGHT, near), near);
  return [b.positive(b.neg(x!), from(FLAT, first), first)];
}

const FORMULAS = {
  log: { least: 2 ** -1022, most: 2 ** 1021, formula: logarithm, form: "in" },
  exp: { least: -708, most: 708, formula: exponential, form: "out" },
  sin: { least: -(2 ** 20), most: 2 ** 20, formula: sine, form: "none" },
  cos: { least: -(2 ** 20), most: 2 ** 20, formula: cosine, form: "none" },
  atan2: { least: 2 ** -1000, most: 2 ** 1000, formula: angle, form: "angle" },
} as const;

/** Is there a formula? Otherwise the function is called. */
export const isElementary = (name: SiteFunction): name is keyof typeof FORMULAS => name in FORMULAS;

/** The formula of a function. */
export function elementary(name: keyof typeof FORMULAS): Elementary {
  const { least, most, formula, form } = FORMULAS[name];
  return { name, least, most, form, micro: microFormula(name, form === "in" || form === "angle" ? 2 : 1, formula) };
}
