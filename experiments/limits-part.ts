/**
 * What limits the acceptance, as parts of a run: HMC that remembers the points of its trajectories, and as its observable the work of several networks along each
 * accepted one.
 */
import { type GaugeAction, type Lattice, type LinkField, hmc } from "gaugegrad";
import { observable, sampler, z } from "gaugegrad/runs";
import { type Matrix, minusDSquaredOn, trace, traceOfProduct } from "./dense.ts";
import { BENCHMARK } from "./settings.ts";
import { type Effective, type System, su2System } from "./system.ts";
import { expectedChange, noiseOf, thinned } from "./work.ts";

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

/** Names of the numbers of a network. */
export const QUANTITIES = ["total", "mean", "coarse", "difference", "expected", "variance", "least", "free", "moment"] as const satisfies readonly (keyof Work)[];

/** A trajectory that was accepted: the links at which forces were taken, with both ends, and the target with its pseudofermions. */
interface Path {
  readonly points: readonly LinkField<2>[];
  readonly target: GaugeAction<2, unknown>;
  readonly phi: System["fermions"]["phi"];
}

/** By the links that a run moves. */
const paths = new WeakMap<object, Path | undefined>();

/** HMC in leapfrog steps, whose trajectories the observable below sees. */
export const watched = sampler({
  name: "watchedHmc",
  options: z.strictObject({ steps: z.int().min(1) }),
  build: ({ steps }, { system, seed, stream, acceptAlways }) => {
    let inner: LinkField[] = [];
    const { target, fermions } = system;
    const force = (V: LinkField, into?: never) => (inner.push(V.clone()), target.force(V, into));
    const chain = hmc({ action: target, guide: { force: force as never }, integrator: "leapfrogQPQ", steps, length: 1, seed, stream, acceptAlways });
    const { phi } = (fermions[0]!.action as GaugeAction<number, unknown>).inputs as { phi: Path["phi"] };
    return {
      name: "watched HMC",
      get trajectory() {
        return chain.trajectory;
      },
      set trajectory(n) {
        chain.trajectory = n;
      },
      step(U) {
        for (const V of paths.get(U)?.points ?? []) for (const f of V.fields) f[Symbol.dispose]();
        inner = [];
        const start = U.clone();
        const result = chain.step(U);
        paths.set(U, result.accepted ? { points: [start, ...inner, U.clone()] as LinkField<2>[], target: target as never, phi } : undefined);
        return result;
      },
    };
  },
});

/** A network with its weights. */
const network = z.strictObject({ network: z.string(), extra: z.array(z.string()), theta: z.array(z.number()) });

/** One network with its weights: S_theta, the coefficient of S_f, and the links that its Dirac operator sees. */
function ledBy(system: System, guideMass: number, seed: number, { network: name, extra, theta }: z.output<typeof network>): { action: Effective; c: number; gauge: GaugeAction<2, unknown>; apply: (U: LinkField<2>) => LinkField<2> } {
  const { parts, action } = system.guide(name, extra, guideMass, seed);
  const trained = theta.length > 0 ? action.with(theta) : action;
  const layer = parts.network.with(trained.input("network") as unknown[]);
  return { action: trained, c: trained.input("fermions.c") as number, gauge: parts.gauge.with(trained.input("gauge") as never) as never, apply: (U) => layer.apply(U) as LinkField<2> };
}

/** The target of a lattice and networks on it: they are recorded once. */
const prepared = new WeakMap<Lattice, Map<string, Prepared>>();

interface Prepared {
  readonly system: System;
  readonly leading: readonly ReturnType<typeof ledBy>[];
  readonly minusDSquared: (U: LinkField<2>) => Matrix;
}

function prepare(lattice: Lattice, seed: number, { guideMass, networks }: { readonly guideMass: number; readonly networks: readonly z.output<typeof network>[] }): Prepared {
  const key = JSON.stringify([seed, guideMass, networks]);
  const made = prepared.get(lattice) ?? new Map<string, Prepared>();
  prepared.set(lattice, made);
  let found = made.get(key);
  if (!found) {
    const system = su2System({ ...BENCHMARK, extents: lattice.extents, lattice });
    made.set(key, (found = { system, leading: networks.map((n) => ledBy(system, guideMass, seed, n)), minusDSquared: minusDSquaredOn(lattice) }));
  }
  return found;
}

/** The work of networks along the last trajectory, `NUMBER.QUANTITY`; nothing for a rejected one. */
export const work = observable({
  name: "work",
  options: z.strictObject({
    guideMass: z.number().gt(0),
    networks: z.array(network).min(1),
    stride: z.int().min(1).describe("every so many leapfrog points enter the sums"),
  }),
  measure: (U, { guideMass, networks, stride }, { noise: { seed } }) => {
    const path = paths.get(U);
    if (!path) return {};
    const { target, phi } = path;
    const points = thinned(path.points, stride);
    const [first, last] = [points[0]!, points.at(-1)!];
    const { system, leading, minusDSquared } = prepare(U.lattice, seed, { guideMass, networks });
    // S_theta sees the field that the run has drawn
    system.fermions.phi.set(phi.toArray());
    const A = points.map((V) => minusDSquared(V).plus(BENCHMARK.mass ** 2));
    const inverse = A.map((a) => a.inverse());
    const half = <T>(list: readonly T[]): T[] => thinned(list, 2);
    const [target0, target1] = [expectedChange(A, inverse), expectedChange(half(A), half(inverse))];
    const values: Record<string, number> = {};
    leading.forEach(({ action, c, gauge, apply }, g) => {
      const heavy = points.map((V) => minusDSquared(apply(V)).plus(guideMass ** 2));
      const B = heavy.map((a) => a.inverse());
      const links = (V: LinkField<2>): number => gauge.value(V) - system.gauge.value(V);
      const change = links(last) - links(first);
      const difference = (V: LinkField<2>): number => action.value(V) - target.value(V);
      const end = difference(last);
      const [a, h] = [A.at(-1)!, heavy.at(-1)!];
      const n = noiseOf(a, a.times(B.at(-1)!), c);
      const found: { readonly [K in keyof Work]: number } = {
        total: end - difference(first),
        mean: c * expectedChange(A, B) - target0 + change,
        coarse: c * expectedChange(half(A), half(B)) - target1 + change,
        difference: end,
        expected: n.expected + links(last),
        variance: n.variance,
        least: (c * trace(a) - trace(h)) ** 2 / traceOfProduct(h, h),
        free: n.free,
        moment: trace(h) / h.dimension - guideMass ** 2,
      };
      for (const q of QUANTITIES) values[`${g}.${q}`] = found[q];
    });
    return values;
  },
});
