/** Objectives of flows against what is independent of their recording: differences, means, and what vanishes at a perfect model. */
import { expect, test } from "vitest";
import { type Real, SU, exponential, gaugeAction, lattice, scalarAction, scale, scaleBy, square, startFields, sum } from "../../src/index.ts";
import { type FlowObjective, phi4Flow, scalarModel, trivialisingFlow, u1Flow } from "../../src/flows/index.ts";
import { scalarWeight } from "../../src/flows/generative/weights.ts";
import { readFlowRun } from "../../src/runs/index.ts";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const geo = lattice([2, 2]);
const couplings = { m2: 0.4, lambda: 0.3 };
const flow = phi4Flow({ lattice: geo, seed: 5, ...couplings, layers: 2, channels: 1, depth: 2 });
const theta = flow.start(3).map((x, i) => x + 0.2 * Math.sin(1 + i));
const batch = (n: number, from = 0): number[] => Array.from({ length: n }, (_, k) => from + k);
const norm = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((s, y) => s + y * y, 0));

/** phi = z e^a: a perfect model of sum phi^2 / (2 s^2) at a = log s, whatever it is elsewhere. */
const width = 1.7;
const stretch = scalarModel({
  name: "stretch", lattice: geo, weights: { a: scalarWeight(0) }, seed: 2,
  image: (z: Real, { a }: { a: never }) => ({ field: scale(exponentialOf(a), z), logDet: scaleBy(4, a as never) as never }),
  inverse: (phi: Real, { a }: { a: never }) => ({ field: scale(exponentialOf(scaleBy(-1, a as never) as never), phi), logDet: scaleBy(-4, a as never) as never }),
  action: (phi) => scaleBy(0.5 / width ** 2, sum(square(phi))),
  measure: () => ({}),
});
const exponentialOf = (a: never): never => exponential(a as never) as never;

test("at a perfect model path gradient, force matching and its derivative vanish for every sample, the reparametrised gradient does not", () => {
  const perfect = Float64Array.of(Math.log(width));
  for (const index of batch(5)) {
    expect(norm(stretch.gradient(perfect, [index], "path-gradient").gradient)).toBeLessThan(1e-13);
    const matched = stretch.gradient(perfect, [index], "force-matching");
    expect([matched.loss, norm(matched.gradient)].every((x) => x < 1e-13)).toBe(true);
    expect(norm(stretch.gradient(perfect, [index]).gradient)).toBeGreaterThan(1e-2);
  }
  // self-normalised weights are equal there: the mean score of exactly these samples is that of a Gaussian, sum over sites of (1 - z^2)
  const { gradient } = stretch.gradient(perfect, batch(50), "forward-kl");
  expect(gradient[0]!).toBeCloseTo(stretch.likelihood!(perfect, batch(50).map((k) => configuration(k, perfect))).gradient[0]!, 10);
});

/** F(z) of base sample k, by differences of nothing: the map is known. */
function configuration(k: number, t: Float64Array): Float64Array {
  return stretch.imageOf!(t)(base(k)).x;
}
/** The base sample of a number, from a model that maps it to itself. */
function base(k: number, seed = 2): Float64Array {
  const seen: Float64Array[] = [];
  const identity = scalarModel({ name: "identity", lattice: geo, weights: { a: scalarWeight(0) }, seed, image: (z: Real, { a }: { a: never }) => ({ field: z, logDet: scaleBy(0, a as never) as never }), action: (phi) => sum(square(phi)), measure: (phi) => (seen.push(phi.toArray()), {}) });
  identity.sample(Float64Array.of(0), k - 2 ** 31);
  return seen[0]!;
}

