/**
 * Scalar phi^4 theory and its coupling flow (arXiv:1904.12072): S = sum_n [ sum_mu (phi(n + mu) - phi(n))^2 + m^2 phi^2 + lambda phi^4 ]. Sites of one parity move,
 *   u = phi e^s + t,  phi' = asinh(a u)/a,
 * twice in a layer, with s, t and a > 0 from a network on the others, after a free field with a trained propagator. The density of one site given its neighbours falls off as e^(-lambda phi^4):
 * asinh makes that of a Gaussian, to leading order exactly. t is odd, s and a are even, and the networks know the number of coordinate steps to a neighbour only: the model has all symmetries of the
 * action that its parities leave.
 */
import { type Channels, type Lattice, type Real, type Scalar, type TracedTensor, add, asinh, channel, channels, exponential, extend, kind, log1p, merge, neg, number, restrict, scale, scaleBy, shift, siteLinear, square, sub, sum, tanh } from "../../autograd/index.ts";
import { GeometryError } from "../../errors.ts";
import { type Phi4Inputs, scalarAction, scalarMoments } from "../../gauge/index.ts";
import { guard, is } from "../../util/index.ts";
import { freeField, freeFieldWeights } from "./free-field.ts";
import type { GenerativeModel } from "./generative-model.ts";
import { scalarModel } from "./model.ts";
import { type WeightTree, tensorWeight } from "./weights.ts";

/** Size of the flow. */
export interface Phi4FlowOptions extends Phi4Inputs {
  readonly lattice: Lattice;
  readonly seed: number;
  /** Coupling layers, alternating in parity; default 8. */
  readonly layers?: number;
  /** Channels of the networks; default 8. */
  readonly channels?: number;
  /** Convolutions of a network; default 2. */
  readonly depth?: number;
}

/** How often the sites that move are stretched and bent in a layer. */
const BENDS = 2;

interface TracedLayer {
  readonly hidden: readonly TracedTensor[];
  readonly odd: TracedTensor;
  readonly even: TracedTensor;
  readonly bias: TracedTensor;
}
interface TracedFlow {
  readonly free: readonly Scalar[];
  readonly layers: readonly TracedLayer[];
}
type Half = "even" | "odd";
interface Moved {
  readonly field: Real;
  readonly logDet: Scalar;
}

/** x, and its sums over the neighbours that are one step away in 1, 2, ... directions, one behind the other. */
function neighbourSums(x: Channels): Channels {
  let sums = [x];
  for (let mu = 0; mu < x.lattice.dim; mu++) {
    const beside = sums.map((y) => add(shift(y, mu), shift(y, mu, -1)));
    sums = [sums[0]!, ...sums.slice(1).map((y, k) => add(y, beside[k]!)), beside.at(-1)!];
  }
  return channels(...sums);
}

/** Weights of a layer: convolutions to `width` odd channels, then to t, and from their squares to s and log a, of every bend. */
function layerWeights(lattice: Lattice, width: number, depth: number): WeightTree {
  const classes = lattice.dim + 1;
  return {
    hidden: Array.from({ length: depth - 1 }, (_, k) => tensorWeight([width, classes * (k === 0 ? 1 : width)], 1 / Math.sqrt(classes * (k === 0 ? 1 : width)))),
    odd: tensorWeight([BENDS, classes * width], 0),
    even: tensorWeight([2 * BENDS, classes * width], 0),
    bias: tensorWeight([2 * BENDS], 0),
  };
}

/** One bend. */
interface Bend {
  readonly s: Real;
  readonly t: Real;
  /** log a. */
  readonly bend: Real;
}

/** The bends on one parity from the field on the other. */
function decided(still: Real, at: Half, w: TracedLayer): Bend[] {
  const h = w.hidden.reduce((v, taps) => tanh(siteLinear(neighbourSums(v), taps)), channels(extend(still)));
  const on = (x: Channels): Channels => restrict(neighbourSums(x), at);
  const even = siteLinear(on(scale(h as never, h)), w.even, w.bias);
  const odd = siteLinear(on(h), w.odd);
  return Array.from({ length: BENDS }, (_, k) => ({ s: bounded(channel(even, 2 * k)), bend: bounded(channel(even, 2 * k + 1)), t: channel(odd, k) }));
}

