/** The gradient flow of any action: dV/dt = -(2N/beta) F(V) V with its force F; beta is the coupling in front of the action, so that flow times are those of arXiv:1006.4518. */
import { type Algebras, type Links, type TracedOf, concreteLeaves, kind, number, scaleBy, tracedTwin, valueAndGrad } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import type { GaugeAction } from "./action.ts";
import type { FlowForce } from "./flow.ts";

const forces = new WeakMap<object, Map<number, FlowForce>>();

/**
 * What `gradientFlow({ action })` takes for an action of the links: `actionFlow(gaugeAction.iwasaki({ beta: 1 }), { beta: 1 })`. For the Wilson action it is the Wilson flow.
 * Numbers among the inputs of the action are constants of the flow.
 * @throws ConfigurationError for a beta that is zero or not finite, or an action that depends on fields beside the links.
 */
export function actionFlow<I>(action: GaugeAction<number, I>, options: { readonly beta: number }): FlowForce {
  guard("actionFlow", { action: [action, is.withMethods("an action", "evaluate")], options: [options, is.keysOf("beta")] });
  const { beta } = options;
  if (!Number.isFinite(beta) || beta === 0) throw new ConfigurationError(`actionFlow: got beta = ${beta}, expected the coupling of the action, a finite number that is not 0`);
  const leaves = concreteLeaves(action.inputs).map((l) => l.value);
  const field = leaves.find((x) => typeof x !== "number");
  if (field !== undefined) throw new ConfigurationError(`actionFlow: got ${action.name}, whose inputs hold fields, expected an action of the links and of numbers`);
  let byBeta = forces.get(action);
  if (!byBeta) forces.set(action, (byBeta = new Map()));
  let force = byBeta.get(beta);
  if (!force)
    byBeta.set(beta, (force = (V: Links): Algebras => {
      guard("actionFlow", { V: [V, kind.links] });
      const { tape } = V[0]!;
      let next = 0;
      const inputs = tracedTwin(action.inputs, () => number(tape, leaves[next++] as number)) as TracedOf<I>;
      const { grad: F } = valueAndGrad((W: Links) => action.evaluate(W as never, inputs))(V) as unknown as { readonly grad: Algebras };
      return F.map((mu) => scaleBy((V.N === 1 ? -1 : -2 * V.N) / beta, F[mu]!)) as Algebras;
    }));
  return force;
}
