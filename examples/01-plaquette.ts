/** Lesson 1: a lattice, a field, and what can be measured on it. The field is a closed formula, so every digit is known. */
import { closedFormLinks, energyDensity, lattice, plaquettes, polyakovLoops, topologicalCharge } from "gaugegrad";

const L = lattice([4, 6, 4, 8]); // Lx, Ly, Lz, Lt
const U = closedFormLinks(L, 3, 0.8); // SU(3), U_mu(n) = exp(0.8 X_mu(n))

const { mean, planes } = plaquettes(U);
for (const [plane, value] of Object.entries(planes)) console.log(`plaquette ${plane}       ${value.toFixed(12)}`);
const [re, im] = polyakovLoops(U)["t"]!;
console.log(`plaquette          ${mean.toFixed(12)}`);
console.log(`Polyakov loop      ${re.toFixed(12)} ${im >= 0 ? "+" : "-"} ${Math.abs(im).toFixed(12)} i`);
console.log(`clover energy      ${energyDensity(U).clover.toFixed(12)}`);
console.log(`topological charge ${topologicalCharge(U).toFixed(12)}`);

if (Math.abs(mean - 0.749605623875045) > 1e-13) throw new Error("the plaquette differs from the reference program");
