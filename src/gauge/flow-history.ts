/** A field along its gradient flow, and what is looked at on the way. */
import { type LinkField, kind } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type Flow, type FlowOptions, gradientFlow } from "./flow.ts";
import { energyDensity, plaquettes } from "./observables.ts";
import { geometricCharge, topologicalCharge } from "./topology.ts";
import { guard, is } from "../util/index.ts";

/** One flow time, in lattice units a^2. */
export interface FlowPoint {
  readonly t: number;
  /** Mean plaquette Re tr P / N. */
  readonly plaquette: number;
  /** Energy density by the plaquettes and by the clover. */
  readonly energyPlaquette: number;
  readonly energyClover: number;
  /** Clover charge in four dimensions, that of the plaquette angles of U(1) in two; absent where none is defined. */
  readonly topologicalCharge?: number;
}

/** How far a field flows, and how often it is looked at. */
export interface FlowHistoryOptions extends FlowOptions {
  /** Flow time of the last point, to the nearest multiple of `every` steps. */
  readonly time: number;
  /** Steps between two points; default 1. */
  readonly every?: number;
}

/**
 * Plaquette, energy densities and charge of a field along its flow, t = 0 first. The field stays as it is.
 * @throws ConfigurationError for times and steps that are not positive.
 */
export function flowHistory(U: LinkField, options: FlowHistoryOptions): FlowPoint[] {
  guard("flowHistory", { U: [U, kind.configuration], options: [options, is.object] });
  const { time, every = 1, ...ofTheFlow } = options;
  guard("flowHistory", { time: [time, is.positive], every: [every, is.positive] });
  const flow = gradientFlow(ofTheFlow);
  const last = Math.round(time / (every * flow.step));
  const points: FlowPoint[] = [];
  for (const { t, V } of flowed("flowHistory", U, flow, every)) if (points.push(flowPoint(t, V)) > last) break;
  return points;
}

/** The field at t = 0 and after every so many steps, without end; V is a copy of U that is overwritten from one to the next. */
export function* flowed(who: string, U: LinkField, flow: Flow, every = 1): Generator<{ readonly t: number; readonly V: LinkField }, never, void> {
  if (!(flow.step > 0)) throw new ConfigurationError(`${who}: got the step ${flow.step}, expected a positive number`);
  const V = U.clone();
  try {
    for (let k = 0; ; k += every) {
      // k * step without the rounding of the product
      yield { t: Number((k * flow.step).toPrecision(12)), V };
      flow.advance(V, every);
    }
  } finally {
    V.dispose();
  }
}

function flowPoint(t: number, V: LinkField): FlowPoint {
  const { plaquette, clover } = energyDensity(V);
  const charge = V.lattice.dim === 4 ? topologicalCharge(V) : V.lattice.dim === 2 && V.N === 1 ? geometricCharge(V) : undefined;
  return { t, plaquette: plaquettes(V).mean, energyPlaquette: plaquette, energyClover: clover, ...(charge === undefined ? {} : { topologicalCharge: charge }) };
}
