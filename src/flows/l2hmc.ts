/**
 * L2HMC for U(1) links x = angle of U (arXiv:2105.03418, 2112.01582): leapfrog steps in which networks scale and shift momenta v and angles x,
 *   v <- e^(eps s/2) v - (eps/2)(e^(eps q) dS + t),
 *   x <- 2 atan(e^(eps s) tan(x/2)) + eps (e^(eps q) v + t) on half of the links, then on the other half.
 * The position update is the non-compact projection of the circle. Its inverse is exact, which makes a chain that goes forward or back with probability 1/2 exact for any
 * networks. Everything is recorded, so that networks are trained through trajectories.
 */
import { type Algebras, type Complex, type Links, type Matrix, type Real, type Scalar, type Traced, add, applyOp, broadcast, complex, cos, exponential, grad, kind, localOp, mask, neg, number, realType, scale, scaleBy, sin, sub, sum } from "../autograd/index.ts";
import { ConfigurationError, CovarianceError } from "../errors.ts";
import { guard, is, mapLeaves } from "../util/index.ts";
import type { TargetAction } from "./generative/generative-model.ts";

/** Scales and shifts of one update, a field a direction: s multiplies what moves, t is added, q scales the force or the momentum. */
export interface Modulation {
  readonly s: readonly Real[];
  readonly t: readonly Real[];
  readonly q: readonly Real[];
}

/** Cosine and sine of angles, a field a direction; 1 and 0 on links that a network must not see. */
export interface Angles {
  readonly cos: readonly Real[];
  readonly sin: readonly Real[];
}

/** Networks of the steps. They need not be gauge covariant: the chain is exact without. */
export interface L2Networks<W> {
  readonly momentum: (x: Angles, force: readonly Real[], weights: W, step: number) => Modulation;
  /** Sees the angles that stand still and the momenta. `half` tells the two position updates of a step apart. */
  readonly position: (frozen: Angles, v: readonly Real[], weights: W, step: number, half: 0 | 1) => Modulation;
}

/** What a trajectory is made of. */
export interface L2Options<W> {
  readonly action: TargetAction;
  readonly networks: L2Networks<W>;
  /** Leapfrog steps. */
  readonly steps: number;
}

/** Links, momenta (a field a direction), and the logarithm of the Jacobian of what brought them there. */
export interface L2State {
  readonly links: Links;
  readonly momenta: readonly Real[];
  readonly logDet: Scalar;
}

const oneByOne = (op: string, x: { readonly kind: string; readonly N?: number }): void => {
  if (x.kind !== "matrix" || x.N !== 1) throw new CovarianceError(`${op}: got ${x.kind}${x.N === undefined ? "" : ` of N = ${x.N}`}, expected links of U(1): angles are its only coordinates`);
};
/** Real or imaginary part of a U(1) link: what networks on angles see, which is not gauge invariant. */
const componentOp = localOp({
  name: "l2.component",
  infer: ([x]) => {
    oneByOne("l2hmc", x as never);
    return realType((x as { domain: "all" }).domain);
  },
  forward: (_b, [x], attributes) => [x!(attributes["index"] as number)],
});
const component = (x: Matrix, index: 0 | 1): Real => applyOp("l2hmc", componentOp, [x as Traced], { index }) as Real;

/** 2 atan(e^s tan(x/2)) - x from s and the cosine and sine of x, finite at x = pi. */
const turnOp = localOp({
  name: "l2.turn",
  infer: ([s]) => s!,
  forward(b, [s, c, z]) {
    const h = b.call("tanh", b.mul(b.constant(0.5), s!(0)));
    return [b.mul(b.constant(2), b.call("atan2", b.mul(h, z!(0)), b.sub(b.constant(1), b.mul(h, c!(0)))))];
  },
});
/** log of the derivative, -log(e^-s cos^2(x/2) + e^s sin^2(x/2)). */
const slopeOp = localOp({
  name: "l2.logSlope",
  infer: ([s]) => s!,
  forward(b, [s, c]) {
    const e = b.call("exp", s!(0));
    const half = b.constant(0.5);
    const [cos2, sin2] = [b.fma(half, c!(0), half), b.sub(half, b.mul(half, c!(0)))];
    return [b.neg(b.call("log", b.add(b.div(cos2, e), b.mul(e, sin2))))];
  },
});

const cosOf = (x: Matrix): Real => component(x, 0);
const sinOf = (x: Matrix): Real => component(x, 1);
const turned = (angle: Real, x: Matrix): Matrix => scale(complex(cos(angle), sin(angle)) as Complex, x) as Matrix;
const isEven = (x: readonly number[]): boolean => x.reduce((a, b) => a + b, 0) % 2 === 0;

