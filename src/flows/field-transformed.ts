/** Field transformations: S(F(V)) - log det F_*(V) as an action of V, so that any sampler of actions samples U = F(V) ~ exp(-S). */
import { type Links, type Scalar, type TracedOf, sub } from "../autograd/index.ts";
import { GaugeAction } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";
import { Bijection } from "./bijection.ts";

/** Inputs of a transformed action: those of the action, and the parameters of the map. */
export interface TransformedInputs<I, P> {
  readonly action: I;
  readonly transform: P;
}

/**
 * S_FT(V) = S(F(V)) - log det F_*(V) (arXiv:0907.5491): an action like any other, with value, force and parameter gradient from one recording. Samplers make
 * chains of V ~ exp(-S_FT); observables are measured on U = F(V), `F.apply(V)`, whose distribution is exp(-S). A chain starts from V = F^-1(U).
 * @throws NaNError, when it is used, with the site where a determinant is not positive.
 */
export function fieldTransformed<N extends number, I, P>(S: GaugeAction<N, I>, F: Bijection<NoInfer<N>, P> | Bijection<number, P>): GaugeAction<N, TransformedInputs<I, P>> {
  guard("fieldTransformed", { "the action": [S, is.instanceOf(GaugeAction, "a recorded action")], "the map": [F, is.instanceOf(Bijection, "a bijection: a plain layer has no log det")] });
  const evaluate = (V: Links<N>, inputs: TransformedInputs<TracedOf<I>, TracedOf<P>>): Scalar => {
    const { links, logDet } = (F as Bijection<N, P>).forward(V, inputs.transform);
    return sub(S.evaluate(links, inputs.action), logDet);
  };
  const accept = (inputs: TransformedInputs<I, P>): void => S.accept(inputs?.action);
  return new GaugeAction<N, TransformedInputs<I, P>>(`${S.name} of ${F.name}`, { action: S.inputs, transform: F.parameters }, evaluate as never, { accept });
}

