/** Lesson 3: an own gauge-covariant layer. Only the forward map is written; everything else is derived from it, and checked. */
import { SU, adj, check, exp, gaugeAction, hot, lattice, layer, mul, reTrace, real, scale, staples, ta, tanh } from "gaugegrad";

/** A stout step whose weight depends on the links: rho tanh(Re tr of the loops around the link). */
export const adaptiveStout = layer({
  name: "adaptive stout",
  params: { rho: real(0.1) },
  forward: (U, { rho }) =>
    U.map((mu) => {
      const loops = mul(staples(U, mu), adj(U[mu]!)); // closed at the site: from n to n
      const weight = scale(rho, tanh(reTrace(loops)));
      return mul(exp(ta(scale(weight, loops))), U[mu]!);
    }),
});

const U = hot(lattice([4, 4, 4, 4]), SU(2), { seed: 7 });
const report = check(adaptiveStout, U);
console.log(report.toString());

const S = gaugeAction.wilson({ beta: 2.3 }).after(adaptiveStout); // S[layer(U)]
const { value, gradient } = S.parameterGradient(U);
console.log(`S = ${value.toFixed(6)}, dS/drho = ${gradient.layer.rho.toFixed(6)}`);
if (!report.passed) throw new Error("the layer is not what it should be");
