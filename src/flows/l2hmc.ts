/**
 * L2HMC for angles (arXiv:2105.03418, 2112.01582): leapfrog steps in which networks scale and shift momenta v and angles x. The position update is the non-compact
 * projection of the circle, and its inverse is exact: v and x come back to rounding, which makes F^-1 o flip o F an involution and the chain exact.
 * Vectors of any length; S and its gradient belong to the caller.
 */
import { guard, is } from "../util/index.ts";

/** Scales and shifts of one update: s multiplies what moves, t is added, q scales the force or the momentum. */
export interface Modulation {
  readonly s: Float64Array;
  readonly t: Float64Array;
  readonly q: Float64Array;
}

/** Networks of the steps; without them leapfrog. `half` tells the two position updates of a step apart. */
export interface L2Networks {
  readonly momentum: (x: Float64Array, force: Float64Array, step: number) => Modulation;
  /** Sees the angles that stand still (others zero) and the momenta. */
  readonly position: (frozen: Float64Array, v: Float64Array, step: number, half: 0 | 1) => Modulation;
}

/** Options of `l2Dynamics`. */
export interface L2Options {
  readonly gradient: (x: Float64Array) => Float64Array;
  readonly networks: L2Networks;
  /** 1 for the angles that stand still in the first position update, 0 for those that move there. */
  readonly mask: Float64Array;
  readonly step: number;
  readonly steps: number;
}

/** Angles in (-pi, pi], momenta, and the logarithm of the Jacobian of what brought them there. */
export interface L2State {
  readonly x: Float64Array;
  readonly v: Float64Array;
  readonly logDet: number;
}

const wrap = (x: number): number => x - 2 * Math.PI * Math.round(x / (2 * Math.PI));
/** 2 atan(e^s tan(x/2)), finite at x = pi. */
const project = (x: number, s: number): number => 2 * Math.atan2(Math.exp(s) * Math.sin(x / 2), Math.cos(x / 2));
/** log of its derivative. */
const logSlope = (x: number, s: number): number => -Math.log(Math.exp(-s) * Math.cos(x / 2) ** 2 + Math.exp(s) * Math.sin(x / 2) ** 2);

/** The map F of a trajectory and its inverse. */
export function l2Dynamics(options: L2Options): { readonly forward: (x: Float64Array, v: Float64Array) => L2State; readonly backward: (x: Float64Array, v: Float64Array) => L2State } {
  guard("l2Dynamics", { options: [options, is.keysOf("gradient", "networks", "mask", "step", "steps")], step: [options?.step, is.positive], steps: [options?.steps, is.count] });
  const { gradient, networks, mask, step: eps, steps } = options;
  const complement = mask.map((m) => 1 - m);
  const frozenBy = (half: 0 | 1): Float64Array => (half === 0 ? mask : complement);

  const kick = (x: Float64Array, v: Float64Array, k: number): { v: Float64Array; logDet: number } => {
    const force = gradient(x);
    const { s, t, q } = networks.momentum(x, force, k);
    return { v: v.map((y, i) => Math.exp((eps / 2) * s[i]!) * y - (eps / 2) * (Math.exp(eps * q[i]!) * force[i]! + t[i]!)), logDet: (eps / 2) * s.reduce((a, b) => a + b, 0) };
  };
  const unkick = (x: Float64Array, v: Float64Array, k: number): { v: Float64Array; logDet: number } => {
    const force = gradient(x);
    const { s, t, q } = networks.momentum(x, force, k);
    return { v: v.map((y, i) => Math.exp((-eps / 2) * s[i]!) * (y + (eps / 2) * (Math.exp(eps * q[i]!) * force[i]! + t[i]!))), logDet: (-eps / 2) * s.reduce((a, b) => a + b, 0) };
  };
  const move = (x: Float64Array, v: Float64Array, k: number, half: 0 | 1, sign: 1 | -1): { x: Float64Array; logDet: number } => {
    const frozen = frozenBy(half);
    const { s, t, q } = networks.position(x.map((y, i) => frozen[i]! * y), v, k, half);
    let logDet = 0;
    const moved = x.map((y, i) => {
      if (frozen[i] === 1) return y;
      const shift = eps * (Math.exp(eps * q[i]!) * v[i]! + t[i]!);
      if (sign === 1) {
        logDet += logSlope(y, eps * s[i]!);
        return wrap(project(y, eps * s[i]!) + shift);
      }
      const z = wrap(y - shift);
      logDet += logSlope(z, -eps * s[i]!);
      return project(z, -eps * s[i]!);
    });
    return { x: moved, logDet };
  };

  return {
    forward: (x0, v0) => {
      let [x, v, logDet] = [x0, v0, 0];
      for (let k = 0; k < steps; k++) {
        const first = kick(x, v, k);
        const a = move(x, first.v, k, 0, 1);
        const b = move(a.x, first.v, k, 1, 1);
        const last = kick(b.x, first.v, k);
        [x, v, logDet] = [b.x, last.v, logDet + first.logDet + a.logDet + b.logDet + last.logDet];
      }
      return { x, v, logDet };
    },
    backward: (x0, v0) => {
      let [x, v, logDet] = [x0, v0, 0];
      for (let k = steps - 1; k >= 0; k--) {
        const first = unkick(x, v, k);
        const b = move(x, first.v, k, 1, -1);
        const a = move(b.x, first.v, k, 0, -1);
        const last = unkick(a.x, first.v, k);
        [x, v, logDet] = [a.x, last.v, logDet + first.logDet + b.logDet + a.logDet + last.logDet];
      }
      return { x, v, logDet };
    },
  };
}

/** One accepted or rejected trajectory: F or F^-1 with probability 1/2, fresh momenta, accepted with min(1, exp(H - H' + log det)). `uniform`: two numbers in (0, 1). */
export function l2Step(
  dynamics: ReturnType<typeof l2Dynamics>, action: (x: Float64Array) => number, x: Float64Array, v: Float64Array, uniform: readonly [direction: number, metropolis: number],
): { readonly x: Float64Array; readonly accepted: boolean; readonly exponent: number } {
  guard("l2Step", { dynamics: [dynamics, is.withMethods("dynamics of l2Dynamics", "forward", "backward")], action: [action, is.callable], x: [x, is.listOf(is.finite)], v: [v, is.listOf(is.finite)], uniform: [uniform, is.listOf(is.positive, 2)] });
  const kinetic = (p: Float64Array): number => p.reduce((s, y) => s + (y * y) / 2, 0);
  const end = uniform[0] < 0.5 ? dynamics.forward(x, v) : dynamics.backward(x, v);
  const exponent = action(x) + kinetic(v) - action(end.x) - kinetic(end.v) + end.logDet;
  const accepted = Math.log(uniform[1]) < exponent;
  return { x: accepted ? end.x : x, accepted, exponent };
}
