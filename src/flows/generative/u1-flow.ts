/**
 * Coupling flow of two-dimensional U(1) (arXiv:2003.06413): for a direction mu and an offset o the links theta_mu(n) with n_nu = o mod 4 move so that their
 * plaquettes P(n) become f(P(n)), f a map of the circle whose parameters a network decides from loops that hold no moving link: the plaquettes at n_nu = o + 1 and o + 2, and the
 * loop around the two plaquettes of a moving link, on which its distribution given all other links depends. Equivariant under gauge transformations; base Haar. Eight layers move
 * every link once.
 */
import { type Complex, type Lattice, type Links, type Scalar, channels, complex, cos, im, kind, neg, number, re, scale, shift, sin, sum, trace } from "../../autograd/index.ts";
import { U1, geometricCharge, plaquette, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { type CircleFamily, circleMap, circleParameters } from "./circle.ts";
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
  /** Convolutions of a network; default 2. */
  readonly depth?: number;
  /** Maps of the circle; default "moebius". */
  readonly map?: CircleFamily;
  /** Parts of a map of the circle: projections, or bins of a spline; default 2, of a spline 8. */
  readonly projections?: number | undefined;
  /** Whether networks see the loops around the two plaquettes of moving links; default true. */
  readonly loops?: boolean;
}

/** What decides the maps of the circle in a layer. */
export interface CircleChoice {
  readonly map: CircleFamily;
  readonly projections: number;
  readonly loops: boolean;
}

/** Fields that a network sees, and numbers that decide a map. */
export const circleChannels = ({ map, projections, loops }: CircleChoice): readonly [number, number] => [loops ? 4 : 2, circleParameters(map, projections)];

/** The links after one layer, and the sum of log f'. */
export function couplingLayer(U: Links, layer: number, weights: TracedNetwork, choice: CircleChoice): { readonly links: Links; readonly logDet: Scalar } {
  guard("couplingLayer", { U: [U, kind.links], layer: [layer, is.natural], weights: [weights, is.listOf(is.object, 1)], choice: [choice, is.withFields("the choice of a map", "map", "projections", "loops")] });
  const { map, projections, loops } = choice;
  const { mu, nu, active, frozen } = rowsOf(layer);
  const P = trace(plaquette(U, 0, 1));
  const below = U.lattice.extents.map((_, k) => (k === nu ? -1 : 0));
  const seen = [frozen(P), ...(loops ? [active(scale(P, shift(P, below)) as Complex)] : [])];
  const { turn, logSlope } = circleMap(P, network(channels(...seen.flatMap((x) => [re(x), im(x)])), weights), map, projections);
  // P holds theta_0(n) and -theta_1(n)
  const angle = mu === 0 ? active(turn) : neg(active(turn));
  const moved = scale(complex(cos(angle), sin(angle)), U[mu]!);
  return { links: U.map((k) => (k === mu ? moved : U[k]!)) as Links, logDet: sum(active(logSlope)) };
}

/** A generative model of exp(-S) for two-dimensional U(1). @throws GeometryError for other dimensions, and extents that are not multiples of 4. */
export function u1Flow(options: U1FlowOptions): GenerativeModel {
  guard("u1Flow", { options: [options, is.keysOf("lattice", "action", "seed", "layers", "channels", "depth", "map", "projections", "loops")] });
  const { lattice, action, seed, layers = 16, channels: width = 8, depth = 2, map = "moebius", projections = map === "spline" ? 8 : 2, loops = true } = options;
  guard("u1Flow", { lattice: [lattice, kind.lattice], action: [action, is.withMethods("an action", "evaluate")], seed: [seed, is.integer], layers: [layers, is.count], channels: [width, is.count], depth: [depth, is.count], map: [map, is.oneOf("moebius", "projections", "spline")], projections: [projections, is.count], loops: [loops, is.oneOf(true, false)] });
  expectRows("u1Flow", lattice);
  const choice = { map, projections, loops };
  const [seen, decided] = circleChannels(choice);
  return linkModel({
    name: `U(1) coupling flow of ${layers} layers`, lattice, group: U1, seed,
    weights: Array.from({ length: layers }, () => networkWeights(lattice, layersOf(seen, width, decided, depth), 0.1)),
    image: (V, p: readonly TracedNetwork[]) => layersThrough(V, p, (U, k, w) => couplingLayer(U as Links, k, w, choice) as never),
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => ({ plaquette: plaquettes(U).mean, charge: geometricCharge(U) }),
  });
}

