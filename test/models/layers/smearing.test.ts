import { describe, expect, test } from "vitest";
import { type Algebras, type FlowParameters, type Layer, type LinkField, type Links, type Scalar, type TracedOf, ape, flowLayer, hex, hyp, nhyp, plaquetteSum, record, stout, valueAndGrad } from "gaugegrad";
import { K2, K3, distance, expectClose, linksOn, plaquetteOf } from "./fields.ts";


/** PHYSICS 3.6. */
describe.each([
  { name: "K2", U: K2, apeSU: 0.942029098745087, apeU: 0.942029098745087, hyp: 0.982301766253473, nhyp: 0.982301766253473, flow1: 0.86633310663513, flow10: 0.936159895094057, symanzik: 0.948575468938897 },
  { name: "K3", U: K3, apeSU: 0.898500439420838, apeU: 0.898512850893362, hyp: 0.96665436830324, nhyp: 0.966616043595318, flow1: 0.768753690625493, flow10: 0.884525581567099, symanzik: 0.910253315327445 },
])("reference numbers on $name", ({ U, ...row }) => {
  test("APE", () => {
    expectClose(plaquetteOf(ape({ alpha: 0.5 }).apply(U)), row.apeSU, 1e-12);
    expectClose(plaquetteOf(ape({ alpha: 0.5, projection: "U" }).apply(U)), row.apeU, 1e-12);
    expectClose(plaquetteOf(ape({ w1: 0.5, w2: 0.5 / 6 }).apply(U)), row.apeSU, 1e-12);
  });
  test("HYP and nHYP", () => {
    expectClose(plaquetteOf(hyp().apply(U)), row.hyp, 1e-12);
    expectClose(plaquetteOf(nhyp().apply(U)), row.nhyp, 1e-12);
  });
  test("flow layer: Wilson and Symanzik flow", () => {
    expectClose(plaquetteOf(flowLayer({ time: 0.01, steps: 1 }).apply(U)), row.flow1, 1e-12);
    expectClose(plaquetteOf(flowLayer({ time: 0.1, steps: 10 }).apply(U)), row.flow10, 1e-12);
    expectClose(plaquetteOf(flowLayer({ time: 0.1, steps: 10, rho: { plaquette: [5 / 3], rectangle: [-1 / 12] } }).apply(U)), row.symanzik, 1e-12);
  });
});

