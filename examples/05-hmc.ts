/** Lesson 5: hybrid Monte Carlo, compared with the exact solution of two-dimensional gauge theory. */
import { SU, gaugeAction, hmc, hot, lattice, plaquettes, runChain, summarise } from "gaugegrad";

const L = lattice([8, 8]);
const U = hot(L, SU(2), { seed: 1 });
const sampler = hmc({ action: gaugeAction.wilson({ beta: 3 }), integrator: "omelyan", steps: 6, length: 1, seed: 2 });
const chain = runChain({ sampler, U, thermalisation: 100, trajectories: 2000, measure: { plaquette: (V) => plaquettes(V).mean } });
const { values, acceptance, expMinusDH } = summarise(chain);
const { mean, error, tauInt } = values["plaquette"]!;

const exact = 0.567923649307266; // sum over characters, 8 x 8, beta = 3
console.log(`plaquette    ${mean.toFixed(5)} +- ${error.toFixed(5)}, tau_int ${tauInt.toFixed(2)} (exact ${exact.toFixed(5)})`);
console.log(`acceptance   ${acceptance.mean.toFixed(3)}`);
console.log(`<exp(-dH)>   ${expMinusDH!.mean.toFixed(4)} +- ${expMinusDH!.error.toFixed(4)} (exact 1)`);
console.log(`reversible to ${sampler.reversibility(U).maxDifference.toExponential(0)}`);

if (Math.abs(mean - exact) > 4 * error) throw new Error("the plaquette differs from the exact value");
