/** Losses and their gradients: the reference numbers of the closed-form fields, finite differences with respect to every parameter, second derivatives. */
import { describe, expect, test } from "vitest";
import {
  type AlgebraField, type Algebras, DirectionalField, type LinkField, type Links, type Loss, type Offset, type Scalar, type TrainingSample, acceptanceOfSd, assess, covariantNetwork, directionField, effectiveAction, exp,
  EffectiveAction, GaugeAction, Tensor, type TracedTensor, add, channels, closedFormLinks, fluctuation, gaugeAction, hvp, lattice, loopAction, losses, mul, plaquette, reTrace, record, scale, siteConv, sum, sumChannels, takeSample, tanh,
} from "gaugegrad";
import { moveOffset, startOffset, updateOffset } from "../../src/training/losses.ts";
import { N6, closedFormSystem, differences, expectClose, expectGradient } from "../models/helpers.ts";

/** PHYSICS 3.6: L and dL/drho of N6 with S_f(0.4), the gauge parts cancel. */
const table = [
  { name: "K2", extents: [4, 4, 4, 4], N: 2, L: 909.878340190279, dL: [1644.872015, -523.6002165, 1210.358636, 1726.279611, 13.11585293, 1643.246407], dSf: [-38.55897232, 12.27419889, -28.37314073, -40.46732338, -0.3074608879, -38.52086495] },
  { name: "K3", extents: [4, 6, 4, 8], N: 3, L: 29521.1459277219, dL: [53398.18077, 43314.65932, -16383.1648, 49858.89433, 23109.28693, -12721.81219], dSf: [-219.7580828, -178.2597525, 67.42426117, -205.1922907, -95.10534849, 52.35611056] },
] as const;

describe.each(table)("published loss on $name", ({ extents, N, L, dL, dSf }) => {
  test("L, dS_theta/drho and dL/drho", () => {
    const { U, fermions, target, model } = closedFormSystem(extents, N as number, 2.7);
    const sample = takeSample(U, target, model.fields);
    // a later trajectory draws another phi: the sample has its own
    fermions.phi.set(fermions.phi.toArray().map((x) => 2 * x));
    expect(model.names).toEqual([0, 1].flatMap((k) => ["plaq", "poly4", "polys"].map((w) => `network.${k}.rho.${w}`)));
    const e = losses.squared().evaluate(model, [sample], [], startOffset(6));
    expectClose(e.value, L, 1e-9);
    // the table is printed with ten digits
    e.gradient.forEach((g, k) => expectClose(g, dL[k]!, 1e-9, Math.max(...dL.map(Math.abs))));
    e.slopes[0]!.forEach((g, k) => expectClose(g, dSf[k]!, 1e-9, Math.max(...dSf.map(Math.abs))));
  });
});

/** exp(s X) U */
function moved(U: LinkField<2>, X: AlgebraField<2>, s: number): LinkField<2> {
  return record((u: Links, x: Algebras, e: Scalar) => u.map((mu) => mul(exp(scale(e, x[mu]!)), u[mu]!)), U, X, s).fresh(U, X, s) as unknown as LinkField<2>;
}

const system = closedFormSystem([4, 2, 2, 4], 2, 2.7);
const X = directionField(system.geo, 2);
/** Three configurations, each with a start and its own phi. */
const samples: TrainingSample<2>[] = [0, 0.1, -0.15].map((s, k) => {
  const phi = system.fermions.phi;
  phi.set(phi.toArray().map((x, i) => x + 0.1 * k * Math.cos(i)));
  return takeSample(moved(system.U, X, s), system.target, system.model.fields, { force: true, start: moved(system.U, X, s + 0.05) });
});

