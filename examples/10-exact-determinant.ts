/** Lesson 10: an exact fermion determinant in molecular dynamics, compared with reweighting of a chain that has none. */
import { U1, determinantAction, gaugeAction, hmc, hot, lattice, plaquettes, runChain, staggered, summarise } from "gaugegrad";

const L = lattice([4, 4]);
const gauge = gaugeAction.wilson({ beta: 1 });
const fermions = determinantAction(staggered({ mass: 0.5 }), { flavours: 2 }); // -ln det(M^+ M)^(1/2), no pseudofermions
const common = { integrator: "omelyan", steps: 4, length: 1 } as const;
const plaquette = (U: Parameters<typeof plaquettes>[0]): number => plaquettes(U).mean;

const dynamical = runChain({ sampler: hmc({ ...common, action: gauge.plus(fermions), seed: 1 }), U: hot(L, U1, { seed: 1 }), thermalisation: 50, trajectories: 1500, measure: { plaquette } });
const { values, acceptance, expMinusDH } = summarise(dynamical);
const direct = values["plaquette"]!;

// <P det> / <det> over configurations without fermions, with errors from blocks
const quenched = runChain({ sampler: hmc({ ...common, action: gauge, seed: 2 }), U: hot(L, U1, { seed: 2 }), thermalisation: 50, trajectories: 3000, measure: { plaquette, S: (U) => fermions.value(U) } });
const [P, S] = [quenched.values["plaquette"]!, quenched.values["S"]!];
const least = Math.min(...S);
const weight = S.map((s) => Math.exp(least - s));
const average = (from: number, to: number): number => {
  let [above, below] = [0, 0];
  for (let k = from; k < to; k++) {
    above += weight[k]! * P[k]!;
    below += weight[k]!;
  }
  return above / below;
};
const blocks = Array.from({ length: 20 }, (_, b) => average(150 * b, 150 * (b + 1)));
const reweighted = average(0, 3000);
const error = Math.sqrt(blocks.reduce((s, x) => s + (x - reweighted) ** 2, 0) / (20 * 19));

const [bare, exact] = [summarise(quenched).values["plaquette"]!, 0.446389965896725]; // I_1(1) / I_0(1), without fermions
console.log(`no fermions  ${bare.mean.toFixed(4)} +- ${bare.error.toFixed(4)} (exact ${exact.toFixed(4)})`);
console.log(`reweighted   ${reweighted.toFixed(4)} +- ${error.toFixed(4)}`);
console.log(`dynamical    ${direct.mean.toFixed(4)} +- ${direct.error.toFixed(4)}, acceptance ${acceptance.mean.toFixed(3)}, <exp(-dH)> ${expMinusDH!.mean.toFixed(3)} +- ${expMinusDH!.error.toFixed(3)}`);

if (Math.abs(direct.mean - reweighted) > 4 * Math.hypot(error, direct.error)) throw new Error("the two ensembles differ");
