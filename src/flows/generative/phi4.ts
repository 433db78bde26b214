/**
 * Scalar phi^4 theory and its coupling flow (arXiv:1904.12072): S = sum_n [ sum_mu (phi(n + mu) - phi(n))^2 + m^2 phi^2 + lambda phi^4 ]. Sites of one parity move,
 * phi' = phi e^s + t, s and t from networks on the others: t odd and s even, so that the model is symmetric under phi -> -phi.
 */
import { type Lattice, type Real, type Scalar, add, exponential, kind, mask, neg, number, scale, square, sub, sum, tanh } from "../../autograd/index.ts";
import { GeometryError } from "../../errors.ts";
import { type Phi4Inputs, scalarAction, scalarMoments } from "../../gauge/index.ts";
import { guard, is } from "../../util/index.ts";
import { type GenerativeModel, scalarModel } from "./model.ts";
import { type TracedScalarNetwork, scalarNetwork, scalarNetworkWeights } from "./scalar-network.ts";
import type { WeightTree } from "./weights.ts";

/** Size of the flow. */
export interface Phi4FlowOptions extends Phi4Inputs {
  readonly lattice: Lattice;
  readonly seed: number;
  /** Coupling layers, alternating in parity; default 16. */
  readonly layers?: number;
  /** Half the real channels of the networks; default 4. */
  readonly channels?: number;
  /** Convolutions of a network; default 3. */
  readonly depth?: number;
}

type TracedLayer = { readonly s: TracedScalarNetwork; readonly t: TracedScalarNetwork };

/** phi_a' = phi_a e^s + t, or phi_a = (phi_a' - t) e^(-s). */
function layerOf(phi: Real, parity: number, w: TracedLayer, back = false): { readonly field: Real; readonly logDet: Scalar } {
  const on = (x: Real, p: number): Real => mask(x, p === 0 ? "even" : "odd", (at) => at.reduce((a, b) => a + b, 0) % 2 === p);
  const frozen = on(phi, 1 - parity);
  const active = on(phi, parity);
  // an odd network of phi, and one of phi^2
  const t = on(scalarNetwork(frozen, w.t, "tanh"), parity);
  const s = on(tanh(scalarNetwork(square(frozen), w.s)), parity);
  if (back) return { field: add(frozen, scale(exponential(neg(s)), sub(active, t))), logDet: neg(sum(s)) };
  return { field: add(frozen, scale(exponential(s), active), t), logDet: sum(s) };
}

/** One layer after the other. */
function through(phi: Real, layers: readonly ((x: Real) => ReturnType<typeof layerOf>)[]): ReturnType<typeof layerOf> {
  let field = phi;
  const terms = layers.map((layer) => {
    const image = layer(field);
    field = image.field;
    return image.logDet;
  });
  return { field, logDet: add(terms[0]!, ...terms.slice(1)) };
}

/** A generative model of exp(-S) for phi^4. @throws GeometryError for odd extents. */
export function phi4Flow(options: Phi4FlowOptions): GenerativeModel {
  guard("phi4Flow", { options: [options, is.keysOf("lattice", "seed", "m2", "lambda", "layers", "channels", "depth")] });
  const { lattice, seed, layers = 16, channels = 4, depth = 3, m2, lambda } = options;
  guard("phi4Flow", { lattice: [lattice, kind.lattice], m2: [m2, is.finite], lambda: [lambda, is.finite], seed: [seed, is.integer], layers: [layers, is.count], channels: [channels, is.count], depth: [depth, is.count] });
  if (!lattice.bipartite) throw new GeometryError(`phi4Flow: got ${lattice}, expected even extents: parity does not close around the lattice otherwise`);
  const action = scalarAction.phi4({ m2, lambda });
  const weights: WeightTree = Array.from({ length: layers }, () => ({
    s: scalarNetworkWeights(lattice, { width: 2 * channels, depth, biases: true }),
    t: scalarNetworkWeights(lattice, { width: 2 * channels, depth, biases: false }),
  }));
  return scalarModel({
    name: `phi^4 coupling flow of ${layers} layers`, lattice, weights, seed,
    image: (z, p: readonly TracedLayer[]) => through(z, p.map((w, k) => (phi: Real) => layerOf(phi, k % 2, w))),
    inverse: (phi, p: readonly TracedLayer[]) => through(phi, p.map((w, k) => (x: Real) => layerOf(x, k % 2, w, true)).toReversed()),
    action: (phi) => action.evaluate({ phi }, { m2: number(phi.tape, m2), lambda: number(phi.tape, lambda) }),
    measure: (phi) => scalarMoments(phi),
  });
}
