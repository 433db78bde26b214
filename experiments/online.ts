/** Networks that learn online: a prior HMC that trains the network, if there is one, then (self-learning) HMC from its last links. */
import { join } from "node:path";
import { chain } from "gaugegrad";
import { type RunDefinition, readMetrics, readRun, readState } from "gaugegrad/runs";
import { parameterSpace, randomParameters } from "gaugegrad/util";
import { layersOf } from "./networks.ts";
import { type Run, type TargetOptions, make, startOf, target } from "./runs.ts";

/** How a network learns and what it then leads. */
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

/** What came out. */
export interface OnlineResult {
  /** Number of weights that were trained. */
  readonly weights: number;
  /** L and L_c of each training step's batch. */
  readonly history: { readonly squared: readonly number[]; readonly centred: readonly number[] };
  /** Of the final run; empty without one. */
  readonly values: ReturnType<ReturnType<typeof readRun>["summary"]>;
  readonly plaquettes: readonly number[];
}

/** With the observables of the pages. */
const measured = ({ more, ...options }: TargetOptions): RunDefinition => target({ ...options, more: { measurement: { observables: ["polyakov", { kind: "condensate", sources: 2 }] }, ...more } });

/** First weights, a little apart: equal layers would stay equal. */
function startWeights(network: string, seed: number): number[] {
  const { parameters } = chain(...layersOf[network]!(seed));
  const first = parameterSpace(parameters).flatten(parameters);
  const noise = first.length < 2 ? [0] : randomParameters([...first], { seed, width: 0.02 });
  return Array.from(first, (x, k) => x + noise[k]!);
}

const MODULE = join(import.meta.dirname, "part.ts");

/** The run before the final one: thermalisation, and training where there is one. */
function prior(c: OnlineCase): Run {
  const { network, guideMass, thermalise, training, seed } = c;
  const start = { kind: "file", file: startOf(seed).name } as const;
  if (!training) return { name: `prior-seed${seed}`, definition: measured({ seed, stream: 1, thermalisation: thermalise, more: { start } }) };
  const { objective, rate, trajectories, batch } = training;
  return {
    name: `train-${network}-${objective}-seed${seed}`,
    definition: measured({
      seed, stream: 1, thermalisation: thermalise,
      more: {
        command: "train",
        start,
        network: { module: MODULE, layers: network, start: seed, weights: startWeights(network, seed) },
        guide: { masses: [guideMass] },
        training: { objective, rate, schedule: "cosine", finalRate: rate / 10, clip: 1e4, trajectories, batch, replay: 4 * batch },
      },
    }),
  };
}

/** The final run, from the last links and weights of the one before. */
function final(c: OnlineCase): Run {
  const { name: before } = prior(c);
  const guide = c.network === "hmc" ? {} : { network: c.training ? { kind: "model", module: MODULE, file: join(before, "model.gaugegrad") } : { module: MODULE, layers: c.network, start: c.seed }, guide: { masses: [c.guideMass] } };
  return { name: `sample-${c.network}${c.training ? `-${c.training.objective}` : ""}-seed${c.seed}`, definition: measured({ seed: c.seed, stream: 2, trajectories: c.sample, more: { start: { kind: "file", file: before }, ...guide } }) };
}

/** Results in the order of the cases; `folder` holds the runs. */
export async function runOnline(cases: readonly OnlineCase[], folder: string): Promise<OnlineResult[]> {
  await make(cases.map(({ seed }) => startOf(seed)), folder);
  await make(cases.map(prior), folder);
  await make(cases.filter((c) => c.sample > 0).map(final), folder);
  return cases.map((c): OnlineResult => {
    const before = join(folder, prior(c).name);
    const steps = readMetrics(before).flatMap((r) => (r.kind === "training" ? [r] : []));
    const after = c.sample > 0 ? join(folder, final(c).name) : undefined;
    return {
      weights: readState(before)?.state.parameters?.names.length ?? 0,
      history: { squared: steps.flatMap((s) => s.squared ?? []), centred: steps.flatMap((s) => s.centred ?? []) },
      values: after === undefined ? {} : readRun(after).summary(),
      plaquettes: after === undefined ? [] : readMetrics(after).flatMap((r) => (r.kind === "trajectory" && r.phase === "sample" ? [r.plaquette!] : [])),
    };
  });
}
