/**
 * The SU(2) benchmark of self-learning HMC (arXiv:2103.11965): 4^4, beta = 2.7, one unrooted staggered field (Nf = 4) of mass 0.3; the
 * molecular dynamics sees mass 0.4 through the two-layer, six-parameter gauge covariant network.
 */
import type { LinkField } from "../../autograd/index.ts";
import { type LatticeOptions, SU, cold, gaugeAction, lattice, nearUnit, plaquettes, polyakovLoops } from "../../gauge/index.ts";
import { chiralCondensate, pseudofermions, staggered } from "../../fermions/index.ts";
import { type EffectiveAction, effectiveAction } from "../../training/index.ts";
import { covariantNetwork } from "../../models/index.ts";
import type { Observables, Target } from "../../samplers/index.ts";
import { targetOf } from "../../samplers/index.ts";

/** Parameters of the benchmark; tau = 1 in steps of a QPQ leapfrog. */
export const BENCHMARK = { extents: [4, 4, 4, 4], beta: 2.7, mass: 0.3, guideMass: 0.4, flavours: 4, length: 1, steps: 20, integrator: "leapfrogQPQ" } as const;

/** What other programs found: HMC of an independent program, 50000 trajectories; acceptances of self-learning HMC with 20 steps. */
export const REFERENCE = {
  plaquette: [0.702462, 0.000069],
  "|Polyakov|": [0.4092, 0.003],
  condensate: [0.42449, 0.00024],
  /** Without a network; network at the minimum of the published loss (10 steps); network at the minimum of the variance. */
  acceptance: { untrained: 0.596, published: 0.381, variance: 0.777 },
} as const;

export interface Benchmark {
  readonly U: LinkField<2>;
  readonly target: Target<2>;
  /** S_theta at theta = 0. */
  readonly effective: EffectiveAction<2, unknown>;
}

/** The benchmark on a lattice of its own. `links` are the start; without them a field near unity drawn from `seed`. */
export function benchmark(options: { readonly links?: readonly Float64Array[]; readonly seed: number; readonly engine: LatticeOptions }): Benchmark {
  const L = lattice(BENCHMARK.extents, options.engine);
  const group = SU(2);
  const U = options.links ? cold(L, group).set(options.links) : nearUnit(L, group, { seed: options.seed, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta: BENCHMARK.beta });
  const fermions = pseudofermions(staggered({ mass: BENCHMARK.mass }), { lattice: L, group, flavours: BENCHMARK.flavours });
  const heavy = fermions.action.with({ mass: BENCHMARK.guideMass, phi: fermions.phi });
  return {
    U,
    target: targetOf(gauge.plus(fermions.action), fermions),
    effective: effectiveAction({ gauge, fermions: heavy, network: covariantNetwork({ layers: 2 }) }) as EffectiveAction<2, unknown>,
  };
}

/** Plaquette, (1/2) Re tr P_t and its modulus, and the chiral condensate from two noise sources a trajectory (unbiased). */
export function observables(seed: number): Observables<2> {
  let sources = 0;
  return {
    plaquette: (U) => plaquettes(U).mean,
    Polyakov: (U) => polyakovLoops(U)["t"]![0],
    "|Polyakov|": (U) => Math.hypot(...polyakovLoops(U)["t"]!),
    condensate: (U) => chiralCondensate(U, { mass: BENCHMARK.mass, method: { sources: 2, seed: seed + 1000 * sources++ } }).value,
  };
}
