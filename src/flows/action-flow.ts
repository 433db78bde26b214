/**
 * Flows along the gradient of an action S~_t = sum_k c_k(t) W_k from t = 0 to 1 (arXiv:0907.5491): dU/dt = -(dS~_t) U, d/dt log det = -sum d^a d^a S~_t, by
 * Luescher's third-order Runge-Kutta scheme (arXiv:1006.4518) in n steps with stages at 0, 1/4, 2/3 of a step and weights 1/4, 0, 3/4 for the logarithm. The logarithm
 * is that of the flow: it differs from that of the discrete map by O(1/n^3), which `stepError` measures. Links are of the flow of Haar-distributed V.
 */
import { type Algebras, type LinkField, type Links, type Scalar, type TracedOf, add, checkpoint, grad, number, scale, scaleBy } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { flowStep } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";
import { Bijection, type Image } from "./bijection.ts";
import { type OperatorName, casimir, laplacianOf, operatorValues, operatorsOf } from "./loop-operators.ts";

/** Coefficients c_k(t) of each operator: values at equally spaced times from 0 to 1, linear in between; two values are affine in t. */
export type FlowCoefficients = { readonly [name in OperatorName]?: readonly number[] };

/** Options of `actionFlow`. */
export interface ActionFlowOptions {
  readonly coefficients: FlowCoefficients;
  /** Runge-Kutta steps; default 10. */
  readonly steps?: number;
}

type TracedCoefficients = { readonly [name in OperatorName]?: readonly Scalar[] };

/** c(t) between its knots. */
function at(values: readonly Scalar[], t: number): Scalar {
  if (values.length === 1) return values[0]!;
  const x = t * (values.length - 1);
  const k = Math.min(Math.floor(x), values.length - 2);
  return add(scaleBy(1 - (x - k), values[k]!), scaleBy(x - k, values[k + 1]!));
}

/** S~_t and its Laplacian on traced links. */
function actionAt(U: Links, c: TracedCoefficients, t: number, want: "value" | "laplacian"): Scalar {
  const W = operatorValues(U);
  const { N, lattice } = U;
  const plaquettes = (lattice.volume * lattice.dim * (lattice.dim - 1)) / 2;
  const terms = (Object.entries(c) as [OperatorName, readonly Scalar[]][]).map(([name, values]) => {
    const coefficient = at(values, t);
    if (want === "value") return scale(coefficient, W[name]);
    const { of, constant } = laplacianOf(name, N);
    const parts = (Object.entries(of) as [OperatorName, number][]).map(([other, factor]) => scaleBy(factor, W[other]));
    return scale(coefficient, add(number(U[0]!.tape, constant * plaquettes), ...parts));
  });
  return add(terms[0]!, ...terms.slice(1));
}

/**
 * A flow as a map with log det. Its parameters are `{ coefficients }`; gradients go back through the steps, which are computed again in the reverse pass.
 * @throws ConfigurationError for no operator, or one without values; GeometryError, when it is used, for extents below 3.
 */
export function actionFlow(options: ActionFlowOptions): Bijection<number, { readonly coefficients: FlowCoefficients }> {
  guard("actionFlow", { options: [options, is.keysOf("coefficients", "steps")], coefficients: [options?.coefficients, is.object] });
  const { coefficients, steps = 10 } = options;
  guard("actionFlow", { steps: [steps, is.count] });
  const entries = Object.entries(coefficients);
  if (entries.length === 0) throw new ConfigurationError("actionFlow: got no operators, expected at least one of plaquette, bent, crossed, pair, antipair, double, square, modulus");
  for (const [name, values] of entries) {
    if (!operatorsOf(99).includes(name as OperatorName)) throw new ConfigurationError(`actionFlow: got the operator ${name}, expected one of ${operatorsOf(99).join(", ")}`);
    guard("actionFlow", { [name]: [values, is.listOf(is.finite, 1)] });
  }
  const forward = (V: Links, p: TracedOf<{ readonly coefficients: FlowCoefficients }>): Image => {
    const c = p.coefficients as TracedCoefficients;
    let [links, logDet]: [Links, Scalar] = [V, number(V[0]!.tape, 0)];
    for (let k = 0; k < steps; k++) {
      const step = checkpoint((W: Links): Image => oneStep(W, c, k / steps, 1 / steps));
      const image = step(links);
      links = image.links;
      logDet = add(logDet, image.logDet);
    }
    return { links, logDet };
  };
  return new Bijection("action flow", { coefficients }, forward as never);
}