/** One direction of a trajectory: forward (sign 1) or back. */
class Dynamics<W> {
  readonly #o: L2Options<W>;
  readonly #eps: Scalar;
  readonly #weights: W;
  readonly #sign: 1 | -1;

  constructor(options: L2Options<W>, eps: Scalar, weights: W, sign: 1 | -1) {
    this.#o = options;
    this.#eps = eps;
    this.#weights = weights;
    this.#sign = sign;
  }

  #force(x: Links): Real[] {
    const { action } = this.#o;
    const S = (y: Links): Scalar => action.evaluate(y, mapLeaves(action.inputs, (v) => (typeof v === "number" ? number(y[0]!.tape, v) : v)) as never);
    return (grad(S)(x) as Algebras).values().map((F) => component(F as unknown as Matrix, 1));
  }

  /** The update of the momenta, or its inverse. */
  kick({ links, momenta, logDet }: L2State, k: number): L2State {
    const force = this.#force(links);
    const { s, t, q } = this.#o.networks.momentum({ cos: links.values().map(cosOf), sin: links.values().map(sinOf) }, force, this.#weights, k);
    const half = scaleBy(0.5 * this.#sign, this.#eps);
    const next = momenta.map((v, mu) => {
      const shift = scale(half, add(scale(exponential(scale(this.#eps, q[mu]!)), force[mu]!), t[mu]!));
      const factor = exponential(scale(half, s[mu]!));
      return this.#sign === 1 ? sub(scale(factor, v), shift) : scale(factor, sub(v, shift));
    });
    return { links, momenta: next, logDet: add(logDet, ...s.map((x) => sum(scale(half, x)))) };
  }

  /** The update of half of the links, or its inverse. */
  move({ links, momenta, logDet }: L2State, k: number, half: 0 | 1): L2State {
    const moving = (x: readonly number[]): boolean => isEven(x) === (half === 1);
    const on = (x: Real, still: boolean): Real => mask(x, `${still ? "frozen" : "moving"} ${half}`, (n) => moving(n) !== still);
    const ones = broadcast(number(logDet.tape, 1));
    const frozen: Angles = { cos: links.values().map((x) => add(on(cosOf(x), true), on(ones, false))), sin: links.values().map((x) => on(sinOf(x), true)) };
    const { s, t, q } = this.#o.networks.position(frozen, momenta, this.#weights, k, half);
    const terms: Scalar[] = [];
    const next = links.map((mu) => {
      const [scaleOf, shift] = [scale(scaleBy(this.#sign, this.#eps), s[mu]!), scale(this.#eps, add(scale(exponential(scale(this.#eps, q[mu]!)), momenta[mu]!), t[mu]!))];
      const start = this.#sign === 1 ? links[mu]! : turned(on(neg(shift), false), links[mu]!);
      const [c, z] = [cosOf(start), sinOf(start)];
      const turn = applyOp("l2hmc", turnOp, [scaleOf, c, z] as Traced[]) as Real;
      terms.push(sum(on(applyOp("l2hmc", slopeOp, [scaleOf, c] as Traced[]) as Real, false)));
      return turned(on(this.#sign === 1 ? add(turn, shift) : turn, false), start);
    });
    return { links: next as Links, momenta, logDet: add(logDet, ...terms) };
  }
}

/** The map F of a trajectory, `direction` 1, or its inverse, -1. @throws CovarianceError for links that are not of U(1). */
export function l2Trajectory<W>(options: L2Options<W>, direction: 1 | -1, x: { readonly links: Links; readonly momenta: readonly Real[]; readonly step: Scalar; readonly weights: W }): L2State {
  guard("l2Trajectory", { options: [options, is.keysOf("action", "networks", "steps")], direction: [direction, is.oneOf(1, -1)], x: [x, is.withFields("links, momenta, step and weights", "links", "momenta", "step")] });
  guard("l2Trajectory", { action: [options.action, is.withMethods("an action", "evaluate")], networks: [options.networks, is.withMethods("networks", "momentum", "position")], steps: [options.steps, is.count], links: [x.links, kind.links] });
  const { links, momenta, step, weights } = x;
  if (momenta.length !== links.values().length) throw new ConfigurationError(`l2Trajectory: got ${momenta.length} fields of momenta, expected ${links.values().length}, one a direction`);
  const dynamics = new Dynamics(options, step, weights, direction);
  let state: L2State = { links, momenta, logDet: number(links[0]!.tape, 0) };
  for (let j = 0; j < options.steps; j++) {
    const k = direction === 1 ? j : options.steps - 1 - j;
    const halves = direction === 1 ? ([0, 1] as const) : ([1, 0] as const);
    state = dynamics.kick(state, k);
    for (const half of halves) state = dynamics.move(state, k, half);
    state = dynamics.kick(state, k);
  }
  return state;
}
