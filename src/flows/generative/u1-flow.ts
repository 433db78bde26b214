/**
 * Coupling flow of two-dimensional U(1) (arXiv:2003.06413): for a direction mu and an offset o the links theta_mu(n) with n_nu = o mod 4 move so that their
 * plaquettes P(n) become f(P(n)), f a map of the circle whose parameters a network decides from the plaquettes at n_nu = o + 1 and o + 2, which hold no moving link.
 * Equivariant under gauge transformations; base Haar. Eight layers move every link once.
 */
import { type Lattice, type Links, type Scalar, channels, complex, cos, im, kind, neg, number, re, scale, sin, sum, trace } from "../../autograd/index.ts";
import { U1, geometricCharge, plaquette, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { projectionMixture } from "./circle.ts";
import { expectRows, layersThrough, rowsOf } from "./coupling.ts";
import type { GenerativeModel, TargetAction } from "./generative-model.ts";
import { linkModel } from "./model.ts";
import { type TracedNetwork, layersOf, network, networkWeights } from "./networks.ts";

/** Size of the flow. */
export interface U1FlowOptions {
  readonly lattice: Lattice;
  /** A gauge action of U(1). */
  readonly action: TargetAction;
  readonly seed: number;
  /** Coupling layers, a multiple of 8; default 16. */
  readonly layers?: number;
  /** Channels between the convolutions of a network; default 8. */
  readonly channels?: number;
  /** Convolutions of a network; default 3. */
  readonly depth?: number;
  /** Projections of a map of the circle; default 2. */
  readonly projections?: number;
}

/** The links after one layer, and the sum of log f'. */
export function couplingLayer(U: Links, layer: number, weights: TracedNetwork, projections: number): { readonly links: Links; readonly logDet: Scalar } {
  const { mu, active, frozen } = rowsOf(layer);
  const P = trace(plaquette(U, 0, 1));
  const seen = frozen(P);
  const { turn, logSlope } = projectionMixture(P, network(channels(re(seen), im(seen)), weights), projections);
  // P holds theta_0(n) and -theta_1(n)
  const angle = mu === 0 ? active(turn) : neg(active(turn));
  const moved = scale(complex(cos(angle), sin(angle)), U[mu]!);
  return { links: U.map((k) => (k === mu ? moved : U[k]!)) as Links, logDet: sum(active(logSlope)) };
}

/** A generative model of exp(-S) for two-dimensional U(1). @throws GeometryError for other dimensions, and extents that are not multiples of 4. */
export function u1Flow(options: U1FlowOptions): GenerativeModel {
  guard("u1Flow", { options: [options, is.keysOf("lattice", "action", "seed", "layers", "channels", "depth", "projections")] });
  const { lattice, action, seed, layers = 16, channels: width = 8, depth = 3, projections = 2 } = options;
  guard("u1Flow", { lattice: [lattice, kind.lattice], action: [action, is.withMethods("an action", "evaluate")], seed: [seed, is.integer], layers: [layers, is.count], channels: [width, is.count], depth: [depth, is.count], projections: [projections, is.count] });
  expectRows("u1Flow", lattice);
  return linkModel({
    name: `U(1) coupling flow of ${layers} layers`, lattice, group: U1, seed,
    weights: Array.from({ length: layers }, () => networkWeights(lattice, layersOf(2, width, projections + 1, depth))),
    image: (V, p: readonly TracedNetwork[]) => layersThrough(V, p, (U, k, w) => couplingLayer(U as Links, k, w, projections) as never),
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => ({ plaquette: plaquettes(U).mean, charge: geometricCharge(U) }),
  });
}

