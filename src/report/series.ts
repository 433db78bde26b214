/** From arrays to points that can be drawn: checks, gaps for what is not finite, extents, thinning of long histories. */
import { GeometryError } from "../errors.ts";

/** One point; `y` is NaN where a line must break; `low`/`high` are the ends of the error bar, NaN where there is none. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  readonly left: number;
  readonly right: number;
}

/** The input of {@link toPoints}. */
export interface PointInput {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly error?: ArrayLike<number> | undefined;
  readonly xError?: ArrayLike<number> | undefined;
}

/** Points and how many of the input cannot be shown. */
export interface Cleaned {
  readonly points: Point[];
  readonly notFinite: number;
  readonly notPositive: number;
}

/** More than this overflows in the differences an axis needs. */
const largest = 1e300;

/** Less than this is zero on an axis: its reciprocal overflows. */
const smallest = 1e-290;

/** Whether a value has a place on an axis. */
export function drawable(value: number): boolean {
  return Math.abs(value) <= largest;
}

/** Points of one series; `plot` names the caller in errors. With `logY`, values that are not positive become gaps too. */
export function toPoints(plot: string, input: PointInput, logY = false): Cleaned {
  const { name, x, y, error, xError } = input;
  for (const [what, other] of [["y", y], ["error", error], ["xError", xError]] as const)
    if (other !== undefined && other.length !== x.length)
      throw new GeometryError(`${plot}: series "${name}" has ${x.length} x and ${other.length} ${what} values, expected equal lengths`);
  const points: Point[] = [];
  let [notFinite, notPositive] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const finite = drawable(x[i]!) && drawable(y[i]!);
    const shown = finite && !(logY && y[i]! <= 0);
    if (!finite) notFinite++;
    else if (!shown) notPositive++;
    if (!drawable(x[i]!)) continue;
    const [dx, dy] = [bar(plot, name, xError?.[i]), shown ? bar(plot, name, error?.[i]) : Number.NaN];
    points.push({ x: x[i]!, y: shown ? y[i]! : Number.NaN, low: y[i]! - dy, high: y[i]! + dy, left: x[i]! - dx, right: x[i]! + dx });
  }
  return { points, notFinite, notPositive };
}

function bar(plot: string, name: string, error: number | undefined): number {
  if (error === undefined) return Number.NaN;
  if (error < 0) throw new GeometryError(`${plot}: series "${name}" has the negative error ${error}, expected one-sigma errors >= 0`);
  return drawable(error) ? error : Number.NaN;
}

/** Smallest interval that holds every drawable value, widened by the fraction `pad` so that marks do not touch the frame. */
export function extent(values: Iterable<number>, options: { log?: boolean; pad?: number } = {}): [number, number] {
  const { log = false, pad = 0 } = options;
  let [low, high] = [Infinity, -Infinity];
  for (const v of values)
    if (drawable(v) && !(log && v <= 0)) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (log) return high / low < 1.05 ? [low / 2, high * 2] : [low * (low / high) ** pad, high * (high / low) ** pad];
  const size = Math.max(Math.abs(low), Math.abs(high));
  // A spread of rounding size would give an axis whose ticks all read the same.
  if (high - low <= Math.max(1e-12 * size, smallest)) return size <= smallest ? [-1, 1] : [low - 0.05 * size, high + 0.05 * size];
  return [low - pad * (high - low), high + pad * (high - low)];
}

/**
 * A long line with the first, lowest, highest and last point of each of `columns` pixel columns: what is drawn stays the
 * same, what is stored does not grow with the run. Lines that go back in x are returned as they are.
 */
export function thin(points: Point[], columns: number): Point[] {
  if (points.length <= 4 * columns) return points;
  for (let i = 1; i < points.length; i++) if (points[i]!.x < points[i - 1]!.x) return points;
  const [start, end] = [points[0]!.x, points.at(-1)!.x];
  const column = (p: Point): number => Math.min(columns - 1, Math.floor(((p.x - start) / (end - start || 1)) * columns));
  const kept: Point[] = [];
  for (let i = 0; i < points.length; ) {
    let j = i;
    let [low, high, gap] = [i, i, -1];
    for (; j < points.length && column(points[j]!) === column(points[i]!); j++) {
      const y = points[j]!.y;
      if (Number.isNaN(y)) gap = j;
      else {
        if (!(y >= points[low]!.y)) low = j;
        if (!(y <= points[high]!.y)) high = j;
      }
    }
    const wanted = [...new Set([i, low, high, j - 1, ...(gap < 0 ? [] : [gap])])].toSorted((a, b) => a - b);
    kept.push(...wanted.map((k) => points[k]!));
    i = j;
  }
  return kept;
}

/** One point per cell of a fine pixel grid: a cloud of any size keeps its look. */
export function thinCloud(points: Point[], x: readonly [number, number], y: readonly [number, number], cells: number): Point[] {
  if (points.length <= 4000) return points;
  const seen = new Set<number>();
  return points.filter((p) => {
    const key = Math.floor(((p.x - x[0]) / (x[1] - x[0])) * cells) * cells + Math.floor(((p.y - y[0]) / (y[1] - y[0])) * cells);
    return !seen.has(key) && seen.add(key);
  });
}
