/**
 * Flows along the gradient of an action S~_t = sum_k c_k(t) W_k from t = 0 to 1 (arXiv:0907.5491): dU/dt = -(dS~_t) U, d/dt log det = -sum d^a d^a S~_t, in n steps.
 * Scheme "masked": half steps of links that do not see each other, a map with its own exact log det; it is O(1/n) from the flow, which matters for no sampler.
 * Scheme "runge-kutta": Luescher's third-order scheme (arXiv:1006.4518) with stages at 0, 1/4, 2/3 of a step and weights 1/4, 0, 3/4 for the logarithm, which is that of the flow: it differs from
 * that of the discrete map by O(1/n^3), which `stepError` measures. Links are of the flow of Haar-distributed V.
 */
import { type AlgebraField, type Algebras, type Lattice, type LinkField, type Links, type Scalar, type TracedOf, add, checkpoint, number, samplewise, scale, scaleBy } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { flowStep } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";
import { Bijection, type Image } from "./bijection.ts";
import { descent } from "./loop-gradient.ts";
import { type OperatorName, casimir, laplacianOf, operatorsOf } from "./loop-operators.ts";
import { ColourPlans, type ColourStep, type TracedAction, colourMap, colourStep, colourSteps } from "./masked-action-flow.ts";

/** Coefficients c_k(t) of each operator: values at equally spaced times from 0 to 1, linear in between; two values are affine in t. */
export type FlowCoefficients = { readonly [name in OperatorName]?: readonly number[] };

/** Options of `actionFlow`. */
export interface ActionFlowOptions {
  readonly coefficients: FlowCoefficients;
  /** Steps in time; default 10. */
  readonly steps?: number;
  /** "masked": log det of the map itself, an inverse, exact samplers; "runge-kutta": closer to the flow for the same steps, log det of the flow. Default "masked". */
  readonly scheme?: FlowScheme;
}

/** How a flow is integrated. */
export type FlowScheme = "masked" | "runge-kutta";

type TracedCoefficients = { readonly [name in OperatorName]?: readonly Scalar[] };

/** c(t) between its knots. */
function at(values: readonly Scalar[], t: number): Scalar {
  if (values.length === 1) return values[0]!;
  const x = t * (values.length - 1);
  const k = Math.min(Math.floor(x), values.length - 2);
  return add(scaleBy(1 - (x - k), values[k]!), scaleBy(x - k, values[k + 1]!));
}

/** All coefficients at a time. */
const allAt = (c: TracedCoefficients, t: number): TracedAction => Object.fromEntries(Object.entries(c).map(([name, values]) => [name, at(values, t)]));

/** c(t) between its knots, of numbers. */
export function coefficientAt(values: readonly number[], t: number): number {
  const x = t * (values.length - 1);
  const k = Math.min(Math.floor(x), Math.max(0, values.length - 2));
  return values.length === 1 ? values[0]! : (1 - (x - k)) * values[k]! + (x - k) * values[k + 1]!;
}

/** Laplacian of S~ from the values of the operators. */
function laplacianOn(U: Links, c: TracedAction, W: Readonly<Record<OperatorName, Scalar>>): Scalar {
  const { N, lattice } = U;
  const plaquettes = (lattice.volume * lattice.dim * (lattice.dim - 1)) / 2;
  const terms = (Object.entries(c) as [OperatorName, Scalar][]).map(([name, coefficient]) => {
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
  guard("actionFlow", { options: [options, is.keysOf("coefficients", "steps", "scheme")], coefficients: [options?.coefficients, is.object] });
  const { coefficients, steps = 10, scheme = "masked" } = options;
  guard("actionFlow", { steps: [steps, is.count], scheme: [scheme, is.oneOf("masked", "runge-kutta")] });
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
      const step = checkpoint((W: Links): Image => (scheme === "masked" ? maskedStep(W, c, k, steps) : rungeKuttaStep(W, c, k / steps, 1 / steps)));
      const image = step(links);
      links = image.links;
      logDet = add(logDet, image.logDet);
    }
    return { links, logDet };
  };
  if (scheme === "runge-kutta") return new Bijection("action flow", { coefficients }, forward as never);
  const flow = new MaskedFlow(steps);
  const maps = new Map<string, ReturnType<typeof colourMap>>();
  const mapOf = (half: ColourStep, c: Coefficients): ReturnType<typeof colourMap> => {
    const key = `${half.mu} ${half.colour}`;
    const found = maps.get(key) ?? colourMap(half, c, flow.plans);
    maps.set(key, found);
    return found.with(c);
  };
  return new Bijection<number, { readonly coefficients: FlowCoefficients }>("action flow", { coefficients }, forward as never, {
    steps: (p, lattice) => flow.halves(lattice, p.coefficients).map(({ half, now }) => mapOf(half, now)),
    evaluate: (V, p) => flow.image(V, p.coefficients) as { links: LinkField; logDet: number },
  });
}

type Coefficients = { readonly [name in OperatorName]?: number };

/** A half step in time, with the coefficients there multiplied by the step. */
interface TimedHalf {
  readonly half: ColourStep;
  readonly now: Coefficients;
}

