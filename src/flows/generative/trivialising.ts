/** The learned trivialising flow (arXiv:2212.08469): coefficients of the loop operators, linear between knots in t, trained from the action of order t. */
import { type AlgebraField, type Lattice, type LinkField, type Links, kind, number, scope } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { GaugeAction, type Group, aGroup, geometricCharge, hot, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { type FlowCoefficients, type FlowScheme, MaskedFlow, actionFlow, coefficientAt, trivialisingAction } from "../action-flow.ts";
import { type OperatorName, operatorsOf } from "../loop-operators.ts";
import { type BatchGradient, type Deal, type FlowObjective, type FlowSample, type GenerativeModel, type TargetAction, type WeightSpread, here } from "./generative-model.ts";
import { linkModel } from "./model.ts";
import { SAMPLING } from "./recorded-model.ts";
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
  /** Steps in time; default 10. */
  readonly steps?: number;
  /** How the flow is integrated; default "masked", whose log det is that of the map. */
  readonly scheme?: FlowScheme;
  /** Knots of the coefficients in t; default 2, affine. */
  readonly knots?: number;
  /** Coefficients to start from; default those of order t. */
  readonly coefficients?: FlowCoefficients;
}

/** Coefficients by name from a flat list, all knots of an operator after another. */
const coefficientsOf = (names: readonly OperatorName[], knots: number, theta: Float64Array): FlowCoefficients => Object.fromEntries(names.map((name, k) => [name, Array.from(theta.subarray(k * knots, (k + 1) * knots))])) as FlowCoefficients;

/** The model of the masked scheme, half step by half step: nothing but single half steps is recorded, and links are kept at the beginning of steps only. */
class MaskedModel implements GenerativeModel {
  readonly name: string;
  readonly size: number;
  readonly objectives = ["reverse-kl"] as const;
  readonly #options: TrivialisingFlowOptions;
  readonly #names: readonly OperatorName[];
  readonly #knots: number;
  readonly #first: Float64Array;
  readonly #flow: MaskedFlow;
  readonly #action: { value(U: LinkField): number; force(U: LinkField): AlgebraField };

  constructor(name: string, options: TrivialisingFlowOptions, names: readonly OperatorName[], first: FlowCoefficients, steps: number) {
    this.name = name;
    this.#options = options;
    this.#names = names;
    this.#first = Float64Array.from(names.flatMap((n) => first[n]!));
    this.size = this.#first.length;
    this.#knots = this.size / names.length;
    this.#flow = new MaskedFlow(steps);
    this.#action = asGaugeAction(options.action);
  }

  start(): Float64Array {
    return this.#first.slice();
  }

