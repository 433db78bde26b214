/**
 * Maps of the circle with a derivative above zero, theta in [0, 2 pi), each followed by a turn by t:
 *   projections (arXiv:2002.02428): f = (1/K) sum_k 2 atan(e^(s_k) tan(theta/2)), which leave 0 and pi where they are;
 *   moebius: f = (1/K) sum_k arg (r_k z + u_k)/(u_k^* z + r_k), z = e^(i theta), r = (1 + |u|^2)^(1/2): projections whose fixed points lie along u_k, real u = -sinh(s/2) being those above;
 *   spline (arXiv:2002.02428, 1906.04032): rational quadratic between K + 1 knots on the circle, f(0) = 0.
 */
import { type Channels, type Complex, type Operand, type Real, type Site, type V, applyOp, channel, channelsType, kind, localOp } from "../../autograd/index.ts";
import { guard, is } from "../../util/index.ts";

/** A family of maps. */
export type CircleFamily = "moebius" | "projections" | "spline";

interface Family {
  /** Numbers that decide a map of K parts, t last. */
  readonly parameters: (K: number) => number;
  /** f(theta) - theta without t, and f', from (cos, sin) of theta. */
  readonly map: (b: Site, z: readonly [V, V], v: Operand, K: number) => { readonly turn: V; readonly slope: V };
}

const list = <T>(n: number, f: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => f(k));
const total = (b: Site, xs: readonly V[]): V => xs.reduce((x, y) => b.add(x, y));

/** theta in [0, 2 pi) of a phase. */
const angleOf = (b: Site, [cos, sin]: readonly [V, V]): V => b.add(b.call("atan2", b.neg(sin), b.neg(cos)), b.constant(Math.PI));

const FAMILIES: Readonly<Record<CircleFamily, Family>> = {
  projections: {
    parameters: (K) => K + 1,
    map(b, z, v, K) {
      const theta = angleOf(b, z);
      const half = b.mul(b.constant(0.5), theta);
      const [s, c] = [b.call("sin", half), b.call("cos", half)];
      const e = list(K, (k) => b.call("exp", v(k)));
      const mean = (xs: readonly V[]): V => b.mul(b.constant(1 / K), total(b, xs));
      return {
        turn: b.sub(mean(e.map((x) => b.mul(b.constant(2), b.call("atan2", b.mul(x, s), c)))), theta),
        slope: mean(e.map((x) => b.div(b.constant(1), b.fma(b.mul(x, s), s, b.div(b.mul(c, c), x))))),
      };
    },
  },
  moebius: {
    parameters: (K) => 2 * K + 1,
    map(b, [cos, sin], v, K) {
      // r + u z^* = x + i y with x > 0
      const parts = list(K, (k): readonly [V, V] => {
        const [p, q] = [v(2 * k), v(2 * k + 1)];
        const r = b.sqrt(b.fma(p, p, b.fma(q, q, b.constant(1))));
        return [b.add(r, b.fma(p, cos, b.mul(q, sin))), b.fnma(p, sin, b.mul(q, cos))];
      });
      return {
        turn: b.mul(b.constant(2 / K), total(b, parts.map(([x, y]) => b.call("atan2", y, x)))),
        slope: b.mul(b.constant(1 / K), total(b, parts.map(([x, y]) => b.div(b.constant(1), b.fma(x, x, b.mul(y, y)))))),
      };
    },
  },
  spline: {
    parameters: (K) => 3 * K + 1,
    map(b, z, v, K) {
      const theta = angleOf(b, z);
      /** Parts of the circle: 2 pi e^(v_k) / sum. */
      const bins = (first: number): V[] => {
        const e = list(K, (k) => b.call("exp", v(first + k)));
        const unit = b.div(b.constant(2 * Math.PI), total(b, e));
        return e.map((x) => b.mul(unit, x));
      };
      const [widths, heights] = [bins(0), bins(K)];
      const slopes = list(K, (k) => b.call("log", b.fma(b.constant(Math.E - 1), b.call("exp", v(2 * K + k)), b.constant(1))));
      // (x, y, width, height, slopes at both ends) of the bin of theta
      let [from, bin] = [[b.constant(0), b.constant(0)], [b.constant(0), b.constant(0), widths[0]!, heights[0]!, slopes[0]!, slopes[1 % K]!]];
      for (let k = 1; k < K; k++) {
        from = [b.add(from[0]!, widths[k - 1]!), b.add(from[1]!, heights[k - 1]!)];
        const beyond = b.sub(theta, from[0]!);
        bin = [...from, widths[k]!, heights[k]!, slopes[k]!, slopes[(k + 1) % K]!].map((x, i) => b.positive(beyond, x, bin[i]!));
      }
      const [x, y, w, h, d0, d1] = bin as [V, V, V, V, V, V];
      const xi = b.div(b.sub(theta, x), w);
      const [s, rest] = [b.div(h, w), b.sub(b.constant(1), xi)];
      const between = b.mul(xi, rest);
      const den = b.fma(b.sub(b.add(d0, d1), b.mul(b.constant(2), s)), between, s);
      const rise = b.div(b.mul(h, b.fma(b.mul(s, xi), xi, b.mul(d0, between))), den);
      const quotient = b.div(s, den);
      const slope = b.mul(b.mul(quotient, quotient), b.fma(b.mul(d1, xi), xi, b.fma(b.mul(b.constant(2), s), between, b.mul(b.mul(d0, rest), rest))));
      return { turn: b.sub(b.add(y, rise), theta), slope };
    },
  },
};

const op = localOp({
  name: "circleMap",
  infer: ([z]) => channelsType(2, (z as { domain: "all" }).domain),
  forward(b, [z, v], { family, K }) {
    const { parameters, map } = FAMILIES[family as CircleFamily];
    const { turn, slope } = map(b, [z!(0), z!(1)], v!, K as number);
    return [b.add(turn, v!(parameters(K as number) - 1)), b.call("log", slope)];
  },
});

/** Channels that decide a map. */
export const circleParameters = (family: CircleFamily, K: number): number => FAMILIES[family].parameters(K);

/**
 * f(theta) - theta and log f'(theta) at the phase e^(i theta). Channels of v: s_1..s_K of projections; (Re, Im) u_1..u_K of moebius; logarithms of widths, of heights, then d_1..d_K of a
 * spline, where softmax of the first two are parts of the circle and log(1 + (e - 1) e^d) slopes at the knots; t last. At v = 0 each is the identity.
 */
export function circleMap(z: Complex, v: Channels, family: CircleFamily, K: number): { readonly turn: Real; readonly logSlope: Real } {
  guard("circleMap", { z: [z, kind.traced], v: [v, kind.traced], family: [family, is.oneOf(...Object.keys(FAMILIES))], K: [K, is.count] });
  const both = applyOp("circleMap", op, [z, v], { family, K }) as Channels;
  return { turn: channel(both, 0), logSlope: channel(both, 1) };
}
