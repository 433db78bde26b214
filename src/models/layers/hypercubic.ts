/**
 * Hypercubic blocking in D - 1 levels (arXiv:hep-lat/0103029). With L(m; E) the link along m smeared by staples in the k directions
 * outside of E and m,
 *   L(m; E) = Norm[(1 - a) U_m + a/(2k) sum_{+-n} L(n; E+m) L(m; E+n) L(n; E+m)^+],  L = U for k = 0,
 * and a = alpha_{4-k}: in 4D alpha1 belongs to the last level (k = 3) and alpha3 to the first (k = 1). HYP: Norm in SU(N); nHYP: polar part in U(N);
 * HEX: exp(TA(a/(2k) sum .. U_m^+)) U_m in place of the projection.
 */
import { type Links, type Matrix, type Scalar, type TracedOf, add, scale, scaleBy } from "../../autograd/index.ts";
import { detour } from "../../gauge/index.ts";
import { Layer } from "../layer.ts";
import { blend, project } from "./ape.ts";
import { exponentialUpdate } from "./stout.ts";
import { guard, is } from "../../util/index.ts";

/** alpha1 for the widest level (4D only), alpha2, and alpha3 for the single plane. */
export type HypercubicParameters = { readonly alpha1: number; readonly alpha2: number; readonly alpha3: number };

type Step = (U: Matrix, average: Matrix, alpha: Scalar) => Matrix;

function hypercubic(name: string, parameters: HypercubicParameters, step: Step): Layer<number, HypercubicParameters> {
  return new Layer(name, parameters, (U: Links, p: TracedOf<HypercubicParameters>): Links => {
    const alpha = [p.alpha3, p.alpha2, p.alpha1];
    const made = new Map<string, Matrix>();
    const blocked = (m: number, excluded: readonly number[]): Matrix => {
      const key = `${m};${[...excluded].sort().join(",")}`;
      const known = made.get(key);
      if (known) return known;
      const free = Array.from({ length: U.dim }, (_, n) => n).filter((n) => n !== m && !excluded.includes(n));
      const paths = free.flatMap((n) => ([1, -1] as const).map((sign) => detour(blocked(n, [...excluded, m]), blocked(m, [...excluded, n]), m, n, sign)));
      const link = paths.length === 0 ? U[m]! : step(U[m]!, scaleBy(1 / paths.length, add(paths[0]!, ...paths.slice(1))), alpha[free.length - 1]!);
      made.set(key, link);
      return link;
    };
    return U.map((m) => blocked(m, [])) as Links;
  });
}

const customary: HypercubicParameters = { alpha1: 0.75, alpha2: 0.6, alpha3: 0.3 };
const customaryHex: HypercubicParameters = { alpha1: 0.95, alpha2: 0.76, alpha3: 0.38 };

/** HYP layer with SU(N) projections; weights that are left out are (0.75, 0.6, 0.3). All weights zero: the identity. */
export function hyp(parameters: Partial<HypercubicParameters> = {}): Layer<number, HypercubicParameters> {
  guard("hyp", { parameters: [parameters, is.keysOf("alpha1", "alpha2", "alpha3")] });
  return hypercubic("HYP", { ...customary, ...parameters }, (U, average, alpha) => project(blend(U, average, alpha), "SU"));
}

/** nHYP layer: as HYP with U(N) polar parts, which have simpler forces than SU(N) projections. */
export function nhyp(parameters: Partial<HypercubicParameters> = {}): Layer<number, HypercubicParameters> {
  guard("nhyp", { parameters: [parameters, is.keysOf("alpha1", "alpha2", "alpha3")] });
  return hypercubic("nHYP", { ...customary, ...parameters }, (U, average, alpha) => project(blend(U, average, alpha), "U"));
}

/** HEX layer: hypercubic levels with stout steps; weights that are left out are (0.95, 0.76, 0.38). All weights zero: the identity. */
export function hex(parameters: Partial<HypercubicParameters> = {}): Layer<number, HypercubicParameters> {
  guard("hex", { parameters: [parameters, is.keysOf("alpha1", "alpha2", "alpha3")] });
  return hypercubic("HEX", { ...customaryHex, ...parameters }, (U, average, alpha) => exponentialUpdate(U, scale(alpha, average)));
}
