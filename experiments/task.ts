/**
 * One unit of the SU(2) experiments, plain data in and out: thermalise with HMC, train a network online or on stored trajectories, sample
 * with (self-learning) HMC. Run as `gaugegrad run experiments/task.ts JSON`; prints the result as JSON.
 */
import { type Assessment, type LinkField, type TrainingSample, adam, assess, chiralCondensate, hmc, plaquettes, polyakovLoops, runChain, schedules, summarise, trainOnline } from "gaugegrad";
import { type Effective, type Objective, type Physics, type System, apart, changesOf, collect, fit, lossOf, su2System } from "./system.ts";

export interface Task extends Physics {
  /** "hmc" (no guide), or a network of networks.ts. */
  readonly network: string;
  /** Numbers trained along with it: "couplings" (plaquette, rectangle, Polyakov), "hopping", "normalisation". */
  readonly extra?: readonly string[];
  /** Absent: the initial weights are used as they are. */
  readonly training?: Training;
  readonly thermalise: number;
  /** Accepted trajectories of the prior run on which the final weights are judged. */
  readonly judged: number;
  /** Trajectories of the final run. */
  readonly sample: number;
  readonly seed: number;
  /** Measure the condensate too. */
  readonly condensate?: boolean;
}

export type Training = OnlineTraining | OfflineTraining;

/** One Adam step a trajectory of the prior run. */
export interface OnlineTraining {
  readonly method: "online";
  readonly objective: Objective;
  readonly rate: number;
  readonly trajectories: number;
  readonly batch: number;
}

/** Levenberg-Marquardt on stored trajectories, the last fifth of them for early stopping. */
export interface OfflineTraining {
  readonly method: "offline";
  readonly objective: "squared" | "centred" | "acceptance";
  readonly samples: number;
  readonly epochs: number;
}

export interface TaskResult {
  readonly task: Task;
  readonly names: readonly string[];
  readonly theta: readonly number[];
  /** Online: L and L_c of each training step's batch. */
  readonly history: { readonly squared: readonly number[]; readonly centred: readonly number[] };
  /** On trajectories that were not trained on, and the change of S_theta - S along each. */
  readonly after?: Assessment;
  readonly changes: readonly number[];
  readonly acceptance: readonly [mean: number, error: number];
  readonly expMinusDH: readonly [mean: number, error: number];
  readonly values: Readonly<Record<string, readonly [mean: number, error: number, tauInt: number]>>;
  readonly plaquettes: readonly number[];
  readonly seconds: number;
}

/** The trained action, and the losses on the way. */
function trained(system: System, { network, extra, seed, training }: Task): { action: Effective | undefined; history: { squared: number[]; centred: number[] } } {
  const history = { squared: [] as number[], centred: [] as number[] };
  if (network === "hmc") return { action: undefined, history };
  let { action } = system.guide(network, extra);
  if (training?.method === "offline") action = fit(action, collect(system, training.samples), { ...training, seed });
  if (training?.method === "online") {
    const { objective, rate, trajectories, batch } = training;
    const optimiser = adam({ rate: schedules.cosine({ initial: rate, final: rate / 10, steps: Math.max(1, trajectories) }), clip: 1e4 });
    const loss = lossOf[objective]();
    const { prior, target, U } = system;
    for (const step of trainOnline({ sampler: prior, target, U, action: apart(action, seed), loss, optimiser, trajectories, replay: { capacity: 4 * batch, batch, seed } })) {
      action = step.action;
      history.squared.push(step.squared);
      if (step.centred !== undefined) history.centred.push(step.centred);
    }
  }
  return { action, history };
}

/** Runs a task from start to end. */
export function runTask(task: Task): TaskResult {
  const began = performance.now();
  const system = su2System(task, task.seed, task.thermalise);
  const { action, history } = trained(system, task);
  const judged: TrainingSample<2>[] = action ? collect(system, task.judged) : [];
  const sampler = hmc({ ...system.dynamics, ...(action ? { guide: action } : {}), seed: task.seed, stream: 2 });
  let noise = 0;
  const measure: Record<string, (V: LinkField<2>) => number> = {
    plaquette: (V) => plaquettes(V).mean,
    "|Polyakov|": (V) => Math.hypot(...polyakovLoops(V)["t"]!),
    ...(task.condensate ? { condensate: (V: LinkField<2>) => chiralCondensate(V, { mass: task.mass, method: { sources: 2, seed: task.seed + 1000 * ++noise } }).value } : {}),
  };
  const series = runChain({ sampler, U: system.U, trajectories: task.sample, measure });
  const { values, acceptance, expMinusDH } = summarise(series);
  return {
    task,
    names: action?.names ?? [],
    theta: [...(action?.parameters ?? [])],
    history,
    ...(action && judged.length > 0 ? { after: assess(action, judged) } : {}),
    changes: action ? changesOf(action, judged) : [],
    acceptance: [acceptance.mean, acceptance.error],
    expMinusDH: [expMinusDH!.mean, expMinusDH!.error],
    values: Object.fromEntries(Object.entries(values).map(([name, e]) => [name, [e.mean, e.error, e.tauInt] as const])),
    plaquettes: series.values["plaquette"]!,
    seconds: (performance.now() - began) / 1000,
  };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runTask(JSON.parse(given) as Task)));
