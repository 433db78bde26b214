/** Shared by the training tests: comparisons, differences with respect to parameters, a small system with pseudofermions. */
import { expect } from "vitest";
import { type Field, type Layer, type LinkField, type Pseudofermions, type TrainingSample, SU, closedFormLinks, closedFormSource, covariantNetwork, effectiveAction, gaugeAction, lattice, pseudofermions, staggered, takeSample } from "gaugegrad";
import { hmc, sumOfTargets } from "../../src/samplers/index.ts";

export function expectClose(value: number, reference: number, relative: number, scale = Math.abs(reference)): void {
  expect(Math.abs(value - reference), `${value} against ${reference}`).toBeLessThanOrEqual(relative * scale);
}

/** df/dx_k by fourth-order differences with two steps and Richardson extrapolation: error of order h^6. */
export function differences(f: (x: Float64Array) => number, x: Float64Array, h: number): Float64Array {
  return x.map((_, k) => {
    const at = (s: number): number => f(x.map((v, j) => (j === k ? v + s : v)));
    const fourth = (e: number): number => (8 * (at(e) - at(-e)) - (at(2 * e) - at(-2 * e))) / (12 * e);
    return (16 * fourth(h) - fourth(2 * h)) / 15;
  });
}

/** Gradient against differences, relative to the largest entry. */
export function expectGradient(gradient: Float64Array, f: (x: Float64Array) => number, x: Float64Array, h: number, relative: number): void {
  const reference = differences(f, x, h);
  const largest = Math.max(...reference.map(Math.abs));
  expect(largest).toBeGreaterThan(0);
  gradient.forEach((g, k) => expectClose(g, reference[k]!, relative, largest));
}

export const N6 = covariantNetwork({ layers: [[0.1, 0.05, -0.03], [0.07, -0.04, 0.02]] });

/** K2 or K3 with the closed-form phi: the target at m = 0.3 and S_theta = S_W + S_f(0.4) after N6. */
export function closedFormSystem<N extends number>(extents: readonly number[], N: N, beta: number) {
  const geo = lattice(extents);
  const U: LinkField<N> = closedFormLinks(geo, N, 0.8);
  const fermions: Pseudofermions<N> = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(N), flavours: 4, tolerance: 1e-14 });
  fermions.phi.copyFrom(closedFormSource(geo, N));
  const target = gaugeAction.wilson({ beta }).plus(fermions.action);
  const model = effectiveAction({ gauge: gaugeAction.wilson({ beta }), fermions: fermions.action.with({ mass: 0.4, phi: fermions.phi }), network: N6 });
  return { geo, U, fermions, target, model };
}

/** SU(2), beta 2.7, staggered Nf = 4 at m = 0.3: the benchmark system on any lattice, with an HMC of it. */
export function benchmark(extents: readonly number[], seed: number, steps = 10) {
  const geo = lattice(extents);
  const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 4 });
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const target = sumOfTargets<2>(gauge as never, fermions);
  const sampler = hmc<2>({ action: target, length: 1, integrator: "leapfrogQPQ", steps, seed });
  const U = closedFormLinks(geo, 2, 0.5) as LinkField<2>;
  const guided = <P>(network: Layer<number, P>, mass = 0.4) => effectiveAction({ gauge, fermions: fermions.action.with({ mass, phi: fermions.phi }), network });
  return { geo, fermions, gauge, target, sampler, U, guided };
}

/** Configurations of a chain, thinned, each with the phi and the start of its trajectory. Rejected trajectories are left out. */
export function collect(system: ReturnType<typeof benchmark>, thermalisation: number, count: number, every: number, force = false): TrainingSample<2>[] {
  const { sampler, U, target, fermions } = system;
  for (let t = 0; t < thermalisation; t++) sampler.step(U);
  const samples: TrainingSample<2>[] = [];
  for (let t = 1; samples.length < count; t++) {
    const start = U.clone();
    const { accepted } = sampler.step(U);
    if (t >= every * (samples.length + 1) && accepted) samples.push(takeSample(U, target, [fermions.phi as Field], { start, force }));
  }
  return samples;
}
