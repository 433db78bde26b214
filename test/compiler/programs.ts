/** Programs that the tests of the compiler look at. */
import { Field, type Links, type Program, type Scalar, type Vector, add, adj, dot, exp, grad, hvp, mul, record, reTrace, scaleBy, sum, ta, valueAndGrad } from "../../src/autograd/index.ts";
import type { Lattice } from "../../src/autograd/lattice.ts";
import { closedFormLinks, directionField, plaquette, staples } from "../../src/gauge/index.ts";
import { staggeredD, staggeredType } from "../../src/fermions/index.ts";
import { gaugeAction } from "../../src/gauge/index.ts";
import { cask } from "../../src/models/index.ts";

export const stoutStep = (V: Links): Links => V.map((mu) => mul(exp(ta(scaleBy(0.1, mul(staples(V, mu), adj(V[mu]!))))), V[mu]!));

/** Sum of Re tr over all plaquettes. */
export function plaquettes(V: Links): Scalar {
  const terms = [];
  for (let mu = 0; mu < V.dim; mu++) for (let nu = mu + 1; nu < V.dim; nu++) terms.push(reTrace(plaquette(V, mu, nu)));
  return sum(add(terms[0]!, ...terms.slice(1)));
}

/** The programs by name, recorded on a lattice with even extents. */
export function testPrograms(lattice: Lattice): Record<string, Program> {
  const U = closedFormLinks(lattice, 3, 0.5);
  const X = directionField(lattice, 3);
  const chi = new Field(lattice, staggeredType(lattice, 3));
  const odd = new Field(lattice, staggeredType(lattice, 3, { domain: "odd" }));
  const networks = gaugeAction.wilson({ beta: 6 }).after(cask({ rho: 0.1, rhoQ: 0.1, rhoK: 0.1, rhoV: 0.1 }) as never);
  const program = (plan: { program: Program }): Program => plan.program;
  return {
    staple: program(record((V: Links) => staples(V, 0) as never, U)),
    "wilson force": program(record((V: Links) => valueAndGrad(plaquettes)(V) as never, U)),
    stout: program(record((V: Links) => stoutStep(V) as never, U)),
    "stout force": program(record((V: Links) => valueAndGrad((W: Links) => plaquettes(stoutStep(W)))(V) as never, U)),
    "second derivative": program(record(((V: Links, W: never) => hvp((Y: Links) => plaquettes(stoutStep(Y)))(V, W)) as never, U as never, X as never)),
    "staggered D": program(record((V: Links, x: Vector) => staggeredD(V, x) as never, U, chi)),
    "staggered D, odd to even": program(record((V: Links, x: Vector) => staggeredD(V, x) as never, U, odd)),
    "staggered force": program(record(((V: Links, x: Vector) => grad((W: Links) => sum(dot(staggeredD(W, x), staggeredD(W, x))))(V)) as never, U as never, chi as never)),
    cask: program(record((V: Links) => valueAndGrad((W: Links) => networks.evaluate(W as never, networks.inputs as never))(V) as never, U)),
  };
}
