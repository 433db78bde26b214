/**
 * Batches whose samples lie in several places: every place evaluates the action on its own ones, and all then have all values. A loss is evaluated twice: once
 * to find what it asks of the action, in which samples of other places give zeros, and once with the sums of all places. Each number comes from one place, so that the result
 * does not depend on how the samples are dealt.
 */
import type { AlgebraField, LinkField } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { ParametricAction, ValueAndGradient } from "./effective-action.ts";
import type { TrainingSample } from "./samples.ts";

/** How samples are dealt. */
export interface Share {
  /** The numbers of this sample are here. */
  has(sample: TrainingSample): boolean;
  /** Adds the arrays of all places element by element, in place; collective. */
  sum(x: Float64Array): void;
}

/** `f` of an action that evaluates each sample where it is. `f` asks the same of it whatever the values are. */
export function evaluateShared<N extends number, T>({ has, sum }: Share, action: ParametricAction<N>, size: number, samples: readonly TrainingSample<N>[], f: (action: ParametricAction<N>) => T): T {
  const here = new Set<LinkField>(samples.filter((s) => has(s as never)).flatMap((s) => [s.U, ...(s.start ? [s.start.U] : [])]) as never);
  const found: ValueAndGradient[] = [];
  const asked = (U: LinkField<N>, evaluate: () => ValueAndGradient): ValueAndGradient => {
    const one = here.has(U as never) ? evaluate() : { value: 0, gradient: new Float64Array(size) };
    found.push(one);
    return one;
  };
  f({
    valueAndGradient: (U, fields) => asked(U, () => action.valueAndGradient(U, fields)),
    forceMismatch: (U, F: AlgebraField<N>, fields) => asked(U, () => action.forceMismatch(U, F, fields)),
  });
  const all = new Float64Array(found.length * (size + 1));
  found.forEach(({ value, gradient }, k) => {
    all[k * (size + 1)] = value;
    all.set(gradient, k * (size + 1) + 1);
  });
  // one process makes of -0 what a sum with the zeros of others makes of it
  for (let k = 0; k < all.length; k++) all[k]! += 0;
  sum(all);
  let call = 0;
  const told = (): ValueAndGradient => {
    const at = call++ * (size + 1);
    if (at >= all.length) throw new ConfigurationError("loss: got more evaluations of the action the second time, expected as many: in shards a loss asks the same whatever the values are");
    return { value: all[at]!, gradient: all.slice(at + 1, at + 1 + size) };
  };
  return f({ valueAndGradient: told, forceMismatch: told });
}
