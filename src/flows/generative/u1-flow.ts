/**
 * Coupling flow of two-dimensional U(1) (arXiv:2003.06413): for a direction mu and an offset o the links theta_mu(n) with n_nu = o mod 4 move so that their
 * plaquettes P(n) become f(P(n)), f a map of the circle whose parameters a network decides from the plaquettes at n_nu = o + 1 and o + 2, which hold no moving link.
 * Equivariant under gauge transformations; base Haar. Eight layers, 2 directions with 4 offsets, move every link once.
 */
import { type Lattice, type Links, type Real, type Scalar, add, complex, cos, kind, mask, neg, number, scale, sin, sum, trace } from "../../autograd/index.ts";
import { GeometryError } from "../../errors.ts";
import { U1, geometricCharge, plaquette, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { projectionMixture } from "./circle.ts";
import { type TracedConvolution, convolutionWeights, convolve, lift } from "./convolution.ts";
import { type GenerativeModel, type TargetAction, linkModel } from "./model.ts";
import type { WeightTree } from "./weights.ts";

/** Period of the masks. */
const PERIOD = 4;

/** Size of the flow. */
export interface U1FlowOptions {
  readonly lattice: Lattice;
  /** A gauge action of U(1). */
  readonly action: TargetAction;
  readonly seed: number;
  /** Coupling layers, a multiple of 8; default 16. */
  readonly layers?: number;
  /** Complex channels of the networks; default 4. */
  readonly channels?: number;
  /** Convolutions of a network; default 3. */
  readonly depth?: number;
  /** Projections of a map of the circle, at most 2 channels - 1; default 4. */
  readonly projections?: number;
}

/** The links after one layer, and the sum of log f'. */
export function couplingLayer(U: Links, layer: number, weights: TracedConvolution, channels: number, projections: number): { readonly links: Links; readonly logDet: Scalar } {
  const mu = layer % 2;
  const offset = Math.floor(layer / 2) % PERIOD;
  const nu = 1 - mu;
  const row = (x: readonly number[], k: number): boolean => x[nu]! % PERIOD === (offset + k) % PERIOD;
  const P = trace(plaquette(U, 0, 1));
  const seen = mask(P, `frozen ${mu} ${offset}`, (x) => row(x, 1) || row(x, 2));
  const v = convolve(lift(seen, channels), weights);
  const { turn, logSlope } = projectionMixture(P, v, projections);
  const active = (r: Real): Real => mask(r, `active ${mu} ${offset}`, (x) => row(x, 0));
  // P holds theta_0(n) and -theta_1(n)
  const angle = mu === 0 ? active(turn) : neg(active(turn));
  const moved = scale(complex(cos(angle), sin(angle)), U[mu]!);
  return { links: U.map((k) => (k === mu ? moved : U[k]!)) as Links, logDet: sum(active(logSlope)) };
}

/** A generative model of exp(-S) for two-dimensional U(1). @throws GeometryError for other dimensions, and extents that are not multiples of 4. */
export function u1Flow(options: U1FlowOptions): GenerativeModel {
  guard("u1Flow", { options: [options, is.keysOf("lattice", "action", "seed", "layers", "channels", "depth", "projections")] });
  const { lattice, action, seed, layers = 16, channels = 4, depth = 3, projections = 4 } = options;
  guard("u1Flow", { lattice: [lattice, kind.lattice], action: [action, is.withMethods("an action", "evaluate")], seed: [seed, is.integer], layers: [layers, is.count], channels: [channels, is.count], depth: [depth, is.count], projections: [projections, is.count] });
  if (lattice.dim !== 2 || lattice.extents.some((L) => L % PERIOD !== 0)) throw new GeometryError(`u1Flow: got ${lattice}, expected two extents that are multiples of ${PERIOD}: the masks do not close otherwise`);
  if (projections > 2 * channels - 1) throw new GeometryError(`u1Flow: got ${projections} projections for ${channels} complex channels, expected at most ${2 * channels - 1}`);
  const weights: WeightTree = Array.from({ length: layers }, () => convolutionWeights(lattice, { channels, depth, biases: true }));
  return linkModel({
    name: `U(1) coupling flow of ${layers} layers`, lattice, group: U1, weights, seed,
    image: (V, p: readonly TracedConvolution[]) => {
      let links = V as Links;
      const terms: Scalar[] = [];
      p.forEach((w, k) => {
        const image = V[0]!.tape.inLayer(`coupling ${k + 1}`, () => couplingLayer(links, k, w, channels, projections));
        links = image.links;
        terms.push(image.logDet);
      });
      return { links: links as typeof V, logDet: add(terms[0]!, ...terms.slice(1)) };
    },
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => ({ plaquette: plaquettes(U).mean, charge: geometricCharge(U) }),
  });
}

