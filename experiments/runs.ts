/**
 * Online experiments as runs: a prior HMC that trains the network, if there is one, then (self-learning) HMC from its last links. Every run has a folder of its own
 * in runs/reproduce, so that `reproduce` goes on where it was stopped.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { chain } from "gaugegrad";
import { type RunDefinition, produceAll, readMetrics, readRun, readState } from "gaugegrad/runs";
import { parameterSpace, randomParameters } from "gaugegrad/util";
import { layersOf } from "./networks.ts";
import { BENCHMARK } from "./settings.ts";

export interface OnlineCase {
  /** "hmc" (no guide), or a network of networks.ts. */
  readonly network: string;
  /** Mass in the molecular dynamics. */
  readonly guideMass: number;
  readonly thermalise: number;
  /** One Adam step a trajectory of the prior run; absent: the initial weights are used as they are. */
  readonly training?: { readonly objective: "squared" | "centred"; readonly rate: number; readonly trajectories: number; readonly batch: number };
  /** Trajectories of the final run; 0: none. */
  readonly sample: number;
  readonly seed: number;
}

export interface OnlineResult {
  /** Number of weights that were trained. */
  readonly weights: number;
  /** L and L_c of each training step's batch. */
  readonly history: { readonly squared: readonly number[]; readonly centred: readonly number[] };
  /** Of the final run; empty without one. */
  readonly values: ReturnType<ReturnType<typeof readRun>["summary"]>;
  readonly plaquettes: readonly number[];
}

/** The target with the options of every run of the experiments. */
function definition(seed: number, stream: number, sampler: { readonly thermalisation: number; readonly trajectories: number }, more: Partial<RunDefinition>): RunDefinition {
  const { extents, beta, mass, steps } = BENCHMARK;
  return {
    lattice: { extents: [...extents] },
    group: "SU(2)",
    start: { kind: "near-unit", width: 0.5 },
    action: { kind: "wilson", beta },
    fermions: [{ kind: "staggered", flavours: 4, mass, tolerance: 1e-10 }],
    sampler: { integrator: "leapfrogQPQ", steps, length: 1, seed, stream, acceptAlways: 0, ...sampler },
    measurement: { observables: ["polyakov", { kind: "condensate", sources: 2 }] },
    output: { checkpoint: 50 },
    ...more,
  };
}

/** First weights, a little apart: equal layers would stay equal. */
function startWeights(network: string, seed: number): number[] {
  const { parameters } = chain(...layersOf[network]!(seed));
  const first = parameterSpace(parameters).flatten(parameters);
  const noise = first.length < 2 ? [0] : randomParameters([...first], { seed, width: 0.02 });
  return Array.from(first, (x, k) => x + noise[k]!);
}

const MODULE = join(import.meta.dirname, "part.ts");

/** The links that all runs of a seed start from: a run without trajectories. */
const startOf = ({ seed }: OnlineCase): { name: string; definition: RunDefinition } => ({ name: `start-seed${seed}`, definition: definition(seed, 0, { thermalisation: 0, trajectories: 0 }, {}) });

/** The run before the final one: thermalisation, and training where there is one. */
function prior(c: OnlineCase): { name: string; definition: RunDefinition } {
  const { network, guideMass, thermalise, training, seed } = c;
  const start = { kind: "file", file: startOf(c).name } as const;
  if (!training) return { name: `prior-seed${seed}`, definition: definition(seed, 1, { thermalisation: thermalise, trajectories: 0 }, { start }) };
  const { objective, rate, trajectories, batch } = training;
  return {
    name: `train-${network}-${objective}-seed${seed}`,
    definition: definition(seed, 1, { thermalisation: thermalise, trajectories: 0 }, {
      command: "train",
      start,
      network: { module: MODULE, layers: network, start: seed, weights: startWeights(network, seed) },
      guide: { masses: [guideMass] },
      training: { objective, rate, schedule: "cosine", finalRate: rate / 10, clip: 1e4, trajectories, batch, replay: 4 * batch },
    }),
  };
}

/** The final run, from the last links and weights of the one before. */
function final(c: OnlineCase): { name: string; definition: RunDefinition } {
  const { name: before } = prior(c);
  const guide = c.network === "hmc" ? {} : { network: c.training ? { kind: "model", module: MODULE, file: join(before, "model.gaugegrad") } : { module: MODULE, layers: c.network, start: c.seed }, guide: { masses: [c.guideMass] } };
  return { name: `sample-${c.network}${c.training ? `-${c.training.objective}` : ""}-seed${c.seed}`, definition: definition(c.seed, 2, { thermalisation: 0, trajectories: c.sample }, { start: { kind: "file", file: before }, ...guide }) };
}

/** Results in the order of the cases; `folder` holds the runs. */
export async function runOnline(cases: readonly OnlineCase[], folder: string): Promise<OnlineResult[]> {
  const make = async (runs: readonly { name: string; definition: RunDefinition }[]): Promise<void> => {
    const once = [...new Map(runs.map((run) => [run.name, run])).values()];
    const left = once.map(() => true);
    await produceAll({
      runs: once.map(({ name, definition: d }) => ({ definition: d, base: folder, folder: join(folder, name) })),
      engine: { threads: 1 },
      parallel: Math.min(2, availableParallelism()),
      onPosition: (k, position, total) => {
        if (position < total || !left[k]) return;
        left[k] = false;
        console.error(`${left.filter((x) => !x).length}/${once.length}  ${once[k]!.name}`);
      },
    });
  };
  await make(cases.map(startOf));
  await make(cases.map(prior));
  await make(cases.filter((c) => c.sample > 0).map(final));
  return cases.map((c): OnlineResult => {
    const before = join(folder, prior(c).name);
    const steps = readMetrics(before).flatMap((r) => (r.kind === "training" ? [r] : []));
    const after = c.sample > 0 ? join(folder, final(c).name) : undefined;
    return {
      weights: readState(before)?.state.parameters?.names.length ?? 0,
      history: { squared: steps.map((s) => s.squared), centred: steps.flatMap((s) => s.centred ?? []) },
      values: after === undefined ? {} : readRun(after).summary(),
      plaquettes: after === undefined ? [] : readMetrics(after).flatMap((r) => (r.kind === "trajectory" && r.phase === "sample" ? [r.plaquette] : [])),
    };
  });
}
