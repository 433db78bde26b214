/** The target of the SU(2) experiments with a prior HMC run, and networks trained on its trajectories. */
import {
  type EffectiveAction, type LinkField, type TrainingSample, SU, adam, effectiveAction, finishTraining, gaugeAction, gaussNewton, hmc, lattice, losses, nearUnit, pseudofermions, randomParameters, runChain, schedules, staggered, takeSample, targetOf, trainOffline, trainOnline,
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

export type System = ReturnType<typeof su2System>;
export type Effective = EffectiveAction<2, unknown>;

/** The target, links that a prior run of so many trajectories has settled, and the options of further runs. */
export function su2System({ extents, beta, mass, guideMass, steps }: Physics, seed: number, thermalise: number) {
  // several tasks run at a time: one thread each
  const L = lattice(extents, { threads: 1 });
  const U: LinkField<2> = nearUnit(L, SU(2), { seed, width: 0.5 });
  const fermions = pseudofermions(staggered({ mass }), { lattice: L, group: SU(2), flavours: 4, tolerance: 1e-10 });
  const target = targetOf(gaugeAction.wilson({ beta }).plus(fermions.action), fermions);
  const dynamics = { action: target, integrator: "leapfrogQPQ", steps, length: 1 } as const;
  const prior = hmc({ ...dynamics, seed, stream: 1 });
  runChain({ sampler: prior, U, trajectories: thermalise });
  const heavy = fermions.action.with({ mass: guideMass, phi: fermions.phi });
  /** S_theta with the network's initial weights, and its parts. */
  const guide = (network: string, extra: readonly string[] = []) => {
    const parts = effectiveParts(network, extra, beta, heavy, seed);
    return { parts, action: effectiveAction(parts) as Effective };
  };
  return { lattice: L, U, gauge: gaugeAction.wilson({ beta }), fermions, target, dynamics, prior, guide };
}

/** Accepted trajectories of the prior run with their phi and both ends. */
export function collect({ U, prior, target, fermions }: System, count: number, force = false): TrainingSample<2>[] {
  const samples: TrainingSample<2>[] = [];
  while (samples.length < count) {
    const start = U.clone();
    if (prior.step(U).accepted) samples.push(takeSample(U, target, [fermions.phi], { start, force }));
  }
  return samples;
}

/** Weights a little apart: equal layers would stay equal. */
export function apart(action: Effective, seed: number): Effective {
  if (action.size < 2) return action;
  const noise = randomParameters([...action.parameters], { seed, width: 0.02 });
  return action.with(action.parameters.map((x, k) => x + noise[k]!));
}

export const lossOf = { squared: losses.squared, centred: losses.centred, acceptance: losses.acceptance, "force matching": losses.forceMatching };
export type Objective = keyof typeof lossOf;

/** Levenberg-Marquardt on stored trajectories, the last fifth of them for early stopping. */
export function fit(action: Effective, samples: readonly TrainingSample<2>[], options: { readonly objective: Exclude<Objective, "force matching">; readonly epochs: number; readonly seed: number }): Effective {
  const { objective, epochs, seed } = options;
  const heldOut = samples.slice(Math.round(0.8 * samples.length));
  const optimiser = gaussNewton({ damping: 0.1, maxStep: 0.1 });
  return finishTraining(trainOffline({ action: apart(action, seed), loss: lossOf[objective](), optimiser, samples: samples.slice(0, samples.length - heldOut.length), heldOut, epochs, patience: 6, seed }))!.action;
}

/** Adam, one step a trajectory of a prior run of its own. */
export function online({ U, target, dynamics }: System, action: Effective, { objective, trajectories, seed, stream }: { readonly objective: Objective; readonly trajectories: number; readonly seed: number; readonly stream: number }): Effective {
  const rate = schedules.cosine({ initial: 4e-3, final: 4e-4, steps: Math.max(1, trajectories) });
  const sampler = hmc({ ...dynamics, seed, stream });
  const [loss, batch] = [lossOf[objective](), objective === "force matching" ? 4 : 8];
  return finishTraining(trainOnline({ sampler, target, U: U.clone(), action: apart(action, seed), loss, optimiser: adam({ rate, clip: 1e4 }), trajectories, replay: { capacity: 4 * batch, batch, seed } }))!;
}

/** Change of S_theta - S along each trajectory. */
export function changesOf(action: Effective, samples: readonly TrainingSample<2>[]): number[] {
  const at = (U: LinkField<2>, value: number, fields: TrainingSample<2>["fields"]): number => action.valueAndGradient(U, fields).value - value;
  return samples.map(({ U, value, fields, start }) => at(U, value, fields) - at(start!.U, start!.value, fields));
}
