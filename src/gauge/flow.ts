/**
 * Gradient flow dV_mu/dt = Z_mu(V) V_mu with Luescher's third-order Runge-Kutta scheme (arXiv:1006.4518): Z_i = eps Z(W_i), W_0 = V,
 *   W_1 = exp(Z_0/4) W_0,  W_2 = exp(8/9 Z_1 - 17/36 Z_0) W_1,  V' = exp(3/4 Z_2 - 8/9 Z_1 + 17/36 Z_0) W_2.
 * Wilson flow: Z_mu = TA(C_mu V_mu^+) with C the staples. Symanzik flow: C -> (1 - 8 c1) C + c1 C_rect, c1 = -1/12.
 */
import { kind, type Algebras, Directional, type LinkField, type Links, type Matrix, Plan, type Scalar, add, adj, exp, mul, scale, scaleBy, sub, ta } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { loopStaple, namedLoops } from "./loop-set.ts";
import { staples } from "./loops.ts";
import { plaquettes } from "./observables.ts";
import { emitWarning, guard, is } from "../util/index.ts";

/**
 * The right-hand side Z_mu(V) of a flow, an algebra field. `stage` tells apart the evaluations of a step, at its flow time plus 0, 1/4 and
 * 2/3 of the step: a right-hand side that depends on time uses it.
 */
export type FlowForce = (V: Links, stage: 0 | 1 | 2) => Algebras;

/** TA(C_mu V_mu^+) for staples C, direction by direction. */
export function generator(V: Links, staple: (mu: number) => Matrix): Algebras {
  guard("generator", { V: [V, kind.links], staple: [staple, is.callable] });
  return new Directional("algebra", V.values().map((link, mu) => ta(mul(staple(mu), adj(link)))));
}

/** Wilson flow: minus (2N/beta) times the force of the Wilson action (N >= 2). */
export const wilsonFlow = (V: Links): Algebras => generator(V, (mu) => staples(V, mu));

/** Symanzik flow, c1 = -1/12. */
export const symanzikFlow = (V: Links): Algebras => {
  guard("symanzikFlow", { V: [V, kind.links] });
  const rectangles = namedLoops(V.lattice, "rectangle");
  return generator(V, (mu) => add(scaleBy(5 / 3, staples(V, mu)), scaleBy(-1 / 12, loopStaple(V, rectangles, mu))));
};

/** One Runge-Kutta step of size eps; inside a layer it is differentiated like everything else. One Euler step would be one stout step. */
export function flowStep<N extends number>(V: Links<N>, eps: number | Scalar, force: FlowForce): Links<N> {
  guard("flowStep", { V: [V, kind.links], eps: [eps, kind.coefficient], force: [force, is.callable] });
  const evaluate = (W: Links<N>, stage: 0 | 1 | 2): Algebras => {
    const Z = force(W as Links, stage);
    return Z.map((mu) => scale(eps, Z[mu]!));
  };
  const move = (W: Links<N>, Z: (mu: number) => Matrix): Links<N> => W.map((mu) => mul(exp(Z(mu)), W[mu]! as Matrix) as Matrix<N>);
  const z0 = evaluate(V, 0);
  const w1 = move(V, (mu) => scaleBy(1 / 4, z0[mu]!));
  const z1 = evaluate(w1, 1);
  const before = z0.map((mu) => sub(scaleBy(8 / 9, z1[mu]!), scaleBy(17 / 36, z0[mu]!)));
  const w2 = move(w1, (mu) => before[mu]!);
  const z2 = evaluate(w2, 2);
  return move(w2, (mu) => sub(scaleBy(3 / 4, z2[mu]!), before[mu]!));
}

/** Which flow, with which step. */
export interface FlowOptions {
  /** Default `wilson`; or any right-hand side. */
  readonly action?: "wilson" | "symanzik" | FlowForce;
  /** Step in flow time; default 0.01. */
  readonly step?: number;
  /** Told once when the energy of the plaquettes grows; default: a warning of the process. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Largest stable step of the Runge-Kutta scheme for the Wilson flow on smooth fields in `dim` dimensions. The fastest mode of the lattice Laplacian
 * decays at the rate 4 dim; |1 + z + z^2/2 + z^3/6| <= 1 on the real axis for z >= -2.5127.
 */
export function stableFlowStep(dim: number): number {
  guard("stableFlowStep", { dim: [dim, is.oneOf(1, 2, 3, 4)] });
  return 2.5127 / (4 * dim);
}

/** A flow that moves fields in place. */
export interface Flow {
  readonly step: number;
  /** `steps` steps; the flow time advances by steps * step. The links are overwritten. */
  advance(U: LinkField, steps?: number): void;
}

type StepPlan = Plan<readonly unknown[], Links>;
const plans = new WeakMap<FlowForce, WeakMap<object, Map<number, StepPlan>>>();

/** The recorded step of a force, one for each lattice and N. */
function stepPlan(U: LinkField, force: FlowForce): StepPlan {
  let byLattice = plans.get(force);
  if (!byLattice) plans.set(force, (byLattice = new WeakMap()));
  let byN = byLattice.get(U.lattice);
  if (!byN) byLattice.set(U.lattice, (byN = new Map()));
  let plan = byN.get(U.N);
  if (!plan) byN.set(U.N, (plan = new Plan((V: Links, eps: Scalar) => flowStep(V, eps, force), [U, 0.01] as readonly unknown[])));
  return plan;
}

/**
 * A gradient flow: `gradientFlow({ action: "wilson", step: 0.01 }).advance(U, 100)` flows U to t = 1. The integration error is O(step^3).
 * @throws ConfigurationError for a step that is not finite, or a number of steps that is not a non-negative integer.
 */
export function gradientFlow(options: FlowOptions = {}): Flow {
  guard("gradientFlow", { options: [options, is.keysOf("action", "step", "onWarning")], onWarning: [options?.onWarning, is.optional(is.callable)] });
  const { action = "wilson", step = 0.01 } = options;
  if (!Number.isFinite(step)) throw new ConfigurationError(`gradientFlow: got the step ${step}, expected a finite number`);
  const force = action === "wilson" ? wilsonFlow : action === "symanzik" ? symanzikFlow : action;
  if (typeof force !== "function") throw new ConfigurationError(`gradientFlow: got the action ${String(action)}, expected wilson, symanzik or a function of the links`);
  const { onWarning = emitWarning } = options;
  let warned = false;
  return {
    step,
    advance(U, steps = 1) {
      guard("advance", { U: [U, kind.linkField] });
      if (!Number.isInteger(steps) || steps < 0 || steps > 1e6) throw new ConfigurationError(`advance: got ${String(steps)} steps, expected an integer from 0 to 10^6`);
      const plan = stepPlan(U, force);
      // steps that are stable in any case are not looked at; a flow of the caller's own may do what it likes
      const watch = typeof action === "string" && step > 0.7 * stableFlowStep(U.lattice.dim) && U.lattice.dim > 1 && !warned;
      let before = watch ? plaquettes(U).mean : 0;
      for (let k = 0; k < steps; k++) {
        plan.runInto(U as never, U, step);
        if (!watch || warned) continue;
        const now = plaquettes(U).mean;
        if (!(now >= before - 1e-12)) {
          warned = true;
          onWarning(`the gradient flow is unstable: the energy of the plaquettes grew in a step of ${step} (mean plaquette ${before.toPrecision(6)} to ${now.toPrecision(6)}), expected it to fall: take steps below ${stableFlowStep(U.lattice.dim).toPrecision(2)}, such as 0.01`);
        }
        before = now;
      }
    },
  };
}