  #draw(index: number): LinkField {
    const { lattice, group, seed } = this.#options;
    return hot(lattice, group, { seed, stream: index }) as LinkField;
  }

  sample(theta: Float64Array, index: number): FlowSample {
    return this.#drawn(theta, SAMPLING + index, (U, logDet) => {
      const action = this.#action.value(U);
      return { index, logWeight: logDet - action, action, values: measured(U) };
    });
  }

  /** What `use` makes of the image of random links and its log det. */
  #drawn<T>(theta: Float64Array, index: number, use: (U: LinkField, logDet: number) => T): T {
    return scope(() => {
      const { links, logDet } = this.#flow.image(this.#draw(index), coefficientsOf(this.#names, this.#knots, theta));
      return use(links, logDet);
    });
  }

  samples(theta: Float64Array, indices: readonly number[]): readonly FlowSample[] {
    return indices.map((index) => this.sample(theta, index));
  }

  gradient(theta: Float64Array, indices: readonly number[], objective: FlowObjective = "reverse-kl", deal: Deal = here): BatchGradient {
    if (objective !== "reverse-kl") throw new ConfigurationError(`${this.name}: got the objective ${String(objective)}, expected reverse-kl: nothing but single half steps of the masked scheme is recorded`);
    const gradient = new Float64Array(this.size);
    const logWeights = Float64Array.from(deal(indices, (index) => this.#slope(theta, index)), ({ logWeight, slope }) => {
      slope.forEach((g, i) => (gradient[i]! -= g / indices.length));
      return logWeight;
    });
    return { loss: -mean(logWeights), logWeights, gradient };
  }

  spread(theta: Float64Array, indices: readonly number[]): WeightSpread {
    const logWeights = Float64Array.from(indices, (index) => this.#logWeight(theta, index));
    const average = mean(logWeights);
    const own = (): Float64Array[] => this.#rows(theta, indices);
    let rows: Float64Array[] | undefined;
    return {
      logWeights,
      residuals: logWeights.map((x) => x - average),
      // trial steps look at the values alone
      get jacobian() {
        return (rows ??= own());
      },
    };
  }

  /** Derivatives of log w minus their mean. */
  #rows(theta: Float64Array, indices: readonly number[]): Float64Array[] {
    const rows = indices.map((index) => this.#slope(theta, index).slope);
    const average = rows[0]!.map((_, i) => mean(rows.map((r) => r[i]!)));
    return rows.map((r) => r.map((x, i) => x - average[i]!));
  }

  #logWeight(theta: Float64Array, index: number): number {
    return this.#drawn(theta, index, (U, logDet) => logDet - this.#action.value(U));
  }

  /** log w of a sample and its derivatives. */
  #slope(theta: Float64Array, index: number): { readonly logWeight: number; readonly slope: Float64Array } {
    const { loss, gradient } = scope(() => {
      const { links: _, ...found } = this.#flow.gradient(this.#draw(index), coefficientsOf(this.#names, this.#knots, theta), this.#action);
      return found;
    });
    return { logWeight: -loss, slope: Float64Array.from(this.#names.flatMap((n) => gradient[n]!), (x) => -x) };
  }
}

const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((a, b) => a + b, 0) / x.length;
const measured = (U: LinkField): Readonly<Record<string, number>> => ({ plaquette: plaquettes(U).mean, ...(U.lattice.dim === 2 && U.N === 1 ? { charge: geometricCharge(U) } : {}) });
/** An action by its recorded function, with value and force on fields. */
const asGaugeAction = ({ inputs, evaluate }: TargetAction): GaugeAction => new GaugeAction("target", inputs, evaluate as never);

/** A generative model of links. In the masked scheme its log weights are exact; in the Runge-Kutta scheme they are those of the flow, exact to O(1/steps^3): see `stepError`. */
export function trivialisingFlow(options: TrivialisingFlowOptions): GenerativeModel {
  guard("trivialisingFlow", { options: [options, is.keysOf("lattice", "group", "action", "seed", "beta", "steps", "knots", "coefficients", "scheme")] });
  const { lattice, group, action, seed, beta, steps = 10, knots = 2, scheme = "masked" } = options;
  guard("trivialisingFlow", { steps: [steps, is.count], knots: [knots, is.count], beta: [beta, is.finite], scheme: [scheme, is.oneOf("masked", "runge-kutta")] });
  guard("trivialisingFlow", { lattice: [lattice, kind.lattice], group: [group, aGroup], seed: [seed, is.natural], action: [action, is.withMethods("an action", "evaluate")] });
  const given = options.coefficients ?? trivialisingAction({ beta, N: group.N });
  const names = options.coefficients ? (Object.keys(given) as OperatorName[]) : operatorsOf(group.N);
  const first = Object.fromEntries(names.map((name) => [name, Array.from({ length: knots }, (_, k) => coefficientAt(given[name] ?? [0], knots === 1 ? 1 / 2 : k / (knots - 1)))])) as FlowCoefficients;
  const name = `trivialising flow of ${names.length} operators with ${knots} knots`;
  const F = actionFlow({ coefficients: first, steps, scheme });
  if (scheme === "masked") return new MaskedModel(name, options, names, first, steps);
  return linkModel({
    name, lattice, group, seed,
    weights: Object.fromEntries(names.map((n) => [n, Array.from({ length: knots }, () => scalarWeight())])),
    start: () => Float64Array.from(names.flatMap((n) => first[n]!)),
    image: (V, coefficients) => F.forward(V as Links, { coefficients } as never),
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => measured(U as LinkField),
  });
}
