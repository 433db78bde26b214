/**
 * Gauge actions S = beta sum_n sum_k c_k sum_{loops of type k} (1 - Re tr(loop)/N). With c1 = 0, -1/12, -0.331, -1.4088 and c0 = 1 - 8 c1:
 * Wilson, tree-level Symanzik (Luescher-Weisz), Iwasaki, DBW2.
 */
import { type Links, type Scalar, scale } from "../autograd/index.ts";
import { GaugeAction } from "./action.ts";
import { loopEnergy } from "./loop-action.ts";
import { namedLoops } from "./loop-set.ts";
import { loopSum } from "./loops.ts";

/** Sum over sites and planes of Re tr P / N. */
export function plaquetteSum(U: Links): Scalar {
  return loopSum(U, namedLoops(U.lattice, "plaquette"));
}

/** Sum over sites of Re tr R / N of the rectangles, two links along mu and one along nu, all mu != nu. */
export function rectangleSum(U: Links): Scalar {
  return loopSum(U, namedLoops(U.lattice, "rectangle"));
}

function improved(name: string, c1: number, beta: number): GaugeAction<number, { beta: number }> {
  const loops = c1 === 0 ? ([{ name: "plaquette" }] as const) : ([{ name: "plaquette" }, { name: "rectangle" }] as const);
  return new GaugeAction(name, { beta }, (U, { beta: b }) => scale(b, loopEnergy(U, loops, [1 - 8 * c1, c1])));
}

/** Gauge actions by name; beta = 2N/g0^2 (U(1): the coefficient of 1 - cos theta). The constant is included: a cold field has S = 0. */
export const gaugeAction = {
  /** Plaquettes alone. */
  wilson: ({ beta }: { beta: number }) => improved("Wilson", 0, beta),
  /** Tree-level Symanzik (Luescher-Weisz), c1 = -1/12. */
  symanzik: ({ beta }: { beta: number }) => improved("Symanzik", -1 / 12, beta),
  /** c1 = -0.331 */
  iwasaki: ({ beta }: { beta: number }) => improved("Iwasaki", -0.331, beta),
  /** c1 = -1.4088 */
  dbw2: ({ beta }: { beta: number }) => improved("DBW2", -1.4088, beta),
} as const;
