/** Lesson 7: CASK, attention between links with stout-smeared queries, keys and values; its symmetric and its published form. */
import { cask, closedFormLinks, gaugeAction, lattice, plaquettes, polyakovLoops } from "gaugegrad";

const L = lattice([4, 4, 4, 4]);
const U = closedFormLinks(L, 2, 0.8);
const weights = { rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04 };

console.log("variant    plaquette         Polyakov t");
for (const variant of ["symmetric", "code"] as const) {
  const V = cask({ variant, length: 3, ...weights }).apply(U);
  console.log(`${variant.padEnd(9)}  ${plaquettes(V).mean.toFixed(12)}    ${polyakovLoops(V)["t"]![0].toFixed(12)}`);
}

const block = cask({ variant: "symmetric", length: 3, ...weights });
const S = gaugeAction.wilson({ beta: 2.7 }).after(block);
const { gradient } = S.parameterGradient(U);
console.log("dS/dweights", JSON.stringify(gradient.layer, (_, x: unknown) => (typeof x === "number" ? Number(x.toFixed(6)) : x)));
if (Math.abs(plaquettes(block.apply(U)).mean - 0.916734154468608) > 1e-12) throw new Error("the layer differs from the reference program");
