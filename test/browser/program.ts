/** What Node and a page compute alike: plaquette, force, training inside self-learning HMC, a measured file. Numbers as texts of all digits; random starts know those of the engine's own sine. */
import { type LinkField, SU, adam, adj, covariantNetwork, effectiveAction, forceOn, gaugeAction, hmc, hot, lattice, losses, mul, nearUnit, plaquettes, pseudofermions, readGauge, record, runChain, staggered, staples, ta, targetOf, topologicalCharge, trainOnline } from "gaugegrad";
import type { FileLike } from "gaugegrad/io";

export interface Digits {
  readonly [what: string]: string | readonly string[];
}

const texts = (x: ArrayLike<number>): string[] => Array.from(x, String);

/** Value and force of the Wilson action, SU(3). */
export function force(threads: number, strict: boolean): Digits {
  const U = hot(lattice([8, 8, 8, 8], { threads, strict }), SU(3), { seed: 7 });
  const S = gaugeAction.wilson({ beta: 6 });
  let F = S.force(U);
  // later launches find the workers ready
  for (let k = 0; k < 20; k++) F = S.force(U);
  return { plaquette: String(plaquettes(U).mean), charge: String(topologicalCharge(U)), value: String(S.value(U)), force: F.fields.flatMap((f) => texts(f.toArray().subarray(0, 40))) };
}

/** Weights and plaquettes of a short training and a few trajectories of self-learning HMC. */
export function training(): Digits {
  const L = lattice([4, 4, 4, 4], { strict: true });
  const U = nearUnit(L, SU(2), { seed: 1, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
  const target = targetOf(gauge.plus(fermions.action), fermions);
  const action = effectiveAction({ gauge, fermions: fermions.action.with({ mass: 0.4, phi: fermions.phi }), network: covariantNetwork({ layers: 2 }) });
  const dynamics = { action: target, integrator: "leapfrogQPQ", steps: 5, length: 0.5 } as const;
  const sampler = hmc({ ...dynamics, seed: 2 });
  let trained = action;
  const loss: string[] = [];
  for (const step of trainOnline({ sampler, target, U, action, loss: losses.centred(), optimiser: adam({ rate: 3e-3 }), trajectories: 6, replay: { capacity: 4, batch: 2, seed: 3 }, share: { has: () => true, sum: () => undefined } })) {
    loss.push(String(step.squared));
    trained = step.action;
  }
  const chain = runChain({ sampler: hmc({ ...dynamics, guide: trained, seed: 4 }), U, trajectories: 4, measure: { plaquette: (V: LinkField) => plaquettes(V).mean } });
  return { loss, weights: texts(trained.parameters), plaquettes: texts(chain.values["plaquette"]!) };
}

/** Trajectories and forces with single precision in the force, and the text of a program. */
export function single(): Digits {
  const L = lattice([4, 4, 4, 4], { strict: true });
  const U = nearUnit(L, SU(3), { seed: 1, width: 0.5 });
  const S = gaugeAction.wilson({ beta: 5.7 });
  const F = forceOn(lattice([4, 4, 4, 4], { precision: "f32", strict: true }), S).force(U);
  const chain = runChain({ sampler: hmc({ action: S, integrator: "omelyan", steps: 4, length: 0.5, seed: 3, forcePrecision: "f32" }), U, trajectories: 3, measure: { plaquette: (V: LinkField) => plaquettes(V).mean } });
  return { force: F.fields.flatMap((f) => texts(f.toArray().subarray(0, 40))), plaquettes: texts(chain.values["plaquette"]!), kernels: record((V) => ta(mul(staples(V, 0), adj(V[0]!))), U).describe() };
}

/** What stands in a configuration file. */
export async function measured(file: FileLike): Promise<Digits> {
  const { U, format, checks, group } = await readGauge(file, { strict: true });
  return { format, group: group.name, checks: Object.values(checks) as string[], plaquette: String(plaquettes(U).mean), wilson: String(gaugeAction.wilson({ beta: 6 }).value(U)) };
}
