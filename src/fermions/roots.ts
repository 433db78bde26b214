/**
 * k fields in place of one, det R = prod_{j <= k} det R^{1/k}: S = sum_j phi_j^+ R^{-1/k} phi_j. The noise that the fields bring into a Metropolis step has
 * the variance Tr K^2 of each times k, with K k times smaller: 1/k, down to that of the exact determinant.
 */
import { type Field, type LinkField, type Links, type Scalar, type Vector, type VectorType, add } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { GaugeAction } from "../gauge/index.ts";
import { type RandomStream, guard, is } from "../util/index.ts";
import { type DiracOperator, type OperatorParameters, anOperator } from "./operator.ts";
import { type PseudofermionOptions, type Pseudofermions, pseudofermions } from "./pseudofermions.ts";

/** Inputs of the action of several fields: the operator's parameters and the fields. */
export type RootInputs<N extends number, P extends OperatorParameters> = P & { readonly phi: readonly Field<VectorType<N>>[] };

/** Pseudofermions in k fields, which are drawn together. */
export interface RootPseudofermions<N extends number = number, P extends OperatorParameters = { readonly mass: number }> extends Pick<Pseudofermions<N, P>, "name" | "value" | "force" | "valueAndForce" | "index" | "refresh" | "solveError"> {
  readonly fields: readonly Pseudofermions<N, P>[];
  readonly action: GaugeAction<N, RootInputs<N, P>>;
  readonly forceAction: GaugeAction<N, RootInputs<N, P>>;
}

/** Numbers that the fields of one chain have for each of these. */
const APART = 64;

/**
 * N_f flavours in `roots` fields of N_f / roots each. With a heavier mass as numerator, `numerator: staggered({ mass: 0.4 })`, they are a ratio whose noise
 * alone enters the Metropolis step, beside a field (or the exact determinant) of that mass. Options as for `pseudofermions`.
 * @throws ConfigurationError for a number of roots that is not a positive integer of at most 64, else as `pseudofermions`.
 */
export function rootPseudofermions<N extends number, P extends OperatorParameters>(operator: DiracOperator<P>, options: PseudofermionOptions<N> & { readonly roots: number }): RootPseudofermions<N, P> {
  guard("rootPseudofermions", { operator: [operator, anOperator], options: [options, is.object] });
  const { roots, flavours, index, ...rest } = options;
  if (!Number.isInteger(roots) || roots < 1 || roots > APART) throw new ConfigurationError(`rootPseudofermions: got roots = ${roots}, expected an integer from 1 to ${APART}`);
  const fields = Array.from({ length: roots }, () => pseudofermions(operator, { ...rest, flavours: flavours / roots }));
  const [first] = fields as [Pseudofermions<N, P>];
  const name = `${first.name} in ${roots} fields of Nf=${flavours}`;
  const sumOf = (which: "action" | "forceAction"): GaugeAction<N, RootInputs<N, P>> => {
    const evaluate = (U: Links<N>, { phi, ...parameters }: { phi: readonly Vector<N>[] } & { [name: string]: Scalar }): Scalar => {
      const [head, ...tail] = fields.map((f, k) => f[which].evaluate(U, { ...parameters, phi: phi[k]! } as never));
      return add(head!, ...tail);
    };
    const accept = (inputs: RootInputs<N, P>): void => fields.forEach((f, k) => f[which].accept({ ...inputs, phi: inputs.phi[k]! } as never));
    return new GaugeAction(name, { ...operator.parameters, phi: fields.map((f) => f.phi) } as RootInputs<N, P>, evaluate as never, { accept });
  };
  const action = sumOf("action");
  const forceAction = fields.every((f) => f.forceAction === f.action) ? action : sumOf("forceAction");
  return {
    name,
    fields,
    action,
    forceAction,
    index,
    value: (U) => action.value(U),
    force: (U, into) => forceAction.force(U, into),
    valueAndForce: (U, into) => action.valueAndForce(U, into),
    refresh: (U: LinkField<N>, trajectory: number, random: RandomStream, own = 0) => fields.forEach((f, k) => f.refresh(U, trajectory, random, (index ?? own) + APART * k)),
    solveError: (U) => fields.reduce((s, f) => s + f.solveError(U), 0),
  };
}
