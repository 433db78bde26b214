/**
 * A line search for the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6): along f(a) from f(0) with f'(0) < 0 an a with
 * f(a) <= f(0) + c1 a f'(0) and |f'(a)| <= c2 |f'(0)|, by doubling until an interval holds one and by cubic interpolation within it.
 */

/** A point on the line. */
export interface LinePoint {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

const [C1, C2] = [1e-4, 0.9];

/** The minimum of the cubic through two points with their slopes, kept a tenth of the interval away from its ends; its middle where there is none. */
function between(a: LinePoint, b: LinePoint): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const root = Math.sqrt(d1 * d1 - a.slope * b.slope) * Math.sign(b.step - a.step);
  const x = b.step - ((b.step - a.step) * (b.slope + root - d1)) / (b.slope - a.slope + 2 * root);
  const [low, high] = a.step < b.step ? [a.step, b.step] : [b.step, a.step];
  const margin = 0.1 * (high - low);
  return Number.isFinite(x) ? Math.min(high - margin, Math.max(low + margin, x)) : (low + high) / 2;
}

/** A point that satisfies both conditions, or after so many evaluations the lowest one seen with the first of them; undefined where there is none. */
export function wolfePoint<P extends LinePoint>(at: (step: number) => P, zero: LinePoint, first: number, evaluations: number): P | undefined {
  let lowest: P | undefined;
  let left = evaluations;
  const low = (p: LinePoint): boolean => p.value <= zero.value + C1 * p.step * zero.slope;
  const flat = (p: LinePoint): boolean => Math.abs(p.slope) <= -C2 * zero.slope;
  const look = (step: number): P => {
    left--;
    const p = at(step);
    if (low(p) && (!lowest || p.value < lowest.value)) lowest = p;
    return p;
  };
  /** Between an end that is low and lower than all others seen, and another so that the interval holds a point. */
  const zoom = (a: LinePoint, b: LinePoint): P | undefined => {
    while (left > 0) {
      const p = look(between(a, b));
      if (!low(p) || p.value >= a.value) b = p;
      else {
        if (flat(p)) return p;
        if (p.slope * (b.step - a.step) >= 0) b = a;
        a = p;
      }
    }
    return lowest;
  };
  let before: LinePoint = zero;
  let step = first;
  while (left > 0) {
    const p = look(step);
    if (!low(p) || (before !== zero && p.value >= before.value)) return zoom(before, p);
    if (flat(p)) return p;
    if (p.slope >= 0) return zoom(p, before);
    before = p;
    step *= 2;
  }
  return lowest;
}
