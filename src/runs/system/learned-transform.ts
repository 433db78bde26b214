/** The field transformation of a run while its weights are trained: the target and the map of the run are those of the newest weights. */
import type { LinkField } from "../../autograd/index.ts";
import { type AnyBijection, type Bijection, fieldTransformed } from "../../flows/index.ts";
import type { Target } from "../../samplers/index.ts";
import { EffectiveAction } from "../../training/index.ts";
import type { AnyAction, LearnedTransform } from "../system-types.ts";

/** S(F(V)) - log det as a target that follows the weights. */
export function learnedTransform(gauge: AnyAction, F: AnyBijection, smoother: AnyAction): LearnedTransform & { readonly target: Target } {
  const effective = new EffectiveAction(fieldTransformed(gauge, F as Bijection<number, unknown>) as AnyAction, ["transform"]);
  let [now, map] = [effective, F];
  return {
    effective, smoother,
    get map() {
      return map;
    },
    use(theta) {
      now = effective.with(theta);
      map = F.with(now.input("transform") as never);
    },
    target: { name: effective.name, value: (V) => now.value(V), force: (V, into) => now.force(V, into) },
  };
}

/** Goes on with other weights at the same U = F(V): V moves. */
export function takeWeights(learned: LearnedTransform, V: LinkField, theta: ArrayLike<number>): void {
  using U = learned.map.image(V).links;
  learned.use(theta);
  using next = learned.map.inverse(U);
  V.copyFrom(next);
}
