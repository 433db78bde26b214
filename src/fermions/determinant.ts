/**
 * Fermions without pseudofermions: the weight det[M / V]^{N_f / f} as a function of the links alone, S = -(N_f / f) (ln |det M| - ln |det V|), where one |det M|
 * has f flavours and V is the Pauli-Villars field or any numerator. Its force is exact too: no noise enters a Metropolis step, and as a guide of self-learning
 * HMC it needs nothing of the target. Dense matrices: for lattices of some thousand sites at most.
 */
import { kind, type Links, type Scalar, add, logDet, number, scaleBy, sub } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { GaugeAction } from "../gauge/index.ts";
import { type DiracOperator, type OperatorParameters, anOperator, mapsOf, typeOf } from "./operator.ts";
import { guard, is } from "../util/index.ts";

/** Options of an exact determinant. */
export interface DeterminantOptions {
  /** Number of flavours N_f, any positive number: no roots of operators are needed. */
  readonly flavours: number;
  /** V; default the operator's Pauli-Villars field. */
  readonly numerator?: DiracOperator;
}

const isEven = (x: number): boolean => Number.isInteger(x / 2);

/** ln |det M| of an operator on traced links, without its Pauli-Villars field unless it takes its own way. With `positive` a determinant that is not positive is an error. */
function logDetOf<N extends number, P extends OperatorParameters>(operator: DiracOperator<P>, U: Links<N>, parameters: { readonly [K in keyof P]: Scalar }, positive: boolean): Scalar {
  if (operator.logDet) return operator.logDet(U, parameters, positive);
  const M = logDet(mapsOf(operator, U, parameters).D, typeOf(operator, U.lattice, U.N), U, positive ? { positive } : {});
  return operator.eliminated ? add(M, operator.eliminated(U, parameters)) : M;
}

/**
 * -ln of the exact weight of N_f flavours, `determinantAction(staggered({ mass: 0.3 }), { flavours: 4 })`, for any operator; a target, a guide and a part of
 * other actions like every gauge action. Its inputs are the operator's parameters, so that `parameterGradient` gives the condensate, dS/dm =
 * -(N_f / f) Re tr M^{-1}. Operators whose |det M| has a sign of its own (all but staggered ones) must have a positive determinant for odd N_f / f.
 * @throws ConfigurationError for flavours that are not positive; value and force throw GeometryError for more than 6144 dense rows and SolverError for
 * determinants that vanish or are negative where they must not be.
 */
export function determinantAction<N extends number, P extends OperatorParameters>(operator: DiracOperator<P>, options: DeterminantOptions): GaugeAction<N, P> {
  guard("determinantAction", { operator: [operator, anOperator], options: [options, is.keysOf("flavours", "numerator")] });
  const { flavours } = options;
  guard("determinantAction", { numerator: [options.numerator, is.optional(anOperator)] });
  if (!(typeof flavours === "number" && flavours > 0 && Number.isFinite(flavours))) throw new ConfigurationError(`determinantAction: got ${flavours} flavours, expected a positive number`);
  const { pauliVillars, name, parameters } = operator;
  const numerator = options.numerator ?? (pauliVillars && !operator.logDet && ({ ...operator, parameters: pauliVillars } as DiracOperator as DiracOperator<OperatorParameters>));
  const evaluate = (U: Links<N>, traced: { readonly [K in keyof P]: Scalar }): Scalar => {
    guard("determinantAction", { U: [U, kind.links] });
    const weight = flavours / operator.flavours(U.lattice);
    const positive = !operator.evenBlock && !isEven(weight);
    const M = logDetOf(operator, U, traced, positive);
    if (!numerator) return scaleBy(-weight, M);
    const constants = Object.fromEntries(Object.entries(numerator.parameters).map(([key, x]) => [key, number(M.tape, x)]));
    return scaleBy(-weight, sub(M, logDetOf(numerator as DiracOperator, U, constants, positive)));
  };
  const text = Object.entries(parameters).map(([key, x]) => `${key === "mass" ? "m" : key}=${x}`);
  return new GaugeAction<N, P>([`det ${name}`, `Nf=${flavours}`, ...text].join(" "), parameters, evaluate as never);
}
