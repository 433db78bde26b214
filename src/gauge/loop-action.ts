/** Loop actions S = beta sum_n sum_k w_k sum_{loops of family k} (1 - Re tr(loop)/N), linear in traces of closed paths. */
import { kind, type Lattice, type Links, type Scalar, type TracedOf, add, number, scale, sub } from "../autograd/index.ts";
import { GaugeAction } from "./action.ts";
import { type LoopName, namedLoops } from "./loop-set.ts";
import { type Path, loopSum, parsePath } from "./loops.ts";
import { guard, is } from "../util/index.ts";

/** A named family of loops, or one closed path based at every site. */
export type Loop = { readonly name: LoopName } | { readonly path: Path | string };

/** Coefficients of a loop action. */
export interface LoopActionInputs {
  readonly beta: number;
  /** One weight a family, in the order of the loops. */
  readonly weights: readonly number[];
}

/** The closed paths of a loop or family. @throws GeometryError, CovarianceError for unknown names and steps. */
export function pathsOf(lattice: Lattice, loop: Loop): Path[] {
  guard("pathsOf", { lattice: [lattice, kind.lattice], loop: [loop, is.object] });
  guard("pathsOf", { loop: [loop, is.withFields("a loop, { name } or { path }", "name" in loop ? "name" : "path")] });
  if ("name" in loop) return namedLoops(lattice, loop.name);
  return [typeof loop.path === "string" ? parsePath(lattice, loop.path) : loop.path];
}

/** sum_n sum_k w_k sum_{loops} (1 - Re tr(loop)/N): S/beta. Weights are numbers or traced. */
export function loopEnergy(U: Links, loops: readonly Loop[], weights: readonly (number | Scalar)[]): Scalar {
  guard("loopEnergy", { U: [U, kind.links], loops: [loops, is.listOf(is.object, 1)], weights: [weights, is.listOf(kind.coefficient, 1)] });
  const { lattice } = U;
  const terms = loops.map((loop, k) => {
    const paths = pathsOf(lattice, loop);
    const traces = loopSum(U, paths);
    return scale(weights[k]!, sub(number(traces.tape, lattice.volume * paths.length), traces));
  });
  return add(terms[0]!, ...terms.slice(1));
}

/**
 * An action from any set of loops, for instance
 * `loopAction({ beta: 2.2, loops: [{ name: "plaquette", weight: 1 }, { name: "polyakov-t", weight: 0.1 }, { path: "+x +y -x -y", weight: 0.2 }] })`.
 * A name stands for the whole family with one weight, a path for itself alone, based at every site (a line around the torus of length L
 * therefore counts L times). Inputs: beta and the weights, so that `parameterGradient` differentiates with respect to both.
 * @throws GeometryError without loops.
 */
export function loopAction<N extends number = number>(options: { readonly beta: number; readonly loops: readonly (Loop & { readonly weight: number })[] }): GaugeAction<N, LoopActionInputs> {
  guard("loopAction", { options: [options, is.keysOf("beta", "loops")] });
  const { beta, loops } = options;
  guard("loopAction", { beta: [beta, is.finite], loops: [loops, is.listOf(is.object, 1)] });
  for (const loop of loops) guard("loopAction", { "a loop": [loop, is.either(is.keysOf("name", "weight"), is.keysOf("path", "weight"))], weight: [loop.weight, is.finite] });
  const name = `loops ${loops.map((l) => ("name" in l ? l.name : String(l.path))).join(" + ")}`;
  return new GaugeAction<N, LoopActionInputs>(name, { beta, weights: loops.map((l) => l.weight) }, ((U: Links, { beta: b, weights }: TracedOf<LoopActionInputs>) =>
    scale(b, loopEnergy(U, loops, weights))) as never, { loops: (lattice, inputs) => loops.flatMap((l, k) => pathsOf(lattice, l).map((path) => ({ path, weight: inputs.beta * inputs.weights[k]! }))) });
}
