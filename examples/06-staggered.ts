/** Lesson 6: staggered fermions. One conjugate gradient serves the pseudofermion action and its force. */
import { SU, chiralCondensate, closedFormLinks, closedFormSource, lattice, pairing, pionCorrelator, pseudofermions, record, staggered } from "gaugegrad";

const L = lattice([4, 4, 4, 4]);
const U = closedFormLinks(L, 2, 0.8);
const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
fermions.phi.copyFrom(closedFormSource(L, 2)); // a chain would draw it: fermions.refresh(...)

const F = fermions.force(U);
const squared = record((f) => pairing(f, f), F);
const condensate = chiralCondensate(U, { mass: 0.3 }).value;
console.log(`S_f = phi^+ (m^2 - D^2)^-1 phi  ${fermions.value(U).toFixed(9)}`);
console.log(`sum of squared forces           ${squared.run(F).toFixed(9)}`);
console.log(`chiral condensate               ${condensate.toFixed(9)}`);
console.log(`pion correlator                 ${[...pionCorrelator(U, { mass: 0.3 })].map((c) => c.toFixed(6)).join("  ")}`);

if (Math.abs(fermions.value(U) - 216.663236825328) > 1e-7) throw new Error("the action differs from the reference program");
