/**
 * Scalar phi^4 theory and its coupling flow (arXiv:1904.12072): S = sum_n [ sum_mu (phi(n + mu) - phi(n))^2 + m^2 phi^2 + lambda phi^4 ]. Sites of one parity move,
 *   u = phi e^s + t,  phi' = asinh(a u)/a,
 * with s, t and a > 0 from networks on the others. The density of one site given its neighbours has the tails of e^(-lambda phi^4): asinh makes them from those of a Gaussian, to leading order
 * exactly. t is odd, s and a are even, and the networks know the number of coordinate steps to a neighbour only: the model has all symmetries of the action that its parities leave.
 */
import { type Channels, type Lattice, type Real, type Scalar, type TracedTensor, add, broadcast, channel, channels, exponential, extend, kind, log1p, merge, neg, number, reciprocal, restrict, scale, scaleBy, shift, siteLinear, sqrt, square, sub, sum, tanh } from "../../autograd/index.ts";
import { GeometryError } from "../../errors.ts";
import { type Phi4Inputs, scalarAction, scalarMoments } from "../../gauge/index.ts";
import { guard, is } from "../../util/index.ts";
import { type GenerativeModel, scalarModel } from "./model.ts";
import { type WeightTree, tensorWeight } from "./weights.ts";

/** Size of the flow. */
export interface Phi4FlowOptions extends Phi4Inputs {
  readonly lattice: Lattice;
  readonly seed: number;
  /** Coupling layers, alternating in parity; default 8. */
  readonly layers?: number;
  /** Channels of the networks; default 8. */
  readonly channels?: number;
  /** Convolutions of a network; default 3. */
  readonly depth?: number;
}

interface TracedLayer {
  readonly hidden: readonly TracedTensor[];
  readonly odd: TracedTensor;
  readonly even: TracedTensor;
  readonly bias: TracedTensor;
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

/** Weights of a layer: convolutions to `width` odd channels, then to t, and from their squares to s and log a. */
function layerWeights(lattice: Lattice, width: number, depth: number): WeightTree {
  const classes = lattice.dim + 1;
  return {
    hidden: Array.from({ length: depth - 1 }, (_, k) => tensorWeight([width, classes * (k === 0 ? 1 : width)], 1 / Math.sqrt(classes * (k === 0 ? 1 : width)))),
    odd: tensorWeight([1, classes * width], 0),
    even: tensorWeight([2, classes * width], 0),
    bias: tensorWeight([2], 0),
  };
}

/** s, t and log a on one parity from the field on the other. */
function decided(still: Real, at: Half, w: TracedLayer): { readonly s: Real; readonly t: Real; readonly bend: Real } {
  const h = w.hidden.reduce((v, taps) => tanh(siteLinear(neighbourSums(v), taps)), channels(extend(still)));
  const on = (x: Channels): Channels => restrict(neighbourSums(x), at);
  const even = siteLinear(on(scale(h as never, h)), w.even, w.bias);
  return { s: channel(even, 0), bend: channel(even, 1), t: channel(siteLinear(on(h), w.odd), 0) };
}

/** One layer, or its inverse u = sinh(a phi')/a, phi = (u - t) e^-s. */
function layerOf(phi: Real, at: Half, w: TracedLayer, back = false): Moved {
  const still = restrict(phi, at === "even" ? "odd" : "even");
  const { s, t, bend } = decided(still, at, w);
  const a = exponential(bend);
  const [from, inverse] = [restrict(phi, at), exponential(neg(bend))];
  const stretched = back ? scale(inverse, sinh(scale(a, from))) : add(scale(exponential(s), from), t);
  const bent = scale(a, stretched);
  const logDet = sum(sub(s, scaleBy(0.5, log1p(square(bent)))));
  const to = back ? scale(exponential(neg(s)), sub(stretched, t)) : scale(inverse, asinh(bent));
  return { field: at === "even" ? merge(to, still) : merge(still, to), logDet: back ? neg(logDet) : logDet };
}

const sinh = (x: Real): Real => scaleBy(0.5, sub(exponential(x), exponential(neg(x))));
/** log(x + sqrt(1 + x^2)), accurate for small x and for x > 0. */
const asinh = (x: Real): Real => log1p(add(x, scale(square(x), reciprocal(add(sqrt(add(square(x), one(x))), one(x))))));
const one = (x: Real): Real => broadcast(number(x.tape, 1), x.type.domain);

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
  const { lattice, seed, layers = 8, channels: width = 8, depth = 3, m2, lambda } = options;
  guard("phi4Flow", { lattice: [lattice, kind.lattice], m2: [m2, is.finite], lambda: [lambda, is.finite], seed: [seed, is.integer], layers: [layers, is.count], channels: [width, is.count], depth: [depth, is.count] });
  if (!lattice.bipartite) throw new GeometryError(`phi4Flow: got ${lattice}, expected even extents: parity does not close around the lattice otherwise`);
  const action = scalarAction.phi4({ m2, lambda });
  const weights: WeightTree = Array.from({ length: layers }, () => layerWeights(lattice, width, depth));
  return scalarModel({
    name: `phi^4 coupling flow of ${layers} layers`, lattice, weights, seed,
    image: (z, p: readonly TracedLayer[]) => through(z, p.map((w, k) => (phi: Real) => layerOf(phi, half(k), w))),
    inverse: (phi, p: readonly TracedLayer[]) => through(phi, p.map((w, k) => (x: Real) => layerOf(x, half(k), w, true)).toReversed()),
    action: (phi) => action.evaluate({ phi }, { m2: number(phi.tape, m2), lambda: number(phi.tape, lambda) }),
    measure: (phi) => scalarMoments(phi),
  });
}
