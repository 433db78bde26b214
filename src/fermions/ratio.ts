/**
 * Powers of the ratio R = A / (A + c) of two operators that differ by a number, as those of two staggered masses, A = m^2 - D^2 and A + c = m_h^2 - D^2:
 * the spectrum of R lies in [a / (a + c), 1) for A >= a, whatever the upper end of A is, and
 *
 *     (R + s)^{-1} = [1 + (c / (1 + s)) (A + sigma)^{-1}] / (1 + s),   sigma = s c / (1 + s),
 *
 * makes a rational function of R one of A, all poles of which one multi-shift solve takes.
 */
import { type RationalFunction, rationalApproximation } from "../linalg/index.ts";

/** R^power as a rational function of A. */
export function ratioPower(power: number, { c, low, precision }: { readonly c: number; readonly low: number; readonly precision: number }): RationalFunction {
  const r = rationalApproximation({ power, interval: [low / (low + c), 1], precision });
  return {
    ...r,
    constant: r.constant + r.residues.reduce((sum, a, j) => sum + a / (1 + r.shifts[j]!), 0),
    residues: r.residues.map((a, j) => (a * c) / (1 + r.shifts[j]!) ** 2),
    shifts: r.shifts.map((s) => (s * c) / (1 + s)),
  };
}