describe("limits", () => {
  const zero = { alpha1: 0, alpha2: 0, alpha3: 0 };
  test.each([
    ["stout", stout({ rho: { plaquette: 0, rectangle: 0, chair: 0, polyakov: 0 } }), 0],
    ["APE", ape({ alpha: 0 }), 1e-14],
    ["APE with free weights", ape({ w1: 1, w2: { plaquette: 0, rectangle: 0 } }), 1e-14],
    ["HYP", hyp(zero), 1e-14],
    ["nHYP", nhyp(zero), 1e-14],
    ["HEX", hex(zero), 0],
    ["flow", flowLayer({ time: 0.3, steps: 2, rho: { plaquette: [0, 0], polyakov: [0] } }), 0],
  ] as readonly [string, Layer, number][])("zero weights make %s the identity", (_name, layer, tolerance) => {
    for (const N of [1, 2, 3]) {
      const U = linksOn([4, 3, 2], N);
      expect(distance(layer.apply(U), U)).toBeLessThanOrEqual(tolerance);
    }
  });

  test("one stout step is one Euler step of the flow; the Runge-Kutta flow is of third order", () => {
    const U = linksOn([4, 2, 2], 3);
    const gap = (eps: number): number => distance(stout({ rho: eps }).apply(U), flowLayer({ time: eps, steps: 1 }).apply(U));
    expectClose(Math.log2(gap(0.004) / gap(0.002)), 2, 0.01);
    const change = (steps: number): number => distance(flowLayer({ time: 0.1, steps }).apply(U), flowLayer({ time: 0.1, steps: 2 * steps }).apply(U));
    expectClose(Math.log2(change(4) / change(8)), 3, 0.05);
  });

  test("time-dependent weights keep the third order; pieces of equal value are a constant", () => {
    const U = linksOn([4, 4], 2);
    const rho = [0.8, 0.5, -0.3];
    const flow = (steps: number): LinkField => flowLayer({ time: 0.1, steps, rho, basis: "legendre" }).apply(U);
    const change = (steps: number): number => distance(flow(steps), flow(2 * steps));
    expectClose(Math.log2(change(8) / change(16)), 3, 0.05);
    expect(distance(flowLayer({ time: 0.3, steps: 4, rho: [0.7, 0.7] }).apply(U), flowLayer({ time: 0.3, steps: 4, rho: [0.7] }).apply(U))).toBe(0);
    const pieces = flowLayer({ time: 0.3, steps: 4, rho: [0.7, 0.2] }).apply(U);
    expect(distance(pieces, flowLayer({ time: 0.15, steps: 2, rho: [0.2] }).apply(flowLayer({ time: 0.15, steps: 2, rho: [0.7] }).apply(U)))).toBe(0);
  });

  test("recomputation changes neither value nor force, and keeps less", () => {
    const U = linksOn([4, 4, 4], 2);
    const [lean, full] = [true, false].map((recompute) => {
      const flow = flowLayer({ time: 0.1, steps: 4, rho: [0.9, 0.8], recompute });
      const plan = record((V: Links, p: TracedOf<FlowParameters>) => valueAndGrad((W: Links) => plaquetteSum(flow.forward(W, p)))(V) as { value: Scalar; grad: Algebras }, U, flow.parameters);
      const { value, grad } = plan.run(U, flow.parameters);
      return { value, grad: grad.fields.map((f) => f.toArray().slice()), arena: plan.arenaBytes };
    }) as [{ value: number; grad: Float64Array[]; arena: number }, { value: number; grad: Float64Array[]; arena: number }];
    expectClose(lean.value, full.value, 1e-14);
    lean.grad.forEach((f, mu) => f.forEach((x, k) => expectClose(x, full.grad[mu]![k]!, 1e-13, 1)));
    expect(lean.arena).toBeLessThan(0.6 * full.arena);
  });

  test("steps are one loop: Legendre weights and 1000 steps", () => {
    const U = linksOn([4, 4], 2);
    const planOf = (steps: number, recompute = true) => {
      const flow = flowLayer({ time: 0.1, steps, rho: [0.8, 0.5, -0.3], basis: "legendre", recompute });
      return record((V: Links, p: TracedOf<FlowParameters>) => valueAndGrad((x: { V: Links; p: TracedOf<FlowParameters> }) => plaquetteSum(flow.forward(x.V, x.p)))({ V, p }) as { value: Scalar; grad: { V: Algebras; p: { rho: Scalar[] } } }, U, flow.parameters);
    };
    const [loop, full] = [planOf(6), planOf(6, false)].map((plan) => plan.run(U, { rho: [0.8, 0.5, -0.3] }) as unknown as { value: number; grad: { p: { rho: number[] } } });
    expectClose(loop!.value, full!.value, 1e-14);
    loop!.grad.p.rho.forEach((x, k) => expectClose(x, full!.grad.p.rho[k]!, 1e-13, Math.abs(full!.grad.p.rho[0]!)));
    const [few, many] = [planOf(20), planOf(1000)];
    expect(many.program.nodes.length).toBe(few.program.nodes.length);
    expect(many.arenaBytes).toBeLessThan(3 * few.arenaBytes);
  });

  test("the flow run backwards returns the links", () => {
    const U = linksOn([4, 4, 4], 2);
    const back = (steps: number): number => distance(flowLayer({ time: -0.2, steps }).apply(flowLayer({ time: 0.2, steps }).apply(U)), U);
    expectClose(Math.log2(back(4) / back(8)), 3, 0.15);
  });

  test("spatial APE leaves temporal links and sees spatial planes only; unequal directions of the loops", () => {
    const U = linksOn([4, 3, 2, 4], 2);
    const V = ape({ alpha: 0.4, spatial: true }).apply(U);
    expect([...V.toArray(3)]).toEqual([...U.toArray(3)]);
    // other temporal links change nothing of the spatial ones
    const W = U.clone();
    W.fields[3]!.set(V.toArray(2).map((_, k) => (k % 8 === 0 || k % 8 === 6 ? 1 : 0)));
    for (const mu of [0, 1, 2]) expect([...ape({ alpha: 0.4, spatial: true }).apply(W).toArray(mu)]).toEqual([...V.toArray(mu)]);
    const anisotropic = stout({ rho: { s: 0.1, t: 0.1, st: 0.1 }, loops: { s: { loop: "plaquette", links: "spatial", through: "spatial" }, st: { loop: "plaquette", links: "spatial", through: "temporal" }, t: { loop: "plaquette", links: "temporal" } } });
    expect(distance(anisotropic.apply(U), stout({ rho: 0.1 }).apply(U))).toBeLessThan(1e-14);
    const rectangles = stout({ rho: { a: 0.03 }, loops: { a: "+x +x +y -x -x -y" } }).apply(U);
    expect(distance(rectangles, stout({ rho: { rectangle: 0.03 } }).apply(U))).toBe(0);
  });
});
