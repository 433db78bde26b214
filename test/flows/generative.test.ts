/** Generative flows: log det against the whole Jacobian at random weights, gradients against differences, exact partition functions, samples in distribution, runs that are killed. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Field, type LinkField, type Links, Plan, channelsType, complexType } from "../../src/autograd/index.ts";
import { jacobian, logDet } from "../../src/check/jacobian.ts";
import { U1, gaugeAction, gaugeTransform, hot, lattice, randomGaugeTransformation } from "../../src/gauge/index.ts";
import { type CircleFamily, circleMap, couplingLayer, exactLogZ2d, independenceStep, independenceSummary, phi4Flow, trivialisingFlow, u1Flow, weightSummary } from "../../src/flows/index.ts";
import { circleChannels } from "../../src/flows/generative/u1-flow.ts";
import { layersOf, networkWeights } from "../../src/flows/generative/networks.ts";
import { SharedWeights } from "../../src/flows/generative/weights.ts";

import { PURPOSE, randomStream } from "../../src/util/index.ts";
import { Scratch, start } from "../cli/runs.ts";
import { jobOnThreads } from "../ranks/threads.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
const close = (a: number, b: number, tolerance: number): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(tolerance);

test.each([
  [1, 1, 64, -48.901481055541], [1, 2, 256, -301.05765338036], [1, 7, 64, -119.82642405096], [2, 1, 64, -56.160051643577], [2, 2.7, 256, -485.41118352908], [3, 1, 64, -62.124197089733], [3, 4, 64, -222.08522196574],
  [3, 8, 256, -1484.8720774541],
])("ln Z, N = %i, beta = %f, V = %i", (N, beta, volume, value) => close(exactLogZ2d({ beta, N, volume }), value, 1e-12));

describe("maps of the circle", () => {
  const L = lattice([2, 2]);
  const angles = [0.5, 2, 4, 6];
  const phases = (list: readonly number[]): Field => new Field(L, complexType()).set(Float64Array.from(list.flatMap((t) => [Math.cos(t), Math.sin(t)]))) as Field;
  const mapped = (family: CircleFamily, K: number, numbers: readonly number[], list: readonly number[] = angles): { readonly image: number[]; readonly logSlope: number[] } => {
    const v = new Field(L, channelsType(numbers.length)).set(Float64Array.from(list.flatMap(() => numbers)));
    const z = phases(list);
    const { turn, logSlope } = new Plan(((a: never, b: never) => circleMap(a, b, family, K)) as never, [z, v] as readonly unknown[]).run(z, v) as unknown as { turn: Field; logSlope: Field };
    return { image: list.map((t, n) => t + turn.toArray()[n]!), logSlope: Array.from(logSlope.toArray()) };
  };
  const [widths, heights, slopes] = [[0.1, 0.3, 0.4, 0.2], [0.25, 0.25, 0.2, 0.3], [0.5, 1.5, 0.8, 1.2]];
  const spline = [...widths, ...heights].map(Math.log).concat(slopes.map((d) => Math.log(Math.expm1(d) / Math.expm1(1))), 0);

  test.each([
    ["projections", 2, [0.3, -0.7, 0.4], [0.85804954253427, 2.18509907587145, 4.61309771832371, 0.13923698152974 + 2 * Math.PI], [-0.10215485519949, -0.04206918745672, 0.05853636645746, -0.08759485493312]],
    ["moebius", 2, [-Math.sinh(0.15), 0, Math.sinh(0.35), 0, 0.4], [0.85804954253427, 2.18509907587145, 4.61309771832371, 0.13923698152974 + 2 * Math.PI], [-0.10215485519949, -0.04206918745672, 0.05853636645746, -0.08759485493312]],
    ["spline", 4, spline, [1.29913256277895, 2.78066835521983, 3.76559198479505, 6.04115969094647], [1.01235816915603, -0.42545510618281, -1.01786608467788, 0.20555782010966]],
  ] as const)("%s: numbers", (family, K, numbers, images, logSlopes) => {
    const { image, logSlope } = mapped(family, K, numbers);
    images.forEach((x, n) => close(image[n]!, x, 1e-12));
    logSlopes.forEach((x, n) => close(logSlope[n]!, x, 1e-12));
  });

  test.each([["projections", 3, 4], ["moebius", 2, 5], ["spline", 4, 13], ["spline", 1, 4]] as const)("%s of %i parts: the identity at zero; log f' is that of differences, f has degree 1", (family, K, count) => {
    const start = mapped(family, K, Array.from({ length: count }, () => 0));
    start.image.forEach((x, n) => close(x, angles[n]!, 1e-14));
    start.logSlope.forEach((x) => expect(Math.abs(x)).toBeLessThan(1e-14));
    const numbers = Array.from({ length: count }, (_, k) => Math.sin(3 * k + 1));
    const h = 1e-3;
    for (const theta of [0.7, 3.1, 5.9]) {
      const { image } = mapped(family, K, numbers, [-2, -1, 1, 2].map((s) => theta + s * h));
      close(Math.log((8 * (image[2]! - image[1]!) - (image[3]! - image[0]!)) / (12 * h)), mapped(family, K, numbers, [theta, 1, 2, 3]).logSlope[0]!, 1e-9);
    }
    const steps = Array.from({ length: 24 }, (_, k) => 1e-6 + (k * (2 * Math.PI - 2e-6)) / 23);
    const images = Array.from({ length: 6 }, (_, k) => mapped(family, K, numbers, steps.slice(4 * k, 4 * k + 4)).image).flat();
    images.slice(1).forEach((x, k) => expect(x).toBeGreaterThan(images[k]!));
    close(images[23]! - images[0]!, 2 * Math.PI, 1e-5);
  });
});

describe.each([{ map: "moebius", projections: 3, loops: true }, { map: "projections", projections: 4, loops: false }, { map: "spline", projections: 3, loops: true }] as const)("coupling layers of U(1) at random weights, $map", (choice) => {
  const L = lattice([4, 4]);
  const [seen, decided] = circleChannels(choice);
  const weights = new SharedWeights(networkWeights(L, layersOf(seen, 6, decided, 2)));
  const values = weights.values(weights.start(5).map((x, k) => (x === 0 ? 0.8 * Math.sin(k) : x)));
  const V = hot(L, U1, { seed: 9 }) as LinkField;
  test.each(choice.map === "moebius" ? [0, 1, 5, 6] : [2, 7])("layer %i", (layer) => {
    const plan = new Plan(((U: Links, p: never) => couplingLayer(U, layer, p, choice)) as never, [V, values] as readonly unknown[]);
    const image = (W: LinkField): { links: LinkField; logDet: number } => plan.fresh(W, values) as never;
    const { links, logDet: claimed } = image(V);
    const J = jacobian((W) => image(W).links, V);
    expect(Math.abs(claimed)).toBeGreaterThan(0.1);
    close(claimed, logDet(J.sixth, J.size).value, 1e-9);
    // gauge covariance of the map, invariance of log det
    const g = randomGaugeTransformation(L, 1, { seed: 2 });
    const moved = image(gaugeTransform(V, g));
    close(moved.logDet, claimed, 1e-12);
    const back = gaugeTransform(links, g);
    moved.links.fields.forEach((f, mu) => f.toArray().forEach((x, i) => expect(Math.abs(x - back.toArray(mu)[i]!)).toBeLessThan(1e-12)));
  });
});

test("gradients of the loss against differences", () => {
  const U = lattice([4, 4]);
  const models = [
    u1Flow({ lattice: U, action: gaugeAction.wilson({ beta: 1.5 }), seed: 2, layers: 2, channels: 2, depth: 2, projections: 2 }),
    phi4Flow({ lattice: U, m2: -1, lambda: 1.5, seed: 2, layers: 2, channels: 2, depth: 2 }),
    trivialisingFlow({ lattice: U, group: U1, action: gaugeAction.wilson({ beta: 1.2 }), beta: 1.2, seed: 2, steps: 2 }),
  ];
  for (const model of models) {
    const theta = model.start(3).map((x, k) => x + 0.05 * Math.sin(3 * k + 1));
    const direction = theta.map((_, k) => Math.cos(7 * k + 2));
    const at = (h: number): number => model.gradient(theta.map((x, k) => x + h * direction[k]!), [4, 5]).loss;
    const h = 1e-4;
    const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    const { gradient } = model.gradient(theta, [4, 5]);
    close(gradient.reduce((s, g, k) => s + g * direction[k]!, 0), numeric, 1e-7);
  }
});

test("log det of the phi^4 flow, and its symmetry under phi -> -phi", () => {
  const L = lattice([4, 4]);
  const model = phi4Flow({ lattice: L, m2: -1, lambda: 1.5, seed: 2, layers: 4, channels: 2, depth: 2 });
  const theta = model.start(3).map((x, k) => x + 0.1 * Math.sin(3 * k + 1));
  const image = model.imageOf!(theta);
  const z = Float64Array.from({ length: 16 }, (_, k) => Math.sin(2 * k + 1));
  const h = 1e-4;
  const J = new Float64Array(256);
  for (let l = 0; l < 16; l++) {
    const at = (s: number): Float64Array => image(z.map((x, k) => (k === l ? x + s * h : x))).x.slice();
    const [m2, m1, p1, p2] = [at(-2), at(-1), at(1), at(2)];
    for (let k = 0; k < 16; k++) J[k * 16 + l] = (8 * (p1[k]! - m1[k]!) - (p2[k]! - m2[k]!)) / (12 * h);
  }
  const { x, logDet: claimed } = image(z);
  const field = x.slice();
  close(claimed, logDet(J, 16).value, 1e-9);
  const other = image(z.map((y) => -y));
  close(other.logDet, claimed, 1e-12);
  other.x.forEach((y, k) => close(y, -field[k]!, 1e-12));
});

test("exact averages by independence Metropolis: U(1) with the action of order t", () => {
  const L = lattice([4, 4]);
  const model = trivialisingFlow({ lattice: L, group: U1, action: gaugeAction.wilson({ beta: 1 }), beta: 1, seed: 6, steps: 6 });
  const theta = model.start(0);
  let state: Parameters<typeof independenceStep>[0];
  const random = randomStream(3);
  const weights: number[] = [];
  const steps = Array.from({ length: 1500 }, (_, k) => {
    const s = model.sample(theta, k);
    weights.push(s.logWeight);
    const next = independenceStep(state, s, random.sequence(PURPOSE.metropolis, k).next());
    state = next.state;
    return { accepted: next.accepted, values: { ...next.state.values, chi: next.state.values["charge"]! ** 2 / 16 } };
  });
  const { values, acceptance } = independenceSummary(steps);
  const { logZ, ess } = weightSummary(weights);
  expect(ess).toBeGreaterThan(0.8);
  expect(acceptance.mean).toBeGreaterThan(0.75);
  expect(Math.abs(logZ.value - exactLogZ2d({ beta: 1, N: 1, volume: 16 }))).toBeLessThan(4 * logZ.error);
  // I_1/I_0 and its finite-volume correction are in ln Z: plaquette = 1 + (d ln Z/d beta)/V
  const d = 1e-4;
  const exact = 1 + (exactLogZ2d({ beta: 1 + d, N: 1, volume: 16 }) - exactLogZ2d({ beta: 1 - d, N: 1, volume: 16 })) / (2 * d * 16);
  expect(Math.abs(values["plaquette"]!.mean - exact)).toBeLessThan(4 * values["plaquette"]!.error);
});

const RUN = (more: string): string => `[lattice]
extents = [4, 4]
[target]
kind = "wilson"
group = "U(1)"
beta = 1.5
[flow]
kind = "u1"
layers = 2
channels = 2
depth = 2
projections = 3
${more}
[training]
steps = 12
batch = 4
rate = 1e-2
[sampler]
seed = 4
samples = 60
[output]
checkpoint = 2
`;

test("flow train, then flow sample, each killed and resumed, with other threads, on two and three ranks: the same bits", { timeout: 600_000 }, async () => {
  const twice = async (command: "train" | "sample", file: string): Promise<string> => {
    const [whole, broken] = [scratch.path(), scratch.path()];
    expect(await start(["flow", command, file, "--dir", whole, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
    for (const fault of ["line:2", "unsynced:1", "renamed:1"]) expect((await start(["flow", command, file, "--dir", broken, "--quiet"], { fault }).ended).signal).toBe("SIGKILL");
    expect(await start(["flow", command, file, "--dir", broken, "--quiet", "--threads", "2"]).ended).toMatchObject({ code: 0, stderr: "" });
    const shared = scratch.path();
    await jobOnThreads(command === "train" ? 2 : 3, ["none", "1", dirname(file), shared, `flow-${command}`, command]);
    for (const folder of [broken, join(shared, command)])
      for (const name of ["metrics.jsonl", "config.toml", ...(command === "train" ? ["flow.gaugegrad"] : [])]) expect(readFileSync(join(folder, name)).equals(readFileSync(join(whole, name))), `${folder}: ${name}`).toBe(true);
    return whole;
  };
  const model = await twice("train", scratch.file("train.toml", RUN("")));
  const folder = await twice("sample", scratch.file("sample.toml", RUN(`file = "${join(model, "flow.gaugegrad")}"`)));
  const report = await start(["flow", "report", scratch.file("sample.toml", RUN("")), "--dir", folder, "--json"]).ended;
  expect(report.code).toBe(0);
  expect(JSON.parse(report.stdout)).toMatchObject({ command: "sample", samples: 60, exactLogZ: expect.closeTo(exactLogZ2d({ beta: 1.5, N: 1, volume: 16 }), 10) });
  expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("<svg");
  const other = await start(["flow", "sample", scratch.file("other.toml", RUN(`file = "${join(model, "flow.gaugegrad")}"`).replace("layers = 2", "layers = 4")), "--dir", scratch.path()]).ended;
  expect([other.code, other.stderr]).toEqual([3, expect.stringMatching(/weights of another flow/)]);
});

const TRIVIALISING = `[lattice]
extents = [4, 4]
[target]
kind = "wilson"
group = "SU(2)"
beta = 2.0
[flow]
kind = "trivialising"
steps = 2
[training]
method = "gauss-newton"
steps = 3
batch = 24
[sampler]
seed = 4
[output]
checkpoint = 1
`;

test("least squares on the log weights: killed and resumed, the same bits; the spread becomes smaller", { timeout: 600_000 }, async () => {
  const file = scratch.file("gauss-newton.toml", TRIVIALISING);
  const [whole, broken] = [scratch.path(), scratch.path()];
  expect(await start(["flow", "train", file, "--dir", whole, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  for (const fault of ["line:2", "renamed:2"]) expect((await start(["flow", "train", file, "--dir", broken, "--quiet"], { fault }).ended).signal).toBe("SIGKILL");
  expect(await start(["flow", "train", file, "--dir", broken, "--quiet", "--threads", "2"]).ended).toMatchObject({ code: 0, stderr: "" });
  for (const name of ["metrics.jsonl", "flow.gaugegrad"]) expect(readFileSync(join(broken, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
  const sd = readFileSync(join(whole, "metrics.jsonl"), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { sd: number }).sd);
  expect(sd).toHaveLength(3);
  expect(sd[2]!).toBeLessThan(0.75 * sd[0]!);
  const wrong = await start(["flow", "train", scratch.file("wrong.toml", TRIVIALISING.replace("steps = 2", 'steps = 2\nscheme = "runge-kutta"')), "--dir", scratch.path()]).ended;
  expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(/training.method: got gauss-newton .* expected adam/)]);
});
