/** Programs whose bits are compared between ways of dividing a lattice: each returns a hash over the bytes of its fields and numbers. */
import { createHash } from "node:crypto";
import { abs2, add, adj, batchMean, cask, channel, channels, channelsType, chiralCondensate, closedFormLinks, complex, domainWallPion, dot, exp, exponential, Field, fieldTransformed, fixGauge, gaugeAction, heatbath, hmc, hot, hvp, layer, linkTrace, maskedStout, merge, mesonCorrelators, mul, pionCorrelator, plaquette, plaquettes, polyakovLoops, pseudofermions, real, realType, record, repeat, restrict, reTrace, scale, scaleBy, shift, siteConv, siteLinear, staggered, staples, stout, SU, sub, sum, ta, tanh, Tensor, topologicalCharge, trace, U1, unitarityDefect, valueAndGrad, wilson, wilsonColumns, wilsonPion, wilsonPropagator } from "gaugegrad";
import { randomStream } from "gaugegrad/util";

/** A hash of fields in canonical order and numbers. */
export function hash(...values) {
  const h = createHash("sha256");
  const add = (v) => {
    if (typeof v === "number") h.update(new Uint8Array(Float64Array.of(v).buffer));
    else if (Array.isArray(v)) v.forEach(add);
    else if (v.fields) v.fields.forEach(add);
    else if (v.toArray) h.update(new Uint8Array(v.toArray().buffer));
    else if (v instanceof Tensor) add(v.data);
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
/** Numbers of a field or of weights. */
const filled = (n, salt) => Float64Array.from({ length: n }, (_, k) => Math.sin((k + 1) * (1.3 + salt)));
const weights = (shape, salt) => new Tensor(shape, filled(shape.reduce((n, L) => n * L, 1), salt));
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
  // neighbours beyond the nearest box, on all sites and on one parity; the gradient by everything, and its derivative along itself
  convolution: (L) => {
    const x = new Field(L, channelsType(3)).set(filled(3 * L.batch * L.volume, 0.2));
    const p = { w: weights([4, 3, 2, 1, 3, 3], 0.7), b: weights([4], 0.4), v: weights([2, 4, 1, 2, 1, 3], 0.9), u: weights([3, 2], 0.1), x };
    const loss = ({ w, b, v, u, x: z }) => {
      const y = tanh(siteConv(z, w, b, { dilation: 2 }));
      const t = tanh(siteConv(restrict(y, "odd"), v, undefined, { domain: "even" }));
      const s = siteLinear(t, u);
      return batchMean(add(sum(dot(s, restrict(z, "even"))), sum(dot(y, y))));
    };
    const first = record((q) => valueAndGrad(loss)(q), p).run(p);
    return hash(first, record((q, d) => hvp(loss)(q, d), p, first.grad).run(p, first.grad));
  },
  // an affine coupling, in which the odd sites decide how the even ones move, and two steps down its gradient
  coupling: (L) => {
    const phi = new Field(L, realType()).set(filled(L.batch * L.volume, 0.3));
    const loss = ({ first, last }, x) => {
      const h = tanh(siteConv(channels(restrict(x, "odd")), first));
      const decided = siteConv(h, last, undefined, { domain: "even" });
      const moved = add(scale(exponential(tanh(channel(decided, 0))), restrict(x, "even")), channel(decided, 1));
      const y = merge(moved, restrict(x, "odd"));
      return batchMean(sub(sum(dot(y, y)), sum(tanh(channel(decided, 0)))));
    };
    let p = { first: weights([4, 1, 3, 3, 3, 3], 0.6), last: weights([2, 4, 3, 3, 3, 3], 0.5) };
    const step = record((q, x) => valueAndGrad(loss)(q, x), p, phi);
    const moved = (t, g) => new Tensor(t.shape, t.data.map((v, k) => v - 1e-4 * g.data[k]));
    const values = [0, 1].map(() => {
      const { value, grad } = step.run(p, phi);
      p = { first: moved(p.first, grad.first), last: moved(p.last, grad.last) };
      return value;
    });
    return hash(values, p.first.data, p.last.data);
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
    return hash(plaquettes(U).mean, Object.values(polyakovLoops(U)).flat(), topologicalCharge(U), linkTrace(U));
  },
  mesons: (L) => {
    const U = two(L);
    const options = { momenta: Array.from(L.extents, (_, mu) => L.extents.slice(1).map((_l, nu) => (nu === mu ? 1 : 0))) };
    const column = wilsonPropagator(U, { kappa: 0.1 });
    const numbers = [wilsonColumns(U, { kappa: 0.1 }), column].map((S) => mesonCorrelators(L, 2, S, options).map(({ re, im }) => hash(re, im)).join());
    const { PP, midpoint } = domainWallPion(U, { mass: 0.5, Ls: 2, height: 1.6 });
    const condensate = chiralCondensate(U, { mass: 0.3, method: { sources: 2, seed: 4 } });
    return numbers[0] === numbers[1] ? hash(PP, midpoint, condensate, pionCorrelator(U, { mass: 0.3 }), wilsonPion(U, { kappa: 0.1 })) + numbers[0] : numbers;
  },
  gaugeFixed: (L) => {
    const fixed = ["landau", "coulomb"].map((gauge) => fixGauge(two(L), { gauge, tolerance: 1e-4 }));
    return hash(fixed.map(({ U, transformation, ...numbers }) => [U, transformation, numbers]));
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
