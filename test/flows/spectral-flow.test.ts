/** Spectral flows of SU(N): numbers from eigenvalues, the determinant of the whole Jacobian, degenerate eigenvalues, exact partition functions after a short training. */
import { describe, expect, test } from "vitest";
import { Field, type LinkField, type Links, type Matrix, Plan, type Real, broadcast, mul, number, siteMatrixType } from "../../src/autograd/index.ts";
import { jacobian, logDet } from "../../src/check/jacobian.ts";
import { SU, type Group, closedFormLinks, cold, gaugeAction, gaugeTransform, hot, lattice, randomGaugeTransformation } from "../../src/gauge/index.ts";
import { exactLogZ2d, independenceStep, independenceSummary, spectralFlow, weightSummary } from "../../src/flows/index.ts";
import { layersOf, networkWeights } from "../../src/flows/generative/networks.ts";
import { spectralLayer, spectralStep } from "../../src/flows/generative/spectral-flow.ts";
import { SharedWeights } from "../../src/flows/generative/weights.ts";
import { adam } from "../../src/training/index.ts";
import { PURPOSE, randomStream } from "../../src/util/index.ts";

const close = (a: number, b: number, tolerance: number): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);

/** diag(e^(i theta)) at every site, and what a step makes of it. */
function stepped(angles: readonly number[], coefficients: { readonly re?: number; readonly im?: number; readonly square?: number; readonly modulus?: number }): { readonly angles: number[]; readonly logDet: number } {
  const [L, N] = [lattice([2, 2]), angles.length];
  const one = new Float64Array(2 * N * N);
  angles.forEach((t, j) => one.set([Math.cos(t), Math.sin(t)], 2 * (j * N + j)));
  const P = new Field(L, siteMatrixType(L, N)).set(Float64Array.from({ length: 4 * one.length }, (_, i) => one[i % one.length]!));
  const plan = new Plan(((x: Matrix) => {
    const at = (v = 0): Real => broadcast(number(x.tape, v));
    return spectralStep(x, { re: at(coefficients.re), im: at(coefficients.im), square: at(coefficients.square), modulus: at(coefficients.modulus) });
  }) as never, [P] as readonly unknown[]);
  const { turn, logDet: found } = plan.run(P) as unknown as { turn: Field; logDet: Field };
  const E = turn.toArray();
  return { angles: angles.map((t, j) => t + Math.atan2(E[2 * (j * N + j) + 1]!, E[2 * (j * N + j)]!)), logDet: found.toArray()[0]! };
}

/** log |det d th'/d th| by differences, on the angles with a fixed sum, and the ratio of the Haar densities. */
function byEigenvalues(angles: readonly number[], map: (t: readonly number[]) => number[]): number {
  const N = angles.length;
  const h = 1e-3;
  const J = Array.from({ length: N }, () => new Float64Array(N));
  for (let k = 0; k < N; k++) {
    const at = (s: number): number[] => map(angles.map((t, j) => (j === k ? t + s * h : t)));
    const [m2, m1, p1, p2] = [at(-2), at(-1), at(1), at(2)];
    for (let j = 0; j < N; j++) J[j]![k] = (8 * (p1[j]! - m1[j]!) - (p2[j]! - m2[j]!)) / (12 * h);
  }
  const flat = Float64Array.from(J.flatMap((r) => [...r]));
  const density = (t: readonly number[]): number => t.reduce((s, x, j) => s + t.slice(j + 1).reduce((r, y) => r + 2 * Math.log(Math.abs(2 * Math.sin((x - y) / 2))), 0), 0);
  return logDet(flat, N).value + density(map(angles)) - density(angles);
}

test.each([
  [2, 2, 0.3848228985179, 1.3692094262227, 0],
  [3, 2, -0.1578250969258, 0.6517747544103, 0.1772400235512],
  [4, 1.5, 0.305405783185, 0.915013736073, 0.2464054787394],
] as const)("the pair map of a matrix of SU(%i): log det and trace", (N, kappa, expected, re, im) => {
  const L = lattice([4, 4]);
  const link = closedFormLinks(L, N, kappa).toArray(0);
  const P = new Field(L, siteMatrixType(L, N)).set(link);
  const plan = new Plan(((x: Matrix) => {
    const at = (v: number): Real => broadcast(number(x.tape, v));
    const { turn, logDet: found } = spectralStep(x, { re: at(0), im: at(0), square: at(0), modulus: at(0.3) });
    return { image: mul(turn, x), logDet: found };
  }) as never, [P] as readonly unknown[]);
  const { image, logDet: found } = plan.run(P) as unknown as { image: Field; logDet: Field };
  const n = L.site([1, 0]);
  const own = image.toArray().subarray(2 * N * N * n, 2 * N * N * (n + 1));
  const trace = (part: 0 | 1): number => Array.from({ length: N }, (_, j) => own[2 * j * (N + 1) + part]!).reduce((a, b) => a + b, 0);
  close(found.toArray()[n]!, expected, 1e-11);
  close(trace(0), re, 1e-11);
  close(trace(1), im, 1e-11);
  if (N === 3) [-0.4297458030577, 0.1554142239355].forEach((x, k) => close(own[2 + k]!, x, 1e-11));
});