/** phi' and log dphi'/dphi, or of the inverse u = sinh(a phi')/a, phi = (u - t) e^-s. */
function bentBy({ s, t, bend }: Bend, phi: Real, back: boolean): { readonly to: Real; readonly slope: Real } {
  const [a, inverse] = [exponential(bend), exponential(neg(bend))];
  const stretched = back ? scale(inverse, sinh(scale(a, phi))) : add(scale(exponential(s), phi), t);
  const bent = scale(a, stretched);
  const slope = sub(s, scaleBy(0.5, log1p(square(bent))));
  return back ? { to: scale(exponential(neg(s)), sub(stretched, t)), slope: neg(slope) } : { to: scale(inverse, asinh(bent)), slope };
}

/** One layer, or its inverse. */
function layerOf(phi: Real, at: Half, w: TracedLayer, back = false): Moved {
  const still = restrict(phi, at === "even" ? "odd" : "even");
  const bends = decided(still, at, w);
  let moved = restrict(phi, at);
  const slopes = (back ? bends.toReversed() : bends).map((b) => {
    const { to, slope } = bentBy(b, moved, back);
    moved = to;
    return slope;
  });
  return { field: at === "even" ? merge(moved, still) : merge(still, moved), logDet: sum(add(slopes[0]!, ...slopes.slice(1))) };
}

const sinh = (x: Real): Real => scaleBy(0.5, sub(exponential(x), exponential(neg(x))));
/** x within (-3, 3): a layer that stretches more is of no use, and unbounded ones run away. */
const bounded = (x: Real): Real => scaleBy(3, tanh(scaleBy(1 / 3, x)));

/** One layer after the other. */
function through(phi: Real, layers: readonly ((x: Real) => Moved)[]): Moved {
  let field = phi;
  const terms = layers.map((layer) => {
    const image = layer(field);
    field = image.field;
    return image.logDet;
  });
  return { field, logDet: add(terms[0]!, ...terms.slice(1)) };
}

const half = (k: number): Half => (k % 2 === 0 ? "even" : "odd");

/** A generative model of exp(-S) for phi^4. @throws GeometryError for odd extents. */
export function phi4Flow(options: Phi4FlowOptions): GenerativeModel {
  guard("phi4Flow", { options: [options, is.keysOf("lattice", "seed", "m2", "lambda", "layers", "channels", "depth")] });
  const { lattice, seed, layers = 8, channels: width = 8, depth = 2, m2, lambda } = options;
  guard("phi4Flow", { lattice: [lattice, kind.lattice], m2: [m2, is.finite], lambda: [lambda, is.finite], seed: [seed, is.integer], layers: [layers, is.count], channels: [width, is.count], depth: [depth, is.count] });
  if (!lattice.bipartite) throw new GeometryError(`phi4Flow: got ${lattice}, expected even extents: parity does not close around the lattice otherwise`);
  const action = scalarAction.phi4({ m2, lambda });
  const weights: WeightTree = { free: freeFieldWeights(lattice), layers: Array.from({ length: layers }, () => layerWeights(lattice, width, depth)) };
  return scalarModel({
    name: `phi^4 coupling flow of ${layers} layers`, lattice, weights, seed,
    image: (z, p: TracedFlow) => through(z, [(x) => freeField(x, p.free), ...p.layers.map((w, k) => (x: Real) => layerOf(x, half(k), w))]),
    inverse: (phi, p: TracedFlow) => through(phi, [...p.layers.map((w, k) => (x: Real) => layerOf(x, half(k), w, true)).toReversed(), (x) => freeField(x, p.free, true)]),
    action: (phi) => action.evaluate({ phi }, { m2: number(phi.tape, m2), lambda: number(phi.tape, lambda) }),
    measure: (phi) => scalarMoments(phi),
  });
}
