/**
 * Lesson 8: train a gauge covariant network inside a prior HMC, then let it drive self-learning HMC. Molecular dynamics sees heavier
 * fermions through the network; the Metropolis step uses the target, so the result is exact whatever the network does.
 */
import { SU, adam, covariantNetwork, effectiveAction, gaugeAction, hmc, lattice, losses, nearUnit, plaquettes, pseudofermions, runChain, staggered, summarise, targetOf, trainOnline } from "gaugegrad";

const L = lattice([4, 4, 4, 4]);
const U = nearUnit(L, SU(2), { seed: 1, width: 0.5 });
const gauge = gaugeAction.wilson({ beta: 2.7 });
const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
const target = targetOf(gauge.plus(fermions.action), fermions);
const heavy = fermions.action.with({ mass: 0.4, phi: fermions.phi });
const action = effectiveAction({ gauge, fermions: heavy, network: covariantNetwork({ layers: 2 }) });

const dynamics = { action: target, integrator: "leapfrogQPQ", steps: 10, length: 1 } as const;
const prior = hmc({ ...dynamics, seed: 2 });
runChain({ sampler: prior, U, trajectories: 30 });
let trained = action;
for (const step of trainOnline({ sampler: prior, target, U, action, loss: losses.centred(), optimiser: adam({ rate: 3e-3 }), trajectories: 60, replay: { capacity: 40, batch: 16, seed: 3 } })) {
  if (step.step % 10 === 9) console.log(`trajectory ${step.step + 1}: L = ${step.squared.toFixed(2)}, half the variance ${step.centred!.toFixed(3)}`);
  trained = step.action;
}
console.log(`weights ${[...trained.parameters].map((x) => x.toFixed(4)).join(" ")}`);

for (const [name, guide] of [["untrained", action], ["trained", trained]] as const) {
  const sampler = hmc({ ...dynamics, guide, seed: 4 });
  const { values, acceptance } = summarise(runChain({ sampler, U: U.clone(), trajectories: 100, measure: { plaquette: (V) => plaquettes(V).mean } }));
  const { mean, error } = values["plaquette"]!;
  console.log(`SLHMC, ${name}: acceptance ${acceptance.mean.toFixed(2)}, plaquette ${mean.toFixed(4)} +- ${error.toFixed(4)}`);
  if (Math.abs(mean - 0.70246) > 6 * error) throw new Error("the plaquette differs from the reference program");
}
