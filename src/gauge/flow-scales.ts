/**
 * Scales of the gradient flow: t0 with t^2 <E(t)> = 0.3 (arXiv:1006.4518) and w0 with t d/dt (t^2 <E>) = 0.3 at t = w0^2 (arXiv:1203.4469).
 */
import { type LinkField, kind } from "../autograd/index.ts";
import { type FlowOptions, gradientFlow } from "./flow.ts";
import { flowed } from "./flow-history.ts";
import { energyDensity } from "./observables.ts";
import { guard, is } from "../util/index.ts";

/** How t0 (arXiv:1006.4518) and w0 (arXiv:1203.4469) are found; flow times in lattice units a^2. */
export interface FlowScaleOptions extends FlowOptions {
  /** Discretisation of E; default `clover`. */
  readonly energy?: "clover" | "plaquette";
  /** Value that defines both scales; default 0.3. */
  readonly reference?: number;
  /** Flow time at which to give up; default L^2/32 for the smallest extent L, where the smoothing radius sqrt(8t) is L/2. */
  readonly maximumTime?: number;
}

/** Scales of one field in lattice units; undefined where the reference is not reached. Scales of an ensemble come from <E>, not from means of these. */
export interface FlowScales {
  readonly t0: number | undefined;
  readonly w0: number | undefined;
  /** Flow time and energy density after every step, from t = 0. */
  readonly history: readonly { readonly t: number; readonly energy: number }[];
}

/**
 * Flows a copy of the field until both scales are known. @throws ConfigurationError for a step that is not positive.
 */
export function flowScales(U: LinkField, options: FlowScaleOptions = {}): FlowScales {
  guard("flowScales", { U: [U, kind.configuration], options: [options, is.object] });
  const { energy = "clover", reference = 0.3, maximumTime = Math.min(...U.lattice.extents) ** 2 / 32, ...ofTheFlow } = options;
  guard("flowScales", { energy: [energy, is.oneOf("clover", "plaquette")], reference: [reference, is.positive], maximumTime: [maximumTime, is.positive] });
  const flow = gradientFlow(ofTheFlow);
  const history: { t: number; energy: number }[] = [];
  let scales = scalesOf(history, reference);
  for (const { t, V } of flowed("flowScales", U, flow)) {
    history.push({ t, energy: energyDensity(V)[energy] });
    scales = scalesOf(history, reference);
    if ((scales.t0 !== undefined && scales.w0 !== undefined) || t + flow.step > maximumTime) break;
  }
  return { ...scales, history };
}

/**
 * t0 and w0 of a history of <E> at equal steps that starts at t = 0, for instance the mean over an ensemble. Derivatives by fourth-order
 * differences, crossings by cubic interpolation; undefined until two more steps are known behind the crossing.
 */
export function scalesOf(history: readonly { readonly t: number; readonly energy: number }[], reference = 0.3): { t0: number | undefined; w0: number | undefined } {
  guard("scalesOf", { history: [history, is.listOf(is.object)], reference: [reference, is.positive] });
  const step = (history[1]?.t ?? 0) - (history[0]?.t ?? 0);
  const y = history.map(({ t, energy }) => t * t * energy);
  const slope = (k: number): number => (8 * (y[k + 1]! - y[k - 1]!) - (y[k + 2]! - y[k - 2]!)) / (12 * step);
  const w = Array.from({ length: Math.max(0, y.length - 4) }, (_, k) => history[k + 2]!.t * slope(k + 2));
  const [a, b] = [crossing(y, reference), crossing(w, reference)];
  return { t0: a === undefined ? undefined : a * step, w0: b === undefined ? undefined : Math.sqrt((b + 2) * step) };
}

/** Real index at which the values first rise through the level. */
function crossing(values: readonly number[], level: number): number | undefined {
  const k = values.findIndex((v, i) => i >= 1 && i + 2 < values.length && v < level && values[i + 1]! >= level);
  if (k < 0) return undefined;
  const [p, q, r, s] = values.slice(k - 1, k + 3) as [number, number, number, number];
  // Lagrange polynomial through the four points at -1, 0, 1, 2
  const f = (x: number): number => (-p * x * (x - 1) * (x - 2)) / 6 + (q * (x + 1) * (x - 1) * (x - 2)) / 2 - (r * (x + 1) * x * (x - 2)) / 2 + (s * (x + 1) * x * (x - 1)) / 6;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < level) low = middle;
    else high = middle;
  }
  return k + low;
}