describe("gradients against finite differences, two-layer network with pseudofermions", () => {
  const theta = system.model.parameters;
  const cases: readonly [string, Loss, readonly TrainingSample<2>[], number[]][] = [
    ["squared", losses.squared(), samples, []],
    ["centred, mean of the batch", losses.centred(), samples, []],
    ["centred, trainable offset", losses.centred({ offset: "trainable" }), samples, [-3]],
    ["acceptance", losses.acceptance(), samples, []],
    ["force matching", losses.forceMatching(), samples.slice(0, 2), []],
  ];
  test.each(cases)("%s", (_, loss, batch, own) => {
    const x = Float64Array.of(...theta, ...own);
    const at = (y: Float64Array) => loss.evaluate(system.model.with(y.subarray(0, 6)), batch, y.subarray(6), startOffset(6));
    expect(at(x).gradient).toHaveLength(6 + own.length);
    expectGradient(at(x).gradient, (y) => at(y).value, x, 4e-3, 1e-8);
  });

  test("centred, one configuration: derivative of the loss whose E_0 follows theta", () => {
    const offset: Offset = { value: -4, slope: Float64Array.of(1, -2, 3, 0.5, 0, -1), seen: 7 };
    const at = (y: Float64Array, E0: Offset) => losses.centred().evaluate(system.model.with(y), samples.slice(0, 1), [], E0);
    const e = at(theta, offset);
    expectClose(e.value, (e.differences[0]! + 4) ** 2 / 2, 1e-14);
    expectGradient(e.gradient, (y) => at(y, moveOffset(offset, theta, y)).value, theta, 4e-3, 1e-8);
  });

  test("couplings and the mass, with the rest fixed", () => {
    const { fermions, model } = system;
    const gauge = loopAction<2>({ beta: 2.7, loops: [{ name: "plaquette", weight: 0.9 }, { name: "rectangle", weight: 0.03 }, { name: "polyakov-t", weight: -0.02 }] });
    const wide = effectiveAction({ gauge, fermions: fermions.action.with({ mass: 0.4, phi: fermions.phi }), network: N6, trainable: ["gauge.weights", "fermions.mass", "network.1.rho.poly4"] });
    expect(wide.names).toEqual(["gauge.weights.0", "gauge.weights.1", "gauge.weights.2", "fermions.mass", "network.1.rho.poly4"]);
    const { U, fields } = samples[1]!;
    const { value, gradient } = wide.valueAndGradient(U, fields);
    expectGradient(gradient, (y) => wide.with(y).valueAndGradient(U, fields).value, wide.parameters, 4e-3, 1e-9);
    // what is not selected keeps its value
    const other = wide.with([1, 0, 0, 0.4, -0.04]);
    expectClose(other.valueAndGradient(U, fields).value, model.valueAndGradient(U, fields).value, 1e-11);
    expect(Math.abs(value - other.valueAndGradient(U, fields).value)).toBeGreaterThan(1);
  });

  test("hvp of S_theta is the derivative of its force; force matching on its own force is zero with zero gradient", () => {
    const { model } = system;
    const { U } = samples[0]!;
    const H = (hvp((u: Links, inputs: unknown) => model.action.evaluate(u as never, inputs as never)) as (u: unknown, x: unknown, i: unknown) => unknown)(U, X, model.action.inputs) as AlgebraField;
    const component = (s: number): number => inner(model.force(moved(U, X, s)), X);
    const reference = differences((s) => component(s[0]!), Float64Array.of(0), 4e-3)[0]!;
    expectClose(inner(H, X), reference, 1e-8);
    const own = model.forceMismatch(U, model.force(U));
    expect(own.value).toBeLessThan(1e-16);
    own.gradient.forEach((g) => expect(Math.abs(g)).toBeLessThan(1e-6));
  });
});

/** sum over links of (X, Y) = -2 tr XY */
function inner(a: AlgebraField, b: AlgebraField): number {
  return 2 * a.fields.reduce((s, f, mu) => s + f.toArray().reduce((t, x, k) => t + x * b.toArray(mu)[k]!, 0), 0);
}

describe("statistics", () => {
  test("force matching is the norm of the difference of forces", () => {
    const { U, force, fields } = samples[0]!;
    const D = new DirectionalField(system.geo, 2, "algebra");
    // the sample's phi takes the place of the action's own
    system.fermions.phi.copyFrom(fields[0] as never);
    const F = system.model.force(U);
    D.set(F.fields.map((f, mu) => f.toArray().map((x, k) => x - force!.toArray(mu)[k]!)));
    expectClose(system.model.forceMismatch(U, force!, fields).value, inner(D, D), 1e-9);
  });

  test("L, L_c and the acceptance of a set", () => {
    const d = samples.map((s) => system.model.valueAndGradient(s.U, s.fields).value - s.value);
    const changes = samples.map((s, k) => d[k]! - (system.model.valueAndGradient(s.start!.U, s.fields).value - s.start!.value));
    const a = assess(system.model, samples);
    const mean = d.reduce((s, x) => s + x / 3, 0);
    expectClose(a.squared, d.reduce((s, x) => s + (x * x) / 6, 0), 1e-12);
    expectClose(a.centred, d.reduce((s, x) => s + (x - mean) ** 2 / 6, 0), 1e-9);
    expectClose(a.mean, mean, 1e-12);
    const m = changes.reduce((s, x) => s + x / 3, 0);
    const sd = Math.sqrt(changes.reduce((s, x) => s + (x - m) ** 2 / 3, 0));
    expectClose(a.trajectory!.sd, sd, 1e-9);
    expectClose(a.trajectory!.mean, m, 1e-9);
    expect(a.trajectory!.acceptance).toBe(acceptanceOfSd(a.trajectory!.sd));
    expect(assess(system.model, samples.map(({ U, fields, value }) => ({ U, fields, value })))).not.toHaveProperty("trajectory");
    expect(fluctuation(Float64Array.of(1, 3))).toEqual({ squared: 2.5, centred: 0.5, mean: 2, sd: 1 });
  });

  test("erfc(sd / (2 sqrt 2)) for the fluctuations of PHYSICS 2.4.3, printed with two digits", () => {
    for (const [sd, acceptance] of [[1.22, 0.54], [3.0, 0.13], [1.75, 0.38], [1.6, 0.42], [0.74, 0.71], [0.6, 0.76]] as const) expect(Math.abs(acceptanceOfSd(sd) - acceptance)).toBeLessThan(0.0051);
  });

  test("the running mean is the plain mean at first, then exponential", () => {
    let offset = startOffset(1);
    const put = (d: number): void => void (offset = updateOffset(offset, Float64Array.of(d), [Float64Array.of(2 * d)], 0.25));
    [1, 2, 3, 6].forEach(put);
    expect(offset.value).toBeCloseTo(3, 14);
    expect(offset.slope[0]).toBeCloseTo(6, 14);
    put(7);
    expect(offset.value).toBeCloseTo(4, 14);
    expect(moveOffset(offset, Float64Array.of(1), Float64Array.of(1.5)).value).toBeCloseTo(4 + 8 * 0.5, 14);
  });
});

