/** Parts that this package does not have, declared as a user would: each one declaration. */
import { action, layer, plaquetteSum, plaquettes, pseudofermions, real, scale, staggered, staples, mul, adj, exp, ta } from "gaugegrad";
import { fermion, gaugeAction, network, observable, z } from "gaugegrad/runs";

/** exp(TA(rho C U^+)) U with one weight for all layers. */
export const gated = network({
  name: "gated",
  cite: ["2103.11965"],
  options: z.strictObject({ rho: z.number().default(0.05) }),
  build: ({ rho }) => layer({ name: "gated", params: { rho: real(rho) }, forward: (U, { rho: r }) => U.map((mu) => mul(exp(ta(scale(r, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)) as never }),
});

/** Staggered fermions with a mass of another name. */
export const heavy = fermion({
  name: "heavy",
  options: z.strictObject({ m0: z.number().gt(0), extra: z.number().default(1) }),
  build: ({ m0, extra }, context) => pseudofermions(staggered({ mass: m0 + extra }), { ...context, flavours: context.lattice.dim === 2 ? 2 : 4 }),
  describe: ({ m0, extra }) => `heavy fermions, m = ${m0 + extra}`,
});

/** Mean plaquette, once more. */
export const average = observable({
  name: "average",
  options: z.strictObject({ power: z.int().min(1).default(1) }),
  measure: (U, { power }) => ({ [`average(${power})`]: plaquettes(U).mean ** power }),
});

/** beta times the plaquettes, without its constant. */
export const plain = gaugeAction({
  name: "plain",
  options: z.strictObject({ beta: z.number() }),
  build: ({ beta }) => action({ name: "plain", inputs: { beta }, evaluate: (U, { beta: b }) => scale(b, scale(-1, plaquetteSum(U))) }),
});
