/** Lesson 4: the Wilson flow smooths a field; one Euler step of it is one stout layer. */
import { closedFormLinks, energyDensity, gradientFlow, lattice, plaquettes, stout, topologicalCharge } from "gaugegrad";

const L = lattice([4, 4, 4, 4]);
const U = closedFormLinks(L, 2, 0.8);
const smeared = stout({ rho: 0.01 }).apply(U); // before U moves on

const flow = gradientFlow({ action: "wilson", step: 0.01 });
console.log("t     plaquette       t^2 E_clover  Q");
for (let k = 0; k <= 10; k++) {
  if (k % 2 === 0) console.log(`${(0.01 * k).toFixed(2)}  ${plaquettes(U).mean.toFixed(12)}  ${((0.01 * k) ** 2 * energyDensity(U).clover).toFixed(8)}    ${topologicalCharge(U).toFixed(8)}`);
  if (k < 10) flow.advance(U, 1);
}

console.log(`stout layer, rho = 0.01: plaquette ${plaquettes(smeared).mean.toFixed(6)}`);
if (Math.abs(plaquettes(U).mean - 0.936159895094057) > 1e-12) throw new Error("the flow differs from the reference program");
