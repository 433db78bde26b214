/** Ticks of an axis and their labels. The frame needs both before it draws, to make room for the labels. */
import { minus, numberText, powerOfTen } from "./text.ts";

/** Multiples of 1, 2 or 5 times a power of ten inside [low, high]: about `count` of them. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const exponent = Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((m) => m * tenTo(exponent) >= rough * 0.999) ?? 10) * tenTo(exponent);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => clean((first + i) * step));
}

/** Powers of ten, thinned to about `count`; with 2 and 5 times them on a short axis, and linear ticks on a very short one. */
export function logTicks(low: number, high: number, count: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.log10(high / low);
  const inside = (v: number): boolean => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9);
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, count)));
  const exponents = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const powers = exponents.filter((e) => e % stride === 0).map(tenTo).filter(inside);
  if (powers.length >= 3 || decades > 3) return powers;
  const short = exponents.flatMap((e) => [1, 2, 5].map((m) => clean(m * tenTo(e)))).filter(inside);
  return short.length >= 3 ? short : linearTicks(low, high, count).filter((v) => v > 0);
}

/** Labels for a whole axis: the same number of decimals on every tick, so that they line up. */
export function tickLabels(ticks: readonly number[], log = false): string[] {
  if (ticks.length === 0) return [];
  const exponents = ticks.map((v) => Math.round(Math.log10(Math.abs(v))));
  const allPowers = log && ticks.every((v, i) => v === tenTo(exponents[i]!));
  if (allPowers && exponents.some((e) => Math.abs(e) > 3)) return exponents.map(powerOfTen);
  const largest = ticks.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  if (log || largest >= 1e6 || largest < 1e-3) return ticks.map((v) => numberText(v, 15));
  const decimals = ticks.reduce((m, v) => Math.max(m, (String(v).split(".")[1] ?? "").length), 0);
  return ticks.map((v) => minus(v.toFixed(decimals)));
}

/** The decimal literal, since powers of ten by multiplication miss the last bit. */
function tenTo(exponent: number): number {
  return Number(`1e${exponent}`);
}

/** 0.3 for 0.30000000000000004, which is what three steps of 0.1 add up to. */
function clean(value: number): number {
  return Number(value.toPrecision(15));
}
