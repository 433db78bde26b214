/** `checkSpins(weight, S)`: gradients against differences on the sphere, and the symmetries of the model: O(3), translations, point group. */
import type { Lattice } from "../autograd/index.ts";
import { type CheckItem, CheckReport } from "../check/index.ts";
import { PURPOSE, type RandomStream, randomStream } from "../util/index.ts";
import { type SpinField, expectUnitSpins, spinField } from "./spin-field.ts";
import { moveSpins, randomOrthogonal, rotateSpins } from "./symmetry.ts";

/** A weight of spins that can be checked: `DoubleExchange`, `SpinTransformer`, or one's own. */
export interface SpinSubject {
  readonly name: string;
  readonly lattice: Lattice;
  /** ln W of unit spins. */
  logWeight(spins: Float64Array): number;
  /** d ln W / dS on the sphere. */
  gradient(S: SpinField): SpinField;
  /** Spins after a network, where there is one. */
  transformed?(S: SpinField): SpinField;
  /** Parameters, the derivative with respect to them, and the subject with others. */
  readonly theta?: Float64Array;
  valueAndGradient?(spins: Float64Array): { readonly value: number; readonly gradient: Float64Array };
  with?(theta: Float64Array): SpinSubject;
}

/** True for what `checkSpins` takes. */
export function isSpinSubject(x: unknown): x is SpinSubject {
  const s = x as Partial<SpinSubject> | null;
  return typeof s === "object" && s !== null && typeof s.logWeight === "function" && typeof s.gradient === "function" && typeof s.lattice === "object" && typeof s.name === "string";
}

/** Steps of the differences: a ReLU that changes sign on the way spoils the larger ones, rounding the smaller ones. */
const STEPS = [1e-3, 1e-4, 1e-5, 1e-6];
const EPSILON = 2 ** -52;

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let s = 0;
  for (let k = 0; k < a.length; k++) s += a[k]! * b[k]!;
  return s;
};

function directions(random: RandomStream, length: number, salt: number): Float64Array {
  const sequence = random.sequence(PURPOSE.test, salt);
  return Float64Array.from({ length }, () => sequence.normal());
}

/** The part of v tangent to the spins. */
function tangentPart(spins: Float64Array, v: Float64Array): Float64Array {
  return v.map((x, k) => {
    const at = k - (k % 3);
    return x - inner(spins.subarray(at, at + 3), v.subarray(at, at + 3)) * spins[k]!;
  });
}

/** Spins moved along great circles that start in the tangent directions t. */
function along(spins: Float64Array, t: Float64Array, h: number): Float64Array {
  return spins.map((x, k) => {
    const at = k - (k % 3);
    const size = Math.sqrt(inner(t.subarray(at, at + 3), t.subarray(at, at + 3)));
    return Math.cos(size * h) * x + (size > 0 ? (Math.sin(size * h) * t[k]!) / size : 0);
  });
}

/** Value against fourth-order differences of f; the step at which they agree best within their own rounding. */
function derivativeItem(name: string, value: number, scale: number, f: (h: number) => number, relativeStep: number): CheckItem {
  const size = Math.abs(f(0)) + 1;
  const trials = STEPS.map((step) => {
    const h = step * relativeStep;
    const reference = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
    // 2^8 roundings of the value, and the cut-off of the difference
    return { reference, deviation: Math.abs(value - reference), tolerance: (256 * EPSILON * size) / h + 1e-9 * scale };
  });
  const best = trials.reduce((a, b) => (b.deviation / b.tolerance < a.deviation / a.tolerance ? b : a));
  return {
    name,
    status: best.deviation <= best.tolerance ? "pass" : "fail",
    value,
    reference: best.reference,
    ...(Math.abs(best.reference) > best.tolerance && { ratio: value / best.reference }),
    deviation: best.deviation,
    tolerance: best.tolerance,
    toleranceFrom: "256 roundings of ln W over the step",
  };
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((m, x, k) => Math.max(m, Math.abs(x - b[k]!)), 0);
}

/**
 * Checks a weight at the spins S (random ones; ordered spins hide errors): gradient on the sphere and in the parameters, the gradient is
 * tangent, invariance of ln W (and equivariance of the transformed spins) under a random rotation and a random rotation-reflection of
 * all spins, translations, and the point group (reflections, and exchange of axes where the extents are equal).
 * @throws GeometryError unless S are unit spins on the subject's lattice.
 */
export function checkSpins(subject: SpinSubject, S: SpinField, { seed = 0 }: { readonly seed?: number } = {}): CheckReport {
  const { lattice } = subject;
  const spins = S.toArray();
  expectUnitSpins(lattice, spins);
  const random = randomStream(seed);
  const value = subject.logWeight(spins);
  const items: CheckItem[] = [];

  const t = tangentPart(spins, directions(random, spins.length, 1));
  const g = subject.gradient(S).toArray();
  const norm = Math.sqrt(inner(g, g));
  items.push(derivativeItem("gradient on the sphere", inner(g, t), norm * Math.sqrt(inner(t, t)), (h) => subject.logWeight(along(spins, t, h)), 1));
  const radial = largestDifference(g, tangentPart(spins, g));
  const radialTolerance = 64 * EPSILON * (norm + Math.abs(value));
  items.push({ name: "gradient is tangent", status: radial <= radialTolerance ? "pass" : "fail", deviation: radial, tolerance: radialTolerance, toleranceFrom: "64 roundings" });

  const { theta } = subject;
  if (theta && theta.length > 0 && subject.valueAndGradient && subject.with) {
    const { gradient } = subject.valueAndGradient(spins);
    const d = directions(random, theta.length, 2);
    const scale = Math.sqrt(inner(gradient, gradient) * inner(d, d));
    items.push(derivativeItem("gradient in the parameters", inner(gradient, d), scale, (h) => subject.with!(theta.map((x, k) => x + h * d[k]!)).logWeight(spins), 0.1));
  }

  const symmetry = (name: string, act: (s: Float64Array) => Float64Array): void => {
    const moved = act(spins);
    const result = subject.logWeight(moved);
    // a cascade of sums in another order
    const tolerance = 1024 * EPSILON * (Math.abs(value) + norm + 1);
    const deviation = Math.abs(result - value);
    items.push({ name: `invariance: ${name}`, status: deviation <= tolerance ? "pass" : "fail", value: result, reference: value, deviation, tolerance, toleranceFrom: "1024 roundings of ln W" });
    if (!subject.transformed) return;
    const difference = largestDifference(subject.transformed(spinField(lattice, moved)).toArray(), act(subject.transformed(S).toArray()));
    items.push({ name: `equivariance: ${name}`, status: difference <= 1e-11 ? "pass" : "fail", deviation: difference, tolerance: 1e-11, toleranceFrom: "roundings of unit vectors through the blocks" });
  };
  const [rotation, improper] = [randomOrthogonal({ seed, determinant: 1 }), randomOrthogonal({ seed, determinant: -1 })];
  symmetry("rotation of all spins", (s) => rotateSpins(s, rotation));
  symmetry("rotation-reflection of all spins", (s) => rotateSpins(s, improper));
  symmetry("translation", (s) => moveSpins(lattice, s, (x, y) => [x + 1, y + 2]));
  symmetry("reflection of the lattice", (s) => moveSpins(lattice, s, (x, y) => [-x, y]));
  if (lattice.extents[0] === lattice.extents[1]) symmetry("rotation of the lattice by 90 degrees", (s) => moveSpins(lattice, s, (x, y) => [-y, x]));
  return new CheckReport({ name: subject.name, kind: "action", group: "O(3)", lattice: lattice.extents, seed }, items);
}
