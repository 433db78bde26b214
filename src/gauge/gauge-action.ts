/**
 * Gauge actions S = beta sum_n sum_k c_k sum_{loops of type k} (1 - Re tr(loop)/N). With c1 = 0, -1/12, -0.331, -1.4088 and c0 = 1 - 8 c1:
 * Wilson, tree-level Symanzik (Luescher-Weisz), Iwasaki, DBW2.
 */
import { type Links, type Real, type Scalar, add, number, reTrace, scale, scaleBy, sub, sum } from "../autograd/index.ts";
import { GaugeAction } from "./action.ts";
import { pathProduct, plaquette } from "./loops.ts";

/** Sum over sites and planes of Re tr P / N. */
export function plaquetteSum(U: Links): Scalar {
  const terms: Real[] = [];
  for (let mu = 0; mu < U.dim; mu++) for (let nu = mu + 1; nu < U.dim; nu++) terms.push(reTrace(plaquette(U, mu, nu)));
  return scaleBy(1 / U.N, sum(add(terms[0]!, ...terms.slice(1))));
}

/** Sum over sites of Re tr R / N of the rectangles, two links along mu and one along nu, all mu != nu. */
export function rectangleSum(U: Links): Scalar {
  const terms: Real[] = [];
  for (let mu = 0; mu < U.dim; mu++)
    for (let nu = 0; nu < U.dim; nu++) if (nu !== mu) terms.push(reTrace(pathProduct(U, [mu + 1, mu + 1, nu + 1, -mu - 1, -mu - 1, -nu - 1])));
  return scaleBy(1 / U.N, sum(add(terms[0]!, ...terms.slice(1))));
}

function planes(U: Links): number {
  return (U.lattice.volume * U.dim * (U.dim - 1)) / 2;
}

function wilson({ beta }: { beta: number }): GaugeAction<number, { beta: number }> {
  return new GaugeAction("Wilson", { beta }, (U, { beta: b }) => {
    const p = plaquetteSum(U);
    return scale(b, sub(number(p.tape, planes(U)), p));
  });
}

function improved(name: string, c1: number, beta: number): GaugeAction<number, { beta: number }> {
  return new GaugeAction(name, { beta }, (U, { beta: b }) => {
    const [p, r] = [plaquetteSum(U), rectangleSum(U)];
    const n = planes(U);
    return scale(b, add(scaleBy(1 - 8 * c1, sub(number(p.tape, n), p)), scaleBy(c1, sub(number(p.tape, 2 * n), r))));
  });
}

/** Gauge actions by name; beta = 2N/g0^2 (U(1): the coefficient of 1 - cos theta). The constant is included: a cold field has S = 0. */
export const gaugeAction = {
  wilson,
  /** Tree-level Symanzik (Luescher-Weisz), c1 = -1/12. */
  symanzik: ({ beta }: { beta: number }) => improved("Symanzik", -1 / 12, beta),
  /** c1 = -0.331 */
  iwasaki: ({ beta }: { beta: number }) => improved("Iwasaki", -0.331, beta),
  /** c1 = -1.4088 */
  dbw2: ({ beta }: { beta: number }) => improved("DBW2", -1.4088, beta),
} as const;
