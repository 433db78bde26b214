/**
 * Acceptances of one seed at one mass: networks trained on the same stored trajectories of a prior HMC run and judged on the same further ones, so that
 * they can be compared pair by pair, each then in self-learning HMC. Run as `gaugegrad run experiments/acceptance-task.ts JSON`.
 */
import { type Assessment, type TrainingSample, assess, hmc, plaquettes, runChain, summarise } from "gaugegrad";
import type { NetworkChoice } from "./settings.ts";
import { type Effective, type Objective, type Physics, type System, changesOf, collect, fit, online, su2System } from "./system.ts";

export interface AcceptanceTask extends Physics {
  readonly cases: readonly { readonly choice: NetworkChoice; readonly objective?: Objective }[];
  readonly seed: number;
  readonly thermalise: number;
  /** Trajectories to train on, epochs at most, and further trajectories to judge. */
  readonly samples: number;
  readonly epochs: number;
  readonly judged: number;
  /** Trajectories of online training, one Adam step each. */
  readonly online: number;
  /** Trajectories of self-learning HMC. */
  readonly sample: number;
}

export interface CaseResult {
  readonly weights: number;
  readonly theta: readonly number[];
  readonly after: Assessment;
  /** Change of S_theta - S along each of the judged trajectories. */
  readonly changes: readonly number[];
  readonly acceptance: readonly [mean: number, error: number];
  readonly plaquette: readonly [mean: number, error: number];
}

export interface AcceptanceResult {
  readonly task: AcceptanceTask;
  readonly cases: readonly CaseResult[];
  readonly seconds: number;
}

/** Attention alone, whose weights multiply each other, and force matching, which is no mean of squares, are trained by Adam. */
function trained(system: System, { network, extra }: NetworkChoice, objective: Objective, samples: readonly TrainingSample<2>[], task: AcceptanceTask): Effective {
  const { action } = system.guide(network, extra);
  if (objective === "force matching" || network.startsWith("cask")) return online(system, action, { objective, trajectories: task.online, seed: task.seed, stream: 3 });
  return fit(action, samples, { objective, epochs: task.epochs, seed: task.seed });
}

export function runAcceptance(task: AcceptanceTask): AcceptanceResult {
  const began = performance.now();
  const system = su2System(task, task.seed, task.thermalise);
  const samples = collect(system, task.samples);
  const judged: readonly TrainingSample<2>[] = collect(system, task.judged);
  const cases = task.cases.map(({ choice, objective }): CaseResult => {
    const action = objective === undefined ? system.guide(choice.network, choice.extra).action : trained(system, choice, objective, samples, task);
    // every chain from the same links with the same random numbers
    const sampler = hmc({ ...system.dynamics, guide: action, seed: task.seed, stream: 2 });
    const { acceptance, values } = summarise(runChain({ sampler, U: system.U.clone(), trajectories: task.sample, measure: { plaquette: (V) => plaquettes(V).mean } }));
    const plaquette = values["plaquette"]!;
    return {
      weights: objective === undefined ? 0 : action.size,
      theta: [...action.parameters],
      after: assess(action, judged),
      changes: changesOf(action, judged),
      acceptance: [acceptance.mean, acceptance.error],
      plaquette: [plaquette.mean, plaquette.error],
    };
  });
  return { task, cases, seconds: (performance.now() - began) / 1000 };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runAcceptance(JSON.parse(given) as AcceptanceTask)));