test("path gradient and reparametrised gradient of a coupling flow have the same mean", () => {
  const n = 400;
  const direction = theta.map((_, i) => Math.cos(3 * i));
  const along = (objective: FlowObjective): number[] => batch(n).map((k) => flow.gradient(theta, [k], objective).gradient.reduce((s, g, i) => s + g * direction[i]!, 0));
  const difference = along("path-gradient").map((x, k, _, other = reparametrised) => x - other[k]!);
  const mean = difference.reduce((a, b) => a + b, 0) / n;
  const error = Math.sqrt(difference.reduce((s, x) => s + (x - mean) ** 2, 0) / n / (n - 1));
  expect(error).toBeGreaterThan(0);
  expect(Math.abs(mean)).toBeLessThan(4 * error);
  // a path gradient that were the reparametrised one would pass, too
  expect(Math.max(...difference.map(Math.abs))).toBeGreaterThan(1e-3);
});
const reparametrised = batch(400).map((k) => flow.gradient(theta, [k]).gradient.reduce((s, g, i) => s + g * Math.cos(3 * i), 0));

test("forward divergence: log q by the inverse is that of the map, its gradient that of differences at fixed configurations", () => {
  const image = flow.imageOf!(theta);
  const z = Float64Array.of(0.3, -1.1, 0.7, 0.2);
  const { x, logDet } = image(z);
  const logQ = -2 * Math.log(2 * Math.PI) - z.reduce((s, y) => s + y * y, 0) / 2 - logDet;
  const { loss, gradient } = flow.likelihood!(theta, [x]);
  expect(loss).toBeCloseTo(-logQ, 11);
  for (const i of [0, 5, theta.length - 1]) {
    const at = (h: number): number => flow.likelihood!(theta.map((t, j) => (j === i ? t + h : t)), [x]).loss;
    expect(gradient[i]!).toBeCloseTo((8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3, 8);
  }
});

test("force matching: the loss is half the square of differences of log w, its gradient that of differences of the loss", () => {
  const f = (t: Float64Array): number => flow.gradient(t, [4], "force-matching").loss;
  const direction = theta.map((_, i) => Math.cos(3 * i));
  const at = (h: number): number => f(theta.map((t, i) => t + h * direction[i]!));
  const slope = flow.gradient(theta, [4], "force-matching").gradient.reduce((s, g, i) => s + g * direction[i]!, 0);
  expect(slope / ((8 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4)).toBeCloseTo(1, 8);
  const [S, image, z] = [scalarAction.phi4(couplings), flow.imageOf!(theta), base(4, 5)];
  const logWeight = (y: Float64Array): number => {
    const { x, logDet } = image(y);
    return logDet + y.reduce((r, v) => r + v * v, 0) / 2 - S.value({ phi: startFields(S.fields, geo).phi.set(x) });
  };
  const squares = Array.from(z, (_, i) => {
    const moved = (h: number): number => logWeight(z.map((v, j) => (j === i ? v + h : v)));
    return ((8 * (moved(1e-4) - moved(-1e-4)) - (moved(2e-4) - moved(-2e-4))) / 12e-4) ** 2;
  });
  expect(squares.reduce((a, b) => a + b, 0) / 2 / f(theta)).toBeCloseTo(1, 8);
  const action = gaugeAction.wilson({ beta: 2 });
  const links = u1Flow({ lattice: lattice([4, 4]), action: action as never, seed: 1, layers: 8, channels: 1, depth: 2, projections: 1 });
  expect(links.gradient(links.start(1), [0], "force-matching").loss).toBeGreaterThan(0);
});

test("what a model has not is said, in code and in run files", () => {
  const action = gaugeAction.wilson({ beta: 2 });
  const links = u1Flow({ lattice: lattice([4, 4]), action: action as never, seed: 1, layers: 8, channels: 1, depth: 2, projections: 1 });
  expect(() => links.gradient(links.start(1), [0], "path-gradient")).toThrow("need the inverse");
  const masked = trivialisingFlow({ lattice: lattice([4, 4]), group: SU(2) as never, action: action as never, seed: 1, beta: 2, steps: 2 });
  expect(() => masked.gradient(masked.start(1), [0], "force-matching")).toThrow("reverse-kl");
  const file = join(mkdtempSync(join(tmpdir(), "gaugegrad-objectives-")), "run.toml");
  writeFileSync(file, '[lattice]\nextents = [4, 4]\n[target]\nkind = "wilson"\nbeta = 2.0\n[flow]\nkind = "u1"\n[training]\nobjective = "path-gradient"\n');
  expect(() => readFlowRun(file)).toThrow("training.objective: got path-gradient for the flow u1, expected reverse-kl or force-matching");
});
