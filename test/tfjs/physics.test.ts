/** Networks, actions and trajectories on TensorFlow.js engines against the float64 backends. */
import { describe, expect, test } from "vitest";
import { DirectionalField, type Lattice, type LinkField } from "../../src/autograd/index.ts";
import { type GaugeAction, SU, closedFormLinks, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { pseudofermions, staggered } from "../../src/fermions/index.ts";
import { cask, stout } from "../../src/models/index.ts";
import { GeometryError } from "../../src/errors.ts";
import { forceOn, hmc, sumOfTargets } from "../../src/samplers/index.ts";
import { presentEngines } from "./helpers.ts";

const backends = await presentEngines();
/** The fastest engine that is present. */
const fast = backends[0]!;

/** The links K(N, kappa) in float64 and on the engine. */
function links(extents: readonly number[], N: number, kappa: number): { here: LinkField; there: LinkField } {
  const here = closedFormLinks(lattice(extents, { backend: "wasm", threads: 1 }), N, kappa) as LinkField;
  return { here, there: onto(lattice(extents, { engine: fast }), here) };
}

function onto(geometry: Lattice, U: LinkField): LinkField {
  return new DirectionalField(geometry, U.N, "links").set(U.fields.map((f) => f.toArray()));
}

/** Differences of value and force, and the largest component of the force. */
function compare<I>(S: GaugeAction<number, I>, U: LinkField, V: LinkField): { value: number; force: number; size: number } {
  const [F, G] = [S.force(U), S.force(V)];
  let [force, size] = [0, 0];
  F.fields.forEach((f, mu) => {
    const other = G.toArray(mu);
    f.toArray().forEach((x, i) => {
      force = Math.max(force, Math.abs(x - other[i]!));
      size = Math.max(size, Math.abs(x));
    });
  });
  return { value: Math.abs(S.value(U) - S.value(V)), force, size };
}

/** The numbers of a structure, keys sorted. */
function numbers(x: unknown): number[] {
  if (typeof x === "number") return [x];
  return Object.keys(x as object).sort().flatMap((k) => numbers((x as Record<string, unknown>)[k]));
}

describe(`networks on ${fast}`, () => {
  // 2^-24 for every operation behind a component of the force, a few hundred in sequence
  const TOLERANCE = 256 * fast.loaded.arrays.roundoff;

  function sameGradient<I>(S: GaugeAction<number, I>, U: LinkField, V: LinkField, count: number): void {
    const [a, b] = [U, V].map((W) => numbers(S.parameterGradient(W).gradient)) as [number[], number[]];
    const size = Math.max(...a.map(Math.abs));
    expect(a.length).toBe(count);
    a.forEach((x, k) => expect(Math.abs(x - b[k]!) / size).toBeLessThan(TOLERANCE));
  }

  test("Wilson action of a stout network: value, force and parameter gradient", () => {
    const { here, there } = links([4, 4, 4, 4], 3, 0.7);
    const S = gaugeAction.wilson({ beta: 5.7 }).after(stout({ rho: 0.1 })).after(stout({ rho: 0.06 }));
    const r = compare(S, here, there);
    expect(r.force / r.size).toBeLessThan(TOLERANCE);
    expect(r.value / S.value(here)).toBeLessThan(16 * fast.loaded.arrays.roundoff);
    sameGradient(S, here, there, 3);
  });

  test("training a stout network: the same weights after gradient steps on both backends", () => {
    const { here, there } = links([4, 4], 3, 0.7);
    const weights = [here, there].map((U) => {
      let rho = 0.02;
      const losses: number[] = [];
      for (let step = 0; step < 5; step++) {
        const r = gaugeAction.wilson({ beta: 1 }).after(stout({ rho })).parameterGradient(U);
        losses.push(r.value);
        rho -= 0.002 * r.gradient.layer.rho;
      }
      expect(losses[4]!).toBeLessThan(losses[0]!);
      return rho;
    }) as [number, number];
    expect(Math.abs(weights[0] / weights[1] - 1)).toBeLessThan(TOLERANCE);
  });

  test("CASK layer: value, force and weights", () => {
    const { here, there } = links([3, 2, 4], 2, 0.6);
    const S = gaugeAction.wilson({ beta: 2.1 }).after(cask({ rho: 0.08, rhoQ: 0.05, rhoK: 0.04, rhoV: 0.07, length: 2 }));
    const r = compare(S, here, there);
    expect(r.force / r.size).toBeLessThan(TOLERANCE);
    sameGradient(S, here, there, 5);
  });

  test("staggered pseudofermions: action and force through the solver", () => {
    const { here, there } = links([4, 4, 4, 4], 2, 0.5);
    const [x, y] = [here, there].map((U) => {
      const f = pseudofermions(staggered({ mass: 0.5 }), { lattice: U.lattice, group: SU(2), flavours: 8 });
      f.phi.set(Float64Array.from({ length: f.phi.length }, (_, k) => Math.sin(1.3 * k) + Math.cos(0.7 * k * k)));
      return f.action as GaugeAction;
    }) as [GaugeAction, GaugeAction];
    const S = x.value(here);
    // the error of a solve in float32 is roundoff times the condition of D^+ D, (8 + m^2)/m^2 at most
    expect(Math.abs(y.value(there) / S - 1)).toBeLessThan(33 * 8 * fast.loaded.arrays.roundoff);
    const [F, G] = [x.force(here), y.force(there)];
    const size = Math.max(...F.toArray(0).map(Math.abs));
    F.toArray(0).forEach((v, i) => expect(Math.abs(v - G.toArray(0)[i]!) / size).toBeLessThan(33 * 64 * fast.loaded.arrays.roundoff));
  });
});

describe(`molecular dynamics on ${fast}`, () => {
  const S = gaugeAction.wilson({ beta: 5.7 });
  const trajectory = { length: 0.3, integrator: "omelyan", steps: 3, seed: 3 } as const;

  for (const extents of [[4, 4, 4, 4], [8, 8, 8, 8]])
    test(`dH with float32 forces and float64 energies at ${extents.join("x")}`, () => {
      const exact = lattice(extents, { backend: "wasm" });
      const start = closedFormLinks(exact, 3, 0.8) as LinkField;
      const plain = hmc({ action: S, ...trajectory }).step(start.clone());
      const guided = hmc({ action: S, guide: forceOn(lattice(extents, { engine: fast }), S), ...trajectory });
      const mixed = guided.step(start.clone());
      console.log(`${extents.join("x")}: dH = ${plain.dH}, with float32 forces ${mixed.dH}`);
      expect(plain.dH).not.toBe(0);
      expect(Math.abs(mixed.dH - plain.dH)).toBeLessThan(1e-3);
      // forward and backward once more: on the small lattice only
      if (extents[0] !== 4) return;
      const back = guided.reversibility(start);
      console.log(`${extents.join("x")}: reversibility: links ${back.maxDifference}, energy ${back.dH}`);
      expect(back.maxDifference).toBeLessThan(1e-8);
    });

  test.skipIf(fast.device !== "cuda")("dH with float32 forces of the GPU and float64 energies at 16x16x16x16", () => {
    const start = closedFormLinks(lattice([16, 16, 16, 16], { backend: "wasm" }), 3, 0.8) as LinkField;
    const guide = forceOn(lattice([16, 16, 16, 16], { engine: fast }), S);
    const [plain, mixed] = [{}, { guide }].map((g) => hmc({ action: S, ...g, ...trajectory }).step(start.clone()).dH) as [number, number];
    console.log(`16x16x16x16: dH = ${plain}, with float32 forces ${mixed}`);
    expect(Math.abs(mixed - plain)).toBeLessThan(1e-2);
  });

  test("a whole trajectory in float32 with float64 sums at 4x4x4x4", () => {
    const { here, there } = links([4, 4, 4, 4], 3, 0.8);
    const [a, b] = [here, there].map((U) => hmc({ action: S, ...trajectory }).step(U).dH) as [number, number];
    console.log(`4x4x4x4 in float32: dH = ${b} against ${a}`);
    expect(Math.abs(a - b)).toBeLessThan(1e-3);
  });

  test("self-learning trajectory: exact fermions in float64, a network's force in float32", () => {
    const exact = lattice([4, 4, 4, 4], { backend: "wasm", threads: 1 });
    const there = lattice([4, 4, 4, 4], { engine: fast });
    const G = gaugeAction.wilson({ beta: 2.4 });
    const f = pseudofermions(staggered({ mass: 0.5 }), { lattice: exact, group: SU(2), flavours: 8 });
    const network = G.plus(f.action.with({ ...f.action.inputs, mass: 0.6 }).after(stout({ rho: 0.03 }))) as unknown as GaugeAction;
    const target = sumOfTargets(G as GaugeAction, f as never);
    const start = closedFormLinks(exact, 2, 0.6) as LinkField;
    // the second trajectory has pseudofermions of its own, which must reach the other lattice
    const [a, b] = [network, forceOn(there, network)].map((guide) => {
      const [sampler, U] = [hmc({ action: target, guide, ...trajectory }), start.clone()];
      return [sampler.step(U).dH, sampler.step(U).dH];
    }) as [number[], number[]];
    console.log(`SLHMC: dH = ${a.join(", ")}, with float32 forces ${b.join(", ")}`);
    a.forEach((dH, k) => expect(Math.abs(dH - b[k]!)).toBeLessThan(1e-3));
    expect(a[0]).not.toBe(a[1]);
  });

  test("the force of another lattice object needs equal extents", () => {
    const force = forceOn(lattice([4, 4], { engine: fast }), S);
    const U = closedFormLinks(lattice([4, 2]), 2, 0.5) as LinkField;
    expect(() => force.force(U)).toThrow(GeometryError);
  });
});