describe("weights as tensors", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2, 0.6);
  const w = new Tensor([2, 1, 3, 1], Float64Array.of(0.3, -0.2, 0.1, 0.25, 0.05, -0.4));
  const gated = new GaugeAction<2, { beta: number; net: { w: Tensor; b: number } }>("gated plaquettes", { beta: 1.4, net: { w, b: 0.2 } }, ((V: Links, x: { beta: Scalar; net: { w: TracedTensor; b: Scalar } }) => {
    const p = reTrace(plaquette(V, 0, 1));
    const gate = sumChannels(tanh(siteConv(channels(p), x.net.w)));
    return add(scale(x.beta, sum(p)), scale(x.net.b, sum(scale(gate, p))));
  }) as never);
  const model = new EffectiveAction(gated, ["net", "beta"]);

  test("are parameters by number, in the order of the inputs that are named", () => {
    expect(model.names).toEqual([0, 1, 2, 3, 4, 5].map((k) => `net.w.${k}`).concat("net.b", "beta"));
    expect([...model.parameters]).toEqual([...w.data, 0.2, 1.4]);
    const next = model.with(model.parameters.map((x) => x + 1));
    expect([...next.parameters]).toEqual([...model.parameters].map((x) => x + 1));
    expect((next.input("net.w") as Tensor).shape).toEqual([2, 1, 3, 1]);
    expect(w.data[0]).toBe(0.3);
    expect(new EffectiveAction(gated, ["net.w"]).size).toBe(6);
    expect(() => new EffectiveAction(gated, ["net", "net.w"])).toThrow(/an input twice among net.w, net.b, net.w/);
  });

  test("gradients of the action and of a mismatch of forces against differences", () => {
    expectGradient(model.valueAndGradient(U).gradient, (x) => model.with(x).value(U), model.parameters, 1e-2, 1e-9);
    const F = gaugeAction.wilson({ beta: 1.1 }).force(U) as AlgebraField<2>;
    expectGradient(model.forceMismatch(U, F).gradient, (x) => model.with(x).forceMismatch(U, F).value, model.parameters, 1e-2, 1e-8);
  });
});

describe("errors", () => {
  const { fermions, model, target, U } = system;
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const parts = { gauge, fermions: fermions.action, network: covariantNetwork() };
  test("what is trainable must exist, once", () => {
    expect(() => effectiveAction({ ...parts, trainable: ["network.2"] })).toThrow(/got "network.2" as trainable, expected one of its inputs gauge.beta, fermions.mass, network.0.rho.plaq/);
    expect(() => effectiveAction({ ...parts, trainable: ["network", "network.0.rho.plaq"] })).toThrow(/an input twice/);
    expect(() => effectiveAction({ ...parts, trainable: [] })).toThrow(/nothing trainable/);
    expect(() => effectiveAction({ ...parts, trainable: ["fermions.phi"] })).toThrow(/got "fermions.phi" as trainable/);
  });
  test("counts of parameters and fields; samples without what the loss needs; empty batches", () => {
    expect(() => model.with([1, 2])).toThrow(/got 2 parameters, expected 6/);
    expect(() => model.valueAndGradient(U, [])).toThrow(/got 0 fields, expected 1/);
    const bare = takeSample(U, target, model.fields);
    const at = (loss: Loss, batch: readonly TrainingSample<2>[]) => loss.evaluate(model, batch, [], startOffset(6));
    expect(() => at(losses.acceptance(), [bare])).toThrow(/without the start of its trajectory/);
    expect(() => at(losses.forceMatching(), [bare])).toThrow(/without the target's force/);
    expect(() => at(losses.squared(), [])).toThrow(/an empty batch/);
  });
  test("an action without fields", () => {
    const geo = lattice([4, 4]);
    expect(effectiveAction({ gauge, fermions: gauge, network: covariantNetwork() }).valueAndGradient(record((u: Links) => u, new DirectionalField(geo, 2, "links")).fresh(new DirectionalField(geo, 2, "links")) as never).gradient).toHaveLength(6);
  });
});
