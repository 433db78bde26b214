/**
 * What limits the acceptance, one seed: networks trained on trajectories of a prior HMC run, then the work of all of them along the same further
 * trajectories. Run as `gaugegrad run experiments/limits-task.ts JSON`; prints the result as JSON.
 */
import { type LinkField, hmc } from "gaugegrad";
import { minusDSquaredOn, trace, traceOfProduct } from "./dense.ts";
import { idealMap } from "./ideal-map.ts";
import type { NetworkChoice } from "./settings.ts";
import { type Effective, type Physics, type System, collect, fit, online, su2System } from "./system.ts";
import { expectedChange, noiseOf, thinned } from "./work.ts";

export interface LimitsTask extends Physics {
  readonly networks: readonly NetworkChoice[];
  readonly seed: number;
  readonly thermalise: number;
  /** Trajectories to train on, and epochs at most. */
  readonly samples: number;
  readonly epochs: number;
  /** Trajectories to measure. */
  readonly trajectories: number;
  /** Every so many of their leapfrog points enter the sums. */
  readonly stride: number;
  /** Configurations for which the best links of all are searched, and the steps of the search. */
  readonly ideal: { readonly configurations: number; readonly steps: number };
}

/** Of one network, a number for each trajectory. */
export interface Work {
  /** Change of S_theta - S, and the part of it that the links predict, from all points of the path and from half of them. */
  readonly total: readonly number[];
  readonly mean: readonly number[];
  readonly coarse: readonly number[];
  /** At the end: S_theta - S, what the links predict of it, its variance given the links with the least that the trace of A_theta allows, and without phi^+ phi. */
  readonly difference: readonly number[];
  readonly expected: readonly number[];
  readonly variance: readonly number[];
  readonly least: readonly number[];
  readonly free: readonly number[];
  /** Tr(-D^2) a component, of the links of the network. */
  readonly moment: readonly number[];
}

const emptyWork = (): { [K in keyof Work]: number[] } => ({ total: [], mean: [], coarse: [], difference: [], expected: [], variance: [], least: [], free: [], moment: [] });

export interface LimitsResult {
  readonly task: LimitsTask;
  readonly works: readonly (Work & { readonly weights: number })[];
  /** `free` of the best unitary links, with c = 1 and with the best c. */
  readonly ideal: { readonly plain: readonly number[]; readonly normalised: readonly number[] };
  readonly seconds: number;
}

/** The points of an accepted trajectory: both ends and the links at which forces are taken. */
function path(system: System, task: LimitsTask, sampler: { step(U: LinkField<2>): { accepted: boolean } }, inner: LinkField<2>[]): LinkField<2>[] {
  for (;;) {
    inner.length = 0;
    const start = system.U.clone();
    if (sampler.step(system.U).accepted) return thinned([start, ...inner, system.U.clone()], task.stride);
  }
}

export function runLimits(task: LimitsTask): LimitsResult {
  const began = performance.now();
  const system = su2System(task, task.seed, task.thermalise);
  const { target, gauge } = system;
  const samples = collect(system, task.samples);
  const guides = task.networks.map(({ network, extra }) => {
    const { parts, action } = system.guide(network, extra);
    if (network === "none" && extra.length === 0) return { trained: action, parts, weights: 0 };
    const [objective, { seed, epochs }] = ["acceptance" as const, task];
    const trained = network.startsWith("cask") ? online(system, action, { objective, trajectories: Math.round(samples.length / 2), seed, stream: 4 }) : fit(action, samples, { objective, epochs, seed });
    return { trained, parts, weights: action.size };
  });
  const inner: LinkField<2>[] = [];
  const watched = { force: (V: LinkField<2>, into?: never) => (inner.push(V.clone()), target.force(V, into)) };
  const sampler = hmc({ ...system.dynamics, guide: watched, seed: task.seed, stream: 3 });
  const minusDSquared = minusDSquaredOn(system.lattice);
  const works = guides.map(({ weights }) => ({ weights, ...emptyWork() }));
  const ideal = { plain: [] as number[], normalised: [] as number[] };
  const half = <T>(points: readonly T[]): T[] => thinned(points, 2);
  for (let t = 0; t < task.trajectories; t++) {
    const points = path(system, task, sampler, inner);
    const [first, last] = [points[0]!, points.at(-1)!];
    const A = points.map((U) => minusDSquared(U).plus(task.mass ** 2));
    const inverse = A.map((a) => a.inverse());
    const target0 = expectedChange(A, inverse);
    const target1 = expectedChange(half(A), half(inverse));
    guides.forEach(({ trained, parts }, g) => {
      const w = works[g]!;
      const { c, apply } = seen(trained, parts);
      const heavy = points.map((U) => minusDSquared(apply(U)).plus(task.guideMass ** 2));
      const B = heavy.map((a) => a.inverse());
      const links = (U: LinkField<2>): number => parts.gauge.with(trained.input("gauge") as never).value(U) - gauge.value(U);
      const change = links(last) - links(first);
      const difference = (U: LinkField<2>): number => trained.value(U) - target.value(U);
      const end = difference(last);
      w.total.push(end - difference(first));
      w.mean.push(c * expectedChange(A, B) - target0 + change);
      w.coarse.push(c * expectedChange(half(A), half(B)) - target1 + change);
      const [a, h] = [A.at(-1)!, heavy.at(-1)!];
      const noise = noiseOf(a, a.times(B.at(-1)!), c);
      w.difference.push(end);
      w.expected.push(noise.expected + links(last));
      w.variance.push(noise.variance);
      w.free.push(noise.free);
      w.least.push((c * trace(a) - trace(h)) ** 2 / traceOfProduct(h, h));
      w.moment.push(trace(h) / h.dimension - task.guideMass ** 2);
    });
    if (t < task.ideal.configurations)
      for (const [list, normalised] of [[ideal.plain, false], [ideal.normalised, true]] as const) list.push(idealMap(last, { ...task, minusDSquared, normalised, steps: task.ideal.steps }).free);
    for (const U of points) for (const f of U.fields) f[Symbol.dispose]();
  }
  return { task, works, ideal, seconds: (performance.now() - began) / 1000 };
}

/** The coefficient of S_f and the links that its Dirac operator sees. */
function seen(action: Effective, parts: ReturnType<System["guide"]>["parts"]): { c: number; apply: (U: LinkField<2>) => LinkField<2> } {
  const network = parts.network.with(action.input("network") as unknown[]);
  return { c: action.input("fermions.c") as number, apply: (U) => network.apply(U) as LinkField<2> };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runLimits(JSON.parse(given) as LimitsTask)));