function oneStep(W: Links, c: TracedCoefficients, t: number, eps: number): Image {
  const divergences: Scalar[] = [];
  const times = [t, t + eps / 4, t + (2 * eps) / 3];
  const weights = [1 / 4, 0, 3 / 4];
  const links = flowStep(W, eps, (X, stage): Algebras => {
    if (weights[stage]! > 0) divergences.push(scaleBy(-eps * weights[stage]!, actionAt(X, c, times[stage]!, "laplacian")));
    const F = grad((Y: Links) => actionAt(Y, c, times[stage]!, "value"))(X) as Algebras;
    return F.map((mu) => scaleBy(-1, F[mu]!));
  });
  return { links, logDet: add(divergences[0]!, ...divergences.slice(1)) };
}

/**
 * The action of the trivialising map of the Wilson action at `beta` through order t^0 or t^1 (arXiv:0907.5491, for every N by the Laplacians of the operators):
 * S~0 = S_W/(4 C_F), Lap S~1 = (1/(4 C_F)) sum (dS)^2. Coefficients of `actionFlow`, affine in t.
 */
export function trivialisingAction(options: { readonly beta: number; readonly N: number; readonly order?: 0 | 1 }): FlowCoefficients {
  guard("trivialisingAction", { options: [options, is.keysOf("beta", "N", "order")] });
  const { beta, N, order = 1 } = options;
  guard("trivialisingAction", { beta: [beta, is.finite], N: [N, is.count], order: [order, is.oneOf(0, 1)] });
  const C = casimir(N);
  const lowest = -beta / (4 * C * N);
  if (order === 0) return { plaquette: [lowest] };
  const affine = (x: number): readonly number[] => [0, x];
  if (N === 1) {
    const f = beta ** 2 / 4;
    return { plaquette: [lowest, lowest], bent: affine(-f / 12), crossed: affine(f / 20), double: affine(f / 8) };
  }
  const scaleOf = beta ** 2 / (4 * C * N ** 2);
  const antipair = 1 / (4 * (4 * N * N - 3));
  const bent = (antipair - 1 / 4) / (6 * C);
  const k = 8 * C - 1 / N;
  const crossed = (2 * C) / (k * k - 1);
  const pair = 1 / 4 - k * crossed;
  const l = 2 * C - 1 / N;
  // of one plaquette; for N = 2 tr P^2 = (tr P)^2 - 2, for N = 3 tr P^2 = (tr P)^2 - 2 tr P^*
  const double = N === 2 ? 0 : (0.5 * C) / (l * l - 1);
  const single = N === 2 ? 1 / 8 : 1 / 4 - l * double;
  const modulus = N === 2 ? 0 : 1 / (4 * N * N);
  const all: Record<string, number> = { bent, crossed, pair, antipair, double, square: single, modulus };
  const plaquette = N === 3 ? -2 * double * scaleOf : 0;
  if (N === 2) [all["pair"], all["antipair"]] = [pair + antipair, 0];
  if (N === 3) [all["square"], all["double"]] = [single + double, 0];
  const used = operatorsOf(N).filter((name) => name !== "plaquette");
  return { plaquette: [lowest, lowest + plaquette], ...Object.fromEntries(used.map((name) => [name, affine(scaleOf * all[name]!)])) };
}

/**
 * How far the log det of a flow is from that of finer steps: log det with its steps minus that with twice as many, on these links. Its standard deviation over
 * configurations should be well below the fluctuation of log weights, 1e-2; a constant does not matter.
 */
export function stepError(coefficients: FlowCoefficients, steps: number, V: LinkField): number {
  guard("stepError", { steps: [steps, is.count] });
  return actionFlow({ coefficients, steps }).logDet(V) - actionFlow({ coefficients, steps: 2 * steps }).logDet(V);
}
