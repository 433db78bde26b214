/** What Node and a page compute alike: plaquette, force, training inside self-learning HMC, a measured file. Numbers as texts of all digits; random starts know those of the engine's own sine. */
import { type LinkField, SU, adam, covariantNetwork, effectiveAction, gaugeAction, hmc, hot, lattice, losses, nearUnit, plaquettes, pseudofermions, readGauge, runChain, staggered, targetOf, topologicalCharge, trainOnline } from "gaugegrad";
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
  for (const step of trainOnline({ sampler, target, U, action, loss: losses.centred(), optimiser: adam({ rate: 3e-3 }), trajectories: 6, replay: { capacity: 4, batch: 2, seed: 3 } })) {
    loss.push(String(step.squared));
    trained = step.action;
  }
  const chain = runChain({ sampler: hmc({ ...dynamics, guide: trained, seed: 4 }), U, trajectories: 4, measure: { plaquette: (V: LinkField) => plaquettes(V).mean } });
  return { loss, weights: texts(trained.parameters), plaquettes: texts(chain.values["plaquette"]!) };
}

/** What stands in a configuration file. */
export async function measured(file: FileLike): Promise<Digits> {
  const { U, format, checks, group } = await readGauge(file, { strict: true });
  return { format, group: group.name, checks: Object.values(checks) as string[], plaquette: String(plaquettes(U).mean), wilson: String(gaugeAction.wilson({ beta: 6 }).value(U)) };
}
