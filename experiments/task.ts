/**
 * One unit of the SU(2) experiments, plain data in and out: thermalise with HMC, train a network online or on stored trajectories, sample
 * with (self-learning) HMC. Run as `gaugegrad run experiments/task.ts JSON`; prints the result as JSON.
 */
import { type Assessment, adam, assess, finishTraining, hmc, runChain, schedules, summarise, trainOnline } from "gaugegrad";
import { type Effective, type Objective, type Physics, type System, apart, collect, fit, lossOf, su2System } from "./system.ts";

export interface Task extends Physics {
  /** A network of networks.ts. */
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
  readonly theta: readonly number[];
  /** On trajectories that were not trained on. */
  readonly after?: Assessment;
  readonly acceptance: readonly [mean: number, error: number];
  readonly seconds: number;
}

/** The trained action. */
function trained(system: System, { network, extra, seed, training }: Task): Effective {
  let { action } = system.guide(network, extra);
  if (training?.method === "offline") action = fit(action, collect(system, training.samples), { ...training, seed });
  if (training?.method === "online") {
    const { objective, rate, trajectories, batch } = training;
    const optimiser = adam({ rate: schedules.cosine({ initial: rate, final: rate / 10, steps: Math.max(1, trajectories) }), clip: 1e4 });
    const { prior, target, U } = system;
    action = finishTraining(trainOnline({ sampler: prior, target, U, action: apart(action, seed), loss: lossOf[objective](), optimiser, trajectories, replay: { capacity: 4 * batch, batch, seed } }))!;
  }
  return action;
}

/** Runs a task from start to end. */
export function runTask(task: Task): TaskResult {
  const began = performance.now();
  const system = su2System(task, task.seed, task.thermalise);
  const action = trained(system, task);
  const judged = collect(system, task.judged);
  const sampler = hmc({ ...system.dynamics, guide: action, seed: task.seed, stream: 2 });
  const { acceptance } = summarise(runChain({ sampler, U: system.U, trajectories: task.sample }));
  return { task, theta: [...action.parameters], ...(judged.length > 0 ? { after: assess(action, judged) } : {}), acceptance: [acceptance.mean, acceptance.error], seconds: (performance.now() - began) / 1000 };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runTask(JSON.parse(given) as Task)));
