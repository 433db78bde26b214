/**
 * Maps of the circle with a derivative above zero. Mixture of non-compact projections (arXiv:2002.02428): with theta in [0, 2 pi)
 *   f(theta) = (1/K) sum_k 2 atan(e^(s_k) tan(theta/2)) + t,   f' = (1/K) sum_k 1/(e^(-s_k) cos^2(theta/2) + e^(s_k) sin^2(theta/2)).
 */
import { type Channels, type Complex, type Real, type Site, type Traced, type V, applyOp, localOp, realType } from "../../autograd/index.ts";

/** theta in [0, 2 pi) of a phase, and sine and cosine of its half. */
function halfAngle(b: Site, cos: V, sin: V): { readonly theta: V; readonly s: V; readonly c: V } {
  const theta = b.add(b.call("atan2", b.neg(sin), b.neg(cos)), b.constant(Math.PI));
  const half = b.mul(b.constant(0.5), theta);
  return { theta, s: b.call("sin", half), c: b.call("cos", half) };
}

const projections = (part: "angle" | "logSlope"): ReturnType<typeof localOp> =>
  localOp({
    name: `circle.projections.${part}`,
    infer: ([z]) => realType((z as { domain: "all" }).domain),
    forward(b, [z, v], attributes) {
      const K = attributes["K"] as number;
      const { theta, s, c } = halfAngle(b, z!(0), z!(1));
      const all = Array.from({ length: K }, (_, k) => {
        const e = b.call("exp", v!(k));
        if (part === "angle") return b.mul(b.constant(2), b.call("atan2", b.mul(e, s), c));
        return b.div(b.constant(1), b.fma(b.mul(e, s), s, b.div(b.mul(c, c), e)));
      });
      const mean = b.mul(b.constant(1 / K), all.reduce((x, y) => b.add(x, y)));
      return [part === "angle" ? b.sub(b.add(mean, v!(K)), theta) : b.call("log", mean)];
    },
    samples: () => [],
  });
const angleOp = projections("angle");
const slopeOp = projections("logSlope");

/** f(theta) - theta and log f'(theta) at the phase z; channels 0..K-1 of v are s_k, channel K is t. */
export function projectionMixture(z: Complex, v: Channels, K: number): { readonly turn: Real; readonly logSlope: Real } {
  return { turn: applyOp("projectionMixture", angleOp, [z as Traced, v as Traced], { K }) as Real, logSlope: applyOp("projectionMixture", slopeOp, [z as Traced, v as Traced], { K }) as Real };
}
