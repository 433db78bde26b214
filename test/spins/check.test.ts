/** The check of spin weights passes what is right and finds what is broken. */
import { expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { type SpinField, type SpinSubject, checkSpins, doubleExchange, isSpinSubject, randomSpins, spinTransformer } from "gaugegrad/spins";

const six = lattice([6, 6]);
const S = randomSpins(six, { seed: 3 });
const model = spinTransformer(six, { T: 0.05, layers: 2, reach: 3 }).randomised({ seed: 1, width: 0.2 });
const trained = model.with(model.theta.map((x, k) => x + 0.02 * Math.sin(k)));
const failures = (subject: SpinSubject): string[] => checkSpins(subject, S).items.filter((i) => i.status === "fail").map((i) => i.name);

test("exact weight and transformer pass", () => {
  for (const subject of [doubleExchange(six, { J: 1, T: 0.05, mu: 0.1 }), trained] as const) {
    expect(isSpinSubject(subject)).toBe(true);
    const report = checkSpins(subject, S, { seed: 2 });
    expect(report.items.filter((i) => i.status !== "pass")).toEqual([]);
    expect(report.items.length).toBeGreaterThanOrEqual(7);
    expect(String(report)).toContain("passed");
  }
  expect(checkSpins(trained, S).items.length).toBe(13);
});

test("rectangles have no rotation by 90 degrees", () => {
  const report = checkSpins(doubleExchange(lattice([4, 6]), { J: 1, T: 0.1 }), randomSpins(lattice([4, 6]), { seed: 3 }));
  expect(report.passed).toBe(true);
  expect(report.items.some((i) => i.name.includes("90"))).toBe(false);
});

/** The transformer with one member replaced. */
const broken = (change: Partial<SpinSubject>): SpinSubject => ({
  name: "broken",
  lattice: six,
  logWeight: (s) => trained.logWeight(s),
  gradient: (x) => trained.gradient(x),
  ...change,
});
const scaled = (x: SpinField, factor: number): SpinField => x.clone().set(x.toArray().map((v) => factor * v));

test("a wrong factor, a radial part, a preferred direction, site and axis are found", () => {
  expect(failures(broken({}))).toEqual([]);
  expect(failures(broken({ gradient: (x) => scaled(trained.gradient(x), 2) }))).toEqual(["gradient on the sphere"]);
  expect(failures(broken({ gradient: (x) => x.clone().set(trained.gradient(x).toArray().map((v, k) => v + 0.1 * x.toArray()[k]!)) }))).toEqual(["gradient is tangent"]);
  expect(failures(broken({ logWeight: (s) => trained.logWeight(s) + 1e-3 * s[2]! }))).toContain("invariance: rotation of all spins");
  expect(failures(broken({ logWeight: (s) => trained.logWeight(s) + 1e-3 * (s[0]! * s[3]! + s[1]! * s[4]! + s[2]! * s[5]!) }))).toContain("invariance: translation");
  // chirality S_i . (S_j x S_k) changes sign under reflections of the spins only
  const chirality = (s: Float64Array): number =>
    Array.from({ length: 36 }, (_, n) => {
      const [a, b, c] = [[0, 0], [1, 0], [0, 1]].map((d) => 3 * six.site([(n % 6) + d[0]!, Math.floor(n / 6) + d[1]!])) as [number, number, number];
      return s[a]! * (s[b + 1]! * s[c + 2]! - s[b + 2]! * s[c + 1]!) + s[a + 1]! * (s[b + 2]! * s[c]! - s[b]! * s[c + 2]!) + s[a + 2]! * (s[b]! * s[c + 1]! - s[b + 1]! * s[c]!);
    }).reduce((x, y) => x + y, 0);
  const chiral = failures(broken({ logWeight: (s) => trained.logWeight(s) + 1e-2 * chirality(s) }));
  expect(chiral).toContain("invariance: rotation-reflection of all spins");
  expect(chiral).not.toContain("invariance: rotation of all spins");
  expect(failures(broken({ theta: trained.theta, with: (x) => trained.with(x), valueAndGradient: (s) => ({ ...trained.valueAndGradient(s), gradient: trained.valueAndGradient(s).gradient.map((v, k) => (k === 4 ? 0 : v)) }) }))).toEqual(["gradient in the parameters"]);
});
