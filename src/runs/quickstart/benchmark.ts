/**
 * The SU(2) benchmark of self-learning HMC (arXiv:2103.11965): 4^4, beta = 2.7, one unrooted staggered field (Nf = 4) of mass 0.3; the
 * molecular dynamics sees mass 0.4 through the two-layer, six-parameter gauge covariant network.
 */
import type { RunDefinition } from "../file/define.ts";

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

/** Seed and stream of a run, its trajectories before and in production, and the sections that it has of its own. */
export interface BenchmarkOptions extends Omit<RunDefinition, "lattice" | "group" | "action" | "fermions" | "sampler"> {
  readonly seed: number;
  readonly stream: number;
  readonly thermalisation?: number;
  readonly trajectories?: number;
}

/** HMC of the target, near unity at the start; with a network self-learning HMC. Condensates come from two noise sources a trajectory (unbiased). */
export function benchmarkRun({ seed, stream, thermalisation = 0, trajectories = 0, ...sections }: BenchmarkOptions): RunDefinition {
  const { extents, beta, mass, guideMass, flavours, integrator, steps, length } = BENCHMARK;
  return {
    lattice: { extents: [...extents] },
    group: "SU(2)",
    start: { kind: "near-unit", width: 0.5 },
    action: { kind: "wilson", beta },
    fermions: [{ kind: "staggered", flavours, mass }],
    ...(sections.network ? { guide: { masses: [guideMass] } } : {}),
    sampler: { integrator, steps, length, seed, stream, thermalisation, trajectories, acceptAlways: 0 },
    measurement: { observables: ["polyakov", { kind: "condensate", sources: 2 }] },
    output: { checkpoint: 50 },
    checks: { every: 100 },
    ...sections,
  };
}
