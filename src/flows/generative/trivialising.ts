/** The learned trivialising flow (arXiv:2212.08469): coefficients of the loop operators, linear between knots in t, trained from the action of order t. */
import { type Lattice, type Links, number } from "../../autograd/index.ts";
import { type Group, geometricCharge, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { type FlowCoefficients, actionFlow, trivialisingAction } from "../action-flow.ts";
import { type OperatorName, operatorsOf } from "../loop-operators.ts";
import { type GenerativeModel, type TargetAction, linkModel } from "./model.ts";
import { scalarWeight } from "./weights.ts";

/** Options of `trivialisingFlow`. */
export interface TrivialisingFlowOptions {
  readonly lattice: Lattice;
  readonly group: Group;
  /** The Wilson action, or any other gauge action that is to be sampled. */
  readonly action: TargetAction;
  readonly seed: number;
  /** Coupling of the action of order t from which training starts. */
  readonly beta: number;
  /** Runge-Kutta steps; default 10. */
  readonly steps?: number;
  /** Knots of the coefficients in t; default 2, affine. */
  readonly knots?: number;
  /** Coefficients to start from; default those of order t. */
  readonly coefficients?: FlowCoefficients;
}

/** A generative model of links. Its log weights are those of the flow, exact to O(1/steps^3): see `stepError`. */
export function trivialisingFlow(options: TrivialisingFlowOptions): GenerativeModel {
  guard("trivialisingFlow", { options: [options, is.keysOf("lattice", "group", "action", "seed", "beta", "steps", "knots", "coefficients")] });
  const { lattice, group, action, seed, beta, steps = 10, knots = 2 } = options;
  guard("trivialisingFlow", { steps: [steps, is.count], knots: [knots, is.count], beta: [beta, is.finite] });
  const given = options.coefficients ?? trivialisingAction({ beta, N: group.N });
  const names = options.coefficients ? (Object.keys(given) as OperatorName[]) : operatorsOf(group.N);
  const at = (values: readonly number[], t: number): number => {
    const x = t * (values.length - 1);
    const k = Math.min(Math.floor(x), Math.max(0, values.length - 2));
    return values.length === 1 ? values[0]! : (1 - (x - k)) * values[k]! + (x - k) * values[k + 1]!;
  };
  const first = Object.fromEntries(names.map((name) => [name, Array.from({ length: knots }, (_, k) => at(given[name] ?? [0], knots === 1 ? 1 / 2 : k / (knots - 1)))])) as FlowCoefficients;
  const F = actionFlow({ coefficients: first, steps });
  return linkModel({
    name: `trivialising flow of ${names.length} operators with ${knots} knots`, lattice, group, seed,
    weights: Object.fromEntries(names.map((name) => [name, Array.from({ length: knots }, () => scalarWeight())])),
    start: () => Float64Array.from(names.flatMap((name) => first[name]!)),
    image: (V, coefficients) => F.forward(V as Links, { coefficients } as never),
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => ({ plaquette: plaquettes(U).mean, ...(lattice.dim === 2 && group.N === 1 ? { charge: geometricCharge(U) } : {}) }),
  });
}