test("the pair map and f = alpha - 0.2 sin 2 alpha: angles and determinants", () => {
  const pairs = (t: readonly number[], eps: number): number[] => t.map((x) => x + t.reduce((s, y) => s + eps * Math.sin(x - y), 0));
  const cases: readonly [readonly number[], number][] = [[[0.67066675, -0.67066675], 0.3848228985179], [[-1.68193382, 0.15449723, 1.52743659], -0.1578250969258]];
  for (const [angles, expected] of cases) {
    const { angles: moved, logDet: found } = stepped(angles, { modulus: 0.3 });
    pairs(angles, 0.15).forEach((t, j) => close(moved[j]!, t, 1e-12));
    close(found, byEigenvalues(angles, (t) => pairs(t, 0.15)), 1e-9);
    close(found, expected, 1e-7);
  }
  // (c/2) sin 2 alpha
  const alpha = 0.67066675;
  const two = stepped([alpha, -alpha], { square: -0.4 });
  close(two.angles[0]!, alpha - 0.2 * Math.sin(2 * alpha), 1e-12);
  close(two.logDet, -0.7053106177474, 1e-7);
  // all coefficients, three and four angles
  const general = (t: readonly number[], { re, im, square, modulus }: Required<Parameters<typeof stepped>[1]>): number[] => {
    const [c, s] = [t.reduce((r, x) => r + Math.cos(x), 0), t.reduce((r, x) => r + Math.sin(x), 0)];
    // g e^(-i th), g = w + c tau^* + d tau
    const g = [re + (square + modulus) * c, im + (modulus - square) * s];
    const f = t.map((x) => -0.5 * (g[1]! * Math.cos(x) - g[0]! * Math.sin(x)));
    const mean = f.reduce((a, b) => a + b, 0) / t.length;
    return t.map((x, j) => x + f[j]! - mean);
  };
  for (const angles of [[1.3, -0.4, -0.9], [0.3, 1.1, -2, 0.6]]) {
    const coefficients = { re: 0.3, im: -0.2, square: 0.05, modulus: 0.04 };
    const { angles: moved, logDet: found } = stepped(angles, coefficients);
    general(angles, coefficients).forEach((t, j) => close(moved[j]!, t, 1e-12));
    close(found, byEigenvalues(angles, (t) => general(t, coefficients)), 1e-8);
  }
});

describe.each([[2, 5], [3, 2]])("a layer of SU(%i) at random weights", (N, layer) => {
  const L = lattice([4, 4]);
  const group = SU(N) as Group;
  const outputs = N === 2 ? 2 : 4;
  const weights = new SharedWeights(networkWeights(L, layersOf(N === 2 ? 1 : 2, 3, outputs, 2)));
  const values = weights.values(weights.start(5).map((x, k) => (x === 0 ? 0.4 * Math.sin(k) : x)));
  const V = hot(L, group, { seed: 9 }) as LinkField;
  const plan = new Plan(((U: Links, p: never) => spectralLayer(U, layer, p, 1)) as never, [V, values] as readonly unknown[]);
  const image = (W: LinkField): { links: LinkField; logDet: number } => plan.fresh(W, values) as never;

  test("log det is that of the whole Jacobian, and gauge invariant; finite where eigenvalues coincide", () => {
    const { links, logDet: claimed } = image(V);
    const J = jacobian((W) => image(W).links, V);
    expect(Math.abs(claimed)).toBeGreaterThan(0.1);
    close(claimed, logDet(J.sixth, J.size).value, 1e-9);
    const g = randomGaugeTransformation(L, N, { seed: 2 });
    const moved = image(gaugeTransform(V, g));
    close(moved.logDet, claimed, 1e-12);
    const back = gaugeTransform(links, g);
    moved.links.fields.forEach((f, mu) => f.toArray().forEach((x, i) => expect(Math.abs(x - back.toArray(mu)[i]!)).toBeLessThan(1e-12)));
    // all plaquettes are 1: N equal eigenvalues
    const unit = image(cold(L, group) as LinkField);
    const K = jacobian((W) => image(W).links, cold(L, group) as LinkField);
    close(unit.logDet, logDet(K.sixth, K.size).value, 1e-9);
  });
});

test.each([[2, 1.5, 40]])("SU(%i), beta = %f: ln Z and plaquette exact, training makes the spread smaller", { timeout: 300_000 }, (N, beta, iterations) => {
  const L = lattice([4, 4]);
  const model = spectralFlow({ lattice: L, group: SU(N) as Group, action: gaugeAction.wilson({ beta }), seed: 3, layers: 8, channels: 4, steps: 1 });
  const optimiser = adam({ rate: 3e-2 });
  let theta = model.start(1);
  let memory = optimiser.start(model.size);
  const before = weightSummary(model.samples(theta, Array.from({ length: 128 }, (_, k) => k)).map((s) => s.logWeight)).sd;
  for (let k = 0; k < iterations; k++) {
    const { gradient } = model.gradient(theta, Array.from({ length: 32 }, (_, b) => 32 * k + b));
    ({ parameters: theta, state: memory } = optimiser.step(theta, { gradient: () => gradient }, memory));
  }
  const samples = model.samples(theta, Array.from({ length: 1024 }, (_, k) => k));
  const { sd, logZ } = weightSummary(samples.map((s) => s.logWeight));
  expect(sd).toBeLessThan(0.6 * before);
  const exact = exactLogZ2d({ beta, N, volume: 16 });
  expect(Math.abs(logZ.value - exact)).toBeLessThan(4 * logZ.error);
  const random = randomStream(4);
  let chain: Parameters<typeof independenceStep>[0];
  const steps = samples.map((s, k) => {
    const next = independenceStep(chain, s, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: next.state.values };
  });
  const { values } = independenceSummary(steps);
  const d = 1e-4;
  const plaquette = 1 + (exactLogZ2d({ beta: beta + d, N, volume: 16 }) - exactLogZ2d({ beta: beta - d, N, volume: 16 })) / (2 * d * 16);
  expect(Math.abs(values["plaquette"]!.mean - plaquette)).toBeLessThan(4 * values["plaquette"]!.error);
});
