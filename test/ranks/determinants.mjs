/** Determinants of operators, whose bits are compared between ways of dividing a lattice of two dimensions. */
import { add, adj, determinantAction, gaugeAction, grad, hot, hvp, logDet, mul, overlap, record, scale, scaleBy, shift, solve, staggered, staggeredNormal, staggeredType, stout, SU, sub, U1, valueAndGrad, vectorType, wilson } from "gaugegrad";
import { hash } from "./work.mjs";

const links = (L) => hot(L, SU(2), { seed: 7 });
/** On links, and on the same ones after they have changed. */
const forces = (S, U) => {
  const first = [S.value(U), S.force(U)];
  U.set(U.fields.toReversed().map((f) => f.toArray()));
  return hash(...first, S.value(U), S.force(U), S.parameterGradient(U));
};

/** Hops over one link and over two: nothing that the library has. */
const own = (U, m) => (x) => {
  const hop = (v, mu) => sub(mul(U[mu], shift(v, mu)), shift(mul(adj(U[mu]), v), mu, -1));
  return add(scale(m, x), add(scaleBy(0.5, add(hop(x, 0), hop(x, 1))), scaleBy(0.1, mul(U[1], shift(mul(U[1], shift(x, 1)), 1)))));
};

/** By name. */
export const determinants = {
  // the weights of the layer and the coupling are differentiated too
  detStaggered: (L) => forces(gaugeAction.wilson({ beta: 2.7 }).plus(determinantAction(staggered({ mass: 0.3 }), { flavours: 3 })).after(stout({ rho: 0.1 })), links(L)),
  detWilson: (L) => forces(determinantAction(wilson({ kappa: 0.12, clover: 1 }), { flavours: 1 }), links(L)),
  detEvenOdd: (L) => forces(determinantAction(wilson({ kappa: 0.12, evenOdd: true }), { flavours: 2 }), links(L)),
  detOverlap: (L) => forces(determinantAction(overlap({ mass: 0.1 }), { flavours: 2 }), hot(L, U1, { seed: 7 })),
  // read from further away than the nearest box; the second derivative is that of a trace of four matrices
  detOwn: (L) => {
    const U = links(L);
    const f = (V, m) => logDet(own(V, m), vectorType(L, 2, { boundary: [1, -1] }), V);
    const first = record((V, m) => valueAndGrad(f)(V, m), U, 2).run(U, 2);
    return hash(first, record((V, X, m) => hvp((W) => f(W, m))(V, X), U, first.grad, 2).run(U, first.grad, 2));
  },
  // no sum of paths: applied to unit vectors
  detColumns: (L) => {
    const U = hot(L, U1, { seed: 7 });
    const f = (V, m) => logDet((x) => solve((v) => staggeredNormal(V, v, m), x, { tolerance: 1e-12 }), staggeredType(L, 1, { domain: "even" }), V);
    return hash(record((V, m) => [f(V, m), grad(f)(V, m), grad((n) => f(V, n))(m)], U, 0.4).run(U, 0.4));
  },
};
