/** Programs whose bits are compared between ways of dividing a lattice: each returns a hash over the bytes of its fields and numbers. */
import { createHash } from "node:crypto";
import { SU, U1, abs2, add, adj, cask, closedFormLinks, complex, exp, fieldTransformed, gaugeAction, heatbath, hmc, hot, hvp, layer, maskedStout, mul, plaquette, plaquettes, polyakovLoops, pseudofermions, real, record, repeat, restrict, reTrace, scale, scaleBy, shift, staggered, staples, stout, sum, ta, tanh, topologicalCharge, trace, unitarityDefect, valueAndGrad, wilson } from "gaugegrad";
import { randomStream } from "gaugegrad/util";

/** A hash of fields in canonical order and numbers. */
function hash(...values) {
  const h = createHash("sha256");
  const add = (v) => {
    if (typeof v === "number") h.update(new Uint8Array(Float64Array.of(v).buffer));
    else if (Array.isArray(v)) v.forEach(add);
    else if (v.fields) v.fields.forEach(add);
    else if (v.toArray) h.update(new Uint8Array(v.toArray().buffer));
    else if (v instanceof Float64Array) h.update(new Uint8Array(v.slice().buffer));
    else Object.values(v).forEach(add);
  };
  values.forEach(add);
  return h.digest("hex").slice(0, 16);
}

const own = layer({
  name: "own",
  params: { rho: real(0.1) },
  forward: (U, { rho }) =>
    U.map((mu) => {
      const loops = mul(staples(U, mu), adj(U[mu]));
      return mul(exp(ta(scale(scale(rho, tanh(reTrace(loops))), loops))), U[mu]);
    }),
});

/** Value, force and links of an action. */
const forces = (S, U) => hash(U, S.value(U), S.force(U));
const quark = (operator, U, options) => {
  const f = pseudofermions(operator, { lattice: U.lattice, group: SU(U.N), ...options });
  f.refresh(U, 3, rng);
  return hash(f.phi, f.value(U), f.force(U));
};
const rng = randomStream(5);
const start = (L) => hot(L, SU(3), { seed: 7 });
const two = (L) => hot(L, SU(2), { seed: 7 });

/** Work by name: a function of a lattice. */
export const work = {
  plaquette: (L) => forces(gaugeAction.wilson({ beta: 6 }), start(L)),
  stout: (L) => forces(gaugeAction.wilson({ beta: 6 }).after(stout({ rho: 0.1 })), start(L)),
  own: (L) => forces(gaugeAction.wilson({ beta: 6 }).after(own), two(L)),
  masked: (L) => forces(fieldTransformed(gaugeAction.wilson({ beta: 2 }), maskedStout({ rho: 0.05 })), hot(L, U1, { seed: 7 })),
  symanzik: (L) => forces(gaugeAction.symanzik({ beta: 6 }), start(L)),
  cask: (L) => forces(gaugeAction.wilson({ beta: 2.7 }).after(cask({ variant: "symmetric", length: 3, rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04 })), two(L)),
  hvp: (L) => {
    const U = two(L);
    const S = gaugeAction.wilson({ beta: 2.7 }).after(own);
    const F = S.force(U);
    const f = (W) => S.evaluate(W, S.inputs);
    return hash(record((V, X) => hvp(f)(V, X), U, F).run(U, F));
  },
  loop: (L) => {
    const U = two(L);
    const step = (V, s) => V.map((mu) => mul(exp(ta(scale(scaleBy(0.02, s), mul(staples(V, mu), adj(V[mu]))))), V[mu]));
    const S = gaugeAction.wilson({ beta: 2.7 });
    const f = (V) => S.evaluate(repeat(5, step, V), S.inputs);
    return hash(record((V) => valueAndGrad(f)(V), U).run(U));
  },
  staggered: (L) => quark(staggered({ mass: 0.3 }), two(L), { flavours: 4 }),
  rational: (L) => quark(staggered({ mass: 0.3 }), two(L), { flavours: 2 }),
  mixed: (L) => quark(staggered({ mass: 0.3 }), two(L), { flavours: 4, solver: "mixed" }),
  singleForce: (L) => {
    const U = two(L);
    const sampler = hmc({ action: gaugeAction.wilson({ beta: 2.7 }).after(own), integrator: "omelyan", steps: 2, length: 0.3, seed: 4, forcePrecision: "f32" });
    return hash([sampler.step(U), sampler.step(U)].map((s) => s.dH), U);
  },
  wilson: (L) => quark(wilson({ kappa: 0.11 }), two(L), { flavours: 2 }),
  clover: (L) => quark(wilson({ kappa: 0.11, clover: 1 }), two(L), { flavours: 2 }),
  smeared: (L) => {
    const U = two(L);
    const f = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
    f.refresh(U, 1, rng);
    return forces(gaugeAction.wilson({ beta: 2.7 }).plus(f.action).after(stout({ rho: 0.1 })), U);
  },
  measure: (L) => {
    const U = start(L);
    return hash(plaquettes(U).mean, Object.values(polyakovLoops(U)).flat(), topologicalCharge(U));
  },
  hmc: (L) => {
    const U = two(L);
    const sampler = hmc({ action: gaugeAction.wilson({ beta: 2.7 }).after(own), integrator: "omelyan", steps: 4, length: 0.5, seed: 4 });
    const steps = Array.from({ length: 3 }, () => sampler.step(U));
    return hash(U, steps.map((s) => s.dH));
  },
  heatbath: (L) => {
    const U = two(L);
    const sampler = heatbath({ beta: 2.7, overrelaxation: 1, seed: 4 });
    for (let k = 0; k < 2; k++) sampler.step(U);
    return hash(U);
  },
  // links of one direction and parity in each other's field
  rectangles: (L) => {
    const U = two(L);
    heatbath({ beta: 2.7, c1: -0.08, overrelaxation: 1, reversible: 1, seed: 4 }).step(U);
    return hash(U);
  },
  ownLoops: (L) => {
    const U = two(L);
    heatbath({ beta: 2.7, loops: [{ path: [1, 2, -1, -2], weight: 1 }, { path: [4, 1, 1, -4, -1, -1], weight: 0.2 }, { path: [1, 2, 3, -1, -2, -3], weight: 0.1 }, { path: [4, 4, 4, 2, -4, -4, -4, -2], weight: -0.05 }], seed: 4 }).step(U);
    return hash(U);
  },
  // links of SU(2) out of memory and into it, sites, sums, a product that is no quaternion, and one on a parity
  quaternions: (L) => {
    const U = two(L);
    const links = U.fields.map((f) => f.toArray());
    const V = closedFormLinks(L, 2, 0.4);
    V.fields.forEach((f, mu) => f.set(links[(mu + 1) % 4]));
    const f = (W) => {
      const loops = mul(staples(W, 3), adj(W[3]));
      const far = complex(shift(reTrace(loops), [0, 0, 0, 3]), reTrace(shift(plaquette(W, 0, 1), [1, 0, 0, -1])));
      return add(sum(abs2(trace(scale(far, loops)))), sum(reTrace(restrict(mul(plaquette(W, 0, 3), loops), "odd"))));
    };
    return hash(V, unitarityDefect(U), plaquettes(V).mean, topologicalCharge(V), record((W) => valueAndGrad(f)(W), V).run(V));
  },
};
