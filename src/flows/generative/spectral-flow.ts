/**
 * Coupling flow of two-dimensional SU(N) (arXiv:2008.05456): the links that move in a layer take their plaquettes P = U A to h(P), h(g P g^+) = g h(P) g^+, with h decided by a network from the
 * traces of plaquettes that hold no moving link. h is a chain of steps along gradients of class functions,
 *   P -> exp(-dS) P,   S = Re(w^* tr P) + (c/2) Re (tr P)^2 + (d/2) |tr P|^2,
 * that move eigenvalues alone: with w = c = 0 their angles become th_j + (d/2) sum_k sin(th_j - th_k). Everything is a polynomial in P, so that nothing is singular where eigenvalues coincide. The
 * logarithm of the determinant is that of a link update (`updateLogDet`) with the second derivatives of S besides. Equivariant under gauge transformations; base Haar.
 */
import { type Complex, type Lattice, type Links, type Matrix, type Real, type Scalar, add, adj, adjointForm, channel, channels, complex, conj, exp, im, kind, mul, number, re, scale, scaleBy, sum, ta, tanh, trace, updateLogDet } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { type Group, aGroup, plaquette, plaquettes } from "../../gauge/index.ts";
import { guard, is, mapLeaves } from "../../util/index.ts";
import { expectRows, layersThrough, rowsOf } from "./coupling.ts";
import type { GenerativeModel, TargetAction } from "./generative-model.ts";
import { linkModel } from "./model.ts";
import { type TracedNetwork, layersOf, network, networkWeights } from "./networks.ts";

/** Size of the flow. */
export interface SpectralFlowOptions {
  readonly lattice: Lattice;
  /** SU(2), SU(3) or SU(4). */
  readonly group: Group;
  /** A gauge action of it. */
  readonly action: TargetAction;
  readonly seed: number;
  /** Coupling layers, a multiple of 8; default 8. */
  readonly layers?: number;
  /** Channels between the convolutions of a network; default 8. */
  readonly channels?: number;
  /** Convolutions of a network; default 2. */
  readonly depth?: number;
  /** Steps of h; default 2. */
  readonly steps?: number;
}

/** Coefficients of one step, real at every site; those of SU(2), whose traces are real, have no imaginary part and no modulus. */
export interface SpectralStep {
  /** Real and imaginary part of w. */
  readonly re: Real;
  readonly im?: Real | undefined;
  /** c. */
  readonly square: Real;
  /** d. */
  readonly modulus?: Real | undefined;
}

/** exp(-dS) and its log det from P. */
export function spectralStep(P: Matrix, { re: a, im: b, square: c, modulus: d }: SpectralStep): { readonly turn: Matrix; readonly logDet: Real } {
  const { tape, type: { N } } = P;
  const tau = trace(P);
  // dS = Re(g^* d tr P), g = w + c (tr P)^* + d tr P
  const w = complex(a, b ?? scaleBy(0, a));
  const g = add(w, scale(c as never, conj(tau)) as Complex, ...(d ? [scale(d as never, tau) as Complex] : []));
  const M = scaleBy(N === 1 ? -1 : -0.5, scale(g, adj(P)) as Matrix);
  const form = (name: "square" | "modulus", x: Real): ReturnType<typeof adjointForm> => scale(x as never, adjointForm(P, { [name]: number(tape, -1) }));
  const forms = d ? add(form("square", c), form("modulus", d)) : form("square", c);
  return { turn: exp(ta(M)), logDet: updateLogDet(M, forms) };
}

/** How strong a step may be: below these the Jacobian is positive, |w|/2 + N |c| + N |d| < 1. */
const BOUNDS = { two: [0.9, 0.45], more: [0.6, 0.4, 0.25, 0.2] } as const;

/** Coefficients from the outputs of the network. */
function coefficients(v: readonly Real[], N: number): SpectralStep {
  const bounded = (k: number, most: number): Real => scaleBy(most, tanh(v[k]!));
  if (N === 2) return { re: bounded(0, BOUNDS.two[0]), square: bounded(1, BOUNDS.two[1] / N) };
  const [a, b, c, d] = BOUNDS.more;
  return { re: bounded(0, a), im: bounded(1, b), square: bounded(2, c / N), modulus: bounded(3, d / N) };
}

const outputs = (N: number): number => (N === 2 ? BOUNDS.two : BOUNDS.more).length;

/** The links after one layer, and its log det. */
export function spectralLayer(U: Links, layer: number, weights: TracedNetwork, steps: number): { readonly links: Links; readonly logDet: Scalar } {
  const { mu, nu, active, frozen } = rowsOf(layer);
  const { N } = U;
  let P = plaquette(U, mu, nu) as Matrix;
  const seen = scaleBy(1 / N, frozen(trace(P)));
  const v = network(N === 2 ? channels(re(seen)) : channels(re(seen), im(seen)), weights);
  const terms: Real[] = [];
  let link: Matrix = U[mu]!;
  for (let k = 0; k < steps; k++) {
    const own = Array.from({ length: outputs(N) }, (_, i) => active(channel(v, k * outputs(N) + i)));
    const { turn, logDet } = spectralStep(P, coefficients(own, N));
    [P, link] = [mul(turn, P), mul(turn, link)];
    terms.push(logDet);
  }
  return { links: U.map((k) => (k === mu ? link : U[k]!)) as Links, logDet: sum(add(terms[0]!, ...terms.slice(1))) };
}

/** A generative model of exp(-S) for two-dimensional SU(N). @throws GeometryError for other dimensions, and extents that are not multiples of 4; ConfigurationError for U(1), whose flow is `u1Flow`. */
export function spectralFlow(options: SpectralFlowOptions): GenerativeModel {
  guard("spectralFlow", { options: [options, is.keysOf("lattice", "group", "action", "seed", "layers", "channels", "depth", "steps")] });
  const { lattice, group, action, seed, layers = 8, channels: width = 8, depth = 2, steps = 2 } = options;
  guard("spectralFlow", { lattice: [lattice, kind.lattice], group: [group, aGroup], action: [action, is.withMethods("an action", "evaluate")], seed: [seed, is.integer], layers: [layers, is.count], channels: [width, is.count], depth: [depth, is.count], steps: [steps, is.count] });
  const { N } = group;
  if (N < 2 || N > 4) throw new ConfigurationError(`spectralFlow: got ${group.name}, expected SU(2), SU(3) or SU(4): u1Flow is for U(1)`);
  expectRows("spectralFlow", lattice);
  return linkModel({
    name: `${group.name} spectral flow of ${layers} layers`, lattice, group, seed,
    weights: Array.from({ length: layers }, () => networkWeights(lattice, layersOf(N === 2 ? 1 : 2, width, steps * outputs(N), depth))),
    image: (V, p: readonly TracedNetwork[]) => layersThrough(V as Links, p, (U, k, w) => spectralLayer(U, k, w, steps)) as never,
    action: (U) => action.evaluate(U as Links, mapLeaves(action.inputs, (x) => number(U[0]!.tape, x as number)) as never),
    measure: (U) => ({ plaquette: plaquettes(U).mean }),
  });
}
