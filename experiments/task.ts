/**
 * One unit of the SU(2) experiments, plain data in and out: thermalise with HMC, train a network online or on stored configurations, sample
 * with (self-learning) HMC. Run as `gaugegrad run experiments/task.ts JSON`; prints the result as JSON.
 */
import {
  type Assessment,
  type EffectiveAction,
  type LinkField,
  type TrainingSample,
  SU,
  adam,
  assess,
  effectiveAction,
  finishTraining,
  gaugeAction,
  gaussNewton,
  hmc,
  lattice,
  losses,
  nearUnit,
  plaquettes,
  polyakovLoops,
  chiralCondensate,
  randomParameters,
  runChain,
  schedules,
  staggeredPseudofermions,
  summarise,
  takeSample,
  targetOf,
  trainOffline,
  trainOnline,
} from "gaugegrad";
import { effectiveParts } from "./networks.ts";

/** What is fixed by the physics: SU(2), one unrooted staggered field (Nf = 4), antiperiodic in time. */
export interface Physics {
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
  /** Mass in the molecular dynamics. */
  readonly guideMass: number;
  /** Leapfrog steps (QPQ) of trajectories of length 1. */
  readonly steps: number;
}

export interface Task extends Physics {
  /** "hmc" (no guide), or a network of networks.ts. */
  readonly network: string;
  /** Numbers trained along with it: "couplings" (plaquette, rectangle, Polyakov), "hopping", "normalisation". */
  readonly extra?: readonly string[];
  /** Absent: the initial weights are used as they are. */
  readonly training?: Training;
  readonly thermalise: number;
  /** Trajectories of the final run. */
  readonly sample: number;
  readonly seed: number;
  /** Measure the condensate too. */
  readonly condensate?: boolean;
}

export interface Training {
  readonly objective: "squared" | "centred" | "acceptance" | "force matching";
  readonly method: "online" | "offline";
  readonly optimiser: "adam" | "gaussNewton";
  readonly rate?: number;
  /** Online: trajectories. Offline: epochs at most. */
  readonly rounds: number;
  readonly batch: number;
  /** Offline: stored configurations, the last 40 % held out. */
  readonly samples?: number;
}

export interface TaskResult {
  readonly task: Task;
  readonly names: readonly string[];
  readonly theta: readonly number[];
  /** L and L_c of each training step's batch. */
  readonly history: { readonly squared: readonly number[]; readonly centred: readonly number[] };
  /** On configurations that were not trained on: initial weights and final ones. */
  readonly before?: Assessment;
  readonly after?: Assessment;
  readonly acceptance: readonly [mean: number, error: number];
  readonly expMinusDH: readonly [mean: number, error: number];
  readonly values: Readonly<Record<string, readonly [mean: number, error: number, tauInt: number]>>;
  readonly plaquettes: readonly number[];
  readonly seconds: number;
}

const LENGTH = 1;

/** Runs a task from start to end. */
export function runTask(task: Task): TaskResult {
  const began = performance.now();
  // several tasks run at a time: one thread each
  const L = lattice(task.extents, { threads: 1 });
  const U = nearUnit(L, SU(2), { seed: task.seed, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta: task.beta });
  const fermions = staggeredPseudofermions({ lattice: L, group: SU(2), mass: task.mass, flavours: 4, tolerance: 1e-10 });
  const target = targetOf(gauge.plus(fermions.action), fermions);
  const dynamics = { action: target, integrator: "leapfrogQPQ", steps: task.steps, length: LENGTH } as const;
  const prior = hmc({ ...dynamics, seed: task.seed, stream: 1 });
  runChain({ sampler: prior, U, trajectories: task.thermalise });

  const heavy = fermions.action.with({ mass: task.guideMass, phi: fermions.phi });
  const initial = task.network === "hmc" ? undefined : (effectiveAction(effectiveParts(task.network, task.extra ?? [], task.beta, heavy, task.seed)) as EffectiveAction<2, unknown>);
  const collect = (n: number, force: boolean): TrainingSample<2>[] => {
    const samples: TrainingSample<2>[] = [];
    while (samples.length < n) {
      const start = U.clone();
      if (prior.step(U).accepted) samples.push(takeSample(U, target, initial!.fields, { start, force }));
    }
    return samples;
  };

  const history = { squared: [] as number[], centred: [] as number[] };
  const note = (s: { squared: number; centred?: number }): void => {
    history.squared.push(s.squared);
    if (s.centred !== undefined) history.centred.push(s.centred);
  };
  // equal layers would stay equal: several weights start a little apart
  const apart = initial && randomParameters([...initial.parameters], { seed: task.seed, width: 0.02 });
  const start = initial && initial.size > 1 ? initial.with(initial.parameters.map((x, k) => x + apart![k]!)) : initial;
  let trained = start;
  let judged: TrainingSample<2>[] = [];
  const t = task.training;
  if (initial && start && t) {
    const rate = schedules.cosine({ initial: t.rate ?? 3e-3, final: (t.rate ?? 3e-3) / 10, steps: Math.max(1, t.rounds) });
    const optimiser = t.optimiser === "adam" ? adam({ rate, clip: 1e4 }) : gaussNewton({ damping: 0.1, maxStep: 0.03 });
    const loss = { squared: losses.squared, centred: losses.centred, acceptance: losses.acceptance, "force matching": losses.forceMatching }[t.objective]();
    if (t.method === "online") {
      for (const step of trainOnline({ sampler: prior, target, U, action: start, loss, optimiser, trajectories: t.rounds, replay: { capacity: 4 * t.batch, batch: t.batch, seed: task.seed } })) {
        note(step);
        trained = step.action;
      }
      judged = collect(40, false);
    } else {
      const samples = collect(t.samples ?? 100, t.objective === "force matching");
      const cut = Math.round(0.6 * samples.length);
      judged = samples.slice(cut);
      const result = finishTraining(trainOffline({ action: start, loss, optimiser, samples: samples.slice(0, cut), heldOut: judged, batch: Math.min(t.batch, cut), epochs: t.rounds, patience: Math.ceil(t.rounds / 3), seed: task.seed }), note);
      trained = result!.action;
    }
  } else if (initial) {
    trained = initial;
    judged = collect(40, false);
  }

  const sampler = hmc({ ...dynamics, ...(trained ? { guide: trained } : {}), seed: task.seed, stream: 2 });
  let noise = 0;
  const measure: Record<string, (V: LinkField<2>) => number> = {
    plaquette: (V) => plaquettes(V).mean,
    "|Polyakov|": (V) => Math.hypot(...polyakovLoops(V)["t"]!),
    ...(task.condensate ? { condensate: (V: LinkField<2>) => chiralCondensate(V, { mass: task.mass, method: { sources: 2, seed: task.seed + 1000 * ++noise } }).value } : {}),
  };
  const series = runChain({ sampler, U, trajectories: task.sample, measure });
  const { values, acceptance, expMinusDH } = summarise(series);
  return {
    task,
    names: trained?.names ?? [],
    theta: [...(trained?.parameters ?? [])],
    history,
    ...(initial && trained && judged.length > 0 ? { before: assess(initial, judged), after: assess(trained, judged) } : {}),
    acceptance: [acceptance.mean, acceptance.error],
    expMinusDH: [expMinusDH!.mean, expMinusDH!.error],
    values: Object.fromEntries(Object.entries(values).map(([name, e]) => [name, [e.mean, e.error, e.tauInt] as const])),
    plaquettes: series.values["plaquette"]!,
    seconds: (performance.now() - began) / 1000,
  };
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(runTask(JSON.parse(given) as Task)));
