/**
 * Gauge actions S = beta sum_n sum_k c_k sum_{loops of type k} (1 - Re tr(loop)/N). With c1 = 0, -1/12, -0.331, -1.4088 and c0 = 1 - 8 c1:
 * Wilson, tree-level Symanzik (Luescher-Weisz), Iwasaki, DBW2.
 */
import { kind, type Links, type Scalar, add, number, reciprocal, scale, sub } from "../autograd/index.ts";
import { GaugeAction, type WeightedLoop } from "./action.ts";
import { loopEnergy } from "./loop-action.ts";
import { namedLoops, orientations } from "./loop-set.ts";
import { type Path, loopSum } from "./loops.ts";
import { guard, is } from "../util/index.ts";

/** Sum over sites and planes of Re tr P / N. */
export function plaquetteSum(U: Links): Scalar {
  guard("plaquetteSum", { U: [U, kind.links] });
  return loopSum(U, namedLoops(U.lattice, "plaquette"));
}

/** Sum over sites of Re tr R / N of the rectangles, two links along mu and one along nu, all mu != nu. */
export function rectangleSum(U: Links): Scalar {
  guard("rectangleSum", { U: [U, kind.links] });
  return loopSum(U, namedLoops(U.lattice, "rectangle"));
}

function improved(name: string, c1: number, options: { readonly beta: number }): GaugeAction<number, { beta: number }> {
  guard(`gaugeAction.${name}`, { options: [options, is.keysOf("beta")], beta: [options?.beta, is.finite] });
  const { beta } = options;
  const loops = c1 === 0 ? ([{ name: "plaquette" }] as const) : ([{ name: "plaquette" }, { name: "rectangle" }] as const);
  return new GaugeAction(name, { beta }, (U, { beta: b }) => scale(b, loopEnergy(U, loops, [1 - 8 * c1, c1])), { loops: ({ dim }, { beta: b }) => timesBeta(b, gaugeLoops(dim, c1)) });
}

/** Couplings of an anisotropic lattice: beta_s = beta / xi in space and beta_t = beta xi in planes with time. */
export interface AnisotropicCouplings {
  readonly beta: number;
  /** Bare anisotropy xi = sqrt(beta_t / beta_s). */
  readonly xi: number;
}

/** Closed paths in space, and those with links along time, the last direction. */
export function alongTime(dim: number, paths: readonly Path[]): { readonly space: readonly Path[]; readonly time: readonly Path[] } {
  guard("alongTime", { dim: [dim, is.oneOf(1, 2, 3, 4)], paths: [paths, is.listOf(is.listOf(is.integer))] });
  const inTime = (path: Path): boolean => path.some((s) => Math.abs(s) === dim);
  return { space: paths.filter((p) => !inTime(p)), time: paths.filter(inTime) };
}

/** c0 = 1 - 8 c1 on the plaquettes and c1 on the rectangles, over xi in space and times xi with time: S/beta of the gauge actions. */
export function gaugeLoops(dim: number, c1 = 0, xi = 1): WeightedLoop[] {
  guard("gaugeLoops", { dim: [dim, is.oneOf(1, 2, 3, 4)], c1: [c1, is.finite], xi: [xi, is.positive] });
  const weighted = (shape: Path, c: number): WeightedLoop[] => {
    const paths = orientations(shape, dim);
    const { time } = alongTime(dim, paths);
    return paths.map((path) => ({ path, weight: time.includes(path) ? c * xi : c / xi }));
  };
  const plaquettes = weighted([1, 2, -1, -2], 1 - 8 * c1);
  return c1 === 0 ? plaquettes : [...plaquettes, ...weighted([1, 1, 2, -1, -1, -2], c1)];
}

const timesBeta = (beta: number, loops: readonly WeightedLoop[]): WeightedLoop[] => loops.map(({ path, weight }) => ({ path, weight: beta * weight }));

/** c0 (c1) times the plaquettes (rectangles), those in space over xi, those with time times xi. */
function anisotropic(options: AnisotropicCouplings & { readonly c1?: number }): GaugeAction<number, { beta: number; xi: number }> {
  guard("gaugeAction.anisotropic", { options: [options, is.keysOf("beta", "xi", "c1")], beta: [options?.beta, is.finite], xi: [options?.xi, is.positive] });
  const { beta, xi, c1 = 0 } = options;
  guard("gaugeAction.anisotropic", { c1: [c1, is.finite] });
  return new GaugeAction("anisotropic", { beta, xi }, (U, couplings) => {
    const { lattice } = U;
    const families = ([["plaquette", 1 - 8 * c1], ["rectangle", c1]] as const).filter(([, c]) => c !== 0);
    const terms = families.flatMap(([name, c]) => {
      const { space, time } = alongTime(lattice.dim, namedLoops(lattice, name));
      const energy = (paths: readonly Path[], factor: Scalar): Scalar[] => (paths.length === 0 ? [] : [scale(factor, scale(c, sub(number(U[0]!.tape, lattice.volume * paths.length), loopSum(U, paths))))]);
      return [...energy(space, reciprocal(couplings.xi)), ...energy(time, couplings.xi)];
    });
    return scale(couplings.beta, add(terms[0]!, ...terms.slice(1)));
  }, { loops: ({ dim }, inputs) => timesBeta(inputs.beta, gaugeLoops(dim, c1, inputs.xi)) });
}

/** Gauge actions by name; beta = 2N/g0^2 (U(1): the coefficient of 1 - cos theta). The constant is included: a cold field has S = 0. */
export const gaugeAction = {
  /** Plaquettes alone. */
  wilson: (options: { readonly beta: number }) => improved("Wilson", 0, options),
  /** Tree-level Symanzik (Luescher-Weisz), c1 = -1/12. */
  symanzik: (options: { readonly beta: number }) => improved("Symanzik", -1 / 12, options),
  /** c1 = -0.331 */
  iwasaki: (options: { readonly beta: number }) => improved("Iwasaki", -0.331, options),
  /** c1 = -1.4088 */
  dbw2: (options: { readonly beta: number }) => improved("DBW2", -1.4088, options),
  /** Different couplings in space and time, with any c1 (default 0, plaquettes alone). */
  anisotropic,
} as const;