/** The masked scheme on fields, half step by half step. */
export class MaskedFlow {
  readonly plans = new ColourPlans();
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** Step number k. */
  #step(lattice: Lattice, c: FlowCoefficients, k: number): TimedHalf[] {
    const now: Coefficients = Object.fromEntries(Object.entries(c).map(([name, values]) => [name, coefficientAt(values, (k + 0.5) / this.#steps) / this.#steps]));
    return colourSteps(lattice, k).map((half) => ({ half, now }));
  }

  /** All half steps in their order. */
  halves(lattice: Lattice, c: FlowCoefficients): TimedHalf[] {
    return Array.from({ length: this.#steps }, (_, k) => this.#step(lattice, c, k)).flat();
  }

  /** F(V) and log det, of every sample. */
  image(V: LinkField, c: FlowCoefficients): { readonly links: LinkField; readonly logDet: number } {
    const links = V.clone();
    return { links, logDet: this.#move(links, this.halves(V.lattice, c)) };
  }

  #move(V: LinkField, halves: readonly TimedHalf[], keep?: (V: LinkField) => void): number {
    return halves.reduce<number>((s, { half, now }) => {
      keep?.(V);
      return plus(s, this.plans.move(V, half, now));
    }, 0);
  }

  /**
   * S(F(V)) - log det of every sample, its gradient with respect to the coefficients summed over samples, and F(V). Links at the beginning of each step are kept, the half steps between them made again.
   */
  gradient(V: LinkField, c: FlowCoefficients, S: { value(U: LinkField): number; force(U: LinkField): AlgebraField }): { readonly loss: number; readonly gradient: FlowCoefficients; readonly links: LinkField } {
    const steps = Array.from({ length: this.#steps }, (_, k) => this.#step(V.lattice, c, k));
    const begin: LinkField[] = [];
    const links = V.clone();
    const logDet = steps.reduce<number>((s, halves) => {
      begin.push(links.clone());
      return plus(s, this.#move(links, halves));
    }, 0);
    const loss = samplewise((a, b) => a - b, S.value(links), logDet);
    const A = S.force(links).clone() as AlgebraField;
    const sums: Record<string, number[]> = Object.fromEntries(Object.entries(c).map(([name, values]) => [name, values.map(() => 0)]));
    for (let k = this.#steps - 1; k >= 0; k--) {
      const inside: LinkField[] = [];
      this.#move(begin[k]!, steps[k]!, (W) => inside.push(W.clone()));
      for (let h = inside.length - 1; h >= 0; h--) {
        const found = this.plans.back(inside[h]!, steps[k]![h]!.half, steps[k]![h]!.now, A);
        // c is linear between its knots: the slope of c(t) with respect to the value at a knot
        for (const [name, x] of Object.entries(found)) sums[name]!.forEach((_, knot, all) => (all[knot]! += (x * hat(knot, all.length, (k + 0.5) / this.#steps)) / this.#steps));
        inside[h]!.dispose();
      }
      begin[k]!.dispose();
    }
    A.dispose();
    return { loss, gradient: sums as FlowCoefficients, links };
  }
}

const plus = (a: number, b: number): number => samplewise((x, y) => x + y, a, b);
/** What a function that is linear between `count` knots has of the value at one of them. */
const hat = (knot: number, count: number, t: number): number => (count === 1 ? 1 : Math.max(0, 1 - Math.abs(t * (count - 1) - knot)));

/** Step number k, with the coefficients in its middle. */
function maskedStep(W: Links, c: TracedCoefficients, k: number, steps: number): Image {
  const now = Object.fromEntries(Object.entries(allAt(c, (k + 0.5) / steps)).map(([name, x]) => [name, scaleBy(1 / steps, x)])) as TracedAction;
  let links = W;
  const terms = colourSteps(W.lattice, k).map((half) => {
    const image = colourStep(links, half, now);
    links = image.links;
    return image.logDet;
  });
  return { links, logDet: add(terms[0]!, ...terms.slice(1)) };
}

function rungeKuttaStep(W: Links, c: TracedCoefficients, t: number, eps: number): Image {
  const divergences: Scalar[] = [];
  const times = [t, t + eps / 4, t + (2 * eps) / 3];
  const weights = [1 / 4, 0, 3 / 4];
  const links = flowStep(W, eps, (X, stage): Algebras => {
    const now = allAt(c, times[stage]!);
    const { algebra, values } = descent(X, now);
    if (weights[stage]! > 0) divergences.push(scaleBy(-eps * weights[stage]!, laplacianOn(X, now, values())));
    return algebra;
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
 * How far the log det of the Runge-Kutta scheme is from that of finer steps: log det with its steps minus that with twice as many, on these links. Its standard deviation over
 * configurations should be well below the fluctuation of log weights, 1e-2; a constant does not matter.
 */
export function stepError(coefficients: FlowCoefficients, steps: number, V: LinkField): number {
  guard("stepError", { steps: [steps, is.count] });
  const logDet = (n: number): number => actionFlow({ coefficients, steps: n, scheme: "runge-kutta" }).logDet(V);
  return logDet(steps) - logDet(2 * steps);
}
